"""The vector type: one value of type `Lanes` holds the same number of many trials, one trial a lane.

A `Lanes` of float64 or float32 is one LLVM vector, which LLVM splits into the registers that the CPU has. One
expression of a kernel is therefore as many trials wide as the type says, and no auto-vectorizer is involved (loops
left to it were 1.7 to 3 times slower, and changed with the loop's length). No operation here lets a lane's value reach
another lane, so that neither the width nor the neighbours can change a trial's bits.

In kernels: `+ - * /`, unary `-`, `abs`, `fma`, `clip`; a number beside a `Lanes` stands for itself in every lane,
rounded to the lanes' precision. `a < b`, `a > b` and `a <= b` give an integer whose bit k is the answer of lane k (a
NaN answers no).
"""

import itertools
import operator
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typeconv import Conversion
from numba.core.typing.templates import (
    AbstractTemplate,
    AttributeTemplate,
    ConcreteTemplate,
    infer_getattr,
    infer_global,
    signature,
)
from numba.extending import (
    NativeValue,
    intrinsic,
    lower_builtin,
    lower_cast,
    lower_getattr,
    models,
    register_model,
    typeof_impl,
    unbox,
)
from numpy.typing import NDArray

ALIGNMENT = 512  # bytes: LLVM's natural alignment of a <64 x double>, its own size, the widest vector used


class Lanes(types.Type):
    """`width` numbers of one float type, one a trial."""

    def __init__(self, dtype: types.Float, width: int) -> None:
        self.dtype, self.width = dtype, width
        super().__init__(name=f"lanes({dtype}x{width})")

    def can_convert_from(self, _context: Any, other: Any) -> Conversion | None:
        """A number may be stored where `Lanes` are: it then stands in every lane."""
        return Conversion.unsafe if isinstance(other, types.Number) else None

    @property
    def llvm(self) -> ir.VectorType:
        """The LLVM type of such a value."""
        return ir.VectorType(ir.DoubleType() if self.dtype == types.float64 else ir.FloatType(), self.width)

    @property
    def size(self) -> int:
        """Bytes of such a value."""
        return int(self.width * self.dtype.bitwidth // 8)

    @property
    def bits(self) -> ir.VectorType:
        """The LLVM type of such a value's bit patterns."""
        return ir.VectorType(ir.IntType(self.dtype.bitwidth), self.width)


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: Lanes) -> None:
        super().__init__(dmm, fe_type, fe_type.llvm)


class LaneKind:
    """Names a `Lanes` type where a kernel is called: a value without content, told apart by its type."""

    def __init__(self, dtype: type[np.floating[Any]], width: int) -> None:
        self.dtype, self.width = np.dtype(dtype), width


class LaneKindType(types.Opaque):
    """The type of a `LaneKind`; in kernels its `width` can be asked for."""

    def __init__(self, lanes: Lanes) -> None:
        self.lanes = lanes
        super().__init__(name=f"kind({lanes})")


register_model(LaneKindType)(models.OpaqueModel)


@infer_getattr
class _KindAttributes(AttributeTemplate):
    key = LaneKindType

    def resolve_width(self, _kind: Any) -> Any:
        return types.intp


@lower_getattr(LaneKindType, "width")
def _width(context: Any, _builder: Any, kind: LaneKindType, _value: Any) -> Any:
    return context.get_constant(types.intp, kind.lanes.width)


@typeof_impl.register(LaneKind)
def _typeof_kind(kind: LaneKind, _context: Any) -> LaneKindType:
    return LaneKindType(Lanes(getattr(types, kind.dtype.name), kind.width))


@unbox(LaneKindType)
def _unbox_kind(_type: Any, _value: Any, context: Any) -> NativeValue:
    return NativeValue(context.context.get_dummy_value())


# One register of AVX-512, two of AVX2. With half a register a training of 3-4-1 took 1.5 times as long, with two 1.01
# (0.97), with four 1.18 (1.16) times: what a unit needs then has no room in registers. What runs side by side besides
# is a group of such lanes each (see kernels.memory).
FLOAT64 = LaneKind(np.float64, 8)
FLOAT32 = LaneKind(np.float32, 16)
MOST = 64  # side by side: masks have a bit for each


def aligned(shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    """Zeros in C order that `views.as_lanes` may see: their first byte lies on a multiple of `ALIGNMENT`."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    raw = np.zeros(size + ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % ALIGNMENT
    return raw[start : start + size].view(dtype).reshape(shape)


def _splat(context: Any, builder: Any, lanes: Lanes, number: Any, value: Any) -> Any:
    scalar = context.cast(builder, value, number, lanes.dtype)
    undefined, zero = ir.Constant(lanes.llvm, ir.Undefined), ir.Constant(ir.IntType(32), 0)
    places = ir.Constant(ir.VectorType(ir.IntType(32), lanes.width), [0] * lanes.width)
    return builder.shuffle_vector(builder.insert_element(undefined, scalar, zero), undefined, places)


@lower_cast(types.Number, Lanes)
def _number_to_lanes(context: Any, builder: Any, number: Any, lanes: Lanes, value: Any) -> Any:
    return _splat(context, builder, lanes, number, value)


def _common(operands: tuple[Any, ...]) -> Any:
    """The `Lanes` type that an operation of these types works in, or None where it is not one of ours."""
    lanes = {operand for operand in operands if isinstance(operand, Lanes)}
    ours = all(isinstance(operand, Lanes | types.Number) for operand in operands)
    return lanes.pop() if len(lanes) == 1 and ours else None


def _operation(function: Callable[..., Any], emit: Callable[..., Any], arity: int, answer: Any = None) -> None:
    """Register `emit(builder, *vectors)` as `function` of `Lanes` and numbers; it answers `Lanes` unless told."""

    @infer_global(function)
    class _Typing(AbstractTemplate):
        def generic(self, args: tuple[Any, ...], kws: dict[str, Any]) -> Any:
            lanes = _common(args) if len(args) == arity and not kws else None
            return None if lanes is None else signature(answer or lanes, *args)

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        lanes = _common(sig.args)
        given = zip(args, sig.args, strict=True)
        return emit(builder, *[context.cast(builder, value, operand, lanes) for value, operand in given])

    for operands in itertools.product((Lanes, types.Number), repeat=arity):
        if Lanes in operands:
            lower_builtin(function, *operands)(lower)


def _intrinsic_function(name: str) -> Callable[..., Any]:
    def emit(builder: Any, *vectors: Any) -> Any:
        kind = vectors[0].type
        element, prefix = (kind.element, f"v{kind.count}") if isinstance(kind, ir.VectorType) else (kind, "")
        full_name = f"llvm.{name}.{prefix}f{64 if element == ir.DoubleType() else 32}"
        declared = ir.FunctionType(kind, [kind] * len(vectors))
        return builder.call(cgutils.get_or_insert_function(builder.module, declared, full_name), vectors)

    return emit


def _compare(symbol: str) -> Callable[..., Any]:
    def emit(builder: Any, a: Any, b: Any) -> Any:
        mask = builder.bitcast(builder.fcmp_ordered(symbol, a, b), ir.IntType(a.type.count))
        return builder.zext(mask, ir.IntType(64)) if a.type.count < 64 else mask

    return emit


def _clip(builder: Any, x: Any, low: Any, high: Any) -> Any:
    x = builder.select(builder.fcmp_ordered("<", x, low), low, x)
    return builder.select(builder.fcmp_ordered(">", x, high), high, x)


def fma(a: Any, b: Any, c: Any) -> Any:
    """The sum a * b + c, rounded once; in hardware where there is some, else in exact arithmetic of the C library."""
    raise NotImplementedError("fma is for kernels")


def clip(x: Any, low: Any, high: Any) -> Any:
    """x, or the bound that it passes; a NaN stays as it is."""
    raise NotImplementedError("clip is for kernels")


_operation(operator.add, lambda builder, a, b: builder.fadd(a, b), 2)
_operation(operator.sub, lambda builder, a, b: builder.fsub(a, b), 2)
_operation(operator.mul, lambda builder, a, b: builder.fmul(a, b), 2)
_operation(operator.truediv, lambda builder, a, b: builder.fdiv(a, b), 2)
_operation(operator.neg, lambda builder, a: builder.fneg(a), 1)
_operation(operator.lt, _compare("<"), 2, types.uint64)
_operation(operator.le, _compare("<="), 2, types.uint64)
_operation(operator.gt, _compare(">"), 2, types.uint64)
_operation(abs, _intrinsic_function("fabs"), 1)
_operation(clip, _clip, 3)
_operation(fma, _intrinsic_function("fma"), 3)


@infer_global(fma)
class _ScalarFma(ConcreteTemplate):
    cases: ClassVar = [signature(types.float64, types.float64, types.float64, types.float64)]


@lower_builtin(fma, types.float64, types.float64, types.float64)
def _scalar_fma(_context: Any, builder: Any, _sig: Any, args: Any) -> Any:
    return _intrinsic_function("fma")(builder, *args)


@intrinsic
def power_of_two(_context: Any, x: Any) -> Any:
    """2**n for x = 1.5 * 2**mantissa_bits + bias + n: x's lowest bits become the exponent field."""
    mantissa = 52 if x.dtype == types.float64 else 23

    def codegen(_context: Any, builder: Any, _sig: Any, args: Any) -> Any:
        kind = x.bits
        shift = ir.Constant(kind, [mantissa] * kind.count)
        return builder.bitcast(builder.shl(builder.bitcast(args[0], kind), shift), args[0].type)

    return x(x), codegen


@intrinsic
def polynomial(_context: Any, x: Any, coefficients: Any) -> Any:
    """The polynomial of these coefficients (a tuple, constant term first) by Horner's rule in fused multiply-adds."""

    def codegen(context: Any, builder: Any, _sig: Any, args: Any) -> Any:
        terms = [context.cast(builder, term, coefficients.dtype, x) for term in cgutils.unpack_tuple(builder, args[1])]
        value, fused = terms.pop(), _intrinsic_function("fma")
        while terms:
            value = fused(builder, value, args[0], terms.pop())
        return value

    return x(x, coefficients), codegen


@intrinsic
def first_lane(_context: Any, x: Lanes) -> Any:
    """The number in lane 0."""

    def codegen(_context: Any, builder: Any, _sig: Any, args: Any) -> Any:
        return builder.extract_element(args[0], ir.Constant(ir.IntType(32), 0))

    return x.dtype(x), codegen
