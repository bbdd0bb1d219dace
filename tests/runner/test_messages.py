import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.errors import RunnerError
from runner.experiment.reading import read
from runner.messages import nearest, shown

BASE = {"name": "a", "task": "xor"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"task": "xor"}, ["name", "missing"]),
        ({"name": "a"}, ["task", "missing"]),
        ({"name": "A b", "task": "xor"}, ['name = "A b"', "lower-case"]),
        ({"name": "../a", "task": "xor"}, ["lower-case"]),
        ({"name": "a\n", "task": "xor"}, ["lower-case"]),
        ({"name": "", "task": "xor"}, ["lower-case"]),
        ({"name": 3, "task": "xor"}, ["name = 3", "text in quotes"]),
        (BASE | {"task": "xr"}, ['task = "xr"', "did you mean xor?"]),
        (BASE | {"task": 5}, ["task = 5", "table"]),
        (BASE | {"network": {"hiden": 4}}, ["network.hiden = 4", "did you mean hidden?"]),
        (BASE | {"netwrk": {"hidden": 4}}, ["netwrk", "no such table", "did you mean network?"]),
        (BASE | {"network": 4}, ["network = 4", "table"]),
        (BASE | {"network": {"learning_rate": 1}}, ["network.learning_rate = 1", "belongs in [training]"]),
        (BASE | {"learning_rate": 1}, ["learning_rate = 1", "belongs in [training]"]),
        (BASE | {"seeds": 10}, ["seeds = 10", "belongs in [sweep]"]),
        (BASE | {"seed": 10}, ["belongs in [sweep], as seeds"]),
        (BASE | {"training": {"seeds": 10}}, ["training.seeds", "belongs in [sweep]"]),
        (BASE | {"network": {"hidden": True}}, ["network.hidden = true", "whole number"]),
        (BASE | {"network": {"hidden": 4.0}}, ["network.hidden = 4.0", "whole number"]),
        (BASE | {"network": {"bias": 1}}, ["network.bias = 1", "true or false"]),
        (BASE | {"training": {"learning_rate": True}}, ["training.learning_rate = true", "a number"]),
        (BASE | {"training": {"learning_rate": -1}}, ["training.learning_rate = -1", "at least 0"]),
        (BASE | {"training": {"learning_rate": float("inf")}}, ["finite"]),
        (BASE | {"training": {"learning_rate": float("nan")}}, ["finite"]),
        (BASE | {"training": {"learning_rate": 2e30}}, ["at most 1e+30"]),
        (BASE | {"training": {"epochs": 1_000_000_001}}, ["at most 1,000,000,000"]),
        (BASE | {"training": {"epochs": 10**40}}, ["training.epochs", "1e30"]),
        (BASE | {"training": {"objective": "ssse"}}, ['"ssse"', "did you mean sse?"]),
        (BASE | {"training": {"precision": 64}}, ["precision = 64", '"float64" or "float32"']),
        (BASE | {"convergence": {"threshold": 0}}, ["convergence.threshold = 0", "more than 0"]),
        (BASE | {"init": {"std": -1}}, ["init.std = -1", "at least 0"]),
        (BASE | {"init": {"scale": "1/sqrt"}}, ['init.scale = "1/sqrt"', "1/sqrt(fan_in)"]),
        (BASE | {"init": {"order": ["W1", "W3"]}}, ['init.order[1] = "W3"', "skip = n"]),
        (BASE | {"init": {"order": "W1"}}, ['init.order = "W1"', "list"]),
        (BASE | {"init": {"order": ["W1", {"skip": 0}]}}, ["init.order[1].skip = 0", "at least 1"]),
        (BASE | {"init": {"order": ["W1", {"skp": 1}]}}, ["init.order[1].skp", "did you mean skip?"]),
        (BASE | {"record": {"curve": {"evry": 3}}}, ["record.curve.evry", "did you mean every?"]),
        (BASE | {"record": {"curve": "all"}}, ['record.curve = "all"', "every = n"]),
        (BASE | {"record": {"curve": [0, -1]}}, ["record.curve[1] = -1", "at least 0"]),
        (BASE | {"record": {"probes": [[1, "x"]]}}, ['record.probes[0][1] = "x"', "number"]),
        (BASE | {"task": {"inputs": [[1]], "targets": [1]}}, ["task.targets[0] = 1", "list"]),
        (BASE | {"task": {"inputs": [[1]], "target": [[1]]}}, ["task.target", "did you mean targets?"]),
        (BASE | {"task": {"inputs": [[1]]}}, ["task.targets", "missing"]),
        (BASE | {"task": {"inputs": [[1], [2]], "targets": [[1]]}}, ["task", "2 rows of inputs and 1 of targets"]),
        (BASE | {"task": {"inputs": [[1], [2, 3]], "targets": [[1], [0]]}}, ["task.inputs", "rows of 1 and of 2"]),
        (BASE | {"task": {"csv": "a.csv", "input_columns": []}}, ["task.input_columns", "empty"]),
        ({"name": "a", 3: 4}, ["key must be text"]),
        ({"name": "a\ud800", "task": "xor"}, ["name"]),
    ],
)
def test_a_message_names_key_value_and_remedy(content, words):
    with pytest.raises(RunnerError) as refused:
        read(content)
    for word in words:
        assert word in str(refused.value)
    assert "pydantic" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_of_several_problems_the_first_in_file_order_is_named():
    first = {"training": {"epochs": -1, "learning_rate": -1}, "network": {"hidden": 0}, "name": "A"}
    with pytest.raises(RunnerError, match=r"training\.epochs"):
        read(first | {"task": "xor"})
    with pytest.raises(RunnerError, match=r"network\.hidden"):
        read({key: first[key] for key in ("network", "training", "name")})


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda s: st.lists(s) | st.dictionaries(st.text(), s),
    )
)
def test_any_value_is_shown_on_one_short_line(value):
    text = shown(value)
    assert len(text) <= 80
    assert "\n" not in text


@given(st.text(), st.lists(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1), min_size=1))
def test_a_hint_offers_a_word_that_exists(word, words):
    assert any(known in nearest(word, words) for known in words)


def test_plain_values_are_shown_as_toml_writes_them():
    assert shown({"a": [True, 1.5, "x"]}) == '{ a = [true, 1.5, "x"] }'
    assert json.loads(shown("ü")) == "ü"


def test_odd_keys_stand_in_quotes():
    with pytest.raises(RunnerError, match=r'network\."a\\nb" = 1'):
        read(BASE | {"network": {"a\nb": 1}})
