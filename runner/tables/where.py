"""Choosing rows of a table by a sentence such as `momentum == 0.5 and update == "batch"`."""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from runner.errors import RunnerError
from runner.messages import nearest

_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
_COLUMN = re.compile(r"""\s*(?:["'`]([^"'`]+)["'`]|([A-Za-z_]\w*(?:\[\s*\d+\s*(?:,\s*\d+\s*)?\])?))""")
_OPERATOR = re.compile(r"\s*(==|!=|<=|>=|<|>)")
_VALUE = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([^\s"'=<>!]+))(?=\s|$)""")
_AND = re.compile(r"\s*(and\b|$)")
_WHOLE = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


@dataclass(frozen=True)
class Comparison:
    """One column held against one value."""

    column: str
    operator: str
    value: bool | int | float | str


def parse(text: str) -> tuple[Comparison, ...]:
    """Return the comparisons that `and` joins, none for a blank text.

    A comparison is a column, one of == != < <= > >=, and a number, true, false or text in quotes. Raises `RunnerError`.
    """
    found: list[Comparison] = []
    place = 0
    while text.strip():
        column = _token(_COLUMN, text, place, "a column")
        sign = _token(_OPERATOR, text, column.end(), "one of == != < <= > >=")
        value = _token(_VALUE, text, sign.end(), 'a number, true, false or "text" in quotes')
        name = re.sub(r",\s*", ",", column[1] or column[2])
        found.append(Comparison(name, sign[1], _literal(text, value)))
        joined = _token(_AND, text, value.end(), "and, or the end,")
        if not joined[1]:
            break
        place = joined.end()
    return tuple(found)


def select(table: pd.DataFrame | Mapping[str, Any], where: str | Sequence[Comparison]) -> NDArray[np.bool_]:
    """Return which rows every comparison holds for; a missing cell fits none, != included.

    `table` is a DataFrame, or equally long columns by name; `where` is a text for `parse`, or what it gave. Numbers are
    compared exactly. Raises `RunnerError` for a column that is not there, or that cannot be held against its value.
    """
    comparisons = parse(where) if isinstance(where, str) else where
    check_columns(comparisons, [str(name) for name in table])
    chosen = np.ones(len(table) if isinstance(table, pd.DataFrame) else len(next(iter(table.values()))), np.bool_)
    for comparison in comparisons:
        chosen &= _holds(pd.Series(table[comparison.column]), comparison)
    return chosen


def check_columns(comparisons: Sequence[Comparison], names: Sequence[str]) -> None:
    """Raise `RunnerError` where a comparison names a column that the table does not have."""
    for comparison in comparisons:
        if comparison.column not in names:
            raise RunnerError(f"where: there is no column {comparison.column}; {nearest(comparison.column, names)}")


def _token(pattern: re.Pattern[str], text: str, place: int, wanted: str) -> re.Match[str]:
    found = pattern.match(text, place)
    if found is None:
        rest = text[place:].strip()
        at = f"at {rest!r}" if rest else "at its end"
        hint = "; equality is written ==" if pattern is _OPERATOR and rest.startswith("=") else ""
        hint = "; alternatives need a call each" if pattern is _AND and rest.startswith("or ") else hint
        raise RunnerError(f"where {text!r}: {wanted} should stand {at}{hint}")
    return found


def _literal(text: str, value: re.Match[str]) -> bool | int | float | str:
    double, single, bare = value.groups()
    if bare is None:
        return str(single if double is None else double)
    if bare in ("true", "false", "True", "False"):
        return bare.lower() == "true"
    if _WHOLE.fullmatch(bare):
        return int(bare)
    if _NUMBER.fullmatch(bare):
        return float(bare)
    raise RunnerError(f'where {text!r}: {bare} is no number, true or false; text stands in quotes: "{bare}"')


def _holds(values: "pd.Series[Any]", comparison: Comparison) -> NDArray[np.bool_]:
    holds, value = _OPERATORS[comparison.operator], comparison.value
    present = values.notna().to_numpy(np.bool_)
    cells = values.to_numpy()[present] if present.any() else np.empty(0)
    if isinstance(values.dtype, pd.CategoricalDtype) or cells.dtype == object:
        cells = np.asarray(cells, object)
        if all(isinstance(cell, bool | np.bool_) for cell in cells[:1]):
            cells = cells.astype(np.bool_)
    kind = "flag" if cells.dtype == np.bool_ else "number" if cells.dtype.kind in "iuf" else "word"
    given = "flag" if isinstance(value, bool) else "word" if isinstance(value, str) else "number"
    if kind == "word" and given == "number":  # scale may hold numbers beside the name of a rule
        cells = np.asarray(pd.to_numeric(pd.Series(cells, dtype=object), errors="coerce"), np.float64)
        kind = "number" if np.isfinite(cells).any() else kind
    if present.any() and kind != given:
        kinds = {"flag": "true or false", "number": "numbers", "word": 'words; write the value in quotes, as "batch"'}
        raise RunnerError(f"where: {comparison.column} holds {kinds[kind]}, and cannot be held against {value!r}")
    if given != "number" and comparison.operator not in ("==", "!="):
        raise RunnerError(f"where: {comparison.column} can be held against {value!r} by == or != only")
    found = np.zeros(len(values), np.bool_)
    fits = np.asarray(holds(cells, value), np.bool_)
    found[present] = fits & ~np.isnan(cells) if cells.dtype.kind == "f" else fits
    return found
