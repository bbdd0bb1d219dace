"""Whether the same trials of two tables have the same bits, column by column."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from runner.analysis.comparison_join import coded

_COLUMNS = [
    *("column", "equal", "different", "one_sided", "largest_distance", "largest_ulps", "ulps_of"),
    *("trial_a", "trial_b", "seed", "value_a", "value_b"),
]


def bits(a: pd.DataFrame, b: pd.DataFrame, columns: Sequence[str]) -> tuple[pd.DataFrame, NDArray[np.bool_]]:
    """Return how far two tables, the same trial at the same row, are equal in these columns; and in which rows in all.

    A row a column: how many rows are `equal` and `different`, and in how many of the latter only one has a value
    (`one_sided`); the largest distance of two finite numbers, and that in units in the last place (`largest_ulps`, how
    many numbers of the precision `ulps_of` lie between them, and one more), which is float32 where both columns hold no
    other numbers; and the first row that differs. A missing value equals a missing value, 0.0 does not equal -0.0.
    """
    alike = np.ones(len(a), np.bool_)
    found = []
    for name in columns:
        one, other = a[name], b[name]
        exact = one.dtype == other.dtype == np.float64
        same = _same(one.to_numpy(), other.to_numpy()) if exact else _coded(one, other)
        alike &= same
        row: dict[str, Any] = {"column": name, "equal": int(same.sum()), "different": 0, "one_sided": 0, "ulps_of": ""}
        if row["equal"] < len(a):
            row |= _differences(a, b, name, np.flatnonzero(~same), exact)
        found.append(row)
    return pd.DataFrame(found, columns=_COLUMNS, dtype=object), alike


def ulps(a: NDArray[np.float64], b: NDArray[np.float64], precision: type[np.floating[Any]]) -> NDArray[np.uint64]:
    """Return the distances of finite numbers in units in the last place: their difference in the order of all numbers.

    -0.0 and 0.0 are the same there.
    """
    kind = np.int32 if precision is np.float32 else np.int64
    ranks = []
    for values in (a, b):
        whole = values.astype(precision).view(kind).astype(np.int64)
        ranks.append(np.where(whole < 0, np.int64(np.iinfo(kind).min) - whole, whole))
    return np.maximum(*ranks).view(np.uint64) - np.minimum(*ranks).view(np.uint64)


def _same(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.bool_]:
    same = np.ascontiguousarray(a).view(np.int64) == np.ascontiguousarray(b).view(np.int64)
    return np.asarray(same if same.all() else same | (np.isnan(a) & np.isnan(b)))


def _coded(a: "pd.Series[Any]", b: "pd.Series[Any]") -> NDArray[np.bool_]:
    codes = coded(a, b)
    return np.asarray(codes[: len(a)] == codes[len(a) :])


def _differences(a: pd.DataFrame, b: pd.DataFrame, name: str, places: NDArray[np.int64], exact: bool) -> dict[str, Any]:
    one, other, first = a[name], b[name], int(places[0])
    missing = one.isna().to_numpy()[places] != other.isna().to_numpy()[places]
    found = {"different": len(places), "one_sided": int(missing.sum())}
    found |= {"trial_a": a["trial"].iloc[first], "trial_b": b["trial"].iloc[first], "seed": a["seed"].iloc[first]}
    found |= {"value_a": one.iloc[first], "value_b": other.iloc[first]}
    if exact and not missing.all():
        found |= _distances(one.to_numpy(), other.to_numpy(), places[~missing])
    return found


def _distances(a: NDArray[np.float64], b: NDArray[np.float64], places: NDArray[np.int64]) -> dict[str, Any]:
    single = all(_fits(values) for values in (a, b))
    precision = np.float32 if single else np.float64
    with np.errstate(over="ignore"):
        distance = np.abs(a[places] - b[places]).max()
    far = ulps(a[places], b[places], precision).max()
    return {"largest_distance": float(distance), "largest_ulps": int(far), "ulps_of": precision.__name__}


def _fits(values: NDArray[np.float64]) -> bool:
    with np.errstate(over="ignore"):
        return bool(((values == values.astype(np.float32)) | np.isnan(values)).all())
