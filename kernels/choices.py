"""A choice of code: what is chosen is given as `CHOSEN`, what is not as None.

Numba compiles both branches of `if choice is None:` for a value that may be None for all it knows, and lets LLVM remove
one; the branch that is not taken was half of what online updates took to compile.
"""

from typing import Any

from numba import types
from numba.extending import NativeValue, models, register_model, typeof_impl, unbox


class Chosen:
    """A value without content, told apart by its type."""


class _ChosenType(types.Literal, types.Opaque):
    """Literal, which Numba knows not to be None."""

    def __init__(self) -> None:
        types.Opaque.__init__(self, name="chosen")

    @property
    def literal_type(self) -> "_ChosenType":
        return self


register_model(_ChosenType)(models.OpaqueModel)


@typeof_impl.register(Chosen)
def _typeof(_chosen: Chosen, _context: Any) -> _ChosenType:
    return _ChosenType()


@unbox(_ChosenType)
def _unbox(_type: Any, _value: Any, context: Any) -> NativeValue:
    return NativeValue(context.context.get_dummy_value())


CHOSEN = Chosen()
