"""One row of a table of trials: what it says, and the one configuration and seed that made it."""

import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from numpy.typing import NDArray

from runner.errors import RunnerError
from runner.experiment.reading import read
from runner.experiment.spec import SWEEPABLE, Experiment, Grid
from runner.experiment.weight_axes import parsed
from runner.planning.plan import plan
from runner.tables.columns import is_key, trial_columns, trial_kind
from runner.tables.loading import trials_file
from runner.tables.manifest import read_manifest
from runner.tables.streaming import stream

Cell = float | int | bool | str | None


@dataclass(frozen=True)
class Trial:
    """One training: an experiment without axes, a seed, and the initial weights that an axis set, as "W1[0,1]"."""

    experiment: Experiment
    seed: int
    weights: dict[str, float]


@dataclass(frozen=True, eq=False)
class Row:
    """A row of a table, and what is recorded of its trial beside the table.

    `cells` are those of the result columns by name, None where empty; `curve` the losses by epoch, and `trained` the
    final weights by name, both empty where they are not recorded. `kernel_hash` is that of the kernels which made it.
    """

    table: Path
    number: int
    trial: Trial
    cells: dict[str, Cell]
    curve: dict[int, float | None]
    trained: dict[str, NDArray[np.float64]]
    kernel_hash: str


def row(results: str | os.PathLike[str], number: int) -> Row:
    """Find a trial's row in a folder of results, or in its trials.csv or trials.parquet.

    Raises `RunnerError` where there is no such row, no manifest to say what made it, or where the two contradict.
    """
    path = Path(results)
    file = trials_file(path)
    manifest = read_manifest(file.parent)
    if manifest is None or file.name not in manifest["files"]:
        raise RunnerError(
            f"{file}: only a manifest.json beside it could tell what made its rows, and there is none of this table; "
            "give the folder that the sweep left"
        )
    experiment = _experiment(file, manifest)
    laid_out = plan(experiment)
    if not 0 <= number < laid_out.trials:
        raise RunnerError(f"{file}: there is no trial {number}; its trials are 0 to {laid_out.trials - 1}")
    cells = _cells(path, file, experiment, number)
    configurations, seeds = laid_out.locate(np.array([number]))
    values = {key: array[0] for key, array in laid_out.values(configurations).items()}
    trial = pinned(experiment, values, int(seeds[0]))
    _check(file, number, trial, cells)
    return Row(
        table=file,
        number=number,
        trial=trial,
        cells={name: cell for name, cell in cells.items() if name != "trial" and not _decides(name)},
        curve=_curve(file.parent, number) if experiment.record.curve else {},
        trained=_trained(file.parent, trial, number) if experiment.record.weights else {},
        kernel_hash=str(manifest.get("kernel_hash")),
    )


def pinned(experiment: Experiment, values: Mapping[str, Any], seed: int) -> Trial:
    """The trial of one configuration of an experiment; `values` are those of the swept keys."""
    said = {key: value.item() if isinstance(value, np.generic) else value for key, value in values.items()}
    tables = {
        table: getattr(experiment, table).model_copy(
            update={key: value for key, value in said.items() if SWEEPABLE.get(key) == table}
        )
        for table in dict.fromkeys(SWEEPABLE.values())
    }
    weights = {key: value for key, value in said.items() if parsed(key) and value == value}
    return Trial(replace(experiment, **tables, grids=(Grid((), (seed,)),)), seed, weights)


def _experiment(file: Path, manifest: Mapping[str, Any]) -> Experiment:
    try:
        return read(manifest["spec"])
    except (RunnerError, KeyError, TypeError) as error:
        raise RunnerError(f"{file.with_name('manifest.json')}: its spec cannot be used ({error})") from None


def _cells(path: Path, file: Path, experiment: Experiment, number: int) -> dict[str, Cell]:
    table, names = stream(path), trial_columns(experiment)
    if missing := [name for name in names if name not in table.names]:
        raise RunnerError(f"{file}: it has no column {missing[0]}, which there should be by its manifest.json")
    for rows in table.chosen(names, f"trial == {number}"):
        if len(rows):
            cells: dict[str, Cell] = rows.slice(0, 1).to_pylist()[0]
            return {name: _whole(cell) if trial_kind(name) == "whole" else cell for name, cell in cells.items()}
    raise RunnerError(f"{file}: it has no row of trial {number}, which there should be by its manifest.json")


def _whole(cell: Cell) -> Cell:
    """A count as such; a reader takes a column with empty cells for numbers with a fraction."""
    return int(cell) if isinstance(cell, float) and cell.is_integer() else cell


def _decides(name: str) -> bool:
    """Whether a column holds a part of what decides a trial."""
    return name in ("task", "seed") or is_key(name)


def _check(file: Path, number: int, trial: Trial, cells: Mapping[str, Cell]) -> None:
    """Raise `RunnerError` where the row names another configuration or seed than the manifest has in its place."""
    experiment = trial.experiment
    for name in filter(_decides, cells):
        said: Any = {"task": experiment.task.name, "seed": trial.seed}.get(name, trial.weights.get(name))
        if name in SWEEPABLE:
            said = getattr(getattr(experiment, SWEEPABLE[name]), name)
        if cells[name] != said and str(cells[name]) != str(said):  # a column of scales is text if one of them is
            raise RunnerError(
                f"{file}: trial {number} has {name} = {cells[name]}, and by its manifest.json it is {said}; the table "
                "and the manifest do not belong together"
            )


def _curve(folder: Path, number: int) -> dict[int, float | None]:
    path, types = folder / "curves.csv", {"trial": pa.int64(), "epoch": pa.int64(), "loss": pa.float64()}
    options = pyarrow.csv.ConvertOptions(column_types=types, include_columns=list(types))
    found: dict[int, float | None] = {}
    try:
        with pyarrow.csv.open_csv(path, convert_options=options) as batches:
            for batch in batches:
                own = batch.filter(pc.equal(batch["trial"], number))
                found |= dict(zip(own["epoch"].to_pylist(), own["loss"].to_pylist(), strict=True))
    except (pa.ArrowException, OSError) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise RunnerError(f"{path}: cannot be read as loss curves: {reason}") from None
    return found


def _trained(folder: Path, trial: Trial, number: int) -> dict[str, NDArray[np.float64]]:
    task, network = trial.experiment.task, trial.experiment.network
    shape = f"{len(task.inputs[0])}-{network.hidden}-{len(task.targets[0])}"
    path = folder / f"weights-{shape}{'-bias' * network.bias}.npz"
    try:
        with np.load(path, allow_pickle=False) as arrays:
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in arrays.zip.infolist()):
                raise ValueError("it is compressed, and may be of any size")
            (place,) = np.flatnonzero(arrays["trial"] == number)
            return {name: arrays[name][place] for name in arrays.files if name != "trial"}
    except Exception as error:  # of a damaged archive, zipfile and NumPy raise some ten kinds
        reason = str(error).partition("\n")[0]
        raise RunnerError(f"{path}: cannot be read as the weights of trial {number}: {reason}") from None
