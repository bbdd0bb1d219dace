"""Arrays as kernels see them: an address and a shape, whose elements are numbers or `Lanes`.

`view(array)` has the array's own elements, `as_lanes(array, kind)` takes an array (..., width) for one (...) of
`Lanes`, `local(kind, count)` is room for some that lie in registers. An index counts from the front and is not checked.
(For Numba's own arrays every index may be negative, which put some eight integer instructions before each vector one.)
"""

import operator
from typing import Any

from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, make_attribute_wrapper, models, register_model
from numba.np.arrayobj import make_array

from kernels.hints import REGISTER
from kernels.lanes import LaneKindType, Lanes


class View(types.Type):
    """An array of `dtype` in C order, which someone else keeps alive."""

    def __init__(self, dtype: types.Type, ndim: int) -> None:
        self.dtype, self.ndim = dtype, ndim
        super().__init__(name=f"view({dtype}, {ndim}d)")


@register_model(View)
class _ViewModel(models.StructModel):
    def __init__(self, dmm: Any, fe_type: View) -> None:
        shape = types.UniTuple(types.intp, fe_type.ndim)
        super().__init__(dmm, fe_type, [("data", types.CPointer(fe_type.dtype)), ("shape", shape)])


make_attribute_wrapper(View, "shape", "shape")


def made(context: Any, builder: Any, kind: View, data: Any, shape: list[Any]) -> Any:
    """A view of these parts, in the code that is being generated."""
    proxy = cgutils.create_struct_proxy(kind)(context, builder)
    proxy.data = builder.bitcast(data, proxy.data.type)
    proxy.shape = cgutils.pack_array(builder, shape)
    return proxy._getvalue()


def _whole(array: types.Array, kind: View) -> Any:
    if array.layout != "C":
        raise TypingError(f"a view needs an array in C order, not {array}")

    def codegen(context: Any, builder: Any, _sig: Any, args: Any) -> Any:
        numbers = make_array(array)(context, builder, args[0])
        shape = cgutils.unpack_tuple(builder, numbers.shape)[: kind.ndim]
        return made(context, builder, kind, numbers.data, shape)

    return codegen


@intrinsic
def view(_context: Any, array: types.Array) -> Any:
    """See the elements of an array in C order."""
    kind = View(array.dtype, array.ndim)
    return kind(array), _whole(array, kind)


@intrinsic
def as_lanes(_context: Any, array: types.Array, kind: LaneKindType) -> Any:
    """See an aligned array in C order (..., width) as an array (...) of `Lanes`; what is stored shows in both."""
    seen = View(kind.lanes, array.ndim - 1)
    return seen(array, kind), _whole(array, seen)


@intrinsic(prefer_literal=True)
def local(_context: Any, kind: LaneKindType, count: types.IntegerLiteral) -> Any:
    """Room for `count` `Lanes`, a literal; they stay in registers where the loops over them are unrolled."""
    seen, room = View(kind.lanes, 1), count.literal_value

    def codegen(context: Any, builder: Any, _sig: Any, _args: Any) -> Any:
        place = cgutils.alloca_once(builder, kind.lanes.llvm, size=room)
        place.align = REGISTER
        return made(context, builder, seen, place, [context.get_constant(types.intp, room)])

    return seen(kind, count), codegen


@intrinsic
def shifted(_context: Any, views: types.BaseTuple, elements: Any) -> Any:
    """A tuple of views that begin so many elements later; None stays None."""

    def later(context: Any, builder: Any, seen: types.Type, value: Any, offset: Any) -> Any:
        if seen == types.none:
            return value
        proxy = cgutils.create_struct_proxy(seen)(context, builder, value)
        proxy.data = builder.gep(proxy.data, [offset], inbounds=True)
        return proxy._getvalue()

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        offset = context.cast(builder, args[1], sig.args[1], types.intp)
        values = zip(views.types, cgutils.unpack_tuple(builder, args[0]), strict=True)
        return context.make_tuple(builder, views, [later(context, builder, *each, offset) for each in values])

    return views(views, elements), codegen


def _place(context: Any, builder: Any, kind: View, index: types.Type, views: Any, places: Any) -> Any:
    """The address of an element."""
    proxy = cgutils.create_struct_proxy(kind)(context, builder, views)
    single = isinstance(index, types.Integer)
    kinds, numbers = ([index], [places]) if single else (list(index), cgutils.unpack_tuple(builder, places))
    offset, *others = (context.cast(builder, n, k, types.intp) for n, k in zip(numbers, kinds, strict=True))
    for axis, number in enumerate(others, 1):
        length = builder.extract_value(proxy.shape, axis)
        offset = builder.add(builder.mul(offset, length, flags=("nsw",)), number, flags=("nsw",))
    return builder.gep(proxy.data, [offset], inbounds=True)


def _indexes(kind: Any, index: Any) -> bool:
    """Whether these are a view and one integer for each of its axes."""
    if not isinstance(kind, View):
        return False
    if isinstance(index, types.Integer):
        return kind.ndim == 1
    integers = isinstance(index, types.BaseTuple) and all(isinstance(place, types.Integer) for place in index)
    return integers and len(index) == kind.ndim


@infer_global(operator.getitem)
class _Getting(AbstractTemplate):
    def generic(self, args: tuple[Any, ...], kws: dict[str, Any]) -> Any:
        return signature(args[0].dtype, *args) if not kws and _indexes(*args) else None


@infer_global(operator.setitem)
class _Setting(AbstractTemplate):
    def generic(self, args: tuple[Any, ...], kws: dict[str, Any]) -> Any:
        return signature(types.none, *args[:2], args[0].dtype) if not kws and _indexes(*args[:2]) else None


@lower_builtin(operator.getitem, View, types.Any)
def _get(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    kind, index = sig.args
    loaded = builder.load(_place(context, builder, kind, index, *args))
    if isinstance(kind.dtype, Lanes):
        loaded.align = REGISTER
    return loaded


@lower_builtin(operator.setitem, View, types.Any, types.Any)
def _set(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    kind, index, _ = sig.args
    stored = builder.store(args[2], _place(context, builder, kind, index, *args[:2]))
    if isinstance(kind.dtype, Lanes):
        stored.align = REGISTER
    return context.get_dummy_value()
