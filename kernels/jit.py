"""The one place that imports Numba's compilers, with the flags of this package and their reasons."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from numba import extending

F = TypeVar("F", bound=Callable[..., Any])

# error_model="numpy": a division by zero gives an infinity, as in NumPy, instead of a branch and an exception.
# fastmath stays off: reassociated or contracted sums would differ from CPU to CPU.
# parallel stays off: the runner's threads run whole kernels side by side.
_FLAGS = {"error_model": "numpy", "nogil": True}


def kernel(function: F) -> F:
    """Compile an entry point: nogil, kept in the on-disk cache."""
    return cast(F, numba.njit(cache=True, **_FLAGS)(function))


def inline(function: F) -> F:
    """Compile a part of kernels that LLVM must inline: a call would pass 32 trials through memory."""
    return cast(F, numba.njit(forceinline=True, no_cpython_wrapper=True, no_cfunc_wrapper=True, **_FLAGS)(function))


def overload(stub: Callable[..., Any]) -> Callable[[F], F]:
    """Register an implementation of `stub` chosen by the types of its arguments; inlined like `inline`."""
    return cast(
        Callable[[F], F],
        extending.overload(
            stub, jit_options={"forceinline": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True, **_FLAGS}
        ),
    )
