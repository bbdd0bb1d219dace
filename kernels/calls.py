"""Calls of one compiled kernel by another, at an address that is an argument.

So neither contains the other: what a kernel calls by name is optimised and translated again as a part of it.
"""

from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic


@intrinsic
def call(_context: Any, address: Any, arguments: Any) -> Any:  # noqa: ARG001 - its type is known
    """Call the kernel at this address, compiled for the types of this tuple of arguments, which returns nothing."""

    def codegen(context: Any, builder: Any, _sig: Any, args: Any) -> Any:
        kinds = list(arguments.types)
        callee = context.call_conv.get_function_type(types.none, kinds).as_pointer()
        values = cgutils.unpack_tuple(builder, args[1])
        context.call_conv.call_function(builder, builder.inttoptr(args[0], callee), types.none, kinds, values)
        return context.get_dummy_value()

    return types.none(types.intp, arguments), codegen
