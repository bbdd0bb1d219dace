"""Sigmoids taken step by step, between other operations: those of `sigmoid`, each in its place, and no others."""

import numba
import numpy as np
import pytest

from kernels.lanes import FLOAT32, FLOAT64, aligned
from kernels.pending import begin, finish, take
from kernels.tiles import TILE, Tiles
from kernels.views import as_lanes
from tests.kernels.test_elementary import sigmoid_of


@numba.njit(error_model="numpy")
def taken(kind, tiles, rows, number, turns):
    pending = as_lanes(rows, kind)
    state = begin(number, tiles.last, pending)
    for _ in range(turns):
        state = take(tiles.last, pending, state)
    finish(number, tiles.last, pending, state)


@pytest.mark.parametrize("kind", [FLOAT64, FLOAT32], ids=["float64", "float32"])
@pytest.mark.parametrize("count", range(1, TILE + 1))
def test_every_pending_sigmoid_comes_into_its_place(count, kind):
    rng = np.random.default_rng(count)
    for units in (1, 2, 3, 7):
        for some in (0, 1):
            number = some * units * count
            for turns in range(max(number - 2, 0), number + 3):
                # Two more units stand for what lies behind in memory.
                rows = aligned((units + 2, TILE, kind.width), kind.dtype)
                rows[...] = rng.uniform(-40, 40, rows.shape)
                expected, all_of_them = rows.copy(), aligned(rows.shape, kind.dtype)
                sigmoid_of(kind, rows.reshape(-1, kind.width), all_of_them.reshape(-1, kind.width))
                if some:
                    expected[:units, :count] = all_of_them[:units, :count]
                taken(kind, Tiles(count), rows.reshape(1, -1, kind.width), number, turns)
                assert rows.tobytes() == expected.tobytes()
