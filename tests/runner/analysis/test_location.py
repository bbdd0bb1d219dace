import numpy as np
import pandas as pd
import pytest
from scipy import stats

from runner.analysis.location import locate, parse_location, ranks
from runner.errors import RunnerError
from tests.runner.analysis.tables import table


def of(values, number, half_unit=0.0):
    values = np.asarray(values, float)
    return ranks(values, np.zeros(len(values), np.int64), 1, number, half_unit).iloc[0]


def test_the_rank_is_r_plus_one_over_n_plus_one():
    found = of([*np.arange(1.0, 100.0), np.nan], 10.5)
    assert (found["trials"], found["below"], found["missing"]) == (100, 10, 1)
    assert found["rank"] == pytest.approx(11 / 101)
    interval = stats.binomtest(10, 100).proportion_ci(method="wilson")
    assert (found["rank_low"], found["rank_high"]) == pytest.approx((interval.low, interval.high))


@pytest.mark.parametrize(
    ("text", "number", "half_unit"),
    [("0.0028", 0.0028, 5e-5), ("0.00280", 0.0028, 5e-6), ("12", 12, 0.5), ("-1e-3", -0.001, 5e-4), ("1.5E2", 150, 5)],
)
def test_digits_say_what_is_alike(text, number, half_unit):
    found = parse_location(f" final_loss = {text}")
    assert (found.column, found.number) == ("final_loss", number)
    assert found.half_unit == pytest.approx(half_unit)


def test_values_that_the_digits_cannot_tell_apart_count_half():
    found = of([0.00276, 0.00281, 0.0029, 0.001], 0.0028, 5e-5)
    assert (found["below"], found["alike"]) == (1, 2)
    assert found["rank"] == pytest.approx((1 + 1 + 1) / 5)


@pytest.mark.parametrize("text", ["final_loss", "=1", "final_loss=", "final_loss=x", "final_loss=nan", "a==1"])
def test_what_is_no_column_and_number_is_refused(text):
    with pytest.raises(RunnerError, match="must be a column, = and a number"):
        parse_location(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("final_los=1", "did you mean final_loss"),
        ("outcome=1", "holds no numbers"),
        ("converged=1", "holds no numbers"),
    ],
)
def test_a_column_without_numbers_is_refused(text, reason):
    frame = table([[1, 2]])
    with pytest.raises(RunnerError, match=reason):
        locate(frame, np.zeros(2, np.int64), 1, parse_location(text))


def test_a_verdict_needs_seeds():
    frame = pd.DataFrame({"loss": np.linspace(0, 1, 1000)})
    one, few = np.zeros(1000, np.int64), frame.iloc[::100]
    assert locate(frame, one, 1, parse_location("loss=0.5"))["verdict"].tolist() == ["typical"]
    assert locate(frame, one, 1, parse_location("loss=0.9999"))["verdict"].tolist() == ["unusual"]
    assert locate(frame, one, 1, parse_location("loss=0.97"))["verdict"].tolist() == ["borderline"]
    assert locate(few, one[:10], 1, parse_location("loss=2"))["verdict"].tolist() == ["borderline"]


def test_each_configuration_has_its_own_rank():
    frame = pd.DataFrame({"loss": [1.0, 2.0, 3.0, 10.0, 20.0, 30.0]})
    found = locate(frame, np.array([0, 0, 0, 1, 1, 1]), 2, parse_location("loss=5"))
    assert found["below"].tolist() == [3, 0]
    assert found["rank"].tolist() == [1.0, 0.25]


def test_average_coverage_is_within_a_point_of_95_percent():
    stream, covered, repeats = np.random.default_rng(4), [], 400
    for share in (0.02, 0.1, 0.3, 0.5, 0.8, 0.95):
        for size in (20, 30, 50, 100, 400):
            values, number = stream.random(repeats * size), np.repeat(np.arange(repeats), size)
            found = ranks(values, number, repeats, share, 0.0)
            covered.append(((found["rank_low"] <= share) & (share <= found["rank_high"])).mean())
    assert 0.94 <= np.mean(covered) <= 0.96
