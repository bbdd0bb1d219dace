"""How much memory a sweep takes, and how little more for ten times the trials.

    python -m benchmarks.memory [--quick]

Every sweep is a process of its own, of two jobs; what is printed is the most memory that it ever held (its maximum
resident set), in MB of 2^20 bytes. The trainings are of one epoch: memory does not depend on how long a trial takes.
--quick runs few trials, to see that it runs.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tomli_w

from benchmarks.machine import described

TRIALS = 1_000_000, 10_000_000
_RATES = [0.1, 0.3, 1.0, 3.0, 10.0]
_RECORDS = {"weights": True, "curve": [0, 1]}

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


CASES: dict[str, tuple[Sweep, dict[str, Any], tuple[str, ...]]] = {
    "seeds of one configuration": (seeds_of_one, {}, ()),
    "seeds of 20 configurations, 4 shapes": (seeds_of_few, {}, ()),
    "configurations of one seed": (configurations, {}, ()),
    "two grids that share seeds": (union, {}, ()),
    "seeds of one configuration; curves, weights": (seeds_of_one, _RECORDS, ()),
    "configurations of one seed; curves, weights; Parquet": (configurations, _RECORDS, ("--format", "parquet")),
}


def peak(sweep: Any, record: dict[str, Any], options: tuple[str, ...] = ()) -> float:
    """The most memory, in MB, that a process held which ran a sweep."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "memory.toml"
        content = {"name": "memory", "task": "xor-constant", "training": {"epochs": 1}, "record": record}
        path.write_text(tomli_w.dumps(content | {"sweep": sweep}), encoding="utf-8")
        words = ["sweep", str(path), "--results", folder, "--jobs", "2", "--quiet", *options]
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
    quick = parser.parse_args().quick
    few, many = (15_000, 30_000) if quick else TRIALS
    print(f"{described()}\n\nThe most memory, in MB, of sweeps of 1 epoch:\n")
    print(f"| | {few:,} trials | {many:,} trials | ratio |\n|---|---:|---:|---:|")
    for name, (sweep, record, options) in list(CASES.items())[:: len(CASES) - 1 if quick else 1]:
        less, more = (peak(sweep(trials), record, options) for trials in (few, many))
        print(f"| {name} | {less:,.0f} | {more:,.0f} | {more / less:.2f} |", flush=True)


if __name__ == "__main__":
    main()
