"""Two axes of a table of trials as an array, read batch by batch: memory grows with the cells, not with the trials."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from runner.errors import RunnerError
from runner.messages import nearest
from runner.tables.axes import as_numbers, check_axes, refuse_others
from runner.tables.columns import is_key
from runner.tables.streaming import Table, stream

EPOCHS = "epochs_to_convergence"
CELLS = 2**27  # of a map, at 16 bytes each while it is read


@dataclass(frozen=True, eq=False)
class Grid:
    """A column over two axes, ascending; arrays are (y values, x values).

    `values` is the mean over the trials of a cell that have the value, NaN where none has; for epochs to convergence a
    trial that did not converge counts as the epochs it ran (the mean restricted to the budget), and a cell where none
    converged is NaN. `trials` counts the trials of a cell, `fixed` holds the other keys' one value each.
    """

    x: str
    y: str
    value: str
    kind: str  # "flag", "whole" or "real"
    xs: list[Any]
    ys: list[Any]
    values: NDArray[np.float64]
    trials: NDArray[np.int32]
    where: str
    fixed: dict[str, Any]
    name: str

    def frame(self) -> pd.DataFrame:
        """The values as a table, a row a value of y and a column a value of x."""
        return pd.DataFrame(self.values, pd.Index(self.ys, name=self.y), pd.Index(self.xs, name=self.x))


def grid(results: Table, x: str, y: str, value: str = EPOCHS, where: str = "") -> Grid:
    """Return a column of a table of trials over two of its axes.

    `results` is a folder of results, a trials.csv or trials.parquet, or such a table in memory; `where` chooses rows
    (`tables.where`). Trials that miss x or y are left out. Raises `RunnerError` for a column that is not there, for
    axes that are none, and where another axis varies beside x and y.
    """
    table = stream(results)
    check_axes(table.names, (x, y), seeds=True)
    if value not in table.names:
        raise RunnerError(f"there is no column {value} to draw; {nearest(value, table.names)}")
    keys = [key for key in table.names if is_key(key)]
    wanted = [*keys, x, y, value, *(["epochs_run"] if value == EPOCHS else [])]
    sums, others, kind = _Sums(), {key: _Levels() for key in keys if key not in (x, y)}, ""
    for rows in table.chosen(wanted, where):
        kind = _kind(rows[value], value)
        for key, levels in others.items():
            levels.codes(rows[key])
        sums.add(rows[x], rows[y], *_numbers(rows, value))
    if not sums.trials.any():
        raise RunnerError(f"there is nothing to draw: no trial has {x} and {y}" + (f" where {where}" if where else ""))
    refuse_others({key: levels.values + [None] * levels.missing for key, levels in others.items()}, (x, y))
    return sums.grid(x, y, value, kind, where, {key: levels.only for key, levels in others.items()}, table.name)


class _Levels:
    """The values of a key in order of first appearance, and their numbers."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self.missing = False
        self._known: pa.Array | None = None

    def codes(self, column: pa.ChunkedArray) -> NDArray[np.int64]:
        """Return the number of each value, -1 where it is missing."""
        column = column.combine_chunks()
        if pa.types.is_floating(column.type):
            column = pc.add(column, 0.0)  # -0.0 is 0.0
        self.missing |= bool(column.null_count)
        new = pc.unique(column).drop_null()
        if self._known is not None:
            new = new.filter(pc.invert(pc.is_in(new, self._known)))
        if len(new):
            self.values += new.to_pylist()
            self._known = pa.array(self.values, column.type)
        if self._known is None:
            return np.full(len(column), -1)
        found = pc.index_in(column, self._known).fill_null(-1)
        return np.asarray(found.to_numpy(zero_copy_only=False), np.int64)

    @property
    def only(self) -> Any:
        """The one value, None where it was missing throughout."""
        return self.values[0] if self.values else None

    def order(self) -> list[int]:
        """Numbers ascending; words stay as they come, which is the order of the experiment."""
        self.values = as_numbers(self.values)
        if isinstance(self.values[0], str):
            return list(range(len(self.values)))
        return sorted(range(len(self.values)), key=self.values.__getitem__)


@dataclass
class _Sums:
    """Sums over the trials of each cell; rows and columns are added as their values appear."""

    x: _Levels = field(default_factory=_Levels)
    y: _Levels = field(default_factory=_Levels)
    total: NDArray[np.float64] = field(default_factory=lambda: np.zeros((1, 1)))
    valid: NDArray[np.int32] = field(default_factory=lambda: np.zeros((1, 1), np.int32))
    trials: NDArray[np.int32] = field(default_factory=lambda: np.zeros((1, 1), np.int32))

    def add(self, x: Any, y: Any, numbers: NDArray[np.float64], valid: NDArray[np.bool_]) -> None:
        """Add rows: their axes, numbers (0 where there is none), and whether the cell has a value by them."""
        columns, rows = self.x.codes(x), self.y.codes(y)
        placed = (columns >= 0) & (rows >= 0)
        place = (rows[placed], columns[placed])
        self._grow(len(self.y.values), len(self.x.values))
        np.add.at(self.total, place, numbers[placed])
        np.add.at(self.valid, place, valid[placed].astype(np.int32))
        np.add.at(self.trials, place, np.int32(1))

    def _grow(self, height: int, width: int) -> None:
        shape = self.total.shape
        if height <= shape[0] and width <= shape[1]:
            return
        if height * width > CELLS:
            raise RunnerError(f"a map of {width:,} x {height:,} cells is too large; choose fewer of them by --where")
        larger = tuple(
            size if wanted <= size else max(wanted, min(2 * size, 2**12))
            for wanted, size in zip((height, width), shape, strict=True)
        )
        for name in ("total", "valid", "trials"):
            held = getattr(self, name)
            setattr(self, name, np.zeros(larger, held.dtype))
            getattr(self, name)[: shape[0], : shape[1]] = held

    def grid(self, x: str, y: str, value: str, kind: str, where: str, fixed: dict[str, Any], name: str) -> Grid:
        """Return the means, axes ascending; each sum is dropped as soon as it is copied."""
        columns, rows = self.x.order(), self.y.order()
        place = np.ix_(rows, columns)
        trials, self.trials = self.trials[place], self.trials[:0]
        values, self.total = self.total[place], self.total[:0]
        none, self.valid = self.valid[place], self.valid[:0]
        values /= np.maximum(trials if value == EPOCHS else none, 1)
        values[none == 0] = np.nan
        xs, ys = ([levels.values[place] for place in order] for levels, order in ((self.x, columns), (self.y, rows)))
        return Grid(x, y, value, kind, xs, ys, values, trials, where, fixed, name)


def _kind(column: pa.ChunkedArray, value: str) -> str:
    kind = column.type
    if pa.types.is_boolean(kind):
        return "flag"
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        raise RunnerError(f"{value} holds words and cannot be drawn; draw converged, {EPOCHS} or final_loss")
    return "whole" if pa.types.is_integer(kind) else "real"


def _numbers(rows: pa.Table, value: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    column = rows[value].combine_chunks()
    valid = np.asarray(column.is_valid().to_numpy(zero_copy_only=False), np.bool_)
    filled = pc.coalesce(column, rows["epochs_run"].combine_chunks()) if value == EPOCHS else column
    numbers = np.asarray(filled.cast(pa.float64()).fill_null(0.0).to_numpy(zero_copy_only=False), np.float64)
    if value == EPOCHS:
        return numbers, valid
    valid &= np.isfinite(numbers)
    return np.where(valid, numbers, 0.0), valid
