import numpy as np
import pytest

from runner.checking.answer import understood
from runner.errors import RunnerError

SHAPES = {"W1": (2, 3), "b1": (3,), "W2": (3, 1), "b2": (1,)}
OUTPUTS = np.array([[0.1], [0.2], [0.3], [0.4]])
WEIGHTS = {name: np.arange(np.prod(shape)).reshape(shape) for name, shape in SHAPES.items()}


def answer(returned, targets=(4, 1), shapes=SHAPES):
    return understood(returned, targets, shapes, "train")


@pytest.mark.parametrize(
    "outputs", [OUTPUTS, OUTPUTS.tolist(), OUTPUTS[:, 0], OUTPUTS.T, list(OUTPUTS[:, 0]), tuple(OUTPUTS[:, 0])]
)
def test_outputs_may_be_arrays_lists_columns_or_rows(outputs):
    for returned in (outputs, (outputs,), (outputs, None), {"outputs": outputs}):
        found = answer(returned)
        np.testing.assert_array_equal(found.outputs, OUTPUTS)
        assert (found.loss, found.weights) == (None, None)


def test_several_outputs_may_stand_in_columns_or_in_rows():
    outputs = np.arange(8.0).reshape(4, 2)
    for returned in (outputs, outputs.T, outputs.tolist()):
        np.testing.assert_array_equal(answer(returned, (4, 2)).outputs, outputs)


@pytest.mark.parametrize(
    "weights",
    [
        WEIGHTS,
        list(WEIGHTS.values()),
        tuple(WEIGHTS.values()),
        {name: array.T for name, array in WEIGHTS.items()},
        {name: array[None] if array.ndim == 1 else array.tolist() for name, array in WEIGHTS.items()},
        {name: array.ravel() if 1 in array.shape else array for name, array in WEIGHTS.items()},
    ],
)
def test_a_loss_and_weights_may_follow_in_a_row_or_by_name(weights):
    for returned in (
        (OUTPUTS, 0.5, weights),
        [OUTPUTS, np.array([0.5]), weights],
        {"outputs": OUTPUTS, "loss": 0.5, "weights": weights},
    ):
        found = answer(returned)
        assert found.loss == 0.5
        for name, array in WEIGHTS.items():
            np.testing.assert_array_equal(found.weights[name], array)


def test_weights_may_stand_one_by_one_and_without_a_loss():
    for returned in ((OUTPUTS, 0.5, *WEIGHTS.values()), (OUTPUTS, *WEIGHTS.values()), (OUTPUTS, WEIGHTS)):
        np.testing.assert_array_equal(answer(returned).weights["W1"], WEIGHTS["W1"])
    some = answer((OUTPUTS, 0.5, {"W2": WEIGHTS["W2"]}))
    assert list(some.weights) == ["W2"]


@pytest.mark.parametrize(
    ("returned", "says"),
    [
        (None, "returns no outputs; end it with: return outputs"),
        ((), "returns no outputs"),
        ({"loss": 1.0}, "returns no outputs"),
        ({"output": OUTPUTS}, "returns a dict with 'output'; did you mean outputs?"),
        (OUTPUTS[:3], r"outputs of shape \(3, 1\); \(samples, outputs\) are \(4, 1\) here"),
        (np.ones((4, 2)), r"outputs of shape \(4, 2\)"),
        (0.5, r"outputs of shape \(\)"),
        ("text", "returns outputs of type str, which cannot be read as an array of numbers"),
        ((n for n in range(4)), "of type generator"),
        ([[1], [2, 3]], "returns outputs of shape"),
        ((OUTPUTS, "text"), "returns a loss of type str, which cannot be read"),
        ((OUTPUTS, 0.5, {"W3": OUTPUTS}), "returns weights 'W3'; it may be one of W1, b1, W2, b2"),
        ((OUTPUTS, 0.5, {"W1": np.ones((3, 3))}), r"weights W1 of shape \(3, 3\); here they are \(2, 3\)"),
        ((OUTPUTS, 0.5, {"W1": np.ones((1, 2, 3))}), r"weights W1 of shape \(1, 2, 3\)"),
        ((OUTPUTS, 0.5, [1, 2, 3]), "returns 3 arrays of weights; here they are W1, b1, W2, b2"),
        ({"outputs": OUTPUTS, "loss": [1, 2]}, r"returns a loss of shape \(2,\); it must be one number"),
    ],
)
def test_what_cannot_be_understood_is_one_sentence(returned, says):
    with pytest.raises(RunnerError, match=says):
        answer(returned)
