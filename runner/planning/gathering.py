"""Where the trials of some configurations stand: in one place, or, where grids meet, in several."""

from collections.abc import Iterator

import numpy as np

from runner.planning.plan import Plan
from runner.planning.product import Numbers


class Gathering:
    """The trials of consecutive configurations of a plan."""

    def __init__(self, plan: Plan) -> None:
        strips = [(strip.configuration, strip.count, strip.first, len(strip.seeds)) for strip in plan.strips]
        self._start, self._count, self._first, self._seeds = np.array(strips, np.int64).T

    def pieces(self, start: int, stop: int) -> Iterator[tuple[int, int, int, int]]:
        """Where they follow one another: the first trial, the first configuration, how many, and trials of each."""
        low, high, first, seeds = self._meeting(start, stop)
        yield from zip(*(column.tolist() for column in (first, low, high - low, seeds)), strict=True)

    def counts(self, start: int, stop: int) -> Numbers:
        """How many trials each configuration has."""
        low, high, _, seeds = self._meeting(start, stop)
        steps = np.zeros(stop - start + 1, np.int64)
        np.add.at(steps, low - start, seeds)
        np.add.at(steps, high - start, -seeds)
        return np.cumsum(steps[:-1])

    def cuts(self, start: int, stop: int, configurations: int, trials: int) -> Iterator[tuple[int, int]]:
        """Cut configurations into pieces of at most so many, and so many trials, but of one configuration at least."""
        while start < stop:
            end = min(stop, start + configurations)
            fitting = int(np.searchsorted(np.cumsum(self.counts(start, end)), trials, side="right"))
            end = start + max(1, fitting)
            yield start, end
            start = end

    def _meeting(self, start: int, stop: int) -> tuple[Numbers, Numbers, Numbers, Numbers]:
        """Of each strip that holds some of these configurations: which, their first trial, and trials of each."""
        low, high = np.maximum(self._start, start), np.minimum(self._start + self._count, stop)
        some = low < high
        first = self._first + (low - self._start) * self._seeds
        return low[some], high[some], first[some], self._seeds[some]
