"""Trials by the values of some keys, few enough to draw side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from runner.errors import RunnerError
from runner.labels import short
from runner.plots.style import each, named
from runner.tables.axes import as_numbers, check_axes
from runner.tables.columns import is_key
from runner.tables.streaming import Table, stream

_CONTINUUM = 50  # values of a key; of more, groups are rather pooled than chosen
Levels = tuple[NDArray[np.int64], list[Any]]


@dataclass(frozen=True, eq=False)
class Groups:
    """Trials by keys: `rows` has the columns that were asked for, and in `group` the place of a row's `values`.

    Numbers ascend, words stay as they come. `left_out` says what the groups do not show, or
    pool (they are `pooled` where other keys vary in them); blank if nothing.
    """

    by: tuple[str, ...]
    values: list[tuple[Any, ...]]
    rows: pd.DataFrame
    name: str
    pooled: bool
    left_out: str

    def part(self, number: int) -> pd.DataFrame:
        """Return the rows of one group."""
        chosen: pd.DataFrame = self.rows[self.rows["group"].to_numpy() == number]
        return chosen

    def named(self, number: int) -> str:
        """Return a group in words, blank where there is only one."""
        return named(self.by, self.values[number])

    def titled(self, what: str) -> str:
        """Return a title: the experiment, what is drawn, and how many trials there are of each group."""
        counts = pd.Series(np.bincount(self.rows["group"], minlength=len(self.values)))
        return f"{self.name + ': ' if self.name else ''}{what}, {each(counts, 'trial' if self.pooled else 'seed')}"


@dataclass(frozen=True)
class Most:
    """How much a picture can show: so many groups, and so many values of each of so many keys."""

    groups: int
    values: int
    keys: int = 9


def grouped(results: Table, by: Sequence[str] | None, wanted: Sequence[str], most: Most, where: str = "") -> Groups:
    """Return the trials by some keys, in few enough groups.

    Without `by`, the keys that vary: all of them if that is not too much, otherwise the first two of few values, and
    of each as many evenly chosen ones as can be shown. Raises `RunnerError` for columns that are not there or no axes,
    for a table without trials, and for keys asked for that give more groups.
    """
    table = stream(results)
    check_axes(table.names, by or ())
    if missing := [name for name in wanted if name not in table.names]:
        raise RunnerError(f"there is no column {missing[0]} to draw")
    keys = [name for name in table.names if is_key(name)]
    batches = [batch.to_pandas() for batch in table.chosen([*keys, *wanted], where)]
    rows = pd.concat(batches, ignore_index=True) if batches else pd.DataFrame()
    if rows.empty:
        raise RunnerError("there is no trial to draw" + (f" where {where}" if where else ""))
    found = {key: levels(rows[key]) for key in keys}
    varied = [key for key in keys if len(found[key][1]) > 1]
    kept = list(by if by is not None else varied)
    left_out: list[str] = []
    count = len(_combined(found, kept, len(rows))[1])
    if by is not None and count > most.groups:
        raise RunnerError(f"{', '.join(kept)} make {count:,} groups, too many to draw; choose some by where")
    longest = max((len(found[key][1]) for key in kept), default=0)
    if by is None and (count > most.groups or len(kept) > most.keys or longest > most.values):
        # The two hundred values of a map's axis are pooled; of a dozen learning rates some are shown.
        kept = [key for key in varied if len(found[key][1]) <= _CONTINUUM][:2] or varied[:1]
        chosen, left_out = _evenly(found, kept, most)
        rows = rows[chosen].reset_index(drop=True)
        found = {key: levels(rows[key]) for key in keys}
    codes, combinations = _combined(found, kept, len(rows))
    pooled = [short(key) for key in varied if key not in kept]
    left_out += [f"pooled over {', '.join(pooled)}"] if pooled else []
    values = [tuple(found[key][1][code] for key, code in zip(kept, codes_of, strict=True)) for codes_of in combinations]
    return Groups(
        tuple(kept), values, rows[list(wanted)].assign(group=codes), table.name, bool(pooled), "; ".join(left_out)
    )


def levels(column: "pd.Series[Any]") -> Levels:
    """Return the number of each cell's value, and the values; a missing one is None, and last."""
    codes, found = pd.factorize(column)
    values = as_numbers(found.tolist())
    order = list(range(len(values)))
    if not any(isinstance(value, str) for value in values):
        order.sort(key=values.__getitem__)
    place = np.empty(len(values) + 1, np.int64)
    place[order], place[-1] = np.arange(len(values)), len(values)
    return place[codes], [values[number] for number in order] + [None] * bool((codes < 0).any())


def _combined(
    found: dict[str, Levels], keys: Sequence[str], rows: int
) -> tuple[NDArray[np.int64], list[tuple[int, ...]]]:
    """Return the number of each row's combination of values, and the combinations that there are, ascending."""
    number = np.zeros(rows, np.int64)
    for key in keys:
        number = number * len(found[key][1]) + found[key][0]
    present, codes = np.unique(number, return_inverse=True)
    if not keys:
        return codes, [()]
    places = np.unravel_index(present, [len(found[key][1]) for key in keys])
    return codes, list(zip(*(place.tolist() for place in places), strict=True))


def _evenly(found: dict[str, Levels], keys: Sequence[str], most: Most) -> tuple[NDArray[np.bool_], list[str]]:
    """Return the rows of evenly chosen values of the keys, as many as can be shown, and what was chosen in words."""
    sizes = [len(found[key][1]) for key in keys]
    wanted = [min(size, most.values) for size in sizes]
    while np.prod(wanted) > most.groups:
        wanted[int(np.argmax(wanted))] -= 1
    chosen, said = np.ones(len(found[keys[0]][0]), np.bool_), []
    for key, size, few in zip(keys, sizes, wanted, strict=True):
        if few < size:
            chosen &= np.isin(found[key][0], np.linspace(0, size - 1, few).round().astype(np.int64))
            said.append(f"{few} of {size:,} values of {short(key)}")
    return chosen, said
