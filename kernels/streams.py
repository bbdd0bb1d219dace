"""NumPy's legacy random streams (MT19937) drawn for many seeds at once, and initial weights made from them.

The state of `BLOCK` generators is an array (624, BLOCK) of uint32 that the caller owns. The words of a stream are made
one at a time and in place, which gives the words of the usual twist of all 624 (Matsumoto and Nishimura 1998): a
small network needs some thirty. Seeding, which is most of the work, takes the whole block in vectors of integers.
Doubles, normals and their order follow NumPy's legacy `RandomState`: `random_sample` of 53 bits, and Marsaglia's polar
method, whose second value is kept for the next draw.
"""

import math
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from kernels.elementary import log
from kernels.jit import inline, kernel
from kernels.views import View, view

BLOCK = 32
WORDS = 624
_SHIFTED = 397

_UPPER, _LOWER = np.uint32(0x80000000), np.uint32(0x7FFFFFFF)
_MATRIX, _TEMPER_B, _TEMPER_C = np.uint32(0x9908B0DF), np.uint32(0x9D2C5680), np.uint32(0xEFC60000)


@intrinsic
def _fill(_context: Any, state: View) -> Any:
    """Fill a block of states from its first row, the seeds, all streams side by side in one vector.

    A loop over the lanes was unrolled before LLVM could make vectors of it, and took 4 times as long.
    """
    kind = ir.VectorType(ir.IntType(32), BLOCK)

    def codegen(context: Any, builder: Any, _sig: Any, args: Any) -> Any:
        rows = builder.bitcast(cgutils.create_struct_proxy(state)(context, builder, args[0]).data, kind.as_pointer())
        last = cgutils.alloca_once_value(builder, builder.load(rows, align=4))
        with cgutils.for_range(builder, ir.Constant(cgutils.intp_t, WORDS - 1)) as loop:
            word = builder.add(loop.index, ir.Constant(cgutils.intp_t, 1))
            value = builder.load(last)
            mixed = builder.xor(value, builder.lshr(value, ir.Constant(kind, [30] * BLOCK)))
            product = builder.mul(mixed, ir.Constant(kind, [1812433253] * BLOCK))
            number = builder.insert_element(
                ir.Constant(kind, ir.Undefined), builder.trunc(word, kind.element), ir.Constant(kind.element, 0)
            )
            numbers = builder.shuffle_vector(number, ir.Constant(kind, ir.Undefined), ir.Constant(kind, [0] * BLOCK))
            value = builder.add(product, numbers)
            builder.store(value, last)
            builder.store(value, builder.gep(rows, [word]), align=4)
        return context.get_dummy_value()

    return types.none(state), codegen


@inline
def _seed(seeds: Any, first: int, state: Any) -> None:
    """Set a block of states to what `np.random.seed(s)` gives, for the seeds from number `first` on."""
    count = min(BLOCK, seeds.shape[0] - first)
    for lane in range(BLOCK):
        state[0, lane] = np.uint32(seeds[first + lane]) if lane < count else np.uint32(0)
    _fill(state)


@inline
def _word(state: Any, lane: int, position: int) -> np.uint32:
    """The stream's word number `position`, which must be asked for in turn."""
    here, beside, ahead = position % WORDS, (position + 1) % WORDS, (position + _SHIFTED) % WORDS
    joined = np.uint32((state[here, lane] & _UPPER) | (state[beside, lane] & _LOWER))
    y = np.uint32(state[ahead, lane] ^ (joined >> np.uint32(1)))
    if joined & np.uint32(1):
        y = np.uint32(y ^ _MATRIX)
    state[here, lane] = y
    y = np.uint32(y ^ (y >> np.uint32(11)))
    y = np.uint32(y ^ ((y << np.uint32(7)) & _TEMPER_B))
    y = np.uint32(y ^ ((y << np.uint32(15)) & _TEMPER_C))
    return np.uint32(y ^ (y >> np.uint32(18)))


@inline
def _double(state: Any, lane: int, position: int) -> float:
    """A number of [0, 1) from the two words at `position`."""
    high = np.int64(_word(state, lane, position) >> np.uint32(5))
    low = np.int64(_word(state, lane, position + 1) >> np.uint32(6))
    return (high * 67108864.0 + low) / 9007199254740992.0


@kernel
def draw_uniform(seeds: Any, low: Any, high: Any, order: Any, state: Any, out: Any) -> None:
    """Draw U[low, high) as `RandomState(seed).uniform` does.

    `seeds` (trials,) of uint32, `low` and `high` (trials,); draw k goes to column order[k] of `out` (trials,
    parameters), or nowhere where order[k] is negative; `state` (WORDS, BLOCK) of uint32 is overwritten.
    """
    seeds, low, high, order, state, out = view(seeds), view(low), view(high), view(order), view(state), view(out)
    for t in range(seeds.shape[0]):
        if t % BLOCK == 0:
            _seed(seeds, t, state)
        width = high[t] - low[t]
        for k in range(order.shape[0]):
            draw = low[t] + width * _double(state, t % BLOCK, 2 * k)
            if order[k] >= 0:
                out[t, order[k]] = draw


@kernel
def draw_normal(seeds: Any, mean: Any, std: Any, order: Any, state: Any, out: Any) -> None:
    """Draw N(mean, std**2) as `RandomState(seed).normal` does, but for the last bit of some logarithms.

    The arguments are those of `draw_uniform`.
    """
    seeds, mean, std, order, state, out = view(seeds), view(mean), view(std), view(order), view(state), view(out)
    for t in range(seeds.shape[0]):
        lane = t % BLOCK
        if lane == 0:
            _seed(seeds, t, state)
        position, kept, has_kept = 0, 0.0, False
        for k in range(order.shape[0]):
            if has_kept:
                normal, has_kept = kept, False
            else:
                square = 2.0
                while square >= 1.0 or square == 0.0:
                    x = 2.0 * _double(state, lane, position) - 1.0
                    y = 2.0 * _double(state, lane, position + 2) - 1.0
                    position += 4
                    square = x * x + y * y
                factor = math.sqrt(-2.0 * log(square) / square)
                normal, kept, has_kept = factor * y, factor * x, True
            if order[k] >= 0:
                out[t, order[k]] = mean[t] + std[t] * normal
