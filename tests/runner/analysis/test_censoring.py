import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from runner.analysis.grouping import grouped
from runner.analysis.run_lengths import QUANTILES, run_lengths
from runner.tables.columns import PERCENTILES
from runner.tables.summary import wilson
from tests.runner.analysis.tables import table

pairs = st.lists(st.tuples(st.integers(1, 300), st.sampled_from([50, 120, 300])), min_size=2, max_size=50)


def of(times, budgets, diverged=()):
    frame = table([times], budget=[budgets])
    frame.loc[list(diverged), "outcome"] = "diverged"
    return run_lengths(grouped(frame)).iloc[0]


@settings(deadline=None, max_examples=50)
@given(pairs=pairs)
def test_rates_and_quantiles_are_kaplan_and_meiers(pairs):
    times, budgets = (np.array(part) for part in zip(*pairs, strict=True))
    late = times > budgets
    if not (late & (budgets < budgets.max())).any():
        return
    found = of(times, budgets)
    curve = stats.ecdf(stats.CensoredData.right_censored(np.minimum(times, budgets), late)).cdf
    assert found["convergence_rate"] == pytest.approx(float(curve.evaluate(budgets.max())))
    for name, percent in zip(QUANTILES, PERCENTILES, strict=True):
        reached = curve.quantiles[curve.probabilities >= percent / 100 - 1e-12]
        assert math.isnan(found[name]) if not len(reached) else found[name] == reached[0]


@settings(deadline=None, max_examples=50)
@given(pairs=pairs)
def test_values_lie_in_their_intervals(pairs):
    times, budgets = (np.array(part) for part in zip(*pairs, strict=True))
    found = of(times, budgets)
    assert 0 <= found["convergence_low"] <= found["convergence_rate"] <= found["convergence_high"] <= 1
    for name in QUANTILES:
        value, low, high = (
            math.inf if math.isnan(found[name + end]) else found[name + end] for end in ("", "_low", "_high")
        )
        assert low <= value <= high


def test_with_one_censored_trial_the_rest_is_nearly_as_without():
    times = np.arange(1, 101)
    censored = of(np.append(times, 1000), np.append(np.full(100, 100), 1))
    plain = of(times, np.full(100, 100))
    assert censored["convergence_rate"] == plain["convergence_rate"] == 1
    assert censored["convergence_low"] == pytest.approx(wilson(np.array([100]), np.array([100]))[0][0], abs=1e-4)
    for name in QUANTILES:
        assert abs(censored[name] - plain[name]) <= 1
        assert censored[f"{name}_low"] == pytest.approx(plain[f"{name}_low"], abs=2)


def test_a_diverged_trial_is_never_censored():
    # Ten converge at 10, ten end unconverged at 5: censored they say nothing, diverged they never would have.
    times, budgets = [10] * 10 + [1000] * 10 + [20], [20] * 10 + [5] * 10 + [20]
    assert of(times, budgets)["convergence_rate"] == 1
    assert of(times, budgets, diverged=range(10, 20))["convergence_rate"] == pytest.approx(11 / 21)


def test_configurations_with_one_budget_keep_their_order_statistics():
    some, other = table([[10, 20, math.inf]]), table([[7, math.inf, 9]], budget=[[50, 8, 50]]).assign(hidden=9)
    both = run_lengths(grouped(pd.concat([some, other], ignore_index=True)))
    assert both.iloc[0].equals(run_lengths(grouped(some)).iloc[0])
    assert both.iloc[1].equals(run_lengths(grouped(other)).iloc[0].rename(1))


def test_average_coverage_is_within_a_point_of_95_percent():
    stream, repeats, mean, covered = np.random.default_rng(3), 500, 400.0, []
    for size in (30, 60, 200):
        times = np.ceil(stream.exponential(mean, (repeats, size)))
        found = run_lengths(grouped(table(times, budget=np.where(stream.random(times.shape) < 0.5, 300, 1500))))
        rate = 1 - math.exp(-1500 / mean)
        covered.append(found["convergence_low"].le(rate) & found["convergence_high"].ge(rate))
        for name, percent in zip(QUANTILES, PERCENTILES, strict=True):
            true = math.ceil(-mean * math.log(1 - percent / 100))
            low, high = (found[f"{name}_{end}"].fillna(math.inf) for end in ("low", "high"))
            covered.append((low <= true) & (true <= high))
    assert 0.94 <= np.mean(covered) <= 0.96
