"""Run-length distributions: by which epoch a share of all trials had converged (Hoos & Stutzle 1998).

Where every trial of a configuration had the same budget, quantiles are order statistics, a trial that did not converge
counting as later than any other. Where tables of unequal budgets were merged, rates and quantiles are read off the
curve of Kaplan and Meier (`runner.analysis.censoring`).
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from runner.analysis.censoring import censored_run_lengths
from runner.analysis.distributions import binomial, binomial_quantile
from runner.analysis.grouping import Floats, Grouped, Whole
from runner.tables.columns import PERCENTILES
from runner.tables.groups import sorted_groups
from runner.tables.summary import wilson

TAIL = 0.025  # on either side of an interval of 95 %
QUANTILES = [f"epochs_q{percent:02}" for percent in PERCENTILES]


def run_lengths(trials: Grouped) -> pd.DataFrame:
    """Return the rate of convergence, and quantiles of epochs to convergence, each with _low and _high.

    A row a configuration: convergence_rate and epochs_q05 to epochs_q95, blank where fewer had converged. A blank upper
    end of theirs is beyond the budget, a lower end of 0 is no bound.
    """
    times = sorted_groups(trials.time, trials.sizes)
    converged = np.add.reduceat(trials.converged.astype(np.int64), trials.starts)
    columns = _ends("convergence", (converged / trials.sizes, *wilson(converged, trials.sizes)))
    for name, percent in zip(QUANTILES, PERCENTILES, strict=True):
        point = -(-trials.sizes * percent // 100)
        ranks = (point, *quantile_ranks(trials.sizes, percent / 100))
        columns |= _ends(name, tuple(_order_statistics(times, trials, rank) for rank in ranks))
    affected = np.unique(trials.configuration[trials.censored])
    if len(affected):
        for name, values in censored_run_lengths(trials, affected).items():
            columns[name][affected] = values
    return pd.DataFrame(columns)


def quantile_ranks(sizes: Whole, share: float) -> tuple[Whole, Whole]:
    """Return which order statistics, counted from 1, are the ends of a 95 % interval of a quantile.

    Rank 0, and one more than there are, stand for no bound. The number of n values that are below the quantile is
    binomial, whatever they are of; each end misses it as nearly in 2.5 % of all samples as that allows (Thompson 1936).
    """
    different, place = np.unique(sizes, return_inverse=True)
    low, high = (binomial_quantile(at, different, share) for at in (TAIL, 1 - TAIL))
    low += _nearer(binomial(low, different, share), binomial(low - 1, different, share))
    high += ~_nearer(1 - binomial(high - 1, different, share), 1 - binomial(high, different, share))
    return low[place], high[place]


def _nearer(missed: Any, other: Any) -> NDArray[np.bool_]:
    """Whether the first is nearer to what an end should miss."""
    return np.asarray(np.abs(missed - TAIL) < np.abs(other - TAIL))


def _order_statistics(times: Floats, trials: Grouped, ranks: Whole) -> Floats:
    """Return the value of that rank in each configuration, 0 for rank 0, NaN where it is not finite or beyond all."""
    place = trials.starts + np.clip(ranks, 1, trials.sizes) - 1
    found = np.where(ranks > trials.sizes, np.nan, np.where(ranks == 0, 0.0, times[place]))
    return np.where(np.isfinite(found), found, np.nan)


def _ends(name: str, values: tuple[Floats, ...]) -> dict[str, Floats]:
    """The columns of a value and of its ends."""
    first = "convergence_rate" if name == "convergence" else name
    return dict(zip((first, f"{name}_low", f"{name}_high"), values, strict=True))
