"""trials.csv and trials.parquet, streamed: the bytes do not depend on how the rows were cut into batches."""

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from runner.experiment.spec import Experiment
from runner.tables.cells import CELLS, TYPES, coded, column, runs
from runner.tables.columns import OUTCOMES, Kind, answer_columns, fate_kinds, swept, trial_kinds
from runner.tables.csv_file import CsvFile
from runner.tables.manifest import Digest, digest

ROWS, ROW_GROUP = 2**17, 2**24  # of a Parquet row group: at most so many rows, and cells


@dataclass(frozen=True)
class Batch:
    """Consecutive rows of the table, an entry a trial.

    `first` is the number of the first trial. `keys` holds a column for each of `columns.swept`; `outcome` indexes
    `OUTCOMES`; `epochs_to_convergence` is -1 where empty. `fates` holds a column for each of `columns.fate_kinds`.
    `outputs` (trials, samples * outputs) and `probes` (trials, probes * outputs) have width 0 where they are not
    recorded. What is not finite is written as empty.
    """

    first: int
    keys: dict[str, NDArray[Any]]
    seed: NDArray[Any]
    outcome: NDArray[np.uint8]
    epochs_to_convergence: NDArray[np.int64]
    epochs_run: NDArray[np.int64]
    holds_at_end: NDArray[np.bool_]
    final_loss: NDArray[Any]
    max_error: NDArray[Any]
    fates: dict[str, NDArray[Any]]
    outputs: NDArray[Any]
    probes: NDArray[Any]


class TrialsWriter:
    """A table of trials being written, batch after batch; memory does not grow with their number.

    The file is whole once closed. A disk that refuses raises `OSError`.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        experiment: Experiment,
        format: Literal["csv", "parquet"] = "csv",  # noqa: A002 - as the option is called
    ) -> None:
        self._task = experiment.task.name
        self._kinds = trial_kinds(experiment)
        self._swept, self._fates = swept(experiment), list(fate_kinds(experiment))
        self._widths = tuple(map(len, answer_columns(experiment)))
        self._file = (CsvFile if format == "csv" else _Parquet)(Path(path), self._kinds)

    def write(self, batch: Batch) -> None:
        """Write the rows of a batch, whose arrays must not change until the file is closed."""
        step = max(1, CELLS // len(self._kinds))
        for start in range(0, len(batch.seed), step):
            self._file.write(self._columns(batch, slice(start, start + step)))

    def close(self) -> None:
        """Write what is left and close the file."""
        self._file.close()

    @property
    def digest(self) -> Digest:
        """What the manifest says of the file, once it is closed."""
        return self._file.digest

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _columns(self, batch: Batch, rows: slice) -> list[pa.Array]:
        outcome = batch.outcome[rows]
        count, first = len(outcome), batch.first + rows.start
        if (batch.outputs.shape[1], batch.probes.shape[1]) != self._widths:
            raise ValueError(f"outputs and probes are {batch.outputs.shape[1:]}, {batch.probes.shape[1:]} wide")
        return [
            column(np.arange(first, first + count), "whole"),
            coded(np.zeros(count), [self._task]),
            *(runs(batch.keys[key][rows], self._kinds[key]) for key in self._swept),
            column(batch.seed[rows], "whole"),
            coded(outcome, OUTCOMES),
            column(outcome == OUTCOMES.index("converged"), "flag"),
            column(batch.epochs_to_convergence[rows], "whole"),
            column(batch.epochs_run[rows], "whole"),
            column(batch.holds_at_end[rows], "flag"),
            *(column(answer, "real") for answer in (batch.final_loss[rows], batch.max_error[rows])),
            *(column(batch.fates[name][rows], "real") for name in self._fates),
            *(column(answer, "real") for answers in (batch.outputs, batch.probes) for answer in answers[rows].T),
        ]


class _Parquet:
    """Row groups of one size, whatever the size of the batches."""

    def __init__(self, path: Path, kinds: dict[str, Kind]) -> None:
        self._path = path
        self._schema = pa.schema([(name, TYPES[kind]) for name, kind in kinds.items()])
        self._rows = min(ROWS, max(1, ROW_GROUP // len(kinds)))
        self._held = self._schema.empty_table()
        self._file = pq.ParquetWriter(path, self._schema)

    def write(self, columns: list[pa.Array]) -> None:
        plain = [values.dictionary_decode() if pa.types.is_dictionary(values.type) else values for values in columns]
        held = pa.concat_tables([self._held, pa.table(plain, schema=self._schema)])
        whole = held.num_rows // self._rows * self._rows
        self._put(held[:whole])
        self._held = held.take(np.arange(whole, held.num_rows))  # a copy: the columns are views of the batch

    def close(self) -> None:
        held, self._held = self._held, self._schema.empty_table()  # closed once more, it has nothing to write
        with self._file:
            self._put(held)

    @property
    def digest(self) -> Digest:
        return digest(self._path)

    def _put(self, table: pa.Table) -> None:
        for start in range(0, table.num_rows, self._rows):
            self._file.write_table(table[start : start + self._rows].combine_chunks())
