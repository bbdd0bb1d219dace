"""A user's own training function: found in a file, and called with what it asks for by name."""

import contextlib
import inspect
import os
import random
import sys
import traceback
import types
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from runner.errors import RunnerError
from runner.messages import nearest

_MEANT = {  # by what tutorials call it
    "x": "inputs",
    "data": "inputs",
    "y": "targets",
    "labels": "targets",
    "lr": "learning_rate",
    "rate": "learning_rate",
    "alpha": "learning_rate",
    "eta": "learning_rate",
    "n_hidden": "hidden",
    "hidden_size": "hidden",
    "iterations": "epochs",
    "n_epochs": "epochs",
    "random_state": "seed",
}


@dataclass(frozen=True)
class TrainingFunction:
    """A function, what messages call it, the file of its code, and the names that it takes; None for any."""

    call: Callable[..., Any]
    name: str
    file: str
    takes: frozenset[str] | None

    def uses(self, name: str) -> bool:
        """Whether it takes a value of that name."""
        return self.takes is None or name in self.takes

    def __call__(self, values: Mapping[str, Any], seed: int) -> Any:
        """What it returns for these values by name; np.random and random are seeded before.

        What it prints, draws or warns of is not shown. Raises `RunnerError` where it raises anything.
        """
        given = {name: value for name, value in values.items() if self.uses(name)}
        with _guarded(self.file, f"{self.name} with seed {seed}"):
            np.random.seed(seed)  # noqa: NPY002 - a notebook draws from these
            random.seed(seed)
            return self.call(**given)


def training_function(named: str | Callable[..., Any], known: Mapping[str, Any]) -> TrainingFunction:
    """Find FILE:FUNCTION, or take a function as it is; `known` holds a value of every name that it may take.

    Raises `RunnerError` where there is no such function, the file cannot be run, or the function needs something else.
    """
    if not isinstance(named, str):
        code = getattr(getattr(named, "func", named), "__code__", None)  # of a functools.partial, too
        name = getattr(named, "__name__", "the function")
        return TrainingFunction(named, name, code.co_filename if code else "", _taken(named, known, name))
    path, colon, name = named.rpartition(":")
    file = Path(path if colon else named)
    if not file.is_file():
        raise RunnerError(f"{file}: there is no such file; write FILE:FUNCTION, such as mine.py:train")
    if file.suffix == ".ipynb":
        raise RunnerError(f"{file} is a notebook; save its code as a Python file, and name a function of that")
    module, called = _run(file), f"{file}: {name}"
    function = getattr(module, name, None) if colon else None
    if callable(function):
        return TrainingFunction(function, called, str(file), _taken(function, known, called))
    own = [key for key, value in vars(module).items() if inspect.isfunction(value) and value.__module__ == _MODULE]
    if not own:
        raise RunnerError(f"{file} defines no function; put its training into one: def train(inputs, targets, seed)")
    what = f"there is no function {name}" if colon else "write FILE:FUNCTION"
    raise RunnerError(f"{file}: {what}; {nearest(name if colon else '', own)}")


_MODULE = "their_training"


def _run(file: Path) -> types.ModuleType:
    """Run a file as a module of its own; what stands beside it can be imported."""
    module = types.ModuleType(_MODULE)
    module.__file__ = str(file)
    sys.modules[_MODULE] = module  # dataclasses look their module up
    folder = str(file.resolve().parent)
    if folder not in sys.path:
        sys.path.append(folder)
    with _guarded(str(file), "running it"):
        exec(compile(file.read_bytes(), str(file), "exec"), module.__dict__)  # noqa: S102 - what the user asked for
    return module


def _taken(function: Callable[..., Any], known: Mapping[str, Any], called: str) -> frozenset[str] | None:
    """The names of the known values that a function takes; None where it takes any."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        raise RunnerError(f"{called}: what it takes cannot be found out; write a function around it") from None
    for parameter in parameters:
        needed = parameter.default is parameter.empty and parameter.kind not in (
            parameter.VAR_POSITIONAL,
            parameter.VAR_KEYWORD,
        )
        if needed and parameter.name not in known:
            raise RunnerError(f"{called} takes {parameter.name}, which is not given; {_hint(parameter.name, known)}")
        if needed and parameter.kind is parameter.POSITIONAL_ONLY:
            raise RunnerError(f"{called} takes {parameter.name} by its place only; remove the / behind it")
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return None
    return frozenset(parameter.name for parameter in parameters) & known.keys()


def _hint(name: str, known: Mapping[str, Any]) -> str:
    meant = _MEANT.get(name.lower())
    return f"did you mean {meant}?" if meant else f"{nearest(name, known)} Or give it a default"


@contextlib.contextmanager
def _guarded(file: str, what: str) -> Iterator[None]:
    """Run a user's code without its output, and say in one sentence where it failed."""
    os.environ.setdefault("MPLBACKEND", "Agg")  # no window opens
    stdin = sys.stdin
    try:
        with (
            Path(os.devnull).open("w", encoding="utf-8") as nowhere,
            Path(os.devnull).open(encoding="utf-8") as sys.stdin,
            contextlib.redirect_stdout(nowhere),
            contextlib.redirect_stderr(nowhere),
            warnings.catch_warnings(),
            np.errstate(),
        ):
            warnings.simplefilter("ignore")
            yield
    except (Exception, SystemExit) as error:
        raise RunnerError(f"{_place(error, file)}: {what} {_said(error)}") from None
    finally:
        sys.stdin = stdin


def _place(error: BaseException, file: str) -> str:
    """The file, and the last line of it that an error passed through."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    if isinstance(error, SyntaxError) and error.filename == file:
        lines = [error.lineno]
    return f"{file}, line {lines[-1]}" if lines else file


def _said(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return "ends the program; return the outputs instead"
    if isinstance(error, EOFError):
        return "asks for input, and nobody answers"
    text = (error.msg if isinstance(error, SyntaxError) else str(error)).strip().partition("\n")[0].rstrip(".")
    return f"raised {type(error).__name__}{': ' if text else ''}{text}"
