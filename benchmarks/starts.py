"""How soon something is there: short trainings, a map, kernels that are not compiled yet, and commands.

    python -m benchmarks.starts [--quick]

Printed are medians. The short trainings are whole sweeps, drawn, trained, stored, tabled and summarised; the map is a
sweep from Python in a process that ran one before. A first trial is there when the first call of the kernels returns,
counted from the start of the process; "nothing compiled" means a cache folder that is empty. --quick does very little,
to see that it runs.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.machine import described
from benchmarks.throughput import seconds
from runner import sweep
from runner.experiment.reading import read
from runner.sweeping.run import Run, default_jobs, run

ROOT = Path(__file__).parents[1]

# The variants whose compiling is timed: of [training] and [record].
VARIANTS: dict[str, dict[str, Any]] = {
    "batch": {},
    "batch, momentum": {"training": {"momentum": 0.9}},
    "online": {"training": {"update": "online"}},
    "online, momentum": {"training": {"update": "online", "momentum": 0.9}},
    "batch, float32": {"training": {"precision": "float32"}},
    "batch, fates": {"record": {"fate": True}},
}

_FIRST = """
import os, sys, time
began = float(sys.argv.pop(1))
from runner.sweeping import engine
from runner.__main__ import main
compute = engine.compute
def first(*arguments):
    compute(*arguments)
    os.write(1, str(time.time() - began).encode())
    os._exit(0)
engine.compute = first
main()
"""

_COMPILE = """
import json, sys, time
from runner.experiment.reading import read
from runner.planning.chunks import chunks
from runner.planning.plan import plan
from runner.sweeping import engine
taken = {}
for name, experiment in json.loads(sys.argv[1]).items():
    laid_out = plan(read(experiment))
    work = engine.work(laid_out, next(iter(chunks(laid_out))))
    start = time.perf_counter()
    engine.compute(work)
    taken[name] = time.perf_counter() - start
print(json.dumps(taken))
"""


def short(trials: int, outputs: bool) -> float:
    """Trainings of 10 epochs a second, end to end."""
    experiment = read(
        {
            "name": "short",
            "task": "xor-constant",
            "training": {"epochs": 10},
            "record": {"outputs": outputs},
            "sweep": {"seeds": trials},
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        how = Run(Path(folder) / "short", default_jobs(), "threads", "csv")
        return trials / seconds(lambda: run(experiment, how, lambda *_: None))


def map_of(points: int) -> float:
    """Seconds of a map of so many points a side over two initial weights: Kolen and Pollack's figure 4 has 200."""
    axis = {"start": -10.0, "stop": 9.9, "num": points}
    experiment = {
        "name": "map",
        "task": "xor",
        "network": {"hidden": 2, "bias": True},
        "init": {
            "distribution": "given",
            "W1": [[0.4, 0.0], [-0.7, -0.3]],
            "b1": [0.6, 0.0],
            "W2": [[0.1], [0.0]],
            "b2": [0.1],
        },
        "training": {"learning_rate": 2.75, "epochs": 200, "objective": "half-sse"},
        "convergence": {"metric": "classification", "stop": True},
        "sweep": {"b1[1]": axis, "W2[1,0]": axis},
    }
    return seconds(lambda: sweep(experiment))


def python(*arguments: str, **environment: str) -> str:
    """What a process of this project prints."""
    done = subprocess.run(
        [sys.executable, *arguments],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **environment},
    )
    return done.stdout


def first_trial(folder: str) -> float:
    """Seconds from the start of a process to the end of the first call of the kernels."""
    tiny = ["sweep", "xor", "--set", "sweep.seeds=1", "--fresh", "--quiet", "--results", folder]
    return float(python("-c", _FIRST, str(time.time()), *tiny))


def compiled(variants: dict[str, dict[str, Any]]) -> dict[str, float]:
    """Seconds until the first trial of each of these variants, in turn in one process, nothing compiled before."""
    base = {"name": "variant", "task": "xor-constant"}
    with tempfile.TemporaryDirectory() as cache:
        asked = json.dumps({name: base | variant for name, variant in variants.items()})
        taken: dict[str, float] = json.loads(python("-c", _COMPILE, asked, XDG_CACHE_HOME=cache))
    return taken


def row(name: str, rounds: int, measure: Callable[[], float], digits: int = 2) -> None:
    """Print the median of a measurement."""
    print(f"| {name} | {statistics.median(measure() for _ in range(rounds)):,.{digits}f} |", flush=True)


def main() -> None:
    """Measure everything and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    trials, points, rounds = (2_000, 5, 1) if quick else (2_000_000, 200, 3)

    print(f"{described()}\n\nTrainings of 10 epochs, 3-4-1, a second, {default_jobs()} jobs:\n")
    print("| | |\n|---|---:|")
    short(1_000, True)
    row(f"{trials:,}, outputs recorded", rounds, lambda: short(trials, True), 0)
    row(f"{trials:,}, no outputs", rounds, lambda: short(trials, False), 0)

    print(f"\nA map of {points} x {points} points:\n\n| | seconds |\n|---|---:|")
    row("the first in a process", 1, lambda: map_of(points))
    row("another one", rounds, lambda: map_of(points))

    print("\nCompiling, and the first trial, of each variant in turn:\n\n| | seconds |\n|---|---:|")
    every = [compiled(dict([*VARIANTS.items()][: 1 if quick else None])) for _ in range(rounds)]
    for name in every[0]:
        print(f"| {name} | {statistics.median(each[name] for each in every):.2f} |", flush=True)

    print("\nCommands, as processes:\n\n| | seconds |\n|---|---:|")
    with tempfile.TemporaryDirectory() as folder:
        tiny = ("-m", "runner", "sweep", "xor", "--set", "sweep.seeds=1", "--fresh", "--results", folder)
        bare = statistics.median(seconds(lambda: python("-c", "pass")) for _ in range(rounds))
        row("`--help`, over bare Python", rounds, lambda: seconds(lambda: python("-m", "runner", "--help")) - bare)
        python(*tiny)
        row("the first trial, kernels in the cache", rounds, lambda: first_trial(folder))
        row("a tiny sweep, kernels in the cache", rounds, lambda: seconds(lambda: python(*tiny)))
        row("a tiny sweep, nothing compiled yet", rounds, lambda: cold(tiny))


def cold(command: tuple[str, ...]) -> float:
    """Seconds of a command that has to compile what it needs."""
    with tempfile.TemporaryDirectory() as cache:
        return seconds(lambda: python(*command, XDG_CACHE_HOME=cache))


if __name__ == "__main__":
    main()
