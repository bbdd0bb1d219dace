"""Run-length distributions: which share of all trials had converged after so many epochs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from runner.plots.groups import Groups, Most, grouped
from runner.plots.panels import Panels
from runner.plots.style import INK, QUIET, line_styles, named, quiet
from runner.tables.streaming import Table

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMNS = ("converged", "epochs_to_convergence", "epochs_run", "outcome")
_MOST = Most(groups=49, values=7, keys=2)
_VERTICES = 250  # of a line; more could not be seen
_LOG = 20  # times the earliest epoch, from which on epochs go by their log

Cutoffs = Mapping[frozenset[tuple[str, Any]], float]


def run_lengths(
    results: Table,
    by: Sequence[str] | None = None,
    *,
    panels: str | None = None,
    where: str = "",
    cutoffs: Cutoffs | None = None,
    title: str | None = None,
) -> "Figure":
    """Draw the run-length distributions: the share of all trials that had converged, over epochs.

    A line for each combination of `by`, or, if left out, of as many keys as vary and can be told apart; `panels` is a
    key with a panel for each value. A line ends with the smallest budget of its trials; trials that never converged
    keep it below 100 percent (Hoos & Stutzle 1998). `cutoffs` are epochs to mark on a line,
    by its (key, value) pairs. Raises `RunnerError` as `groups.grouped` does.
    """
    return run_length_panels(results, by, panels, where, cutoffs or {}).figure(title)


def run_length_panels(
    results: Table, by: Sequence[str] | None, panels: str | None, where: str, cutoffs: Cutoffs
) -> Panels:
    """Return the panels of `run_lengths`."""
    if by is None:
        groups = grouped(results, None, _COLUMNS, _MOST, where)
        panels, by = _split(groups)
    else:
        groups = grouped(results, [*([panels] if panels else []), *by], _COLUMNS, _MOST, where)
    parts: dict[Any, list[int]] = {}
    for number in range(len(groups.values)):
        parts.setdefault(_value(groups, number, panels), []).append(number)
    lines = [tuple(_value(groups, number, key) for key in by) for number in range(len(groups.values))]
    styles = line_styles(list(dict.fromkeys(lines)), by)
    curves = [_Curve.of(groups, number) for number in range(len(groups.values))]
    marks = [cutoffs.get(frozenset(zip(groups.by, values, strict=True))) for values in groups.values]
    ends = [curve.epochs[-1] for curve in curves]
    log = _goes_by_log(curves)

    def draw(axes: "Axes", number: int) -> None:
        members = list(parts.values())[number]
        for member in members:
            _line(axes, curves[member], styles[lines[member]], log, marks[member])
        if not any(curves[member].shares[-1] for member in members):
            words = f"no trial converged within {max(ends[member] for member in members):,.0f} epochs"
            axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", c=INK, fontsize=9)
        axes.set(ylim=(-2, 102), xlabel=f"epochs{' (log scale)' if log else ''}", ylabel="trials converged (percent)")
        _across(axes, curves, log)

    return Panels(
        groups.titled("epochs to convergence"),
        groups.left_out,
        [named([panels], [value]) if panels else "" for value in parts],
        [_words(groups, members, curves) for members in parts.values()],
        draw,
        _legend(styles, any(marks)),
        (3.4, 2.9) if panels else (6.0, 3.9),
    )


@dataclass(frozen=True, eq=False)
class _Curve:
    """The share of trials (percent) that had converged by so many epochs, ascending up to the smallest budget."""

    epochs: NDArray[np.float64]
    shares: NDArray[np.float64]
    median: float  # NaN where fewer than half converged within it

    @classmethod
    def of(cls, groups: Groups, number: int) -> "_Curve":
        rows = groups.part(number)
        converged = rows["converged"].to_numpy(np.bool_)
        epochs = rows["epochs_to_convergence"].to_numpy(np.float64, na_value=np.nan)
        # Trials that ran to the end of a smaller budget without converging say nothing about later epochs.
        open_ended = (~converged) & (rows["outcome"] != "diverged").to_numpy(np.bool_)
        budgets = rows["epochs_run"].to_numpy(np.float64)
        end = budgets[open_ended].min() if open_ended.any() else budgets.max()
        reached, counts = np.unique(epochs[converged & (epochs <= end)], return_counts=True)
        shares = 100 * np.cumsum(counts) / len(rows)
        half = reached[np.searchsorted(shares, 50)] if len(shares) and shares[-1] >= 50 else np.nan
        if len(reached) > _VERTICES:
            places = np.unique(np.searchsorted(shares, np.linspace(shares[0], shares[-1], _VERTICES)))
            reached, shares = reached[places], shares[places]
        last = shares[-1] if len(shares) else 0.0
        return cls(np.r_[0.0, reached, end], np.r_[0.0, shares, last], float(half))

    def at(self, epochs: float) -> float:
        """Return the share at an epoch."""
        return float(self.shares[np.searchsorted(self.epochs, epochs, side="right") - 1])


def _split(groups: Groups) -> tuple[str | None, list[str]]:
    """Return which of the keys of some groups makes panels, if any, and which make the lines in each."""
    counts = {key: len({values[place] for values in groups.values}) for place, key in enumerate(groups.by)}
    if len(counts) < 2:
        return None, list(counts)
    lines = next((key for key in counts if counts[key] <= _MOST.values), groups.by[0])
    panels = max((key for key in counts if key != lines), key=lambda key: counts[key])
    return panels, [key for key in counts if key != panels]


def _value(groups: Groups, number: int, key: str | None) -> Any:
    return groups.values[number][groups.by.index(key)] if key else None


def _goes_by_log(curves: Sequence[_Curve]) -> bool:
    first = min((curve.epochs[curve.epochs > 0].min(initial=np.inf) for curve in curves), default=np.inf)
    return bool(max(curve.epochs[-1] for curve in curves) > _LOG * first)


def _line(axes: "Axes", curve: _Curve, style: Mapping[str, Any], log: bool, mark: float | None) -> None:
    epochs = np.maximum(curve.epochs, 0.5) if log else curve.epochs
    axes.step(epochs, curve.shares, where="post", **style, lw=1.5, ms=5, mec="white", mew=0.4, markevery=0.16)
    if mark is not None:
        axes.plot([max(mark, 0.5)], [curve.at(mark)], **_MARK, color=style["color"])


def _across(axes: "Axes", curves: Sequence[_Curve], log: bool) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

    end = max(curve.epochs[-1] for curve in curves)
    if log:
        first = min(curve.epochs[curve.epochs > 0].min(initial=np.inf) for curve in curves)
        axes.set(xscale="log", xlim=(max(0.7 * first, 0.5), 1.1 * end))
        axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        axes.set_xlim(0, 1.02 * max(end, 1))
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    quiet(axes)


_MARK: dict[str, Any] = {"marker": "|", "ms": 13, "mew": 2.2, "ls": "none"}


def _legend(styles: Mapping[tuple[Any, ...], Mapping[str, Any]], marked: bool) -> "list[Artist]":
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], **style, lw=1.5, ms=5, mec="white", mew=0.4) for style in styles.values()]
    found: list[Artist] = list(handles) if len(handles) > 1 else []
    return [*found, Line2D([], [], **_MARK, color=QUIET, label="best restart cutoff")] if marked else found


def _words(groups: Groups, members: Sequence[int], curves: Sequence[_Curve]) -> str:
    said = []
    for member in members:
        curve = curves[member]
        share, end, half = curve.shares[-1], curve.epochs[-1], curve.median
        reached = f", half of them by epoch {half:,.0f}" if share >= 50 else ""
        who = f"{groups.named(member)}: " if groups.by else ""
        said.append(f"{who}{share:.3g} percent converged within {end:,.0f} epochs{reached}")
    return "Share of trials that had converged over epochs. " + "; ".join(said) + "."
