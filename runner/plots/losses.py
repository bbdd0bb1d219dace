"""Final losses: the trials that converged and the others apart, configuration by configuration."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from runner.labels import short, text
from runner.plots.groups import Groups, Most, grouped
from runner.plots.lanes import Row, as_points, draw_lanes, legend, margins
from runner.plots.panels import Panels
from runner.plots.style import INK, QUIET
from runner.tables.streaming import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMNS = ("converged", "final_loss", "outcome")
_MOST = Most(groups=36, values=36)
_LOG = 30  # times the smallest loss, from which on losses go by their log
_FLOOR = 1e-18  # a loss of 0 stands here, if none is smaller


def losses(results: Table, by: Sequence[str] | None = None, *, where: str = "", title: str | None = None) -> "Figure":
    """Draw the final loss of every trial, those that converged above each line and the others below it.

    A row for each combination of `by`, or, if left out, of the keys that vary, as far as they fit. Up to 1,200 trials
    are a point each; more are densities as high as their lane, with a line over their range and a dot at the median.
    Raises `RunnerError` as `groups.grouped` does.
    """
    return loss_panels(results, by, where).figure(title)


def loss_panels(results: Table, by: Sequence[str] | None, where: str) -> Panels:
    """Return the one panel of `losses`."""
    groups = grouped(results, by, _COLUMNS, _MOST, where)
    rows = [_row(groups, number) for number in range(len(groups.values))]
    everything = np.concatenate([part for row in rows for part in (row.solved, row.stuck)])
    low, high, log = _scale(everything)

    def draw(axes: "Axes", _: int) -> None:
        draw_lanes(axes, rows, low, high, log)
        if not len(everything):
            axes.text(0.5, 0.5, "every trial diverged", transform=axes.transAxes, ha="center", c=INK, fontsize=9)
            axes.set_xticks([])
        axes.set_xlabel(f"final loss: mean squared error{' (log scale)' if log else ''}")
        heading = ", ".join(short(key) for key in groups.by)
        axes.annotate(heading, (0, 1), (-4, 5), "axes fraction", "offset points", ha="left", fontsize=8.5, color=QUIET)

    return Panels(
        groups.titled("final loss"),
        groups.left_out,
        [""],
        [_words(groups, rows)],
        draw,
        legend(any(len(row.solved) for row in rows), any(len(row.stuck) for row in rows)),
        (6.0, 0.9 + 0.3 * max(len(rows), 3)),
        margins(rows, 0.3 if groups.by else 0.12),
        as_points(rows),
    )


def _row(groups: Groups, number: int) -> Row:
    rows = groups.part(number)
    converged = rows["converged"].to_numpy(np.bool_)
    found = rows["final_loss"].to_numpy(np.float64, na_value=np.nan)
    finite = np.isfinite(found)
    lost = int((~finite).sum())
    name = ", ".join(text(value) for value in groups.values[number])
    return Row(name, found[converged & finite], found[~converged & finite], f"{lost:,} diverged" if lost else "")


def _scale(values: NDArray[np.float64]) -> tuple[float, float, bool]:
    """Return the ends of the scale, and whether it is a log scale."""
    positive = values[values > 0]
    if not len(positive):
        return 0.0, 1.0, False
    low, high = float(positive.min()), float(positive.max())
    if len(positive) < len(values):
        low = min(low, _FLOOR)
    if high / low >= _LOG:
        return low / 1.5, high * 1.5, True
    margin = max(0.05 * (high - low), 0.02 * high)
    return max(0.0, low - margin), high + margin, False


def _words(groups: Groups, rows: Sequence[Row]) -> str:
    said = []
    for number, row in enumerate(rows):
        parts = [
            f"{len(values):,} {what} with a median of {np.median(values):.3g}"
            for what, values in (("converged", row.solved), ("did not", row.stuck))
            if len(values)
        ]
        parts += [row.note] if row.note else []
        said.append(f"{groups.named(number)}: {', '.join(parts)}" if groups.by else ", ".join(parts))
    return "Final loss of the trials that converged and of the others. " + "; ".join(said) + "."
