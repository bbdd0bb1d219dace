"""Compiled kernels kept on disk between runs, right after any edit and whatever else compiles at the same time.

Numba's own cache looks at the time stamp of the one file that a kernel stands in, so that an edit of another file goes
unnoticed, and two processes that fill it at once may leave an index of the one beside the code of the other. Here the
folder is named by the hash of all kernel code, and compiling happens under a file lock.
"""

import atexit
import gc
import importlib
import importlib.util
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from runner.errors import RunnerError
from runner.sweeping.code_hash import code_hash

_IMPORTING = threading.Lock()


@cache
def kernel_hash() -> str:
    """12 hex digits that stand for the code that makes a trial's bits: all kernels, and the engine that calls them."""
    return code_hash([*_folder().glob("*.py"), Path(__file__).with_name("engine.py")])


def _folder() -> Path:
    """Where the kernels are; raises `RunnerError` where Python finds another package of that name first."""
    spec = importlib.util.find_spec("kernels")
    ours = Path(__file__).resolve().parents[2] / "kernels"
    found = Path(spec.origin).resolve().parent if spec and spec.origin else None
    if found != ours or not (ours / "training.py").is_file():
        raise RunnerError(
            f"another package named 'kernels' ({found or 'without files'}) stands where seedsweep's own should be "
            f"({ours}); uninstall it, or install seedsweep into an environment of its own"
        )
    return ours


@cache
def cache_folder() -> Path:
    """Where compiled kernels are kept: the user's cache, else a folder of this process alone."""
    import platformdirs

    folder = Path(platformdirs.user_cache_dir("seedsweep")) / f"kernels-{kernel_hash()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError:
        own = tempfile.mkdtemp(prefix="seedsweep-kernels-")
        atexit.register(shutil.rmtree, own, ignore_errors=True)
        return Path(own)


@cache
def module(name: str) -> Any:
    """A module of `kernels`, whose compiled kernels are kept in `cache_folder`."""
    folder = str(cache_folder())
    import numba

    # A kernel takes its cache folder when it is defined; other code of this process keeps its own.
    with _IMPORTING:
        before, numba.config.CACHE_DIR = numba.config.CACHE_DIR, folder
        try:
            return importlib.import_module(f"kernels.{name}")
        finally:
            numba.config.CACHE_DIR = before


def compiled(kernel: Any, arguments: tuple[Any, ...]) -> Any:
    """A kernel's code for arguments of these types, as Numba keeps it: compiled or loaded, where it is not yet.

    One process at a time does so; the lock of a process that died does not block.
    """
    kinds = tuple(kernel.typeof_pyval(argument) for argument in arguments)
    if kinds not in kernel.overloads:
        import filelock

        with filelock.FileLock(cache_folder() / "compiling.lock"), _uncollected(), suppress(OSError):
            kernel.compile(kinds)  # a full disk keeps it from being kept, when it is compiled already
    return kernel.overloads[kinds]


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without Python's search for garbage, a tenth of the time that compiling takes: nearly all that it makes stays."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def address(kernel: Any, arguments: tuple[Any, ...]) -> int:
    """Where a kernel that other kernels call, for arguments of these types, is in the memory of this process."""
    code = compiled(kernel, arguments)
    return int(code.library.get_pointer_to_function(code.fndesc.llvm_func_name))


def cpu() -> dict[str, str]:
    """The CPU that kernels are compiled for: its name and the features in use, as LLVM calls them."""
    from numba.core.registry import cpu_target

    _, name, features = cpu_target.target_context.codegen().magic_tuple()
    return {"name": name, "features": features}
