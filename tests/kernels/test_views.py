"""Views, tiles and rooms in registers, as kernels use them."""

import numba
import numpy as np
import pytest
from numba.core.errors import TypingError

from kernels.hints import aligned_stack, rolled
from kernels.lanes import FLOAT32, FLOAT64, aligned
from kernels.tiles import TILE, Tiles, size
from kernels.views import as_lanes, local, shifted, view


@numba.njit
def transposed(numbers, out):
    seen, written = view(numbers), view(out)
    for i in range(seen.shape[0]):
        rolled()
        for k in range(seen.shape[1]):
            written[k, i] = seen[i, k]


def test_view_reads_and_writes_the_elements_of_an_array():
    numbers, out = np.arange(12.0).reshape(3, 4), np.empty((4, 3))
    transposed(numbers, out)
    np.testing.assert_array_equal(out, numbers.T)


def test_rows_follow_each_other():
    @numba.njit
    def counted(numbers, k):
        return view(numbers)[0, k]

    numbers = np.arange(12.0).reshape(3, 4)
    assert [counted(numbers, k) for k in range(12)] == numbers.ravel().tolist()


def test_only_arrays_in_c_order_are_viewed():
    with pytest.raises(TypingError, match="C order"):
        transposed(np.zeros((3, 4)).T, np.zeros((3, 4)))


@numba.njit
def add_next_row(kind, numbers, out):
    """To each row with an even number, the next one."""
    first, target = as_lanes(numbers, kind), as_lanes(out, kind)
    second, nothing = shifted((first, None), 1)
    for i in range(target.shape[0]):
        target[i] = first[2 * i] + second[2 * i]
    return nothing


@pytest.mark.parametrize("kind", [FLOAT64, FLOAT32])
def test_shifted_views_see_later_elements(kind):
    numbers, out = aligned((6, kind.width), kind.dtype), aligned((3, kind.width), kind.dtype)
    numbers[...] = np.arange(numbers.size).reshape(numbers.shape)
    assert add_next_row(kind, numbers, out) is None
    np.testing.assert_array_equal(out, numbers[::2] + numbers[1::2])


@numba.njit
def running_sums(kind, tiles, numbers, out):
    """Of the first samples of a tile and of the last, forwards, by way of rooms that no array owns."""
    aligned_stack()
    seen, written = as_lanes(numbers, kind), as_lanes(out, kind)
    kept, other = local(kind, TILE), local(kind, TILE)
    for t in range(size(tiles.first)):
        kept[t] = seen[t]
        other[t] = -0.0
    for t in range(1, size(tiles.first)):
        kept[t] = kept[t] + kept[t - 1]
    for t in range(size(tiles.first)):
        written[t] = kept[t] + other[t]
    return size(tiles.first), size(tiles.last), size(tiles.full), size(tiles.single), size(7)


@pytest.mark.parametrize("samples", [1, 2, 3, 4, 5, 7, 8, 9])
def test_tiles_know_their_counts_and_locals_keep_what_is_stored(samples):
    tiles, kind = Tiles(samples), FLOAT64
    numbers, out = aligned((TILE, kind.width), kind.dtype), aligned((TILE, kind.width), kind.dtype)
    numbers[...] = np.arange(numbers.size).reshape(numbers.shape)
    first = min(samples, TILE)
    last = samples - TILE * ((samples - 1) // TILE)
    assert running_sums(kind, tiles, numbers, out) == (first, last, TILE, 1, 7)
    assert tiles.several == (samples > TILE)
    np.testing.assert_array_equal(out[:first], np.cumsum(numbers, 0)[:first])
    assert not out[first:].any()
