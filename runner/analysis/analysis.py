"""All answers of one table of trials: rates, epochs, losses, the best, the axes, how many seeds, a number's place."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from runner.analysis.best import Best


@dataclass(frozen=True, eq=False)
class Analysis:
    """The answers; every interval is one of 95 %, every frame has an index from 0.

    - name: of the experiment, blank where it is not known; where: the rows that were chosen, as it was given
    - keys: the columns that make a configuration; axes: those of them with several values
    - trials: the rows that the answers are of, with `configuration`, a row number of `configurations`
    - configurations: a row a configuration, in the order of the table
        - its keys
        - trials, converged, not_converged, diverged: counts
        - budget: epochs that every trial could have run (the smallest where they differ); censored: trials that ended
          without convergence before the largest budget
        - convergence_rate, convergence_low, convergence_high: at the largest budget
        - epochs_q05, q25, q50, q75, q95, each with _low and _high: epochs by which that share of all trials had
          converged, blank where fewer did; a blank _high is beyond the budget (Int64)
        - restricted_mean, _low, _high: mean of epochs to convergence, a failure counting as the budget
        - expected_epochs, _low, _high: until a first success, starting again wherever the budget ends
        - cutoff, restart_epochs, _low, _high: the same starting again after the best cutoff, which is chosen on one
          half of the seeds; the epochs are of the other half
        - solved_loss_q25, q50, q75 and stuck_loss_q25, q50, q75: final loss of the trials that converged, and of those
          that did not and have one
        - saturated, plateau, improving, oscillating: counts of the trials that did not converge, where recorded
        - together: whether it cannot be told from the best; missing where none converged or there is one configuration
    - best: None where there is one configuration, or none converged on the half of the seeds that is to choose
    - effects: a row a value of each axis: axis, value, configurations and trials (of the balanced part of the grid),
      rate, rate_low, rate_high, and difference, difference_low, difference_high from the first value of the axis;
      paired: whether the same seed means the same initial weights at both
    - enough: a row a number of seeds: seeds, wrong (how often another configuration than the best of the table would
      have looked best), told_apart (how often one that can be told from it), half_width (the widest Wilson interval's),
      half_width_median (over configurations), spread (the widest half range of 95 % of the simulated rates),
      epochs_spread (the same of the expected epochs of the best configuration, as a share of them)
    - needed: a row a configuration: its keys, trials, half_width (of its rate), seeds_needed (for the one asked for),
      more (than there are), more_at_most (for the rate in its interval that needs most); None unless asked for
    - located: a row a configuration: its keys, column, number, half_unit (of its last digit), trials, missing, below,
      alike, rank, rank_low, rank_high, verdict ("typical", "unusual", "borderline"); None unless asked for
    - stopped: whether trials ended at convergence, so that losses stand near the threshold and cannot be ranked
    - sentences: the answers in words by section: "trials", "rate", "epochs", "restarts", "loss", "fates", "best",
      "axes", "seeds", "needed", "located"; a section without an answer is not there
    - notes: what was left out, or cannot be answered, and why
    """

    name: str
    where: str
    keys: tuple[str, ...]
    axes: tuple[str, ...]
    trials: "pd.DataFrame"
    configurations: "pd.DataFrame"
    best: "Best | None"
    effects: "pd.DataFrame"
    enough: "pd.DataFrame"
    needed: "pd.DataFrame | None"
    located: "pd.DataFrame | None"
    stopped: bool
    sentences: Mapping[str, tuple[str, ...]]
    notes: tuple[str, ...]

    def __str__(self) -> str:
        """The answers as `analyze` prints them."""
        from runner.analysis.printing import as_text

        return as_text(self)

    def as_json(self) -> dict[str, Any]:
        """Return all answers, without the trials, as strict JSON can hold them: frames are lists of rows."""
        from runner.analysis.as_json import as_json

        return as_json(self)
