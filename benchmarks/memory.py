"""How much memory a sweep takes, and how little more for ten times the trials.

    python -m benchmarks.memory [--quick] [NAME]...

Every sweep is a process of its own, of two jobs, which finds its kernels compiled; what is printed is the most memory
that it ever held (its maximum resident set), in MB of 2^20 bytes. The trainings are of one epoch: memory does not
depend on how long a trial takes. Where a sweep follows an earlier one in the same folder, whose trials it uses again,
the later one is measured.
--quick runs few trials, to see that it runs.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomli_w

from benchmarks.machine import described

TRIALS = 1_000_000, 10_000_000
_COMPILING = 15_000
_RATES = [0.1, 0.3, 1.0, 3.0, 10.0]
_RECORDS = {"weights": True, "curve": [0, 1]}
_PARQUET = "--format", "parquet"

Sweep = Callable[[int], Any]


def seeds_of_one(trials: int) -> Any:
    """One configuration, all seeds."""
    return {"seeds": trials}


def seeds_of_few(trials: int) -> Any:
    """Twenty configurations of four network shapes."""
    return {"hidden": [2, 3, 4, 8], "learning_rate": _RATES, "seeds": trials // 20}


def configurations(trials: int) -> Any:
    """As many configurations, of one seed."""
    thousand = {"start": 0.001, "stop": 1.0, "num": 1000}
    return {"learning_rate": {**thousand, "num": trials // 1000}, "threshold": thousand}


def union(trials: int) -> Any:
    """Two grids of the same five configurations, half of whose seeds they share."""
    half = trials // 15
    return [{"learning_rate": _RATES, "seeds": {"first": first, "count": 2 * half}} for first in (0, half)]


def more_seeds(trials: int) -> Any:
    """As many configurations as `configurations` has, half as often, from two seeds."""
    return configurations(trials // 2) | {"seeds": 2}


@dataclass(frozen=True)
class Case:
    """A sweep of about so many trials, what it records, and the sweep that was there before it."""

    sweep: Sweep
    record: dict[str, Any] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    earlier: Sweep | None = None


CASES = {
    "seeds of one configuration": Case(seeds_of_one),
    "seeds of 20 configurations, 4 shapes": Case(seeds_of_few),
    "configurations of one seed": Case(configurations),
    "two grids that share seeds": Case(union),
    "seeds of one configuration; Parquet": Case(seeds_of_one, options=_PARQUET),
    "seeds of one configuration; curves, weights": Case(seeds_of_one, _RECORDS),
    "seeds of one configuration, a tenth of them new": Case(
        seeds_of_one, earlier=lambda trials: seeds_of_one(trials // 10 * 9)
    ),
    "two seeds of many configurations, one of them new": Case(
        more_seeds, earlier=lambda trials: configurations(trials // 2)
    ),
    "configurations of one seed; curves, weights; Parquet": Case(configurations, _RECORDS, _PARQUET),
}


def peak(case: Case, trials: int) -> float:
    """The most memory, in MB, that a process held which ran a sweep of about so many trials."""
    with tempfile.TemporaryDirectory() as folder:  # compiles the kernels, which takes some 80 MB
        _swept(Path(folder), case, case.sweep(_COMPILING))
    with tempfile.TemporaryDirectory() as folder:
        if case.earlier:
            _swept(Path(folder), case, case.earlier(trials))
        return _swept(Path(folder), case, case.sweep(trials))


def _swept(folder: Path, case: Case, sweep: Any) -> float:
    path = folder / "memory.toml"
    content = {"name": "memory", "task": "xor-constant", "training": {"epochs": 1}, "record": case.record}
    path.write_text(tomli_w.dumps(content | {"sweep": sweep}), encoding="utf-8")
    words = ["sweep", str(path), "--results", str(folder), "--jobs", "2", "--quiet", *case.options]
    process = subprocess.Popen([sys.executable, "-m", "runner", *words])
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"the sweep ended with exit code {process.returncode}")
    return usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def main() -> None:
    """Run every sweep and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    quick, names = options.quick, options.names or list(CASES)[:: len(CASES) - 1 if options.quick else 1]
    few, many = (15_000, 30_000) if quick else TRIALS
    print(f"{described()}\n\nThe most memory, in MB, of sweeps of 1 epoch:\n")
    print(f"| | {few:,} trials | {many:,} trials | ratio |\n|---|---:|---:|---:|")
    for name in names:
        less, more = (peak(CASES[name], trials) for trials in (few, many))
        print(f"| {name} | {less:,.0f} | {more:,.0f} | {more / less:.2f} |", flush=True)


if __name__ == "__main__":
    main()
