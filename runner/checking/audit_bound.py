"""How many rows of a table may be wrong, by those of a random sample: an exact upper bound."""

import math

import numpy as np

LEVEL = 0.95


def most_wrong(rows: int, sampled: int, wrong: int) -> int:
    """Return the largest number of wrong rows that so many wrong ones in a sample leave possible, at 95 % confidence.

    One-sided, Clopper and Pearson's (1934) for a sample without replacement from a finite table: the largest K of which
    a hypergeometric sample holds that few wrong rows, or fewer, with a probability of 5 % or more.
    """
    low, high = wrong, rows - (sampled - wrong)  # the least and the most that the sample leaves
    while low < high:
        middle = (low + high + 1) // 2
        if _possible(rows, middle, sampled, wrong):
            low = middle
        else:
            high = middle - 1
    return low


def _possible(rows: int, bad: int, sampled: int, wrong: int) -> bool:
    """Whether a sample holds at most so many of the bad rows with a probability of 5 % or more."""
    from scipy.special import gammaln

    seen = np.arange(max(0, sampled - (rows - bad)), wrong + 1, dtype=float)

    def ways(of: float, chosen: np.ndarray | float) -> np.ndarray:
        return np.asarray(gammaln(of + 1.0) - gammaln(np.asarray(chosen) + 1.0) - gammaln(of - chosen + 1.0))

    logs = ways(bad, seen) + ways(rows - bad, sampled - seen) - ways(rows, sampled)
    # What rounding can make of logarithms this large is given to the possible: the bound is never too low.
    slack = 16 * np.finfo(float).eps * float(gammaln(rows + 2.0)) + 1e-12
    largest = logs.max()
    return bool(largest + math.log(np.exp(logs - largest).sum()) >= math.log(1 - LEVEL) - slack)
