"""summary.csv: what the seeds of each configuration did."""

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from runner.tables.cells import column, header, lines
from runner.tables.columns import KEYS, OUTCOMES, PERCENTILES, SUMMARY

Z = 1.959963984540054  # the normal quantile of 0.975
NEVER = np.iinfo(np.int64).max


def summarise(
    configuration: NDArray[Any],
    outcome: NDArray[Any],
    epochs_to_convergence: NDArray[Any],
    final_loss: NDArray[Any],
    count: int,
) -> dict[str, NDArray[Any]]:
    """Return the columns of `columns.SUMMARY`, an entry for each of the configurations 0 to count - 1.

    The first four arrays have an entry a trial: the number of its configuration (any order; ascending is quickest), its
    index into `OUTCOMES`, and so on. Whole numbers that are missing are -1, reals NaN.

    Quantiles of epochs are order statistics: the smallest e by which a share q of all trials had converged, -1 where
    fewer ever did (the inverse of the empirical distribution; type 1 of Hyndman & Fan 1996). Quantiles of the finite
    losses are interpolated linearly, as NumPy's are (type 7).
    """
    if (configuration[1:] < configuration[:-1]).any():
        order = np.argsort(configuration, kind="stable")
        configuration, outcome = configuration[order], outcome[order]
        epochs_to_convergence, final_loss = epochs_to_convergence[order], final_loss[order]
    converged, finite = outcome == OUTCOMES.index("converged"), np.isfinite(final_loss)
    trials, successes, diverged, losses = (
        np.bincount(configuration[chosen], minlength=count)
        for chosen in (slice(None), converged, outcome == OUTCOMES.index("diverged"), finite)
    )
    epochs = _sorted(np.where(converged, epochs_to_convergence, NEVER), trials)
    loss = _sorted(np.where(finite, final_loss, np.inf), trials)
    starts = np.cumsum(trials) - trials
    low, high = wilson(successes, trials)
    columns = [trials, successes, diverged, _rate(successes, trials), low, high]
    columns += [_order_statistic(epochs, starts, trials, successes, percent) for percent in PERCENTILES]
    columns += [_interpolated(loss, starts, losses, percent / 100) for percent in PERCENTILES]
    return dict(zip(SUMMARY, columns, strict=True))


def wilson(successes: NDArray[Any], trials: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the 95 % score interval of each rate, NaN where there are no trials (Wilson 1927)."""
    rate = _rate(successes, trials)
    with np.errstate(divide="ignore", invalid="ignore"):
        shrink = 1 / (1 + Z**2 / trials)
        centre = (rate + Z**2 / (2 * trials)) * shrink
        half = Z * shrink * np.sqrt(rate * (1 - rate) / trials + (Z / (2 * trials)) ** 2)
    return np.where(rate == 0, 0.0, centre - half), np.where(rate == 1, 1.0, centre + half)


def write_summary(
    path: str | PathLike[str],
    hashes: Sequence[str],
    keys: Mapping[str, NDArray[Any]],
    columns: Mapping[str, NDArray[Any]],
) -> None:
    """Write summary.csv: the hash of each configuration, its swept keys, and what `summarise` found.

    `keys` holds a column for each of `columns.swept`, in that order.
    """
    kinds = KEYS | ({"scale": "word"} if any(isinstance(scale, str) for scale in keys.get("scale", [])) else {})
    swept = [column(values, kinds.get(key, "real")) for key, values in keys.items()]
    found = [column(values, SUMMARY[name]) for name, values in columns.items()]
    with Path(path).open("wb") as file:
        file.write(header(["configuration", *keys, *columns]))
        file.write(lines([column(hashes, "word"), *swept, *found]))


def _rate(successes: NDArray[Any], trials: NDArray[Any]) -> NDArray[np.float64]:
    found = np.full(len(trials), np.nan)
    np.divide(successes, trials, out=found, where=trials > 0)
    return found


def _sorted(values: NDArray[Any], sizes: NDArray[Any]) -> NDArray[Any]:
    """Return consecutive groups, each sorted: all groups of one size at a time.

    n values have at most sqrt(2 n) sizes. One sort of (group, value) pairs took 5 times as long, a lexsort 27 times.
    """
    found, starts = values.copy(), np.cumsum(sizes) - sizes
    order = np.argsort(sizes, kind="stable")
    for alike in np.split(order, np.flatnonzero(np.diff(sizes[order])) + 1):
        places = starts[alike, np.newaxis] + np.arange(sizes[alike[0]])
        found[places] = np.sort(values[places], axis=1)
    return found


def _order_statistic(
    values: NDArray[Any], starts: NDArray[Any], trials: NDArray[Any], successes: NDArray[Any], percent: int
) -> NDArray[np.int64]:
    rank = -(-trials * percent // 100)
    reached = (successes >= rank) & (trials > 0)
    found = np.full(len(trials), -1, np.int64)
    found[reached] = values[(starts + rank - 1)[reached]]
    return found


def _interpolated(
    values: NDArray[np.float64], starts: NDArray[Any], sizes: NDArray[Any], share: float
) -> NDArray[np.float64]:
    """Return a quantile of the first `sizes` values of each group, to the bit what np.quantile gives."""
    some = sizes > 0
    place = (sizes[some] - 1) * share
    below = np.floor(place).astype(np.int64)
    weight = place - below
    lower = values[starts[some] + below]
    upper = values[starts[some] + np.minimum(below + 1, sizes[some] - 1)]
    found = np.full(len(sizes), np.nan)
    gap = upper - lower
    found[some] = np.where(weight < 0.5, lower + gap * weight, upper - gap * (1 - weight))
    return found
