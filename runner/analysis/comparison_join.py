"""Joining two tables of trials on configuration and seed, or on configuration alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from runner.analysis.comparison_sides import Side
from runner.errors import RunnerError
from runner.messages import shown

Numbers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Join:
    """Which rows of two tables belong together.

    `configurations` has a row a configuration that either table holds, in order of appearance, A's first: its keys.
    `of_a` and `of_b` number the configuration of each row, `seed_a` and `seed_b` its seed. `pairs_a` and `pairs_b` are
    the places of rows of one configuration and seed, in the order of A.
    """

    configurations: pd.DataFrame
    of_a: Numbers
    of_b: Numbers
    seed_a: Numbers
    seed_b: Numbers
    pairs_a: Numbers
    pairs_b: Numbers


def join(a: Side, b: Side, apart: Sequence[str]) -> Join:
    """Join on every key that both tables know, except the keys `apart`, in which they are known to differ.

    Raises `RunnerError` where a table has rows twice, or a key that varies and that the other knows nothing of.
    """
    for one, other in ((a, b), (b, a)):
        for key in one.keys:
            if key not in other.keys and one.keys[key].nunique(dropna=False) > 1:
                first = one.keys[key].iloc[0]
                value = shown(first.item() if isinstance(first, np.generic) else first)
                raise RunnerError(
                    f"{one.letter} has several values of {key}, and {other.letter} ({other.name}) says nothing of it; "
                    f"choose one by --where-{one.letter.lower()} '{key} == {value}'"
                )
    keys = ["task", *(key for key in a.keys if key in b.keys and key not in apart)]
    split = len(a.rows)
    number = np.zeros(split + len(b.rows), np.int64)
    columns: dict[str, list[pd.Series[Any]]] = {}
    for key in keys:
        values = [side.rows["task"] if key == "task" else side.keys[key] for side in (a, b)]
        codes = coded(*values)
        if (size := int(codes.max()) + 1) > 1:  # both factors are at most the number of rows
            number = pd.factorize(number * size + codes)[0].astype(np.int64, copy=False)
        if key != "task" or size > 1:
            columns[key] = values
    first = _first(number)
    configurations = pd.DataFrame({key: _picked(values, first, split) for key, values in columns.items()})
    if not columns:
        configurations = pd.DataFrame(index=range(len(first)))
    seeds = [side.rows["seed"].to_numpy(np.int64) for side in (a, b)]
    places = _matched(a, b, number, np.concatenate(seeds), configurations)
    return Join(configurations, number[:split], number[split:], seeds[0], seeds[1], *places)


def coded(a: "pd.Series[Any]", b: "pd.Series[Any]") -> Numbers:
    """Return numbers for the values of A's column and then of B's, alike where the values are; missing ones are."""
    if all(pd.api.types.is_numeric_dtype(values) for values in (a, b)):
        whole = np.concatenate([plain(values) for values in (a, b)])
        return pd.factorize(whole, use_na_sentinel=False)[0].astype(np.int64, copy=False)
    found: dict[Any, int] = {}
    parts = []
    for values in (a, b):
        codes, words = pd.factorize(values, use_na_sentinel=False)
        # scale holds numbers, or numbers and a rule as words.
        texts = [None if word != word else repr(float(word)) if isinstance(word, Real) else word for word in words]
        parts.append(np.array([found.setdefault(text, len(found)) for text in texts], np.int64)[codes])
    return np.concatenate(parts)


def plain(values: "pd.Series[Any]") -> NDArray[Any]:
    """Return a column as NumPy has it, missing whole numbers as NaN."""
    if pd.api.types.is_extension_array_dtype(values.dtype) and pd.api.types.is_numeric_dtype(values):
        return values.to_numpy(np.float64, na_value=np.nan)
    return values.to_numpy()


def _first(number: Numbers) -> Numbers:
    """The place at which each of the numbers 0, 1, … first stands."""
    first = np.empty(int(number.max()) + 1, np.int64)
    first[number[::-1]] = np.arange(len(number))[::-1]
    return first


def _picked(values: "list[pd.Series[Any]]", places: Numbers, split: int) -> "pd.Series[Any]":
    """The values at places of A's column followed by B's."""
    parts = [values[0].iloc[places[places < split]], values[1].iloc[places[places >= split] - split]]
    if any(isinstance(part.dtype, pd.CategoricalDtype) for part in parts):
        parts = [part.astype(object) for part in parts]
    return pd.concat([part for part in parts if len(part)], ignore_index=True)


def _matched(a: Side, b: Side, number: Numbers, seed: Numbers, configurations: pd.DataFrame) -> tuple[Numbers, Numbers]:
    seeds = pd.factorize(seed)[0].astype(np.int64, copy=False)
    whole = number * (int(seeds.max()) + 1) + seeds
    keys = whole[: len(a.rows)], whole[len(a.rows) :]
    for side, key, start in ((a, keys[0], 0), (b, keys[1], len(a.rows))):
        if (key[1:] <= key[:-1]).any() and (twice := pd.Index(key).duplicated()).any():
            place = int(np.flatnonzero(twice)[0])
            of = number[start + place]
            said = ", ".join(f"{name} {values.iloc[of]}" for name, values in configurations.items())
            raise RunnerError(
                f"{side.letter} ({side.name}) holds the trial of seed {seed[start + place]} and {said} "
                f"{'twice' if (key == key[place]).sum() == 2 else 'several times'}; drop the repeated rows"
            )
    if np.array_equal(*keys):
        return np.arange(len(a.rows)), np.arange(len(a.rows))
    order = np.argsort(keys[1], kind="stable")
    places = np.minimum(np.searchsorted(keys[1][order], keys[0]), len(order) - 1)
    both = keys[1][order][places] == keys[0]
    return np.flatnonzero(both), order[places[both]]
