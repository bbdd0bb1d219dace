import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.analysis.successes import expected_epochs, restricted_mean, successes
from runner.tables.summary import wilson
from tests.runner.analysis.tables import BUDGET, KINDS, run_lengths

SIZES = (10, 20, 50, 100, 400)
RATES = (0.05, 0.2, 0.5, 0.8, 0.95, 0.99)
REPEATS = 500


def of(times, cutoff=BUDGET):
    times = np.asarray(times, float)
    return successes(np.zeros(len(times), np.int64), times, np.array([float(cutoff)]))


def test_expected_epochs_are_those_run_until_a_first_success():
    # Two of four succeed, after 10 and 30 epochs; the others cost 100 each: 240 epochs for two successes.
    found = expected_epochs(of([10, np.inf, 30, np.inf], 100))
    assert found.value[0] == 120
    assert found.low[0] < 120 < found.high[0]


def test_expected_epochs_are_what_a_simulation_of_restarts_takes():
    stream = np.random.default_rng(0)
    times = run_lengths(stream, "gamma", 0.4, 2000)
    spent = []
    for _ in range(3000):
        total = 0.0
        while True:
            time = stream.choice(times)
            total += min(time, BUDGET)
            if time <= BUDGET:
                break
        spent.append(total)
    assert expected_epochs(of(times)).value[0] == pytest.approx(np.mean(spent), rel=0.05)


def test_the_restricted_mean_counts_a_failure_as_the_cutoff():
    found = restricted_mean(of([10, np.inf, 30, 250], 100))
    assert found.value[0] == (10 + 100 + 30 + 100) / 4


def test_where_none_succeeds_the_lower_end_is_that_of_the_most_successes_there_may_be():
    found, mean = expected_epochs(of([np.inf] * 30)), restricted_mean(of([np.inf] * 30))
    most = wilson(np.array([0]), np.array([30]))[1][0]
    assert np.isinf(found.value[0])
    assert np.isinf(found.high[0])
    assert found.low[0] == pytest.approx(BUDGET * (1 - most) / most)
    assert (mean.value[0], mean.high[0]) == (BUDGET, BUDGET)
    assert mean.low[0] == pytest.approx(BUDGET * (1 - most))


def test_where_there_are_no_trials_there_is_no_number():
    none = successes(np.zeros(0, np.int64), np.zeros(0), np.array([10.0]))
    for found in (expected_epochs(none), restricted_mean(none)):
        assert np.isnan([found.value[0], found.low[0], found.high[0]]).all()


def test_where_all_succeed_alike_a_failure_is_still_possible():
    found = expected_epochs(of([50] * 20))
    assert found.value[0] == found.low[0] == 50
    least = wilson(np.array([20]), np.array([20]))[0][0]
    assert found.high[0] == pytest.approx(50 + BUDGET * (1 - least) / least)


times = st.lists(st.integers(0, 150) | st.just(np.inf), min_size=1, max_size=40)


@settings(deadline=None, max_examples=50)
@given(times=times, cutoff=st.integers(1, 150))
def test_values_are_the_ratios_of_sums_and_lie_in_their_intervals(times, cutoff):
    found, mean = expected_epochs(of(times, cutoff)), restricted_mean(of(times, cutoff))
    spent, number = np.minimum(times, cutoff).sum(), (np.asarray(times) <= cutoff).sum()
    assert found.value[0] == pytest.approx(spent / number if number else np.inf)
    assert mean.value[0] == pytest.approx(spent / len(times))
    assert found.low[0] <= found.value[0] <= found.high[0]
    assert 0 <= mean.low[0] <= mean.value[0] + 1e-9
    assert mean.value[0] <= mean.high[0] + 1e-9
    assert mean.high[0] <= cutoff


@pytest.mark.parametrize("estimate", [expected_epochs, restricted_mean])
def test_average_coverage_is_within_a_point_of_95_percent(estimate):
    stream, covered = np.random.default_rng(1), []
    cutoff = np.full(REPEATS, float(BUDGET))
    for kind in KINDS:
        for rate in RATES:
            many = run_lengths(stream, kind, rate, 400_000)
            true = estimate(of(many)).value[0]
            for size in SIZES:
                drawn = run_lengths(stream, kind, rate, REPEATS * size)
                found = estimate(successes(np.repeat(np.arange(REPEATS), size), drawn, cutoff))
                covered.append(np.mean((found.low <= true) & (true <= found.high)))
    assert 0.94 <= np.mean(covered) <= 0.96
    assert np.min(covered) >= 0.88
