"""What became of the trials: those that converged, and why the others did not."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from runner.analysis.fates import STEPS
from runner.analysis.fates import fates as fates_of
from runner.labels import short, text
from runner.plots.groups import Most, grouped
from runner.plots.panels import Panels
from runner.plots.style import COLOURS, INK, QUIET, SOLVED, STUCK, quiet
from runner.tables.columns import FATES as RECORDED
from runner.tables.streaming import Table, stream

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMNS = ("outcome", "final_loss", *STEPS, *RECORDED)
_MOST = Most(groups=36, values=36)
_LOOKS = {
    "converged": (SOLVED, "converged"),
    "improving": (COLOURS[6], "still improving"),
    "plateau": (COLOURS[1], "on a plateau"),
    "oscillating": (COLOURS[3], "oscillating"),
    "saturated": (STUCK, "saturated"),
    "diverged": (INK, "diverged"),
    "unknown": ("#B8B8B8", "not converged, nothing recorded"),
}


def fates(results: Table, by: Sequence[str] | None = None, *, where: str = "", title: str | None = None) -> "Figure":
    """Draw what became of the trials: a bar for each combination of `by`, or of the keys that vary, as far as they fit.

    Trials that did not converge were still improving, on a plateau, oscillating, saturated, or diverged. Raises
    `RunnerError` where [record] fate was not on, and as `groups.grouped` does.
    """
    return fate_panels(results, by, where).figure(title)


def fate_panels(results: Table, by: Sequence[str] | None, where: str) -> Panels:
    """Return the one panel of `fates`."""
    there = set(stream(results).names)
    groups = grouped(results, by, [name for name in _COLUMNS if name in there], _MOST, where)
    rows = groups.rows
    outcome = rows["outcome"].astype("str")
    became = fates_of(rows).astype("object").where(outcome == "not-converged", outcome).fillna("unknown")
    sums = pd.crosstab(rows["group"], became).reindex(columns=list(_LOOKS), fill_value=0)
    shares = sums.div(sums.sum(axis=1), axis=0) * 100
    names = [", ".join(text(value) for value in values) for values in groups.values]
    shown = [name for name in _LOOKS if sums[name].any()]

    def draw(axes: "Axes", _: int) -> None:
        start = np.zeros(len(shares))
        for name in shown:
            width = shares[name].to_numpy(np.float64)
            axes.barh(
                np.arange(len(shares)), width, 0.72, start, color=_LOOKS[name][0], edgecolor="white", linewidth=0.6
            )
            start += width
        axes.set(xlim=(0, 100), ylim=(len(shares) - 0.4, -0.6), xlabel="trials (percent)")
        axes.set_yticks(range(len(names)), names)
        quiet(axes, "x")
        axes.tick_params(axis="y", length=0)
        heading = ", ".join(short(key) for key in groups.by)
        axes.annotate(heading, (0, 1), (-4, 5), "axes fraction", "offset points", ha="left", fontsize=8.5, color=QUIET)

    from matplotlib.patches import Patch

    return Panels(
        groups.titled("what became of the trials"),
        groups.left_out,
        [""],
        [_words([groups.named(number) for number in range(len(names))], sums, shown)],
        draw,
        [Patch(facecolor=_LOOKS[name][0], label=_LOOKS[name][1]) for name in shown],
        (6.0, 0.9 + 0.3 * max(len(names), 3)),
        (0.16 + 0.068 * max(map(len, names)), 0.2, 0.48, 0.3),
    )


def _words(names: Sequence[str], sums: pd.DataFrame, shown: Sequence[str]) -> str:
    said = [
        (f"{name}: " if name else "") + ", ".join(f"{row[part]:,} {_LOOKS[part][1]}" for part in shown if row[part])
        for name, (_, row) in zip(names, sums.iterrows(), strict=True)
    ]
    return "What became of the trials. " + "; ".join(said) + "."
