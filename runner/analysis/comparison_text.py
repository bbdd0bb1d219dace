"""A comparison in words: what was compared, and which bits are the same; `comparison_findings` has what came out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from runner.analysis.comparison_findings import convergence, count, each, epochs, headline, listing, losses, short
from runner.analysis.comparison_sides import Side
from runner.messages import shown
from runner.tables.columns import is_key

_MOST = 6  # things that a sentence lists
_UNMATCHED = ("both", "only_a", "only_b")


@dataclass(frozen=True, eq=False)
class Facts:
    """What there is to say of A and B: frames as `comparison.Comparison` has them.

    `redrawn` are the keys for which a seed means other draws; `alike` says of each pair whether its bits are the same,
    None where nothing is paired.
    """

    a: Side
    b: Side
    differences: pd.DataFrame
    redrawn: Sequence[str]
    overall: pd.DataFrame
    configurations: pd.DataFrame
    unmatched: pd.DataFrame
    bits: pd.DataFrame
    alike: NDArray[np.bool_] | None


def sentences(facts: Facts, level: float) -> tuple[str, ...]:
    """Return the answer, a few sentences on each matter; `level` is that of a difference after Holm's correction."""
    return tuple(_sentences(facts, level))


def _sentences(facts: Facts, level: float) -> Iterator[str]:
    row = {str(name): values.iloc[0] for name, values in facts.overall.items()}
    one_experiment = not (facts.differences["of"] == "experiment").any()
    several = len(facts.configurations) > 1
    yield from (*_sides(facts), *facts.a.remarks, *facts.b.remarks, *_differences(facts), *_rows(facts, row))
    if facts.alike is not None and one_experiment:
        yield _bits(facts, facts.alike)
    if facts.alike is None or not facts.alike.all():
        if several:
            yield f"All {len(facts.configurations):,} configurations together; {_drawn(row)}:"
        yield headline(row, level)
        budgets = facts.configurations["epochs_budget"]
        yield from (
            convergence(row),
            epochs(row, float(budgets.iloc[0]) if budgets.nunique() == 1 else None),
            losses(row),
        )
        if several:
            yield each(facts.configurations, level)
    if facts.alike is not None and not one_experiment:
        yield f"{int(facts.alike.sum()):,} of the {len(facts.alike):,} pairs have the same bits in every column."


def _sides(facts: Facts) -> Iterator[str]:
    said = [f"{side.letter} is {side.name} ({count(len(side.rows), 'trial')})" for side in (facts.a, facts.b)]
    yield f"{', '.join(said)}."


def _differences(facts: Facts) -> Iterator[str]:
    for of, begin in (("experiment", "They differ in"), ("run", "They were run with another")):
        found = facts.differences[facts.differences["of"] == of]
        said = [
            f"{key} ({value(one)} in A, {value(other)} in B)"
            for key, one, other in zip(found["key"], found["a"], found["b"], strict=True)
        ]
        if said:
            yield f"{begin} {listing(said[:_MOST], len(said))}."
    for side, other in ((facts.a, facts.b), (facts.b, facts.a)):
        for key in [key for key in side.keys if key not in other.keys]:
            only = value(side.keys[key].iloc[0])
            yield f"{key} is {only} in {side.letter}, and {other.letter} does not tell it: it is taken to be the same."
    lacking = [side.letter for side in (facts.a, facts.b) if side.manifest is None]
    if lacking:
        verb = "have" if len(lacking) > 1 else "has"
        yield f"{listing(lacking)} {verb} no manifest: what no column tells is taken to be the same."
    if facts.redrawn:
        yield (
            f"With another {listing(facts.redrawn)} a seed stands for other initial weights: pairing by seed means "
            "nothing, and the trials are compared as independent samples."
        )


def _rows(facts: Facts, row: dict[str, Any]) -> Iterator[str]:
    of = count(len(facts.configurations), "configuration")
    if facts.redrawn:
        yield f"Both hold {of}, with {count(row['trials_a'], 'trial')} in A and {row['trials_b']:,} in B."
    else:
        yield f"{count(row['pairs'], 'trial')} of {of} and {count(row['seeds'], 'seed')} stand in both."
    keys = [str(name) for name in facts.unmatched if name not in _UNMATCHED]
    values = pd.concat([facts.unmatched[keys], facts.configurations[keys]])
    varied = [key for key in keys if values[key].nunique(dropna=False) > 1]
    for letter, column in (("A", "only_a"), ("B", "only_b")):
        lonely = facts.unmatched[facts.unmatched[column] > 0]
        if len(lonely):
            said = [
                ", ".join(f"{key} {value(entry[key])}" for key in varied or keys) + f" ({_share(entry, column)})"
                for entry in lonely.head(_MOST).to_dict("records")
            ]
            rows = count(int(lonely[column].sum()), "trial")
            yield f"{rows} only in {letter}, left out: {listing(said, len(lonely), '; ')}."


def _share(entry: dict[Any, Any], column: str) -> str:
    only, whole = entry[column], entry[column] + entry["both"]
    return f"all {only:,}" if only == whole else f"{only:,} of {whole:,}"


def _bits(facts: Facts, alike: NDArray[np.bool_]) -> str:
    bits = facts.bits
    compared = f"{count(len(bits), 'column')} compared"
    for side, other in ((facts.a, facts.b), (facts.b, facts.a)):
        alone = [name for name in map(str, side.rows) if name not in other.rows and not is_key(name)]
        compared += f", {listing(alone[:_MOST], len(alone))} only in {side.letter}" if alone else ""
    if alike.all():
        return f"All {len(alike):,} have the same bits in every column ({compared})."
    wrong = bits[bits["different"] > 0].to_dict("records")
    said = listing([_column(row) for row in wrong[:_MOST]], len(wrong))
    return f"{int(alike.sum()):,} of the {len(alike):,} have the same bits in every column ({compared}); {said}."


def _column(row: dict[Any, Any]) -> str:
    far = f", at most {short(row['largest_ulps'])} {row['ulps_of']} units in the last place" if row["ulps_of"] else ""
    far += f", {row['one_sided']:,} with a value in one table only" if row["one_sided"] else ""
    first = f"trial {row['trial_a']} of A, {row['trial_b']} of B, seed {row['seed']}"
    values = f"{value(row['value_a'])} and {value(row['value_b'])}"
    return f"{row['column']} differs in {row['different']:,} (first in {first}: {values}{far})"


def _drawn(row: dict[str, Any]) -> str:
    if min(row[name] for name in row if name in ("seeds", "seeds_a", "seeds_b")) > 1:
        return "intervals and tests draw seeds, all trials of one at once"
    return "they are of one seed, so that nothing can be said of other seeds"


def value(cell: Any) -> str:
    """Return a value of a table or a manifest as text, with all its digits."""
    if cell is None or cell is pd.NA or cell != cell:
        return "nothing"
    if isinstance(cell, np.generic):
        cell = cell.item()
    return cell if isinstance(cell, str) else shown(cell)
