"""Exact order statistics of more numbers than fit in memory, by counting them in parts of their range."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

_BITS = 16  # of the number of a part
_MOST = 2**20  # numbers in memory at a time
_REST = np.int64(2**63 - 1)

Blocks = Callable[[], Iterator[NDArray[np.int64]]]


def order_statistics(blocks: Blocks, ranks: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the numbers with these ranks, counted from 0, among all that `blocks` gives, anew each time.

    The first pass finds the range of the numbers, the second counts those in equal parts of it, the third takes and
    sorts what lies in the parts that are sought. Where that is too much for memory, each of these parts is a range of
    its own. Of no numbers at all any rank is some number.
    """
    ends = np.array([(block.min(), block.max()) for block in blocks() if len(block)])
    if not len(ends):
        return np.zeros_like(ranks)
    least, most = int(ends.min()), int(ends.max())
    shift = np.uint64(max(0, (most - least).bit_length() - _BITS))

    def parts(block: NDArray[np.int64]) -> NDArray[np.int64]:
        above: NDArray[np.uint64] = block.view(np.uint64) - np.int64(least).view(np.uint64)  # both may wrap around
        return (above >> shift).view(np.int64)

    counts = np.zeros(2**_BITS, np.int64)
    for block in blocks():
        counts += np.bincount(parts(block), minlength=len(counts))
    up_to = np.cumsum(counts)
    part = np.searchsorted(up_to, ranks, side="right")
    if not shift:
        return part + least
    sought = np.zeros(len(counts), np.bool_)
    sought[part] = True
    inside, below = np.where(sought, counts, 0), up_to - counts
    if inside.sum() <= _MOST:
        taken = np.sort(np.concatenate([block[sought[parts(block)]] for block in blocks()]))
        found: NDArray[np.int64] = taken[ranks - below[part] + (np.cumsum(inside) - inside)[part]]
        return found
    found = np.empty_like(ranks)
    for one in np.flatnonzero(sought):
        its = part == one

        def inner(one: np.intp = one) -> Iterator[NDArray[np.int64]]:
            return (block[parts(block) == one] for block in blocks())

        found[its] = order_statistics(inner, ranks[its] - below[one])
    return found


def real_keys(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return whole numbers in the order of these reals, none of them NaN."""
    bits = np.ascontiguousarray(values, np.float64).view(np.int64)
    return bits ^ (bits >> 63 & _REST)


def reals(keys: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the reals that have these keys."""
    return (keys ^ (keys >> 63 & _REST)).view(np.float64)
