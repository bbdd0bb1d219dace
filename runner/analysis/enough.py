"""How many seeds are enough: what fewer of them would have shown, and how many an interval of some width needs."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from runner.analysis.best import Best
from runner.analysis.distributions import binomial_quantile
from runner.analysis.grouping import Floats, Grouped, Whole
from runner.analysis.seeds import Matrix, by_seed
from runner.analysis.successes import expected_epochs, successes
from runner.tables.summary import Z, wilson

DRAWS = 500
LADDER = (5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000)
_ROWS = 8000  # configurations at a time: small products would wait for the threads of BLAS
_MIDDLE = (0.025, 0.975)


def ladder(trials: Grouped, best: Best | None) -> pd.DataFrame:
    """Return what n seeds, drawn with replacement from those of the table, would have shown: a row for each n.

    Columns are those of `runner.analysis.analysis.Analysis.enough`. The best configuration of the table is the one with
    the fewest expected epochs over all seeds. A seed is drawn by its place among those of a configuration, which is the
    same seed everywhere where all have the same; the first 10,000 stand for all.
    """
    expected = expected_epochs(successes(trials.configuration, trials.time, trials.common)).value
    reference = int(np.argmin(expected)) if np.isfinite(expected).any() else None
    apart = np.zeros(trials.count, np.bool_)
    if best is not None:
        apart[best.table["configuration"][~best.table["together"]]] = True
    rate, number = np.unique(
        np.add.reduceat(trials.converged.astype(np.float64), trials.starts) / trials.sizes, return_counts=True
    )
    sums, rows = None if reference is None else _sums(trials), []
    usual = min(int(np.median(trials.sizes)), LADDER[-1])
    for seeds in sorted({*(rung for rung in LADDER if rung < usual), usual}):
        row = {"seeds": seeds, "wrong": np.nan, "told_apart": np.nan, **_widths(rate, number, seeds)}
        row["epochs_spread"] = np.nan
        if sums is not None and reference is not None:
            shown = _resampled(sums, seeds, reference)
            better = shown.least < shown.reference
            ends = np.quantile(shown.reference, _MIDDLE, method="inverted_cdf")
            if expected[reference] > 0:
                row["epochs_spread"] = float((ends[1] - ends[0]) / 2 / expected[reference])
            if trials.count > 1:
                row["wrong"] = float(np.mean(better | np.isinf(shown.reference)))
            if best is not None:
                row["told_apart"] = float(np.mean(better & apart[shown.winner]))
        rows.append(row)
    return pd.DataFrame(rows)


def needed(trials: Grouped, half_width: float) -> pd.DataFrame:
    """Return how many seeds give Wilson's interval of the rate so small a half width: a row a configuration.

    trials, half_width (the present one), seeds_needed at the rate that was found, more (how many that is beyond the
    present ones), and more_at_most, for the rate in the present interval that needs most. The width is that of a rate,
    between 0 and 0.5.
    """
    converged = np.add.reduceat(trials.converged.astype(np.int64), trials.starts)
    low, high = wilson(converged, trials.sizes)
    seeds = _seeds_for(converged / trials.sizes, half_width)
    most = _seeds_for(np.clip(0.5, low, high), half_width)
    return pd.DataFrame(
        {
            "trials": trials.sizes,
            "half_width": (high - low) / 2,
            "seeds_needed": seeds,
            "more": np.maximum(seeds - trials.sizes, 0),
            "more_at_most": np.maximum(most - trials.sizes, 0),
        }
    )


def _seeds_for(rate: Floats, width: float) -> Whole:
    """The n at which z^2 (n p (1 - p) + z^2 / 4) = w^2 (n + z^2)^2, rounded up: Wilson's half width solved for n."""
    linear = Z**2 * (2 * width**2 - rate * (1 - rate))
    constant = Z**4 * (width**2 - 0.25)
    return np.ceil((np.sqrt(linear**2 - 4 * width**2 * constant) - linear) / (2 * width**2)).astype(np.int64)


def _widths(rate: Floats, number: NDArray[Any], seeds: int) -> dict[str, float]:
    """How wide the intervals of rates are, each of so many configurations, and how far such rates scatter.

    Among n seeds that are drawn from a table, the number of those that converged is binomial.
    """
    low, high = wilson(rate * seeds, np.full(len(rate), seeds))
    half = (high - low) / 2
    order = np.argsort(half)
    middle = order[np.searchsorted(np.cumsum(number[order]), number.sum() / 2)]
    ends = [binomial_quantile(share, seeds, rate) / seeds for share in _MIDDLE]
    spread = float((ends[1] - ends[0]).max() / 2)
    return {"half_width": float(half.max()), "half_width_median": float(half[middle]), "spread": spread}


@dataclass(frozen=True, eq=False)
class _Shown:
    """What draws of seeds show: the fewest expected epochs and whose they are, and those of one configuration."""

    least: Floats
    winner: Whole
    reference: Floats


def _sums(trials: Grouped) -> tuple[Matrix, Matrix]:
    """Epochs up to the budget, and successes: a row a configuration, a column a place among its seeds."""
    place = np.arange(len(trials.configuration)) - trials.starts[trials.configuration]
    rows = place < LADDER[-1]
    own, time = trials.configuration[rows], trials.time[rows]
    parts = np.minimum(time, trials.common[own]), (time <= trials.common[own]).astype(np.float64)
    epochs, success = (by_seed(part, own, place[rows], trials.count, LADDER[-1]) for part in parts)
    return epochs, success


def _resampled(sums: tuple[Matrix, Matrix], seeds: int, reference: int) -> _Shown:
    count, places = sums[0].shape
    drawn = np.random.default_rng(0).integers(places, size=(DRAWS, seeds)) + places * np.arange(DRAWS)[:, np.newaxis]
    times = np.bincount(drawn.ravel(), minlength=DRAWS * places).reshape(DRAWS, places).astype(np.float64)
    least, winner, own = np.full(DRAWS, np.inf), np.zeros(DRAWS, np.int64), np.full(DRAWS, np.inf)
    for start in range(0, count, _ROWS):
        epochs, success = (part[start : start + _ROWS] @ times.T for part in sums)
        expected = np.full(epochs.shape, np.inf)
        np.divide(epochs, success, out=expected, where=success > 0)
        first = np.argmin(expected, axis=0)
        here = expected[first, np.arange(DRAWS)]
        winner = np.where(here < least, start + first, winner)
        least = np.minimum(here, least)
        if start <= reference < start + _ROWS:
            own = expected[reference - start]
    return _Shown(least, winner, own)
