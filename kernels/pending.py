"""Sigmoids that are taken a few operations at a time, between other operations that do not wait for them.

A CPU with AVX-512 starts two operations in every cycle, but a division of eight numbers only every 16 cycles. A loop of
sigmoids waits for its divisions, and what stands behind it waits for the loop: a CPU looks ahead no further than some
ten sigmoids. Here the divisions stand among the sums and gradients of another network, and what leads up to each stands
before it in steps: beside a division, the polynomials of the next sigmoid and the reduction of the one after that, none
of which waits for another.
"""

from typing import Any

import numpy as np

from kernels.elementary import sigmoid_quotient, sigmoid_reduced
from kernels.jit import inline
from kernels.tiles import TILE, size


@inline
def begin(number: int, count: Any, rows: Any) -> Any:
    """Begin with `number` sigmoids of `rows` (units, TILE) of pre-activations, `count` of each unit.

    Two are read even where there are fewer.
    """
    place = np.intp(0)  # as a literal it would be a type of its own, with kernels of its own
    biased, minus_r = sigmoid_reduced(rows[0, place])
    above, below = sigmoid_quotient(biased, minus_r)
    biased, minus_r = sigmoid_reduced(rows[0, _next(place, count)])
    return number - 2, place, biased, minus_r, above, below


@inline
def take(count: Any, rows: Any, state: Any) -> Any:
    """Put the next sigmoid in the place of its pre-activation, unless only the last two are left."""
    left, place, biased, minus_r, above, below = state
    if left > 0:
        following = _next(place, count)
        reduced = sigmoid_reduced(rows[0, _next(following, count)])
        rows[0, place] = above / below
        above, below = sigmoid_quotient(biased, minus_r)
        biased, minus_r = reduced
        place = following
    return left - 1, place, biased, minus_r, above, below


@inline
def finish(number: int, count: Any, rows: Any, state: Any) -> None:
    """Put the last two of `number` in their places, or as many as there are."""
    _, place, biased, minus_r, above, below = state
    if number > 0:
        rows[0, place] = above / below
    if number > 1:
        above, below = sigmoid_quotient(biased, minus_r)
        rows[0, _next(place, count)] = above / below


@inline
def _next(place: Any, count: Any) -> Any:
    """The place behind this one, counted through all rows."""
    if size(count) == TILE or place % TILE + 1 < size(count):
        return place + 1
    return (place // TILE + 1) * TILE
