"""Figures of convergence rates: lines with Wilson bands, and annotated grids."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from runner.analysis.rates import rates
from runner.errors import RunnerError
from runner.labels import label, text
from runner.maps.axes import dress, places
from runner.plots.style import each, line_styles, titled
from runner.tables.streaming import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_RATES = ("convergence_rate", "convergence_low", "convergence_high")


def convergence_bands(
    results: Table | Mapping[str, Table],
    x: str,
    by: Sequence[str] = (),
    *,
    panels: str | None = None,
    failures: bool = False,
    where: str = "",
    title: str | None = None,
    x_label: str | None = None,
    y_label: str | None = None,
    x_scale: Literal["linear", "log"] | None = None,
) -> "Figure":
    """Draw the rate of convergence over one axis, with Wilson's 95 % bands, a line for each combination of `by`.

    `failures` draws the share that did not converge. `panels` is a key, each value of which has a panel of its own; or
    `results` maps the panels' titles to tables. The x scale is chosen by the values' spacing unless said. Raises
    `RunnerError` as `rates` does.
    """
    from matplotlib.figure import Figure

    parts, name = _panels(results, [x, *by], panels, where)
    figure = Figure(figsize=(1.9 + 4.4 * len(parts), 4.6), layout="constrained")
    all_axes = figure.subplots(1, len(parts), sharey=True, squeeze=False)[0]
    styles = line_styles(_combinations([part for _, part in parts], by), by)
    for axes, (heading, part) in zip(all_axes, parts, strict=True):
        axis = places(list(pd.unique(part[x].sort_values())), x_scale)
        dress(axes, "x", axis, x, inches=3.7, cells=False)
        at = dict(zip(axis.values, range(len(axis.values)) if axis.scale == "categories" else axis.values, strict=True))
        for combination, style in styles.items():
            chosen = part[[key == combination for key in part[list(by)].itertuples(index=False, name=None)]]
            if len(chosen):
                _line(axes, [at[value] for value in chosen[x]], chosen, failures, style)
        if x_label is not None:
            axes.set_xlabel(x_label)
        axes.set_title(heading, fontsize=10)
        axes.grid(color="0.9")
        axes.set_axisbelow(True)
        if axis.scale == "linear":
            axes.margins(x=0.03)
            axes.autoscale(axis="x")
    all_axes[0].set_ylim(bottom=-2, top=min(102, all_axes[0].get_ylim()[1]))
    words = "runs not converged (percent)" if failures else "runs converged (percent)"
    all_axes[0].set_ylabel(words if y_label is None else y_label)
    if by:
        lines = {line.get_label(): line for axes in all_axes for line in axes.get_lines()}
        shown = [lines[style["label"]] for style in styles.values() if style["label"] in lines]
        figure.legend(handles=shown, loc="outside right center", frameon=False, handlelength=3.5, fontsize=9)
    titled(figure, _heading(name, parts, failures) if title is None else title)
    return figure


def kolen_pollack_figure_1(
    results: Table | Mapping[str, Table], x: str = "scale", *, epochs: int = 50_000, title: str | None = None
) -> "Figure":
    """Draw figure 1 of Kolen & Pollack 1990: runs not converged over the range of the initial weights.

    `results` holds both updates as an axis, or maps "batch" and "online" to a table each; `x` is the column of p where
    weights are uniform in [-p, p], `epochs` the budget. Lines are learning rates and momenta.
    """
    return convergence_bands(
        results,
        x,
        ["learning_rate", "momentum"],
        panels=None if isinstance(results, Mapping) else "update",
        failures=True,
        x_label="initial weights uniform in [−p, p]: p",  # noqa: RUF001 - a minus sign
        y_label=f"runs not converged after {epochs:,} epochs (percent)",
        x_scale="linear",
        title=title,
    )


def rate_grid(results: Table, x: str, y: str, *, where: str = "", title: str | None = None) -> "Figure":
    """Draw the rate of convergence over two axes, the percentage and Wilson's 95 % interval written in each cell.

    Cells stand side by side, whatever their values. Raises `RunnerError` as `rates` does.
    """
    from matplotlib.figure import Figure

    found = rates(results, [x, y], where)
    table = found.table
    xs, ys = (list(pd.unique(table[key].sort_values())) for key in (x, y))
    if len(xs) * len(ys) > 400:
        raise RunnerError(f"{len(xs)} x {len(ys)} cells are too many to write in; draw a map")
    figure = Figure(figsize=(2.2 + 0.95 * len(xs), 1.6 + 0.55 * len(ys)), layout="constrained")
    axes = figure.add_subplot()
    cells = table.pivot_table(index=y, columns=x, values="convergence_rate", observed=True).reindex(
        index=ys, columns=xs
    )
    picture = axes.imshow(100 * cells, cmap="viridis", vmin=0, vmax=100, origin="lower", aspect="auto")
    for _, row in table.iterrows():
        percent, low, high = (100 * row[name] for name in _RATES)
        colour = "black" if percent > 55 else "white"
        place = (xs.index(row[x]), ys.index(row[y]))
        axes.annotate(f"{percent:.1f} %", place, (0, 5), textcoords="offset points", ha="center", va="center", c=colour)
        between = f"{low:.1f} to {high:.1f}"
        axes.annotate(between, place, (0, -8), textcoords="offset points", ha="center", va="center", c=colour, size=7.5)
    axes.set_xticks(range(len(xs)), [text(value) for value in xs])
    axes.set_yticks(range(len(ys)), [text(value) for value in ys])
    axes.set(xlabel=label(x), ylabel=label(y))
    figure.colorbar(picture, label="runs converged (percent)")
    words = _heading(found.name, [("", table)], failures=False)
    titled(figure, words if title is None else title)
    return figure


def _panels(
    results: Table | Mapping[str, Table], keys: Sequence[str], panels: str | None, where: str
) -> tuple[list[tuple[str, pd.DataFrame]], str]:
    """Return (heading, rates) for each panel, and the experiment's name where there is one."""
    if isinstance(results, Mapping):
        return [(heading, rates(table, keys, where).table) for heading, table in results.items()], ""
    if panels is None:
        found = rates(results, keys, where)
        return [("", found.table)], found.name
    found = rates(results, [panels, *keys], where)
    return [
        (f"{label(panels)}: {text(value)}", part.drop(columns=panels))
        for value, part in found.table.groupby(panels, sort=True, observed=True)
    ], found.name


def _combinations(parts: Sequence[pd.DataFrame], by: Sequence[str]) -> list[tuple[Any, ...]]:
    keys = pd.concat([part[list(by)] for part in parts]).drop_duplicates()
    return list(keys.sort_values(list(by)).itertuples(index=False, name=None)) if by else [()]


def _line(axes: "Axes", at: Sequence[float], part: pd.DataFrame, failures: bool, style: Mapping[str, Any]) -> None:
    rate, low, high = (100 * part[name].to_numpy(np.float64) for name in _RATES)
    if failures:
        rate, low, high = 100 - rate, 100 - high, 100 - low
    axes.fill_between(at, low, high, color=style["color"], alpha=0.18, linewidth=0)
    axes.plot(at, rate, **style, markersize=5.5, linewidth=1.3, markeredgecolor="white", markeredgewidth=0.4)


def _heading(name: str, parts: Sequence[tuple[str, pd.DataFrame]], failures: bool) -> str:
    seeds = each(pd.concat([part["trials"] for _, part in parts]))
    what = "non-convergence" if failures else "convergence"
    return f"{name + ': ' if name else ''}rate of {what}, {seeds}, with Wilson 95 % intervals"
