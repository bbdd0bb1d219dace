"""The tracing kernel against training, bit for bit, and against exact arithmetic and the oracle."""

from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from runner.sweeping import kernel_cache
from tests import reference
from tests.kernels.calling import KINDS, hidden_units, memory, prepared, tiles, trained, weights_of

tracing = kernel_cache.module("tracing")

EPOCHS = 6
TILE = tiles.TILE
STEPS = {"objective": "half-sse"}  # the step is then the learning rate


class Traced(NamedTuple):
    ran: int
    passes: Any
    updates: Any
    states: Any


def traced(*task: Any, momentum: float = 0.0, update: str = "batch", **settings: Any) -> Traced:
    """Trace the one trial that `prepared` is given; what the kernel must write starts as noise."""
    arguments, _ = prepared(*task, momentum=momentum, update=update, **settings)
    kind, inputs, targets, _, metric, stop, _, only, *_ = arguments
    bias, outputs = settings.get("bias", False), targets.shape[1]
    hidden = hidden_units(only.initial.shape[1], len(inputs) - bias, outputs, bias=bias)
    space = memory.memory(kind, len(inputs) - bias, hidden, outputs, len(targets), 0, bias)
    epochs, samples, parameters = int(only.epochs[0]), len(targets), only.initial.shape[1]
    online = update == "online"
    passes = tracing.passes(epochs, samples, hidden, outputs)
    updates = tracing.updates(epochs, samples if online else 1, parameters, momentum > 0)
    states = tracing.states(epochs, targets.size, parameters)
    for array in (*passes, *updates, *states):
        array.fill(123.456)
    arguments = (kind, tiles.Tiles(1), inputs, targets, metric, stop, online, only, space, passes, updates, states)
    kernel_cache.compiled(tracing.trace, arguments)
    return Traced(tracing.trace(*arguments), passes, updates, states)


def a_task(samples: int, outputs: int) -> tuple[NDArray[Any], NDArray[Any]]:
    noise = np.random.default_rng(samples * 100 + outputs)
    return noise.normal(size=(samples, 3)), noise.random((samples, outputs))


def initial(outputs: int, *, bias: bool, trials: int = 1, hidden: int = 4) -> NDArray[Any]:
    parameters = (3 + bias) * hidden + (hidden + bias) * outputs
    return np.tile(np.random.default_rng(7).normal(size=parameters), (trials, 1))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("momentum", [0.0, 0.7])
@pytest.mark.parametrize("update", ["batch", "online"])
@pytest.mark.parametrize("samples", [1, TILE, TILE + 1, 2 * TILE + 1])
def test_each_epoch_ends_with_the_bits_that_training_has_then(
    samples: int, update: str, momentum: float, kind: str
) -> None:
    for outputs, bias in ((1, False), (2, True)):
        settings = {"learning_rate": 0.9, "momentum": momentum, "update": update, "bias": bias, "kind": KINDS[kind]}
        task = a_task(samples, outputs)
        # A trial for each number of epochs.
        theirs = trained(*task, initial(outputs, bias=bias, trials=EPOCHS + 1), epochs=range(EPOCHS + 1), **settings)
        ours = traced(*task, initial(outputs, bias=bias), epochs=EPOCHS, **settings)
        assert ours.ran == EPOCHS
        for name, states in ours.states._asdict().items():
            assert states.tobytes() == theirs[name].tobytes(), name
        assert ours.updates.weights[:, -1].tobytes() == theirs["weights"][1:].tobytes()
        assert not any((array == 123.456).any() for part in ours[1:] for array in part)


@pytest.mark.parametrize("update", ["batch", "online"])
def test_a_diverging_trial_has_the_bits_of_training(update: str) -> None:
    settings = {"learning_rate": 1e300, "momentum": 1e10, "update": update, "bias": True}
    task = a_task(5, 2)
    theirs = trained(*task, initial(2, bias=True, trials=EPOCHS + 1), epochs=range(EPOCHS + 1), **settings)
    ours = traced(*task, initial(2, bias=True), epochs=EPOCHS, **settings)
    assert np.isnan(ours.states.weights).any()
    for name, states in ours.states._asdict().items():
        assert states.tobytes() == theirs[name].tobytes(), name


@pytest.mark.parametrize("metric", ["loss", "max-error", "classification"])
@pytest.mark.parametrize("update", ["batch", "online"])
def test_a_trace_stops_where_training_does(update: str, metric: str) -> None:
    settings = {"learning_rate": 2.0, "epochs": 500, "update": update, "metric": metric, "threshold": 0.3, "stop": True}
    inputs = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
    task = inputs, np.array([[1.0], [0.0]])
    (ran,) = trained(*task, initial(1, bias=False), **settings)["epochs_run"]
    ours = traced(*task, initial(1, bias=False), **settings)
    assert 0 < ours.ran == ran < 500


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("update", ["batch", "online"])
def test_errors_slopes_and_deltas_are_those_of_one_rounding_each(update: str, kind: str) -> None:
    task, dtype = a_task(TILE + 1, 2), KINDS[kind].dtype
    ours = traced(*task, initial(2, bias=True), learning_rate=0.5, epochs=3, update=update, bias=True, kind=KINDS[kind])
    passes = type(ours.passes)(*(array.astype(dtype) for array in ours.passes))
    for exact, widened in zip(passes, ours.passes, strict=True):
        assert np.array_equal(exact, widened)
    assert np.array_equal(passes.errors, task[1].astype(dtype) - passes.outputs)
    assert np.array_equal(passes.output_slopes, fused_slopes(passes.outputs))
    assert np.array_equal(passes.output_deltas, passes.errors * passes.output_slopes)
    assert np.array_equal(passes.hidden_slopes, fused_slopes(passes.hidden_activations))
    assert np.array_equal(passes.hidden_deltas, passes.hidden_errors * passes.hidden_slopes)


def fused_slopes(activations: NDArray[Any]) -> NDArray[Any]:
    """a - a a, rounded once."""
    exact = [float(Fraction(a) - Fraction(a) ** 2) for a in activations.ravel().tolist()]
    return np.reshape(np.array(exact, activations.dtype), activations.shape)


def fused(a: float, b: float, c: float) -> float:
    return float(Fraction(a) * Fraction(b) + Fraction(c))


@pytest.mark.parametrize("momentum", [0.0, 0.7])
def test_batch_updates_are_the_recorded_gradients_fused(momentum: float) -> None:
    rate = 0.3
    ours = traced(
        *a_task(5, 2), initial(2, bias=True), learning_rate=rate, momentum=momentum, epochs=3, bias=True, **STEPS
    )
    velocity = np.zeros_like(ours.states.weights[0])
    for epoch in range(3):
        gradient, before = ours.updates.gradients[epoch, 0], ours.states.weights[epoch]
        if momentum:
            velocity = np.array([fused(rate, g, momentum * v) for g, v in zip(gradient, velocity, strict=True)])
            assert np.array_equal(velocity, ours.updates.velocities[epoch, 0])
            after = before + velocity
        else:
            after = np.array([fused(rate, g, w) for g, w in zip(gradient, before, strict=True)])
        assert np.array_equal(after, ours.updates.weights[epoch, 0])


def test_online_updates_are_the_recorded_deltas_fused() -> None:
    rate, (inputs, targets) = 0.3, a_task(5, 2)
    ours = traced(inputs, targets, initial(2, bias=False), learning_rate=rate, epochs=2, update="online", **STEPS)
    before = ours.states.weights[0]
    for epoch in range(2):
        for s in range(5):
            hidden, deltas, hidden_deltas = (
                getattr(ours.passes, name)[epoch, s]
                for name in ("hidden_activations", "output_deltas", "hidden_deltas")
            )
            pairs = [(x, d) for x in inputs[s] for d in hidden_deltas] + [(a, d) for a in hidden for d in deltas]
            after = np.array([fused(x, rate * d, w) for (x, d), w in zip(pairs, before, strict=True)])
            assert np.array_equal(ours.updates.weights[epoch, s], after)
            assert np.array_equal(ours.updates.gradients[epoch, s], [x * d for x, d in pairs])
            before = after


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("samples", [1, TILE + 1])
def test_passes_and_gradients_are_those_of_the_oracle(samples: int, bias: bool) -> None:
    task = a_task(samples, 2)
    ours = traced(*task, initial(2, bias=bias), learning_rate=0.5, epochs=3, bias=bias, **STEPS)
    for epoch in range(3):
        weights = weights_of(ours.states.weights[epoch], 3, 2, bias=bias)
        hidden, outputs = reference.feedforward(task[0], weights)
        hidden_deltas, output_deltas = reference.deltas(*task, weights, "half-sse")
        gradients = np.concatenate([array.ravel() for array in reference.gradients(*task, weights, "half-sse").arrays])
        expected = {"hidden_activations": hidden, "outputs": outputs}
        expected |= {"hidden_deltas": -hidden_deltas, "output_deltas": -output_deltas}
        expected["hidden_preactivations"] = task[0] @ weights.W1 + (weights.b1 if bias else 0)
        expected["output_preactivations"] = hidden @ weights.W2 + (weights.b2 if bias else 0)
        for name, theirs in expected.items():
            np.testing.assert_allclose(getattr(ours.passes, name)[epoch], theirs, rtol=1e-13, atol=1e-14, err_msg=name)
        np.testing.assert_allclose(ours.updates.gradients[epoch, 0], -gradients, rtol=1e-12, atol=1e-14)
