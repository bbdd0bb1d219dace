"""The one place that imports Numba's compilers, with the flags of this package and their reasons."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from numba import extending
from numba.core.caching import FunctionCache
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler

F = TypeVar("F", bound=Callable[..., Any])

# error_model="numpy": a division by zero gives an infinity, as in NumPy, instead of a branch and an exception.
# fastmath stays off: reassociated or contracted sums would differ from CPU to CPU.
# parallel stays off: the runner's threads run whole kernels side by side.
# _nrt off: no kernel makes an array, and counting references to those of its arguments was a quarter of all code.
_FLAGS = {"error_model": "numpy", "nogil": True, "_nrt": False}


class _Cache(FunctionCache):
    """Numba's on-disk cache, which here loads a kernel without loading the compiler first.

    That took 0.5 s in each process: Numba's own loads all that it can compile, and scipy.linalg with it.
    """

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            return self._load_overload(sig, target_context)
        except OSError:  # then it is compiled again
            return None


class _PartLibrary(JITCodeLibrary):
    """Code that kernels contain and nobody calls: optimised, but not translated into the CPU's.

    Without being optimised on its own it compiled in 0.9 times the time, but online updates took 1.1 times as long.
    """

    def _finalize_final_module(self) -> None:
        self._finalized = True

    def get_pointer_to_function(self, _name: str) -> int:
        return 0

    @property
    def codegen(self) -> "_PartLibrary":
        return self

    def set_env(self, _name: str, _env: Any) -> None:
        """Nothing: no part of a kernel uses Python objects."""


class _PartCompiler(Compiler):
    def __init__(self, typing_context: Any, target_context: Any, _library: None, *rest: Any) -> None:
        library = _PartLibrary(target_context.codegen(), "part")
        super().__init__(typing_context, target_context, library, *rest)


_PART = {
    "forceinline": True,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
    "pipeline_class": _PartCompiler,
    **_FLAGS,
}


def _kept(function: F, **wrappers: bool) -> F:
    compiled = numba.njit(no_cfunc_wrapper=True, **wrappers, **_FLAGS)(function)
    compiled._cache = _Cache(function)
    return cast(F, compiled)


def kernel(function: F) -> F:
    """Compile an entry point: nogil, kept in the on-disk cache."""
    return _kept(function)


def callee(function: F) -> F:
    """Compile what kernels call at an address and Python does not: kept in the cache, too."""
    return _kept(function, no_cpython_wrapper=True)


def inline(function: F) -> F:
    """Compile a part of kernels that LLVM must inline: a call would pass all lanes through memory."""
    return cast(F, numba.njit(**_PART)(function))


def overload(stub: Callable[..., Any]) -> Callable[[F], F]:
    """Register an implementation of `stub` chosen by the types of its arguments; inlined like `inline`."""
    return cast(Callable[[F], F], extending.overload(stub, jit_options=_PART))
