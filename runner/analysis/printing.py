"""An analysis as text: the answers in words, and short tables of the best, the axes and the seeds."""

import io
import shutil
import sys
from collections.abc import Callable
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table

from runner.analysis.analysis import Analysis
from runner.analysis.wording import epochs, number, percent, points, value_of, with_interval

_HEADINGS = {
    "located": "Is it typical?",
    "rate": "How many converge",
    "epochs": "How long it takes",
    "restarts": "Starting again",
    "loss": "Where they end",
    "fates": "Why the others did not converge",
    "best": "Which is best",
    "axes": "What each axis does",
    "seeds": "How many seeds are enough",
}
_FIRST, _LAST = 8, 4  # configurations that are shown where there are more than both together
_VALUES = 12  # of an axis
_WIDTH = 160  # columns, where the output is no terminal


def as_text(found: Analysis) -> str:
    """Return the answers as text, as wide as the terminal where there is one."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else _WIDTH
    text = io.StringIO()
    console = Console(file=text, width=width, highlight=False, markup=False, emoji=False)
    title = [found.name] * bool(found.name) + [f"where {found.where}"] * bool(found.where)
    if title:
        console.print(", ".join(title))
    for section, said in {"notes": found.notes, **found.sentences}.items():
        if section in _HEADINGS:
            console.print(f"\n{_HEADINGS[section]}")
        for sentence in said:
            console.print(("Note: " if section == "notes" else "") + sentence)
        if section in _TABLES and (table := _TABLES[section](found, width)) is not None:
            console.print(table)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines())


def _configurations(found: Analysis, width: int) -> Table | None:
    """The best configurations and the worst, or all where they are few; as many columns as fit."""
    count, places = len(found.configurations), _ranked(found)
    few = count <= _FIRST + _LAST
    rows = found.configurations.iloc[places if few else places[:_FIRST] + places[-_LAST:]]
    records = rows.to_dict("records")
    columns: dict[str, list[str]] = {axis: [value_of(row[axis]) for row in records] for axis in found.axes}
    columns[""] = ["=" if row["together"] is True else "" for row in records]
    for name, heading, form in _SHOWN:
        columns[heading] = [_cell(row, name, form) for row in records]
    while len(columns) > len(found.axes) + 2 and _width(columns) > width:
        columns.popitem()
    table = Table(box=None, caption_justify="left", header_style="", caption_style="")
    for heading in columns:
        table.add_column(heading, justify="right", no_wrap=True)
    for place, cells in enumerate(zip(*columns.values(), strict=True)):
        if not few and place == _FIRST:
            table.add_row(*["…"] * len(columns))
        table.add_row(*cells)
    marks = ["= cannot be told from the best"] * (found.best is not None)
    table.caption = "; ".join(marks + [f"{count - _FIRST - _LAST:,} more with --json"] * (not few)) or None
    return table


_SHOWN: tuple[tuple[str, str, Callable[[float], str]], ...] = (
    ("convergence_rate", "converge", percent),
    ("epochs_q50", "median epochs", epochs),
    ("expected_epochs", "epochs to a success", epochs),
    ("restart_epochs", "with a cutoff", epochs),
    ("solved_loss_q50", "loss, solved", number),
    ("stuck_loss_q50", "loss, stuck", number),
)


def _ranked(found: Analysis) -> list[int]:
    """The configurations, best first; where none is best, by loss unless trials stopped where they converged."""
    if found.best is not None:
        return [int(place) for place in found.best.table["configuration"]]
    by = {"convergence_rate": False} | ({} if found.stopped else {"stuck_loss_q50": True})
    ranked = found.configurations.sort_values(list(by), ascending=list(by.values()), kind="stable")
    return [int(place) for place in ranked.index.to_numpy()]


def _axes(found: Analysis, _: int) -> Table | None:
    """The values of the axes that have few."""
    table = Table(box=None, header_style="")
    for name in ("axis", "value", "converge", "points from the first"):
        table.add_column(name, justify="left" if name == "axis" else "right", no_wrap=True)
    for axis, part in found.effects.groupby("axis", sort=False):
        for place, row in enumerate(part.to_dict("records") if len(part) <= _VALUES else []):
            change = with_interval(row, "difference", _signed) if place else ""
            rate = with_interval(row, "rate", percent)
            table.add_row("" if place else str(axis), value_of(row["value"]), rate, change)
    return table if table.rows else None


def _seeds(found: Analysis, _: int) -> Table | None:
    """What fewer seeds would have shown."""
    if len(found.configurations) == 1:
        return None
    table = Table(box=None, header_style="")
    for name in ("seeds", "another looks best", "a worse one does", "widest interval", "median interval"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in found.enough.to_dict("records"):
        shares = ("" if pd.isna(row[name]) else percent(row[name]) for name in ("wrong", "told_apart"))
        widths = (f"±{points(row[name])}" for name in ("half_width", "half_width_median"))
        table.add_row(f"{row['seeds']:,}", *shares, *widths)
    return table


_TABLES = {"best": _configurations, "axes": _axes, "seeds": _seeds}


def _cell(row: Any, name: str, form: Callable[[float], str]) -> str:
    """A value, with its interval where it has one."""
    if pd.isna(row[name]):
        return ""
    if name.endswith("_loss_q50"):
        return form(float(row[name]))
    return with_interval(row, name, form)


def _signed(share: float) -> str:
    return f"{100 * share:+.1f}"


def _width(columns: dict[str, list[str]]) -> int:
    return sum(2 + max(map(len, [heading, *cells])) for heading, cells in columns.items())
