"""When the rule holds, when a trial ends, and what is written of its way there."""

import numpy as np
import pytest

from tests import reference
from tests.cases import XOR
from tests.kernels.calling import KINDS, METRICS, assert_agrees, convergence, trained, weights_of

NEVER = convergence.NEVER
NOTHING = [[1.0]], [[1.0]], np.zeros((1, 2))  # its output is exactly 0.5, its target 1


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize(
    ("metric", "threshold", "towards", "expected"),
    [
        ("loss", 0.25, 0.25, True),
        ("loss", 0.25, 0.0, False),
        ("max-error", 0.5, 0.5, False),
        ("max-error", 0.5, 1.0, True),
        ("classification", 1.0, 1.0, False),
    ],
)
def test_rule_at_its_very_edge(metric, threshold, towards, expected, kind):
    edge = float(np.nextafter(kind.dtype.type(threshold), kind.dtype.type(towards)))
    ours = trained(*NOTHING, learning_rate=0, epochs=3, metric=metric, threshold=edge, kind=kind)
    assert ours["epochs_to_convergence"] == (0 if expected else NEVER)
    assert (ours["holds_at_end"], ours["epochs_run"], ours["diverged"]) == (expected, 3, False)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("count", [1, 3, 4, 7, 10, 1000, 10_000_000])
def test_largest_sum_is_the_last_one_whose_mean_is_within_the_threshold(count, dtype):
    rng, info = np.random.default_rng(count), np.finfo(dtype)
    thresholds = np.array([0.0, info.smallest_subnormal, info.tiny, 0.01, 0.25, 1.0, 9.0, info.max, *rng.random(999)])
    thresholds = thresholds.astype(dtype)
    sums = convergence.largest_sum(thresholds, count)
    with np.errstate(over="ignore"):
        assert np.all(sums / dtype(count) <= thresholds)
        assert np.all(np.nextafter(sums, dtype(np.inf)) / dtype(count) > thresholds)


@pytest.mark.parametrize("target", [0.0, 1.0])
@pytest.mark.parametrize("output_weight", [9.0, -9.0, 0.0])
def test_classification_looks_at_the_side_of_a_half(target, output_weight):
    initial = np.array([[0.0, output_weight]])
    ours = trained([[1.0]], [[target]], initial, learning_rate=0, epochs=0, metric="classification")
    assert ours["holds_at_end"] == (output_weight * (target - 0.5) > 0)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("wrong", [None, 0, 7, 8, 16, 17, 33])
def test_one_wrong_answer_in_any_place_breaks_the_rule(metric, wrong):
    """17 samples are two tiles of eight and one more; with two outputs there are 34 answers."""
    targets = np.ones((17, 2))
    if wrong is not None:
        targets.flat[wrong] = 0
    initial = np.full((1, 3), 9.0)  # every output is nearly 1
    settings = {"learning_rate": 0, "epochs": 0, "metric": metric, "threshold": 0.5 / 34}
    ours = trained(np.ones((17, 1)), targets, initial, **settings)
    assert ours["holds_at_end"] == (wrong is None)


@pytest.mark.parametrize("epochs", [0, 5])
def test_trial_that_holds_at_the_start_stops_there(epochs):
    ours = trained(*NOTHING, learning_rate=1, epochs=epochs, threshold=0.25, stop=True, curve=range(9))
    assert (ours["epochs_run"], ours["epochs_to_convergence"], ours["outputs"]) == (0, 0, 0.5)
    np.testing.assert_array_equal(ours["losses"], [[0.25, *[np.nan] * 8]])


def test_rule_may_hold_and_be_lost_again():
    # Undamped momentum carries the output past its target and back.
    settings = {"learning_rate": 0.5, "momentum": 1.0, "metric": "max-error", "threshold": 0.05}
    weights = weights_of(np.zeros(2), 1, 1, bias=False)
    ours = trained([[1.0]], [[0.7]], np.zeros((50, 2)), epochs=np.arange(50), **settings)
    for epochs in range(50):
        theirs = reference.train([[1.0]], [[0.7]], weights, epochs=epochs, **settings)
        assert_agrees(ours, epochs, theirs, 1e-12)
    assert {
        (bool(now), bool(once > NEVER))
        for now, once in zip(ours["holds_at_end"], ours["epochs_to_convergence"], strict=True)
    } == {
        (False, False),
        (True, True),
        (False, True),
    }


@pytest.mark.parametrize("stop", [False, True])
@pytest.mark.parametrize("update", ["batch", "online"])
def test_curve_holds_the_loss_after_each_of_its_epochs(update, stop):
    """Exactly: the same trials, trained for so many epochs only, end at that loss (100 trials take turns in lanes)."""
    rng = np.random.default_rng(5)
    initial, epochs = rng.uniform(-3, 3, (100, 13)), rng.integers(0, 40, 100)
    settings = {"learning_rate": 2.0, "bias": True, "update": update, "stop": stop, "metric": "classification"}
    points = [0, 1, 2, 7, 20, 39, 41]
    ours = trained(*XOR, initial, epochs=epochs, curve=points, **settings)
    if stop:
        assert 0 < np.sum(ours["epochs_run"] < epochs) < 100
    for point, losses in zip(points, ours["losses"].T, strict=True):
        reached = ours["epochs_run"] >= point
        shorter = trained(*XOR, initial, epochs=np.minimum(point, epochs), **settings)
        np.testing.assert_array_equal(losses, np.where(reached, shorter["loss"], np.nan))


@pytest.mark.parametrize("metric", METRICS)
def test_stopped_trial_is_what_it_was_at_that_epoch(metric):
    rng = np.random.default_rng(6)
    initial = rng.uniform(-3, 3, (100, 13))
    settings = {"learning_rate": 2.0, "bias": True, "metric": metric, "threshold": {"loss": 0.15}.get(metric, 0.5)}
    stopped = trained(*XOR, initial, epochs=60, stop=True, **settings)
    assert 20 < np.sum(stopped["holds_at_end"]) < 100
    np.testing.assert_array_equal(
        stopped["epochs_run"], np.where(stopped["holds_at_end"], stopped["epochs_to_convergence"], 60)
    )
    shorter = trained(*XOR, initial, epochs=stopped["epochs_run"], **settings)
    for name, array in shorter.items():
        np.testing.assert_array_equal(stopped[name], array, err_msg=name)
