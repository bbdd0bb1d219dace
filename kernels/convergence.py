"""When a network counts as trained: the loss and the three convergence metrics, many trials wide."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.hints import rolled
from kernels.jit import inline
from kernels.lanes import fma

LOSS, MAX_ERROR, CLASSIFICATION = 0, 1, 2  # the metrics
NEVER = -1  # epochs_to_convergence of a trial whose rule never held


def largest_sum(thresholds: NDArray[Any], count: int) -> NDArray[Any]:
    """The largest sums of `count` squared errors whose mean, rounded to the thresholds' dtype, is at most those.

    So a kernel compares sums, and saves a division in every epoch.
    """
    number = thresholds.dtype.type
    each, places = np.unique(thresholds, return_inverse=True)
    # Between the threshold itself and infinity: numbers that are not negative are in the order of their bits.
    low, high = (np.abs(ends).view(f"i{ends.itemsize}") for ends in (each, np.full_like(each, np.inf)))
    while (high - low > 1).any():
        middle = low + (high - low) // 2
        with np.errstate(under="ignore"):
            within = middle.view(number) / number(count) <= each
        low, high = np.where(within, middle, low), np.where(within, high, middle)
    return low.view(number)[places]


@inline
def squared_errors(count: int, targets: Any, outputs: Any) -> Any:
    """The sum of (target - output)**2 over samples and outputs, lane by lane.

    Where only the first `count` samples are summed it is at most that of all, as rounded sums of squares never fall.
    """
    error = targets[0, 0] - outputs[0, 0]
    total = error * error
    for k in range(1, count * targets.shape[1]):  # through all rows
        rolled()
        error = targets[0, k] - outputs[0, k]
        total = fma(error, error, total)
    return total


@inline
def mean(total: Any, targets: Any) -> Any:
    """The mean over samples and outputs."""
    return total / (targets.shape[0] * targets.shape[1])


@inline
def holding(metric: int, count: int, targets: Any, outputs: Any, total: Any, threshold: Any) -> np.uint64:
    """The lanes, a bit each, in which the rule holds; a NaN anywhere in what it looks at makes it not hold.

    Where it fails for the first `count` samples and their part of the loss, it fails for all.
    """
    if metric == LOSS:
        return total <= threshold
    lanes = ~np.uint64(0)
    for k in range(count * targets.shape[1]):
        rolled()
        if metric == MAX_ERROR:
            lanes &= abs(targets[0, k] - outputs[0, k]) < threshold
        elif targets[0, k] > 0.5:
            lanes &= outputs[0, k] > 0.5
        else:
            lanes &= outputs[0, k] < 0.5
    return lanes
