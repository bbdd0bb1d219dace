"""Exact order statistics of more numbers than fit in memory, by counting their digits."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

_BITS = 16  # of a digit
_SIGN = np.uint64(2**63)
_REST = np.int64(2**63 - 1)


def order_statistics(blocks: Callable[[], Iterator[NDArray[np.int64]]], ranks: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the numbers with these ranks, counted from 0, among all that `blocks` gives, which it gives four times.

    The first pass counts leading digits, which tells those of the numbers that are sought; each other one counts the
    next digit of the numbers that begin alike. Of no numbers at all any rank is some number.
    """
    wanted, back = np.unique(ranks, return_inverse=True)
    begun, left = np.zeros(len(wanted), np.uint64), wanted.copy()
    for shift in range(64 - _BITS, -1, -_BITS):
        beginnings, of = np.unique(begun, return_inverse=True)
        counts = np.zeros((len(beginnings), 2**_BITS), np.int64)
        for block in blocks():
            bits = (block.view(np.uint64) ^ _SIGN) >> np.uint64(shift)
            for beginning, count in zip(beginnings, counts, strict=True):
                digits = bits[bits >> np.uint64(_BITS) == beginning] & np.uint64(2**_BITS - 1)
                count += np.bincount(digits.astype(np.int64), minlength=2**_BITS)
        up_to = np.cumsum(counts, axis=1)
        digit = np.array([np.searchsorted(up_to[b], rank, side="right") for b, rank in zip(of, left, strict=True)])
        digit = np.minimum(digit, 2**_BITS - 1)
        left -= up_to[of, digit] - counts[of, digit]
        begun = begun << np.uint64(_BITS) | digit.astype(np.uint64)
    return (begun ^ _SIGN).view(np.int64)[back].reshape(ranks.shape)


def real_keys(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return whole numbers in the order of these reals, none of them NaN."""
    bits = np.ascontiguousarray(values, np.float64).view(np.int64)
    return bits ^ (bits >> 63 & _REST)


def reals(keys: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the reals that have these keys."""
    return (keys ^ (keys >> 63 & _REST)).view(np.float64)
