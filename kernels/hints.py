"""What LLVM is told about code that it cannot see by itself."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

REGISTER = 64  # bytes of the widest one


@intrinsic
def aligned_stack(_context: Any) -> Any:
    """Let what a kernel has no registers for lie within cache lines; LLVM finds out too late that it needs that."""

    def codegen(context: Any, builder: Any, _sig: Any, _args: Any) -> Any:
        place = cgutils.alloca_once(builder, ir.ArrayType(ir.IntType(8), REGISTER))
        place.align = REGISTER
        builder.asm(ir.FunctionType(ir.VoidType(), [place.type]), "", "r", [place], True)  # else it is removed
        return context.get_dummy_value()

    return types.none(), codegen


@intrinsic
def rolled(_context: Any) -> Any:
    """Leave the loop that this stands in as it is, unless the number of its turns is known.

    LLVM unrolls short loops for many turns; most here have few, and spent their time in what leads up to that.
    """

    def codegen(context: Any, builder: Any, _sig: Any, _args: Any) -> Any:
        builder.asm(ir.FunctionType(ir.VoidType(), []), "", "", [], True)
        return context.get_dummy_value()

    return types.none(), codegen


@intrinsic
def opaque(_context: Any, number: types.Integer) -> Any:
    """The same integer, of which LLVM knows nothing.

    Of what it knows to differ between the first turn of a loop and the others it makes a loop for each.
    """

    def codegen(context: Any, builder: Any, _sig: Any, args: Any) -> Any:
        kind = context.get_value_type(number)
        return builder.asm(ir.FunctionType(kind, [kind]), "", "=r,0", [args[0]], True)

    return number(number), codegen
