"""A plan cut into pieces of work: trials of one network shape that one kernel call takes side by side.

The cut follows from the experiment alone, so that a sweep that was stopped finds its chunks again, on any machine.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from runner.planning.plan import Plan, in_runs
from runner.planning.product import Numbers, base_value

_SECONDS = 0.5  # of work in a chunk: then what a backend does for each of them disappears
_SHORTEST = 0.02
_PIECES = 64  # of a sweep that is shorter than so many of them, for the jobs to share
_NANOSECONDS = {"sigmoid": 0.45, "weight": 0.12}  # of one sample in one epoch, roughly, on one core
_MOST = 32_768  # trials in a chunk
_BYTES = 32 * 2**20  # of initial weights and results in a chunk
_BESIDE = 64 * 2**20  # of results in a chunk of each shape that is being cut: tables read them side by side
_CONVEYOR = 4096  # trials that stop early need so many for their lanes to stay filled
_SHARED = 4  # what is left of them is cut into a multiple of so many pieces, for the jobs to share evenly
_WINDOW = 65_536
_FAR = 2**20  # trials without one of a shape, after which it does not wait for more: memory and tables would
_SAMPLE = 4096  # configurations that an estimate looks at

# Trials that differ in these keys do not share a kernel call; of momentum and scale only a part decides.
_SHAPING: dict[str, Callable[[Any], Any]] = {
    **{key: lambda value: value for key in ("hidden", "bias", "generator", "update", "precision", "metric", "stop")},
    "momentum": lambda value: value > 0,
    "scale": lambda value: isinstance(value, str),
}


@dataclass(frozen=True)
class Shape:
    """What the trials of a chunk have in common."""

    hidden: int
    bias: bool
    generator: str
    update: str
    precision: str
    metric: str
    stop: bool
    momentum: bool  # whether it is above 0
    scale: bool  # whether it is 1/sqrt(fan_in)


class Stub(NamedTuple):
    """What tables need to know of a chunk: its number, that of its shape, and how many trials it has."""

    number: int
    shape_number: int
    size: int


@dataclass(frozen=True)
class Chunk:
    """Trial numbers, ascending, of one shape; `shape_number` counts shapes by their first trial."""

    number: int
    shape_number: int
    shape: Shape
    trials: Numbers
    seconds: float  # that it takes, roughly, on one core

    @property
    def stub(self) -> Stub:
        """The chunk without its trials, which is small."""
        return Stub(self.number, self.shape_number, len(self.trials))


class Shapes:
    """Which shape each configuration of a plan has."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._classes = {key: _SHAPING[key] for key in plan.levels if key in _SHAPING}
        self._sizes = {key: len(plan.levels[key]) for key in self._classes}
        self._one = all(size == 1 for size in self._sizes.values())  # shape, in the whole plan
        self._numbers: dict[int, int] = {}
        self.found: list[Shape] = []
        self._class_of = {
            key: _places([decide(value) for value in plan.levels[key]]) for key, decide in self._classes.items()
        }

    def numbers(self, configurations: Numbers) -> Numbers:
        """The shape number of each of these configurations."""
        if self._one and len(configurations):
            if not self.found:
                level = self._plan.level(configurations[:1])
                self.found.append(self._shape({key: level[key][0] for key in level}))
            return np.zeros_like(configurations)
        heads, back = in_runs(configurations)
        code = np.zeros_like(heads)
        level = self._plan.level(heads)
        for key, classes in self._class_of.items():
            code = code * self._sizes[key] + classes[level[key]]
        kinds, first, inverse = np.unique(code, return_index=True, return_inverse=True)
        for k in np.argsort(first):
            if int(kinds[k]) not in self._numbers:
                self._numbers[int(kinds[k])] = len(self.found)
                self.found.append(self._shape({key: level[key][first[k]] for key in level}))
        return np.array([self._numbers[int(kind)] for kind in kinds], np.int64)[inverse[back]]

    def _shape(self, level: dict[str, Any]) -> Shape:
        experiment, levels = self._plan.experiment, self._plan.levels
        values = {key: levels[key][level[key]] if key in levels else base_value(experiment, key) for key in _SHAPING}
        return Shape(**{key: _SHAPING[key](value) for key, value in values.items()})


def chunks(plan: Plan) -> Iterator[Chunk]:
    """Cut a plan, a window of trials at a time: chunks of one shape come in the order of their trials."""
    shapes, waiting, number = Shapes(plan), dict[int, list[Numbers]](), 0
    seconds = float(np.clip(estimated_seconds(plan) / _PIECES, _SHORTEST, _SECONDS))
    for start in range(0, plan.trials, _WINDOW):
        stop = min(start + _WINDOW, plan.trials)
        trials = np.arange(start, stop)
        of = shapes.numbers(plan.locate(trials)[0])
        for kind in np.unique(of):
            waiting.setdefault(int(kind), []).append(trials[of == kind])
        beside = len(waiting)
        for kind in sorted(waiting):
            shape, held = shapes.found[kind], np.concatenate(waiting.pop(kind))
            size, cost = _size(plan, shape, seconds, beside), _cost(plan, shape, _epochs(plan))
            last = stop == plan.trials or held[-1] < stop - _FAR
            if last and shape.stop:
                size = _even(len(held), size)
            while len(held) >= size or (last and len(held)):
                taken, held = held[:size], held[size:]
                yield Chunk(number, kind, shape, taken, cost * len(taken))
                number += 1
            if len(held):
                waiting[kind] = [held]


def _even(trials: int, size: int) -> int:
    """The size of equal pieces that are about as large, or larger."""
    pieces = int(1.1 * trials / size) // _SHARED * _SHARED or max(1, round(trials / size))
    return -(-trials // pieces)


def estimated_seconds(plan: Plan) -> float:
    """Roughly the seconds that the whole plan takes on one core."""
    sample = np.unique(np.linspace(0, plan.configurations - 1, _SAMPLE).astype(np.int64))
    shapes = Shapes(plan)
    kinds, counts = np.unique(shapes.numbers(sample), return_counts=True)
    costs = (count * _cost(plan, shapes.found[kind], _epochs(plan)) for kind, count in zip(kinds, counts, strict=True))
    return math.fsum(costs) / len(sample) * plan.trials


def _epochs(plan: Plan) -> float:
    """The mean number of epochs over the values that they take."""
    levels = plan.levels.get("epochs", [plan.experiment.training.epochs])
    return math.fsum(levels) / len(levels)


def _cost(plan: Plan, shape: Shape, epochs: float) -> float:
    """Roughly the seconds that a trial takes."""
    task = plan.experiment.task
    outputs = len(task.targets[0])
    weights = (len(task.inputs[0]) + shape.bias) * shape.hidden + (shape.hidden + shape.bias) * outputs
    sample = _NANOSECONDS["weight"] * weights + _NANOSECONDS["sigmoid"] * (shape.hidden + outputs)
    passes = (epochs + 1) * (2 if shape.update == "online" else 1)
    return passes * len(task.inputs) * sample * (0.5 if shape.precision == "float32" else 1.0) * 1e-9 + 5e-7


def _size(plan: Plan, shape: Shape, seconds: float, beside: int) -> int:
    """How many trials of this shape make a chunk, where chunks of so many shapes are cut side by side."""
    experiment = plan.experiment
    task, record = experiment.task, experiment.record
    outputs = len(task.targets[0])
    weights = (len(task.inputs[0]) + shape.bias) * shape.hidden + (shape.hidden + shape.bias) * outputs
    answers = (len(task.inputs) + len(task.probes) + len(record.probes)) * outputs * record.outputs
    result = 8 * (8 + weights * record.weights + answers + len(record.curve))
    wanted = max(seconds / _cost(plan, shape, _epochs(plan)), _CONVEYOR if shape.stop else 64)
    size = max(1, int(min(wanted, _MOST, _BYTES / (8 * weights + result), _BESIDE / result / beside)))
    return size // 64 * 64 or size


def _places(values: list[Any]) -> NDArray[np.int64]:
    distinct = list(dict.fromkeys(values))
    return np.array([distinct.index(value) for value in values], np.int64)
