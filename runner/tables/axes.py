"""Which columns of a table of trials are axes, and what may not vary beside those that a figure shows."""

from collections.abc import Mapping, Sequence
from typing import Any

from runner.errors import RunnerError
from runner.messages import nearest, shown
from runner.tables.columns import is_key


def check_axes(names: Sequence[str], chosen: Sequence[str], *, seeds: bool = False) -> None:
    """Raise `RunnerError` for what is no axis of a table with these columns; `seeds` lets the seed be one."""
    axes = [name for name in names if is_key(name) or (seeds and name == "seed")]
    for axis in chosen:
        if axis not in axes:
            what = "is no axis" if axis in names else "is not in this table"
            raise RunnerError(f"{axis} {what}; {nearest(axis, axes)}")
        if list(chosen).count(axis) > 1:
            raise RunnerError(f"{axis} is asked for twice; the axes of this table are {', '.join(axes)}")


def refuse_others(values: Mapping[str, Sequence[Any]], chosen: Sequence[str]) -> None:
    """Raise `RunnerError` where a key that is not among the chosen axes has several values, of which missing is one."""
    swept = {key: found for key, found in values.items() if key not in chosen and len(found) > 1}
    if swept:
        named = " and ".join(f"{key} ({len(found):,} values)" for key, found in swept.items())
        some = {
            key: next(value for value in found if value is not None and value == value) for key, found in swept.items()
        }
        choice = " and ".join(f"{key} == {shown(value)}" for key, value in some.items())
        verb = "vary" if len(swept) > 1 else "varies"
        raise RunnerError(
            f"beside {' and '.join(chosen)}, {named} {verb}; choose one value of each by --where '{choice}'"
        )


def as_numbers(values: Sequence[Any]) -> list[Any]:
    """Return words as numbers where all of them are: scale may hold numbers beside the name of a rule."""
    try:
        return [float(value) if isinstance(value, str) else value for value in values]
    except ValueError:
        return list(values)
