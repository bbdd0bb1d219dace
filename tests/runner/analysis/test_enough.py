import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.analysis.best import best
from runner.analysis.enough import ladder, needed
from runner.tables.summary import wilson
from tests.runner.analysis.tables import BUDGET, run_lengths, trials


@settings(deadline=None, max_examples=50)
@given(successes=st.integers(0, 60), trials_there=st.integers(1, 60), width=st.floats(0.005, 0.45))
def test_the_seeds_needed_are_the_fewest_that_are_enough(successes, trials_there, width):
    rate = min(successes / trials_there, 1.0)
    times = [[1.0] * round(rate * trials_there) + [math.inf] * (trials_there - round(rate * trials_there))]
    row = needed(trials(times), width).iloc[0]
    rate, count = round(rate * trials_there) / trials_there, int(row["seeds_needed"])
    half = [float(np.diff(wilson(np.array([rate * n]), np.array([n])), axis=0)[0, 0] / 2) for n in (count, count - 1)]
    assert half[0] <= width + 1e-9
    assert count == 1 or half[1] > width - 1e-9
    assert row["more"] == max(count - trials_there, 0)
    assert row["more_at_most"] >= row["more"]


def test_known_numbers_of_seeds():
    # n = z^2 (p q + ...) / w^2: 9,600 for a half and a point, as 1.96^2 / 4 / 0.01^2 - z^2 = 9,600.
    row = needed(trials([[1.0] * 50 + [math.inf] * 50]), 0.01).iloc[0]
    assert row["seeds_needed"] == 9600
    assert row["more"] == 9500


def test_fewer_seeds_choose_wrongly_as_often_as_a_simulation_says():
    times = run_lengths(np.random.default_rng(0), "gamma", 0.6, (4, 200))
    found = ladder(some := trials(times), best(some)).set_index("seeds")
    stream, wrong = np.random.default_rng(1), 0
    costs = np.minimum(times, BUDGET).sum(axis=1) / (times <= BUDGET).sum(axis=1)
    for _ in range(2000):
        rows = times[:, stream.integers(200, size=20)]
        with np.errstate(divide="ignore"):
            drawn = np.minimum(rows, BUDGET).sum(axis=1) / (rows <= BUDGET).sum(axis=1)
        wrong += int(np.argmin(drawn)) != int(np.argmin(costs))
    assert found["wrong"][20] == pytest.approx(wrong / 2000, abs=0.07)
    assert found.index.tolist() == [5, 10, 20, 50, 100, 200]
    assert found["wrong"][200] < found["wrong"][5]
    assert (found["told_apart"] <= found["wrong"]).all()


def test_widths_are_wilsons_and_the_spread_is_that_of_resampling():
    times = np.where(np.arange(100) < np.array([[50], [90], [100]]), 10.0, math.inf)
    row = ladder(trials(times), None).set_index("seeds").loc[20]
    low, high = wilson(np.array([10, 18, 20]), np.array([20, 20, 20]))
    assert row["half_width"] == pytest.approx((high - low).max() / 2)
    assert row["half_width_median"] == pytest.approx(np.median(high - low) / 2)
    stream = np.random.default_rng(2)
    rates = np.array([np.mean(times[0][stream.integers(100, size=20)] < math.inf) for _ in range(4000)])
    ends = np.quantile(rates, [0.025, 0.975], method="inverted_cdf")
    assert row["spread"] == pytest.approx((ends[1] - ends[0]) / 2)


def test_one_configuration_has_no_wrong_choice():
    found = ladder(trials(run_lengths(np.random.default_rng(3), "gamma", 0.8, (1, 60))), None)
    assert found["wrong"].isna().all()
    assert found["seeds"].tolist() == [5, 10, 20, 50, 60]
    assert found["epochs_spread"].is_monotonic_decreasing


def test_where_none_converged_nothing_looks_best():
    found = ladder(trials([[math.inf] * 12] * 3), None)
    assert found[["wrong", "told_apart", "epochs_spread"]].isna().all(axis=None)
    assert (found["half_width"] > 0).all()


def test_configurations_that_are_always_equal_are_no_wrong_choice():
    times = run_lengths(np.random.default_rng(4), "gamma", 0.8, 40)
    assert (ladder(trials([times, times]), None)["wrong"] == 0).all()
