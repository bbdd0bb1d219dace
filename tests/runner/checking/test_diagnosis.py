import pytest

from runner.checking.verify import verify
from runner.experiment.reading import read
from tests.runner.checking.students import training

PLAIN = {"name": "plain", "task": "xor-constant", "training": {"epochs": 40, "learning_rate": 0.7}}
BIASED = {
    "name": "biased",
    "task": "xor",
    "network": {"hidden": 3, "bias": True},
    "init": {"low": -1.5, "high": 1.0, "order": ["W1", "b1", "W2", "b2"]},
    "training": {"epochs": 40, "learning_rate": 0.7, "objective": "mse"},
}
ONLINE = BIASED | {"training": {"epochs": 20, "learning_rate": 0.7, "objective": "half-sse", "update": "online"}}
MOMENTUM = BIASED | {"training": {"epochs": 20, "learning_rate": 0.7, "objective": "sse", "momentum": 0.6}}
THREE = {"inputs": [[0, 0], [0, 1], [1, 0], [1, 1]], "targets": [[0, 0, 1], [1, 0, 1], [1, 0, 0], [0, 1, 0]]}
SEVERAL = BIASED | {"task": THREE, "training": {"epochs": 20, "learning_rate": 0.7, "objective": "mse"}}
STOPPING = PLAIN | {"convergence": {"threshold": 0.2, "stop": True}}

# Mistakes, where they are made, and words of what has to be found; the last says how ours is made to do the same.
MISTAKES = [
    ("doubled", ONLINE, "the sum of the squared errors, and its gradient is 2 times", 'training.objective="sse"'),
    ("doubled", PLAIN, "its gradient is 2 times ours", "training.learning_rate=1.4"),
    ("halved", PLAIN, "half the sum of the squared errors, and its gradient is 0.5 times", 'objective="half-sse"'),
    ("mean", PLAIN, "the mean of the squared errors, and its gradient is 0.25 times ours", 'objective="mse"'),
    ("outputs", SEVERAL, "its gradient is 3 times ours, as if by 3 outputs", "learning_rate="),
    ("twice", PLAIN, "it applies the learning rate twice", "training.learning_rate=0.48999999999999994"),
    ("uphill", PLAIN, "uphill", None),
    ("one less", PLAIN, "before the last update: after one epoch less", "training.epochs=39"),
    ("one more", ONLINE, "one epoch more", "training.epochs=21"),
    ("untrained", PLAIN, "those of the initial weights", "training.epochs=0"),
    ("early", ONLINE, "within the last epoch", None),
    ("stops", PLAIN | {"convergence": {"threshold": 0.25}}, "it stops at convergence", "convergence.stop=true"),
    ("other update", PLAIN, "after every sample (online)", 'training.update="online"'),
    ("other update", ONLINE, "once an epoch (batch)", 'training.update="batch"'),
    ("backwards", ONLINE, "from the last to the first", None),
    ("output first", PLAIN, "updates the output weights before", None),
    ("output first", ONLINE, "updates the output weights before", None),
    ("no momentum", MOMENTUM, "it has no momentum", "training.momentum=0.0"),
    ("some momentum", PLAIN, "it has a momentum of 0.9", "training.momentum=0.9"),
    ("average", MOMENTUM, "its velocity is an average", "training.learning_rate=0.27999999999999997"),
    ("nesterov", MOMENTUM, "takes the gradient where the velocity leads", None),
    ("keras", MOMENTUM, "in the form of Keras", None),
    ("turned", MOMENTUM, "the sign of its momentum", None),
    ("no biases", BIASED, "it has no biases", "network.bias=false"),
    ("zero biases", BIASED, "its biases start at 0", None),
    ("fixed biases", BIASED, "does not update its biases", None),
    ("extra biases", PLAIN, "it has biases, which it draws after all weights", "network.bias=true"),
    ("extra zero biases", PLAIN, "it has biases, which start at 0", None),
    ("transposed", PLAIN, "W1 hidden unit by hidden unit", 'init.order=["W1.T", "W2"]'),
    ("transposed", SEVERAL, "both unit by unit", 'init.order=["W1.T", "b1", "W2.T", "b2"]'),
    ("W2 first", PLAIN, "W2 before W1", 'init.order=["W2", "W1"]'),
    ("biases first", BIASED, "all biases before the weights", 'init.order=["b1", "b2", "W1", "W2"]'),
    ("biases last", BIASED, "all weights and then the biases", 'init.order=["W1", "W2", "b1", "b2"]'),
    ("units", BIASED, "each unit's bias after its weights", None),
    ("pcg64", PLAIN, "from np.random.default_rng", 'init.generator="pcg64"'),
    ("python", BIASED, "from Python's own random", None),
    ("minus one", PLAIN, "it draws from U[-1, 1)", "init.low=-1.0"),
    ("normal", PLAIN, "it draws from N(0, 1)", 'init.distribution="normal"'),
    ("scaled", BIASED, "1/sqrt(fan_in)", 'init.scale="1/sqrt(fan_in)"'),
    ("float32", PLAIN, "it computes in float32", 'training.precision="float32"'),
    ("output sum", PLAIN, "from a unit's weighted sum, not from its activation, of the outputs", None),
    ("hidden sum+output sum", PLAIN, "weighted sum, not from its activation, in both layers", None),
    ("hidden twice", PLAIN, "one sigmoid too many, of the hidden units", None),
    ("output none", PLAIN, "leaves out the slope, of the outputs", None),
    ("twice+transposed", PLAIN, "the learning rate twice; and it draws W1", 'init.order=["W1.T", "W2"]'),
    ("one less+pcg64", BIASED, "one epoch less; and it draws from np.random.default_rng", "training.epochs=39"),
    ("halved+output first", PLAIN, "0.5 times ours; and it updates the output weights before", None),
    ("halved+minus one+one less", PLAIN, "one epoch less; it descends half", "training.epochs=39"),
    ("minus one+hidden none", PLAIN, "it draws from U[-1, 1); and it leaves out the slope, of the hidden", None),
]


@pytest.mark.parametrize("content", [PLAIN, BIASED, ONLINE, MOMENTUM, SEVERAL, STOPPING])
def test_a_student_without_mistakes_differs_by_rounding(content):
    found = verify(training(), content, seeds=4)
    assert found.verdict in ("rounding", "same bits")
    assert all(comparison.telling for comparison in found.seeds)
    assert (found.explanations, found.notes) == ((), ())


@pytest.mark.parametrize(("mistake", "content", "words", "override"), MISTAKES)
def test_a_mistake_is_named(mistake, content, words, override):
    found = verify(training(mistake), content, seeds=4)
    assert found.verdict == "another algorithm"
    told = [explanation for explanation in found.explanations if words in explanation.text]
    assert len(told) == 1, found.explanations
    if override is None:
        assert told[0].overrides is None
        return
    assert any(override in written for written in told[0].overrides)
    again = verify(_with_own_values(mistake, content), content, seeds=4, overrides=told[0].overrides)
    assert again.verdict in ("rounding", "same bits")


def _with_own_values(mistake, content):
    """The same student, who keeps to the values of the first experiment whatever it is changed to."""
    first = read(content)
    values = {key: getattr(first.network, key) for key in ("hidden", "bias")}
    values |= {key: getattr(first.init, key) for key in ("low", "high")}
    values |= {
        key: getattr(first.training, key) for key in ("learning_rate", "momentum", "epochs", "update", "objective")
    }
    return lambda inputs, targets, seed: training(mistake)(
        inputs, targets, seed, **values, order=first.init.order, threshold=first.convergence.threshold
    )
