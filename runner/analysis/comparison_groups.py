"""Means and medians of many groups at a time, with intervals that draw seeds and not rows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from runner.tables.groups import sorted_groups

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Groups:
    """Rows in `count` groups: the number of each row's group, ascending, and that of its seed, from 0 to `seeds` - 1.

    `clustered` says that a seed may stand in several rows, and is for a single group.
    """

    number: Numbers
    count: int
    seed: Numbers
    seeds: int
    clustered: bool

    def chosen(self, rows: NDArray[np.bool_]) -> "Groups":
        """The same groups, of some rows."""
        return Groups(self.number[rows], self.count, self.seed[rows], self.seeds, self.clustered)

    def sizes(self) -> Numbers:
        """How many rows each group has."""
        return np.bincount(self.number, minlength=self.count)

    def sums(self, values: NDArray[np.generic]) -> Floats:
        """The sum of each group."""
        return np.bincount(self.number, np.asarray(values, np.float64), self.count).astype(np.float64, copy=False)

    def drawn(self) -> Numbers:
        """How many seeds each group has."""
        if not self.clustered:
            return self.sizes()
        return np.array([np.count_nonzero(np.bincount(self.seed))])

    def squares(self, deviations: Floats) -> Floats:
        """The sum of squares of the deviations of each group, those of a seed added up first."""
        if not self.clustered:
            return self.sums(deviations**2)
        return np.array([(self.by_seed(deviations) ** 2).sum()])

    def by_seed(self, values: Floats) -> Floats:
        """The sum of each seed, over all groups."""
        return np.bincount(self.seed, values, self.seeds).astype(np.float64, copy=False)


def means(values: Floats, groups: Groups, floor: float = 0.0) -> tuple[Floats, Floats, Floats, Floats]:
    """Return each group's mean, its standard error, its degrees of freedom and the quantile of Student's t.

    Seeds are what is drawn: rows of one seed are added up first. `floor` is added to the sum of squared deviations,
    where a seed counts as one. NaN where there are fewer than two seeds.
    """
    from scipy.special import stdtrit

    sizes, seeds = groups.sizes(), groups.drawn().astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = groups.sums(values) / sizes
        squares = groups.squares(values - mean[groups.number]) * (seeds / sizes) ** 2
        error = np.sqrt((squares + floor) / (seeds * (seeds - 1)))
        free = np.where(seeds > 1, seeds - 1, np.nan)
        quantile = np.asarray(stdtrit(free, 0.975), np.float64)
    return mean, np.where(seeds > 1, error, np.nan), free, quantile


def medians(values: Floats, groups: Groups) -> tuple[Floats, Floats, Floats]:
    """Return each group's median and its 95 % percentile interval under the bootstrap of seeds.

    The interval is that of infinitely many resamples, without drawing any. With a row a seed the bootstrap's median is
    at most the k-th value of n with the probability that half of n draws of chance k / n succeed (Efron 1979). With
    several rows a seed the share of draws below a value is taken as Student's, with the variance between seeds
    (Woodruff 1952). A median between two values is their mean, infinite where either is. NaN without rows, and the
    interval with fewer than two seeds.
    """
    ordered, starts, sizes = in_order(values, groups)
    some = sizes > 0
    found = np.full((3, groups.count), np.nan)
    below, above = ((starts + part)[some] for part in ((sizes - 1) // 2, sizes // 2))
    with np.errstate(invalid="ignore"):
        found[0, some] = np.where(
            ordered[below] == ordered[above], ordered[below], (ordered[below] + ordered[above]) / 2
        )
    low, high = _clustered_ranks(values, groups, found[0]) if groups.clustered else _ranks(sizes)
    several = groups.drawn() > 1
    found[1, several] = ordered[(starts + low)[several]]
    found[2, several] = ordered[(starts + high)[several]]
    return found[0], found[1], found[2]


def in_order(values: Floats, groups: Groups) -> tuple[Floats, Numbers, Numbers]:
    """Return the values, ascending in each group, and where each group starts and how large it is."""
    sizes = groups.sizes()
    return sorted_groups(values, sizes), np.cumsum(sizes) - sizes, sizes


def _ranks(sizes: Numbers) -> tuple[Numbers, Numbers]:
    """The places, from 0, of the ends of the interval in each group; many groups have one size."""
    kinds, which = np.unique(sizes, return_inverse=True)
    ends = np.array([_ends(int(size)) for size in kinds], np.int64)
    return ends[which, 0], ends[which, 1]


def _ends(size: int) -> tuple[int, int]:
    from scipy.stats import binom

    if size < 2:
        return 0, 0
    reach = int(3 * np.sqrt(size)) + 2  # six standard deviations of the rank
    rank = np.arange(max(1, size // 2 - reach), min(size, size // 2 + reach) + 1)
    # Of an even number of draws the median is below a value as often as half of its two middle draws are.
    least, most = (size + 1) // 2, size // 2 + 1
    chance = (binom.sf(least - 1, size, rank / size) + binom.sf(most - 1, size, rank / size)) / 2
    low, high = np.searchsorted(chance, (0.025, 0.975))
    return int(rank[low]) - 1, int(rank[min(high, len(rank) - 1)]) - 1


def _clustered_ranks(values: Floats, groups: Groups, median: Floats) -> tuple[Numbers, Numbers]:
    from scipy.special import stdtrit

    centre = median[groups.number]
    share = np.where(values < centre, 0.5, np.where(values > centre, -0.5, 0.0))
    sizes, seeds = groups.sizes(), groups.drawn()
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = stdtrit(seeds - 1.0, 0.975) * np.sqrt(groups.squares(share) * seeds / (seeds - 1))
    low = np.maximum(np.ceil(sizes / 2 - np.where(seeds > 1, spread, 0.0)).astype(np.int64) - 1, 0)
    return low, np.maximum(sizes - 1 - low, 0)
