"""What a comparison found, in words: `row` is a row of its results, B against A, in pairs or not."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

Row = Mapping[str, Any]


def headline(row: Row, level: float) -> str:
    """Return the answer in one sentence: which of the two converges more often, and which is quicker."""
    ahead = quicker(row)
    if row["rate_low"] > 0 or row["rate_high"] < 0:
        rates = f"B converges {'more' if row['rate_low'] > 0 else 'less'} often"
    else:
        rates = "how often they converge cannot be told apart"
    if row["p_epochs"] <= level and ahead:
        if row["rate_low"] > 0 and ahead > 0:
            return f"In short: {rates} and is quicker."
        return f"In short: {rates}, and {'B' if ahead > 0 else 'A'} is quicker."
    return f"In short: {rates}, and neither is surely quicker."


def quicker(rows: Any) -> Any:
    """Return a number above 0 where epochs to convergence speak for B; of a row, or of a table of them."""
    if "b_quicker" in rows:
        return rows["b_quicker"] - 0.5
    name = "seeds_quicker" if "seeds_quicker_a" in rows else "quicker"
    return rows[f"{name}_b"] - rows[f"{name}_a"]


def convergence(row: Row) -> str:
    """Return what there is to say of the rates of convergence."""
    sizes = [row["pairs"]] * 2 if "pairs" in row else [row["trials_a"], row["trials_b"]]
    rates = [
        f"{percent(row[f'rate_{side}'])} in {side.upper()} ({row[f'converged_{side}']:,} of {size:,})"
        for side, size in zip("ab", sizes, strict=True)
    ]
    ends = ""
    if not np.isnan(row["rate_low"]):
        ends = f", 95 % interval {_points(row['rate_low'])} to {_points(row['rate_high'])}"
    said = f"Convergence: {', '.join(rates)}: {_points(row['rate_difference'])} points{ends}."
    p = chance(row["p_convergence"])
    if "pairs" not in row:
        return f"{said} {'Welch' if row['trials_a'] > row['seeds_a'] else 'Fisher, mid-p'}: p {p}."
    of = ""
    if "seeds_for_a" in row:
        of = f", of seeds ({row['seeds_for_a']:,} speak for A, {row['seeds_for_b']:,} for B)"
    only = f"Only A converged in {count(row['only_a'], 'pair')}, only B in {row['only_b']:,}"
    return f"{said} {only}; McNemar, mid-p{of}: p {p}."


def epochs(row: Row, budget: float | None) -> str:
    """Return what there is to say of epochs to convergence; `budget` is that of all configurations."""
    p = chance(row["p_epochs"])
    if "pairs" in row:
        of = ""
        if "seeds_quicker_a" in row:
            of = f", of seeds ({row['seeds_quicker_a']:,} speak for A, {row['seeds_quicker_b']:,} for B)"
        who = (
            f"A was quicker in {count(row['quicker_a'], 'pair')}, B in {row['quicker_b']:,}, {row['tied']:,} tied, "
            f"{row['neither']:,} converged in neither; sign test{of}: p {p}."
        )
    else:
        who = f"a trial of B was quicker than one of A in {percent(row['b_quicker'])}, ties counting half; "
        who += f"Mann and Whitney: p {p}."
    half = {side: row[f"epochs_median_{side.lower()}"] for side in "AB"}
    if all(map(np.isinf, half.values())):
        middle = "Fewer than half converged in either."
    else:
        by = [f"by epoch {short(most)} in {side}" for side, most in half.items() if np.isfinite(most)]
        by += [f"never in {side}" for side, most in half.items() if np.isinf(most)]
        middle = f"Half had converged {', '.join(by)}"
        ratio = row["epochs_ratio"]
        if "pairs" in row and np.isfinite(ratio) and ratio > 0:
            ends = _interval(row["epochs_ratio_low"], row["epochs_ratio_high"])
            middle += f"; the median pair took {short(ratio)} times as many epochs in B{ends}"
        middle += "."
    upto = f"{budget:,.0f} epochs" if budget is not None else "the budget"
    mean = (
        f"Mean up to {upto} {short(row['epochs_mean_a'])} and {short(row['epochs_mean_b'])}: "
        f"{_signed(row['epochs_difference'])}{_interval(row['epochs_low'], row['epochs_high'], _signed)}."
    )
    return f"Epochs to convergence: {who} {middle} {mean}"


def losses(row: Row) -> str:
    """Return what there is to say of final losses."""
    together = "pairs" in row
    whole = [row["pairs"]] if together else [row["trials_a"], row["trials_b"]]
    counts = {
        name: [row[f"{name}_pairs"]] if together else [row[f"{name}_trials_a"], row[f"{name}_trials_b"]]
        for name in ("loss", "loss_solved", "loss_stuck")
    }
    if not all(counts["loss"]):
        return "Final loss: not compared; where trials stop at convergence it only says where they stopped."
    words = {
        "loss": "medians",
        "loss_solved": "where both converged" if together else "of those that converged",
        "loss_stuck": "where neither did" if together else "of those that did not",
    }
    said = []
    for name, what in words.items():
        if all(counts[name]) and (name == "loss" or counts[name] != counts["loss"]):
            of = f"{what} ({listing([f'{some:,}' for some in counts[name]])})" if name != "loss" else what
            said.append(
                f"{of} {short(row[f'{name}_a'])} and {short(row[f'{name}_b'])}, "
                f"{'median difference' if together else 'difference'} {_signed(row[f'{name}_difference'])}"
                f"{_interval(row[f'{name}_low'], row[f'{name}_high'], _signed)}"
            )
    left = "" if counts["loss"] == whole else " Trials that stop at convergence are left out."
    return f"Final loss: {'; '.join(said)}.{left}"


def each(configurations: pd.DataFrame, level: float) -> str:
    """Return in how many configurations A and B differ surely."""
    said = []
    for name, what, ahead in (
        ("p_convergence_holm", "convergence differs", configurations["rate_difference"]),
        ("p_epochs_holm", "epochs to convergence differ", quicker(configurations)),
    ):
        sure = configurations[name] <= level
        for_b, for_a = int((sure & (ahead > 0)).sum()), int((sure & (ahead < 0)).sum())
        said.append(
            f"{what} in {for_a + for_b:,} ({for_b:,} for B, {for_a:,} for A)" if for_a + for_b else f"{what} in none"
        )
    return f"One by one, with Holm's correction at {100 * level:g} %, {' and '.join(said)} of the configurations."


def percent(share: float) -> str:
    """Return a share as text."""
    return f"{100 * share:.1f} %"


def short(number: Any) -> str:
    """Return a number to four digits."""
    if np.isnan(number):
        return "unknown"
    if np.isinf(number):
        return "infinite" if number > 0 else "minus infinite"
    return f"{number:,.0f}" if 1e4 <= abs(number) < 1e9 else f"{number:.4g}"


def chance(p: float) -> str:
    """Return a p-value as text, with its relation."""
    return "unknown" if np.isnan(p) else "< 0.0001" if p < 0.0001 else f"= {p:.2g}"


def count(number: int, what: str) -> str:
    """Return a number of things."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def listing(words: Sequence[str], whole: int = 0, between: str = ", ") -> str:
    """Return words as a list in a sentence; `whole` is how many there are, where these are the first of them."""
    if whole > len(words):
        words = [*words, f"{whole - len(words):,} more"]
    return words[0] if len(words) == 1 else f"{between.join(words[:-1])} and {words[-1]}"


def _interval(low: float, high: float, form: Callable[[float], str] = short) -> str:
    return "" if np.isnan(low) or np.isnan(high) else f" ({form(low)} to {form(high)})"


def _signed(number: float) -> str:
    return ("+" if number > 0 else "") + short(number)


def _points(share: float) -> str:
    return f"{100 * share:+.1f}"
