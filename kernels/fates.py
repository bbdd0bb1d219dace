"""What shows why a trial did not converge: its last gradient, its saturated units, and its loss over the last tenth.

The last tenth of a budget of E epochs are its last ceil(E / 10): it begins after epoch 9 E // 10 (rounded down), and
has one epoch at least unless E is 0.
"""

import math
from typing import Any

import numpy as np

from kernels.jit import inline
from kernels.lanes import fma
from kernels.layers import slope
from kernels.records import is_finite, number

# A unit is saturated where its slope is below 4 % of the largest, 1/4: where its pre-activation lies outside +-4.59,
# beyond what Yam & Chow (2001) call the active region.
SATURATED = 0.01

# What is summed over the samples: activations that are saturated; the magnitudes of errors at outputs, and at
# saturated ones; those handed back to hidden units, and to saturated ones.
SUMS = 5
_COUNT, _AT_OUTPUTS, _BLOCKED_AT_OUTPUTS, _AT_HIDDEN, _BLOCKED_AT_HIDDEN = range(SUMS)


@inline
def last_tenth(epochs: int) -> int:
    """The epoch after which the last tenth of so many begins."""
    return epochs * 9 // 10


@inline
def begin_last_tenth(lane: int, loss: Any, fates: Any) -> None:
    """Remember a lane's loss (1, width) where its last tenth begins."""
    fates.first[0, lane] = fates.lowest[0, lane] = loss[0, lane]
    fates.rise[0, lane] = 0.0


@inline
def add_saturation(lane: int, first: int, last: int, targets: Any, work: Any, sums: Any) -> None:
    """Add a tile's samples to a lane's sums (`SUMS`, width); a NaN among the activations stays in them."""
    for s in range(first, last):
        for o in range(targets.shape[1]):
            output = number(work.outputs[s, o, lane])
            error = abs(number(targets[s, o]) - output)
            saturated = _saturated(output)
            sums[_COUNT, lane] += saturated
            sums[_AT_OUTPUTS, lane] += error
            sums[_BLOCKED_AT_OUTPUTS, lane] += error * saturated
        for h in range(work.W1.shape[0]):
            error = 0.0
            for o in range(targets.shape[1]):
                error = fma(number(work.deltas[s - first, o, lane]), number(work.W2[o, h, lane]), error)
            saturated = _saturated(number(work.hidden[s - first, h, lane]))
            sums[_COUNT, lane] += saturated
            sums[_AT_HIDDEN, lane] += abs(error)
            sums[_BLOCKED_AT_HIDDEN, lane] += abs(error) * saturated


@inline
def _saturated(activation: float) -> float:
    """1 or 0, or NaN."""
    found = slope(activation)
    return 1.0 if found < SATURATED else 0.0 if found == found else np.nan


@inline
def record_fate(lane: int, t: int, epochs: int, work: Any, fates: Any, out: Any) -> None:
    """Write what is known of trial t, whose budget is `epochs`, once its other outcomes are written."""
    sums, samples, outputs = fates.sums, work.outputs.shape[0], work.outputs.shape[1]
    at_outputs = _share(sums[_BLOCKED_AT_OUTPUTS, lane], sums[_AT_OUTPUTS, lane])
    at_hidden = _share(sums[_BLOCKED_AT_HIDDEN, lane], sums[_AT_HIDDEN, lane])
    out.gradient_norm[t] = 2.0 * _norm(lane, fates.W1, fates.W2) / (samples * outputs)
    out.saturated_share[t] = number(sums[_COUNT, lane] / (samples * (work.W1.shape[0] + outputs)))
    out.saturated_error[t] = number(at_outputs if at_outputs > at_hidden else at_hidden)  # a NaN is in both
    out.loss_change[t] = out.loss_rise[t] = np.nan
    if out.epochs_run[t] > last_tenth(epochs):
        out.loss_change[t] = number(out.loss[t] - fates.first[0, lane])
        if is_finite(out.loss_change[t]):
            out.loss_rise[t] = number(fates.rise[0, lane])


@inline
def _share(part: float, whole: float) -> float:
    return part / whole if whole != 0.0 else 0.0


@inline
def _norm(lane: int, W1: Any, W2: Any) -> float:
    """The Euclidean norm of a lane's numbers in two arrays (units, weights, width); NaN where one is.

    They are divided by the largest before they are squared: the gradient of a saturated network may be 1e-200.
    """
    largest = 0.0
    for W in (W1, W2):
        for unit in range(W.shape[0]):
            for k in range(W.shape[1]):
                value = number(abs(W[unit, k, lane]))
                if value != value:
                    return np.nan
                largest = max(largest, value)
    if largest == 0.0 or largest == np.inf:
        return largest
    total = 0.0
    for W in (W1, W2):
        for unit in range(W.shape[0]):
            for k in range(W.shape[1]):
                value = number(W[unit, k, lane]) / largest
                total = fma(value, value, total)
    return largest * math.sqrt(total)
