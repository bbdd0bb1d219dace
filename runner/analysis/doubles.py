"""Trials that stand in a table more than once, as they do where tables were merged."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from runner.analysis.grouping import key_columns, numbered
from runner.analysis.wording import named, plural
from runner.errors import RunnerError

_SAME = ("outcome", "epochs_to_convergence", "epochs_run", "final_loss")  # in rows of trials that ran equally long


def each_once(frame: pd.DataFrame, called: str) -> tuple[pd.DataFrame, list[str]]:
    """Return a table in which each trial stands once, the row with most epochs, and a note on what was left out.

    The shorter run of a trial is the beginning of the longer one. Raises `RunnerError`, which begins with what the
    table is `called`, where the rows of a trial contradict each other.
    """
    keys = key_columns(frame)
    number, _ = numbered(frame, [*keys, "seed"])
    twice = np.bincount(number)[number] > 1
    if not twice.any():
        return frame, []
    rows = frame.loc[twice].assign(_trial=number[twice]).sort_values(["_trial", "epochs_run"], kind="stable")
    longest = rows.drop_duplicates("_trial", keep="last").set_index("_trial").loc[rows["_trial"]].reset_index()
    against = _contradiction(rows.reset_index(drop=True), longest)
    axes = [key for key in keys if frame[key].nunique(dropna=False) > 1]
    if against.any():
        row = longest.iloc[int(np.argmax(against))]
        raise RunnerError(
            f"{called}: {named(row, axes, seed=True)} stands there more than once, and its rows contradict each other, "
            f"as trials of different experiments do; choose one by where, or add the key that differs as a column"
        )
    kept = ~twice
    kept[rows.drop_duplicates("_trial", keep="last").index] = True
    left = frame[~kept]
    longer = (rows["epochs_run"].to_numpy() != longest["epochs_run"].to_numpy()).any()
    note = (
        f"{plural(len(left), 'row')} {'are' if len(left) > 1 else 'is'} left out, of trials that stand in the table "
        f"once more{', for more epochs' if longer else ''}: first {named(left.iloc[0], axes, seed=True)}."
    )
    return frame[kept].reset_index(drop=True), [note]


def _contradiction(rows: pd.DataFrame, longest: pd.DataFrame) -> NDArray[np.bool_]:
    """Whether a row cannot be of the same trial as another that ran at least as long."""
    as_long = (rows["epochs_run"] == longest["epochs_run"]).to_numpy()
    differs = np.zeros(len(rows), np.bool_)
    for name in _SAME:
        one, other = rows[name], longest[name]
        differs |= ~((one == other).fillna(False) | (one.isna() & other.isna())).to_numpy(np.bool_)
    time = longest["epochs_to_convergence"].to_numpy(np.float64, na_value=np.inf)
    own = rows["epochs_to_convergence"].to_numpy(np.float64, na_value=np.inf)
    earlier = np.where(rows["converged"], own != time, time <= rows["epochs_run"])
    ended = (rows["outcome"] == "diverged").to_numpy() & (longest["outcome"] != "diverged").to_numpy()
    return np.where(as_long, differs, (earlier & (longest["outcome"] != "diverged").to_numpy()) | ended)
