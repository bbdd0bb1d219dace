"""What shows why a trial did not converge: its last gradient, its saturated units, and its loss over the last tenth.

The last tenth of a budget of E epochs are its last ceil(E / 10): it begins after epoch 9 E // 10 (rounded down), and
has one epoch at least unless E is 0.
"""

import math
from typing import Any

import numpy as np

from kernels.epochs import TICK
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
from kernels.records import get, is_finite, number, put
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
def begin_last_tenth(lane: int, single: int, doubles: Any, singles: Any) -> None:
    """Remember a lane's loss where its last tenth begins; `single` is the first row of single numbers."""
    loss = get(single + LOSS, lane, doubles, singles)
    put(single + FIRST_LOSS, lane, loss, doubles, singles)
    put(single + LOWEST_LOSS, lane, loss, doubles, singles)
    put(single + LOSS_RISE, lane, 0.0, doubles, singles)


@callee
def look_back(
    kind: Any, tiles: Any, inputs: Any, targets: Any, numbers: Any, layout: Any, lanes: Any, clock: Any, found: Any
) -> None:
    """Write what is known of the trials that end at this tick into `found` (FATES, width).

    All samples once more, one by one: the hidden activations of earlier tiles are gone, and online updates sum no
    gradients.
    """
    rows, wanted, places = view(inputs), view(targets), view(layout)
    W1, W2 = pair(numbers, layout, WEIGHTS, kind)
    F1, F2 = pair(numbers, layout, LAST_GRADIENTS, kind)
    hidden, deltas = part(numbers, layout, SPARE, kind), part(numbers, layout, DELTAS, kind)
    outputs = part(numbers, layout, OUTPUTS, kind)
    numbers, lanes, sums, tick = view(numbers), view(lanes), view(found), clock[TICK]
    gradients, parameters = places[LAST_GRADIENTS, 0], places[GRADIENTS, 0]
    width, samples, single = lanes.shape[1], rows.shape[0], places[SINGLE, 0]
    for lane in range(width):
        for row in range(gradients, gradients + parameters):
            numbers[row, lane] = 0.0
        for row in range(FATES):
            sums[row, lane] = 0.0
    for s in range(samples):
        for g in range(width // kind.width):
            units, errors, weights = shifted(hidden, g), shifted(deltas, g), shifted(W2, g)
            feedforward(kind, s, tiles.single, rows, shifted(W1, g), weights, units, shifted(outputs, g))
            output_deltas(s, tiles.single, wanted, shifted(outputs, g), errors)
            accumulate(kind, s, tiles.single, rows, units, errors, weights, shifted(F1, g), shifted(F2, g))
        for lane in range(width):
            if lanes[DUE, lane] == tick:
                _add_saturation(lane, s, wanted, numbers, places, sums)
    answers, units = outputs.shape[0] * outputs.shape[1], W1.shape[0] + outputs.shape[1]
    for lane in range(width):
        if lanes[DUE, lane] == tick:
            at_outputs = _share(sums[_BLOCKED_AT_OUTPUTS, lane], sums[_AT_OUTPUTS, lane])
            at_hidden = _share(sums[_BLOCKED_AT_HIDDEN, lane], sums[_AT_HIDDEN, lane])
            sums[_NORM, lane] = 2.0 * _norm(lane, gradients, gradients + parameters, numbers) / answers
            sums[_SHARE, lane] = number(sums[_COUNT, lane] / (samples * units))
            sums[_ERROR, lane] = number(at_outputs if at_outputs > at_hidden else at_hidden)  # a NaN is in both
            sums[_CHANGE, lane] = sums[_RISE, lane] = np.nan
            if tick > lanes[TENTH, lane]:
                change = number(number(numbers[single + LOSS, lane]) - numbers[single + FIRST_LOSS, lane])
                sums[_CHANGE, lane] = change
                if is_finite(change):
                    sums[_RISE, lane] = number(numbers[single + LOSS_RISE, lane])


@inline
def _add_saturation(lane: int, s: int, targets: Any, numbers: Any, layout: Any, sums: Any) -> None:
    """Add a sample to a lane's sums; a NaN among the activations stays in them."""
    outputs, hidden, deltas = layout[OUTPUTS, 0], layout[SPARE, 0], layout[DELTAS, 0]
    W2, count, columns = layout[WEIGHTS + 1, 0], targets.shape[1], layout[WEIGHTS + 1, 2]
    for o in range(count):
        output = number(numbers[outputs + s * count + o, lane])
        error = abs(number(targets[s, o]) - output)
        saturated = _saturated(output)
        sums[_COUNT, lane] += saturated
        sums[_AT_OUTPUTS, lane] += error
        sums[_BLOCKED_AT_OUTPUTS, lane] += error * saturated
    for h in range(layout[WEIGHTS, 1]):
        error = 0.0
        for o in range(count):
            delta = number(numbers[deltas + o, lane])
            error = fma(delta, number(numbers[W2 + o * columns + h, lane]), error)
        saturated = _saturated(number(numbers[hidden + h * TILE, lane]))
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
