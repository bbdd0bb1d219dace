"""Rows of finished tables, read back as the columns that chunks have: the same bits, whatever the tables show of them.

What is not finite is empty in a table, and comes back as NaN: written again, it is empty again.
"""

import hashlib
import os
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from numpy.typing import NDArray

from runner.errors import RunnerError
from runner.planning.chunks import Shape, Shapes
from runner.planning.plan import Plan
from runner.planning.product import Numbers
from runner.sweeping.rows import Rows
from runner.sweeping.store import Columns
from runner.tables.cells import TYPES
from runner.tables.columns import OUTCOMES, Kind, answer_columns, swept, trial_kinds
from runner.tables.streaming import stream

_BLOCK = 2**22  # bytes of CSV at a time
_NOT_OUTCOMES = ("trial", "task", "seed", "outcome", "converged")  # known beforehand, or from `diverged` and epochs
_CALLED = {"final_loss": "loss"}


def finished_rows(folder: Path, manifest: dict[str, Any], plan: Plan) -> Iterator[Rows]:
    """The rows of a results folder, whose plan this is, those of each shape in order.

    Raises `RunnerError` where a file is not the one that the manifest was written of.
    """
    for name, entry in manifest["files"].items():
        with (folder / name).open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != entry["sha256"]:
                raise RunnerError(f"{folder / name}: is not the file that manifest.json was written of")
    shapes, first = Shapes(plan), 0
    curves, weights = _Curves(folder, plan.experiment.record.curve), _Weights(folder, plan)
    for table in stream(folder).read(_names(plan)):
        trials = np.arange(first, first + len(table))
        if not np.array_equal(_array(table["trial"], "whole"), trials):
            raise RunnerError(f"{folder}: the trials of its table are not those of its manifest")
        first += len(table)
        columns = _columns(plan, table)
        columns["losses"] = curves.next(columns["epochs_run"])
        kinds = shapes.numbers(plan.locate(trials)[0])
        flat = weights.next(kinds, shapes.found)
        for kind in map(int, np.unique(kinds)):
            here = kinds == kind
            found = {name: array[here] for name, array in columns.items()} | {"weights": flat[kind]}
            yield Rows(shapes.found[kind], trials[here], found)
    if first != plan.trials:
        raise RunnerError(f"{folder}: the trials of its table are not those of its manifest")


def _plain(plan: Plan) -> list[str]:
    """The columns of the table that hold outcomes, one each."""
    outputs, probes = answer_columns(plan.experiment)
    known = {*_NOT_OUTCOMES, *swept(plan.experiment), *outputs, *probes}
    return [name for name in trial_kinds(plan.experiment) if name not in known]


def _names(plan: Plan) -> list[str]:
    outputs, probes = answer_columns(plan.experiment)
    return ["trial", "outcome", *_plain(plan), *outputs, *probes]


def _columns(plan: Plan, table: pa.Table) -> Columns:
    kinds = trial_kinds(plan.experiment)
    columns: Columns = {_CALLED.get(name, name): _array(table[name], kinds[name]) for name in _plain(plan)}
    columns["diverged"] = _array(pc.equal(table["outcome"], OUTCOMES[2]), "flag")
    for name, names in zip(("outputs", "probes"), answer_columns(plan.experiment), strict=True):
        columns[name] = np.empty((len(table), len(names)))
        for place, answer in enumerate(names):
            columns[name][:, place] = _array(table[answer], "real")
    return columns


def _array(values: pa.ChunkedArray, kind: Kind) -> NDArray[Any]:
    """A column of a table as an array; -1 or NaN where it is empty."""
    values = values.cast(TYPES[kind])
    array: NDArray[Any] = (values.fill_null(-1) if kind == "whole" else values).to_numpy()
    return array


class _Curves:
    """curves.csv, read beside the table of trials."""

    def __init__(self, folder: Path, epochs: tuple[int, ...]) -> None:
        self._epochs = np.array(epochs, np.int64)
        self._blocks = self._read(folder / "curves.csv") if epochs else iter(())
        self._trial, self._loss = np.empty(0, np.int64), np.empty(0)

    def _read(self, path: Path) -> Iterator[tuple[Numbers, NDArray[np.float64]]]:
        types = {"trial": TYPES["whole"], "epoch": TYPES["whole"], "loss": TYPES["real"]}
        options = pyarrow.csv.ConvertOptions(column_types=types, include_columns=["trial", "loss"])
        with pyarrow.csv.open_csv(path, pyarrow.csv.ReadOptions(block_size=_BLOCK), convert_options=options) as blocks:
            for block in blocks:
                rows = pa.Table.from_batches([block])
                yield _array(rows["trial"], "whole"), _array(rows["loss"], "real")

    def next(self, epochs_run: Numbers) -> NDArray[np.float64]:
        """The losses (trials, epochs) of the trials that follow; NaN past a stop."""
        losses = np.full((len(epochs_run), len(self._epochs)), np.nan)
        ran = self._epochs[None, :] <= epochs_run[:, None]
        count = int(ran.sum())
        trial, loss = [self._trial], [self._loss]
        while sum(map(len, trial)) < count:
            more = next(self._blocks)
            trial.append(more[0])
            loss.append(more[1])
        self._trial, self._loss = np.concatenate(trial), np.concatenate(loss)
        losses[ran], self._trial, self._loss = self._loss[:count], self._trial[count:], self._loss[count:]
        return losses


class _Weights:
    """The files of weights, one a network, read beside the table of trials."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self._folder, self._recorded = folder, plan.experiment.record.weights
        self._inputs, self._outputs = len(plan.experiment.task.inputs[0]), len(plan.experiment.task.targets[0])
        self._taken: dict[tuple[int, bool], int] = {}

    def next(self, kinds: Numbers, shapes: list[Shape]) -> dict[int, NDArray[np.float64]]:
        """The weights (trials, parameters) of the trials that follow, by the number of their shape."""
        networks: dict[tuple[int, bool], list[int]] = {}
        for kind in map(int, np.unique(kinds)):
            networks.setdefault((shapes[kind].hidden, shapes[kind].bias), []).append(kind)
        found: dict[int, NDArray[np.float64]] = {}
        for network, its in networks.items():
            own = kinds[np.isin(kinds, its)]
            flat = self._rows(network, len(own)) if self._recorded else np.empty((len(own), 0))
            found |= {kind: flat[own == kind] for kind in its}
        return found

    def _rows(self, network: tuple[int, bool], count: int) -> NDArray[np.float64]:
        hidden, bias = network
        taken = self._taken.get(network, 0)
        self._taken[network] = taken + count
        path = self._folder / f"weights-{self._inputs}-{hidden}-{self._outputs}{'-bias' * bias}.npz"
        columns = []
        # Opened anew for each batch: a sweep may have more networks than a process may have open files.
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            for parameter in ("W1", "b1", "W2", "b2") if bias else ("W1", "W2"):
                width = _seek(file, archive.getinfo(f"{parameter}.npy"))
                file.seek(8 * width * taken, os.SEEK_CUR)
                columns.append(np.frombuffer(file.read(8 * width * count), np.float64).reshape(count, width))
        return np.hstack(columns)


def _seek(file: IO[bytes], entry: zipfile.ZipInfo) -> int:
    """Go to the first row of an array that stands in an archive as it is; the numbers in a row."""
    file.seek(entry.header_offset + 26)
    file.seek(sum(struct.unpack("<HH", file.read(4))), os.SEEK_CUR)
    np.lib.format.read_magic(file)
    shape, _, _ = np.lib.format.read_array_header_1_0(file)
    return int(np.prod(shape[1:], dtype=np.int64))
