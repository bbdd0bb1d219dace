"""The configurations of one grid, the last axis varying fastest, found by arithmetic instead of being listed."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from runner.experiment.spec import SWEEPABLE, Experiment, Grid
from runner.experiment.weight_axes import AS_DRAWN

Numbers = NDArray[np.int64]


class Product:
    """Configurations as places in the product of a grid's axes, and as places in the levels of each swept key."""

    def __init__(self, experiment: Experiment, grid: Grid, levels: Mapping[str, Sequence[Any]]) -> None:
        self._sizes = {axis.key: len(axis.values) for axis in grid.axes}
        self._levels = {key: len(values) for key, values in levels.items()}
        # Where in its levels the values of a key are; None where they are the levels, maybe a million.
        self._tables = {key: _places(axis_values(experiment, grid, key), levels[key]) for key in levels}

    @property
    def count(self) -> int:
        """How many configurations there are."""
        return int(np.prod([*self._sizes.values()], dtype=np.int64))

    def levels(self, places: Numbers) -> dict[str, Numbers]:
        """For each swept key, the place in its levels that these configurations have."""
        along = np.unravel_index(places, [*self._sizes.values()]) if self._sizes else ()
        places_on = dict(zip(self._sizes, along, strict=True))
        levels = {}
        for key, table in self._tables.items():
            place = places_on[key] if key in places_on else np.zeros_like(places)
            levels[key] = place if table is None else table[place]
        return levels

    def find(self, levels: Mapping[str, Numbers]) -> Numbers:
        """The place of each of these configurations, given by places in the levels; -1 where it is not in this grid."""
        first = next(iter(levels.values()))
        found, inside = np.zeros_like(first), np.ones(len(first), np.bool_)
        on = {}
        for key, table in self._tables.items():
            on[key] = levels[key]
            if table is not None:
                back = np.full(self._levels[key], -1)
                back[table] = np.arange(len(table))
                on[key] = back[levels[key]]
            inside &= on[key] >= 0
        for key, size in self._sizes.items():
            found = found * size + on[key]
        return np.where(inside, found, -1)

    def meets(self, other: "Product") -> bool:
        """Whether some configuration is in both grids."""
        return all((taken & other._taken[key]).any() for key, taken in self._taken.items())

    @cached_property
    def _taken(self) -> dict[str, NDArray[np.bool_]]:
        """Which levels of each key stand in this grid."""
        taken = {key: np.zeros(count, np.bool_) for key, count in self._levels.items()}
        for key, table in self._tables.items():
            taken[key][slice(None) if table is None else table] = True
        return taken


def axis_values(experiment: Experiment, grid: Grid, key: str) -> Sequence[Any]:
    """The values that a key takes in a grid, one where it is no axis there."""
    for axis in grid.axes:
        if axis.key == key:
            return axis.values
    return (base_value(experiment, key),)


def base_value(experiment: Experiment, key: str) -> Any:
    """The value that a key has where no axis overrides it; a single weight is then as drawn."""
    if key not in SWEEPABLE:
        return AS_DRAWN
    return getattr(getattr(experiment, SWEEPABLE[key]), key)


def _places(values: Sequence[Any], levels: Sequence[Any]) -> Numbers | None:
    if values is levels:
        return None
    place = {value: k for k, value in enumerate(levels)}
    return np.array([place[value] for value in values], np.int64)
