"""Reading some columns of a table of trials batch by batch, whatever its length."""

import csv
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from runner.errors import RunnerError
from runner.tables.cells import TYPES
from runner.tables.columns import trial_kind
from runner.tables.loading import Results, check_sizes, trials_file
from runner.tables.manifest import read_manifest
from runner.tables.where import check_columns, parse, select

Table = str | PathLike[str] | Results | pd.DataFrame

_BLOCK = 2**22  # bytes of CSV at a time
_ROWS = 2**17  # of the others


@dataclass(frozen=True)
class Stream:
    """A table of trials: its columns, the experiment's name where it is known, and its rows when asked for."""

    names: list[str]
    name: str
    read: Callable[[Sequence[str]], Iterator[pa.Table]]

    def chosen(self, wanted: Sequence[str], where: str = "") -> Iterator[pa.Table]:
        """Read the rows that `where` chooses (`runner.tables.where`), a batch at a time."""
        comparisons = parse(where)
        check_columns(comparisons, self.names)
        for rows in self.read(list(dict.fromkeys([*wanted, *(one.column for one in comparisons)]))):
            if comparisons:
                cells = {one.column: rows[one.column].to_pandas() for one in comparisons}
                yield rows.filter(pa.array(select(cells, comparisons)))
            else:
                yield rows


def stream(results: Table) -> Stream:
    """Return a folder of results, a trials.csv or trials.parquet, or a table in memory as a stream of rows.

    Words come as plain text. Raises `RunnerError`, also while reading, for what is missing, damaged or no such table.
    """
    if isinstance(results, Results):
        name = results.manifest["spec"]["name"] if results.manifest else ""
        return Stream(list(results.trials.columns), name, lambda wanted: _frame(results.trials, wanted))
    if isinstance(results, pd.DataFrame):
        return Stream([str(column) for column in results], "", lambda wanted: _frame(results, wanted))
    path = Path(results)
    file = trials_file(path)
    manifest = read_manifest(file.parent)
    if manifest is not None and path == file.parent:
        check_sizes(path, manifest)
    parts = _parquet if file.suffix == ".parquet" else _csv
    names = next(_guarded(file, parts(file, None))).column_names
    name = manifest["spec"]["name"] if manifest and file.name in manifest["files"] else ""
    return Stream(names, name, lambda wanted: _guarded(file, parts(file, wanted)))


def _frame(frame: pd.DataFrame, wanted: Sequence[str]) -> Iterator[pa.Table]:
    for start in range(0, len(frame), _ROWS):
        rows = frame.iloc[start : start + _ROWS][list(wanted)]
        yield _plain(pa.Table.from_pandas(rows, preserve_index=False))


def _parquet(path: Path, wanted: Sequence[str] | None) -> Iterator[pa.Table]:
    """The batches, or an empty table where no columns are said."""
    with pq.ParquetFile(path) as file:
        if wanted is None:
            yield file.schema_arrow.empty_table()
            return
        for batch in file.iter_batches(_ROWS, columns=list(wanted)):
            # Parquet gives columns in the order of the file.
            yield _plain(pa.Table.from_batches([batch]))


def _csv(path: Path, wanted: Sequence[str] | None) -> Iterator[pa.Table]:
    """The batches, or an empty table where no columns are said."""
    with path.open(encoding="utf-8-sig", newline="") as text:
        names = next(csv.reader(text), [])
    if wanted is None:
        yield pa.table({name: pa.nulls(0) for name in names})
        return
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        if file.read() != b"\n":
            raise ValueError("its last line is cut off")
    reading = pyarrow.csv.ReadOptions(block_size=max(_BLOCK, 64 * len(names)))
    kinds = {name: "word" if name == "scale" else trial_kind(name) for name in wanted}
    if "epochs_to_convergence" in kinds:
        kinds["epochs_to_convergence"] = "real"  # pandas writes a column with empty cells as 3.0
    types = {name: TYPES[kind] for name, kind in kinds.items() if kind}
    converting = pyarrow.csv.ConvertOptions(column_types=types, include_columns=list(wanted))
    with pyarrow.csv.open_csv(path, reading, convert_options=converting) as batches:
        for batch in batches:
            yield pa.Table.from_batches([batch])


def _plain(table: pa.Table) -> pa.Table:
    for place, name in enumerate(table.column_names):
        kind = table.schema.field(place).type
        if pa.types.is_dictionary(kind):
            table = table.set_column(place, name, table[name].cast(kind.value_type))
    return table


def _guarded(path: Path, parts: Iterator[pa.Table]) -> Iterator[pa.Table]:
    try:
        yield from parts
    except (pa.ArrowException, OSError, ValueError, csv.Error) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise RunnerError(f"{path}: cannot be read as a table of results: {reason}") from None
