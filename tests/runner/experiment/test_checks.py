import time

import pytest

from runner.errors import RunnerError
from runner.experiment.reading import read

BASE = {"name": "a", "task": "xor"}
NORMAL = {"init": {"distribution": "normal"}}
CLASSES = {"convergence": {"metric": "classification"}}
GIVEN = {
    "network": {"hidden": 2, "bias": True},
    "init": {"distribution": "given", "W1": [[1, 2], [3, 4]], "b1": [1, 2], "W2": [[1], [2]], "b2": [0]},
}


def given_without(key, **other):
    init = {name: value for name, value in GIVEN["init"].items() if name != key}
    return GIVEN | {"init": init | other}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"init": {"low": 2}}, ["init.low", "2 is not below 1"]),
        ({"init": {"low": 1}}, ["init.low"]),
        ({"sweep": {"low": [0, 0.5], "high": [0.5, 1]}}, ["sweep.high", "0.5 is not below 0.5"]),
        ({"training": {"update": "online", "objective": "mse"}}, ['training.objective = "mse"', '"half-sse"']),
        ({"task": "and", "sweep": {"update": ["batch", "online"]}}, ['training.objective = "mse"']),
        ({"training": {"update": "online"}, "sweep": {"objective": ["sse", "mse"]}}, ['sweep.objective = "mse"']),
        ({"task": "exam"} | CLASSES, ["convergence.metric", "output 0", "one side"]),
        ({"task": "exam", "sweep": {"metric": ["loss", "classification"]}}, ["sweep.metric", "one side"]),
        ({"task": {"inputs": [[0], [1]], "targets": [[0.5], [1]]}} | CLASSES, ["target of 0.5"]),
        ({"record": {"probes": [[1, 2, 3]]}}, ["record.probes", "2 numbers"]),
        ({"init": {"order": ["W1"]}}, ["init.order", "leaves out W2"]),
        ({"init": {"order": ["W1", "W1.T", "W2"]}}, ["W1 twice"]),
        ({"init": {"order": ["W1", "W2"]}, "network": {"bias": True}}, ["leaves out b1"]),
        ({"init": {"order": ["W1", "W2"]}, "sweep": {"bias": [False, True]}}, ["leaves out b1"]),
        ({"init": {"W1": [[1]]}}, ["init.W1", "no effect", "given"]),
        (NORMAL | {"sweep": {"low": [0, 1]}}, ["sweep.low", "no effect", "normal"]),
        (CLASSES | {"sweep": {"threshold": [0.1, 0.2]}}, ["sweep.threshold", "no effect"]),
        (given_without("b1"), ["init.b1", "missing", "2 numbers"]),
        (given_without("W2", W2=[[1, 2]]), ["init.W2", "2 x 1"]),
        (given_without("W2", W2=[]), ["init.W2", "2 x 1"]),
        (given_without("b2", b2=[1, 2]), ["init.b2", "1 numbers"]),
        (GIVEN | {"network": {"hidden": 2, "bias": False}}, ["init.b1", "no effect", "bias"]),
        (GIVEN | {"network": {"hidden": 3}}, ["init.W1", "2 x 3", "hidden = 3"]),
        (GIVEN | {"sweep": {"seeds": 2}}, ["sweep.seeds", "second seed"]),
        (GIVEN | {"sweep": [{"seeds": [0]}, {"seeds": [1]}]}, ["sweep.seeds", "second seed"]),
        (GIVEN | {"sweep": {"hidden": [2, 3]}}, ["sweep.hidden", "one network"]),
        (GIVEN | {"sweep": {"bias": [True, False]}}, ["sweep.bias", "one network"]),
        (GIVEN | {"sweep": {"generator": ["mt19937", "pcg64"]}}, ["sweep.generator", "no effect"]),
        ({"task": "encoder-1000", "network": {"hidden": 501}}, ["network.hidden", "1,002,000 weights"]),
        ({"record": {"curve": {"every": 1}}, "training": {"epochs": 10_000_000}}, ["record.curve", "1,000,000"]),
    ],
)
def test_keys_that_contradict_each_other_are_refused(content, words):
    with pytest.raises(RunnerError) as refused:
        read(BASE | content)
    for word in words:
        assert word in str(refused.value)


def test_in_several_grids_the_grid_is_named():
    with pytest.raises(RunnerError, match=r"sweep\[1\]\.low"):
        read(BASE | {"sweep": [{"low": [0]}, {"low": [0.5, 2]}]})


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"task": {"inputs": [[0], [1]], "targets": [[0], [1.5]]}}, "1.5 lies outside"),
        ({"sweep": {"objective": ["sse", "mse"], "learning_rate": [0.1, 1]}}, "mse, sse stand beside"),
        ({"sweep": [{"objective": ["sse", "mse"]}, {"learning_rate": [0.1, 1]}]}, "stand beside"),
        (NORMAL | {"init": {"distribution": "normal", "low": 0}}, "init.low has no effect"),
        ({"init": {"mean": 0}}, "init.mean has no effect"),
        ({"convergence": {"metric": "classification", "threshold": 0.1}}, "threshold has no effect"),
        (given_without("", order=["W1", "b1", "W2", "b2"]), "init.order has no effect"),
        ({"record": {"curve": [5000, 10]}}, "no trial reaches epoch 5000"),
    ],
)
def test_what_seldom_means_what_was_intended_gets_a_warning(content, words):
    (warning,) = read(BASE | content).warnings
    assert words in warning


@pytest.mark.parametrize(
    "content",
    [
        {},
        GIVEN,
        CLASSES,
        {"init": {"distribution": "normal"}},
        {"sweep": {"objective": ["sse", "mse"], "learning_rate": [1]}},
        {"sweep": {"metric": ["loss", "classification"], "threshold": [0.1, 0.2]}},
        {"training": {"learning_rate": 0, "momentum": 7, "epochs": 0}},
    ],
)
def test_what_is_sound_gets_no_warning(content):
    assert read(BASE | content).warnings == ()


def test_a_product_of_axes_is_counted_and_not_expanded():
    axes = {key: {"start": 0.1, "stop": 0.9, "num": 1000} for key in ("learning_rate", "momentum", "threshold")}
    start = time.perf_counter()
    assert len(read(BASE | {"sweep": axes | {"seeds": 10}}).grids[0].axes) == 3
    with pytest.raises(RunnerError, match="11,000,000,000 trials"):
        read(BASE | {"sweep": axes | {"seeds": 11}})
    assert time.perf_counter() - start < 30  # expanding the product would take hours
