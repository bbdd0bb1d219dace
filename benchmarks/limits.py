"""What a training costs beside what it cannot do without, and how that grows with the network and the task.

    python -m benchmarks.limits [--quick]

The floor of a training is its sigmoids alone: as many of them, by the same function, in a loop that does nothing else.
What drawing the initial weights takes is taken off. Everything runs on one core and in turns; printed are medians, and
medians of ratios pair by pair. Growth is measured beside the unit and held against a straight line: so much a sigmoid
and so much a weight, for each sample and epoch, fitted to all points.
--quick does very little, to see that it runs.
"""

import argparse
import os
import statistics
from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from benchmarks.machine import described
from benchmarks.peers.shapes import Shape, ours
from benchmarks.throughput import EPOCHS, pieces, ratio, seconds, turns, unit
from runner.experiment.reading import read
from runner.planning.plan import plan
from runner.sweeping import engine, kernel_cache

SIGMOIDS = 20  # of the unit, an epoch: four samples, four hidden units and an output

# Each scan starts from the unit's shape and takes one number of it through its range.
SCANS: dict[str, list[Shape]] = {
    "hidden": [Shape(3, hidden, 1, 4) for hidden in (1, 2, 4, 8, 16, 64, 256)],
    "samples": [Shape(3, 4, 1, samples) for samples in (1, 2, 4, 16, 100, 1000)],
    "outputs": [Shape(3, 4, outputs, 4) for outputs in (1, 2, 5, 10)],
    "inputs": [Shape(inputs, 4, 1, 4) for inputs in (1, 2, 4, 16, 64)],
}

# What differs from the unit: of [training], [init] and [convergence].
VARIANTS: dict[str, dict[str, Any]] = {
    "float64": {},
    "float32": {"training": {"precision": "float32"}},
    "online": {"training": {"update": "online"}},
    "online, a threshold out of reach": {"training": {"update": "online"}, "convergence": {"threshold": 1e-300}},
    "momentum": {"training": {"momentum": 0.5}},
    "saturated: weights from U[0, 100)": {"init": {"high": 100.0}},
    "saturated, float32": {"init": {"high": 100.0}, "training": {"precision": "float32"}},
}


def variant(changes: dict[str, Any], trials: int, epochs: int) -> engine.Work:
    """The unit with something changed, over so many seeds."""
    experiment = unit(trials, epochs)
    for table, values in changes.items():
        experiment[table] = experiment.get(table, {}) | values
    return pieces(plan(read(experiment)), trials)[0]


def floor(precision: str, epochs: int) -> Callable[[], float]:
    """Seconds a training of its sigmoids alone."""
    lanes, views, elementary, hints = map(kernel_cache.module, ("lanes", "views", "elementary", "hints"))
    as_lanes, sigmoid, aligned_stack, rolled = views.as_lanes, elementary.sigmoid, hints.aligned_stack, hints.rolled
    own = lanes.FLOAT64 if precision == "float64" else lanes.FLOAT32
    kind = lanes.LaneKind(own.dtype.type, 4 * own.width)  # a little faster than those of the kernel

    @numba.njit(error_model="numpy")
    def repeat(kind: Any, numbers: Any, rounds: int) -> None:
        aligned_stack()
        values = as_lanes(numbers, kind)
        for _ in range(rounds):
            for k in range(values.shape[0]):
                rolled()
                values[k] = sigmoid(values[k])

    numbers = lanes.aligned((SIGMOIDS, kind.width), kind.dtype)
    numbers[:] = np.random.default_rng(0).uniform(-4, 4, numbers.shape)
    repeat(kind, numbers, 1)
    return lambda: seconds(lambda: repeat(kind, numbers, 8 * epochs)) / 8 / kind.width


def trained(work: engine.Work) -> float:
    """Seconds that the kernel takes for a chunk whose weights are drawn."""
    return seconds(lambda: engine.compute(work)) - seconds(lambda: engine.initial_weights(work))


def growth(shape: Shape, quick: bool) -> Callable[[], float]:
    """Nanoseconds a sample and epoch; what a call costs once is taken off."""
    budget = 2e4 if quick else 4e7  # of weights and sigmoids, in each trial of the longer call
    work = shape.samples * (shape.weights + 2 * (shape.hidden + shape.outputs))
    many = max(8, round(budget / work / shape.trials))
    short, long = ours(shape, many // 4), ours(shape, many)
    share = (many - many // 4) * shape.trials * shape.samples
    return lambda: (trained(long) - trained(short)) / share * 1e9


def main() -> None:
    """Measure everything and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    print(described())
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    epochs, trials, rounds = (20, 64, 1) if quick else (EPOCHS, 1024, 15)

    print(f"\nOne training (3-4-1, {epochs:,} epochs), one core:\n")
    works = {name: variant(changes, trials, epochs) for name, changes in VARIANTS.items()}
    timed: dict[str, Callable[[], float]] = {
        name: (lambda work=work: trained(work) / trials) for name, work in works.items()
    }
    floors = {f"sigmoids alone, {precision}": floor(precision, epochs) for precision in ("float64", "float32")}
    figures = turns(rounds, **timed, **floors)
    print("| | microseconds | times float64 | times its sigmoids alone |\n|---|---:|---:|---:|")
    for name, values in figures.items():
        precision = "float32" if "float32" in name else "float64"
        row = f"| {name} | {statistics.median(values) * 1e6:,.1f} | {ratio(values, figures['float64']):.2f} "
        print(row + f"| {ratio(values, figures[f'sigmoids alone, {precision}']):.2f} |")

    scans = {name: shapes for name, shapes in SCANS.items() if name == "hidden" or not quick}
    shapes = list(dict.fromkeys(shape for scan in scans.values() for shape in scan))
    beside = growth(SCANS["samples"][2], quick)
    grown = {shape: turns(1 if quick else 3, unit=beside, shape=growth(shape, quick)) for shape in shapes}
    one = statistics.median(value for figures in grown.values() for value in figures["unit"])
    costs = {shape: one * ratio(figures["shape"], figures["unit"]) for shape, figures in grown.items()}
    # Relative errors count, so that small networks have their say.
    parts = np.array([[shape.hidden + shape.outputs, shape.weights] for shape in shapes], float)
    measured = np.array([costs[shape] for shape in shapes])
    (sigmoid, weight), *_ = np.linalg.lstsq(parts / measured[:, None], np.ones(len(shapes)), rcond=None)
    print(f"\nA sample in an epoch, beside {sigmoid:.2f} ns a sigmoid and {weight:.2f} ns a weight:\n")
    print("| inputs-hidden-outputs | samples | nanoseconds | a weight | times the line |\n|---|---:|---:|---:|---:|")
    for scan in scans.values():
        for shape in scan:
            line = sigmoid * (shape.hidden + shape.outputs) + weight * shape.weights
            name, cost = f"{shape.inputs}-{shape.hidden}-{shape.outputs}", costs[shape]
            print(f"| {name} | {shape.samples:,} | {cost:,.1f} | {cost / shape.weights:.2f} | {cost / line:.2f} |")


if __name__ == "__main__":
    main()
