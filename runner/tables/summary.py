"""summary.csv: what the seeds of each configuration did."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from runner.tables.cells import column
from runner.tables.columns import KEYS, OUTCOMES, PERCENTILES, SUMMARY
from runner.tables.csv_file import CsvFile
from runner.tables.groups import between, quantile_places, sorted_groups
from runner.tables.manifest import Digest
from runner.tables.selection import order_statistics, real_keys, reals

Z = 1.959963984540054  # the normal quantile of 0.975
NEVER = np.iinfo(np.int64).max
CONVERGED, DIVERGED = OUTCOMES.index("converged"), OUTCOMES.index("diverged")

Trials = tuple[NDArray[Any], NDArray[Any], NDArray[Any]]  # outcome, epochs_to_convergence, final_loss: an entry a trial
Ranked = Callable[[NDArray[np.int64]], NDArray[Any]]  # the values with these ranks (..., configurations) from 0


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
    converged, finite = outcome == CONVERGED, np.isfinite(final_loss)
    chosen = (slice(None), converged, outcome == DIVERGED, finite)
    counts = np.stack([np.bincount(configuration[those], minlength=count) for those in chosen])
    epochs = _ranked(np.where(converged, epochs_to_convergence, NEVER), counts[0])
    return _columns(counts, epochs, _ranked(np.where(finite, final_loss, np.inf), counts[0]))


def summarise_one(blocks: Callable[[], Iterator[Trials]]) -> dict[str, NDArray[Any]]:
    """Return the same columns for one configuration of more trials than fit in memory; `blocks` gives them anew."""
    counts = np.zeros((4, 1), np.int64)
    for outcome, _, loss in blocks():
        counts[:, 0] += [len(loss), (outcome == CONVERGED).sum(), (outcome == DIVERGED).sum(), np.isfinite(loss).sum()]

    def epochs() -> Iterator[NDArray[np.int64]]:
        return (epochs[outcome == CONVERGED] for outcome, epochs, _ in blocks())

    def losses() -> Iterator[NDArray[np.int64]]:
        return (real_keys(loss[np.isfinite(loss)]) for *_, loss in blocks())

    return _columns(
        counts,
        lambda ranks: order_statistics(epochs, ranks),
        lambda ranks: reals(order_statistics(losses, ranks)),
    )


def _columns(counts: NDArray[np.int64], epochs: Ranked, losses: Ranked) -> dict[str, NDArray[Any]]:
    """Columns from what stands where among sorted epochs and losses.

    The counts (4, configurations) are of trials, those that converged, that diverged, and whose loss is finite.
    """
    trials, successes, diverged, finite = counts
    percents = np.array(PERCENTILES)[:, np.newaxis]
    rank = -(-trials * percents // 100)
    reached = (successes >= rank) & (trials > 0)
    enough = np.where(reached, epochs(np.where(reached, rank - 1, 0)), -1)
    below, above, weight = quantile_places(np.maximum(finite, 1), percents / 100)
    lower, upper = np.where(finite > 0, losses(np.stack([below, above])), 0.0)
    quantiles = np.where(finite > 0, between(lower, upper, weight), np.nan)
    columns = [trials, successes, diverged, _rate(successes, trials), *wilson(successes, trials)]
    return dict(zip(SUMMARY, [*columns, *enough, *quantiles], strict=True))


def wilson(
    successes: NDArray[Any], trials: NDArray[Any], z: float | NDArray[np.float64] = Z
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the score interval of each rate, NaN where there are no trials (Wilson 1927); of 95 % unless z is said."""
    rate = _rate(successes, trials)
    with np.errstate(divide="ignore", invalid="ignore"):
        shrink = 1 / (1 + z**2 / trials)
        centre = (rate + z**2 / (2 * trials)) * shrink
        half = z * shrink * np.sqrt(rate * (1 - rate) / trials + (z / (2 * trials)) ** 2)
    return np.where(rate == 0, 0.0, centre - half), np.where(rate == 1, 1.0, centre + half)


class SummaryWriter:
    """Writes summary.csv: the hash of each configuration, its swept keys, and what `summarise` found.

    `levels` holds the values that each of `columns.swept` takes, in that order.
    """

    def __init__(self, path: Path, levels: Mapping[str, Sequence[Any]]) -> None:
        worded = any(isinstance(scale, str) for scale in levels.get("scale", ()))
        kinds = KEYS | ({"scale": "word"} if worded else {})
        self._kinds = {key: kinds.get(key, "real") for key in levels}
        self._file = CsvFile(path, ["configuration", *self._kinds, *SUMMARY])

    def write(
        self, hashes: Sequence[str], keys: Mapping[str, NDArray[Any]], columns: Mapping[str, NDArray[Any]]
    ) -> None:
        """Write the rows of some configurations."""
        swept = [column(keys[key], kind) for key, kind in self._kinds.items()]
        found = [column(columns[name], kind) for name, kind in SUMMARY.items()]
        self._file.write([column(hashes, "word"), *swept, *found])

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    @property
    def digest(self) -> Digest:
        """What the manifest says of the file, once it is closed."""
        return self._file.digest


def _rate(successes: NDArray[Any], trials: NDArray[Any]) -> NDArray[np.float64]:
    found = np.full(np.shape(trials), np.nan)
    np.divide(successes, trials, out=found, where=trials > 0)
    return found


def _ranked(values: NDArray[Any], sizes: NDArray[Any]) -> Ranked:
    """Return what stands where in consecutive groups, once each is sorted."""
    starts, found = np.cumsum(sizes) - sizes, np.append(sorted_groups(values, sizes), values.dtype.type(0))
    return lambda ranks: found[starts + ranks]  # the last entry is for empty groups at the end
