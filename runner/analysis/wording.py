"""Numbers, configurations and counts as sentences name them."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from runner.labels import plural as plural
from runner.labels import text


def percent(share: float) -> str:
    """Return a share in percent, with as many digits as tell it from none and from all."""
    edge = 100 * min(share, 1 - share)
    digits = 1 if edge <= 0 else min(max(1, -math.floor(math.log10(edge))), 6)
    whole = share in (0.0, 1.0)
    return f"{100 * share:.{0 if whole else digits}f} %"


def points(share: float) -> str:
    """Return a difference of shares in points of percent."""
    return f"{100 * share:.3g}"


def epochs(count: float) -> str:
    """Return a number of epochs, whole ones where there are many; never where it is infinite."""
    return "never" if math.isinf(count) else f"{count:,.0f}" if count >= 100 else f"{count:.3g}"


def number(value: float) -> str:
    """Return a number to three digits."""
    return f"{value:.3g}"


def between(low: Any, high: Any, form: Callable[[float], str]) -> str:
    """Return the ends of an interval, in brackets; an end that is missing or not finite is open."""
    low, high = (math.inf if _missing(end) else float(end) for end in (low, high))
    if math.isfinite(low) and math.isfinite(high):
        return f"({form(low)} to {form(high)})"
    return f"({form(low)} or more)" if math.isfinite(low) else f"(up to {form(high)})" if math.isfinite(high) else ""


def named(row: Any, axes: Sequence[str], *, seed: bool = False) -> str:
    """Return a configuration by the keys that vary, as `hidden 4, learning_rate 1`, with its seed where asked for.

    `row` is a row of a frame, or a mapping. Where nothing varies it is `the configuration`.
    """
    said = ", ".join(f"{axis} {value_of(row[axis])}" for axis in axes) or "the configuration"
    return f"seed {row['seed']} of {said}" if seed else said


def listed(items: Sequence[str], count: int) -> str:
    """Return the first of so many items, one after the other, and how many more there are."""
    return "; ".join(items) + (f"; and {count - len(items):,} more" if count > len(items) else "")


def with_interval(row: Any, name: str, form: Callable[[float], str]) -> str:
    """Return a value of a row and its interval, the columns `name`_low and `name`_high; blank for a missing value.

    `convergence_rate` has convergence_low and convergence_high.
    """
    if _missing(row[name]):
        return ""
    stem = name.removesuffix("_rate") if name == "convergence_rate" else name
    ends = between(row[f"{stem}_low"], row[f"{stem}_high"], form)
    return f"{form(float(row[name]))} {ends}".rstrip()


def extreme(table: pd.DataFrame, column: str, *, least: bool = True) -> Any:
    """Return the row with the least, or the largest, value of a column that has one."""
    values = table[column].to_numpy(np.float64, na_value=np.nan)
    return table.iloc[int(np.nanargmin(values) if least else np.nanargmax(values))]


def value_of(value: Any) -> str:
    """Return a value of a key; `blank` for an empty cell."""
    return "blank" if _missing(value) else text(value.item() if hasattr(value, "item") else value)


def _missing(value: Any) -> bool:
    return value is None or value is pd.NA or value != value
