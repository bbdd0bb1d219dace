"""The parameters of a network by name: W1 (inputs, hidden), b1, W2 (hidden, outputs), b2."""

import math
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from runner.experiment.spec import Experiment

Number = TypeVar("Number", np.float64, np.int64)


def shapes(experiment: Experiment) -> dict[str, tuple[int, ...]]:
    """The shape of each parameter that the base network has."""
    inputs, hidden, outputs = len(experiment.task.inputs[0]), experiment.network.hidden, len(experiment.task.targets[0])
    every = {"W1": (inputs, hidden), "b1": (hidden,), "W2": (hidden, outputs), "b2": (outputs,)}
    return {name: shape for name, shape in every.items() if experiment.network.bias or name.startswith("W")}


def count(experiment: Experiment) -> int:
    """How many numbers they are."""
    return sum(map(math.prod, shapes(experiment).values()))


def named(flat: NDArray[Number], experiment: Experiment) -> dict[str, NDArray[Number]]:
    """Parameters (..., parameters) in the order W1, b1, W2, b2 by name, in their shapes."""
    own = shapes(experiment)
    ends = np.cumsum([math.prod(shape) for shape in own.values()])[:-1]
    parts = np.split(flat, ends, axis=-1)
    return {name: part.reshape(*flat.shape[:-1], *own[name]) for name, part in zip(own, parts, strict=True)}
