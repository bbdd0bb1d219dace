import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.analysis.restarts import best_cutoff, restarts
from tests.runner.analysis.tables import BUDGET, run_lengths, trials

times = st.lists(st.integers(0, 60) | st.just(math.inf), max_size=25)


@settings(deadline=None, max_examples=50)
@given(groups=st.lists(times, min_size=1, max_size=6), budget=st.integers(1, 60))
def test_the_cutoff_is_the_best_of_all(groups, budget):
    number = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    found = best_cutoff(
        number, np.array([time for group in groups for time in group], float), np.full(len(groups), float(budget))
    )
    for group, cutoff in zip(groups, found, strict=True):
        costs = {
            c: sum(min(max(time, 1), c) for time in group) / sum(time <= c for time in group)
            for c in range(1, budget + 1)
            if any(time <= c for time in group)
        }
        assert math.isnan(cutoff) if not costs else costs[cutoff] == pytest.approx(min(costs.values()))


def test_choosing_and_judging_share_no_seed():
    times = run_lengths(np.random.default_rng(0), "lognormal", 0.5, 100)
    found = trials([times])
    row, choosing = restarts(found).iloc[0], found.choosing
    assert choosing.sum() == 50
    chosen, judged = found.time[choosing], found.time[~choosing]
    cutoff = row["cutoff"]
    assert cutoff in chosen
    assert row["restart_epochs"] == pytest.approx(np.minimum(judged, cutoff).sum() / (judged <= cutoff).sum())
    assert row["expected_epochs"] == pytest.approx(np.minimum(times, BUDGET).sum() / (times <= BUDGET).sum())


def test_a_cutoff_helps_where_trials_are_quick_or_never_end():
    stream = np.random.default_rng(1)
    times = np.where(stream.random(1000) < 0.5, np.ceil(stream.gamma(9, 5, 1000)), math.inf)
    row = restarts(trials([times])).iloc[0]
    assert row["restart_epochs_high"] < row["expected_epochs_low"]
    assert row["cutoff"] < 150


def test_the_judging_half_knows_nothing_of_the_choice():
    # All seeds are alike in distribution, so that the best cutoff of one half is no better on the other.
    stream, gains = np.random.default_rng(2), []
    for _ in range(60):
        times = np.ceil(stream.exponential(300, 40))
        row = restarts(trials([np.where(times <= BUDGET, times, math.inf)])).iloc[0]
        gains.append(row["restart_epochs"] / row["expected_epochs"])
    finite = np.array(gains)[np.isfinite(gains)]
    assert np.mean(finite) > 0.95


def test_where_none_of_the_choosing_half_converged_there_is_no_cutoff():
    row = restarts(trials([[math.inf] * 10])).iloc[0]
    assert np.isinf(row["expected_epochs"])
    assert math.isnan(row["cutoff"])
    assert math.isnan(row["restart_epochs"])
    one = restarts(trials([[5]])).iloc[0]
    assert one["expected_epochs"] == 5
    assert math.isnan(one["cutoff"])
