"""Trials by configuration and by seed: the arrays that every answer is computed from."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from runner.tables.columns import is_key

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Grouped:
    """Trials that are sorted by configuration and seed; the first eight arrays have an entry a trial.

    `time` is epochs to convergence, infinite for a trial that never converged; `run` the epochs that were run; `loss`
    is NaN where there is none. `seed` indexes `seeds`, which ascend, and `order` is the row of the table. `keys` has a
    row a configuration, in the order of the table; `budget` is the largest number of epochs of each.
    """

    configuration: Whole
    seed: Whole
    order: Whole
    time: Floats
    run: Floats
    converged: NDArray[np.bool_]
    diverged: NDArray[np.bool_]
    loss: Floats
    seeds: Whole
    keys: pd.DataFrame
    budget: Floats

    @property
    def count(self) -> int:
        """How many configurations there are."""
        return len(self.keys)

    @cached_property
    def sizes(self) -> Whole:
        """How many trials each configuration has."""
        return np.bincount(self.configuration, minlength=self.count)

    @cached_property
    def starts(self) -> Whole:
        """Where the trials of each configuration begin."""
        return np.cumsum(self.sizes) - self.sizes

    @cached_property
    def axes(self) -> list[str]:
        """The keys with several values."""
        return [str(key) for key in self.keys if len(self.keys[key].drop_duplicates()) > 1]

    @cached_property
    def watched(self) -> Floats:
        """For each trial, the epochs up to which it is known whether it had converged.

        All there are for one that converged, and for one that diverged: it never would have.
        """
        return np.where(self.converged | self.diverged, np.inf, self.run)

    @cached_property
    def common(self) -> Floats:
        """The budget up to which every trial of a configuration is known: the smallest, where they differ."""
        return np.minimum(np.minimum.reduceat(self.watched, self.starts), self.budget)

    @cached_property
    def censored(self) -> NDArray[np.bool_]:
        """Whether each trial ended without convergence before the budget of its configuration."""
        return np.asarray(self.watched < self.budget[self.configuration])

    @cached_property
    def choosing(self) -> NDArray[np.bool_]:
        """For each trial, whether its seed is of the half that choices are made on; the rest judges them.

        The halves come from one fixed stream: the same seeds give the same halves.
        """
        place = np.random.default_rng(0).permutation(len(self.seeds))
        return np.asarray((place < len(self.seeds) // 2)[self.seed])


def grouped(frame: pd.DataFrame, budget: Floats | None = None) -> Grouped:
    """Return a table of trials, of which there is at least one, by configuration and seed.

    A configuration is what the swept keys say, and the task where there are several; an empty cell is a value like any
    other. `budget` says of each trial how many epochs it had, where that is not how many it ran.
    """
    keys = key_columns(frame)
    number, first = numbered(frame, keys)
    seeds, seed = np.unique(frame["seed"].to_numpy(np.int64), return_inverse=True)
    place = number * len(seeds) + seed
    order = np.argsort(place, kind="stable") if (np.diff(place) < 0).any() else np.arange(len(frame))
    run = frame["epochs_run"].to_numpy(np.float64)
    most = np.zeros(len(first))
    np.maximum.at(most, number, run if budget is None else np.maximum(run, budget))
    converged = frame["converged"].to_numpy(np.bool_)
    epochs = frame["epochs_to_convergence"].to_numpy(np.float64, na_value=np.nan)
    return Grouped(
        number[order],
        seed[order],
        order,
        np.where(converged, epochs, np.inf)[order],
        run[order],
        converged[order],
        (frame["outcome"] == "diverged").to_numpy(np.bool_)[order],
        frame["final_loss"].to_numpy(np.float64)[order],
        seeds,
        frame.iloc[first][keys].reset_index(drop=True),
        most,
    )


def key_columns(frame: pd.DataFrame) -> list[str]:
    """Return the columns that make a configuration."""
    tasks = ["task"] if frame["task"].nunique() > 1 else []
    return [*tasks, *(str(name) for name in frame if is_key(str(name)))]


def numbered(frame: pd.DataFrame, keys: Sequence[str]) -> tuple[Whole, Whole]:
    """Return for each row the number of its combination of keys, and for each combination its first row.

    Combinations are counted in the order in which they first appear; an empty cell is a value like any other.
    """
    code = np.zeros(len(frame), np.int64)
    for key in keys:
        values = frame[key]
        plain = values.cat.codes.to_numpy() if isinstance(values.dtype, pd.CategoricalDtype) else values
        own, found = pd.factorize(plain, use_na_sentinel=False)
        code = pd.factorize(code * len(found) + own)[0]
    first = np.unique(code, return_index=True)[1]
    return code, first
