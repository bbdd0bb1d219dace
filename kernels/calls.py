"""Calls of one compiled kernel by another, at its address and with arguments that stand ready as machine words.

So neither contains the other: what a kernel calls by name is optimised and translated again as a part of it. Nor does
the caller know the types of the arguments: one calls kernels of either precision, and has nothing to hand on.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import make_array
from numpy.typing import NDArray

WORDS = 72  # of a call's arguments at most; whoever is called with more words than it takes does not look at the others


def words(address: int, arguments: tuple[Any, ...]) -> NDArray[np.int64]:
    """A call: the kernel's address, and its arguments, whose arrays must be kept alive until it is over.

    The words of an array are those of Numba's structure; what is no number has no content, but a place.
    """
    call = [address]
    for argument in arguments:
        if isinstance(argument, np.ndarray):
            call += [0, 0, argument.size, argument.itemsize, argument.ctypes.data, *argument.shape, *argument.strides]
        else:
            call += [int(argument) if isinstance(argument, int | np.integer) else 0]
    return np.array(call + [0] * (1 + WORDS - len(call)), np.int64)


@intrinsic
def call(_context: Any, calls: types.Array, which: Any) -> Any:
    """Make the call in row `which` of an array (calls, 1 + WORDS), to a kernel that returns nothing."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kinds = [types.intp] * WORDS
        length = context.get_constant(types.intp, 1 + WORDS)
        row = builder.mul(context.cast(builder, args[1], sig.args[1], types.intp), length)
        start = builder.gep(make_array(calls)(context, builder, args[0]).data, [row])
        address, *values = (
            builder.load(builder.gep(start, [ir.Constant(cgutils.intp_t, k)])) for k in range(1 + WORDS)
        )
        callee = context.call_conv.get_function_type(types.none, kinds).as_pointer()
        context.call_conv.call_function(builder, builder.inttoptr(address, callee), types.none, kinds, values)
        return context.get_dummy_value()

    return types.none(calls, which), codegen
