"""The answers in words: how many converge, how soon, where they end, and what cannot be answered."""

import pandas as pd

from runner.analysis.analysis import Analysis
from runner.analysis.answers import of_the_axes, of_the_best, of_the_half_width, of_the_number, of_the_seeds
from runner.analysis.wording import epochs, extreme, named, number, percent, plural, with_interval

_SHARES = {"epochs_q05": "5 %", "epochs_q25": "a quarter", "epochs_q75": "three quarters", "epochs_q95": "95 %"}

_FATES = {
    "saturated": "are saturated",
    "plateau": "are on a plateau",
    "improving": "are still improving",
    "oscillating": "oscillate",
}


def sentences(found: Analysis, half_width: float | None = None) -> dict[str, tuple[str, ...]]:
    """Return the answers by section, in the order in which they are to be read; each is a sentence or a few.

    `half_width` is the one that `found.needed` is for.
    """
    some = bool(found.configurations["converged"].any())
    answers = {
        "trials": _trials(found),
        "located": of_the_number(found),
        "rate": _rates(found),
        "epochs": _epochs(found) if some else [],
        "restarts": _restarts(found) if some else [],
        "loss": _losses(found),
        "fates": _fates(found),
        "best": of_the_best(found),
        "axes": of_the_axes(found),
        "seeds": of_the_seeds(found),
        "needed": [] if half_width is None else of_the_half_width(found, half_width),
    }
    return {section: tuple(said) for section, said in answers.items() if said}


def notes(found: Analysis) -> list[str]:
    """Return what the table cannot tell, a sentence each."""
    table, said = found.configurations, []
    if count := int(table["censored"].sum()):
        where = plural(int((table["censored"] > 0).sum()), "configuration")
        said.append(
            f"{plural(count, 'trial')} of {where} ended without convergence before the largest budget there: rates and "
            f"quantiles are Kaplan and Meier's there, all else is up to the smallest budget."
        )
    if (table["diverged"] == table["trials"]).all():
        said.append("All trials diverged: there are no losses, and no epochs to convergence.")
    if found.stopped:
        said.append(
            "Trials stopped where they converged: their final losses stand near the threshold, and are not ranked."
        )
    return said


def _trials(found: Analysis) -> list[str]:
    table = found.configurations
    total, converged, stuck, diverged = (
        int(table[name].sum()) for name in ("trials", "converged", "not_converged", "diverged")
    )
    if len(table) == 1:
        row = table.iloc[0]
        what = f" of {named(row, [key for key in found.keys if pd.notna(row[key])])}"
    else:
        seeds = _range(int(table["trials"].min()), int(table["trials"].max()))
        what = f" of {plural(len(table), 'configuration')} ({' x '.join(found.axes)}), {seeds} seeds each"
    most = max(int(table["budget"].max()), int(found.trials["epochs_run"].max()))
    budget = _range(int(table["budget"].min()), most)
    return [
        f"{plural(total, 'trial')}{what}, with a budget of {budget} epochs: {converged:,} converged, {stuck:,} did "
        f"not, {diverged:,} diverged."
    ]


def _rates(found: Analysis) -> list[str]:
    table = found.configurations
    if len(table) == 1:
        row = table.iloc[0]
        verb = "converges" if row["converged"] == 1 else "converge"
        rate = with_interval(row, "convergence_rate", percent)
        return [f"{row['converged']:,} of {plural(int(row['trials']), 'seed')} {verb}: {rate}."]
    rates = table["convergence_rate"]
    every, none, others = (int(chosen.sum()) for chosen in (rates == 1, rates == 0, (rates > 0) & (rates < 1)))
    if every == len(table) or none == len(table):
        return [f"{'Every' if every else 'No'} seed of the {len(table):,} configurations converges."]
    said = f"Of {len(table):,} configurations, every seed converges in {every:,} and none in {none:,}"
    if others:
        between = table[(rates > 0) & (rates < 1)]
        low, high = (
            f"{with_interval(row, 'convergence_rate', percent)} at {named(row, found.axes)}"
            for row in (extreme(between, "convergence_rate"), extreme(between, "convergence_rate", least=False))
        )
        said += f"; the others reach from {low} to {high}" if others > 1 else f"; in the other it is {low}"
    return [said + "."]


def _epochs(found: Analysis) -> list[str]:
    table, some = found.configurations, found.configurations.dropna(subset="epochs_q50")
    if len(table) > 1:
        if not len(some):
            return ["In no configuration do half of all seeds converge."]
        row = extreme(some, "epochs_q50")
        return [
            f"Half of all seeds converge in {len(some):,} of {len(table):,} configurations, soonest by epoch "
            f"{with_interval(row, 'epochs_q50', epochs)} at {named(row, found.axes)}."
        ]
    row, budget = table.iloc[0], int(table["budget"].iloc[0])
    mean = f"The mean up to {budget:,} epochs is {with_interval(row, 'restricted_mean', epochs)}."
    shares = [
        f"{share} by epoch {with_interval(row, name, epochs)}" for name, share in _SHARES.items() if pd.notna(row[name])
    ]
    if not len(some):
        said = f"Fewer than half of all seeds converge, so that the median is later than {budget:,} epochs"
        return [f"{'; '.join([said, ', '.join(shares)]) if shares else said}. {mean}"]
    half = f"Half of all seeds have converged by epoch {with_interval(row, 'epochs_q50', epochs)}"
    return [f"{half}; {', '.join(shares)}. {mean}"]


def _restarts(found: Analysis) -> list[str]:
    table = found.configurations
    if len(table) == 1:
        row = table.iloc[0]
        said = (
            f"A first success takes {with_interval(row, 'expected_epochs', epochs)} epochs, starting again from "
            f"another seed every {int(row['budget']):,}"
        )
        if pd.notna(row["cutoff"]):
            said += (
                f"; every {int(row['cutoff']):,}, {with_interval(row, 'restart_epochs', epochs)} (a cutoff chosen on "
                f"one half of the seeds, its epochs of the other)"
            )
        return [said + "."]
    quicker = table[table["restart_epochs_high"] < table["expected_epochs_low"]]
    if not len(quicker):
        return ["In no configuration is starting again before the budget ends clearly quicker."]
    row = extreme(quicker.assign(gain=quicker["expected_epochs"] / quicker["restart_epochs"]), "gain", least=False)
    return [
        f"Starting again before the budget ends is clearly quicker in {len(quicker):,} of {len(table):,} "
        f"configurations, most at {named(row, found.axes)}: a first success takes "
        f"{with_interval(row, 'restart_epochs', epochs)} epochs with a cutoff of {int(row['cutoff']):,}, and "
        f"{with_interval(row, 'expected_epochs', epochs)} without."
    ]


def _losses(found: Analysis) -> list[str]:
    table, said = found.configurations, []
    for group, words, count in (("solved", "converged", "converged"), ("stuck", "did not", "not_converged")):
        some = table.dropna(subset=f"{group}_loss_q50")
        if not len(some):
            continue
        low, middle, high = (some[f"{group}_loss_q{at}"] for at in (25, 50, 75))
        if len(table) > 1:
            least, most = (number(end) for end in (middle.min(), middle.max()))
            said.append(f"{least} to {most}, by configuration, of those that {words}")
            continue
        trials = int(some[count].iloc[0])
        half = f" (half of them between {number(low.iloc[0])} and {number(high.iloc[0])})" if trials > 1 else ""
        said.append(f"{number(middle.iloc[0])} of the {plural(trials, 'trial')} that {words}{half}")
    return [f"Median final loss: {'; '.join(said)}."] if said else []


def _fates(found: Analysis) -> list[str]:
    table = found.configurations
    if not set(_FATES) <= set(table):
        return []
    counts = {words: int(table[fate].sum()) for fate, words in _FATES.items()}
    stuck = int(table["not_converged"].sum())
    shares = [f"{count:,} ({percent(count / stuck)}) {words}" for words, count in counts.items() if count]
    return [f"Of {plural(stuck, 'trial')} that did not converge, {', '.join(shares)}."] if shares else []


def _range(least: int, most: int) -> str:
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"
