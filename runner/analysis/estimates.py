"""Statistics of one column over trials, with 95 % intervals.

Rates, means, harmonic means and restarts are ratios of two sums, so that one bootstrap serves them all wherever no
closed form does. It draws seeds, not rows: trials of one seed under several configurations share their random draws.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from runner.analysis.distributions import student
from runner.analysis.location import ranks
from runner.analysis.run_lengths import quantile_ranks
from runner.analysis.successes import expected_epochs, successes
from runner.tables.summary import Z, wilson

if TYPE_CHECKING:
    import pandas as pd

Statistic = Literal["rate", "mean", "median", "harmonic-mean", "count", "restarts"]
Floats = NDArray[np.float64]
RESAMPLES = 2000
NOT = "not "  # before a flag
_BLOCK = 2_000_000  # draws held at a time


@dataclass(frozen=True)
class Estimate:
    """A statistic, its interval, and of how many trials it is."""

    value: float
    low: float
    high: float
    trials: int


def estimate(statistic: Statistic, rows: "pd.DataFrame", column: str) -> Estimate:
    """Return a statistic of a column over trials, a row each, of which there is at least one.

    - rate: the share of trials for which a flag is true; Wilson's interval
    - count: their number; the same interval, times the trials
    - mean: of the numbers that are there; Student's interval
    - median: of all trials, a missing number counting as larger than any; the interval of order statistics
    - harmonic-mean: a missing number counts as rate 0 (Fahlman 1988); bootstrap
    - restarts: epochs run until a first success, restarting wherever the budget ends, E[min(T, c)] / F(c) (Luby,
      Sinclair & Zuckerman 1993); margins of Wilson and Student put together, bootstrap where seeds repeat
    """
    values = numbers(rows, column)
    if statistic == "median":
        return _median(values)
    over, under = _sums(statistic, rows, values)
    value, trials = _ratio(over.sum(), under.sum()), len(rows)
    repeated = rows["seed"].duplicated().any() and rows["seed"].nunique() > 1
    if statistic in ("rate", "count") and not repeated:
        low, high = (float(end[0]) for end in wilson(np.array([over.sum()]), np.array([trials])))
    elif statistic == "mean" and not repeated and under.sum() > 1:
        low, high = _student(values[~np.isnan(values)])
    elif statistic == "restarts" and not repeated and len(budgets := np.unique(over[under == 0])) == 1:
        times = np.where(np.isnan(values), np.inf, values)
        found = expected_epochs(successes(np.zeros(trials, np.int64), times, budgets))
        low, high = float(found.low[0]), float(found.high[0])
    else:
        low, high = _bootstrap([(over, under)], rows["seed"].to_numpy(), lambda ratios: ratios[0])
        if statistic in ("rate", "count") and low == high:  # all alike: no draw differs, and yet the next seed may
            margin = _margin(rows["seed"].nunique())
            low, high = max(low - margin, 0.0), min(high + margin, 1.0)
    scale = trials if statistic == "count" else 1
    return Estimate(value * scale, low * scale, high * scale, trials)


def difference(statistic: Statistic, rows: "pd.DataFrame", others: "pd.DataFrame", column: str) -> Estimate:
    """Return the statistic of `rows` less that of `others`, seeds that both have being drawn together; no medians."""
    import pandas as pd

    both = pd.concat([rows, others], ignore_index=True)
    sums = _sums(statistic, both, numbers(both, column))
    here = np.arange(len(both)) < len(rows)
    pairs = [tuple(part * chosen for part in sums) for chosen in (here, ~here)]
    value = _ratio(pairs[0][0].sum(), pairs[0][1].sum()) - _ratio(pairs[1][0].sum(), pairs[1][1].sum())
    low, high = _bootstrap([(a, b) for a, b in pairs], both["seed"].to_numpy(), lambda ratios: ratios[0] - ratios[1])
    if statistic == "rate" and low == high:
        margin = _margin(both["seed"].nunique())
        low, high = max(low - margin, -1.0), min(high + margin, 1.0)
    return Estimate(value, low, high, len(both))


def position(values: Floats, number: float, half_unit: float) -> Estimate:
    """Return where a number stands among values, as `runner.analysis.location.ranks` does."""
    found = ranks(values, np.zeros(len(values), np.int64), 1, number, half_unit).iloc[0]
    return Estimate(float(found["rank"]), float(found["rank_low"]), float(found["rank_high"]), len(values))


def numbers(rows: "pd.DataFrame", column: str) -> Floats:
    """Return a column as numbers, missing ones NaN; a flag is 1 or 0, and `not FLAG` the other way round."""
    flag = column.removeprefix(NOT)
    values = rows[flag].astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan)
    return np.asarray(values if flag == column else 1.0 - values, np.float64)


def _sums(statistic: Statistic, rows: "pd.DataFrame", values: Floats) -> tuple[Floats, Floats]:
    """For each row, what it adds to the two sums whose ratio the statistic is."""
    ones, there = np.ones(len(values)), ~np.isnan(values)
    if statistic == "mean":
        return np.where(there, values, 0.0), there.astype(float)
    if statistic == "harmonic-mean":
        with np.errstate(divide="ignore"):
            return ones, np.where(there, 1.0 / values, 0.0)
    if statistic == "restarts":
        return np.where(there, values, rows["epochs_run"].to_numpy(dtype=np.float64)), there.astype(float)
    return (there & (values != 0)).astype(float), ones


def _margin(seeds: int) -> float:
    """The upper end of Wilson's interval for none of so many seeds."""
    return float(wilson(np.array([0]), np.array([seeds]))[1][0])


def _ratio(over: float, under: float) -> float:
    return float(over / under) if under else np.inf if over else np.nan


def _student(values: Floats) -> tuple[float, float]:
    half = float(student(len(values) - 1, Z)) * values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean() - half), float(values.mean() + half)


def _median(values: Floats) -> Estimate:
    ordered = np.sort(np.where(np.isnan(values), np.inf, values))
    count = len(ordered)
    low, high = (int(rank[0]) for rank in quantile_ranks(np.array([count]), 0.5))
    middle = (ordered[(count - 1) // 2], ordered[count // 2])
    value = middle[0] if middle[0] == middle[1] else (middle[0] + middle[1]) / 2
    ends = ordered[low - 1] if low else -np.inf, ordered[high - 1] if high <= count else np.inf
    return Estimate(float(value), float(ends[0]), float(ends[1]), count)


def _bootstrap(
    sums: list[tuple[Floats, Floats]], seeds: NDArray[np.int64], statistic: Callable[[Floats], Floats]
) -> tuple[float, float]:
    """Return the percentile interval of a function of ratios of sums, under draws of seeds with replacement.

    Trials of a single seed are drawn one by one. The draws are those of one fixed stream: the same trials give the same
    interval.
    """
    units = np.unique(seeds, return_inverse=True)[1]
    count = int(units.max()) + 1
    if count == 1:
        units, count = np.arange(len(seeds)), len(seeds)
    parts = np.stack([np.bincount(units, part, count) for pair in sums for part in pair])
    stream, found = np.random.default_rng(0), []
    block = max(1, _BLOCK // count)
    for start in range(0, RESAMPLES, block):
        drawn = stream.integers(count, size=(min(block, RESAMPLES - start), count))
        totals = np.stack([part[drawn].sum(axis=1) for part in parts])
        with np.errstate(divide="ignore", invalid="ignore"):
            found.append(statistic(totals[::2] / totals[1::2]))
    low, high = np.quantile(np.concatenate(found), (0.025, 0.975), method="inverted_cdf")
    return float(low), float(high)
