"""Samples in tiles: how many are in the first one and in the last, known when a kernel is compiled.

The loops over the samples of a tile are then unrolled, and what they compute stays in registers. Counts have types of
their own for that: a number would be known only where kernels are joined, when their loops are finished already.
"""

from typing import Any

from numba import types
from numba.core.typing.templates import AttributeTemplate, infer_getattr
from numba.extending import NativeValue, intrinsic, lower_getattr, models, register_model, typeof_impl, unbox

TILE = 4


class Tiles:
    """So many samples in tiles of `TILE`, the last one smaller where they do not fill it.

    In kernels a value without content, told apart by its type; `first` and `last` are the counts of samples in the
    first and in the last tile, which may be one and the same (`several` says if not), `full` and `single` those of
    `TILE` and one.
    """

    def __init__(self, samples: int) -> None:
        self.first, self.last = min(samples, TILE), (samples - 1) % TILE + 1 if samples else 0
        self.several = samples > TILE


class _TilesType(types.Opaque):
    def __init__(self, tiles: Tiles) -> None:
        self.first, self.last, self.several = tiles.first, tiles.last, tiles.several
        super().__init__(name=f"tiles({self.first}, {self.last}, {self.several})")


register_model(_TilesType)(models.OpaqueModel)


@typeof_impl.register(Tiles)
def _typeof(tiles: Tiles, _context: Any) -> _TilesType:
    return _TilesType(tiles)


@unbox(_TilesType)
def _unbox(_type: Any, _value: Any, context: Any) -> NativeValue:
    return NativeValue(context.context.get_dummy_value())


class _CountType(types.Opaque):
    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(name=f"count({number})")


register_model(_CountType)(models.OpaqueModel)


@infer_getattr
class _Counts(AttributeTemplate):
    key = _TilesType

    def resolve_first(self, tiles: _TilesType) -> _CountType:
        return _CountType(tiles.first)

    def resolve_last(self, tiles: _TilesType) -> _CountType:
        return _CountType(tiles.last)

    def resolve_full(self, _tiles: _TilesType) -> _CountType:
        return _CountType(TILE)

    def resolve_single(self, _tiles: _TilesType) -> _CountType:
        return _CountType(1)


@lower_getattr(_TilesType, "first")
@lower_getattr(_TilesType, "last")
@lower_getattr(_TilesType, "full")
@lower_getattr(_TilesType, "single")
def _count(context: Any, _builder: Any, _kind: _TilesType, _value: Any) -> Any:
    return context.get_dummy_value()


@intrinsic
def size(_context: Any, count: Any) -> Any:
    """The number that a count stands for, or the number itself."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if isinstance(count, _CountType):
            return context.get_constant(types.intp, count.number)
        return context.cast(builder, args[0], sig.args[0], types.intp)

    return types.intp(count), codegen
