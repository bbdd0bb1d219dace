import json
import shutil

import numpy as np
import pytest

from runner.checking.rows import row
from runner.errors import RunnerError
from tests.runner.running import MIXED, swept

SMALL = {
    "name": "small",
    "task": "xor",
    "training": {"epochs": 3},
    "record": {"weights": True, "curve": [0, 2]},
    "sweep": {"seeds": [5, 2], "hidden": [2, 3], "W1[0,1]": [0.5, -0.25], "scale": ["1/sqrt(fan_in)", 0.5]},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return swept(SMALL, tmp_path_factory.mktemp("results"))


@pytest.fixture
def copy(folder, tmp_path):
    """Results that may be damaged."""
    return shutil.copytree(folder, tmp_path / "small")


def test_a_row_knows_what_made_it(folder):
    found = row(folder, 13)
    assert found.table == folder / "trials.csv"
    assert found.trial.seed == 2
    assert found.trial.weights == {"W1[0,1]": -0.25}
    assert found.trial.experiment.network.hidden == 3
    assert found.trial.experiment.init.scale == "1/sqrt(fan_in)"
    assert found.trial.experiment.grids[0].seeds == (2,)
    assert list(found.cells)[:2] == ["outcome", "converged"]
    assert not {"trial", "task", "hidden", "learning_rate", "seed", "scale", "W1[0,1]"} & found.cells.keys()
    assert list(found.curve) == [0, 2]
    assert found.trained["W1"].shape == (2, 3)


def test_every_row_is_the_trial_that_its_manifest_has_there(tmp_path):
    """Of a union of grids whose shapes mix: what the row was made of is what its own columns say."""
    folder = swept(MIXED, tmp_path)
    table = np.genfromtxt(folder / "trials.csv", delimiter=",", names=True, dtype=None, encoding="utf-8")
    for number in (0, 79, 80, 319, len(table) - 1):
        found = row(folder, number)
        for name, value in (
            ("hidden", found.trial.experiment.network.hidden),
            ("momentum", found.trial.experiment.training.momentum),
            ("precision", found.trial.experiment.training.precision),
            ("update", found.trial.experiment.training.update),
            ("learning_rate", found.trial.experiment.training.learning_rate),
            ("seed", found.trial.seed),
            ("final_loss", found.cells["final_loss"]),
        ):
            assert table[name][number] == value


def test_a_table_by_its_own_path_is_the_same(folder):
    assert row(folder / "trials.csv", 3).cells == row(folder, 3).cells


def test_a_trial_that_is_not_there_is_refused(folder):
    for number in (-1, 16, 10**12):
        with pytest.raises(RunnerError, match=rf"there is no trial {number}; its trials are 0 to 15"):
            row(folder, number)


def test_a_table_without_its_manifest_cannot_be_explained(copy, tmp_path):
    (tmp_path / "mine.csv").write_bytes((copy / "trials.csv").read_bytes())
    with pytest.raises(RunnerError, match=r"mine\.csv: only a manifest\.json beside it could tell what made its rows"):
        row(tmp_path / "mine.csv", 0)
    (copy / "manifest.json").unlink()
    with pytest.raises(RunnerError, match=r"trials\.csv: only a manifest\.json"):
        row(copy, 0)
    with pytest.raises(RunnerError, match="there is no such file or folder"):
        row(tmp_path / "none", 0)


def test_a_manifest_that_does_not_belong_is_noticed(copy):
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["spec"]["sweep"]["hidden"] = [3, 2]
    (copy / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(RunnerError, match=r"trial 0 has hidden = 2, and by its manifest\.json it is 3; .* not belong"):
        row(copy, 0)
    manifest["spec"]["task"] = "xro"
    (copy / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(RunnerError, match=r"manifest\.json: its spec cannot be used \(the experiment: task"):
        row(copy, 0)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (",5,not", ",7,not", "trial 0 has seed = 7, and by its manifest"),
        ("xor,2,", "xor,9,", "trial 0 has hidden = 9"),
        ("\n0,xor,", "\n90,xor,", "it has no row of trial 0"),
        (",max_error,", ",min_error,", "it has no column max_error"),
    ],
)
def test_a_changed_table_is_noticed(copy, old, new, says):
    text = (copy / "trials.csv").read_text()
    assert old in text
    (copy / "trials.csv").write_text(text.replace(old, new, 1))
    with pytest.raises(RunnerError, match=says):
        row(copy / "trials.csv", 0)


def test_damaged_records_are_noticed(copy):
    (copy / "curves.csv").write_text("trial,epoch\n0,0\n")
    with pytest.raises(RunnerError, match=r"curves\.csv: cannot be read as loss curves"):
        row(copy, 0)
    (copy / "curves.csv").unlink()
    with pytest.raises(RunnerError, match=r"curves\.csv: cannot be read"):
        row(copy, 0)


def test_damaged_weights_are_noticed(copy):
    (copy / "weights-2-2-1.npz").write_bytes(b"PK")
    with pytest.raises(RunnerError, match=r"weights-2-2-1\.npz: cannot be read as the weights of trial 0"):
        row(copy, 0)
    np.savez(copy / "weights-2-3-1.npz", trial=np.array([99]))
    with pytest.raises(RunnerError, match="cannot be read as the weights of trial 8"):
        row(copy, 8)


def test_pickles_are_not_read(copy):
    np.savez(copy / "weights-2-2-1.npz", trial=np.array([0, {}], object), allow_pickle=True)
    with pytest.raises(RunnerError, match="cannot be read as the weights"):
        row(copy, 0)
