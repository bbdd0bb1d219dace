"""Every trial of an experiment in canonical order, found by arithmetic instead of being listed.

Grids stand in file order, their axes in the order written with the last varying fastest, seeds innermost; of a trial
that several grids name, the first occurrence counts. Trials and configurations are numbered from 0 in that order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from runner.experiment.spec import Experiment
from runner.planning.product import Numbers as Numbers
from runner.planning.product import Product, axis_values
from runner.planning.union import Strip, strips


@dataclass(frozen=True)
class Plan:
    """The trials of an experiment; `levels` has each swept key's distinct values, in order of appearance."""

    experiment: Experiment
    levels: dict[str, Sequence[Any]]
    products: tuple[Product, ...]
    strips: tuple[Strip, ...]

    @property
    def trials(self) -> int:
        """How many trials there are."""
        return self.strips[-1].first + self.strips[-1].trials

    @cached_property
    def configurations(self) -> int:
        """How many configurations there are."""
        return sum(strip.count for strip in self.strips if strip.new)

    @cached_property
    def contiguous(self) -> bool:
        """Whether the trials of each configuration follow one another."""
        return all(strip.new for strip in self.strips)

    def locate(self, trials: Numbers) -> tuple[Numbers, Numbers]:
        """The configuration number and the seed of each of these trials."""
        columns, listed = self._columns
        if columns.shape[1] == 1:
            strip = np.broadcast_to(columns, (len(columns), len(trials)))
        else:
            strip = columns[:, np.searchsorted(columns[0], trials, side="right") - 1]
        first, configuration, seeds, seed, step = strip
        which, innermost = np.divmod(trials - first, seeds)
        seed = seed + innermost * step
        if len(listed):
            seed[step == 0] = listed[(strip[3] + innermost)[step == 0]]
        return configuration + which, seed

    def level(self, configurations: Numbers) -> dict[str, Numbers]:
        """For each swept key, the place in `levels` of its value in each of these configurations."""
        places = {key: np.empty_like(configurations) for key in self.levels}
        configuration, start, grid = self._homes[:, np.searchsorted(self._homes[0], configurations, side="right") - 1]
        inside = configurations - configuration + start
        for number in np.unique(grid):
            here = grid == number
            for key, found in self.products[number].levels(inside[here]).items():
                places[key][here] = found
        return places

    @cached_property
    def _columns(self) -> tuple[Numbers, Numbers]:
        """Of each strip: first trial, first configuration, seeds, first seed, step; and the seeds that are listed.

        Where they are, the step is 0, and in place of the first seed stands its place in that list.
        """
        rows, lists, known, length = list[tuple[int, ...]](), list[Numbers](), dict[int, int](), 0
        for strip in self.strips:
            if isinstance(strip.seeds, range):
                seed, step = strip.seeds.start, 1
            else:
                seed, step = known.setdefault(id(strip.seeds), length), 0
                if seed == length:
                    lists.append(strip.seeds)
                    length += len(strip.seeds)
            rows.append((strip.first, strip.configuration, len(strip.seeds), seed, step))
        return np.array(rows, np.int64).T.copy(), np.concatenate([*lists, np.empty(0, np.int64)])

    @cached_property
    def _homes(self) -> Numbers:
        """Of each strip of new configurations: the first of them, its place in the grid, and the grid."""
        rows = [(strip.configuration, strip.start, strip.grid) for strip in self.strips if strip.new]
        return np.array(rows, np.int64).T.copy()

    def values(self, configurations: Numbers) -> dict[str, NDArray[Any]]:
        """The value of each swept key in each of these configurations."""
        heads, back = in_runs(configurations)
        return {key: self._arrays[key][place][back] for key, place in self.level(heads).items()}

    @cached_property
    def _arrays(self) -> dict[str, NDArray[Any]]:
        return {key: level_array(values) for key, values in self.levels.items()}


def in_runs(configurations: Numbers) -> tuple[Numbers, Numbers]:
    """Configurations that follow one another alike, once, and the place among them of each of all."""
    begins = np.diff(configurations, prepend=-1) != 0
    return configurations[begins], np.cumsum(begins) - 1


def level_array(values: Sequence[Any]) -> NDArray[Any]:
    """Values of one key as an array: of one type where they have one, of objects where they are words or mixed."""
    kinds = {type(value) for value in values}
    return np.array(values, dtype=object if str in kinds or len(kinds) > 1 else kinds.pop())


def plan(experiment: Experiment) -> Plan:
    """Lay out the trials of an experiment."""
    grids = experiment.grids
    keys = dict.fromkeys(["hidden", "learning_rate"] + [axis.key for grid in grids for axis in grid.axes])
    levels = {key: _distinct([axis_values(experiment, grid, key) for grid in grids]) for key in keys}
    products = tuple(Product(experiment, grid, levels) for grid in grids)
    seeds = [grid.seeds if isinstance(grid.seeds, range) else np.array(grid.seeds, np.int64) for grid in grids]
    return Plan(experiment, levels, products, tuple(strips(products, seeds)))


def _distinct(several: list[Sequence[Any]]) -> Sequence[Any]:
    """The distinct values of several axes, in order of appearance."""
    if len(several) == 1:  # of one axis they are distinct, and a dict of a million values takes 100 MB
        return several[0]
    return list(dict.fromkeys(value for values in several for value in values))
