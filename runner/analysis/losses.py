"""The final loss of the trials that were solved and of those that got stuck, apart: together they have two humps."""

import numpy as np
import pandas as pd

from runner.analysis.grouping import Grouped
from runner.tables.groups import interpolated, sorted_groups

QUARTILES = (25, 50, 75)


def losses(trials: Grouped) -> pd.DataFrame:
    """Return solved_loss_q25, q50, q75 and stuck_loss_q25, q50, q75, a row a configuration.

    Solved trials converged, stuck ones did not and are finite. Quantiles are interpolated linearly (type 7 of Hyndman &
    Fan 1996); NaN where there is no such trial.
    """
    stuck = ~trials.converged & ~trials.diverged & np.isfinite(trials.loss)
    columns = {}
    for group, chosen in (("solved", trials.converged & np.isfinite(trials.loss)), ("stuck", stuck)):
        sizes = np.bincount(trials.configuration[chosen], minlength=trials.count)
        values, starts = sorted_groups(trials.loss[chosen], sizes), np.cumsum(sizes) - sizes
        for percent in QUARTILES:
            columns[f"{group}_loss_q{percent}"] = interpolated(values, starts, sizes, percent / 100)
    return pd.DataFrame(columns)
