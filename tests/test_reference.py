import numpy as np
import pytest

from tests import reference
from tests.cases import XOR, assert_same_weights
from tests.reference import Weights

OBJECTIVES = ("sse", "half-sse", "mse", "half-mse")


def network(inputs, hidden, outputs, *, bias, seed=7, spread=1.0):
    shapes = reference.network_shapes(inputs, hidden, outputs, bias=bias)
    return reference.draw(seed, shapes, low=-spread, high=spread)


def zeros(inputs, hidden, outputs, *, bias=False):
    return reference.draw(0, reference.network_shapes(inputs, hidden, outputs, bias=bias), scale=0.0)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize(
    ("samples", "inputs", "hidden", "outputs"), [(4, 2, 3, 1), (1, 2, 2, 1), (3, 2, 1, 2), (5, 4, 3, 3), (1, 1, 1, 1)]
)
def test_gradients_are_finite_differences(samples, inputs, hidden, outputs, bias, objective):
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(samples, inputs)), rng.random((samples, outputs))
    weights = network(inputs, hidden, outputs, bias=bias, spread=2.0)
    gradients = reference.gradients(x, y, weights, objective)
    assert len(gradients.arrays) == (4 if bias else 2)
    step = 1e-5
    for array, gradient in zip(weights.arrays, gradients.arrays, strict=True):
        assert gradient.shape == array.shape
        for place in np.ndindex(array.shape):
            value = array[place]
            array[place] = value + step
            above = reference.objective_value(x, y, weights, objective)
            array[place] = value - step
            below = reference.objective_value(x, y, weights, objective)
            array[place] = value
            assert gradient[place] == pytest.approx((above - below) / (2 * step), rel=0, abs=1e-9)


def test_objectives_are_the_four_sums():
    # six errors of one half: three samples, two outputs
    case = np.ones((3, 1)), np.tile([0, 1], (3, 1)), zeros(1, 2, 2)
    assert [reference.objective_value(*case, objective) for objective in OBJECTIVES] == [1.5, 0.75, 0.25, 0.125]
    trial = reference.train(*case, learning_rate=1, epochs=0)
    assert (trial.final_loss, trial.max_error, trial.outputs.shape) == (0.25, 0.5, (3, 2))


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_batch_step_carries_momentum(objective):
    start, rate, momentum = network(2, 2, 1, bias=True), 0.7, 0.9
    settings = {"learning_rate": rate, "momentum": momentum, "objective": objective}
    walk = [reference.train(*XOR, start, epochs=epochs, **settings).weights for epochs in range(4)]
    assert_same_weights(walk[0], start, 0)
    for epoch in range(3):
        gradient = reference.gradients(*XOR, walk[epoch], objective)
        before = walk[max(epoch - 1, 0)]
        expected = reference.each(
            lambda w, last, g: w + momentum * (w - last) - rate * g, walk[epoch], before, gradient
        )
        assert_same_weights(walk[epoch + 1], expected, 1e-14)


def test_online_step_is_taken_sample_by_sample_with_momentum():
    weights, rate, momentum = network(2, 3, 1, bias=True), 0.7, 0.5
    trial = reference.train(*XOR, weights, learning_rate=rate, momentum=momentum, epochs=2, update="online")
    velocity = reference.each(np.zeros_like, weights)
    for sample in [0, 1, 2, 3] * 2:
        gradient = reference.gradients(XOR[0][[sample]], XOR[1][[sample]], weights, "sse")
        velocity = reference.each(lambda v, g: momentum * v + rate * g, velocity, gradient)
        weights = reference.each(np.subtract, weights, velocity)
    assert_same_weights(trial.weights, weights, 1e-14)


def test_online_refuses_a_mean():
    with pytest.raises(ValueError, match="online"):
        reference.train(*XOR, zeros(2, 2, 1), learning_rate=1, epochs=1, update="online", objective="mse")


def test_training_leaves_its_arguments_alone():
    weights = network(2, 2, 1, bias=True)
    before = [array.copy() for array in weights.arrays]
    reference.train(*XOR, weights, learning_rate=1, epochs=5, reverse_sum=True)
    assert all(np.array_equal(array, old) for array, old in zip(weights.arrays, before, strict=True))


@pytest.mark.parametrize("update", ["batch", "online"])
def test_reversed_sums_change_rounding_and_nothing_else(update):
    settings = {"learning_rate": 0.5, "epochs": 100, "update": update, "probes": [[0.3, 0.9]], "momentum": 0.5}
    largest = 0.0
    for seed in range(5):
        weights = network(2, 5, 1, bias=True, seed=seed)
        one = reference.train(*XOR, weights, **settings)
        other = reference.train(*XOR, weights, **settings, reverse_sum=True)
        assert_same_weights(one.weights, other.weights, 1e-12)
        np.testing.assert_allclose(one.outputs, other.outputs, rtol=0, atol=1e-12)
        np.testing.assert_allclose(one.probes, other.probes, rtol=0, atol=1e-12)
        largest = max(largest, np.max(np.abs(one.weights.W1 - other.weights.W1)))
    assert largest > 0


def test_single_precision_stays_single_and_near_double():
    weights = network(2, 4, 1, bias=True)
    settings = {"learning_rate": 0.5, "momentum": 0.5, "epochs": 50, "probes": [[0.5, 0.5]]}
    single = reference.train(*XOR, weights, dtype=np.float32, **settings)
    double = reference.train(*XOR, weights, **settings)
    assert {array.dtype for array in (*single.weights.arrays, single.outputs, single.probes)} == {np.dtype("float32")}
    assert single.final_loss != double.final_loss
    assert single.final_loss == pytest.approx(double.final_loss, rel=1e-5)
    assert float(np.float32(single.final_loss)) == single.final_loss


NOTHING = np.ones((1, 1)), np.ones((1, 1)), zeros(1, 1, 1)  # its output is exactly 0.5, its target 1


@pytest.mark.parametrize(
    ("metric", "threshold", "expected"),
    [
        ("loss", 0.25, True),
        ("loss", np.nextafter(0.25, 0), False),
        ("max-error", 0.5, False),
        ("max-error", np.nextafter(0.5, 1), True),
        ("classification", 1.0, False),
    ],
)
def test_rule_at_its_very_edge(metric, threshold, expected):
    trial = reference.train(*NOTHING, learning_rate=0, epochs=3, metric=metric, threshold=threshold)
    assert trial.converged == trial.holds_at_end == expected
    assert trial.epochs_to_convergence == (0 if expected else None)
    assert trial.outcome == ("converged" if expected else "not-converged")
    assert trial.epochs_run == 3


@pytest.mark.parametrize("epochs", [0, 5])
def test_trial_that_holds_at_the_start_stops_there(epochs):
    trial = reference.train(*NOTHING, learning_rate=1, epochs=epochs, threshold=0.25, stop=True, curve=range(9))
    assert (trial.epochs_run, trial.epochs_to_convergence, trial.curve) == (0, 0, {0: 0.25})
    np.testing.assert_array_equal(trial.outputs, [[0.5]])


@pytest.mark.parametrize(("metric", "threshold"), [("loss", 0.1), ("max-error", 0.3), ("classification", 0.01)])
@pytest.mark.parametrize("update", ["batch", "online"])
def test_convergence_is_the_first_epoch_at_which_the_rule_holds(metric, threshold, update):
    weights = network(2, 3, 1, bias=True, spread=2.0)
    settings = {"learning_rate": 1, "metric": metric, "threshold": threshold, "update": update}
    whole = reference.train(*XOR, weights, epochs=1000, **settings)
    first = whole.epochs_to_convergence
    assert first is not None
    assert 0 < first < 1000
    assert (whole.epochs_run, whole.holds_at_end) == (1000, True)
    before = reference.train(*XOR, weights, epochs=first - 1, **settings)
    assert (before.outcome, before.epochs_to_convergence, before.holds_at_end) == ("not-converged", None, False)
    reached = reference.train(*XOR, weights, epochs=first, **settings)
    assert (reached.epochs_to_convergence, reached.holds_at_end) == (first, True)
    curve = (0, first - 1, first, first + 1, 1000)
    stopped = reference.train(*XOR, weights, epochs=1000, stop=True, curve=curve, **settings)
    assert (stopped.epochs_run, stopped.epochs_to_convergence, stopped.holds_at_end) == (first, first, True)
    assert list(stopped.curve) == [0, first - 1, first]
    assert stopped.final_loss == stopped.curve[first] == reached.final_loss
    np.testing.assert_array_equal(stopped.outputs, reached.outputs)


def test_rule_may_hold_and_be_lost_again():
    # undamped momentum carries the output past its target and back
    case = np.ones((1, 1)), np.full((1, 1), 0.7), zeros(1, 1, 1)
    settings = {"learning_rate": 0.5, "momentum": 1.0, "metric": "max-error", "threshold": 0.05}
    first = reference.train(*case, epochs=50, stop=True, **settings).epochs_to_convergence
    assert first is not None
    lost = next(
        trial
        for epochs in range(first, 50)
        if not (trial := reference.train(*case, epochs=epochs, **settings)).holds_at_end
    )
    assert (lost.outcome, lost.converged, lost.epochs_to_convergence) == ("converged", True, first)
    assert lost.max_error >= 0.05


@pytest.mark.parametrize(
    ("target", "output_weight", "expected"),
    [(1.0, 9.0, True), (1.0, -9.0, False), (0.0, 9.0, False), (0.0, -9.0, True)],
)
def test_classification_looks_at_the_side_of_a_half(target, output_weight, expected):
    weights = Weights(np.zeros((1, 1)), None, np.array([[output_weight]]), None)
    trial = reference.train([[1.0]], [[target]], weights, learning_rate=0, epochs=0, metric="classification")
    assert trial.converged == expected


@pytest.mark.parametrize("metric", ["loss", "max-error", "classification"])
@pytest.mark.parametrize("epochs", [0, 3])
def test_nan_holds_no_rule(metric, epochs):
    weights = Weights(np.full((2, 1), 1e308), None, np.ones((1, 1)), None)
    trial = reference.train(
        [[10, -10], [0, 0]], [[1], [1]], weights, learning_rate=0, epochs=epochs, metric=metric, threshold=9, stop=True
    )
    assert np.isnan(trial.final_loss)
    assert np.isnan(trial.max_error)
    assert (trial.outcome, trial.converged, trial.epochs_to_convergence) == ("diverged", False, None)
    assert (trial.holds_at_end, trial.epochs_run) == (False, epochs)


@pytest.mark.parametrize("stop", [False, True])
def test_weight_that_is_not_finite_is_divergence_though_the_rule_holds(stop):
    weights = Weights(np.array([[np.inf]]), None, np.array([[9.0]]), None)
    trial = reference.train([[1]], [[1]], weights, learning_rate=1, epochs=2, stop=stop)
    assert trial.final_loss < 0.01
    assert (trial.outcome, trial.converged, trial.epochs_to_convergence) == ("diverged", False, None)
    assert not trial.holds_at_end
    assert trial.epochs_run == (0 if stop else 2)


def test_trial_that_diverges_after_it_held_never_converged():
    trial = reference.train(*NOTHING, learning_rate=1, momentum=1e200, epochs=9, threshold=0.25)
    assert (trial.outcome, trial.converged, trial.epochs_to_convergence) == ("diverged", False, None)
    assert trial.epochs_run == 9


def test_sigmoid_reaches_both_ends_without_a_warning():
    np.testing.assert_array_equal(reference.sigmoid(np.array([-1e4, -np.inf, 1e4, np.inf])), [0, 0, 1, 1])


@pytest.mark.parametrize(
    ("losses", "epochs", "change", "rise"),
    [
        ([1.0], 0, None, None),
        ([1.0, 0.75], 1, -0.25, 0.0),
        ([1.0, 0.5, 0.75], 2, 0.25, 0.25),  # of two epochs the last
        ([9.0] * 18 + [1.0, 0.25, 0.5], 20, -0.5, 0.25),  # of twenty the last two
        ([9.0] * 18 + [1.0], 20, None, None),  # stopped where they begin
        ([9.0] * 18 + [1.0, 2.0], 20, 1.0, 1.0),  # or after one of them
        ([9.0] * 27 + [1.0, 3.0, 0.5, 2.0], 30, 1.0, 2.0),
        ([1.0, np.inf], 1, None, None),
    ],
)
def test_fate_looks_at_the_last_tenth_of_the_budget(losses, epochs, change, rise):
    found = reference.fate_of(*map(np.array, NOTHING[:2]), NOTHING[2], losses, epochs)
    blank = {"loss_change": np.nan, "loss_rise": np.nan}
    expected = blank if change is None else {"loss_change": change, "loss_rise": rise}
    np.testing.assert_equal({name: found[name] for name in blank}, expected)


def test_fate_of_one_unit_of_each_layer_by_hand():
    """The hidden unit is at 1/2 and gets nothing back; the output, at 1/2 as well, is wrong by 1/2."""
    found = reference.fate_of(*map(np.array, NOTHING[:2]), NOTHING[2], [0.25], 0)
    assert found["gradient_norm"] == 2 * 0.5 * 0.25 * 0.5  # error, slope, hidden activation
    assert (found["saturated_share"], found["saturated_error"]) == (0, 0)
    flat = reference.fate_of(*map(np.array, NOTHING[:2]), NOTHING[2], [0.25], 0, saturated=0.3)
    assert (flat["saturated_share"], flat["saturated_error"]) == (1, 1)
