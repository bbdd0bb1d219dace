"""When a network counts as trained: the loss and the three convergence metrics, many trials wide."""

from typing import Any

import numpy as np

from kernels.jit import inline
from kernels.lanes import fma

LOSS, MAX_ERROR, CLASSIFICATION = 0, 1, 2  # the metrics
NEVER = -1  # epochs_to_convergence of a trial whose rule never held


@inline
def mean_squared_error(targets: Any, outputs: Any) -> Any:
    """The mean of (target - output)**2 over samples and outputs, lane by lane."""
    error = targets[0, 0] - outputs[0, 0]
    total = error * error
    for s in range(targets.shape[0]):
        for o in range(targets.shape[1]):
            if s + o > 0:
                error = targets[s, o] - outputs[s, o]
                total = fma(error, error, total)
    return total / targets.size


@inline
def holding(metric: int, targets: Any, outputs: Any, loss: Any, threshold: Any) -> np.uint64:
    """The lanes, a bit each, in which the rule holds; a NaN anywhere in what it looks at makes it not hold."""
    if metric == LOSS:
        return loss <= threshold
    lanes = ~np.uint64(0)
    for s in range(targets.shape[0]):
        for o in range(targets.shape[1]):
            if metric == MAX_ERROR:
                lanes &= abs(targets[s, o] - outputs[s, o]) < threshold
            elif targets[s, o] > 0.5:
                lanes &= outputs[s, o] > 0.5
            else:
                lanes &= outputs[s, o] < 0.5
    return lanes
