import numpy as np
import pytest

from runner.errors import RunnerError
from runner.experiment.reading import read
from runner.experiment.tasks import TASKS, named, recipe


def test_exam_is_scaled_as_numpy_scales_it():
    exam = named("exam")
    X, y = np.array([[2, 9], [1, 5], [3, 6]], dtype=float), np.array([[92], [86], [89]], dtype=float)
    probe = np.array([4, 8], dtype=float)
    assert np.array_equal(exam.inputs, X / np.amax(X, axis=0))
    assert np.array_equal(exam.targets, y / 100)
    assert np.array_equal(exam.probes, [probe / np.amax(probe, axis=0)])


@pytest.mark.parametrize(
    ("task", "shape", "order"),
    [
        ("xor", (4, 2, 4, 1), ("W1", "W2")),
        ("xor-constant", (4, 3, 4, 1), ("W1", "W2")),
        ("exam", (3, 2, 3, 1), ("W1", "W2")),
        ("patterns", (3, 4, 3, 1), ("W1", "b1", "W2", "b2")),
        ("gender", (4, 2, 2, 1), ("W1.T", "W2", "b1", "b2")),
    ],
)
def test_recipes_have_the_documents_shapes_and_draws(task, shape, order):
    found = read({"name": "a", "task": task})
    samples, outputs = np.shape(found.task.targets)
    assert (samples, len(found.task.inputs[0]), found.network.hidden, outputs) == shape
    assert found.init.order == order
    assert found.network.bias is ("b1" in order)


@pytest.mark.parametrize(
    ("task", "training"),
    [
        ("xor", (1.0, 1500, "batch", "sse")),
        ("xor-constant", (1.0, 1500, "batch", "sse")),
        ("exam", (1.0, 1000, "batch", "half-sse")),
        ("patterns", (0.0001, 1, "batch", "half-sse")),
        ("gender", (0.1, 1000, "online", "sse")),
    ],
)
def test_recipes_train_as_the_documents_do(task, training):
    found = read({"name": "a", "task": task}).training
    assert (found.learning_rate, found.epochs, found.update, found.objective) == training
    assert found.momentum == 0


def test_recipes_draw_as_the_documents_do():
    drawn = {task: read({"name": "a", "task": task}).init for task in ("xor", "patterns", "exam", "gender")}
    assert {task: (init.distribution, init.low, init.high) for task, init in drawn.items()} == {
        "xor": ("uniform", 0.0, 1.0),
        "patterns": ("uniform", 0.0, 1.0),
        "exam": ("normal", -1.0, 1.0),
        "gender": ("normal", -1.0, 1.0),
    }
    assert all((init.generator, init.mean, init.std, init.scale) == ("mt19937", 0, 1, 1) for init in drawn.values())


def test_a_recipe_can_be_changed_without_changing_the_next():
    recipe("xor")["network"]["hidden"] = 99
    assert recipe("xor")["network"]["hidden"] == 4
    assert recipe("and") == {}


def test_parity_counts_the_ones():
    task = named("parity-3")
    assert len(task.inputs) == 8
    assert all(target == (sum(bits) % 2,) for bits, target in zip(task.inputs, task.targets, strict=True))
    assert (named("parity-2").inputs, named("parity-2").targets) == (named("xor").inputs, named("xor").targets)


def test_an_encoder_answers_its_input():
    task = named("encoder-4")
    assert task.inputs == task.targets
    assert np.array_equal(task.inputs, np.eye(4))


def test_the_largest_of_each_family_fits():
    assert len(named("parity-15").inputs) == 2**15
    assert len(named("encoder-1000").inputs) == 1000


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("xr", "did you mean xor?"),
        ("XOR", "did you mean xor?"),
        ("", "there is no such task"),
        ("parity", "parity-N"),
        ("parity-N", "2 to 15"),
        ("parity-1", "2 to 15"),
        ("parity-16", "2 to 15"),
        ("parity-03", "2 to 15"),
        ("encoder-1001", "2 to 1000"),
        ("parity-99999999999999999999", "2 to 15"),
        ("encoder-٣", "2 to 1000"),
    ],
)
def test_other_names_are_refused(name, words):
    with pytest.raises(RunnerError, match=words):
        named(name)


def test_every_named_task_reads():
    for name, entry in TASKS.items():
        task = name.replace("N", "3")
        assert read({"name": "a", "task": task}).task == named(task)
        assert named(task).name == task
        assert entry.description


def test_the_patterns_recipe_gives_the_weights_that_its_document_prints():
    patterns = read("patterns")
    X, y = np.array(patterns.task.inputs), np.array(patterns.task.targets)
    stream = np.random.RandomState(99)
    W1, b1, W2, b2 = (stream.random_sample(shape) for shape in ((4, 3), 3, (3, 1), 1))
    h = 1 / (1 + np.exp(-(X @ W1 + b1)))
    o = 1 / (1 + np.exp(-(h @ W2 + b2)))
    d_output = (y - o) * o * (1 - o)
    d_hidden = d_output @ W2.T * h * (1 - h)
    rate = patterns.training.learning_rate
    assert np.round(W2 + rate * h.T @ d_output, 8).ravel().tolist() == [0.39545058, 0.97394962, 0.52440853]
    assert np.round((W1 + rate * X.T @ d_hidden)[0], 8).tolist() == [0.67227883, 0.48807905, 0.82549527]
    assert np.round(b1 + rate * d_hidden.sum(0), 8).tolist() == [0.37743814, 0.49414702, 0.92894798]
    assert np.round(b2 + rate * d_output.sum(0), 8).tolist() == [0.09360602]
