"""What shows why a trial did not converge: its last gradient, its saturated units, and its loss over the last tenth.

The last tenth of a budget of E epochs are its last ceil(E / 10): it begins after epoch 9 E // 10 (rounded down), and
has one epoch at least unless E is 0.
"""

import math
from typing import Any

import numpy as np

from kernels.jit import callee, inline
from kernels.lanes import fma
from kernels.layers import accumulate, feedforward, output_deltas, slope
from kernels.memory import (
    DELTAS,
    DUE,
    FATES,
    FIRST_LOSS,
    GRADIENTS,
    LAST_GRADIENTS,
    LOSS,
    LOSS_RISE,
    LOWEST_LOSS,
    OUTPUTS,
    SINGLE,
    SPARE,
    TENTH,
    WEIGHTS,
    pair,
    part,
)
from kernels.records import is_finite, number
from kernels.tiles import TILE
from kernels.views import shifted, view

# A unit is saturated where its slope is below 4 % of the largest, 1/4: where its pre-activation lies outside +-4.59,
# beyond what Yam & Chow (2001) call the active region.
SATURATED = 0.01

# The rows of a lane's fate, in the order of `Outcomes.fates`, and of what is summed over samples for it: activations
# that are saturated; the magnitudes of errors at outputs, and at saturated ones; those handed back to hidden units, and
# to saturated ones.
_NORM, _SHARE, _ERROR, _CHANGE, _RISE = range(5)
_COUNT, _AT_OUTPUTS, _BLOCKED_AT_OUTPUTS, _AT_HIDDEN, _BLOCKED_AT_HIDDEN = range(5, 10)


@inline
def last_tenth(epochs: int) -> int:
    """The epoch after which the last tenth of so many begins."""
    return epochs * 9 // 10


@inline
def begin_last_tenth(lane: int, single: int, numbers: Any) -> None:
    """Remember a lane's loss where its last tenth begins; `single` is the first row of single numbers."""
    loss = numbers[single + LOSS, lane]
    numbers[single + FIRST_LOSS, lane] = numbers[single + LOWEST_LOSS, lane] = loss
    numbers[single + LOSS_RISE, lane] = 0.0


@callee
def look_back(
    kind: Any, inputs: Any, targets: Any, numbers: Any, layout: Any, lanes: Any, tick: int, found: Any
) -> None:
    """Write what is known of the trials that end at this tick into `found` (FATES, width).

    All samples once more: the hidden activations of earlier tiles are gone, and online updates sum no gradients.
    """
    rows, wanted = view(inputs), view(targets)
    W1, W2 = pair(numbers, layout, WEIGHTS, kind)
    F1, F2 = pair(numbers, layout, LAST_GRADIENTS, kind)
    hidden, deltas = part(numbers, layout, SPARE, kind), part(numbers, layout, DELTAS, kind)
    outputs = part(numbers, layout, OUTPUTS, kind)
    gradients, parameters = layout[LAST_GRADIENTS, 0], layout[GRADIENTS, 0]
    width, samples, single = lanes.shape[1], inputs.shape[0], layout[SINGLE, 0]
    for lane in range(width):
        for row in range(gradients, gradients + parameters):
            numbers[row, lane] = 0.0
        for row in range(FATES):
            found[row, lane] = 0.0
    for first in range(0, samples, TILE):
        count = min(TILE, samples - first)
        for g in range(width // kind.width):
            units, errors, weights = shifted(hidden, g), shifted(deltas, g), shifted(W2, g)
            feedforward(kind, first, count, rows, shifted(W1, g), weights, units, shifted(outputs, g))
            output_deltas(first, count, wanted, shifted(outputs, g), errors)
            accumulate(kind, first, count, rows, units, errors, weights, shifted(F1, g), shifted(F2, g))
        for lane in range(width):
            if lanes[DUE, lane] == tick:
                _add_saturation(lane, first, count, targets, numbers, layout, found)
    answers, units = outputs.shape[0] * outputs.shape[1], W1.shape[0] + outputs.shape[1]
    for lane in range(width):
        if lanes[DUE, lane] == tick:
            at_outputs = _share(found[_BLOCKED_AT_OUTPUTS, lane], found[_AT_OUTPUTS, lane])
            at_hidden = _share(found[_BLOCKED_AT_HIDDEN, lane], found[_AT_HIDDEN, lane])
            found[_NORM, lane] = 2.0 * _norm(lane, gradients, gradients + parameters, numbers) / answers
            found[_SHARE, lane] = number(found[_COUNT, lane] / (samples * units))
            found[_ERROR, lane] = number(at_outputs if at_outputs > at_hidden else at_hidden)  # a NaN is in both
            found[_CHANGE, lane] = found[_RISE, lane] = np.nan
            if tick > lanes[TENTH, lane]:
                change = number(number(numbers[single + LOSS, lane]) - numbers[single + FIRST_LOSS, lane])
                found[_CHANGE, lane] = change
                if is_finite(change):
                    found[_RISE, lane] = number(numbers[single + LOSS_RISE, lane])


@inline
def _add_saturation(lane: int, first: int, count: int, targets: Any, numbers: Any, layout: Any, sums: Any) -> None:
    """Add a tile's samples to a lane's sums; a NaN among the activations stays in them."""
    samples_outputs, hidden, deltas = layout[OUTPUTS, 0], layout[SPARE, 0], layout[DELTAS, 0]
    W2, outputs, columns = layout[WEIGHTS + 1, 0], targets.shape[1], layout[WEIGHTS + 1, 2]
    for t in range(count):
        for o in range(outputs):
            output = number(numbers[samples_outputs + (first + t) * outputs + o, lane])
            error = abs(number(targets[first + t, o]) - output)
            saturated = _saturated(output)
            sums[_COUNT, lane] += saturated
            sums[_AT_OUTPUTS, lane] += error
            sums[_BLOCKED_AT_OUTPUTS, lane] += error * saturated
        for h in range(layout[WEIGHTS, 1]):
            error = 0.0
            for o in range(outputs):
                delta = number(numbers[deltas + t * outputs + o, lane])
                error = fma(delta, number(numbers[W2 + o * columns + h, lane]), error)
            saturated = _saturated(number(numbers[hidden + h * TILE + t, lane]))
            sums[_COUNT, lane] += saturated
            sums[_AT_HIDDEN, lane] += abs(error)
            sums[_BLOCKED_AT_HIDDEN, lane] += abs(error) * saturated


@inline
def _saturated(activation: float) -> float:
    """1 or 0, or NaN."""
    found = slope(activation)
    return 1.0 if found < SATURATED else 0.0 if found == found else np.nan


@inline
def _share(part: float, whole: float) -> float:
    return part / whole if whole != 0.0 else 0.0


@inline
def _norm(lane: int, first: int, last: int, numbers: Any) -> float:
    """The Euclidean norm of a lane's numbers in the rows from first to before last; NaN where one is.

    They are divided by the largest before they are squared: the gradient of a saturated network may be 1e-200.
    """
    largest = 0.0
    for row in range(first, last):
        value = number(abs(numbers[row, lane]))
        if value != value:
            return np.nan
        largest = max(largest, value)
    if largest == 0.0 or largest == np.inf:
        return largest
    total = 0.0
    for row in range(first, last):
        value = number(numbers[row, lane]) / largest
        total = fma(value, value, total)
    return largest * math.sqrt(total)
