import numpy as np
import pytest

from tests import documents, reference
from tests.cases import XOR, assert_same_weights
from tests.reference import Weights

PATTERNS = np.array([[1, 0, 1, 0], [1, 0, 1, 1], [0, 1, 0, 1]]), np.array([[1], [1], [0]])
EXAM = np.array([[2, 9], [1, 5], [3, 6]]) / np.array([3, 9]), np.array([[92], [86], [89]]) / 100

# Two recoveries of the weights that document 003 never printed. The second is one Gauss-Newton step on from the first,
# in 40 digits, over the losses of all 24 iterations of EXAM_PRINTED; the first misses iteration 3 by 2e-11.
RECOVERED = Weights(
    W1=np.array(
        [
            [0.28297734611810443, -0.8916763341922871, -1.5579339556766607],
            [0.39397535754435914, 0.557248585187343, 0.6425732133156727],
        ]
    ),
    b1=None,
    W2=np.array([[-1.8230469224541732], [-0.16741985075530177], [-0.9357182008569878]]),
    b2=None,
)
REFINED = Weights(
    W1=np.array(
        [
            [0.2829773487405799, -0.8916763356373029, -1.5579339588013432],
            [0.3939753563711184, 0.5572485932297564, 0.6425732125571445],
        ]
    ),
    b1=None,
    W2=np.array([[-1.823046917173895], [-0.16741985606283297], [-0.9357182030723665]]),
    b2=None,
)


def assert_prints(ours, printed, form=".8f"):
    """Hold numbers to every digit that a document prints (NumPy leaves trailing zeros out)."""
    assert [format(value, form) for value in np.ravel(ours)] == [
        format(float(token), form) for token in printed.split()
    ]


def patterns_weights(order):
    return reference.draw(99, reference.network_shapes(4, 3, 1, bias=True), order=order)


def test_patterns_forward_pass_is_printed_from_later_draws():
    order = [{"skip": 12}, "W1", "b1", {"skip": 7}, "W2", "b2"]
    weights = patterns_weights(order)
    hidden, outputs = reference.feedforward(PATTERNS[0], weights)
    assert_prints(weights.b1, "0.82804257 0.22157737 0.6448347")
    assert_prints(np.append(weights.W2, weights.b2), "0.23504378 0.006553 0.89864419 0.55223443")
    assert_prints(
        hidden * (1 - hidden),
        "0.16838547 0.14640304 0.12299973 0.11711749 0.1198794 0.06426894 0.12366934 0.15030304 0.10616583",
    )
    assert_prints(outputs, "0.8193371 0.83169441 0.82473757")
    assert_prints(PATTERNS[1] - outputs, "0.1806629 0.16830559 -0.82473757")
    output_deltas = reference.deltas(*PATTERNS, weights, "half-sse")[1]
    assert_prints(-0.01 * output_deltas, "0.00026742 0.00023559 -0.00119212")
    by_hidden = -0.01 * output_deltas @ weights.W2.T
    assert_prints(
        by_hidden,
        "6.28563790e-05 1.75243105e-06 2.40319141e-04 5.53744732e-05 1.54383608e-06 2.11713529e-04 "
        "-2.80200662e-04 -7.81197307e-06 -1.07129274e-03",
        ".8e",
    )


def test_patterns_hidden_deltas_are_printed_from_a_straight_run():
    weights = patterns_weights(["W1", "b1", "W2", "b2"])
    hidden_deltas = reference.deltas(*PATTERNS, weights, "half-sse")[0]
    assert_prints(
        -0.01 * hidden_deltas,
        "1.48029510e-05 4.31878703e-05 6.80003971e-06 1.19963075e-05 2.20732520e-05 2.79686274e-06 "
        "-1.06220945e-04 -1.08508235e-04 -5.10882704e-05",
        ".8e",
    )


def test_patterns_update_is_printed_from_a_straight_run():
    weights = patterns_weights(["W1", "b1", "W2", "b2"])
    trained = reference.train(*PATTERNS, weights, learning_rate=0.0001, epochs=1, objective="half-sse").weights
    notebook = documents.patterns(99)
    for ours in (trained, Weights(**notebook.weights)):
        assert_prints(
            ours.W1,
            "0.67227883 0.48807905 0.82549527 0.03144533 0.80804888 0.56561691 "
            "0.29762277 0.04669637 0.9906275 0.00682479 0.76979216 0.74676662",
        )
        assert_prints(ours.b1, "0.37743814 0.49414702 0.92894798")
        assert_prints(ours.W2, "0.39545058 0.97394962 0.52440853")
        assert_prints(ours.b2, "0.09360602")


@pytest.mark.parametrize(("weights", "tolerance"), [(RECOVERED, 2e-11), (REFINED, 5e-14)])
def test_exam_iterations_are_printed_from_the_recovered_weights(weights, tolerance):
    printed = documents.EXAM_PRINTED
    trial = reference.train(*EXAM, weights, learning_rate=1, epochs=1000, objective="half-sse", curve=printed)
    assert {0, 1, 2, 226, 393, 916} <= trial.curve.keys() == printed.keys()
    for iteration, (_, loss) in printed.items():
        assert trial.curve[iteration] == pytest.approx(loss, rel=tolerance, abs=0)
    for iteration, (predictions, _) in printed.items():
        trial = reference.train(*EXAM, weights, learning_rate=1, epochs=iteration, objective="half-sse")
        assert_prints(trial.outputs, " ".join(map(str, predictions)))


def test_exam_first_network_answers_as_printed():
    W1 = np.array([[0.7151916, 0.40515536, 1.40145037], [0.98608437, -0.4204084, -2.44163279]])
    W2 = np.array([[0.58035236], [-2.35717847], [0.98282373]])
    outputs = reference.feedforward(EXAM[0], Weights(W1, None, W2, None))[1]
    # the weights are printed to 8 digits, so the outputs are uncertain in the eighth
    np.testing.assert_allclose(outputs.ravel(), [0.39156661, 0.39278438, 0.41264546], rtol=0, atol=1.5e-8)


def test_gender_fixed_neuron_and_network_answer_as_printed():
    one_ulp = 1.2e-16  # exp of NumPy's vector loops and of libm may differ by that
    neuron = Weights(np.array([[0], [1]]), np.array([4]), np.array([[1]]), None)
    hidden, _ = reference.feedforward([[2, 3]], neuron)
    assert hidden.item() == pytest.approx(0.9990889488055994, rel=0, abs=one_ulp)
    fixed = Weights(np.array([[0, 0], [1, 1]]), np.zeros(2), np.array([[0], [1]]), np.zeros(1))
    _, outputs = reference.feedforward([[2, 3]], fixed)
    assert outputs.item() == pytest.approx(0.7216325609518421, rel=0, abs=one_ulp)


XOR_CONSTANT = np.column_stack([XOR[0], np.ones(4)]), XOR[1]
GENDER = np.array([[-2, -1], [25, 6], [17, 4], [-15, -6]]), np.array([[1], [0], [0], [1]])
NORMAL = {"distribution": "normal"}
NOTEBOOKS = {  # notebook: samples, hidden, bias, init, training, probes
    documents.xor_constant: (XOR_CONSTANT, 4, False, {}, {"learning_rate": 1}, None),
    documents.xor_no_constant: (XOR, 4, False, {}, {"learning_rate": 1}, None),
    documents.patterns: (PATTERNS, 3, True, {}, {"learning_rate": 0.0001, "objective": "half-sse"}, None),
    documents.exam: (EXAM, 3, False, NORMAL, {"learning_rate": 1, "objective": "half-sse"}, [[0.5, 1]]),
    documents.gender: (
        GENDER,
        2,
        True,
        NORMAL | {"order": ("W1.T", "W2.T", "b1", "b2")},
        {"learning_rate": 0.1, "update": "online"},
        [[-7, -3], [20, 2]],
    ),
}


@pytest.mark.parametrize("seed", [0, 1, 99, 756, 2**32 - 1])
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda notebook: notebook.__name__)
def test_reference_trains_as_the_notebook_does(notebook, seed):
    (inputs, targets), hidden, bias, init, training, probes = NOTEBOOKS[notebook]
    shapes = reference.network_shapes(inputs.shape[1], hidden, 1, bias=bias)
    weights = reference.draw(seed, shapes, **init)
    trial = reference.train(inputs, targets, weights, epochs=100, probes=probes, **training)
    run = notebook(seed, epochs=100)
    np.testing.assert_allclose(trial.outputs, run.outputs, rtol=0, atol=1e-12)
    np.testing.assert_allclose(trial.probes, run.probes, rtol=0, atol=1e-12)
    assert trial.final_loss == pytest.approx(run.final_loss, rel=0, abs=1e-12)
    assert_same_weights(trial.weights, Weights(**({"b1": None, "b2": None} | run.weights)), 1e-12)
