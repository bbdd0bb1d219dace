"""Why trials did not converge: the rule on rows made by hand, and on trainings whose fate is known."""

import numpy as np
import pandas as pd
import pytest

from runner.analysis.fates import FATES, fate_counts, fates
from runner.errors import RunnerError
from runner.tables.columns import FATES as RECORDED
from runner.tables.loading import load
from tests.runner.running import swept

# Of 1000 epochs the last 100 took the loss from 0.25 to 0.2499 on level ground, at a learning rate of 1.
ROW = {
    "outcome": "not-converged",
    "learning_rate": 1.0,
    "epochs_run": 1000,
    "final_loss": 0.2499,
    "gradient_norm": 0.001,
    "saturated_share": 0.0,
    "saturated_error": 0.0,
    "loss_change": -0.0001,
    "loss_rise": 0.0,
}


def rows(*changes):
    return pd.DataFrame([ROW | change for change in changes])


@pytest.mark.parametrize(
    ("change", "fate"),
    [
        ({}, "plateau"),
        ({"loss_change": 0.0}, "plateau"),
        ({"loss_change": 0.0001, "loss_rise": 0.0001}, "plateau"),
        ({"saturated_error": 0.49}, "plateau"),
        ({"saturated_share": 1.0}, "plateau"),  # where there is no error, nothing is held back
        ({"saturated_error": 0.5}, "saturated"),
        ({"saturated_error": 1.0, "gradient_norm": 0.0, "loss_change": 0.0}, "saturated"),
        # a fall of one in a hundred of 0.25, whatever else
        ({"final_loss": 0.2474, "loss_change": -0.0026}, "improving"),
        ({"final_loss": 0.2476, "loss_change": -0.0024}, "plateau"),
        ({"final_loss": 0.2474, "loss_change": -0.0026, "saturated_error": 1.0}, "improving"),
        ({"final_loss": 0.2474, "loss_change": -0.0026, "loss_rise": 0.0025}, "improving"),
        # a rise of as much, unless more of it was won
        ({"final_loss": 0.2474, "loss_change": -0.0026, "loss_rise": 0.0027}, "oscillating"),
        ({"loss_rise": 0.0026}, "oscillating"),
        ({"loss_rise": 0.0024}, "plateau"),
        ({"loss_rise": 0.0026, "saturated_error": 1.0}, "oscillating"),
        ({"final_loss": 0.3, "loss_change": 0.05, "loss_rise": 0.05}, "oscillating"),
        # small steps: 100 of 1e-4 down a slope of 0.1 promise 1e-4
        ({"gradient_norm": 0.1, "learning_rate": 1e-4}, "improving"),
        ({"gradient_norm": 0.1, "learning_rate": 1e-4, "loss_change": -0.00002}, "plateau"),
        ({"gradient_norm": 0.02, "learning_rate": 1e-4}, "plateau"),
        ({"gradient_norm": 0.1, "learning_rate": 1.0}, "plateau"),  # it jumps to and fro across a valley
        ({"gradient_norm": 0.1, "learning_rate": 1.0, "saturated_error": 1.0}, "saturated"),
        ({"gradient_norm": 0.1, "learning_rate": 0.0, "loss_change": 0.0}, "plateau"),
        ({"gradient_norm": 0.1, "learning_rate": 1e-2, "epochs_run": 1}, "improving"),
    ],
)
def test_rule_by_hand(change, fate):
    assert fates(rows(change)).tolist() == [fate]


def test_scale_of_the_loss_does_not_matter():
    """Targets a thousand times as far apart: losses and their gradients grow a million times."""
    rng = np.random.default_rng(0)
    count = 2000
    frame = pd.concat([rows({})] * count, ignore_index=True).assign(
        final_loss=rng.uniform(0.1, 0.3, count),
        loss_change=-np.exp(rng.uniform(-12, -1, count)) * rng.choice([1, -1], count, p=[0.9, 0.1]),
        gradient_norm=np.exp(rng.uniform(-9, 0, count)),
        learning_rate=np.exp(rng.uniform(-12, 3, count)),
        saturated_error=rng.choice([0.0, 1.0], count),
    )
    frame["loss_rise"] = np.maximum(frame["loss_change"], 0) + np.where(rng.random(count) < 0.2, 0.1, 0)
    found = fates(frame)
    assert found.value_counts().min() > 50
    scaled = frame.assign(
        **{name: frame[name] * 2.0**20 for name in ("final_loss", "loss_change", "loss_rise", "gradient_norm")}
    )
    scaled["learning_rate"] /= 2.0**20
    assert fates(scaled).tolist() == found.tolist()


def test_only_trials_that_neither_converged_nor_diverged_have_a_fate():
    frame = rows({}, {"outcome": "converged"}, {"outcome": "diverged", "loss_change": np.nan}, {"loss_change": np.nan})
    frame.index = [7, 3, 3, 0]
    found = fates(frame)
    assert found.isna().tolist() == [False, True, True, True]
    assert found.index.tolist() == [7, 3, 3, 0]
    assert found.cat.categories.tolist() == list(FATES)


def test_a_table_of_no_trials_has_no_fates():
    assert len(fates(rows({})[:0])) == 0
    assert len(fate_counts(rows({})[:0], ["learning_rate"])) == 0


@pytest.mark.parametrize("name", RECORDED)
def test_a_table_without_the_columns_is_told_how_to_have_them(name):
    with pytest.raises(RunnerError, match=rf"no column {name}.*\[record\] fate = true"):
        fates(rows({}).drop(columns=name))


def test_counts_are_those_of_each_combination_of_keys():
    frame = rows(
        {}, {}, {"saturated_error": 1.0}, {"outcome": "converged"}, {"outcome": "diverged"}, {"loss_change": np.nan}
    )
    frame = frame.assign(
        **{"learning_rate": [3.0, 1.0, 3.0, 3.0, 1.0, 1.0], "W1[0,0]": [np.nan, 2, np.nan, np.nan, 2, 2]}
    )
    found = fate_counts(frame, ["learning_rate", "W1[0,0]"])
    assert list(found) == ["learning_rate", "W1[0,0]", "trials", "converged", "diverged", *FATES]
    assert found["learning_rate"].tolist() == [3.0, 1.0]
    assert found.drop(columns="W1[0,0]").to_numpy().tolist() == [[3, 3, 1, 0, 1, 1, 0, 0], [1, 3, 0, 1, 0, 1, 0, 0]]
    assert fate_counts(frame, []).to_numpy().tolist() == [[6, 1, 1, 1, 2, 0, 0]]


def test_counting_by_what_is_no_column_is_refused():
    with pytest.raises(RunnerError, match="learning_rat is not in this table; did you mean learning_rate"):
        fate_counts(rows({}), ["learning_rat"])


TWO_TWO_ONE = {"task": "xor", "network": {"hidden": 2, "bias": True}, "convergence": {"metric": "classification"}}
KNOWN = {
    # all outputs at 1 before the first update, and for ever
    "sixty-four hidden units": (
        "saturated",
        {"task": "xor-constant", "network": {"hidden": 64}, "training": {"epochs": 300}},
    ),
    # two answers of 1/2, or two of 1/3 and one of 2/3, behind hidden units at 0 and 1
    "stuck 2-2-1": (
        "saturated",
        {
            **TWO_TWO_ONE,
            "init": {"low": -2, "high": 2},
            "training": {"learning_rate": 3.0, "objective": "half-sse", "epochs": 3000},
        },
    ),
    # every answer near 1/2
    "before the way down": ("plateau", {"task": "xor-constant", "training": {"learning_rate": 0.03}}),
    "one hidden unit": ("plateau", {"task": "xor", "network": {"hidden": 1}, "training": {"learning_rate": 0.3}}),
    "on the way down": ("improving", {"task": "exam", "convergence": {"threshold": 1e-6}, "training": {"epochs": 300}}),
    "hardly begun": ("improving", {"task": "xor-constant", "training": {"learning_rate": 1e-5}}),
    "hardly begun, in single precision": (
        "improving",
        {"task": "xor-constant", "training": {"learning_rate": 1e-4, "precision": "float32"}},
    ),
    "one update of the document": ("improving", {"task": "patterns"}),
    # steps too large for the valley
    "to and fro": (
        "oscillating",
        {
            **TWO_TWO_ONE,
            "init": {"low": -2, "high": 2},
            "training": {"learning_rate": 30.0, "objective": "half-sse", "epochs": 3000},
            "sweep": {"seeds": 400},  # nine of ten, give or take; of 40 it may be 22 of 26
        },
    ),
}


@pytest.mark.parametrize("name", KNOWN)
def test_trainings_of_a_known_fate(name, tmp_path):
    fate, content = KNOWN[name]
    folder = swept(
        {"name": "known", "record": {"fate": True, "outputs": False}, "sweep": {"seeds": 40}, **content}, tmp_path
    )
    found = fate_counts(load(folder).trials, ["hidden"]).iloc[0]
    stuck = found["trials"] - found["converged"] - found["diverged"]
    assert stuck >= 8
    assert found[fate] >= 0.9 * stuck, found.to_dict()


def test_objective_precision_and_way_of_reading_do_not_matter(tmp_path):
    """The same trainings under four objectives, whose learning rates make up for their factors, and in float32."""
    content = {**TWO_TWO_ONE, "name": "same", "record": {"fate": True}, "training": {"epochs": 2000}}
    rates = {"sse": 0.25, "half-sse": 0.5, "mse": 1.0, "half-mse": 2.0}
    grids = [
        {
            "seeds": 100,
            "objective": [name],
            "precision": [precision],
            "learning_rate": [rate * factor for factor in (0.01, 0.5, 5)],
        }
        for precision in ("float64", "float32")
        for name, rate in rates.items()
    ]
    folder = swept({**content, "sweep": grids}, tmp_path)
    trials = load(folder).trials
    found = fates(trials).cat.codes.to_numpy().reshape(8, -1)
    assert (found[:4] == found[0]).all()
    assert (np.mean(found[4:] == found[0], axis=1) > 0.97).all()
    assert np.unique(found[0], return_counts=True)[1].min() > 3
    assert len(np.unique(found[0])) >= 4
    assert fates(pd.read_csv(folder / "trials.csv")).astype(object).equals(fates(trials).astype(object))
