"""Typed columns, and their cells as CSV text that reads back exactly."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from runner.tables.columns import Kind

TYPES = {"whole": pa.int64(), "real": pa.float64(), "flag": pa.bool_(), "word": pa.string()}
CELLS = 2**19  # as text at a time; a pyarrow string array holds 2 GB, and larger blocks are no faster
PLAIN = 1e6  # up to here no whole number is written with an exponent


def column(values: Any, kind: Kind) -> pa.Array:
    """Return values as a typed column; negative whole numbers and reals that are not finite are missing."""
    if kind == "word":
        words = [value if isinstance(value, str) else repr(float(value)) for value in values]
        return pa.array(words, TYPES[kind])
    if kind == "flag":
        return pa.array(np.asarray(values, np.bool_))
    numbers = np.asarray(values, np.int64 if kind == "whole" else np.float64)
    missing = numbers < 0 if kind == "whole" else ~np.isfinite(numbers)
    return pa.array(numbers, mask=missing) if missing.any() else pa.array(numbers)


def runs(values: NDArray[Any], kind: Kind) -> pa.DictionaryArray:
    """Return a column of long runs, such as an axis: each run is converted, and later written, once."""
    bits = np.ascontiguousarray(values, np.float64).view(np.int64) if kind == "real" else values
    begins = np.ones(len(values), np.bool_)
    begins[1:] = bits[1:] != bits[:-1]
    return pa.DictionaryArray.from_arrays(np.cumsum(begins) - 1, column(values[begins], kind))


def coded(codes: NDArray[Any], words: Sequence[str]) -> pa.DictionaryArray:
    """Return a column of words, given by their numbers."""
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int8)), pa.array(words))


def header(names: Iterable[str]) -> bytes:
    """Return the first line of a CSV file."""
    return (",".join(map(_quoted, names)) + "\n").encode()


def lines(columns: Sequence[pa.Array]) -> bytes | memoryview:
    """Return equally long columns as lines of CSV.

    pyarrow's own CSV writer takes as long, quotes all text or none, and writes 3.0 as 3.
    """
    step, count = max(1, CELLS // len(columns)), len(columns[0])
    if 0 < count <= step:
        return _block(columns)
    starts = range(0, count, step)
    return b"".join(_block([values[start : start + step] for values in columns]) for start in starts)


def _block(columns: Sequence[pa.Array]) -> memoryview:
    pieces: list[pa.Array | str] = [_text(columns[0])]
    for values in columns[1:]:
        if not _constant(values):
            pieces.append(_text(values))
            continue
        word = _text(values[:1])[0].as_py() or ""
        if isinstance(pieces[-1], str):
            pieces[-1] += f",{word}"
        else:
            pieces.append(word)
    rows = pc.binary_join_element_wise(*pieces, "", ",", null_handling="replace", null_replacement="")
    _, offsets, buffer = rows.buffers()
    ends, text = np.frombuffer(offsets, np.int32)[1 : len(rows) + 1], np.frombuffer(buffer, np.uint8)
    text[ends - 1] = ord("\n")  # in place of a comma: to join it to the last cells would take 8 times as long
    return text[: ends[-1]].data


def _constant(values: pa.Array) -> bool:
    """Whether a column is seen to have the same cell in all of its rows."""
    if values.null_count:
        return bool(values.null_count == len(values))
    if pa.types.is_dictionary(values.type):
        values = values.indices
    if pa.types.is_floating(values.type) or pa.types.is_string(values.type):
        return False
    least, most = pc.min_max(values).values()
    return bool(least == most)


def _text(values: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(values.type):
        return _text(values.dictionary).take(values.indices)
    if pa.types.is_string(values.type):
        return pa.array([_quoted(word) for word in values.to_pylist()], pa.string())
    if pa.types.is_floating(values.type):
        return _decimal(values)
    if pa.types.is_boolean(values.type):
        return pa.array(["false", "true"]).take(values.cast(pa.int8()))
    return values.cast(pa.string())


def _decimal(values: pa.Array) -> pa.Array:
    """Return the shortest text that reads back as each number, never that of an integer."""
    text = values.cast(pa.string())
    numbers = values.to_numpy(zero_copy_only=False)
    whole = numbers == np.trunc(numbers)
    if not whole.any():
        return text
    if np.abs(numbers[whole]).max() > PLAIN:
        whole &= ~pc.match_substring(text, "e").fill_null(True).to_numpy(zero_copy_only=False)
    return pc.binary_join_element_wise(text, _text(coded(whole, ["", ".0"])), "")


def _quoted(word: str) -> str:
    return '"' + word.replace('"', '""') + '"' if any(mark in word for mark in ',"\r\n') else word
