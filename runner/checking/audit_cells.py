"""A table's cells as a file has them: the text of a CSV file, the typed values of a Parquet file."""

import csv
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from runner.checking.audit_findings import Misfit
from runner.tables.cells import TYPES, header, lines
from runner.tables.columns import Kind

_BLOCK = 2**22  # bytes of CSV at a time
_ROWS = 2**15  # of Parquet


def check_columns(path: Path, kinds: Mapping[str, Kind]) -> None:
    """Raise `Misfit` where a file's columns are not exactly these, in their order."""
    wanted = list(kinds)
    if path.suffix == ".parquet":
        with _readable(path), pq.ParquetFile(path) as file:
            schema = file.schema_arrow
        names = schema.names
        for name, kind in kinds.items():
            if names == wanted and schema.field(name).type != TYPES[kind]:
                raise Misfit(f"{path.name}: column {name} is of type {schema.field(name).type}, not {TYPES[kind]}")
    else:
        with _readable(path), path.open(encoding="utf-8-sig", newline="") as text:
            names = next(csv.reader(text), [])
    if names != wanted:
        for place, (found, name) in enumerate(zip([*names, *[""] * len(wanted)], wanted, strict=False)):
            if found != name:
                raise Misfit(f"{path.name}: column {place} is {found or 'missing'}; by the manifest it is {name}")
        raise Misfit(f"{path.name}: it has a column {names[len(wanted)]}, which by the manifest it has not")


def batches(path: Path, names: Sequence[str]) -> Iterator[pa.Table]:
    """Read a table batch by batch, in all of its columns; raises `Misfit` where it cannot be read as one."""
    with _readable(path):
        if path.suffix == ".parquet":
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(_ROWS):
                    yield pa.Table.from_batches([batch])
            return
        with path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            if file.read() != b"\n":
                raise Misfit(f"{path.name}: its last line is cut off")
        reading = pyarrow.csv.ReadOptions(block_size=max(_BLOCK, 64 * len(names)))
        with pyarrow.csv.open_csv(path, reading, *_as_text(names)) as parts:
            for batch in parts:
                yield pa.Table.from_batches([batch])


def written(columns: Mapping[str, pa.Array], text: bool) -> pa.Table:
    """Return typed columns as a file has them: as the text that a CSV file of them holds, or as they are."""
    if not text:
        plain = [
            values.dictionary_decode() if pa.types.is_dictionary(values.type) else values for values in columns.values()
        ]
        return pa.table(dict(zip(columns, plain, strict=True)))
    content = header(columns) + bytes(lines([*columns.values()]))
    reading = pyarrow.csv.ReadOptions(block_size=len(content) + 1)
    return pyarrow.csv.read_csv(io.BytesIO(content), reading, *_as_text(list(columns)))


def different(a: Any, b: Any) -> NDArray[np.bool_]:
    """Return where two columns do not hold the same: text by text, number by number bit for bit, empty as empty."""
    a, b = (column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column for column in (a, b))
    if pa.types.is_floating(a.type):
        a, b = a.view(pa.int64()), b.view(pa.int64())
    apart = pc.or_(pc.not_equal(a, b).fill_null(False), pc.xor(a.is_null(), b.is_null()))
    return np.asarray(apart.to_numpy(zero_copy_only=False), np.bool_)


def typed(column: Any, kind: Kind) -> pa.Array:
    """Return a column, as text or not, as values of its type; raises `Misfit` where it holds something else."""
    values = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_string(values.type) and kind != "word":
        values = pc.if_else(pc.equal(values, ""), pa.scalar(None, pa.string()), values)
    try:
        return values.cast(TYPES[kind])
    except pa.ArrowInvalid as error:
        raise Misfit(str(error).partition("\n")[0].rstrip(".")) from None


class Taking:
    """A table's rows in order, taken so many at a time."""

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        self.name = path.name
        self._parts, self._held = batches(path, names), list[pa.Table]()

    def take(self, count: int) -> pa.Table:
        """The next rows; raises `Misfit` where there are not so many."""
        while sum(part.num_rows for part in self._held) < count:
            part = next(self._parts, None)
            if part is None:
                raise Misfit(f"{self.name}: it ends too early")
            self._held.append(part)
        rows = pa.concat_tables(self._held) if self._held else None
        if rows is None:
            return pa.table({})
        self._held = [rows.slice(count)]
        return rows.slice(0, count)

    def end(self) -> None:
        """Raise `Misfit` where rows are left."""
        if any(part.num_rows for part in (*self._held, *self._parts)):
            raise Misfit(f"{self.name}: it has more rows than its trials and epochs make")


def _as_text(names: Sequence[str]) -> tuple[pyarrow.csv.ParseOptions, pyarrow.csv.ConvertOptions]:
    types = dict.fromkeys(names, pa.string())
    return (
        pyarrow.csv.ParseOptions(ignore_empty_lines=False),
        pyarrow.csv.ConvertOptions(column_types=types, include_columns=list(names), strings_can_be_null=False),
    )


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn what a reader raises into a `Misfit`."""
    try:
        yield
    except (pa.ArrowException, OSError, ValueError, csv.Error) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise Misfit(f"{path.name}: it cannot be read: {reason}") from None
