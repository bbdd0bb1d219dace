import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.experiment.reading import read
from runner.planning.plan import plan

BASE: dict[str, Any] = {"name": "plan", "task": "xor"}


def listed(content: dict[str, Any]) -> list[tuple[Any, ...]]:
    """The trials of an experiment as (swept values, seed), by brute force."""
    experiment = read(content)
    keys = list(dict.fromkeys(["hidden", "learning_rate", *(a.key for g in experiment.grids for a in g.axes)]))
    base = {"hidden": experiment.network.hidden, "bias": experiment.network.bias}
    base |= {key: getattr(experiment.training, key) for key in ("learning_rate", "momentum", "epochs", "update")}
    trials = dict[tuple[Any, ...], None]()
    for grid in experiment.grids:
        for point in itertools.product(*(axis.values for axis in grid.axes)):
            values = base | dict(zip((axis.key for axis in grid.axes), point, strict=True))
            for seed in grid.seeds:
                trials.setdefault((*(values[key] for key in keys), seed))
    return list(trials)


def planned(content: dict[str, Any]) -> list[tuple[Any, ...]]:
    laid_out = plan(read(content))
    configurations, seeds = laid_out.locate(np.arange(laid_out.trials))
    values = laid_out.values(configurations)
    return list(zip(*(column.tolist() for column in values.values()), seeds.tolist(), strict=True))


def test_last_axis_varies_fastest_and_seeds_are_innermost() -> None:
    content = BASE | {"sweep": {"seeds": 2, "learning_rate": [1.0, 0.5], "hidden": [3, 2]}}
    assert planned(content) == [
        (3, 1.0, 0),
        (3, 1.0, 1),
        (2, 1.0, 0),
        (2, 1.0, 1),
        (3, 0.5, 0),
        (3, 0.5, 1),
        (2, 0.5, 0),
        (2, 0.5, 1),
    ]


def test_without_a_sweep_there_is_one_trial_of_the_base_values() -> None:
    laid_out = plan(read(BASE))
    assert (laid_out.trials, laid_out.configurations) == (1, 1)
    assert planned(BASE) == [(4, 1.0, 0)]


def test_first_occurrence_of_a_trial_wins_over_a_union_of_grids() -> None:
    content = BASE | {
        "sweep": [
            {"seeds": 2, "hidden": [2, 4]},
            {"seeds": 3, "learning_rate": [0.5, 1.0]},
            {"seeds": [7, 0], "hidden": [3, 4]},
        ]
    }
    assert planned(content) == [
        (2, 1.0, 0),
        (2, 1.0, 1),
        (4, 1.0, 0),
        (4, 1.0, 1),
        (4, 0.5, 0),
        (4, 0.5, 1),
        (4, 0.5, 2),
        (4, 1.0, 2),
        (3, 1.0, 7),
        (3, 1.0, 0),
        (4, 1.0, 7),
    ]
    assert plan(read(content)).configurations == 4


axis_values = {
    "hidden": st.lists(st.integers(1, 9), min_size=1, max_size=3, unique=True),
    "learning_rate": st.lists(st.sampled_from([0.1, 0.5, 1.0, 2.0]), min_size=1, max_size=3, unique=True),
    "momentum": st.lists(st.sampled_from([0.0, 0.5]), min_size=1, max_size=2, unique=True),
    "bias": st.lists(st.booleans(), min_size=1, max_size=2, unique=True),
    "epochs": st.lists(st.integers(0, 5), min_size=1, max_size=2, unique=True),
    "update": st.lists(st.sampled_from(["batch", "online"]), min_size=1, max_size=2, unique=True),
}
seeds = st.one_of(
    st.integers(1, 5),
    st.lists(st.integers(0, 9), min_size=1, max_size=4, unique=True),
    st.fixed_dictionaries({"first": st.integers(0, 5), "count": st.integers(1, 4)}),
)


@st.composite
def grids(draw: st.DrawFn) -> dict[str, Any]:
    keys = draw(st.lists(st.sampled_from(sorted(axis_values)), max_size=3, unique=True))
    return {"seeds": draw(seeds), **{key: draw(axis_values[key]) for key in keys}}


@settings(max_examples=150, deadline=None)
@given(st.lists(grids(), min_size=1, max_size=3))
def test_plan_equals_the_listing(several: list[dict[str, Any]]) -> None:
    content = BASE | {"sweep": several if len(several) > 1 else several[0]}
    assert planned(content) == listed(content)
    laid_out = plan(read(content))
    numbers = laid_out.locate(np.arange(laid_out.trials))[0]
    columns = [laid_out.values(np.arange(laid_out.configurations))[key].tolist() for key in laid_out.levels]
    assert len(set(zip(*columns, strict=True))) == laid_out.configurations == len(set(numbers.tolist()))
    assert not laid_out.contiguous or (np.diff(numbers) >= 0).all()


@pytest.mark.parametrize("trial", [0, 1, 4_999_999_999, 9_999_999_999])
def test_ten_thousand_million_trials_are_laid_out_by_arithmetic(trial: int) -> None:
    rates = {"start": 0.1, "stop": 1.0, "num": 10}
    laid_out = plan(read(BASE | {"sweep": {"seeds": 10**9, "learning_rate": rates}}))
    assert laid_out.trials == 10**10
    configuration, seed = laid_out.locate(np.array([trial]))
    assert (configuration[0], seed[0]) == divmod(trial, 10**9)
