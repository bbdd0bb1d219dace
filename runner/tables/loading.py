"""Reading result tables back, with exact floats and the right types."""

import csv
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from runner.errors import RunnerError
from runner.tables.cells import TYPES
from runner.tables.columns import OUTCOMES, RESULTS, SUMMARY, Kind, is_key, trial_kind
from runner.tables.manifest import read_manifest, size

_TABLES = ("trials.csv", "trials.parquet")
_NEEDED = {"trial", "task", "hidden", "learning_rate", *RESULTS}
_NULLABLE = {"epochs_to_convergence", *(name for name in SUMMARY if name.startswith("epochs_q"))}


@dataclass(frozen=True, eq=False)
class Results:
    """Tables of a sweep: a row a trial, a row a configuration.

    `configurations` holds each configuration's hash and swept keys; without a summary, which alone has hashes, they are
    missing there. `path` is what was loaded.
    """

    trials: pd.DataFrame
    summary: pd.DataFrame | None
    configurations: pd.DataFrame
    manifest: dict[str, Any] | None
    path: Path


def load(path: str | PathLike[str]) -> Results:
    """Return the tables of a folder of results, or of its trials.csv or trials.parquet.

    A file of any other name is read alone. Raises `RunnerError` for what is missing, damaged or not ours.
    """
    path = Path(path)
    trials = trials_file(path)
    folder = trials.parent
    manifest = read_manifest(folder) if trials.name in _TABLES else None
    if manifest is not None and path == folder:
        check_sizes(folder, manifest)
    frame = _trials(trials)
    summary = None
    if trials.name in _TABLES and (folder / "summary.csv").is_file():
        summary = _frame(folder / "summary.csv", _summary_kind, {"configuration", *SUMMARY})
    keys = [name for name in frame.columns if is_key(name)]
    if summary is None:
        configurations = frame[keys].drop_duplicates(ignore_index=True)
        configurations.insert(0, "configuration", pa.nulls(len(configurations), TYPES["word"]).to_pandas())
    else:
        configurations = summary[["configuration", *(name for name in summary.columns if is_key(name))]]
    return Results(frame, summary, configurations, manifest, path)


def trials_file(path: Path) -> Path:
    """Return the table of trials that a path, or the folder it names, holds."""
    if path.is_file():
        return path
    if not path.exists():
        raise RunnerError(f"{path}: there is no such file or folder; give a folder of results, or its trials.csv")
    listed = (read_manifest(path) or {"files": ()})["files"]
    there = [path / name for name in _TABLES if (path / name).is_file()]
    if not there:
        hint = "; the same sweep command carries on with it" if (path / "unfinished").is_dir() else ""
        raise RunnerError(f"{path}: there is no trials.csv or trials.parquet in this folder{hint}")
    return min(there, key=lambda file: file.name not in listed)


def check_sizes(folder: Path, manifest: dict[str, Any]) -> None:
    """Raise `RunnerError` where a file is not as large as the manifest says."""
    for name in {*_TABLES, "summary.csv"} & {*manifest["files"]}:
        if size(folder / name) != manifest["files"][name]["bytes"]:
            raise RunnerError(
                f"{folder / name}: its size is not what manifest.json says; run the sweep again, or load {_TABLES[0]} "
                f"by its own path to take it as it is"
            )


def check_contents(folder: Path, manifest: dict[str, Any], name: str) -> None:
    """Raise `RunnerError` where a file is not, byte for byte, the one that the manifest was written of."""
    with (folder / name).open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != manifest["files"][name]["sha256"]:
            raise RunnerError(
                f"{folder / name}: its contents (SHA-256) are not what manifest.json says; run the sweep again, or "
                f"give {name} by its own path to take it as it is"
            )


def typed_trials(frame: pd.DataFrame, called: str = "this table") -> pd.DataFrame:
    """Return a table of trials that is in memory, its columns of the types that `load` gives; others stay as they are.

    Raises `RunnerError`, which begins with what the table is `called`.
    """
    names = [str(name) for name in frame]
    try:
        _check_names(names, _NEEDED)
        ours = [name for name in names if trial_kind(name)]
        plain = pa.table({name: _plain(frame[name], name) for name in ours})
        typed = _typed_frame(plain, trial_kind)
    except (pa.ArrowException, ValueError, TypeError) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise RunnerError(f"{called}: is no table of trials: {reason}") from None
    _set_outcomes(typed, called)
    others = frame[[name for name in frame if str(name) not in ours]].reset_index(drop=True)
    return pd.concat([typed, others], axis="columns") if len(others.columns) else typed


def _plain(values: "pd.Series[Any]", name: str) -> pa.Array:
    if name == "scale":  # numbers may stand beside the name of a rule
        values = values.map(lambda scale: scale if scale != scale else str(scale)).astype("str")
    return pa.array(values, from_pandas=True)


def _trials(path: Path) -> pd.DataFrame:
    frame = _frame(path, trial_kind, _NEEDED)
    _set_outcomes(frame, str(path))
    return frame


def _set_outcomes(frame: pd.DataFrame, called: str) -> None:
    frame["outcome"] = frame["outcome"].cat.set_categories(OUTCOMES)
    if frame["outcome"].isna().any():
        raise RunnerError(f"{called}: column outcome holds other words than {', '.join(OUTCOMES)}")


def _frame(path: Path, kind: Callable[[str], Kind | None], needed: set[str]) -> pd.DataFrame:
    try:
        table = (_parquet if path.suffix == ".parquet" else _csv)(path, kind, needed)
        return _typed_frame(table, kind)
    except (pa.ArrowException, OSError, ValueError, csv.Error) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise RunnerError(f"{path}: cannot be read as a table of results: {reason}") from None


def _typed_frame(table: pa.Table, kind: Callable[[str], Kind | None]) -> pd.DataFrame:
    columns = {name: _typed(table[name], name, kind(name)) for name in table.column_names}
    frame: pd.DataFrame = pa.table(columns).to_pandas()
    for name, values in columns.items():
        empty = values.null_count > 0
        if name in _NULLABLE or (empty and kind(name) == "whole"):
            frame[name] = frame[name].astype("Int64")
        elif empty and kind(name) == "flag":
            frame[name] = frame[name].astype("boolean")
    return frame


def _parquet(path: Path, _: Callable[[str], Kind | None], needed: set[str]) -> pa.Table:
    with pq.ParquetFile(path) as file:
        _check_names(file.schema_arrow.names, needed)
        return file.read()


def _csv(path: Path, kind: Callable[[str], Kind | None], needed: set[str]) -> pa.Table:
    with path.open(encoding="utf-8-sig", newline="") as text:
        names = next(csv.reader(text), [])
    _check_names(names, needed)
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        if file.read() != b"\n":
            raise ValueError("its last line is cut off")
    # A block has to hold a row, and a table of a wide task has rows of megabytes.
    reading = pyarrow.csv.ReadOptions(block_size=max(2**22, 64 * len(names)))
    kinds = {name: kind(name) for name in names}
    types = {name: TYPES["word" if name == "scale" else kind] for name, kind in kinds.items() if kind}
    types["configuration"] = TYPES["word"]  # some hashes look like numbers
    try:
        return pyarrow.csv.read_csv(path, reading, convert_options=pyarrow.csv.ConvertOptions(column_types=types))
    except pa.ArrowInvalid:  # pandas writes whole numbers as 3.0 once a cell of their column is empty
        types |= {name: TYPES["real"] for name, kind in kinds.items() if kind == "whole"}
        return pyarrow.csv.read_csv(path, reading, convert_options=pyarrow.csv.ConvertOptions(column_types=types))


def _check_names(names: list[str], needed: set[str]) -> None:
    if missing := sorted(needed - set(names)):
        raise ValueError(f"it has no column {missing[0]}")
    if len(set(names)) < len(names):
        raise ValueError(f"it has two columns {max(names, key=names.count)}")


def _typed(values: pa.ChunkedArray, name: str, kind: Kind | None) -> pa.ChunkedArray:
    if kind is None:
        return values
    if pa.types.is_dictionary(values.type):  # pandas keeps its categories in a Parquet file
        values = values.cast(values.type.value_type)
    if name == "scale":  # a number, or the name of a rule
        try:
            return values.cast(TYPES["real"])
        except pa.ArrowInvalid:
            kind = "word"
    if kind != "real" and values.null_count and name not in _NULLABLE and not is_key(name):
        raise ValueError(f"column {name} has empty cells")
    return values.dictionary_encode() if kind == "word" else values.cast(TYPES[kind])


def _summary_kind(name: str) -> Kind | None:
    return SUMMARY.get(name) or (trial_kind(name) if is_key(name) else None)
