"""Loss curves: bands of quantiles over trials, those that converged and the others apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

from runner.errors import RunnerError
from runner.plots.groups import Groups, Most, grouped
from runner.plots.panels import Panels
from runner.plots.style import QUIET, SOLVED, STUCK, plain_numbers, quiet
from runner.tables.loading import Results, trials_file
from runner.tables.streaming import Table

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST = Most(groups=24, values=24)
_COLUMNS = ("trial", "converged", "epochs_run", "final_loss")
_TRIALS, _EPOCHS = 1000, 120  # of a panel; where there are more, evenly chosen ones
_SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)
_LOG = 30  # times the smallest loss, from which on losses go by their log
_TYPES = {"trial": pa.int64(), "epoch": pa.int64(), "loss": pa.float64()}


def curve_bands(
    results: Table, by: Sequence[str] | None = None, *, where: str = "", title: str | None = None
) -> "Figure":
    """Draw recorded loss curves: the median over trials, and bands of 25 to 75 and 5 to 95 percent of them.

    A panel for each combination of `by`, or, if left out, of the keys that vary, as far as they fit. A trial that
    stopped keeps its last loss, one that diverged counts as larger than any. `results` has to be, or come from, a
    folder with curves.csv. Raises `RunnerError` where there is none, and as `groups.grouped` does.
    """
    return curve_panels(results, curves_file(results), by, where).figure(title, across=4)


def curves_file(results: Table) -> Path | None:
    """Return the recorded loss curves of a table of trials, None where there are none."""
    if not isinstance(results, Results | str | PathLike):
        return None
    path = results.path if isinstance(results, Results) else Path(results)
    try:
        file = trials_file(path).parent / "curves.csv"
    except RunnerError:
        return None
    return file if file.is_file() else None


def curve_panels(results: Table, curves: Path | None, by: Sequence[str] | None, where: str) -> Panels:
    """Return the panels of `curve_bands`, of trials and the file of their curves."""
    if curves is None:
        raise RunnerError("no loss curves were recorded; [record] curve lists the epochs at which to write the loss")
    groups = grouped(results, by, _COLUMNS, _MOST, where)
    chosen = [_evenly(np.flatnonzero(groups.rows["group"] == number), _TRIALS) for number in range(len(groups.values))]
    rows = groups.rows.iloc[np.concatenate(chosen)]
    epochs, losses = _read(curves, rows["trial"].to_numpy(np.int64))
    over = epochs[None, :] > rows["epochs_run"].to_numpy(np.int64)[:, None]
    final = np.broadcast_to(rows["final_loss"].to_numpy(np.float64, na_value=np.nan)[:, None], losses.shape)
    losses = np.where(over, final, losses)
    losses = np.where(np.isfinite(losses), losses, np.inf)
    solved, member = rows["converged"].to_numpy(np.bool_), rows["group"].to_numpy()
    panels = [
        [_Band.of(losses[(member == number) & (solved == kind)]) for kind in (True, False)]
        for number in range(len(groups.values))
    ]
    finite = [values[np.isfinite(values)] for panel in panels for band in panel for values in band.quantiles]
    ends = np.concatenate(finite) if finite else np.empty(0)
    positive = ends[ends > 0]
    log = bool(len(positive)) and positive.max() >= _LOG * positive.min()

    def draw(axes: "Axes", number: int) -> None:
        for band, colour, dashes in zip(panels[number], (SOLVED, STUCK), ("-", "--"), strict=True):
            _band(axes, epochs, band, colour, dashes)
        if len(positive):
            low, high = positive.min(), positive.max()
            limits = (low / 1.5, high * 1.5) if log else (0, 1.05 * high)
            axes.set(yscale="log" if log else "linear", ylim=limits)
        axes.set(xlabel="epochs", ylabel="mean squared error")
        quiet(axes)
        plain_numbers(axes, "x")
        plain_numbers(axes, "y")

    drawn, all_trials = len(rows), len(groups.rows)
    notes = [groups.left_out] if groups.left_out else []
    notes += [f"{drawn:,} of {all_trials:,} trials, evenly chosen"] if drawn < all_trials else []
    return Panels(
        groups.titled("loss curves"),
        "; ".join(notes),
        [groups.named(number) for number in range(len(groups.values))],
        [_words(groups, number, epochs, panels[number]) for number in range(len(groups.values))],
        draw,
        _legend([any(panel[kind].trials for panel in panels) for kind in (0, 1)]),
        (3.0, 2.3) if len(groups.values) > 1 else (6.0, 3.9),
        (0.75, 0.14, 0.5, 0.12),
    )


@dataclass(frozen=True, eq=False)
class _Band:
    """Quantiles (shares, epochs) over so many trials; empty where there are none."""

    trials: int
    quantiles: NDArray[np.float64]

    @classmethod
    def of(cls, losses: NDArray[np.float64]) -> "_Band":
        if not len(losses):
            return cls(0, np.empty((0, 0)))
        return cls(len(losses), np.quantile(losses, _SHARES, axis=0, method="inverted_cdf"))


def _evenly(places: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    return places if len(places) <= most else places[np.linspace(0, len(places) - 1, most).round().astype(np.int64)]


def _read(path: Path, trials: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return epochs, and the losses (trials, epochs) of some trials, NaN where there is none; read batch by batch."""
    wanted = pa.array(np.unique(trials))
    try:
        converting = pyarrow.csv.ConvertOptions(column_types=_TYPES, include_columns=list(_TYPES))
        with pyarrow.csv.open_csv(path, convert_options=converting) as batches:
            parts = [batch.filter(pa.compute.is_in(batch["trial"], wanted)) for batch in batches]
    except (pa.ArrowException, OSError) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise RunnerError(f"{path}: cannot be read as loss curves: {reason}") from None
    table = pa.Table.from_batches(parts)
    trial, epoch, loss = (table[name].to_numpy() for name in _TYPES)
    epochs = _evenly(np.unique(epoch), _EPOCHS)
    shown = np.isin(epoch, epochs)
    order = np.argsort(trials, kind="stable")
    place = order[np.searchsorted(trials[order], trial[shown])]
    found = np.full((len(trials), len(epochs)), np.nan)
    found[place, np.searchsorted(epochs, epoch[shown])] = loss[shown]
    return epochs, found


def _band(axes: "Axes", epochs: NDArray[np.int64], band: _Band, colour: str, dashes: str) -> None:
    if not band.trials:
        return
    shown = np.where(np.isfinite(band.quantiles), band.quantiles, 1e300)
    if band.trials > 1:
        axes.fill_between(epochs, shown[0], shown[4], color=colour, alpha=0.16, lw=0)
        axes.fill_between(epochs, shown[1], shown[3], color=colour, alpha=0.3, lw=0)
    axes.plot(epochs, np.where(shown[2] < 1e300, shown[2], np.nan), c=colour, ls=dashes, lw=1.6)


def _legend(there: Sequence[bool]) -> "list[Artist]":
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Artist] = [
        Line2D([], [], c=colour, ls=dashes, lw=1.6, label=words)
        for colour, dashes, words, shown in (
            (SOLVED, "-", "median of those that converged", there[0]),
            (STUCK, "--", "median of the others", there[1]),
        )
        if shown
    ]
    bands = ((0.45, "25 to 75 percent of them"), (0.22, "5 to 95 percent"))
    return [*handles, *(Patch(color=QUIET, alpha=alpha, lw=0, label=words) for alpha, words in bands)]


def _words(groups: Groups, number: int, epochs: NDArray[np.int64], bands: Sequence[_Band]) -> str:
    said = [
        f"the median of {band.trials:,} that {what} goes from {band.quantiles[2, 0]:.3g} to {band.quantiles[2, -1]:.3g}"
        for band, what in zip(bands, ("converged", "did not converge"), strict=True)
        if band.trials and len(epochs)
    ]
    who = f"{groups.named(number)}: " if groups.by else ""
    span = f" from epoch {epochs[0]:,} to {epochs[-1]:,}" if len(epochs) else ""
    return f"Loss{span}. {who}{'; '.join(said) or 'no trial'}."
