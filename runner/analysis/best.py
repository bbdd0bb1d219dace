"""Which configurations cannot be told from the best, by the expected epochs until a first success.

The configuration that looks best on all seeds looks better than it is. So one is chosen on half of the seeds, and the
others are compared with it on the other half, all at once as in Hsu's multiple comparisons with the best (1984): those
that are not clearly worse stay. The critical value, Dunnett's in Hsu's setting, comes from a bootstrap of the seeds, as
the same seeds run under all configurations; the margins are those of `runner.analysis.successes`.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from runner.analysis.distributions import normal, student
from runner.analysis.grouping import Floats, Grouped, Whole
from runner.analysis.seeds import Matrix, by_seed, dense, squares
from runner.analysis.successes import Interval, expected_epochs, successes

DRAWS = 1000
_ROWS = 4000  # configurations at a time: small products would wait for the threads of BLAS
_LEVEL = 0.95
_MOST = 30.0  # standard errors
_TINY = 1e-9  # epochs: all seeds may converge before any update


@dataclass(frozen=True, eq=False)
class Best:
    """Which configurations cannot be told from the best.

    `chosen` is the configuration (a row of `Analysis.configurations`) with the fewest expected epochs on one half of
    the seeds; everything else here is of the other half. `table` has a row a configuration, best first:

    - configuration: a row of `Analysis.configurations`
    - rank: by expected epochs to a first success, ties sharing the smallest
    - expected_epochs, expected_epochs_low, expected_epochs_high: of that half, infinite where no seed converged
    - together: whether it cannot be told from the chosen one, at 95 % for all at once
    """

    chosen: int
    choosing: int  # seeds that it was chosen on
    scoring: int  # seeds that the table is of
    table: pd.DataFrame


def best(trials: Grouped) -> Best | None:
    """Return the best configuration and those that cannot be told from it.

    None where there is but one, and where none converged on the half of the seeds that is to choose.
    """
    choosing, budget = trials.choosing, trials.common
    first = expected_epochs(successes(trials.configuration[choosing], trials.time[choosing], budget)).value
    if trials.count == 1 or not np.isfinite(first).any():
        return None
    chosen = int(np.nanargmin(first))
    own, time = trials.configuration[~choosing], trials.time[~choosing]
    found = successes(own, time, budget)
    influence = _influence(trials, own, time)
    critical = _critical(influence, chosen)
    interval = expected_epochs(found)
    table = pd.DataFrame(
        {
            "configuration": np.arange(trials.count),
            "rank": pd.Series(interval.value).rank(method="min").astype("Int64"),
            "expected_epochs": interval.value,
            "expected_epochs_low": interval.low,
            "expected_epochs_high": interval.high,
            "together": ~_worse(expected_epochs(found, critical), influence, chosen),
        }
    )
    half = int(np.unique(trials.seed[choosing]).size)
    return Best(chosen, half, len(trials.seeds) - half, table.sort_values("rank", kind="stable").reset_index(drop=True))


def _influence(trials: Grouped, own: Whole, time: Floats) -> Matrix:
    """What each seed adds to the error of successes an epoch, E[T <= c] / E[min(T, c)]; a row a configuration."""
    budget = trials.common[own]
    epochs, success = np.minimum(time, budget), time <= budget
    total = np.bincount(own, epochs, trials.count)
    rate = np.divide(np.bincount(own, success, trials.count), total, out=np.zeros(trials.count), where=total > 0)
    error = np.divide(success - rate[own] * epochs, total[own], out=np.zeros(len(own)), where=total[own] > 0)
    return by_seed(error, own, trials.seed[~trials.choosing], trials.count)


def _critical(influence: Matrix, chosen: int) -> float:
    """The 95 % quantile of the largest of all standardised differences from the chosen one, under draws of seeds.

    Each seed's part in the errors is weighted by a normal draw (the multiplier bootstrap: Chernozhukov, Chetverikov &
    Kato 2013), the same for all configurations; Student's distribution makes up for few seeds.
    """
    count, seeds = influence.shape
    weights = np.random.default_rng(0).standard_normal((seeds, DRAWS))
    reference = dense(influence[[chosen]])[0]
    spread, largest = np.sqrt(_difference(influence, reference)), np.zeros(DRAWS)
    for start in range(0, count, _ROWS):
        rows = slice(start, start + _ROWS)
        drawn = (reference @ weights - influence[rows] @ weights)[spread[rows] > 0]
        drawn /= spread[rows][spread[rows] > 0, np.newaxis]
        np.maximum(largest, drawn.max(axis=0, initial=0.0), out=largest)
    alone = normal(_LEVEL)  # of a single comparison, the least there can be
    critical = max(float(np.quantile(largest, _LEVEL)), alone)
    return min(float(student(max(seeds - 1, 1), critical)), _MOST)


def _difference(influence: Matrix, reference: Floats) -> Floats:
    """The variance of the difference of each configuration from one; 0 where there is none but for rounding."""
    both = squares(influence) + reference @ reference
    variance = both - 2 * (influence @ reference)
    return np.where(variance > 1e-12 * both, variance, 0.0)


def _worse(epochs: Interval, influence: Matrix, chosen: int) -> NDArray[np.bool_]:
    """Whether the lower end of what the chosen one is ahead, in successes an epoch, is above 0."""
    rate, least, most = (1 / np.maximum(end, _TINY) for end in (epochs.value, epochs.high, epochs.low))
    reference = dense(influence[[chosen]])[0]
    lengths = np.sqrt(squares(influence) * (reference @ reference))
    correlation = np.divide(influence @ reference, lengths, out=np.zeros(len(rate)), where=lengths > 0)
    own, other = rate[chosen] - least[chosen], most - rate
    margin = np.sqrt(np.maximum(own**2 + other**2 - 2 * correlation * own * other, 0.0))
    return np.asarray(rate[chosen] - rate > margin)
