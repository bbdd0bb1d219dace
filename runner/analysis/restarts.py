"""Starting again after a cutoff: the best one, chosen on one half of the seeds and judged on the other."""

import numpy as np
import pandas as pd

from runner.analysis.grouping import Floats, Grouped, Whole
from runner.analysis.successes import expected_epochs, successes
from runner.tables.groups import sorted_groups


def restarts(trials: Grouped) -> pd.DataFrame:
    """Return expected_epochs, cutoff and restart_epochs with their intervals, a row a configuration.

    The expected epochs to a first success where each trial has its whole budget (the smallest, where they differ), of
    all seeds; the cutoff at which they are fewest for one half of the seeds; and how many they are with it for the
    other half. NaN where the half that is needed is not there, or no trial of the choosing one converged.
    """
    whole = expected_epochs(successes(trials.configuration, trials.time, trials.common))
    choosing = trials.choosing
    cutoff = best_cutoff(trials.configuration[choosing], trials.time[choosing], trials.common)
    rest = ~choosing
    found = expected_epochs(successes(trials.configuration[rest], trials.time[rest], np.nan_to_num(cutoff, nan=1.0)))
    columns = {"expected_epochs": whole.value, "expected_epochs_low": whole.low, "expected_epochs_high": whole.high}
    columns["cutoff"] = cutoff
    for end, values in (("", found.value), ("_low", found.low), ("_high", found.high)):
        columns[f"restart_epochs{end}"] = np.where(np.isnan(cutoff), np.nan, values)
    return pd.DataFrame(columns)


def best_cutoff(configuration: Whole, time: Floats, budget: Floats) -> Floats:
    """Return the cutoff c with the least E[min(T, c)] / F(c) for each configuration; NaN where none converged in time.

    It is one of the times at which a trial converged: between two of them only the numerator grows. The smallest of
    several, and at least 1; a trial that converged before any update counts as 1 epoch here. `configuration` ascends.
    """
    sizes = np.bincount(configuration, minlength=len(budget))
    starts = np.cumsum(sizes) - sizes
    time = np.maximum(time, 1.0)  # else the best is to draw weights until some need no training
    times = sorted_groups(np.where(time <= budget[configuration], time, np.inf), sizes)
    some = np.isfinite(times)
    finite = np.where(some, times, 0.0)
    total = np.cumsum(finite)
    before = np.concatenate([[0.0], total])[starts][configuration]
    successes_so_far = np.arange(1, len(times) + 1) - starts[configuration]
    rest = sizes[configuration] - successes_so_far
    epochs = np.where(some, (total - before + rest * finite) / successes_so_far, np.inf)
    least = np.full(len(budget), np.inf)
    np.minimum.at(least, configuration, epochs)
    places = np.flatnonzero(some & (epochs == least[configuration]))[::-1]
    found = np.full(len(budget), np.nan)
    found[configuration[places]] = times[places]  # of several the last that is written, which is the first
    return found
