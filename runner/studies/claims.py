"""Claims held against tables: what is published, what is ours, an interval, and whether the claim holds."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.csv

from runner.analysis.estimates import Estimate, difference, estimate, numbers, position
from runner.errors import RunnerError
from runner.experiment.spec import Experiment
from runner.studies.printed import Printed, bounds
from runner.studies.printed import numbers as printed_numbers
from runner.studies.study import Claim, claim_columns
from runner.tables.loading import Results
from runner.tables.where import select
from runner.tracing.intermediates import intermediate_columns, intermediates

CENTRAL = 0.95  # of a sweep's seeds, outside of which a number is unusual


@dataclass(frozen=True)
class Verdict:
    """A claim, and what came of it; `ours`, `interval` and `remark` are as they are shown, `trials` counts rows."""

    claim: Claim
    holds: bool | None  # None where no number is published
    ours: str
    interval: str
    remark: str
    trials: int

    @property
    def verdict(self) -> str:
        """The one word."""
        return "open" if self.holds is None else "holds" if self.holds else "fails"

    @property
    def disappoints(self) -> bool:
        """Whether the study expects the claim to hold, and it does not."""
        return self.claim.expect == "holds" and self.holds is False


@dataclass(frozen=True)
class Outcome:
    """An experiment that has been run, and its tables."""

    experiment: Experiment
    results: Results


def judge(claim: Claim, outcome: Outcome) -> Verdict:
    """Hold one claim against the tables of its experiment.

    Raises `RunnerError` where it selects no trials, or several for a printed value.
    """
    return _KINDS[claim.kind](claim, outcome)


def _value(claim: Claim, outcome: Outcome) -> Verdict:
    """Each printed number against ours, to its last digit: half a unit of it, computed exactly."""
    columns = claim_columns(claim, outcome.experiment)
    rows = _rows(claim, claim.where, outcome)
    if len(rows) != 1:
        raise _unusable(claim, f"selects {len(rows):,} trials, and a printed value is of one; add to where")
    printed, ours = printed_numbers(claim.published), [_cell(rows, name) * claim.factor for name in columns]
    right = [one.matches(value, claim.digits) for one, value in zip(printed, ours, strict=True)]
    agreed = [one.agreement(value) for one, value in zip(printed, ours, strict=True)]
    shown = " ".join(one.rounded(value) for one, value in zip(printed, ours, strict=True))
    least = min(agreed, key=lambda pair: pair[0] - pair[1])
    digits = "all digits" if least[0] >= least[1] else f"{least[0]} of {least[1]} digits"
    wrong = f"{right.count(False)} of {len(right)} differ" if not all(right) and len(right) > 1 else ""
    return Verdict(claim, all(right), shown, digits, wrong, 1)


def _typical(claim: Claim, outcome: Outcome) -> Verdict:
    """Where the number stands among the seeds: the share of them below it."""
    rows, number = _some_rows(claim, claim.where, outcome), printed_numbers(claim.published)[0]
    values = numbers(rows, claim_columns(claim, outcome.experiment)[0]) * claim.factor
    found = position(values, float(number.number), float(number.unit / 2))
    inside = (1 - CENTRAL) / 2 <= found.value <= (1 + CENTRAL) / 2
    middle = f"median {_short(float(pd.Series(values).median()))}"
    share = f"rank {found.value:.3f}, {found.low:.3f} to {found.high:.3f}"
    return Verdict(claim, inside, middle, share, "typical" if inside else "unusual", found.trials)


def _statistic(claim: Claim, outcome: Outcome) -> Verdict:
    """Ours with its interval against theirs.

    A single number has to lie in our interval, widened by half a unit of its last digit and, where it is known of how
    many trials it is, by what as many of ours would scatter. Our estimate has to be within a range, and our whole
    interval on its side of a bound.
    """
    if claim.statistic is None:
        raise AssertionError("a statistic names itself")
    rows = _some_rows(claim, claim.where, outcome)
    if claim.against is None:
        found = estimate(claim.statistic, rows, claim.column)
    else:
        found = difference(claim.statistic, rows, _some_rows(claim, claim.against, outcome), claim.column)
    holds: bool | None
    said = bounds(claim.published) if claim.published else None
    percent = claim.statistic == "rate" if said is None else said.percent
    if said is None:
        holds = None
    elif said.single is None:
        held = (found.low, found.high) if said.one_sided else (found.value,)
        holds = all(said.hold(value) for value in held)
    else:
        widened = np.sqrt(1 + len(rows) / claim.trials) if claim.trials else 1.0
        low, high = (found.value + (end - found.value) * widened for end in (found.low, found.high))
        holds = bool(low - float(said.half_unit) <= said.single <= high + float(said.half_unit))
    ours, low_text, high_text = (_percent(x) if percent else _short(x) for x in _numbers_of(found))
    return Verdict(claim, holds, ours, f"{low_text} to {high_text}", "", found.trials)


def _impossible(claim: Claim, outcome: Outcome) -> Verdict:
    """None of the trials gives the printed number; what they give instead."""
    rows, number = _some_rows(claim, claim.where, outcome), printed_numbers(claim.published)[0]
    column = claim_columns(claim, outcome.experiment)[0]
    values = numbers(rows, column) * claim.factor
    holds = not any(number.matches(value) for value in values)
    least, most = float(pd.Series(values).min()), float(pd.Series(values).max())
    if len(rows) == 1:
        return Verdict(claim, holds, _near(number, least), "", "" if holds else "it is given", 1)
    return Verdict(
        claim, holds, _short(float(pd.Series(values).median())), f"{_short(least)} to {_short(most)}", "", len(rows)
    )


_KINDS: dict[str, Callable[[Claim, Outcome], Verdict]] = {
    "value": _value,
    "typical": _typical,
    "statistic": _statistic,
    "impossible": _impossible,
}


def _rows(claim: Claim, where: str, outcome: Outcome) -> pd.DataFrame:
    """The trials that a claim is about, with the columns that belong to its epoch."""
    try:
        trials = outcome.results.trials
        rows = trials[select(trials, where)]
    except RunnerError as error:
        raise _unusable(claim, str(error)) from None
    if claim.column == "loss":
        curves = pyarrow.csv.read_csv(_folder(outcome) / "curves.csv").to_pandas()
        return rows.merge(curves[curves["epoch"] == claim.epoch], on="trial", how="inner")
    if claim.column not in trials and set(claim_columns(claim, outcome.experiment)) <= set(
        intermediate_columns(outcome.experiment)
    ):
        found = [intermediates(outcome.experiment, int(seed), int(claim.epoch or 0)) for seed in rows["seed"]]
        return pd.DataFrame(found, index=rows.index).assign(seed=rows["seed"])
    return rows if claim.epoch is None else rows[rows["epochs"] == claim.epoch]


def _some_rows(claim: Claim, where: str, outcome: Outcome) -> pd.DataFrame:
    rows = _rows(claim, where, outcome)
    if rows.empty:
        raise _unusable(claim, f"selects no trial: {where or 'no where'}")
    return rows


def _folder(outcome: Outcome) -> Path:
    path = outcome.results.path
    return path if path.is_dir() else path.parent


def _unusable(claim: Claim, why: str) -> RunnerError:
    return RunnerError(f"claim {claim.id}: {why}")


def _cell(rows: pd.DataFrame, column: str) -> float:
    return float(numbers(rows, column)[0])


def _numbers_of(found: Estimate) -> tuple[float, float, float]:
    return found.value, found.low, found.high


def _near(number: Printed, value: float) -> str:
    places = max(len(number.text.partition(".")[2]), 2)
    return f"{value:.{places}f}"


def _short(value: Any) -> str:
    return "none" if not np.isfinite(value) else f"{value:.4g}" if abs(value) < 1e4 else f"{value:,.0f}"


def _percent(value: float) -> str:
    return f"{value:.1%}".replace("%", " %")
