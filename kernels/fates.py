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
    SPARE_DELTAS,
    TENTH,
    WEIGHTS,
    networks,
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
def begin_last_tenth(single: int, step: int, doubles: Any, singles: Any) -> None:
    """Remember a lane's loss where its last tenth begins; its single numbers are at every `step`-th place."""
    loss = get(single + LOSS * step, doubles, singles)
    put(single + FIRST_LOSS * step, loss, doubles, singles)
    put(single + LOWEST_LOSS * step, loss, doubles, singles)
    put(single + LOSS_RISE * step, 0.0, doubles, singles)


@callee
def look_back(
    kind: Any, tiles: Any, inputs: Any, targets: Any, numbers: Any, layout: Any, lanes: Any, clock: Any, found: Any
) -> None:
    """Write what is known of the trials that end at this tick into `found` (FATES, width).

    All samples once more, one by one: the hidden activations of earlier tiles are gone, and online updates sum no
    gradients.
    """
    rows, wanted, places = view(inputs), view(targets), view(layout)
    first_group = networks(numbers, layout, kind, None, None)
    own = (
        part(numbers, layout, LAST_GRADIENTS, kind),
        part(numbers, layout, LAST_GRADIENTS + 1, kind),
        part(numbers, layout, SPARE_DELTAS, kind),
    )
    height = numbers.shape[1]
    numbers, lanes, sums, tick = view(numbers), view(lanes), view(found), clock[TICK]
    gradients, parameters = places[LAST_GRADIENTS, 0], places[GRADIENTS, 0]
    width, samples, single = kind.width, rows.shape[1], places[SINGLE, 0]
    for lane in range(lanes.shape[1]):
        for row in range(gradients, gradients + parameters):
            numbers[lane // width, row, lane % width] = 0.0
        for row in range(FATES):
            sums[row, lane] = 0.0
    for s in range(samples):
        for g in range(numbers.shape[0]):
            net, (F1, F2, errors) = shifted(first_group, g * height), shifted(own, g * height)
            feedforward(kind, s, tiles.single, rows, net.W1, net.W2, net.spare, net.outputs)
            output_deltas(s, tiles.single, wanted, net.outputs, errors, net.single[LOSS, 0])
            accumulate(kind, s, tiles.single, rows, net.spare, errors, net.W2, F1, F2)
        for lane in range(lanes.shape[1]):
            if lanes[DUE, lane] == tick:
                _add_saturation(lane, width, s, wanted, numbers, places, sums)
    answers, units = wanted.shape[0] * wanted.shape[1], first_group.W1.shape[0] + wanted.shape[1]
    for lane in range(lanes.shape[1]):
        if lanes[DUE, lane] == tick:
            g, column = lane // width, lane % width
            at_outputs = _share(sums[_BLOCKED_AT_OUTPUTS, lane], sums[_AT_OUTPUTS, lane])
            at_hidden = _share(sums[_BLOCKED_AT_HIDDEN, lane], sums[_AT_HIDDEN, lane])
            sums[_NORM, lane] = 2.0 * _norm(g, column, gradients, gradients + parameters, numbers) / answers
            sums[_SHARE, lane] = number(sums[_COUNT, lane] / (samples * units))
            sums[_ERROR, lane] = number(at_outputs if at_outputs > at_hidden else at_hidden)  # a NaN is in both
            sums[_CHANGE, lane] = sums[_RISE, lane] = np.nan
            if tick > lanes[TENTH, lane]:
                change = number(number(numbers[g, single + LOSS, column]) - numbers[g, single + FIRST_LOSS, column])
                sums[_CHANGE, lane] = change
                if is_finite(change):
                    sums[_RISE, lane] = number(numbers[g, single + LOSS_RISE, column])


@inline
def _add_saturation(lane: int, width: int, s: int, targets: Any, numbers: Any, layout: Any, sums: Any) -> None:
    """Add a sample to a lane's sums; a NaN among the activations stays in them."""
    outputs, hidden, deltas = layout[OUTPUTS, 0], layout[SPARE, 0], layout[SPARE_DELTAS, 0]
    W2, count, columns = layout[WEIGHTS + 1, 0], targets.shape[1], layout[WEIGHTS + 1, 2]
    g, column = lane // width, lane % width
    for o in range(count):
        output = number(numbers[g, outputs + s * count + o, column])
        error = abs(number(targets[s, o]) - output)
        saturated = _saturated(output)
        sums[_COUNT, lane] += saturated
        sums[_AT_OUTPUTS, lane] += error
        sums[_BLOCKED_AT_OUTPUTS, lane] += error * saturated
    for h in range(layout[WEIGHTS, 1]):
        error = 0.0
        for o in range(count):
            delta = number(numbers[g, deltas + o * TILE, column])
            error = fma(delta, number(numbers[g, W2 + o * columns + h, column]), error)
        saturated = _saturated(number(numbers[g, hidden + h * TILE, column]))
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
def _norm(g: int, column: int, first: int, last: int, numbers: Any) -> float:
    """The Euclidean norm of a lane's numbers in the rows from first to before last; NaN where one is.

    They are divided by the largest before they are squared: the gradient of a saturated network may be 1e-200.
    """
    largest = 0.0
    for row in range(first, last):
        value = number(abs(numbers[g, row, column]))
        if value != value:
            return np.nan
        largest = max(largest, value)
    if largest == 0.0 or largest == np.inf:
        return largest
    total = 0.0
    for row in range(first, last):
        value = number(numbers[g, row, column]) / largest
        total = fma(value, value, total)
    return largest * math.sqrt(total)
