import csv
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import betainc

from runner.tables.columns import SUMMARY
from runner.tables.summary import SummaryWriter, summarise, wilson

PERCENTILES = (5, 25, 50, 75, 95)
losses = st.floats(0, 1e60) | st.sampled_from([0.0, 5e-324, 1.0, math.nan, math.inf])
trials = st.tuples(st.sampled_from([0, 0, 1, 2]), st.integers(0, 50), losses)
groups = st.lists(st.lists(trials, max_size=30), min_size=1, max_size=12)


def arrays(groups):
    number = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    rows = [row for group in groups for row in group]
    outcome = np.array([row[0] for row in rows], np.uint8)
    epochs = np.array([row[1] if row[0] == 0 else -1 for row in rows], np.int64)
    return number, outcome, epochs, np.array([row[2] for row in rows], np.float64)


def oracle(group):
    """The summary of one configuration, by the definitions."""
    converged = sorted(epochs for outcome, epochs, _ in group if outcome == 0)
    finite = [loss for *_, loss in group if math.isfinite(loss)]
    found = {
        "trials": len(group),
        "converged": len(converged),
        "diverged": sum(outcome == 2 for outcome, *_ in group),
        "convergence_rate": len(converged) / len(group) if group else math.nan,
    }
    for percent in PERCENTILES:
        # The smallest e by which at least this share of all trials had converged.
        enough = [e for e in converged if 100 * sum(x <= e for x in converged) >= percent * len(group)]
        found[f"epochs_q{percent:02}"] = min(enough, default=-1)
        found[f"loss_q{percent:02}"] = np.quantile(finite, percent / 100) if finite else math.nan
    return found


def written(path, hashes, keys, columns):
    writer = SummaryWriter(path, keys)
    writer.write(hashes, keys, columns)
    writer.close()


def same(one, other):
    return one == other or (math.isnan(one) and math.isnan(other))


@settings(deadline=None)
@given(groups, st.randoms(use_true_random=False))
def test_a_summary_is_what_the_definitions_say(groups, random):
    columns = arrays(groups)
    found = summarise(*columns, len(groups))
    assert list(found) == list(SUMMARY)
    for number, group in enumerate(groups):
        for name, value in oracle(group).items():
            assert same(found[name][number], value), (number, name)
    order = np.array(random.sample(range(len(columns[0])), len(columns[0])), np.intp)
    shuffled = summarise(*(column[order] for column in columns), len(groups))
    for name, column in found.items():
        np.testing.assert_array_equal(shuffled[name], column)


def test_many_ragged_groups_agree_with_numpy():
    generator = np.random.default_rng(0)
    sizes = np.concatenate([generator.integers(0, 200, 300), [1] * 50, [5000]])
    number = np.repeat(np.arange(len(sizes)), sizes)
    outcome = generator.integers(0, 3, len(number)).astype(np.uint8)
    epochs = np.where(outcome == 0, generator.integers(0, 1500, len(number)), -1)
    loss = np.where(generator.random(len(number)) < 0.1, np.nan, generator.random(len(number)))
    found = summarise(number, outcome, epochs, loss, len(sizes))
    for group in range(len(sizes)):
        here = number == group
        late = np.where(outcome[here] == 0, epochs[here], np.inf)
        finite = loss[here][np.isfinite(loss[here])]
        for percent in PERCENTILES:
            share = percent / 100
            with np.errstate(invalid="ignore"):
                quantile = np.quantile(late, share, method="inverted_cdf") if here.any() else np.inf
            assert found[f"epochs_q{percent:02}"][group] == (quantile if math.isfinite(quantile) else -1)
            value = np.quantile(finite, share) if len(finite) else np.nan
            assert same(found[f"loss_q{percent:02}"][group], value)


@pytest.mark.parametrize("count", [1, 2, 3, 7, 19, 20, 21, 40, 60, 100, 1000])
def test_epochs_are_blank_exactly_where_too_few_converged(count):
    groups = [[(0, 5, 0.1)] * converged + [(1, -1, 0.1)] * (count - converged) for converged in range(count + 1)]
    found = summarise(*arrays(groups), len(groups))
    for percent in PERCENTILES:
        blank = found[f"epochs_q{percent:02}"] == -1
        assert blank.tolist() == [converged == 0 or 100 * converged < percent * count for converged in range(count + 1)]


def test_a_diverged_trial_counts_as_later_than_any():
    found = summarise(*arrays([[(0, 3, 0.1), (2, -1, math.nan)]]), 1)
    assert (found["epochs_q50"][0], found["epochs_q75"][0], found["loss_q95"][0]) == (3, -1, 0.1)


def test_no_trials_at_all_are_empty_columns():
    found = summarise(*arrays([[], []]), 2)
    assert found["trials"].tolist() == [0, 0]
    assert found["epochs_q50"].tolist() == [-1, -1]
    assert np.isnan(
        [found[name] for name in SUMMARY if "rate" in name or "convergence_" in name or "loss" in name]
    ).all()


@pytest.mark.parametrize(
    ("successes", "count", "low", "high"),
    [
        (25, 30, 0.664, 0.927),
        # Newcombe (1998), Statistics in Medicine 17, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_intervals_agree_with_published_ones(successes, count, low, high):
    found = [float(end[0]) for end in wilson(np.array([successes]), np.array([count]))]
    digits = 3 if count == 30 else 4
    assert [round(end, digits) for end in found] == [low, high]


def test_intervals_end_exactly_at_0_and_1():
    count = np.arange(1, 20_000)
    assert (wilson(np.zeros_like(count), count)[0] == 0).all()
    assert (wilson(count, count)[1] == 1).all()


def test_intervals_hold_the_rate_and_end_inside_0_and_1_elsewhere():
    for count in (1, 2, 30, 1000, 10**7):
        successes = np.unique(np.linspace(0, count, 200).astype(np.int64))
        low, high = wilson(successes, np.full(len(successes), count))
        assert (low[1:] > 0).all()
        assert (high[:-1] < 1).all()
        assert ((low <= successes / count) & (successes / count <= high)).all()


@pytest.mark.parametrize("count", [10, 20, 30, 50, 100, 500])
def test_average_coverage_is_near_95_percent(count):
    # Brown, Cai & DasGupta (2001): over a uniform rate. The integral of a binomial probability between the ends of the
    # interval that it leads to is that of a beta density, so the average is exact.
    successes = np.arange(count + 1)
    low, high = wilson(successes, np.full(count + 1, count))
    a, b = successes + 1, count - successes + 1
    coverage = (betainc(a, b, high) - betainc(a, b, low)).sum() / (count + 1)
    assert 0.95 < coverage < 0.955


def test_a_summary_is_written_with_blanks(tmp_path):
    columns = summarise(*arrays([[(0, 12, 0.25), (1, -1, 1.0)], [(2, -1, math.nan)]]), 2)
    keys = {"hidden": np.array([4, 8]), "learning_rate": np.array([1.0, 0.5]), "bias": np.array([True, False])}
    written(tmp_path / "summary.csv", ["0123456789ab", "000000000000"], keys, columns)
    with (tmp_path / "summary.csv").open(newline="") as file:
        text = file.read()
    names, first, second = csv.reader(text.splitlines())
    assert names == ["configuration", "hidden", "learning_rate", "bias", *SUMMARY]
    assert first[:8] == ["0123456789ab", "4", "1.0", "true", "2", "1", "0", "0.5"]
    assert first[10:] == [
        "12",
        "12",
        "12",
        "",
        "",
        "0.2875",
        "0.4375",
        "0.625",
        "0.8125",
        repr(float(np.quantile([0.25, 1.0], 0.95))),
    ]
    assert second[:8] == ["000000000000", "8", "0.5", "false", "1", "0", "1", "0.0"]
    assert second[8] == "0.0"
    assert second[10:] == [""] * 10
    assert text.count("\n") == 3
    assert "\r" not in text
    assert '"' not in text


def test_a_swept_scale_may_be_a_rule(tmp_path):
    columns = summarise(*arrays([[(0, 1, 0.1)], [(0, 1, 0.1)]]), 2)
    scale = np.array([1.0, "1/sqrt(fan_in)"], object)
    written(tmp_path / "summary.csv", ["a", "b"], {"scale": scale}, columns)
    rows = (tmp_path / "summary.csv").read_text().splitlines()
    assert [row.split(",")[1] for row in rows] == ["scale", "1.0", "1/sqrt(fan_in)"]
