"""The trials that an analysis is of: read from anywhere, chosen, each of them once, and what was left out."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from runner.analysis.doubles import each_once
from runner.errors import RunnerError
from runner.tables.loading import Results, check_contents, check_sizes, load, typed_trials
from runner.tables.streaming import Table
from runner.tables.where import select


@dataclass(frozen=True, eq=False)
class Rows:
    """A row a trial, and what there is to say of them.

    `name` is the experiment's, blank where it is not known. `stopped` says whether trials ended at convergence; then
    `budget` has the epochs that each of them had, as far as that is known. `notes` are sentences on what was left out
    or does not fit.
    """

    frame: pd.DataFrame
    name: str
    stopped: bool
    budget: NDArray[np.float64] | None
    notes: tuple[str, ...]


def read_rows(results: Table, where: str = "") -> Rows:
    """Return the trials of a folder, a table of trials or a DataFrame that `where` chooses.

    Raises `RunnerError` for what is missing, damaged, not ours, empty, or contradicts itself or its manifest.
    """
    found, manifest, notes = _read(results)
    called = "this table" if isinstance(results, pd.DataFrame) else str(found.path)
    frame = found.trials
    if frame.empty:
        raise RunnerError(f"{called} holds no trials; a sweep that has ended leaves a row for each")
    _check(frame, called)
    if where.strip():
        frame = frame[select(frame, where)]
        if frame.empty:
            raise RunnerError(f"{called} has no trial where {where}")
    frame, repeated = each_once(frame.reset_index(drop=True), called)
    said = manifest["spec"]["convergence"].get("stop") if manifest else None
    stopped = _stopped(frame) or bool(said) or bool("stop" in frame and (frame["stop"] == True).any())  # noqa: E712
    name = manifest["spec"]["name"] if manifest else ""
    return Rows(frame, name, stopped, _budget(frame, manifest) if stopped else None, (*notes, *repeated))


def _read(results: Table) -> tuple[Results, dict[str, Any] | None, list[str]]:
    if isinstance(results, pd.DataFrame):
        return Results(typed_trials(results), None, pd.DataFrame(), None, Path()), None, []
    if isinstance(results, Results):
        return results, results.manifest, []
    path, found = Path(results), load(results)
    if path.is_dir():
        if found.manifest is None:
            return found, None, [f"{path} has no manifest.json: its sweep has not ended, or files were left behind."]
        for name in found.manifest["files"]:
            if name.startswith("trials."):
                check_contents(path, found.manifest, name)
        return found, found.manifest, []
    if found.manifest is None or path.name not in found.manifest["files"]:
        return found, None, []
    try:
        check_sizes(path.parent, found.manifest)
        check_contents(path.parent, found.manifest, path.name)
    except RunnerError:
        return found, None, [f"The manifest.json beside {path} is of another table, and is left aside."]
    return found, found.manifest, []


def _check(frame: pd.DataFrame, called: str) -> None:
    """Raise `RunnerError` where columns that say the same do not agree."""
    converged = frame["converged"].to_numpy(np.bool_)
    epochs = frame["epochs_to_convergence"]
    for wrong, what in (
        (converged != (frame["outcome"] == "converged").to_numpy(), "outcome and converged do not agree"),
        (converged != epochs.notna().to_numpy(), "converged and epochs_to_convergence do not agree"),
        ((epochs > frame["epochs_run"]).fillna(False).to_numpy(np.bool_), "it converged after its last epoch"),
    ):
        if wrong.any():
            row = int(np.argmax(wrong))
            raise RunnerError(f"{called}: row {row + 1:,} cannot be a trial of ours: {what}")


def _budget(frame: pd.DataFrame, manifest: dict[str, Any] | None) -> NDArray[np.float64]:
    """The epochs that a trial had, were it not stopped: its key, the experiment's, or the most that any trial ran."""
    most = manifest["spec"]["training"]["epochs"] if manifest else frame["epochs_run"].max()
    if "epochs" not in frame:
        return np.full(len(frame), float(most))
    return frame["epochs"].fillna(most).to_numpy(np.float64)


def _stopped(frame: pd.DataFrame) -> bool:
    """Whether trials ended where they converged, at epochs that are no budget of others."""
    epochs = frame["epochs_to_convergence"].to_numpy(np.float64, na_value=np.inf)
    run, converged = frame["epochs_run"].to_numpy(np.float64), frame["converged"].to_numpy(np.bool_)
    ended = run[epochs == run]
    return bool((~np.isin(ended, run[~converged]) & (ended < run.max())).any())
