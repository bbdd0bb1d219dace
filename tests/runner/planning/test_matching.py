import copy

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from runner.errors import RunnerError
from runner.experiment.reading import read
from runner.planning.identity import Identities
from runner.planning.matching import Matching
from runner.planning.plan import plan

AXES = {
    "hidden": [1, 2, 3, 4],
    "learning_rate": [0.1, 0.3, 1.0],
    "bias": [True, False],
    "momentum": [0.0, 0.5],
    "metric": ["loss", "classification", "max-error"],
    "threshold": [0.01, 0.1, 0.2],
    "W1[0,1]": [0.5, 0.25],
    "precision": ["float64", "float32"],
    "scale": [1.0, "1/sqrt(fan_in)"],
}
SEEDS = st.sampled_from([3, 5, 6, {"first": 2, "count": 4}, [0, 7, 3], [5, 1]])
values = {key: st.lists(st.sampled_from(of), min_size=1, unique=True) for key, of in AXES.items()}


@st.composite
def grids(draw):
    keys = draw(st.lists(st.sampled_from([*AXES]), min_size=1, max_size=3, unique=True))
    return {key: draw(values[key]) for key in keys} | {"seeds": draw(SEEDS)}


tables = st.fixed_dictionaries(
    {},
    optional={
        "network": st.fixed_dictionaries({"bias": st.booleans(), "hidden": st.sampled_from([2, 3])}),
        "convergence": st.fixed_dictionaries({"metric": st.sampled_from(["loss", "classification"])}),
        "init": st.sampled_from([{"order": ["W2", "W1", "b1", "b2"]}, {"high": 2.0}]),
        "record": st.just({"outputs": False}),
    },
)


@st.composite
def edited(draw):
    """An experiment, and another one that somebody made of it."""
    before = {"name": "a", "task": "xor", **draw(tables), "sweep": draw(st.lists(grids(), min_size=1, max_size=3))}
    after = copy.deepcopy(before)
    for grid in after["sweep"]:
        edit = draw(st.sampled_from(["none", "seeds", "axis", "less", "order"]))
        key = draw(st.sampled_from([*AXES]))
        if edit == "seeds":
            grid["seeds"] = draw(SEEDS)
        elif edit == "axis":
            grid[key] = draw(values[key])
        elif edit == "less" and key in grid:
            del grid[key]
        elif edit == "order":
            for name in draw(st.permutations([*grid])):
                grid[name] = grid.pop(name)
    after["sweep"] = draw(st.permutations(after["sweep"]))
    if draw(st.booleans()):
        after |= draw(tables)
    try:
        return read(before), read(after)
    except RunnerError:
        assume(False)


def listed(laid_out):
    """The hash of the configuration, and the seed, of each trial."""
    configurations, seeds = laid_out.locate(np.arange(laid_out.trials))
    hashes = Identities(laid_out).of(np.arange(laid_out.configurations))
    return [(hashes[configuration], int(seed)) for configuration, seed in zip(configurations, seeds, strict=True)]


@settings(max_examples=150, deadline=None)
@given(edited())
def test_trials_of_one_configuration_and_seed_are_found(experiments):
    here, there = map(plan, experiments)
    place = {trial: number for number, trial in enumerate(listed(there))}
    expected = [place.get(trial, -1) for trial in listed(here)]
    found = Matching(here, there).numbers(np.arange(here.trials))
    assert found.tolist() == expected
    some = np.arange(here.trials)[::3]
    assert Matching(here, there).numbers(some).tolist() == expected[::3]


def test_no_trials_are_found_as_none():
    laid_out = plan(read("xor"))
    assert Matching(laid_out, laid_out).numbers(np.empty(0, np.int64)).tolist() == []


BASE = {"name": "a", "task": "xor", "sweep": {"seeds": 4, "hidden": [2, 3]}}


@pytest.mark.parametrize(
    ("edit", "count"),
    [
        ({"description": "other words"}, 8),
        ({"record": {"weights": True}}, 8),
        ({"sweep": {"hidden": [3, 2, 5], "seeds": {"first": 1, "count": 9}}}, 6),
        ({"sweep": {"hidden": [2, 3], "learning_rate": [9.0], "seeds": 4}}, 0),
        ({"training": {"epochs": 7}}, 0),
        ({"task": "and"}, 0),
        ({"init": {"generator": "pcg64"}}, 0),
    ],
)
def test_what_decides_a_trial_has_to_be_the_same(edit, count):
    found = Matching(plan(read(BASE)), plan(read(BASE | edit))).numbers(np.arange(8))
    assert (found >= 0).sum() == count
