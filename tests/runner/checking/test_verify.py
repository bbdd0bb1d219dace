"""Readers of the five documents, and what `verify` says to them."""

import numpy as np
import pytest
from typer.testing import CliRunner

import runner
from runner import commands
from runner.checking.printing import sentences
from runner.checking.verify import verify
from runner.errors import RunnerError
from tests import documents
from tests.runner.checking.students import sigmoid, training
from tests.runner.running import command, one_sentence

invoke = CliRunner().invoke

# Document 000 as it is pasted, with two functions beneath: it prints outputs from before its last update.
XOR_CONSTANT = """\
import numpy as np

def sigmoid(x):
  return 1.0/(1 + np.exp(-x))

def sigmoid_derivative(x):
  return x * (1.0 - x)

class NeuralNetwork:
  def __init__(self, x, y):
    self.input = x
    self.weights1 = np.random.rand(self.input.shape[1], 4)
    self.weights2 = np.random.rand(4, 1)
    self.y = y
    self.output = np.zeros(y.shape)

  def feedforward(self):
    self.layer1 = sigmoid(np.dot(self.input, self.weights1))
    self.output = sigmoid(np.dot(self.layer1, self.weights2))

  def backprop(self):
    d_weights2 = np.dot(self.layer1.T, (2*(self.y - self.output) * sigmoid_derivative(self.output)))
    d_weights1 = np.dot(self.input.T, (np.dot(2*(self.y - self.output) * sigmoid_derivative(self.output),
                                              self.weights2.T) * sigmoid_derivative(self.layer1)))
    self.weights1 += d_weights1
    self.weights2 += d_weights2

def train(inputs, targets):
  nn = NeuralNetwork(inputs, targets)
  for i in range(1500):
    nn.feedforward()
    nn.backprop()
  print(nn.output)
  return nn.output

def train_and_answer(inputs, targets):
  nn = NeuralNetwork(inputs, targets)
  for i in range(1500):
    nn.feedforward()
    nn.backprop()
  nn.feedforward()
  return nn.output, np.sum((targets - nn.output)**2), [nn.weights1, nn.weights2]
"""

SMALL = {"name": "small", "task": "xor", "training": {"epochs": 10}}


@pytest.mark.parametrize(
    ("experiment", "document"),
    {
        "xor": documents.xor_constant,
        "xor_no_constant": documents.xor_no_constant,
        "patterns": documents.patterns,
        "exam": documents.exam,
        "gender": documents.gender,
    }.items(),
)
def test_each_document_trains_as_its_experiment(experiment, document):
    def train(seed, epochs):
        run = document(seed, epochs=epochs)
        return run.outputs, run.final_loss, run.weights

    found = verify(train, experiment, seeds=3)
    assert found.verdict in ("rounding", "same bits")
    assert [comparison.seed for comparison in found.seeds] == [0, 1, 2]
    for comparison in found.seeds:
        assert comparison.telling
        assert comparison.outputs <= comparison.rounding < 1e-12
        assert comparison.weights < 1e-9
        assert comparison.loss < 1e-12
    assert found.notes == ()


def test_the_same_bits_are_said_to_be_the_same():
    trained = {seed: runner.trace(SMALL, seed).outputs[-1] for seed in range(3)}
    found = verify(lambda seed: trained[seed], SMALL, seeds=3)
    assert found.verdict == "same bits"
    assert {comparison.outputs for comparison in found.seeds} == {0.0}
    found = verify(lambda seed: trained[seed] + (seed == 2) * 1e-15, SMALL, seeds=3)
    assert [comparison.verdict for comparison in found.seeds] == ["same bits", "same bits", "rounding"]
    assert found.verdict == "rounding"


def test_pasted_code_is_verified_from_the_command_line(tmp_path):
    (tmp_path / "mine.py").write_text(XOR_CONSTANT)
    done = command("verify", f"{tmp_path / 'mine.py'}:train", "xor", "--seeds", 2)
    assert (done.returncode, done.stderr) == (1, "")
    assert "Another algorithm" in done.stdout
    assert (
        "before the last update: after one epoch less (ours does so with --set 'training.epochs=1499')" in done.stdout
    )
    agrees = invoke(
        commands.app,
        ["verify", f"{tmp_path / 'mine.py'}:train", "xor", "--seeds", "2", "--set", "training.epochs=1499"],
    )
    assert agrees.exit_code == 0
    assert "The same but for rounding" in agrees.output
    answering = invoke(commands.app, ["verify", f"{tmp_path / 'mine.py'}:train_and_answer", "xor", "--seeds", "2"])
    assert answering.exit_code == 0
    lines = answering.output.splitlines()
    assert lines[0] == "xor: 3-4-1, no biases, learning rate 1, batch, sse; np.random is seeded before each call"
    assert lines[1] == "largest differences after 1,500 epochs"
    assert lines[2].split() == ["seed", "outputs", "weights", "loss"]
    assert [line.split()[0] for line in lines[3:5]] == ["0", "1"]
    assert lines[-1] == "Note: its loss is 4 times ours, the mean of the squared errors."


def test_a_function_that_ignores_the_seed_is_told_so():
    found = verify(training("one seed"), SMALL, seeds=3)
    assert [comparison.verdict for comparison in found.seeds] == ["rounding", *["another algorithm"] * 2]
    assert found.notes == (
        "it gives the same outputs for every seed, so that it does not draw its weights from the seed",
    )


def test_what_no_cause_explains_is_left_unexplained():
    found = verify(lambda inputs, targets, seed: targets * 0.5 + seed * 0.1 + 0 * inputs[:, :1], SMALL, seeds=2)
    assert (found.verdict, found.explanations) == ("another algorithm", ())
    found = verify(lambda seed: documents.xor_constant(seed, 10).outputs, SMALL | {"network": {"hidden": 3}}, seeds=2)
    assert found.notes == ("it does not take inputs and targets; those that it has may be others",)


def test_weights_of_another_epoch_are_noticed():
    def train(seed):
        run = documents.xor_no_constant(seed, 10)
        return run.outputs, None, documents.xor_no_constant(seed, 9).weights

    found = verify(train, SMALL, seeds=2)
    assert (found.verdict, found.explanations) == ("another algorithm", ())
    assert found.notes[0].startswith("its outputs are ours and its weights are not")
    said = list(sentences(found))
    assert "have the same outputs, but weights up to" in said[0]
    assert said[1].startswith("Note: its outputs are ours")


def test_a_long_training_says_that_not_all_was_tried():
    content = SMALL | {"training": {"epochs": 25_001}, "convergence": {"stop": True, "threshold": 0.3}}
    found = verify(lambda inputs, targets: targets + 0 * inputs[:, :1], content, seeds=1)
    assert found.notes == ("100,004 steps are too many to try every cause; after fewer epochs all are tried",)


def _sensitive():
    """An experiment whose one training grows rounding to the size of the outputs (seed 27 at learning rate 5)."""
    stream = np.random.RandomState(27)
    W1, W2 = stream.rand(3, 4), stream.rand(4, 1)
    return {
        "name": "sensitive",
        "task": "xor-constant",
        "init": {"distribution": "given", "W1": W1.tolist(), "W2": W2.tolist()},
        "training": {"learning_rate": 5.0, "epochs": 400},
    }


def _from_given(inputs, targets, W1, W2, learning_rate, epochs):
    for _ in range(epochs):
        hidden = sigmoid(inputs @ W1)
        outputs = sigmoid(hidden @ W2)
        deltas = 2 * (targets - outputs) * outputs * (1 - outputs)
        W1 += learning_rate * inputs.T @ (deltas @ W2.T * hidden * (1 - hidden))
        W2 += learning_rate * hidden.T @ deltas
    return sigmoid(sigmoid(inputs @ W1) @ W2)


def test_where_rounding_grows_too_much_fewer_epochs_decide():
    shown = []
    found = verify(_from_given, _sensitive(), progress=shown.append)
    assert found.verdict == "rounding"
    assert [comparison.epochs for comparison in shown] == [400, 20]
    assert [comparison.telling for comparison in shown] == [False, True]
    assert shown[0].rounding > 0.01
    assert found.seeds == (shown[1],)
    with pytest.raises(RunnerError, match=r"after 400 epochs rounding has grown too much.*epochs=20"):
        verify(lambda inputs, targets, W1, W2: _from_given(inputs, targets, W1, W2, 5.0, 400), _sensitive())


def test_networks_that_diverge_alike_agree():
    content = SMALL | {
        "training": {"epochs": 10, "learning_rate": 1e30, "objective": "sse"},
        "network": {"bias": False},
    }
    content |= {"init": {"low": -1e29, "high": 1e30}}
    found = verify(training(order=("W1", "W2")), content, seeds=3)
    assert found.verdict in ("rounding", "same bits")


def test_verify_is_there_from_python():
    assert runner.verify is verify
    with pytest.raises(RunnerError, match="seeds = 0"):
        verify(training(), SMALL, seeds=0)


def test_what_cannot_be_verified_is_one_sentence_and_code_2(tmp_path):
    (tmp_path / "mine.py").write_text("def train(inputs, targets, seed):\n    return inputs[99]\n")
    done = command("verify", f"{tmp_path / 'mine.py'}:train", "xor")
    assert done.returncode == 2
    assert f"{tmp_path / 'mine.py'}, line 2: " in one_sentence(done.stderr)
    unknown = invoke(commands.app, ["verify", f"{tmp_path / 'mine.py'}:train", "xro"])
    assert isinstance(unknown.exception, RunnerError)
    assert "xro" in str(unknown.exception)
