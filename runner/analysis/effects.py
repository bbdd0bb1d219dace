"""What the value of one axis does to the rate of convergence, the other axes averaged over.

The average is over the balanced part of the grid: the combinations of the other axes that stand beside every value.
Each configuration counts alike. Its margins are Wilson's; how they add up over configurations that share seeds is read
off the seeds, as a bootstrap of seeds shows it, whose variance is a closed form for a mean (Efron 1979).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from runner.analysis.distributions import student
from runner.analysis.grouping import Floats, Grouped, Whole, numbered
from runner.analysis.seeds import Matrix, by_seed, dense, squares
from runner.tables.summary import Z, wilson

# Where one of these differs, a seed means other initial weights; elsewhere the same, or the same up to a factor.
UNPAIRED = frozenset({"task", "hidden", "bias", "generator"})
COLUMNS = ["axis", "value", "configurations", "trials", "rate", "rate_low", "rate_high"]
COLUMNS += ["difference", "difference_low", "difference_high", "paired"]


def effects(trials: Grouped) -> tuple[pd.DataFrame, list[str]]:
    """Return a row a value of each axis, and notes on the axes, or values of them, that cannot be compared.

    Columns are those of `runner.analysis.analysis.Analysis.effects`.
    """
    parts, notes = [], []
    for axis in trials.axes:
        chosen = _balanced(trials, axis)
        compared, several = (len(keys[axis].drop_duplicates()) for keys in (trials.keys[chosen], trials.keys))
        if compared < 2:
            notes.append(f"{axis} has no effect of its own to show: no two of its values stand beside the same others.")
            continue
        if not chosen.all():
            notes.append(
                f"The effect of {axis} is of {compared:,} of its {several:,} values and {chosen.sum():,} of "
                f"{trials.count:,} configurations, in which each value stands beside the same others."
            )
        parts.append(_effect(trials, axis, chosen))
    return (pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=COLUMNS)), notes


def _balanced(trials: Grouped, axis: str) -> NDArray[np.bool_]:
    """The configurations of the largest part of the grid that holds the same combinations beside each of its values.

    Values are taken in as long as that makes the part larger, those that stand beside most combinations first.
    """
    value, _ = numbered(trials.keys, [axis])
    other, _ = numbered(trials.keys, [str(key) for key in trials.keys if key != axis])
    order = np.argsort(value, kind="stable")
    beside = np.split(other[order], np.flatnonzero(np.diff(value[order])) + 1)
    common, largest, best = np.ones(int(other.max()) + 1, np.bool_), 0, (np.empty(0, np.int64), np.empty(0, np.bool_))
    ranked = sorted(range(len(beside)), key=lambda number: -len(beside[number]))
    for taken, number in enumerate(ranked, 1):
        here = np.zeros_like(common)
        here[beside[number]] = True
        common = common & here
        if (size := taken * int(common.sum())) == 0:
            break
        if size > largest:
            largest, best = size, (np.array(ranked[:taken]), common)
    return np.isin(value, best[0]) & best[1][other]


def _effect(trials: Grouped, axis: str, chosen: NDArray[np.bool_]) -> pd.DataFrame:
    values, place = ranked_values(trials.keys[axis], chosen)
    rows = chosen[trials.configuration]
    own, seed = trials.configuration[rows], trials.seed[rows]
    success = (trials.time <= trials.common[trials.configuration])[rows].astype(np.float64)
    number, size = np.bincount(own, success, trials.count), np.bincount(own, minlength=trials.count).astype(np.float64)
    low, high = wilson(number, size)
    rate, each = number / np.maximum(size, 1), chosen.sum() / len(values)
    spread = np.sqrt(size * rate * (1 - rate))
    error = np.divide(success - rate[own], spread[own], out=np.zeros(len(own)), where=spread[own] > 0) / each
    below, above = (
        _Margin(
            by_seed(error * margin[own], place[own], seed, len(values), most=len(trials.seeds)),
            _sums(place[chosen], (margin**2 * (spread == 0))[chosen] / each**2, len(values)),
        )
        for margin in (rate - low, high - rate)
    )
    rates = np.bincount(place[chosen], rate[chosen], len(values)) / each
    paired = axis not in UNPAIRED
    # Where correlations are estimated, Student's quantile for so many seeds takes the place of the normal one.
    wide = float(student(max(len(np.unique(seed)) - 1, 1), Z)) / Z
    own_margin, margin = (wide if several else 1.0 for several in (each > 1, each > 1 or paired))
    change = rates - rates[0]
    return pd.DataFrame(
        {
            "axis": axis,
            "value": pd.Series(values, dtype=object),
            "configurations": np.bincount(place[chosen], minlength=len(values)),
            "trials": np.bincount(place[own], minlength=len(values)),
            "rate": rates,
            "rate_low": np.maximum(rates - own_margin * np.sqrt(below.square), 0.0),
            "rate_high": np.minimum(rates + own_margin * np.sqrt(above.square), 1.0),
            "difference": change,
            "difference_low": np.maximum(change - margin * _together(below, above, paired), -1.0),
            "difference_high": np.minimum(change + margin * _together(above, below, paired), 1.0),
            "paired": paired,
        }
    )


@dataclass(frozen=True, eq=False)
class _Margin:
    """How far an end of the interval is from each rate: what each seed has in it, and what is of no seed, squared."""

    by_seed: Matrix
    rest: Floats

    @property
    def square(self) -> Floats:
        return squares(self.by_seed) + self.rest


def _together(margin: _Margin, other: _Margin, paired: bool) -> Floats:
    """The margin of each difference from the first value, whose own is `other`; 0 for the first itself."""
    shared = margin.by_seed @ dense(other.by_seed[[0]])[0] if paired else np.zeros(len(margin.rest))
    found: Floats = np.sqrt(np.maximum(margin.square + other.square[0] - 2 * shared, 0.0))
    found[0] = 0.0
    return found


def _sums(place: Whole, values: Floats, count: int) -> Floats:
    return np.bincount(place, values, count).astype(np.float64)


def ranked_values(keys: "pd.Series[Any]", chosen: NDArray[np.bool_]) -> tuple[list[Any], Whole]:
    """Return the different values of the chosen keys, None for an empty cell, and for each key its place among them.

    Numbers ascend, words come in the order of the table; an empty cell is first. The place of a value that no chosen
    key has is 0.
    """
    number, first = numbered(keys.to_frame(), [str(keys.name)])
    found = keys.iloc[first[np.unique(number[chosen])]].reset_index(drop=True)
    if pd.api.types.is_numeric_dtype(found) or pd.api.types.is_bool_dtype(found):
        found = found.sort_values(na_position="first")
    place = np.zeros(len(first), np.int64)
    place[np.unique(number[chosen])[found.index]] = np.arange(len(found))
    return [None if pd.isna(value) else value for value in found.tolist()], place[number]
