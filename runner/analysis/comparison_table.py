"""A comparison as it is printed: its sentences, then its configurations as lines of a table."""

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from runner.analysis.comparison_findings import percent, short

_LINES = 12
_WIDTH = 110
_HEAD = ("A", "B", "points", "p (Holm)", "A", "B", "p (Holm)")


def text(sentences: Sequence[str], configurations: pd.DataFrame | None) -> str:
    """Return a comparison as text, with a table of its configurations where they are given."""
    found = "\n".join(textwrap.fill(sentence, _WIDTH, break_on_hyphens=False) for sentence in sentences)
    return found if configurations is None else f"{found}\n\n{table(configurations)}"


def table(configurations: pd.DataFrame) -> str:
    """Return the configurations as lines; of many, those that differ most surely."""
    names = [str(name) for name in configurations]
    keys = names[: names.index("pairs" if "pairs" in names else "trials_a")]
    varied = [key for key in keys if configurations[key].nunique(dropna=False) > 1]
    order = np.arange(len(configurations))
    if len(configurations) > _LINES:
        surest = configurations[["p_convergence", "p_epochs"]].min(axis=1)
        order = np.lexsort((order, -configurations["rate_difference"].abs(), surest))[:_LINES]
    rows = configurations.iloc[order].to_dict("records")
    lines = [[*varied, *_HEAD], *([*(_key(row[key]) for key in varied), *_line(row)] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    found = ["  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]
    before, middle = sum(widths[: len(varied)]) + 2 * len(varied), sum(widths[len(varied) : len(varied) + 4]) + 6
    found.insert(0, f"{' ' * before}{'convergence'.center(middle)}  half converged by epoch")
    if len(configurations) > _LINES:
        found.append(f"and {len(configurations) - _LINES:,} that differ less surely; --json has them all")
    return "\n".join(found)


def _line(row: dict[Any, Any]) -> list[str]:
    points = [f"{100 * row[name]:+.1f}" for name in ("rate_difference", "rate_low", "rate_high")]
    half = [row[name] for name in ("epochs_median_a", "epochs_median_b")]
    return [
        percent(row["rate_a"]),
        percent(row["rate_b"]),
        f"{points[0]} ({points[1]} to {points[2]})",
        _p(row["p_convergence_holm"]),
        *("never" if np.isinf(epochs) else short(epochs) for epochs in half),
        _p(row["p_epochs_holm"]),
    ]


def _p(p: float) -> str:
    return "< 0.0001" if p < 0.0001 else f"{p:.2g}"


def _key(cell: Any) -> str:
    return "" if cell != cell else f"{cell:.12g}" if isinstance(cell, float) else str(cell)
