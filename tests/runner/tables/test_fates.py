"""The columns that `[record] fate = true` adds to trials.csv."""

import numpy as np
import pandas as pd
import pytest

from runner.experiment.reading import read
from runner.tables.columns import FATES
from runner.tables.loading import load
from tests import reference
from tests.runner.running import digests, swept

# Shapes that mix in every window, stops early in some, and budgets of less than ten epochs.
CONTENT = {
    "name": "fates",
    "task": "xor-constant",
    "convergence": {"threshold": 0.25},
    "record": {"fate": True},
    "sweep": [
        {
            "seeds": 6,
            "momentum": [0.0, 0.5],
            "precision": ["float64", "float32"],
            "update": ["batch", "online"],
            "epochs": [0, 7, 40],
            "hidden": [1, 3],
        },
        {"seeds": 20, "learning_rate": [0.3, 3.0], "epochs": [40], "stop": [True]},
    ],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return swept(CONTENT, tmp_path_factory.mktemp("fates"))


def test_columns_are_those_of_the_oracle(folder):
    trials, experiment = load(folder).trials, read(CONTENT)
    for row in trials.to_dict("records"):
        weights = reference.draw(
            row["seed"], reference.network_shapes(3, row["hidden"], 1, bias=False), order=("W1", "W2")
        )
        theirs = reference.train(
            experiment.task.inputs,
            experiment.task.targets,
            weights,
            learning_rate=row["learning_rate"],
            momentum=row["momentum"],
            update=row["update"],
            epochs=row["epochs"],
            threshold=0.25,
            stop=row["stop"],
            dtype=row["precision"],
        )
        near = 1e-12 if row["precision"] == "float64" else 1e-4
        assert theirs.epochs_run == row["epochs_run"]
        np.testing.assert_allclose([row[name] for name in FATES], list(theirs.fate.values()), rtol=near, atol=near)
    assert trials["loss_change"].isna().sum() > (trials["epochs"] == 0).sum() > 0  # some of those that stopped, too


def test_bytes_do_not_depend_on_the_jobs(folder, tmp_path):
    assert digests(swept(CONTENT, tmp_path, jobs=2)) == digests(folder)


def test_other_columns_are_as_without_them(folder, tmp_path):
    asked, plain = (
        pd.read_csv(path / "trials.csv", dtype=str) for path in (folder, swept({**CONTENT, "record": {}}, tmp_path))
    )
    assert not set(FATES) & set(plain)
    pd.testing.assert_frame_equal(asked.drop(columns=list(FATES)), plain)


def test_parquet_holds_the_same(folder, tmp_path):
    found = load(swept(CONTENT, tmp_path, format="parquet")).trials
    pd.testing.assert_frame_equal(found, load(folder).trials)


def test_blanks_are_empty_cells(folder):
    rows = pd.read_csv(folder / "trials.csv", dtype=str, keep_default_na=False)
    nothing = rows["epochs"] == "0"
    assert (rows.loc[nothing, ["loss_change", "loss_rise"]] == "").all(axis=None)
    assert (rows.loc[nothing, ["gradient_norm", "saturated_share", "saturated_error"]] != "").all(axis=None)
