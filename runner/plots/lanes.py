"""Rows of two lanes each: what the trials that converged have above the line, what the others have below it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from runner.plots.style import GRID, INK, QUIET, SOLVED, STUCK, plain_numbers, quiet

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

POINTS = 1200  # of a picture; where there are more, each lane is a density
_BINS = 70
_HEIGHT = 0.4  # of a lane; a row is 1 high


@dataclass(frozen=True, eq=False)
class Row:
    """The values of the trials that converged (solved) and of the others (stuck), with a name and a note beside."""

    name: str
    solved: NDArray[np.float64]
    stuck: NDArray[np.float64]
    note: str = ""
    target: float | None = None


def draw_lanes(axes: "Axes", rows: Sequence[Row], low: float, high: float, log: bool) -> None:
    """Draw rows from top to bottom between two ends of the scale: every value as a point, or densities of many."""
    few = as_points(rows)
    axes.set(xscale="log" if log else "linear", xlim=(low, high), ylim=(len(rows) - 0.4, -0.6))
    axes.set_yticks(range(len(rows)), [row.name for row in rows])
    quiet(axes, "x")
    plain_numbers(axes)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.hlines(range(len(rows)), low, high, colors=GRID, lw=0.8, zorder=0.6)
    edges = np.geomspace(low, high, _BINS + 1) if log else np.linspace(low, high, _BINS + 1)
    for place, row in enumerate(rows):
        for values, side, colour in ((row.solved, -1, SOLVED), (row.stuck, 1, STUCK)):
            held = np.clip(values, low, high)
            if len(values) and few:
                _points(axes, held, place, side, colour)
            elif len(values):
                _density(axes, held, place, side, colour, edges)
        if row.target is not None:
            axes.plot([row.target], [place], marker="|", ms=20, mew=2, c=INK, ls="none", zorder=3, clip_on=False)
        if row.note:
            where = axes.get_yaxis_transform()
            axes.text(1.02, place, row.note, transform=where, va="center", fontsize=8, c=QUIET)


def margins(rows: Sequence[Row], top: float) -> tuple[float, float, float, float]:
    """Return the inches that names, notes, the scale below and a heading take around the frame of rows."""
    name, note = max(len(row.name) for row in rows), max(len(row.note) for row in rows)
    return 0.16 + 0.068 * name, 0.16 + 0.066 * note, 0.48, top


def as_points(rows: Sequence[Row]) -> bool:
    """Whether there are few enough values to draw each of them."""
    return sum(len(row.solved) + len(row.stuck) for row in rows) <= POINTS


def legend(solved: bool, stuck: bool, target: bool = False) -> "list[Artist]":
    """Return what stands for the lanes, as legend handles."""
    from matplotlib.lines import Line2D

    entries = [
        (solved, Line2D([], [], c=SOLVED, lw=5, label="converged (above the line)")),
        (stuck, Line2D([], [], c=STUCK, lw=5, label="did not (below the line)")),
        (target, Line2D([], [], c=INK, marker="|", ms=12, mew=2, ls="none", label="target")),
    ]
    return [handle for there, handle in entries if there]


def _points(axes: "Axes", values: NDArray[np.float64], place: int, side: int, colour: str) -> None:
    # Heights by the golden ratio in order of the values: neighbours are apart, and the same values give one picture.
    heights = 0.08 + (_HEIGHT - 0.08) * (np.arange(len(values)) * 0.618033988749895 % 1)
    marker, size = "o" if side < 0 else "D", 6.0 if len(values) < 20 else 3.0
    points: dict[str, Any] = {
        "marker": marker,
        "ls": "none",
        "ms": size if side < 0 else 0.85 * size,
        "mec": "none",
        "alpha": 0.6,
    }
    axes.plot(np.sort(values), place + side * heights, c=colour, clip_on=False, **points)


def _density(
    axes: "Axes", values: NDArray[np.float64], place: int, side: int, colour: str, edges: NDArray[np.float64]
) -> None:
    """Fill a density whose peak is as high as the lane, over a line from the smallest value to the largest."""
    counts, _ = np.histogram(values, edges)
    some = np.flatnonzero(counts)
    shown = slice(some[0], some[-1] + 1)
    heights = place + side * _HEIGHT * counts[shown] / counts.max()
    axes.stairs(heights, edges[some[0] : some[-1] + 2], baseline=place, fill=True, color=colour, alpha=0.75, lw=0)
    axes.hlines(place + side * 0.03, values.min(), values.max(), colors=colour, lw=1.0)
    axes.plot([np.median(values)], [place + side * 0.03], marker="o", ms=3.4, c=colour, mec="white", mew=0.7)
