"""Rates and quantiles where trials of a configuration had unequal budgets: Kaplan & Meier (1958).

A trial that ended without convergence before the largest budget is censored there; a diverged one never is, as it would
never have converged. Intervals are Wilson's at each epoch, of as many trials as would have the variance of Greenwood
(1926) without censoring (the effective number of Cutler & Ederer 1958, as Dorey & Korn 1987 use it); those of quantiles
are the epochs at which the interval holds the share (Brookmeyer & Crowley 1982).
"""

import numpy as np
from numpy.typing import NDArray

from runner.analysis.grouping import Floats, Grouped, Whole
from runner.tables.columns import PERCENTILES
from runner.tables.summary import wilson


def censored_run_lengths(trials: Grouped, configurations: Whole) -> dict[str, Floats]:
    """Return what `runner.analysis.run_lengths.run_lengths` does, for some configurations, as arrays by column."""
    sizes = trials.sizes[configurations]
    found: dict[str, Floats] = {}
    for size in np.unique(sizes):
        alike = np.flatnonzero(sizes == size)
        rows = trials.starts[configurations[alike], np.newaxis] + np.arange(size)
        for name, values in _of_one_size(trials, rows).items():
            found.setdefault(name, np.full(len(sizes), np.nan))[alike] = values
    return found


def _of_one_size(trials: Grouped, rows: Whole) -> dict[str, Floats]:
    """Configurations with as many trials each: a row of `rows` a configuration."""
    order = np.argsort(~trials.converged[rows], axis=1, kind="stable")  # at one epoch events come before censoring
    rows = np.take_along_axis(rows, order, axis=1)
    until = np.minimum(trials.time, trials.watched)[rows]
    rows = np.take_along_axis(rows, np.argsort(until, axis=1, kind="stable"), axis=1)
    events, until = trials.converged[rows], np.minimum(trials.time, trials.watched)[rows]
    size = rows.shape[1]
    at_risk = (size - np.arange(size)).astype(np.float64)
    remaining = np.cumprod(np.where(events, 1 - 1 / at_risk, 1.0), axis=1)
    spread = np.cumsum(np.where(events & (at_risk > 1), 1 / np.maximum(at_risk * (at_risk - 1), 1), 0.0), axis=1)
    before = np.hstack([np.ones((len(rows), 1)), remaining[:, :-1]])
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = np.where(remaining > 0, (1 - remaining) / (remaining * spread), 1 / before)
    effective = np.where(spread + (remaining <= 0) > 0, effective, at_risk)
    low, high = wilson((1 - remaining) * effective, effective)
    found: dict[str, Floats] = {
        "convergence_rate": np.asarray(1 - remaining[:, -1], np.float64),
        "convergence_low": low[:, -1],
        "convergence_high": high[:, -1],
    }
    unbounded = wilson(np.zeros(1), np.full(1, size))[1][0]  # what may have converged before the first did
    for percent in PERCENTILES:
        share, name = percent / 100, f"epochs_q{percent:02}"
        found[name] = _first(until, 1 - remaining >= share - 1e-12)
        found[f"{name}_low"] = _first(until, high >= share) if unbounded < share else np.zeros(len(rows))
        found[f"{name}_high"] = _first(until, events & (low >= share))
    return found


def _first(until: Floats, reached: NDArray[np.bool_]) -> Floats:
    """The epoch at which each row first reaches something, NaN where it never does."""
    found = until[np.arange(len(until)), np.argmax(reached, axis=1)]
    return np.where(reached.any(axis=1) & np.isfinite(found), found, np.nan)
