"""Answers on configurations, axes, seeds and numbers, in words."""

import pandas as pd

from runner.analysis.analysis import Analysis
from runner.analysis.wording import (
    epochs,
    extreme,
    listed,
    named,
    number,
    percent,
    plural,
    points,
    value_of,
    with_interval,
)

_LISTED = 5
_FEWER = (10, 100)  # seeds that are held against those of the table
_MEANING = {
    "typical": "it is typical",
    "unusual": "it is unusual",
    "borderline": "these seeds do not tell whether it is typical or unusual",
}


def of_the_best(found: Analysis) -> list[str]:
    """Which configuration is best, and which cannot be told from it."""
    table = found.configurations
    if len(table) == 1:
        return []
    if found.best is None and table["converged"].any():
        return ["No seed of the half that is to choose the best configuration converged, so that none is chosen."]
    if found.best is None:
        said = "No trial converged, so that no configuration is best."
        if not found.stopped and table["stuck_loss_q50"].notna().any():
            row = extreme(table, "stuck_loss_q50")
            said += f" The least median loss is {number(row['stuck_loss_q50'])}, at {named(row, found.axes)}."
        return [said]
    ranked, chosen = found.best.table, found.best.chosen
    own = ranked[ranked["configuration"] == chosen].iloc[0]
    said = (
        f"{named(table.iloc[chosen], found.axes)} takes the fewest epochs to a first success on "
        f"{plural(found.best.choosing, 'seed')}, and on the {found.best.scoring:,} others "
        f"{with_interval(own, 'expected_epochs', epochs)}."
    )
    others = ranked[ranked["together"] & (ranked["configuration"] != chosen)]
    if not len(others):
        return [said, "All others are clearly worse." if len(table) > 2 else "The other is clearly worse."]
    names = [
        f"{named(table.iloc[place], found.axes)} ({epochs(expected)})"
        for place, expected in others[["configuration", "expected_epochs"]].head(_LISTED).itertuples(index=False)
    ]
    return [said, f"{len(others):,} of {len(table) - 1:,} others cannot be told from it: {listed(names, len(others))}."]


def of_the_axes(found: Analysis) -> list[str]:
    """Between which rates each axis moves."""
    said = []
    for axis, part in found.effects.groupby("axis", sort=False):
        others = " and ".join(other for other in found.axes if other != axis)
        average = f", averaged over {others}" if others else ""
        low, high = (extreme(part, "rate", least=least) for least in (True, False))
        if low["rate"] == high["rate"]:
            said.append(f"{axis}: the rate is {percent(low['rate'])} at every value{average}.")
            continue
        ends = [f"{with_interval(row, 'rate', percent)} at {axis} {value_of(row['value'])}" for row in (low, high)]
        said.append(f"{axis}: rates {'lie between' if len(part) > 2 else 'are'} {' and '.join(ends)}{average}.")
    return said


def of_the_seeds(found: Analysis) -> list[str]:
    """What fewer seeds would have shown."""
    width = "the widest interval of a rate" if len(found.configurations) > 1 else "the interval of the rate"
    last = found.enough.iloc[-1]
    many, said = int(last["seeds"]), []
    for row in found.enough[found.enough["seeds"].isin(_FEWER)].to_dict("records"):
        if row["seeds"] < many:
            wrong = ""
            if pd.notna(row["wrong"]):
                worse = percent(row["told_apart"]) if pd.notna(row["told_apart"]) else ""
                wrong = f"another configuration would have looked best {percent(row['wrong'])} of the time"
                wrong += f" (one that is clearly worse {worse}), and " if worse else ", and "
            said.append(f"With {row['seeds']:,} seeds {wrong}{width} would be ±{points(row['half_width'])} points.")
    return [
        *said,
        f"With {'all ' if many > 1 else ''}{plural(many, 'seed')} {width} is ±{points(last['half_width'])} points.",
    ]


def of_the_half_width(found: Analysis, half_width: float) -> list[str]:
    """How many seeds the half width takes that `found.needed` is for."""
    if found.needed is None:
        return []
    some, wanted = found.needed[found.needed["more"] > 0], f"an interval of ±{points(half_width)} points"
    if not len(some):
        return [f"There are seeds enough for {wanted}."]
    row = extreme(some, "more", least=False)
    takes = (
        f"{int(row['seeds_needed']):,} seeds, {int(row['more']):,} more than there are (at most "
        f"{int(row['more_at_most']):,} more)"
    )
    if len(found.needed) == 1:
        return [f"For {wanted} it takes {takes}."]
    several = f"{len(some):,} of {len(found.needed):,} configurations need more seeds"
    return [f"For {wanted}, {several}; {named(row, found.axes)} needs most: {takes}."]


def of_the_number(found: Analysis) -> list[str]:
    """Whether the number that was located is typical."""
    if found.located is None:
        return []
    first = found.located.iloc[0]
    what = f"{first['column']} = {first['number']:.15g}"
    if len(found.located) > 1:
        counts = found.located["verdict"].value_counts()
        parts = [f"{verdict} in {counts[verdict]:,}" for verdict in _MEANING if verdict in counts]
        return [f"{what} is {', '.join(parts)} of {len(found.located):,} configurations."]
    alike = f", {first['alike']:,} cannot be told from it" if first["alike"] else ""
    missing = f", {first['missing']:,} have none and count as above" if first["missing"] else ""
    return [
        f"{what}: of {plural(int(first['trials']), 'seed')}, {first['below']:,} are below{alike}{missing}. Its rank is "
        f"{with_interval(first, 'rank', number)}: {_MEANING[first['verdict']]}."
    ]
