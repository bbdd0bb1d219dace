"""Between a lane and a trial's place in the tables: initial weights in, results out, one number at a time.

The numbers of all lanes are one array of either precision: two are given, and the one of the other is empty. So what
reads and writes them is compiled once for both.
"""

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
def get(place: int, doubles: Any, singles: Any) -> float:
    """A lane's number, at this place of all."""
    return number(doubles[place] if doubles.shape[0] > 0 else np.float64(singles[place]))


@inline
def put(place: int, value: float, doubles: Any, singles: Any) -> None:
    """Set a lane's number."""
    if doubles.shape[0] > 0:
        doubles[place] = value
    else:
        singles[place] = np.float32(value)


@inline
def worst_error(first: int, step: int, targets: Any, doubles: Any, singles: Any) -> float:
    """The largest distance of a lane's outputs, at every `step`-th place, from their targets; NaN where one is."""
    worst = 0.0
    for k in range(targets.shape[0]):
        error = abs(targets[k] - get(first + k * step, doubles, singles))
        if singles.shape[0] > 0:
            error = np.float64(np.float32(error))
        if error != error:
            return np.nan
        if error > worst:
            worst = error
    return worst


@inline
def earliest(lanes: Any) -> int:
    """The next tick at which something is due in some lane."""
    least = lanes[DUE, 0]
    for k in range(3 * lanes.shape[1]):  # through the three rows
        if lanes[DUE, k] < least:
            least = lanes[DUE, k]
    return least
