import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.experiment.reading import read
from runner.planning.identity import Identities
from runner.planning.plan import plan
from runner.tables.loading import load
from tests.runner.running import swept

BASE = {"name": "a", "task": "xor"}
TABLES = {
    "hidden": ("network", [1, 2, 5]),
    "bias": ("network", [False, True]),
    "generator": ("init", ["mt19937", "pcg64"]),
    "low": ("init", [-0.5, 0.0, 0.25]),
    "high": ("init", [1.0, 2.0]),
    "scale": ("init", [1.0, 0.5, "1/sqrt(fan_in)"]),
    "learning_rate": ("training", [0.0, 0.1, 1.0]),
    "momentum": ("training", [0.0, 0.9]),
    "epochs": ("training", [0, 10]),
    "update": ("training", ["batch", "online"]),
    "objective": ("training", ["sse", "half-sse"]),
    "precision": ("training", ["float64", "float32"]),
    "metric": ("convergence", ["loss", "max-error", "classification"]),
    "threshold": ("convergence", [0.01, 0.1]),
    "stop": ("convergence", [False, True]),
}


def hashes(content):
    laid_out = plan(read(content))
    return Identities(laid_out).of(np.arange(laid_out.configurations))


def base(values):
    """An experiment with these base values."""
    content = {**BASE}
    for key, value in values.items():
        table = TABLES[key][0]
        content[table] = content.get(table, {}) | {key: value}
    return content


def test_the_hash_of_a_configuration_never_changes():
    """It stands in published tables: another value here is a change that users see."""
    assert hashes(BASE | {"network": {"hidden": 3}}) == ["0c2d90ce05a7"]


def test_a_hash_is_twelve_hexadecimal_digits():
    assert re.fullmatch("[0-9a-f]{12}", *hashes(BASE))


@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_the_same_configuration_has_the_same_hash_whatever_is_swept(data):
    values = {key: data.draw(st.sampled_from(choices), label=key) for key, (_, choices) in TABLES.items()}
    if values["metric"] == "classification":
        del values["threshold"]
    (alone,) = hashes(base(values))
    axes = data.draw(st.lists(st.sampled_from(sorted(values)), unique=True, max_size=4))
    if "metric" in axes and "threshold" in axes:  # a threshold that is swept is part of a configuration
        axes.remove("threshold")
    sweep = {key: data.draw(st.permutations(TABLES[key][1]), label=f"axis {key}") for key in axes}
    content = base({key: value for key, value in values.items() if key not in axes}) | {"sweep": sweep or {"seeds": 1}}
    laid_out = plan(read(content))
    found = Identities(laid_out).of(np.arange(laid_out.configurations))
    assert len(set(found)) == len(found) == laid_out.configurations
    place = 0
    for key in axes:
        place = place * len(sweep[key]) + list(map(str, sweep[key])).index(str(values[key]))
    assert found[place] == alone


@pytest.mark.parametrize("key", ["bias", "metric"])
def test_what_one_value_leaves_without_effect_is_no_part_of_its_configuration(key):
    """The draws of biases that are not there, the threshold of a rule that has none."""
    choices = TABLES[key][1]
    alone = [value for choice in choices for value in hashes(base({key: choice}))]
    assert hashes(BASE | {"sweep": {key: choices, "hidden": [4]}}) == alone
    assert hashes(BASE | {"sweep": {"hidden": [2, 4], key: choices}})[len(choices) :] == alone
    assert hashes(BASE | {"sweep": {key: choices[::-1]}}) == alone[::-1]


def test_another_value_has_another_hash():
    one, seen = base({key: choices[0] for key, (_, choices) in TABLES.items()}), set()
    seen.update(hashes(one))
    for key, (table, choices) in TABLES.items():
        for other in choices[1:]:
            seen.update(hashes(one | {table: one[table] | {key: other}}))
    seen.update(hashes({**one, "task": "xor-constant"}))
    seen.update(hashes({**one, "sweep": {"W1[0,0]": [0.0, 0.5], "W1[1,0]": [0.0]}}))
    seen.update(hashes({**one, "init": one["init"] | {"order": ["W2", "W1"]}}))
    assert len(seen) == 1 + sum(len(choices) - 1 for _, choices in TABLES.values()) + 4


def test_a_hash_does_not_depend_on_names_records_and_seeds():
    other = {"name": "b", "description": "said", "record": {"weights": True}, "sweep": {"seeds": [3, 5]}}
    assert hashes(BASE | other) == hashes(BASE)
    inputs, targets = [[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]]
    written = {"network": {"hidden": 3}, "init": {"order": ["W1", "W2"]}, "training": {"learning_rate": 2.0}}
    written |= {"convergence": {"threshold": 0.1}}
    written["network"]["bias"] = False
    written["init"] |= {"low": 0.0, "high": 1.0}
    written["training"] |= {"epochs": 7, "objective": "sse"}
    own = {"name": "c", "task": {"inputs": inputs, "targets": targets}}
    assert hashes(own | written) == hashes(BASE | written)


def test_weight_axes_may_come_in_any_order_and_a_grid_without_them_is_as_drawn():
    both = {"W1[0,1]": [0.5], "W2[1,0]": [1]}
    assert hashes(BASE | {"sweep": both}) == hashes(BASE | {"sweep": dict(reversed(both.items()))})
    assert hashes(BASE | {"sweep": [both, {"seeds": 2}]}) == [*hashes(BASE | {"sweep": both}), *hashes(BASE)]
    assert hashes(BASE | {"sweep": [both, {"W2[1,0]": [1]}]})[1:] == hashes(BASE | {"sweep": {"W2[1,0]": [1]}})


@pytest.mark.parametrize("name", ["a\\u0000b", '"', "\\u0001"])
def test_strange_task_names_do_not_matter(name):
    task = {"inputs": [[0], [1]], "targets": [[0], [1]]}
    assert hashes(BASE | {"task": task | {"name": name}}) == hashes(BASE | {"task": task})


def test_two_sweeps_can_be_joined_by_their_hashes(tmp_path):
    training = {"training": {"epochs": 2}}
    one = load(swept(BASE | training | {"sweep": {"hidden": [2, 3], "momentum": [0.0, 0.9]}}, tmp_path))
    two = load(swept(BASE | training | {"name": "b", "sweep": {"momentum": [0.9, 0.5], "hidden": [4, 3]}}, tmp_path))
    both = one.summary.merge(two.summary, on="configuration")
    assert both[["hidden_x", "momentum_x"]].to_numpy().tolist() == [[3, 0.9]]
    assert both[["hidden_y", "momentum_y"]].to_numpy().tolist() == [[3, 0.9]]
    assert both["loss_q50_x"].tolist() == both["loss_q50_y"].tolist()
