"""The normal, Student's and the binomial distribution, as scipy.stats has them but without its second of import."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


def binomial(successes: Any, trials: Any, share: Any) -> Floats:
    """Return the probability of at most so many successes: 0 below 0, 1 from `trials` on."""
    from scipy.special import bdtr

    number, trials, share = np.broadcast_arrays(successes, trials, share)
    inside = (number >= 0) & (number < trials)
    found = np.where(number < 0, 0.0, 1.0)
    found[inside] = bdtr(number[inside].astype(np.float64), trials[inside].astype(np.int64), share[inside])
    return found


def binomial_quantile(level: float, trials: Any, share: Any) -> Whole:
    """Return the smallest number of successes for which it, or fewer, have at least a probability of `level`."""
    from scipy.special import bdtrik

    trials, share = np.broadcast_arrays(np.asarray(trials, np.float64), np.asarray(share, np.float64))
    inside = (share > 0) & (share < 1)
    found = np.where(inside, 0.0, share * trials)
    near = np.nan_to_num(np.ceil(bdtrik(level, trials[inside], share[inside])))  # NaN where a share is tiny
    found[inside] = np.clip(near, 0, trials[inside])
    found -= (found > 0) & (binomial(found - 1, trials, share) >= level)  # rounding may have put it one too high
    found += binomial(found, trials, share) < level
    return found.astype(np.int64)


def student(freedom: Any, z: Any) -> Floats:
    """Return the quantile of Student's distribution that has above it what the normal one has above z."""
    from scipy.special import ndtr, stdtrit

    return np.asarray(-stdtrit(freedom, ndtr(-np.asarray(z))), np.float64)


def normal(share: float) -> float:
    """Return the quantile of the normal distribution."""
    from scipy.special import ndtri

    return float(ndtri(share))
