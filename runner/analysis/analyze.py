"""From a table of trials to all its answers."""

from dataclasses import replace

import numpy as np
import pandas as pd

from runner.analysis.analysis import Analysis
from runner.analysis.best import Best, best
from runner.analysis.effects import effects
from runner.analysis.enough import ladder, needed
from runner.analysis.fates import FATES, fate_counts
from runner.analysis.grouping import Grouped, grouped
from runner.analysis.location import locate as located
from runner.analysis.location import parse_location
from runner.analysis.losses import losses
from runner.analysis.restarts import restarts
from runner.analysis.rows import read_rows
from runner.analysis.run_lengths import run_lengths
from runner.analysis.sentences import notes, sentences
from runner.analysis.successes import restricted_mean, successes
from runner.errors import RunnerError
from runner.tables.columns import FATES as RECORDED
from runner.tables.streaming import Table


def analyze(results: Table, where: str = "", *, locate: str | None = None, half_width: float | None = None) -> Analysis:
    """Answer everything that a table of trials can tell, or the part of it that `where` chooses.

    `results` is a folder of results, a trials.csv or trials.parquet of any origin, what `load` gave, or a DataFrame.
    `where` is a sentence such as `hidden == 4 and learning_rate == 1.0`; `locate`, as `final_loss=0.0028`, asks whether
    a number is typical; `half_width`, a share, how many seeds make the interval of the rate so narrow. Raises
    `RunnerError` for a table that cannot be used.
    """
    wanted = None if locate is None else parse_location(locate)
    if half_width is not None and not 0 < half_width < 0.5:
        raise RunnerError(f"half width {half_width:g}: must be a share between 0 and 0.5, as 0.01 for one percent")
    rows = read_rows(results, where)
    trials = grouped(rows.frame, rows.budget)
    number = np.empty(len(rows.frame), np.int64)
    number[trials.order] = trials.configuration
    place = None if wanted is None else trials.keys.join(located(rows.frame, number, trials.count, wanted))
    leading = best(trials)
    by_axis, unbalanced = effects(trials)
    analysis = Analysis(
        name=rows.name,
        where=where.strip(),
        keys=tuple(str(key) for key in trials.keys),
        axes=tuple(trials.axes),
        trials=rows.frame.assign(configuration=number),
        configurations=_configurations(rows.frame, trials, leading),
        best=leading,
        effects=by_axis,
        enough=ladder(trials, leading),
        needed=None if half_width is None else trials.keys.join(needed(trials, half_width)),
        located=place,
        stopped=rows.stopped,
        sentences={},
        notes=(*rows.notes, *unbalanced),
    )
    return replace(analysis, sentences=sentences(analysis, half_width), notes=(*analysis.notes, *notes(analysis)))


def _configurations(frame: pd.DataFrame, trials: Grouped, leading: Best | None) -> pd.DataFrame:
    """The frame that `Analysis.configurations` describes."""
    converged, diverged, censored = (
        np.bincount(trials.configuration[chosen], minlength=trials.count)
        for chosen in (trials.converged, trials.diverged, trials.censored)
    )
    counts = {"trials": trials.sizes, "converged": converged, "not_converged": trials.sizes - converged - diverged}
    counts |= {"diverged": diverged, "censored": censored, "budget": trials.common.astype(np.int64)}
    lengths = run_lengths(trials)
    whole = [str(name) for name in lengths if str(name).startswith("epochs_")]
    mean = restricted_mean(successes(trials.configuration, trials.time, trials.common))
    means = {"restricted_mean": mean.value, "restricted_mean_low": mean.low, "restricted_mean_high": mean.high}
    parts = [trials.keys, pd.DataFrame(counts), lengths.astype(dict.fromkeys(whole, "Int64"))]
    found = pd.concat([*parts, pd.DataFrame(means), restarts(trials), losses(trials)], axis="columns")
    if set(RECORDED) <= set(frame):
        found = found.join(fate_counts(frame, [str(key) for key in trials.keys])[list(FATES)])
    if leading is None:
        return found.assign(together=pd.array([pd.NA] * trials.count, "boolean"))
    together = leading.table.set_index("configuration")["together"].sort_index()
    return found.assign(together=together.astype("boolean"))
