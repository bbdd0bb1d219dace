import pytest

from runner.errors import RunnerError
from runner.experiment.reading import read

BASE = {"name": "a", "task": "xor"}


def axes(content, *overrides):
    return [{axis.key: axis.values for axis in grid.axes} for grid in read(BASE | content, overrides).grids]


def test_a_base_value_is_overridden():
    found = read(BASE, ["training.learning_rate=0.5", "network.hidden = 7", "name=b", "task=exam"])
    assert (found.training.learning_rate, found.network.hidden, found.name, found.task.name) == (0.5, 7, "b", "exam")


def test_values_are_toml_or_else_text():
    found = read(BASE, ["description=two words", 'name="quoted"', "training.precision=float32", "record.curve=[1,2]"])
    assert (found.description, found.name, found.training.precision) == ("two words", "quoted", "float32")
    assert found.record.curve == (1, 2)
    assert read(BASE, ["description=1\nname = 2"]).description == "1\nname = 2"


def test_an_overridden_axis_becomes_one_value_in_every_grid_that_has_it():
    grids = {"sweep": [{"hidden": [2, 3], "learning_rate": [1]}, {"learning_rate": [2, 3]}, {"hidden": [4]}]}
    assert axes(grids, "training.learning_rate=0.5") == [
        {"hidden": (2, 3), "learning_rate": (0.5,)},
        {"learning_rate": (0.5,)},
        {"hidden": (4,)},
    ]


def test_an_axis_is_set_in_every_grid():
    grids = {"sweep": [{"hidden": [2, 3]}, {"seeds": 3}]}
    assert axes(grids, "sweep.hidden=[5]", "sweep.bias=[true]") == [{"hidden": (5,), "bias": (True,)}] * 2
    assert axes({}, "sweep.seeds={first=1, count=2}") == [{}]
    assert read(BASE, ["sweep.seeds=5"]).grids[0].seeds == range(5)


def test_the_source_is_left_alone():
    content = BASE | {"sweep": {"hidden": [1, 2]}, "network": {"hidden": 3}}
    read(content, ["network.hidden=7"])
    assert content["network"] == {"hidden": 3}
    assert content["sweep"] == {"hidden": [1, 2]}


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("", ["KEY=VALUE"]),
        ("training.learning_rate", ["KEY=VALUE"]),
        ("training.learning_rate=", ["KEY=VALUE"]),
        ("=1", ["KEY=VALUE"]),
        ("learning_rate=1", ["write training.learning_rate"]),
        ("seeds=1", ["write sweep.seeds"]),
        ("network=1", ["network.KEY"]),
        ("sweep=1", ["sweep.KEY"]),
        ("nam=a", ["did you mean name?"]),
        ("trainin.learning_rate=1", ["did you mean training?"]),
        ("task.csv=a", ["no table task"]),
        ("training.learning_rte=1", ["--set", "training.learning_rte = 1", "did you mean learning_rate?"]),
        ("training.learning_rate=fast", ["--set", 'training.learning_rate = "fast"', "number"]),
        ("training.learning_rate=[1, 2]", ["--set", "number"]),
        ("sweep.learning_rate=1", ["--set", "[1]"]),
        ("sweep.seeds=-1", ["--set", "sweep.seeds"]),
        ("network.hidden=true", ["--set", "whole number"]),
        ("task=xr", ["--set", "did you mean xor?"]),
        ("network.hidden=0x" + "f" * 5000, ["1e30"]),
    ],
)
def test_what_cannot_be_set_is_refused(override, words):
    with pytest.raises(RunnerError) as refused:
        read(BASE, [override])
    for word in words:
        assert word in str(refused.value)


def test_errors_of_the_file_are_still_the_files():
    with pytest.raises(RunnerError, match=r"^the experiment: network"):
        read(BASE | {"network": {"hidden": 0}}, ["training.epochs=3"])


def test_a_file_that_is_wrong_anyway_does_not_break_overriding():
    for content in ({"training": 3}, {"sweep": 3}, {"sweep": [3]}):
        with pytest.raises(RunnerError):
            read(BASE | content, ["training.epochs=3", "sweep.seeds=3"])
