"""Several grids joined into one list of trials: of a trial that several of them name, the first occurrence counts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from runner.planning.product import Numbers, Product

Seeds = range | Numbers

_BLOCK = 65_536  # configurations at a time


@dataclass(frozen=True)
class Strip:
    """Consecutive configurations of one grid that run with the same seeds."""

    first: int  # number of its first trial
    grid: int
    start: int  # place of its first configuration in the grid's product
    count: int
    configuration: int  # number of its first configuration; the others follow
    seeds: Seeds
    new: bool  # whether no strip before it holds these configurations

    @property
    def trials(self) -> int:
        """How many trials it holds."""
        return self.count * len(self.seeds)


def strips(products: Sequence[Product], seeds: Sequence[Seeds]) -> Iterator[Strip]:
    """The strips of some grids in their order, each configuration's seeds less those that it had before.

    Whether a configuration stood in an earlier grid, and where, is found by arithmetic. So what this takes grows with
    the number of strips: one a grid where grids do not meet, at most one a configuration where they do.
    """
    first = configurations = 0
    homes: list[Numbers] = []  # for each grid, of its strips of new configurations: where they start, and their number
    for g, product in enumerate(products):
        earlier = [h for h in range(g) if product.meets(products[h])]
        new: list[tuple[int, int]] = []
        for start, count, known, rest in _runs(products, g, earlier, homes, seeds):
            strip = Strip(first, g, start, count, configurations if known < 0 else known, rest, known < 0)
            first += strip.trials
            if strip.new:
                configurations += count
                new.append((start, strip.configuration))
            yield strip
        homes.append(np.array(new, np.int64).reshape(-1, 2).T.copy())


def _runs(
    products: Sequence[Product], g: int, earlier: list[int], homes: list[Numbers], seeds: Sequence[Seeds]
) -> Iterator[tuple[int, int, int, Seeds]]:
    """Runs of a grid's configurations: start, count, the number of the first (-1 where they are new), and seeds."""
    if not earlier:
        yield 0, products[g].count, -1, seeds[g]
        return
    rests: dict[tuple[int, ...], Seeds] = {(): seeds[g]}
    for begin in range(0, products[g].count, _BLOCK):
        inside = np.arange(begin, min(begin + _BLOCK, products[g].count))
        levels = products[g].levels(inside)
        number, kind = np.full_like(inside, -1), np.zeros_like(inside)  # a kind: those in the same earlier grids
        grids: list[tuple[int, ...]] = [()]
        for h in earlier:
            place = products[h].find(levels)
            fresh = (place >= 0) & (number < 0)
            if fresh.any():
                starts, numbers = homes[h]
                home = np.searchsorted(starts, place[fresh], side="right") - 1
                number[fresh] = place[fresh] - starts[home] + numbers[home]
            kinds, kind = np.unique(2 * kind + (place >= 0), return_inverse=True)
            grids = [grids[k // 2] + (h,) * int(k % 2) for k in kinds]
        for holders in grids:
            if holders not in rests:
                rests[holders] = _less(seeds[g], [seeds[h] for h in holders])
        follows = (kind[1:] == kind[:-1]) & ((number[1:] == number[:-1] + 1) | (number[1:] < 0))
        begins = np.flatnonzero(np.concatenate([[True], ~follows, [True]]))
        for start, count in zip(begins.tolist(), np.diff(begins).tolist(), strict=False):
            if len(rest := rests[grids[kind[start]]]):
                yield begin + start, count, int(number[start]), rest


def _less(seeds: Seeds, before: list[Seeds]) -> Seeds:
    """Seeds without those of other grids; a range where they still are one."""
    for other in before:
        if isinstance(seeds, range) and isinstance(other, range):
            left = range(seeds.start, max(seeds.start, min(seeds.stop, other.start)))
            right = range(min(seeds.stop, max(seeds.start, other.stop)), seeds.stop)
            seeds = right if not left else left if not right else np.concatenate([_array(left), _array(right)])
        else:
            of = _array(seeds)
            seeds = of[~np.isin(of, _array(other))]
    return seeds


def _array(seeds: Seeds) -> Numbers:
    return np.arange(seeds.start, seeds.stop, dtype=np.int64) if isinstance(seeds, range) else seeds
