"""Numbers as the page writes them."""

from typing import Any

import pandas as pd

from runner.labels import text

MINUS, DASH = "\N{MINUS SIGN}", "\N{EN DASH}"


def number(value: Any, digits: int = 3) -> str:
    """Return a number in short: whole ones with commas, others to some significant digits; a dash where none is."""
    if value is None or value is pd.NA or value != value:
        return DASH
    if isinstance(value, bool | str):
        return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else value
    if value in (float("inf"), float("-inf")):
        return "∞" if value > 0 else MINUS + "∞"
    if float(value) == int(value) and abs(value) < 1e9:
        return f"{int(value):,}".replace("-", MINUS)
    if 1000 <= abs(value) < 1e9:
        return f"{value:,.0f}".replace("-", MINUS)
    return f"{value:.{digits}g}".replace("-", MINUS)


def percent(share: Any) -> str:
    """Return a share in percent: `99.9`; a dash where none is."""
    return f"{100 * share:.1f}" if share is not pd.NA and abs(share) < float("inf") else number(share)


def written(value: Any) -> str:
    """Return the value of a key as the page writes it."""
    return value if isinstance(value, str) else text(value).replace("-", MINUS)


def several(count: int, word: str) -> str:
    """Return so many of something: `1 seed`, `2 seeds`."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"
