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
def fill_weights(lane: int, initial: Any, W1: Any, W2: Any) -> None:
    """Put a trial's initial weights (parameters,) into its lane."""
    hidden, outputs = W1.shape[0], W2.shape[0]
    for h in range(hidden):
        for i in range(W1.shape[1]):
            W1[h, i, lane] = initial[i * hidden + h]
    offset = hidden * W1.shape[1]
    for o in range(outputs):
        for h in range(W2.shape[1]):
            W2[o, h, lane] = initial[offset + h * outputs + o]


@inline
def clear(lane: int, V: Any) -> None:
    """Set a lane's part of an array (units, weights, width) to zero."""
    for unit in range(V.shape[0]):
        for k in range(V.shape[1]):
            V[unit, k, lane] = 0.0


@inline
def record_weights(lane: int, W1: Any, W2: Any, weights: Any) -> bool:
    """Write a lane's weights, unless there is no room as they are not asked for; whether all are finite."""
    hidden, outputs = W1.shape[0], W2.shape[0]
    wanted, finite = len(weights) > 0, True
    for h in range(hidden):
        for i in range(W1.shape[1]):
            value = number(W1[h, i, lane])
            finite &= is_finite(value)
            if wanted:
                weights[i * hidden + h] = value
    offset = hidden * W1.shape[1]
    for o in range(outputs):
        for h in range(W2.shape[1]):
            value = number(W2[o, h, lane])
            finite &= is_finite(value)
            if wanted:
                weights[offset + h * outputs + o] = value
    return finite


@inline
def record_outputs(lane: int, outputs: Any, row: Any) -> None:
    """Write a lane's outputs (samples, outputs, width), unless there is no room as they are not asked for."""
    if len(row) > 0:
        for s in range(outputs.shape[0]):
            for o in range(outputs.shape[1]):
                row[s * outputs.shape[1] + o] = number(outputs[s, o, lane])


@inline
def max_error(lane: int, targets: Any, outputs: Any) -> float:
    """The largest distance of a lane's output from its target; NaN where one is."""
    worst = 0.0
    for s in range(targets.shape[0]):
        for o in range(targets.shape[1]):
            error = number(abs(targets[s, o] - outputs[s, o, lane]))
            if not error <= worst:
                worst = error
            if error != error:
                return np.nan
    return worst


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
