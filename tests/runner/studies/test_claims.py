import numpy as np
import pandas as pd
import pyarrow.csv
import pytest
from scipy import stats

from runner.analysis.estimates import difference, estimate, position
from runner.errors import RunnerError
from runner.experiment.reading import read
from runner.studies.claims import Outcome, judge
from runner.studies.study import Claim
from runner.sweeping.run import sweep
from runner.tables.summary import wilson

CONTENT = {
    "name": "small",
    "task": "xor",
    "training": {"epochs": 400},
    "convergence": {"metric": "classification"},
    "record": {"curve": [0, 100]},
    "sweep": {"seeds": 40, "hidden": [1, 4]},
}
ONE = {"name": "one", "task": "patterns", "sweep": {"seeds": [99]}}


def ran(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("claims")
    return Outcome(read(content), sweep(content, results=folder))


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    return ran(tmp_path_factory, CONTENT)


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    return ran(tmp_path_factory, ONE)


def claim(kind, column, published, **more):
    return Claim(id="a", kind=kind, column=column, published=published, experiment="small", **more)


def rows(seeds, values, **more):
    return pd.DataFrame({"seed": seeds, "converged": ~np.isnan(values), "epochs": values, **more})


def test_a_value_is_held_to_its_digits(outcome):
    loss = outcome.results.trials.final_loss[7]
    right = judge(claim("value", "final_loss", f"{loss:.6f}", where="hidden == 1 and seed == 7"), outcome)
    assert right.holds
    assert right.interval == "all digits"
    wrong = judge(claim("value", "final_loss", f"{loss + 0.001:.6f}", where="hidden == 1 and seed == 7"), outcome)
    assert not wrong.holds
    assert wrong.disappoints
    assert wrong.ours == repr(float(loss))


def test_a_value_needs_one_trial(outcome):
    with pytest.raises(RunnerError, match="claim a: selects 40 trials"):
        judge(claim("value", "final_loss", "0.1", where="hidden == 1"), outcome)
    with pytest.raises(RunnerError, match="selects no trial"):
        judge(claim("typical", "final_loss", "0.1", where="hidden == 3"), outcome)


def test_intermediates_are_those_of_the_printed_update(one):
    updated = judge(claim("value", "trained_b*", "0.37743814 0.49414702 0.92894798 0.09360602", epoch=1), one)
    # in the order of the columns: b1, then b2
    assert updated.holds
    deltas = "1.48029510e-05 4.31878703e-05 6.80003971e-06"
    assert judge(claim("value", "hidden_deltas[0,*]", deltas, epoch=0, factor=0.01), one).holds


def test_typical_ranks_a_number_among_the_seeds(outcome):
    losses = outcome.results.trials.query("hidden == 4").final_loss
    middle = judge(claim("typical", "final_loss", f"{losses.median():.12f}", where="hidden == 4"), outcome)
    assert (middle.holds, middle.remark, middle.trials) == (True, "typical", 40)
    beyond = judge(claim("typical", "final_loss", "0.9", where="hidden == 4"), outcome)
    assert (beyond.holds, beyond.remark) == (False, "unusual")


def test_a_loss_is_that_of_its_epoch(outcome):
    curves = pyarrow.csv.read_csv(outcome.results.path / "curves.csv").to_pandas()
    loss = curves.query("trial == 45 and epoch == 100").loss.item()
    where = "hidden == 4 and seed == 5"
    assert judge(claim("value", "loss", repr(loss), epoch=100, where=where), outcome).holds
    assert not judge(claim("value", "loss", repr(loss), epoch=0, where=where), outcome).holds


def test_a_statistic_is_held_against_its_interval(outcome):
    trials = outcome.results.trials.query("hidden == 4")
    rate = f"{trials.converged.mean():.1%}".replace("%", " %")
    held = {"statistic": "rate", "where": "hidden == 4"}
    assert judge(claim("statistic", "converged", rate, **held), outcome).holds
    failed = judge(claim("statistic", "not converged", rate, **held), outcome)
    assert failed.holds == (abs(trials.converged.mean() - 0.5) < 0.1)  # the two rates are one where half converge
    better = claim("statistic", "converged", "> 0 %", against="hidden == 1", **held)
    assert judge(better, outcome).holds
    unprinted = judge(claim("statistic", "converged", "", expect="open", **held), outcome)
    assert (unprinted.holds, unprinted.verdict, unprinted.disappoints) == (None, "open", False)


def test_more_trials_of_theirs_narrow_what_agrees(outcome):
    held = {"statistic": "rate", "where": "hidden == 4"}
    rate = outcome.results.trials.query("hidden == 4").converged.mean()
    far = f"{max(rate - 0.25, 0.0):.1%}".replace("%", " %")
    assert judge(claim("statistic", "converged", far, trials=2, **held), outcome).holds
    assert not judge(claim("statistic", "converged", far, trials=10**6, **held), outcome).holds


def test_an_impossible_number_is_given_by_no_trial(outcome):
    beyond = judge(claim("impossible", "output_0", "1.000553084"), outcome)
    assert beyond.holds
    given = f"{outcome.results.trials.output_0[3]:.6f}"
    assert not judge(claim("impossible", "output_0", given), outcome).holds


def test_rate_and_count_have_wilsons_interval():
    some = rows(np.arange(30), np.where(np.arange(30) < 25, 1.0, np.nan))
    found = estimate("rate", some, "converged")
    assert (found.value, found.low, found.high) == pytest.approx((25 / 30, 0.664, 0.927), abs=1e-3)
    count = estimate("count", some, "not converged")
    low, high = wilson(np.array([5]), np.array([30]))
    assert (count.value, count.low, count.high) == pytest.approx((5, 30 * low[0], 30 * high[0]))


def test_means_are_of_the_numbers_there():
    values = np.array([3.0, 5.0, np.nan, 10.0, 7.0])
    found = estimate("mean", rows(np.arange(5), values), "epochs")
    interval = stats.t.interval(0.95, 3, 6.25, stats.sem([3, 5, 10, 7]))
    assert (found.value, found.low, found.high) == pytest.approx((6.25, *interval))


def test_medians_count_what_is_missing_as_larger_than_any():
    values = np.array([*range(1, 52), *[np.nan] * 49])
    found = estimate("median", rows(np.arange(100), values), "epochs")
    assert found.value == 50.5
    assert found.low == 41.0  # the order statistic that is above the median in 2.8 % of samples, nearest to 2.5 %
    assert np.isinf(found.high)


def test_median_interval_covers_at_least_95_percent():
    stream = np.random.default_rng(1)
    for count in (5, 20, 101):
        covered = 0
        for _ in range(400):
            found = estimate("median", rows(np.arange(count), stream.standard_normal(count)), "epochs")
            covered += found.low <= 0 <= found.high
        assert covered >= 400 * (0.92 if count > 5 else 0.9)


def test_harmonic_means_count_failures_as_rate_zero():
    values = np.array([10.0, 20.0, np.nan, 40.0])
    found = estimate("harmonic-mean", rows(np.arange(4), values), "epochs")
    assert found.value == pytest.approx(4 / (1 / 10 + 1 / 20 + 1 / 40))
    assert found.low < found.value < found.high
    assert np.isinf(estimate("harmonic-mean", rows([1, 2], np.array([np.nan, np.nan])), "epochs").value)


def test_restarts_count_the_epochs_of_failures():
    values = np.array([10.0, np.nan, 30.0, np.nan])
    some = rows(np.arange(4), values, epochs_run=[10, 100, 30, 100])
    assert estimate("restarts", some, "epochs").value == pytest.approx(240 / 2)


def test_bootstrap_is_the_same_every_time_and_near_the_closed_form():
    stream = np.random.default_rng(2)
    some = rows(np.arange(500), stream.exponential(20, 500) + 1)
    first, second = (estimate("harmonic-mean", some, "epochs") for _ in range(2))
    assert first == second
    rates = 1 / some.epochs.to_numpy()
    half = 1.96 * rates.std() / np.sqrt(500)
    closed = 1 / (rates.mean() + half), 1 / (rates.mean() - half)
    assert (first.low, first.high) == pytest.approx(closed, rel=0.03)


def test_configurations_that_share_seeds_are_drawn_by_seed():
    flags = np.where(np.arange(100) < 30, 1.0, np.nan)
    alone = estimate("rate", rows(np.arange(100), flags), "converged")
    pooled = estimate("rate", rows(np.tile(np.arange(100), 9), np.tile(flags, 9)), "converged")
    assert pooled.high - pooled.low == pytest.approx(alone.high - alone.low, rel=0.1)


def test_where_all_trials_are_alike_the_next_may_differ():
    none = rows(np.tile(np.arange(50), 2), np.full(100, np.nan))
    found = estimate("rate", none, "converged")
    assert found.low == 0
    assert found.high == pytest.approx(wilson(np.array([0]), np.array([50]))[1][0])
    assert difference("rate", none, none, "converged").high > 0


def test_differences_are_paired_by_seed():
    stream = np.random.default_rng(3)
    values = stream.normal(100, 30, 200)
    left, right = rows(np.arange(200), values + 1), rows(np.arange(200), values)
    found = difference("mean", left, right, "epochs")
    assert (found.value, found.low, found.high) == pytest.approx((1, 1, 1))


def test_position_counts_what_is_below_and_half_of_what_is_alike():
    values = np.array([*np.arange(1.0, 100.0), np.nan])
    found = position(values, 10.5, 0.0)
    assert found.value == pytest.approx(11 / 101)
    score = stats.binomtest(10, 100).proportion_ci(method="wilson")
    assert (found.low, found.high) == pytest.approx((score.low, score.high))
    assert position(values, 10.0, 0.5).value == pytest.approx((9 + 0.5 + 1) / 101)
    assert position(values, 0.0, 0.0).low == 0
    assert position(values[:-1], 1000.0, 0.0).high == 1
