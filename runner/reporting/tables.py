"""The tables of the page: configurations, effects of the axes, and how many seeds are enough."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from runner.analysis.analysis import Analysis
from runner.labels import short
from runner.reporting.words import DASH, MINUS, number, percent

ROWS = 500  # of the table of configurations


@dataclass(frozen=True)
class Cell:
    """What stands in a cell, and by what it is sorted: a number, or a word; nothing where the value is missing."""

    text: str
    key: Any = None


@dataclass(frozen=True)
class PageTable:
    """A caption, a header and rows of cells; the first `names` cells of a row name it."""

    caption: str
    header: tuple[str, ...]
    rows: list[tuple[Cell, ...]]
    names: int
    note: str = ""


def configurations(found: Analysis) -> PageTable:
    """Return the configurations; of very many those with the fewest expected epochs to a first success."""
    frame, keys = found.configurations, list(found.axes)
    note = ""
    if len(frame) > ROWS:
        order = frame.sort_values(["expected_epochs", "convergence_rate"], ascending=[True, False], kind="stable")
        frame = order.head(ROWS).sort_index()
        note = (
            f"These are the {ROWS} of {len(found.configurations):,} configurations with the fewest expected epochs to "
            f"a first success; analyze gives all of them."
        )
    several = len(found.configurations) > 1
    columns: dict[str, list[Cell]] = {}
    for key in keys:
        columns[short(key)] = [_cell(value) for value in frame[key].tolist()]
    columns["trials"] = _cells(frame["trials"])
    columns["converged, %"] = [Cell(percent(rate), _key(rate)) for rate in frame["convergence_rate"]]
    columns["95 % interval"] = _interval(frame, "convergence", share=True)
    if frame["diverged"].any():
        columns["diverged"] = _cells(frame["diverged"])
    if frame["converged"].any():
        columns["median epochs"] = _cells(frame["epochs_q50"])
        columns["median, interval"] = _interval(frame, "epochs_q50")
        columns["expected epochs"] = _cells(frame["expected_epochs"])
        columns["expected, interval"] = _interval(frame, "expected_epochs")
        if frame["cutoff"].notna().any():
            columns["best restart cutoff"] = _cells(frame["cutoff"])
            columns["expected with restarts"] = _cells(frame["restart_epochs"])
    if frame["solved_loss_q50"].notna().any():
        columns["median loss, converged"] = _cells(frame["solved_loss_q50"])
    if frame["stuck_loss_q50"].notna().any():
        columns["median loss, others"] = _cells(frame["stuck_loss_q50"])
    if several and found.best is not None:
        columns["tied with the best"] = [_cell(None if value is pd.NA else bool(value)) for value in frame["together"]]
    return _table("What the seeds of each configuration did", columns, len(keys), note)


def effects(found: Analysis) -> PageTable | None:
    """Return what each value of each axis does to the convergence rate."""
    frame = found.effects
    if frame.empty:
        return None
    columns = {
        "axis": [Cell(short(axis), short(axis)) for axis in frame["axis"]],
        "value": [_cell(value) for value in frame["value"].tolist()],
        "trials": _cells(frame["trials"]),
        "converged, %": [Cell(percent(rate), _key(rate)) for rate in frame["rate"]],
        "95 % interval": _interval(frame, "rate", share=True),
        "from the first, points": [_points(value) for value in frame["difference"]],
        "from the first, interval": [
            Cell(DASH if low != low or low == high == 0 else f"{_signed(low)} to {_signed(high)}", _key(low))
            for low, high in zip(frame["difference_low"], frame["difference_high"], strict=True)
        ],
    }
    return _table("Convergence by each axis, over the balanced part of the grid", columns, 2)


def enough(found: Analysis) -> PageTable | None:
    """Return what so many seeds are good for."""
    frame = found.enough
    if len(frame) < 2:
        return None
    columns = {"seeds": _cells(frame["seeds"])}
    shares = {
        "wrong": "another looks best, %",
        "told_apart": "a worse one looks best, %",
        "half_width": "widest half width, points",
        "epochs_spread": "spread of the best epochs, %",
    }
    for name, words in shares.items():
        if frame[name].notna().any():
            columns[words] = [Cell(percent(share), _key(share)) for share in frame[name]]
    return _table("What fewer seeds would have shown, by resampling these", columns, 1)


def _table(caption: str, columns: dict[str, list[Cell]], names: int, note: str = "") -> PageTable:
    return PageTable(caption, tuple(columns), list(zip(*columns.values(), strict=True)), names, note)


def _key(value: Any) -> Any:
    return None if value is None or value is pd.NA or value != value else value


def _cell(value: Any) -> Cell:
    return Cell("as drawn" if value is None or value != value else number(value), _key(value))


def _cells(values: "pd.Series[Any]") -> list[Cell]:
    return [Cell(number(value), _key(value)) for value in values]


def _interval(frame: pd.DataFrame, name: str, *, share: bool = False) -> list[Cell]:
    """Return intervals as cells that are sorted by their lower ends; one without an upper end is open."""
    found = []
    for low, high in zip(frame[f"{name}_low"], frame[f"{name}_high"], strict=True):
        if _key(low) is None or low == float("inf"):
            found.append(Cell(DASH))
        elif share:
            found.append(Cell(f"{percent(low)} to {percent(high)}", low))
        else:
            found.append(Cell(f"{number(low)} to {'beyond' if _key(high) is None else number(high)}", low))
    return found


def _points(value: float) -> Cell:
    return Cell(DASH if value != value or value == 0 else _signed(value), _key(value))


def _signed(value: float) -> str:
    return f"{100 * value:+.1f}".replace("-", MINUS)
