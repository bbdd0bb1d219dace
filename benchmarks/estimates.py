"""What --dry-run foretells of a sweep, against what the sweep then takes.

    python -m benchmarks.estimates [--quick] [--rounds N] [NAME]...

Each sweep is estimated and run in turn, as commands of their own, so that drift of the machine meets both alike.
Seconds are those of the whole command. --quick runs one tiny sweep, to see that it runs.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import tomli_w

from benchmarks.machine import described
from runner.experiment.reading import read

XOR: dict[str, Any] = {"task": "xor-constant"}


@dataclass(frozen=True)
class Case:
    """A sweep, and how it is run."""

    content: dict[str, Any]
    options: tuple[str, ...] = ()


def grid(**axes: Any) -> dict[str, Any]:
    """A [sweep] table, and what of it the registry repeats."""
    return {"sweep": axes}


def even(first: float, last: float, count: int) -> dict[str, Any]:
    """Evenly spaced values of an axis."""
    return {"start": first, "stop": last, "num": count}


CASES = {
    "xor.toml": Case(XOR | grid(seeds=1000, hidden=[1, 2, 3, 4, 8, 16], learning_rate=[0.1, 0.3, 1.0, 3.0, 10.0])),
    "xor, 1,000,000 seeds": Case(XOR | grid(seeds=1_000_000)),
    "xor, 300,000 seeds, 1 job": Case(XOR | grid(seeds=300_000), ("--jobs", "1")),
    "1 epoch, 1,000,000 seeds": Case(XOR | {"training": {"epochs": 1}} | grid(seeds=1_000_000)),
    "1 epoch, 1,000,000 seeds, 1 job": Case(XOR | {"training": {"epochs": 1}} | grid(seeds=1_000_000), ("--jobs", "1")),
    "gender (online), 200,000 seeds": Case({"task": "gender"} | grid(seeds=200_000)),
    "exam (normal), 20 learning rates": Case({"task": "exam"} | grid(seeds=20_000, learning_rate=even(0.1, 10, 20))),
    "hidden 64 and 256": Case(XOR | grid(seeds=4000, hidden=[64, 256], learning_rate=[0.1, 1.0])),
    "hidden 2 to 40, 10 learning rates": Case(
        XOR | grid(learning_rate=even(0.5, 5, 10), hidden=list(range(2, 41)), seeds=300)
    ),
    "float32, momentum": Case(
        XOR | {"training": {"precision": "float32"}} | grid(seeds=200_000, momentum=[0.0, 0.5, 0.9])
    ),
    "40,000 configurations, 200 epochs": Case(
        XOR | {"training": {"epochs": 200}} | grid(learning_rate=even(0.05, 10, 200), momentum=even(0.0, 0.995, 200))
    ),
    "curves and weights": Case(
        XOR | {"record": {"weights": True, "curve": {"every": 50}}} | grid(seeds=100_000, hidden=[4, 8])
    ),
    "processes": Case(XOR | grid(seeds=500_000), ("--backend", "processes")),
    "parity-8 (256 samples)": Case(
        {"task": "parity-8", "training": {"epochs": 500}} | grid(seeds=4000, learning_rate=[0.5, 1.0, 2.0])
    ),
    "pcg64": Case(XOR | {"init": {"generator": "pcg64"}} | grid(seeds=200_000)),
    "50,000 epochs": Case(XOR | {"training": {"epochs": 50_000}} | grid(seeds=10_000, hidden=[2, 4])),
    "Parquet, 100 epochs": Case(XOR | {"training": {"epochs": 100}} | grid(seeds=500_000), ("--format", "parquet")),
    "400 small chunks": Case(
        XOR | grid(seeds=10, hidden=list(range(1, 101)), momentum=[0.0, 0.5], precision=["float64", "float32"])
    ),
    "a minute": Case(XOR | grid(seeds=1_500_000, hidden=[3, 4, 8])),
    "stop, 20,000 epochs": Case(
        XOR | {"training": {"epochs": 20_000}, "convergence": {"stop": True}} | grid(seeds=20_000, hidden=[2, 4])
    ),
}
QUICK = {
    "stop": Case(XOR | {"training": {"epochs": 20}, "convergence": {"stop": True}} | grid(seeds=200), ("--jobs", "1")),
}


COLUMNS = (
    *("sweep", "foretold, s", "real, s", "foretold / real", "lowest to highest", "as sampled trials stop / real"),
    *("CPU, s", "foretold / real", "slowdown foretold", "calibration, s"),
    *("peak, MB", "foretold / real", "final, MB", "foretold / real"),
)


@dataclass(frozen=True)
class Found:
    """Seconds, by the clock and of the CPU, and bytes: foretold and real."""

    foretold: dict[str, Any]
    seconds: float
    cpu: float
    running_bytes: int
    final_bytes: int


def foretold(spec: str, options: tuple[str, ...]) -> dict[str, Any]:
    """What --dry-run says, as numbers; in this process, which should have done nothing before."""
    from runner.estimating.estimate import estimate
    from runner.sweeping.run import default_jobs

    begun, given = time.process_time(), dict(zip(options[::2], options[1::2], strict=True))
    jobs = int(given.get("--jobs", default_jobs()))
    how: Any = given.get("--backend", "threads"), given.get("--format", "csv")
    return asdict(estimate(read(spec), jobs, *how, begun))


def turn(spec: Path, options: tuple[str, ...]) -> Found:
    """Estimate a sweep and run it."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.estimates", "--foretell", str(spec), *options],
        check=True,
        capture_output=True,
        text=True,
    )
    with tempfile.TemporaryDirectory() as folder:
        start, before, most = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN), 0
        command = [sys.executable, "-m", "runner", "sweep", str(spec), "--results", folder, "--quiet", *options]
        with subprocess.Popen(command) as sweep:
            while sweep.poll() is None:
                most = max(most, taken(Path(folder)))
                time.sleep(0.02)
        seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        if sweep.returncode:
            raise SystemExit(f"{' '.join(command)} ended with {sweep.returncode}")
        return Found(json.loads(done.stdout), seconds, cpu, most, taken(Path(folder)))


def taken(folder: Path) -> int:
    """Bytes of the files in a folder, while they come and go."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                total += (Path(parent) / name).stat().st_size
    return total


middle = statistics.median


def row(name: str, found: list[Found]) -> str:
    """A row of the table: medians over the turns."""
    ratios = sorted(each.foretold["seconds"] / each.seconds for each in found)
    stopping = [each.foretold["stopping"] / each.seconds for each in found if each.foretold["stopping"] is not None]
    cells = [
        f"{middle(each.foretold['seconds'] for each in found):.1f}",
        f"{middle(each.seconds for each in found):.1f}",
        f"{middle(ratios):.2f}",
        f"{ratios[0]:.2f} to {ratios[-1]:.2f}",
        f"{middle(stopping):.2f}" if stopping else "",
        f"{middle(each.cpu for each in found):.1f}",
        f"{middle(each.foretold['cpu'] / each.cpu for each in found):.2f}",
        f"{middle(each.foretold['slowdown'] for each in found):.1f}",
        f"{middle(each.foretold['calibrated'] for each in found):.1f}",
    ]
    for kind in ("running_bytes", "final_bytes"):
        cells.append(f"{middle(getattr(each, kind) for each in found) / 1e6:.1f}")
        cells.append(f"{middle(each.foretold[kind] / getattr(each, kind) for each in found):.2f}")
    return f"| {name} | {' | '.join(cells)} |"


def main() -> None:
    """Estimate and run everything, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--foretell", nargs="+", help=argparse.SUPPRESS)
    parser.add_argument("names", nargs="*", metavar="NAME")
    if sys.argv[1:2] == ["--foretell"]:
        spec, *options = sys.argv[2:]
        print(json.dumps(foretold(spec, tuple(options))))
        return
    options = parser.parse_args()
    cases = QUICK if options.quick else CASES
    if options.names:
        cases = {name: cases[name] for name in options.names}
    print(described() + "\n")
    print(f"| {' | '.join(COLUMNS)} |\n|---|{'---:|' * (len(COLUMNS) - 1)}")
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, case) in enumerate(cases.items()):
            spec = Path(folder) / f"case-{number}.toml"
            spec.write_text(tomli_w.dumps({"name": f"case-{number}", **case.content}))
            found = [turn(spec, case.options) for _ in range(1 if options.quick else options.rounds)]
            print(row(name, found), flush=True)


if __name__ == "__main__":
    main()
