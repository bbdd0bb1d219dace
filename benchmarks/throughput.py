"""How fast a training is, in the kernel and end to end, against plain NumPy.

    python -m benchmarks.throughput [--quick] [--baseline COMMAND]

The unit is one XOR training: 3-4-1, 1500 epochs, float64. Everything is timed in turns within one run, and what is
printed are medians, and medians of ratios pair by pair: machines are shared, and their speed drifts. --baseline times
one more program in the same turns, which prints its own figure as "... us a training ...". --quick does very little, to
see that it runs.
"""

import argparse
import re
import shlex
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import described
from benchmarks.peers.of_numpy import trials_first
from benchmarks.peers.work import initial_weights
from runner.experiment.reading import read
from runner.planning.chunks import Chunk, chunks
from runner.planning.plan import Plan, plan
from runner.sweeping import engine
from runner.sweeping.run import Run, default_jobs, run
from tests.documents import xor_constant

EPOCHS = 1500


def unit(seeds: int, epochs: int = EPOCHS) -> dict[str, Any]:
    """The experiment of the unit of work, over so many seeds."""
    return {
        "name": "unit",
        "task": "xor-constant",
        "training": {"epochs": epochs},
        "sweep": {"seeds": seeds},
    }


def seconds(work: Callable[[], object]) -> float:
    """How long a call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def turns(rounds: int, **works: Callable[[], float]) -> dict[str, list[float]]:
    """The figures of several measurements taken in turn, so that drift meets all of them alike."""
    figures: dict[str, list[float]] = {name: [] for name in works}
    for name, work in works.items():
        work()
        figures[name].clear()
    for _ in range(rounds):
        for name, work in works.items():
            figures[name].append(work())
    return figures


def ratio(numerator: list[float], denominator: list[float]) -> float:
    """The median of the ratios pair by pair."""
    return statistics.median(a / b for a, b in zip(numerator, denominator, strict=True))


def pieces(laid_out: Plan, size: int) -> list[engine.Work]:
    """The work of a plan of one shape in equal pieces."""
    first = next(iter(chunks(laid_out)))
    cut = [np.arange(start, min(start + size, laid_out.trials)) for start in range(0, laid_out.trials, size)]
    return [engine.work(laid_out, Chunk(k, 0, first.shape, trials, 0.0)) for k, trials in enumerate(cut)]


def train_only(works: list[engine.Work], jobs: int) -> None:
    """Draw and train, without storing or writing anything."""
    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(engine.compute, works))


def end_to_end(seeds: int, jobs: int, epochs: int = EPOCHS) -> float:
    """Seconds of a whole sweep with its tables."""
    with tempfile.TemporaryDirectory() as folder:
        how = Run(Path(folder) / "unit", jobs, "threads", "csv")
        return seconds(lambda: run(read(unit(seeds, epochs)), how, lambda *_: None))


def baseline(program: str) -> float:
    """Seconds a training, as another program prints them."""
    printed = subprocess.run(shlex.split(program), check=True, capture_output=True, text=True).stdout
    found = re.search(r"([\d.]+) us a training", printed)
    if found is None:
        raise SystemExit(f"{program} printed no '... us a training'")
    return float(found[1]) * 1e-6


def main() -> None:
    """Measure everything and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--baseline", metavar="COMMAND")
    options = parser.parse_args()
    quick = options.quick
    epochs, rounds = (20, 1) if quick else (EPOCHS, 7)
    block, many = (64, 2_000) if quick else (3_200, 100_000)
    cores = default_jobs()

    print(f"{described()}\n\nOne training (3-4-1, {epochs:,} epochs), one core:\n")
    one = pieces(plan(read(unit(block, epochs))), block)
    measured: dict[str, Callable[[], float]] = {
        "kernel": lambda: seconds(lambda: engine.compute(one[0])) / block,
        "batched NumPy": lambda: seconds(lambda: trials_first(initial_weights(256), epochs // 10)) / 256 * 10,
        "notebook": lambda: seconds(lambda: xor_constant(0, epochs=epochs)),
    }
    if options.baseline:
        measured["baseline"] = lambda: baseline(options.baseline)
    figures = turns(rounds, **measured)
    print("| | microseconds | times the kernel |\n|---|---:|---:|")
    for name, values in figures.items():
        print(f"| {name} | {statistics.median(values) * 1e6:,.1f} | {ratio(values, figures['kernel']):,.2f} |")

    print(f"\nWhole sweeps of {many:,} such trainings, drawn, trained, stored, tabled and summarised:\n")
    sweeps = turns(
        max(1, rounds // 2),
        kernel=measured["kernel"],
        notebook=measured["notebook"],
        one_job=lambda: end_to_end(many, 1, epochs) / many,
        all_jobs=lambda: end_to_end(many, cores, epochs) / many,
        half=lambda: end_to_end(many // 2, cores, epochs),
    )
    marginal = [
        (2 * whole * many / 2 - half) / (many / 2)
        for whole, half in zip(sweeps["all_jobs"], sweeps["half"], strict=True)
    ]
    print("| | |\n|---|---:|")
    print(f"| microseconds a training, {cores} jobs | {statistics.median(sweeps['all_jobs']) * 1e6:.2f} |")
    print(f"| times the notebook's speed | {ratio(sweeps['notebook'], sweeps['all_jobs']):,.0f} |")
    print(f"| speed of {cores} jobs over one job | {ratio(sweeps['one_job'], sweeps['all_jobs']):.2f} |")
    kernel_share = [value / cores for value in sweeps["kernel"]]
    print(f"| marginal cost a training over kernel time / cores | {ratio(marginal, kernel_share):.2f} |")

    size = 4_000 if quick else 1_000_000
    works = pieces(plan(read(unit(size, epochs))), 16_384)
    tables = turns(
        1 if quick else 3,
        training=lambda: seconds(lambda: train_only(works, cores)),
        whole=lambda: end_to_end(size, cores, epochs),
    )
    print(f"| {size:,} trials: whole sweep over training alone | {ratio(tables['whole'], tables['training']):.3f} |")


if __name__ == "__main__":
    main()
