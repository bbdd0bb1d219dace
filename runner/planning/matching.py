"""Where the trials of one plan stand in another: those of the same configuration and seed, found by arithmetic."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from runner.experiment.reading import whole
from runner.experiment.spec import Experiment
from runner.planning.plan import Plan
from runner.planning.product import Numbers, Product, base_value
from runner.planning.union import Seeds, Strip


class Matching:
    """Finds trials of the plan `here` in the plan `there`.

    Two configurations are the same where all that decides a trial's bits is, whatever is swept in the one and fixed in
    the other. Their hashes in the tables say so too, but of ten million some two are alike by chance.
    """

    def __init__(self, here: Plan, there: Plan) -> None:
        self._here, self._there = here, there
        swept = {*here.levels, *there.levels}
        of, at = here.experiment, there.experiment
        self._possible = _fixed(of, swept) == _fixed(at, swept)
        self._places = {key: _translated(_values(here, key), _values(there, key)) for key in swept - {"threshold"}}
        biases = _values(here, "bias")
        self._same_order = np.array([_order(of, bias) == _order(at, bias) for bias in biases])
        # A threshold that a metric does not use is none, unless it is swept.
        metrics, thresholds = _values(here, "metric"), _values(here, "threshold")
        self._thresholds = np.array(
            [
                _translated([_threshold(here, metric, value) for value in thresholds], _thresholds(there, metric))
                for metric in metrics
            ]
        )
        self._grids = [
            _Grid(product, [strip for strip in there.strips if strip.grid == number])
            for number, product in enumerate(there.products)
        ]

    def numbers(self, trials: Numbers) -> Numbers:
        """The number that each of these trials has there; -1 where it is not there."""
        found = np.full(len(trials), -1)
        if not self._possible or not len(trials):
            return found
        configurations, seeds = self._here.locate(trials)
        level = self._here.level(configurations)
        of = {key: level.get(key, np.zeros_like(trials)) for key in {*self._places, "bias", "metric", "threshold"}}
        levels = {key: places[of[key]] for key, places in self._places.items()}
        levels["threshold"] = self._thresholds[of["metric"], of["threshold"]]
        known = self._same_order[of["bias"]] & np.all([places >= 0 for places in levels.values()], axis=0)
        levels = {key: levels[key][known] for key in self._there.levels}
        if known.any():
            found[known] = np.max([grid.numbers(levels, seeds[known]) for grid in self._grids], axis=0)
        return found


class _Grid:
    """The strips of one grid, found by configuration and seed."""

    def __init__(self, product: Product, strips: Sequence[Strip]) -> None:
        self._product = product
        lists = {id(strip.seeds): strip.seeds for strip in strips}  # strips share them
        self._seeds = [*lists.values()]
        place = {identity: k for k, identity in enumerate(lists)}
        rows = [(strip.start, strip.count, strip.first, place[id(strip.seeds)]) for strip in strips]
        self._strips = np.array(rows, np.int64).reshape(-1, 4).T.copy()

    def numbers(self, levels: dict[str, Numbers], seeds: Numbers) -> Numbers:
        """The numbers of the trials of these configurations, by their places in the levels, and seeds; else -1."""
        found = np.full(len(seeds), -1)
        place = self._product.find(levels)
        strip = np.searchsorted(self._strips[0], place, side="right") - 1
        inside = np.flatnonzero((place >= 0) & (strip >= 0))
        start, count, first, listed = self._strips[:, strip[inside]]
        inside, start, first, listed = (a[place[inside] < start + count] for a in (inside, start, first, listed))
        for number in np.unique(listed):
            own, places = listed == number, inside[listed == number]
            innermost = _index(self._seeds[number], seeds[places])
            numbers = first[own] + (place[places] - start[own]) * len(self._seeds[number]) + innermost
            found[places] = np.where(innermost >= 0, numbers, -1)
        return found


def _index(of: Seeds, seeds: Numbers) -> Numbers:
    """The place of each of these seeds in a list of distinct ones, -1 where it is not there."""
    if isinstance(of, range):
        return np.where((of.start <= seeds) & (seeds < of.stop), seeds - of.start, -1)
    order = np.argsort(of)
    place = order[np.minimum(np.searchsorted(of, seeds, sorter=order), len(of) - 1)]
    return np.where(of[place] == seeds, place, -1)


def _fixed(experiment: Experiment, swept: set[str]) -> dict[str, Any]:
    """What decides the bits of every trial alike: neither swept nor compared value by value."""
    tables = ("network", "init", "training", "convergence")
    written = {table: whole(experiment)[table] for table in tables}
    left_out = {*swept, "order", "threshold"}
    kept = {table: {k: v for k, v in values.items() if k not in left_out} for table, values in written.items()}
    return {"inputs": experiment.task.inputs, "targets": experiment.task.targets, **kept}


def _order(experiment: Experiment, bias: bool) -> list[Any]:
    """The order of draws, without those that a network without biases does not make."""
    written: list[Any] = whole(experiment)["init"].get("order", [])
    return written if bias else [entry for entry in written if entry not in ("b1", "b2")]


def _values(plan: Plan, key: str) -> Sequence[Any]:
    return plan.levels.get(key) or [base_value(plan.experiment, key)]


def _threshold(plan: Plan, metric: str, value: float) -> float | None:
    return value if metric != "classification" or "threshold" in plan.levels else None


def _thresholds(plan: Plan, metric: str) -> list[float | None]:
    return [_threshold(plan, metric, value) for value in _values(plan, "threshold")]


def _translated(values: Sequence[Any], others: Sequence[Any]) -> Numbers:
    """The place of each value among others, -1 where it is not there; a weight as drawn is NaN."""
    if list(values) == list(others):
        return np.arange(len(values))
    place = {None if value != value else value: k for k, value in enumerate(others)}
    return np.array([place.get(None if value != value else value, -1) for value in values], np.int64)
