"""Whether a number is typical: its rank among the seeds, with an interval."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from runner.errors import RunnerError
from runner.messages import nearest
from runner.tables.summary import wilson

CENTRAL = (0.025, 0.975)  # ranks between which a number is typical


@dataclass(frozen=True)
class Located:
    """What is to be located: a column, a number, and half a unit of its last digit, within which all are alike."""

    column: str
    number: float
    half_unit: float
    text: str


def parse_location(text: str) -> Located:
    """Return what `final_loss=0.0028` asks for. Raises `RunnerError`."""
    column, equals, said = (part.strip() for part in text.partition("="))
    try:
        exact = Decimal(said)
    except InvalidOperation:
        exact = Decimal("NaN")
    if not column or not equals or not exact.is_finite():
        raise RunnerError(f"locate {text!r}: must be a column, = and a number, as final_loss=0.0028")
    exponent = exact.as_tuple().exponent
    return Located(column, float(exact), float(Decimal(5).scaleb(int(exponent) - 1)), said)


def ranks(
    values: NDArray[np.float64], configuration: NDArray[np.int64], count: int, number: float, half_unit: float
) -> pd.DataFrame:
    """Return where a number stands among the values of each configuration: (r + 1) / (n + 1) (Phipson & Smyth 2010).

    r is `below`, the values below the number, and half of those `alike`, which its digits cannot tell from it; a
    missing value counts as above. rank_low and rank_high are Wilson's interval of r / n. Also trials and missing.
    """

    def counted(chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
        return np.bincount(configuration[chosen], minlength=count)

    alike = np.abs(values - number) <= half_unit
    trials, below, same = (
        np.bincount(configuration, minlength=count),
        counted(~alike & (values < number)),
        counted(alike),
    )
    place = below + same / 2
    low, high = wilson(place, trials)
    found = {"trials": trials, "missing": counted(np.isnan(values)), "below": below, "alike": same}
    return pd.DataFrame(found | {"rank": (place + 1) / (trials + 1), "rank_low": low, "rank_high": high})


def locate(frame: pd.DataFrame, configuration: NDArray[np.int64], count: int, wanted: Located) -> pd.DataFrame:
    """Return the rank of a number among the seeds of each configuration, and a verdict.

    `configuration` has an entry a row of the table. A number is typical where its rank is in the central 95 %, else
    unusual; borderline where the interval of the rank has an end of that range within. Raises `RunnerError` for a
    column that is not there or holds no numbers.
    """
    found = ranks(_numbers(frame, wanted.column), configuration, count, wanted.number, wanted.half_unit)
    verdict = np.where(found["rank"].between(*CENTRAL), "typical", "unusual").astype(object)
    for edge in CENTRAL:
        verdict[(found["rank_low"] < edge) & (edge < found["rank_high"])] = "borderline"
    asked = pd.DataFrame({"column": wanted.column, "number": wanted.number, "half_unit": wanted.half_unit}, found.index)
    return pd.concat([asked, found.assign(verdict=verdict)], axis="columns")


def _numbers(frame: pd.DataFrame, column: str) -> NDArray[np.float64]:
    numeric = [str(name) for name in frame if pd.api.types.is_numeric_dtype(frame[name])]
    if column not in frame:
        raise RunnerError(f"locate: there is no column {column}; {nearest(column, numeric)}")
    if column not in numeric or pd.api.types.is_bool_dtype(frame[column]):
        raise RunnerError(f"locate: {column} holds no numbers; {nearest(column, numeric)}")
    values: Any = frame[column]
    return np.asarray(values.to_numpy(np.float64, na_value=np.nan))
