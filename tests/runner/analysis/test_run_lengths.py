import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from runner.analysis.grouping import grouped
from runner.analysis.run_lengths import QUANTILES, quantile_ranks, run_lengths
from runner.tables.columns import PERCENTILES
from runner.tables.summary import wilson
from tests.runner.analysis.tables import BUDGET, KINDS, table, trials
from tests.runner.analysis.tables import run_lengths as drawn

SHARES = [percent / 100 for percent in PERCENTILES]
SIZES = (20, 25, 30, 40, 50, 75, 100, 150, 200, 300, 500, 1000)

times = st.lists(st.integers(0, BUDGET) | st.just(math.inf), min_size=1, max_size=60)


@settings(deadline=None, max_examples=50)
@given(times=times)
def test_quantiles_are_the_epochs_by_which_a_share_of_all_trials_had_converged(times):
    found = run_lengths(trials([times])).iloc[0]
    for name, percent in zip(QUANTILES, PERCENTILES, strict=True):
        enough = [time for time in times if 100 * sum(other <= time for other in times) >= percent * len(times)]
        reached = min(enough, default=math.inf)
        assert math.isnan(found[name]) if math.isinf(reached) else found[name] == reached
        low, high = (
            math.inf if math.isnan(found[f"{name}_{end}"]) else found[f"{name}_{end}"] for end in ("low", "high")
        )
        assert low <= reached <= high


def test_rates_have_wilsons_interval():
    found = run_lengths(trials([[5] * 25 + [math.inf] * 5])).iloc[0]
    assert (found["convergence_rate"], found["convergence_low"], found["convergence_high"]) == pytest.approx(
        (25 / 30, 0.664, 0.927), abs=1e-3
    )


@pytest.mark.parametrize(
    ("size", "share", "ranks"),
    # P(Bin(20, 0.5) < 6) = 0.0207 and > 14 the same; P(Bin(100, 0.5) < 41) = 0.0284 is nearer to 0.025 than
    # P(Bin(100, 0.5) < 40) = 0.0176; below the first of 20 values the 5 % quantile lies in 0.95^20 = 36 % of samples.
    [(20, 0.5, (6, 15)), (100, 0.5, (41, 60)), (20, 0.05, (0, 4)), (20, 0.95, (17, 21)), (1, 0.5, (0, 2))],
)
def test_the_ranks_are_those_of_the_binomial_distribution(size, share, ranks):
    assert tuple(int(rank[0]) for rank in quantile_ranks(np.array([size]), share)) == ranks


@settings(deadline=None, max_examples=50)
@given(size=st.integers(1, 3000), share=st.sampled_from(SHARES))
def test_ranks_stand_on_both_sides_of_the_quantile(size, share):
    low, high = (int(rank[0]) for rank in quantile_ranks(np.array([size]), share))
    assert 0 <= low <= math.ceil(size * share - 1e-9) <= high <= size + 1


def test_average_coverage_of_the_ranks_is_within_a_point_of_95_percent():
    covered = []
    for share in SHARES:
        low, high = quantile_ranks(np.array(SIZES), share)
        covered.append(stats.binom.cdf(high - 1, SIZES, share) - stats.binom.cdf(low - 1, SIZES, share))
    assert 0.94 <= np.mean(covered) <= 0.96
    assert np.min(covered) > 0.93


def test_average_coverage_of_quantiles_is_within_a_point_of_95_percent():
    stream, covered, repeats = np.random.default_rng(2), [], 400
    for kind in KINDS:
        for rate in (0.7, 1.0):
            many = np.sort(drawn(stream, kind, rate, 400_000))
            true = [many[math.ceil(share * len(many)) - 1] for share in SHARES]
            for size in (20, 50, 100, 200):
                found = run_lengths(trials(drawn(stream, kind, rate, (repeats, size))))
                for name, value in zip(QUANTILES, true, strict=True):
                    low, high = (found[f"{name}_{end}"].fillna(math.inf) for end in ("low", "high"))
                    if value < math.inf:
                        covered.append(np.mean((low <= value) & (value <= high)))
    assert 0.94 <= np.mean(covered) <= 0.96
    assert np.min(covered) > 0.9


def test_a_failure_is_later_than_any_and_a_quantile_beyond_the_budget_is_blank():
    found = run_lengths(trials([[100] * 40 + [math.inf] * 60])).iloc[0]
    assert (found["epochs_q25"], found["epochs_q25_high"]) == (100, 100)
    assert math.isnan(found["epochs_q50"])
    assert math.isnan(found["epochs_q50_high"])


def test_a_diverged_trial_counts_as_any_other_failure():
    frame = table([[100] * 40 + [math.inf] * 60])
    frame.loc[~frame["converged"], "outcome"] = "diverged"
    one, other = run_lengths(grouped(frame)), run_lengths(trials([[100] * 40 + [math.inf] * 60]))
    assert one.equals(other)


def test_configurations_are_read_apart():
    together = run_lengths(trials([[10, 20, math.inf], [5, 6, 7]]))
    for place, times in enumerate(([10, 20, math.inf], [5, 6, 7])):
        alone = run_lengths(trials([times])).iloc[0]
        assert together.iloc[place].equals(alone.rename(place))
    rate = wilson(np.array([2, 3]), np.array([3, 3]))
    assert together["convergence_low"].tolist() == rate[0].tolist()
