import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.analysis.grouping import grouped
from runner.analysis.losses import losses
from tests.runner.analysis.tables import table

trial = st.tuples(st.sampled_from(["converged", "not-converged", "diverged"]), st.floats(0, 1) | st.just(math.nan))


@settings(deadline=None, max_examples=50)
@given(groups=st.lists(st.lists(trial, min_size=5, max_size=5), min_size=1, max_size=5))
def test_solved_and_stuck_trials_have_quartiles_of_their_own(groups):
    outcome = np.array([[word for word, _ in group] for group in groups])
    loss = np.array([[value for _, value in group] for group in groups])
    frame = table(np.where(outcome == "converged", 10.0, math.inf), loss=loss)
    frame["outcome"] = outcome.ravel()
    found = losses(grouped(frame))
    for number in range(len(groups)):
        for name, word in (("solved", "converged"), ("stuck", "not-converged")):
            values = loss[number][(outcome[number] == word) & ~np.isnan(loss[number])]
            for percent in (25, 50, 75):
                expected = np.quantile(values, percent / 100) if len(values) else math.nan
                assert found[f"{name}_loss_q{percent}"][number] == pytest.approx(expected, nan_ok=True)
