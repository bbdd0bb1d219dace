"""What is written of a trial's end and of its last tenth, against the oracle and against what can be said by hand."""

import itertools

import numpy as np
import pytest

from tests import reference
from tests.cases import XOR
from tests.kernels.calling import FATES, KINDS, assert_agrees, trained, weights_of

TOLERANCES = {"float64": 1e-12, "float32": 1e-4}
BUDGETS = [0, 1, 2, 9, 10, 11, 19, 20, 21, 60]


def task(samples, inputs, hidden, outputs, *, bias, trials):
    rng = np.random.default_rng(samples)
    size = (inputs + bias) * hidden + (hidden + bias) * outputs
    initial = rng.normal(size=(trials, size)) * np.resize([0.5, 2.0, 8.0], trials)[:, None]
    return rng.normal(size=(samples, inputs)), rng.integers(0, 2, (samples, outputs)), initial


@pytest.mark.parametrize("update", ["batch", "online"])
@pytest.mark.parametrize(("precision", "momentum"), [("float64", 0.0), ("float64", 0.5), ("float32", 0.5)])
def test_fates_are_those_of_the_oracle(precision, update, momentum):
    """For networks of every shape, where trials begin and end at different ticks: 65 of them in 64 lanes.

    At a learning rate of 0.9 one trial in single precision amplified last bits of its initial weights to 3e-5.
    """
    found = []
    for (samples, inputs, hidden, outputs), bias in itertools.product(
        [(4, 2, 3, 1), (1, 3, 1, 2), (17, 2, 2, 3)], [False, True]
    ):
        x, y, initial = task(samples, inputs, hidden, outputs, bias=bias, trials=65)
        settings = {"momentum": momentum, "update": update, "learning_rate": 0.5}
        budgets = np.resize(BUDGETS, 65)
        ours = trained(x, y, initial, bias=bias, kind=KINDS[precision], epochs=budgets, fates=True, **settings)
        for trial in range(64, -1, -1 if samples == 4 else -3):  # three and the number of budgets share no divisor
            weights = weights_of(initial[trial], inputs, outputs, bias=bias)
            theirs = reference.train(x, y, weights, epochs=budgets[trial], dtype=precision, **settings)
            assert_agrees(ours, trial, theirs, TOLERANCES[precision])
            found.append(list(theirs.fate.values()))
    spread = np.nanmax(found, axis=0) - np.nanmin(found, axis=0)
    assert (spread[:-1] > 0.1).all()  # rises of the loss have a test of their own


@pytest.mark.parametrize("update", ["batch", "online"])
def test_a_trial_that_stops_has_what_it_made_of_its_last_tenth(update):
    initial = np.random.default_rng(5).uniform(-1, 1, (400, 9))
    settings = {"learning_rate": 0.5, "threshold": 0.2, "stop": True, "update": update}
    ours = trained(*XOR, initial, epochs=200, fates=True, **settings)
    ran = ours["epochs_run"]
    early, late, never = (np.flatnonzero(here) for here in (ran <= 180, (ran > 180) & (ran < 200), ran == 200))
    assert min(map(len, (early, late, never))) > 10
    assert np.isnan([ours["loss_change"][early], ours["loss_rise"][early]]).all()
    for trial in [*early[:3], *late[:10], *never[:3]]:
        theirs = reference.train(*XOR, weights_of(initial[trial], 2, 1, bias=False), epochs=200, **settings)
        assert_agrees(ours, trial, theirs, 1e-9)


@pytest.mark.parametrize(("epochs", "begins"), [(1, 0), (9, 8), (10, 9), (11, 9), (19, 17), (20, 18), (1000, 900)])
def test_last_tenth_begins_after_nine_of_ten_epochs_and_is_never_empty(epochs, begins):
    initial = np.random.default_rng(3).normal(size=(3, 9))
    ours = trained(*XOR, initial, learning_rate=0.5, epochs=epochs, curve=[begins], fates=True)
    assert ours["loss_change"].tolist() == (ours["loss"] - ours["losses"][:, 0]).tolist()


def test_no_epochs_have_no_last_tenth_and_yet_a_gradient():
    initial = np.random.default_rng(3).normal(size=(40, 9))
    ours = trained(*XOR, initial, learning_rate=0.5, epochs=0, fates=True)
    assert np.isnan([ours["loss_change"], ours["loss_rise"]]).all()
    assert (ours["gradient_norm"] > 0).all()


@pytest.mark.parametrize(("samples", "inputs", "hidden", "outputs"), [(4, 2, 3, 1), (9, 2, 1, 2), (1, 3, 2, 4)])
@pytest.mark.parametrize("bias", [False, True])
def test_gradient_is_that_of_the_loss_by_finite_differences(samples, inputs, hidden, outputs, bias):
    x, y, initial = task(samples, inputs, hidden, outputs, bias=bias, trials=3)
    step = 1e-5
    for update in ("batch", "online"):
        ours = trained(
            x, y, initial, bias=bias, learning_rate=0.3, epochs=7, update=update, objective="half-sse", fates=True
        )
        for trial, end in enumerate(ours["weights"]):
            differences = [
                reference.objective_value(x, y, weights_of(end + offset, inputs, outputs, bias=bias), "mse")
                - reference.objective_value(x, y, weights_of(end - offset, inputs, outputs, bias=bias), "mse")
                for offset in step * np.eye(len(end))
            ]
            expected = np.linalg.norm(differences) / (2 * step)
            assert ours["gradient_norm"][trial] == pytest.approx(expected, rel=0, abs=1e-9)


def test_objectives_differ_in_their_steps_and_not_in_the_gradient_that_is_written():
    """A learning rate that makes up for the objective's factor gives the same trial, and the same norm."""
    initial = np.random.default_rng(1).normal(size=(5, 9))
    norms = [
        trained(*XOR, initial, learning_rate=rate, epochs=30, objective=objective, fates=True)["gradient_norm"]
        for objective, rate in {"sse": 0.25, "half-sse": 0.5, "mse": 1.0, "half-mse": 2.0}.items()
    ]
    assert len({norm.tobytes() for norm in norms}) == 1


# One input of 1, one hidden unit, one output: the pre-activations are w and v * sigmoid(w).
@pytest.mark.parametrize(
    ("hidden_weight", "output_weight", "target", "share", "error"),
    [
        (0.0, 0.0, 1.0, 0.0, 0.0),
        (4.5, 0.0, 1.0, 0.0, 0.0),
        (-4.5, 0.0, 1.0, 0.0, 0.0),
        (4.7, 0.5, 1.0, 0.5, 1.0),
        (-4.7, 0.5, 1.0, 0.5, 1.0),
        (0.0, -30.0, 1.0, 0.5, 1.0),
        (9.0, 800.0, 0.0, 1.0, 1.0),  # exactly 1: no error is handed back
        (9.0, 800.0, 1.0, 1.0, 0.0),  # nor is there one
    ],
)
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_saturation_by_hand(hidden_weight, output_weight, target, share, error, kind):
    initial = np.array([[hidden_weight, output_weight]])
    ours = trained([[1.0]], [[target]], initial, learning_rate=0, epochs=0, kind=kind, velocities=True, fates=True)
    assert (ours["saturated_share"][0], ours["saturated_error"][0]) == (share, error)


def test_saturated_error_is_the_part_of_the_error_that_saturated_units_have():
    """A hidden unit that is flat at two of three samples, and an output that is flat at one of them."""
    x, y = [[-6.0], [0.0], [6.0]], [[1.0], [1.0], [0.0]]
    ours = trained(x, y, [[1.0, 5.0]], learning_rate=0, epochs=0, fates=True)
    errors = np.abs(np.ravel(y) - ours["outputs"][0])
    slopes = ours["outputs"][0] * (1 - ours["outputs"][0])
    assert (slopes < 0.01).tolist() == [False, False, True]
    handed_back = errors * slopes
    at_outputs, at_hidden = errors[2] / errors.sum(), (handed_back[0] + handed_back[2]) / handed_back.sum()
    assert ours["saturated_error"][0] == pytest.approx(max(at_outputs, at_hidden), rel=1e-12)
    assert 0.6 < at_outputs < at_hidden < 0.97
    assert ours["saturated_share"][0] == 0.5


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize(("update", "rate", "jumping"), [("batch", 12.0, 20), ("online", 40.0, 3)])
def test_loss_rise_is_the_most_that_a_loss_exceeds_an_earlier_one_by(update, rate, jumping, kind):
    """A step far too large makes the loss jump; every loss of the last tenth is written down beside it."""
    initial = np.random.default_rng(3).uniform(-1, 1, (200, 9))
    settings = {"learning_rate": rate, "update": update, "kind": kind, "velocities": True, "fates": True}
    ours = trained(*XOR, initial, epochs=200, curve=range(180, 201), **settings)
    losses = ours["losses"].astype(kind.dtype)
    rises = np.max(losses - np.minimum.accumulate(losses, axis=1), axis=1)
    assert ours["loss_rise"].tolist() == rises.tolist()
    assert np.sum(rises > 0.01) > jumping
    assert np.sum(rises == 0) > 5


def test_a_gradient_too_small_to_be_squared_has_its_norm():
    ours = trained([[1.0]], [[1.0]], [[0.0, -900.0]], learning_rate=0, epochs=0, fates=True)
    output = ours["outputs"][0, 0]
    assert 0 < output < 1e-190
    # The error is 1 and the output's slope is the output; the hidden unit is at 1/2, with a slope of 1/4.
    assert ours["gradient_norm"][0] == pytest.approx(2 * output * np.hypot(0.5, 900 / 4), rel=1e-12)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_diverged_trial_has_blanks(kind):
    initial = np.random.default_rng(2).uniform(-1, 1, (40, 9))
    ours = trained(*XOR, initial, learning_rate=1e9, momentum=1e200, epochs=60, kind=kind, fates=True)
    assert np.isnan(ours["weights"]).any(axis=1).all()
    canonical = np.array(np.nan).view(np.uint64)
    for name in FATES:
        assert (ours[name].view(np.uint64) == canonical).all(), name
