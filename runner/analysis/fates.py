"""Why trials did not converge, from what `[record] fate = true` keeps of them."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from runner.analysis.grouping import numbered
from runner.errors import RunnerError
from runner.messages import nearest
from runner.tables.columns import FATES as RECORDED

STEPS = ("learning_rate", "epochs_run")
FATES = ("saturated", "plateau", "improving", "oscillating")

MOVED = 0.01  # of the loss at the beginning of the last tenth: at that pace, ten tenths make a tenth of the loss
STEEP = 0.1  # of the final loss, for each unit of distance that the weights go
KEPT = 0.25  # of what the gradient promises; the objective that descends most slowly, half-mse, keeps a half
BLOCKED = 0.5  # of the errors


def fates(trials: pd.DataFrame) -> pd.Series:
    """Return why each trial did not converge, a categorical of `FATES`.

    Missing where a trial converged or diverged, and where its budget was 0 epochs. L is the loss at the beginning of
    the last tenth of the epochs, the fall is -loss_change. Of these the first that holds is the fate:

    - oscillating: loss_rise is at least 1 % of L, and at least the fall
    - improving: the fall is at least 1 % of L; or the steps are small on steep ground: gradient_norm is at least a
      tenth of final_loss, and the fall at least a quarter of n learning_rate gradient_norm**2, where n counts the
      epochs of the last tenth (what the gradient promises to first order; and above 0)
    - saturated: saturated_error is at least one half
    - plateau: everything else

    Raises `RunnerError` where the table lacks what `[record] fate = true` keeps.
    """
    if missing := [name for name in RECORDED if name not in trials]:
        raise RunnerError(
            f"the table has no column {missing[0]}, so that it cannot say why trials did not converge; "
            "sweep again with `[record] fate = true`"
        )
    loss, change, rise, gradient, blocked, rate, run = (
        trials[name].to_numpy(np.float64, na_value=np.nan)
        for name in ("final_loss", "loss_change", "loss_rise", "gradient_norm", "saturated_error", *STEPS)
    )
    fall, before = -change, loss - change
    with np.errstate(over="ignore", invalid="ignore"):
        promised = np.ceil(run / 10) * rate * gradient**2
        oscillating = (rise >= MOVED * before) & (rise >= fall)
        small_steps = (gradient >= STEEP * loss) & (fall > 0) & (fall >= KEPT * promised)
        improving = (fall >= MOVED * before) | small_steps
    code = np.select([oscillating, improving, blocked >= BLOCKED], [3, 2, 0], 1)
    known = (trials["outcome"] == "not-converged").to_numpy(np.bool_) & ~np.isnan(change)
    found = pd.Categorical.from_codes(np.where(known, code, -1), categories=pd.Index(FATES))
    return pd.Series(found, index=trials.index, name="fate")


def fate_counts(trials: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Return a row a combination of keys: they, trials, converged, diverged, and how many have each of `FATES`.

    Rows stand in the order in which their keys first appear. Trials that neither converged nor diverged, and have no
    fate, are those of 0 epochs. Raises `RunnerError` for a key that is no column, and as `fates` does.
    """
    if missing := [key for key in keys if key not in trials]:
        raise RunnerError(f"{missing[0]} is not in this table; {nearest(missing[0], [str(name) for name in trials])}")
    fate = fates(trials)
    number, first = numbered(trials, keys)
    counts = {"trials": np.bincount(number, minlength=len(first))}
    for column, words in ((trials["outcome"], ("converged", "diverged")), (fate, FATES)):
        for word in words:
            counts[word] = np.bincount(number[(column == word).to_numpy(np.bool_)], minlength=len(first))
    return trials.iloc[first][list(keys)].reset_index(drop=True).assign(**counts)
