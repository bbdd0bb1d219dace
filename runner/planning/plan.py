"""Every trial of an experiment in canonical order, found by arithmetic instead of being listed.

Grids stand in file order, their axes in the order written with the last varying fastest, seeds innermost; of a trial
that several grids name, the first occurrence counts. Trials and configurations are numbered from 0 in that order.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from runner.experiment.spec import SWEEPABLE, Experiment, Grid
from runner.experiment.weight_axes import AS_DRAWN

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Strip:
    """Consecutive configurations of one grid that run with the same seeds."""

    first: int  # number of its first trial
    grid: int
    start: int  # place of its first configuration in the grid's product
    count: int
    configuration: int  # number of its first configuration; the others follow
    seeds: range | Numbers
    new: bool  # whether no strip before it holds these configurations

    @property
    def trials(self) -> int:
        """How many trials it holds."""
        return self.count * len(self.seeds)


@dataclass(frozen=True)
class Plan:
    """The trials of an experiment; `levels` has each swept key's distinct values, in order of appearance."""

    experiment: Experiment
    levels: dict[str, list[Any]]
    strips: tuple[Strip, ...]

    @property
    def trials(self) -> int:
        """How many trials there are."""
        return self.strips[-1].first + self.strips[-1].trials

    @cached_property
    def configurations(self) -> int:
        """How many configurations there are."""
        return sum(strip.count for strip in self.strips if strip.new)

    @property
    def contiguous(self) -> bool:
        """Whether the trials of each configuration follow one another."""
        return all(strip.new for strip in self.strips)

    def locate(self, trials: Numbers) -> tuple[Numbers, Numbers]:
        """The configuration number and the seed of each of these trials."""
        configuration, seed = np.empty_like(trials), np.empty_like(trials)
        place = np.searchsorted([strip.first for strip in self.strips], trials, side="right") - 1
        for number in np.unique(place):
            strip, here = self.strips[number], place == number
            which, innermost = np.divmod(trials[here] - strip.first, len(strip.seeds))
            configuration[here] = strip.configuration + which
            seeds = strip.seeds
            seed[here] = seeds.start + innermost * seeds.step if isinstance(seeds, range) else seeds[innermost]
        return configuration, seed

    def level(self, configurations: Numbers) -> dict[str, Numbers]:
        """For each swept key, the place in `levels` of its value in each of these configurations."""
        places = {key: np.empty_like(configurations) for key in self.levels}
        homes = [strip for strip in self.strips if strip.new]
        home = np.searchsorted([strip.configuration for strip in homes], configurations, side="right") - 1
        for number in np.unique(home):
            strip, here = homes[number], home == number
            grid = self.experiment.grids[strip.grid]
            sizes = [len(axis.values) for axis in grid.axes]
            inside = configurations[here] - strip.configuration + strip.start
            along = (
                dict(zip([axis.key for axis in grid.axes], np.unravel_index(inside, sizes), strict=True))
                if sizes
                else {}
            )
            for key, table in self._tables[strip.grid].items():
                places[key][here] = table[along[key]] if key in along else table[0]
        return places

    @cached_property
    def _tables(self) -> list[dict[str, Numbers]]:
        """For each grid and swept key, the places in `levels` of the values that the key takes there."""
        place = {key: {value: k for k, value in enumerate(values)} for key, values in self.levels.items()}
        return [
            {key: np.array([place[key][v] for v in _values(self.experiment, grid, key)]) for key in self.levels}
            for grid in self.experiment.grids
        ]

    def values(self, configurations: Numbers) -> dict[str, NDArray[Any]]:
        """The value of each swept key in each of these configurations."""
        return {key: self._arrays[key][place] for key, place in self.level(configurations).items()}

    @cached_property
    def _arrays(self) -> dict[str, NDArray[Any]]:
        return {key: level_array(values) for key, values in self.levels.items()}


def level_array(values: Sequence[Any]) -> NDArray[Any]:
    """Values of one key as an array: of one type where they have one, of objects where they are words or mixed."""
    kinds = {type(value) for value in values}
    return np.array(values, dtype=object if str in kinds or len(kinds) > 1 else kinds.pop())


def base_value(experiment: Experiment, key: str) -> Any:
    """The value that a key has where no axis overrides it; a single weight is then as drawn."""
    if key not in SWEEPABLE:
        return AS_DRAWN
    return getattr(getattr(experiment, SWEEPABLE[key]), key)


def _values(experiment: Experiment, grid: Grid, key: str) -> Sequence[Any]:
    for axis in grid.axes:
        if axis.key == key:
            return axis.values
    return (base_value(experiment, key),)


def plan(experiment: Experiment) -> Plan:
    """Lay out the trials of an experiment."""
    keys = dict.fromkeys(["hidden", "learning_rate"] + [axis.key for grid in experiment.grids for axis in grid.axes])
    levels = {
        key: list(dict.fromkeys(value for grid in experiment.grids for value in _values(experiment, grid, key)))
        for key in keys
    }
    if len(experiment.grids) == 1:
        grid = experiment.grids[0]
        count = int(np.prod([len(axis.values) for axis in grid.axes], dtype=np.int64))
        seeds = grid.seeds if isinstance(grid.seeds, range) else np.array(grid.seeds, np.int64)
        return Plan(experiment, levels, (Strip(0, 0, 0, count, 0, seeds, True),))
    return Plan(experiment, levels, tuple(_union(experiment, list(keys))))


def _union(experiment: Experiment, keys: list[str]) -> Iterator[Strip]:
    """The strips of several grids, each configuration's seeds less those that it had before."""
    numbers: dict[tuple[Any, ...], int] = {}
    seen: list[Numbers] = []
    first = 0
    for g, grid in enumerate(experiment.grids):
        seeds = np.array(grid.seeds, np.int64)
        rows: list[tuple[int, int, Numbers, bool]] = []
        for place, point in enumerate(itertools.product(*(axis.values for axis in grid.axes))):
            along = dict(zip((axis.key for axis in grid.axes), point, strict=True))
            configuration = tuple(along.get(key, base_value(experiment, key)) for key in keys)
            new = configuration not in numbers
            number = numbers.setdefault(configuration, len(numbers))
            if new:
                seen.append(seeds)
                rows.append((place, number, seeds, True))
                continue
            rest = seeds[~np.isin(seeds, seen[number])]
            if len(rest):
                seen[number] = np.concatenate([seen[number], rest])
                rows.append((place, number, rest, False))
        for run in _runs(rows):
            place, number, kept, new = run[0]
            yield Strip(first, g, place, len(run), number, kept, new)
            first += len(run) * len(kept)


def _runs(rows: list[tuple[int, int, Numbers, bool]]) -> Iterator[list[tuple[int, int, Numbers, bool]]]:
    """Cut rows into the longest runs of consecutive configurations with equal seeds."""
    run: list[tuple[int, int, Numbers, bool]] = []
    for row in rows:
        follows = run and row[0] == run[-1][0] + 1 and row[1] == run[-1][1] + 1 and row[3] == run[-1][3]
        if run and not (follows and np.array_equal(row[2], run[-1][2])):
            yield run
            run = []
        run.append(row)
    if run:
        yield run
