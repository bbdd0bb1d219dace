"""Training against the oracle, which shares no line and no order of operations with the kernels.

Both round each operation to about 1e-16 (float32: 6e-8) of its result, and an epoch passes errors on, enlarged, to the
next. After 100 epochs of the trainings here 2e-14 (1e-5) was the largest difference seen; the tolerances leave a factor
of 50 (10) for another NumPy's exp.
"""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import reference
from tests.cases import XOR
from tests.kernels.calling import KINDS, METRICS, assert_agrees, called, prepared, trained, weights_of

TOLERANCES = {"float64": 1e-12, "float32": 1e-4}
INPUTS = XOR[0]
TARGETS = {1: INPUTS.max(1, keepdims=True), 3: np.array([[0, 0, 1], [1, 0, 1], [1, 0, 0], [1, 1, 0]])}
PROBES = [[0.5, 0.25], [3.0, -2.0]]
RATES = {"sse": 0.9, "half-sse": 2.1, "mse": 5.0, "half-mse": 11.0}
DESCENTS = [
    *(("float64", "batch", objective) for objective in RATES),
    *(("float64", "online", objective) for objective in ("sse", "half-sse")),
    *(("float32", "batch", objective) for objective in ("sse", "half-mse")),
    ("float32", "online", "sse"),
]
CURVE = (0, 1, 39, 40, 100, 2000)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("momentum", [0.0, 0.7])
@pytest.mark.parametrize(("precision", "update", "objective"), DESCENTS)
def test_kernel_trains_as_the_oracle_does(precision, update, objective, momentum, bias):
    for outputs, metric, stop in itertools.product(TARGETS, METRICS, [False, True]):
        targets = TARGETS[outputs]
        parameters = (2 + bias) * 3 + (3 + bias) * outputs
        initial = np.random.default_rng(4).uniform(-1, 1, (3, parameters))
        initial[:, (2 + bias) * 3 :] -= 0.3  # so that the classes are not right from the start
        start = weights_of(initial[1], 2, outputs, bias=bias)
        rate = RATES[objective] * (outputs if objective.endswith("mse") else 1)
        network = {"momentum": momentum, "update": update, "objective": objective, "learning_rate": rate}
        shared = {"epochs": 100, "metric": metric, "stop": stop, "probes": PROBES, "curve": CURVE, **network}
        # Half way between two epochs of the rule's own measure, no rounding can move the epoch at which it holds.
        before, after = (
            reference.train(INPUTS, targets, start, epochs=epochs, dtype=precision, **network) for epochs in (39, 40)
        )
        measure = "max_error" if metric == "max-error" else "final_loss"
        threshold = (getattr(before, measure) + getattr(after, measure)) / 2

        theirs = reference.train(INPUTS, targets, start, dtype=precision, threshold=threshold, **shared)
        assert theirs.epochs_to_convergence
        ours = trained(
            INPUTS,
            targets,
            initial,
            bias=bias,
            kind=KINDS[precision],
            threshold=[0.5 * threshold, threshold, threshold],
            **(shared | {"learning_rate": [0.1 * rate, rate, 2 * rate], "epochs": [7, 100, 50]}),
        )
        assert_agrees(ours, 1, theirs, TOLERANCES[precision], CURVE)


# One tile or several, with any number of samples in the last: more pairs than these took half a minute to compile.
SAMPLES_AND_MOMENTA = [(1, 0.0), (4, 0.0), (9, 0.0), (1, 0.5), (2, 0.5), (3, 0.5), (7, 0.5), (8, 0.5), (17, 0.5)]


@st.composite
def tasks(draw):
    inputs, hidden, outputs = (draw(st.integers(1, most)) for most in (5, 6, 10))
    samples, momentum = draw(st.sampled_from(SAMPLES_AND_MOMENTA))
    bias, update = draw(st.booleans()), draw(st.sampled_from(["batch", "online"]))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    return {
        "inputs": rng.normal(size=(samples, inputs)),
        "targets": rng.integers(0, 2, (samples, outputs)),
        "initial": rng.normal(size=(draw(st.integers(1, 40)), (inputs + bias) * hidden + (hidden + bias) * outputs)),
        "probes": rng.normal(size=(draw(st.integers(0, 3)), inputs)),
        "bias": bias,
        "update": update,
        "momentum": momentum,
        "epochs": draw(st.integers(0, 6)),
        "learning_rate": draw(st.floats(0, 1)),  # larger ones amplify the rounding of some hundred updates
    }


def assert_all_agree(inputs, targets, initial, bias, **training):
    ours = trained(inputs, targets, initial, bias=bias, **training)
    for trial, flat in enumerate(initial):
        weights = weights_of(flat, inputs.shape[1], targets.shape[1], bias=bias)
        assert_agrees(ours, trial, reference.train(inputs, targets, weights, **training), 1e-12)


@settings(max_examples=60, deadline=None)
@given(tasks())
def test_any_shape_trains_as_the_oracle_does(task):
    task["initial"] = task["initial"][:3]
    assert_all_agree(**task)


@pytest.mark.parametrize("update", ["batch", "online"])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize(
    ("count", "samples", "inputs", "hidden", "outputs"),
    [
        (1, 1, 1, 1, 1),
        (33, 1, 3, 2, 2),
        (1, 7, 2, 3, 1),
        (2, 8, 2, 3, 1),
        (33, 9, 2, 1, 1),
        (2, 16, 2, 2, 10),
        (3, 17, 4, 2, 10),
        (1, 3, 12, 70, 1),
        (0, 2, 2, 2, 1),
    ],
)
def test_odd_shapes_train_as_the_oracle_does(count, samples, inputs, hidden, outputs, bias, update):
    rng = np.random.default_rng(8)
    assert_all_agree(
        inputs=rng.normal(size=(samples, inputs)),
        targets=rng.integers(0, 2, (samples, outputs)),
        initial=rng.normal(size=(count, (inputs + bias) * hidden + (hidden + bias) * outputs)),
        bias=bias,
        epochs=10,
        learning_rate=0.3,
        momentum=0.5,
        update=update,
    )


@pytest.mark.parametrize("update", ["batch", "online"])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_no_epochs_leave_the_initial_weights(update, momentum):
    initial = np.random.default_rng(1).normal(size=(40, 13))
    settings = {"learning_rate": 1, "momentum": momentum, "update": update, "bias": True, "probes": PROBES}
    ours = trained(*XOR, initial, epochs=0, **settings)
    np.testing.assert_array_equal(ours["weights"], initial)
    np.testing.assert_array_equal(ours["epochs_run"], 0)
    nothing = trained(*XOR, initial, epochs=5, **(settings | {"learning_rate": 0.0}))
    np.testing.assert_array_equal(nothing["weights"], initial)
    np.testing.assert_array_equal(nothing["outputs"], ours["outputs"])


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("objective", RATES)
@pytest.mark.parametrize(("samples", "inputs", "hidden", "outputs"), [(4, 2, 3, 1), (9, 2, 1, 2), (1, 3, 2, 4)])
def test_one_batch_epoch_walks_down_the_gradient(samples, inputs, hidden, outputs, objective, bias):
    """The step of an epoch, over the learning rate, is the gradient; central differences leave an error of 1e-10."""
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(samples, inputs)), rng.random((samples, outputs))
    start = rng.uniform(-2, 2, (inputs + bias) * hidden + (hidden + bias) * outputs)

    def objective_at(flat):
        return reference.objective_value(x, y, weights_of(flat, inputs, outputs, bias=bias), objective)

    rate, step = 1e-3, 1e-5
    moved = trained(x, y, start[None], learning_rate=rate, epochs=1, objective=objective, bias=bias)["weights"][0]
    differences = [
        (objective_at(start + offset) - objective_at(start - offset)) / (2 * step)
        for offset in step * np.eye(len(start))
    ]
    np.testing.assert_allclose((start - moved) / rate, differences, rtol=0, atol=1e-9)


def test_call_leaves_what_it_reads_alone():
    arguments, variant = prepared(
        *XOR, np.ones((5, 13)), learning_rate=1, epochs=3, bias=True, probes=PROBES, curve=[0, 2]
    )
    read = [*arguments[1:4], arguments[6], *arguments[7], arguments[9]]
    before = [array.copy() for array in read]
    assert called(arguments, variant) == 5
    assert all(np.array_equal(array, old) for array, old in zip(read, before, strict=True))
