"""The figures of an analysis, each as PNG and SVG."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from runner.analysis.analysis import Analysis
from runner.errors import RunnerError
from runner.tables.streaming import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DPI = 150


def draw_figures(found: Analysis, results: Table, folder: Path) -> list[Path]:
    """Draw what the table has columns for, and return the files: rates, run lengths, losses, outputs, fates, curves.

    `results` is what was analyzed; loss curves stand beside it. Raises `RunnerError` where nothing can be written.
    """
    from runner import plots
    from runner.maps.draw import save

    trials = found.trials
    figures: dict[str, Callable[[], Figure]] = {
        "rates": lambda: _rates(found),
        "run-lengths": lambda: plots.run_lengths(trials),
        "losses": lambda: plots.losses(trials),
        "outputs": lambda: plots.outputs(trials),
        "fates": lambda: plots.fates(trials),
        "curves": lambda: plots.curve_bands(results, where=found.where),
    }
    files = []
    for name, draw in figures.items():
        try:
            figure = draw()
        except RunnerError:  # the table has no columns, no curves or no axes for it
            continue
        figure.set_dpi(_DPI)
        files += [save(figure, folder / f"{name}.{ending}") for ending in ("png", "svg")]
    return files


def _rates(found: Analysis) -> "Figure":
    """The rate of convergence: a grid or a map over two axes, lines over one and some values of others."""
    from runner import plots
    from runner.maps.draw import draw_map

    values = {axis: found.configurations[axis].nunique() for axis in found.axes}
    if not values:
        raise RunnerError("nothing varies")
    axes = sorted(
        found.axes, key=lambda axis: (not pd.api.types.is_numeric_dtype(found.configurations[axis]), -values[axis])
    )
    if len(axes) == 2:
        try:
            return plots.rate_grid(found.trials, axes[0], axes[1])
        except RunnerError:  # more cells than can be written in
            figure = draw_map(found.trials, axes[0], axes[1], value="converged")
            if isinstance(figure, Path):
                raise AssertionError("without a file it is a figure") from None
            return figure
    return plots.convergence_bands(found.trials, axes[0], axes[1:])
