"""`compare`: two tables of trials against each other, on the configurations and seeds that both have."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from runner.analysis.comparison_bits import bits
from runner.analysis.comparison_findings import chance, count, listing, quicker
from runner.analysis.comparison_groups import Groups
from runner.analysis.comparison_join import Join, join
from runner.analysis.comparison_paired import Pairs, paired
from runner.analysis.comparison_rows import rows_of
from runner.analysis.comparison_sides import DRAWS, Side, differences, sides
from runner.analysis.comparison_table import text
from runner.analysis.comparison_text import Facts, sentences
from runner.analysis.comparison_unpaired import Sample, unpaired
from runner.errors import RunnerError
from runner.messages import shown
from runner.tables.columns import is_key
from runner.tables.streaming import Table

Numbers = NDArray[np.int64]

LEVEL = 0.05
_P_VALUES = ("p_convergence", "p_epochs")


@dataclass(frozen=True, eq=False)
class Comparison:
    """What two tables of trials have in common, and how B differs from A; as text it is an answer in words.

    - `sentences`: that answer
    - `differences`: in what the experiments and the runs differ: `of`, `key`, `a`, `b`
    - `paired`: whether a seed means the same random draws in both, so that trials are compared one by one
    - `overall`: one row, all common configurations together; `comparison_paired.paired` or, where `paired` is false,
      `comparison_unpaired.unpaired` says how its columns come about
    - `configurations`: the same columns, a row a common configuration, its keys first, and behind each p its value
      after Holm's correction over all configurations
    - `unmatched`: the configurations of which rows are in one table only: how many are in both, in A only, in B only
    - `bits`: how far the same trials have the same bits, a row a column (`comparison_bits.bits`); none if not paired
    - `same`: no row is in one table only, and all columns but `trial` and the keys have the same bits
    - `better`: the interval of the overall difference of the convergence rates lies above 0; or 0 is inside, and epochs
      to convergence speak for B with an overall p of at most 0.05
    """

    sentences: tuple[str, ...]
    differences: pd.DataFrame
    paired: bool
    overall: pd.DataFrame
    configurations: pd.DataFrame
    unmatched: pd.DataFrame
    bits: pd.DataFrame
    same: bool
    better: bool

    def __str__(self) -> str:
        alike = self.paired and not self.bits["different"].any()
        return text(self.sentences, None if alike or len(self.configurations) < 2 else self.configurations)

    def lacks(self, wanted: str) -> str:
        """Return why B is not what was wanted, `same` or `better`."""
        row = self.overall.iloc[0]
        if wanted == "better" and np.isnan(row["rate_low"]):
            return "B cannot be told to be better than A: trials of one seed say nothing of other seeds"
        if wanted == "better":
            return (
                f"B is not better than A: the difference of the convergence rates is within "
                f"{100 * row['rate_low']:+.1f} to {100 * row['rate_high']:+.1f} points, and the test of epochs to "
                f"convergence gives p {chance(row['p_epochs'])}{' for A' if quicker(row) < 0 else ''}"
            )
        if not self.paired:
            return "B is not the same as A: its trials began with other initial weights"
        wrong = [
            f"{row['column']} ({count(row['different'], 'trial')})" for row in _records(self.bits) if row["different"]
        ]
        alone = {letter: int(self.unmatched[f"only_{letter.lower()}"].sum()) for letter in "AB"}
        said = [f"columns that differ are {listing(wrong[:6], len(wrong))}"] if wrong else []
        said += [f"{count(rows, 'trial')} only in {letter}" for letter, rows in alone.items() if rows]
        return f"B is not the same as A: {listing(said)}"

    def as_json(self) -> dict[str, Any]:
        """Everything as plain values for strict JSON; what does not exist or is infinite is None."""
        frames = ("differences", "configurations", "unmatched", "bits")
        return {
            "sentences": list(self.sentences),
            "paired": self.paired,
            "same": self.same,
            "better": self.better,
            "overall": _records(self.overall)[0],
            **{name: _records(getattr(self, name)) for name in frames},
        }


def compare(a: Table, b: Table, *, where: str = "", where_a: str = "", where_b: str = "") -> Comparison:
    """Compare two tables of trials, B against A: folders, files, what `load` gave, or DataFrames.

    They are joined on seed and on every key that is a column of either; one that is a column of one table only is taken
    from the other's manifest. A key that has one value in each table, and not the same, is what is compared, and no
    part of the join. `where` chooses rows of both, `where_a` and `where_b` of one. All intervals are 95 %.

    Raises `RunnerError` for tables that are not ours, hold a trial twice, are of different tasks, or have nothing in
    common.
    """
    one, other = sides(a, b, where, where_a, where_b)
    found = differences(one, other)
    keys = [str(key) for key in found["key"][found["of"] == "experiment"]]
    redrawn = [key for key in keys if key in DRAWS]
    joined = join(one, other, [key.partition(".")[2] for key in keys])
    common = np.intersect1d(joined.of_a, joined.of_b) if redrawn else np.unique(joined.of_a[joined.pairs_a])
    if not len(common):
        raise RunnerError(_nothing(one, other, keys))
    overall, each = (_unpaired if redrawn else _paired)(one, other, joined, common)
    for name in _P_VALUES:
        each.insert(list(each).index(name) + 1, f"{name}_holm", holm(each[name].to_numpy()))
    configurations = pd.concat([joined.configurations.iloc[common].reset_index(drop=True), each], axis=1)
    unmatched = _unmatched(joined, common if redrawn else None)
    compared, alike = _bits(one, other, joined) if not redrawn else (bits(one.rows[:0], other.rows[:0], ())[0], None)
    same = alike is not None and bool(alike.all()) and unmatched.empty
    words = sentences(Facts(one, other, found, redrawn, overall, configurations, unmatched, compared, alike), LEVEL)
    return Comparison(
        words, found, not redrawn, overall, configurations, unmatched, compared, same, _better(overall.iloc[0])
    )


def holm(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return p-values corrected for their number by Holm's step-down method (1979)."""
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate(p[order] * (len(p) - np.arange(len(p))))
    found = np.empty(len(p))
    found[order] = np.minimum(steps, 1.0)
    return found


def _paired(a: Side, b: Side, joined: Join, common: Numbers) -> tuple[pd.DataFrame, pd.DataFrame]:
    order = _ordered(joined.of_a[joined.pairs_a])
    places = joined.pairs_a[order], joined.pairs_b[order]
    rows = rows_of(a).at(places[0]), rows_of(b).at(places[1])
    each, pooled = _groups(np.searchsorted(common, joined.of_a[places[0]]), joined.seed_a[places[0]], len(common))
    found = pd.DataFrame(paired(Pairs(*rows, each)))
    return found if len(common) == 1 else pd.DataFrame(paired(Pairs(*rows, pooled))), found.copy()


def _unpaired(a: Side, b: Side, joined: Join, common: Numbers) -> tuple[pd.DataFrame, pd.DataFrame]:
    each, pooled = [], []
    for side, of, seed in ((a, joined.of_a, joined.seed_a), (b, joined.of_b, joined.seed_b)):
        places = np.flatnonzero(np.isin(of, common))
        places = places[_ordered(of[places])]
        number = np.searchsorted(common, of[places])
        rows, groups = rows_of(side).at(places), _groups(number, seed[places], len(common))
        each.append(Sample(rows, groups[0], number))
        pooled.append(Sample(rows, groups[1], number))
    found = pd.DataFrame(unpaired(*each))
    return found if len(common) == 1 else pd.DataFrame(unpaired(*pooled)), found.copy()


def _ordered(number: Numbers) -> Numbers:
    """The order in which these numbers ascend."""
    return np.argsort(number, kind="stable") if (number[1:] < number[:-1]).any() else np.arange(len(number))


def _groups(number: Numbers, seed: Numbers, count: int) -> tuple[Groups, Groups]:
    """A group a configuration, and one of all."""
    codes, seeds = pd.factorize(seed)
    codes = codes.astype(np.int64, copy=False)
    return Groups(number, count, codes, len(seeds), False), Groups(np.zeros_like(number), 1, codes, len(seeds), True)


def _unmatched(joined: Join, common: Numbers | None) -> pd.DataFrame:
    """Rows without a counterpart by configuration; where `common` is given, a whole configuration is one."""
    count = len(joined.configurations)
    sizes = [np.bincount(of, minlength=count) for of in (joined.of_a, joined.of_b)]
    both = np.bincount(joined.of_a[joined.pairs_a], minlength=count)
    if common is not None:
        inside = np.isin(np.arange(count), common)
        lonely, both = [np.where(inside, 0, size) for size in sizes], np.where(inside, sizes[0], 0)
    else:
        lonely = [size - both for size in sizes]
    found = joined.configurations.assign(both=both, only_a=lonely[0], only_b=lonely[1])
    return found[(lonely[0] > 0) | (lonely[1] > 0)].reset_index(drop=True)


def _bits(a: Side, b: Side, joined: Join) -> tuple[pd.DataFrame, NDArray[np.bool_]]:
    names = [name for name in map(str, a.rows) if name in b.rows and not is_key(name)]
    known = [name for name in names if name not in ("trial", "task", "seed")]
    parts = [
        side.rows if len(places) == len(side.rows) and (np.diff(places) == 1).all() else side.rows.iloc[places]
        for side, places in ((a, joined.pairs_a), (b, joined.pairs_b))
    ]
    return bits(parts[0], parts[1], known)


def _better(overall: "pd.Series[Any]") -> bool:
    quick = overall["rate_high"] >= 0 and quicker(overall) > 0 and overall["p_epochs"] <= LEVEL
    return bool(overall["rate_low"] > 0 or quick)


def _nothing(a: Side, b: Side, apart: Sequence[str]) -> str:
    """Why no configuration and seed is in both tables."""
    skipped = {key.partition(".")[2] for key in apart}
    columns = {key: (a.keys[key], b.keys[key]) for key in a.keys if key in b.keys and key not in skipped}
    for key, values in (columns | {"seed": (a.rows["seed"], b.rows["seed"])}).items():
        sets = [[None if value != value else value for value in of.unique().tolist()] for of in values]
        if not set(sets[0]) & set(sets[1]):
            said = [", ".join(map(shown, of[:6])) + (", …" if len(of) > 6 else "") for of in sets]
            return f"A and B have no trial in common: {key} is {said[0]} in A and {said[1]} in B; choose others"
    return "A and B have no trial in common: no configuration and seed of one is in the other; choose others"


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    names = [str(name) for name in frame]
    columns = [[_plain(value) for value in frame[name].astype(object)] for name in frame]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value if isinstance(value, str | int | float | list | dict) else str(value)
