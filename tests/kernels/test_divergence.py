"""Trials whose numbers leave the range: reported as diverged, never as converged, and written in one way."""

import numpy as np
import pytest

from tests import reference
from tests.cases import XOR
from tests.kernels.calling import KINDS, METRICS, assert_agrees, convergence, trained, weights_of

NEVER = convergence.NEVER
CANONICAL = np.array(np.nan).view(np.uint64)


def assert_diverged(ours, epochs_run):
    assert ours["diverged"].all()
    assert not ours["holds_at_end"].any()
    np.testing.assert_array_equal(ours["epochs_to_convergence"], NEVER)
    np.testing.assert_array_equal(ours["epochs_run"], epochs_run)


def assert_every_nan_is_canonical(ours):
    for name in ("loss", "max_error", "outputs", "probes", "weights", "losses"):
        bits = ours[name][np.isnan(ours[name])].view(np.uint64)
        assert np.all(bits == CANONICAL), name


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("update", ["batch", "online"])
@pytest.mark.parametrize("momentum", [1e20, 1e200])
def test_huge_momentum_ends_in_nan(momentum, update, kind):
    settings = {"learning_rate": 1e9, "momentum": momentum, "epochs": 60, "update": update, "metric": "loss"}
    initial = np.random.default_rng(2).uniform(-1, 1, (40, 9))
    ours = trained(*XOR, initial, probes=[[1, 1]], curve=[0, 30, 60, 90], kind=kind, **settings)
    assert_diverged(ours, 60)
    assert np.isnan(ours["weights"]).any()
    assert_every_nan_is_canonical(ours)
    for trial in range(3):
        weights = weights_of(initial[trial], 2, 1, bias=False)
        theirs = reference.train(*XOR, weights, dtype=kind.dtype, **settings)
        assert theirs.outcome == "diverged"


def test_weight_beyond_single_precision_diverges_there_alone():
    initial = np.array([[1.0, 1.0, 1e39], [1.0, 1.0, 1e38]])
    settings = {"learning_rate": 0, "epochs": 0, "threshold": 9}
    single = trained([[1.0, 0.0]], [[1.0]], initial, kind=KINDS["float32"], **settings)
    np.testing.assert_array_equal(single["diverged"], [True, False])
    np.testing.assert_array_equal(single["epochs_to_convergence"], [NEVER, 0])
    np.testing.assert_array_equal(single["weights"][:, 2], [np.inf, np.float32(1e38)])
    double = trained([[1.0, 0.0]], [[1.0]], initial, **settings)
    np.testing.assert_array_equal(double["diverged"], False)


@pytest.mark.parametrize("place", range(6))
def test_one_weight_that_is_not_finite_is_divergence_though_the_rule_holds(place):
    initial = np.full((1, 6), 9.0)  # one input, one hidden unit, two outputs, all with biases
    initial[0, place] = np.inf
    ours = trained([[1.0]], [[1.0, 1.0]], initial, learning_rate=0, epochs=0, bias=True, stop=True)
    assert ours["loss"] < 0.01
    assert_diverged(ours, 0)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_one_answer_that_is_nan_holds_no_rule(metric, first, kind):
    # An infinite weight times an input of 0 is NaN, times 1 it saturates: one sample of nine is lost.
    inputs = np.ones((9, 1))
    inputs[0 if first else -1] = 0
    initial = np.array([[np.inf, 9.0]])
    settings = {"learning_rate": 0, "epochs": 0, "metric": metric, "threshold": 9, "stop": True}
    ours = trained(inputs, np.ones((9, 1)), initial, kind=kind, probes=[[0.0], [1.0]], **settings)
    assert np.isnan([ours["loss"], ours["max_error"]]).all()
    assert np.isnan(ours["outputs"]).sum() == np.isnan(ours["probes"]).sum() == 1
    assert_every_nan_is_canonical(ours)
    assert_diverged(ours, 0)


def test_trial_that_diverges_after_it_held_never_converged():
    settings = {"learning_rate": 1, "momentum": 1e200, "epochs": 9, "threshold": 0.25}
    ours = trained([[1.0]], [[1.0]], np.zeros((1, 2)), **settings)
    assert_diverged(ours, 9)
    theirs = reference.train([[1.0]], [[1.0]], weights_of(np.zeros(2), 1, 1, bias=False), **settings)
    assert_agrees(ours, 0, theirs, 1e-12)
