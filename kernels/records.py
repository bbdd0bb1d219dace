"""Between a lane and a trial's place in the tables: initial weights in, results out, one number at a time."""

from typing import Any

import numpy as np

from kernels.jit import inline
from kernels.memory import DUE


@inline
def number(value: Any) -> float:
    """As float64, a NaN as the canonical one: its sign and payload differ from CPU to CPU."""
    return np.nan if value != value else np.float64(value)


@inline
def is_finite(value: float) -> bool:
    """Whether a number is neither infinite nor NaN."""
    return value - value == 0.0


@inline
def record_answers(lane: int, t: int, first: int, numbers: Any, answers: Any) -> None:
    """Write a lane's numbers from row `first` on into row t of a table, as many as that is wide."""
    for k in range(answers.shape[1]):
        answers[t, k] = number(numbers[first + k, lane])


@inline
def worst_error(lane: int, targets: Any, first: int, numbers: Any) -> float:
    """The largest distance of a lane's outputs, from row `first` on, from their targets; NaN where one is."""
    worst = 0.0
    for s in range(targets.shape[0]):
        for o in range(targets.shape[1]):
            error = number(abs(targets[s, o] - numbers[first + s * targets.shape[1] + o, lane]))
            if not error <= worst:
                worst = error
            if error != error:
                return np.nan
    return worst


@inline
def earliest(lanes: Any) -> int:
    """The next tick at which something is due in some lane."""
    least = lanes[DUE, 0]
    for lane in range(lanes.shape[1]):
        for which in range(DUE, DUE + 3):
            if lanes[which, lane] < least:
                least = lanes[which, lane]
    return least
