import shutil

import numpy as np
import pandas as pd
import pytest

from runner.analysis.analyze import analyze
from runner.analysis.rows import read_rows
from runner.errors import RunnerError
from runner.tables.loading import load
from tests.runner.running import swept

SPEC = {
    "name": "small",
    "task": "xor",
    "training": {"epochs": 60},
    "convergence": {"threshold": 0.25},
    "sweep": {"seeds": 8, "hidden": [2, 3], "learning_rate": [0.3, 3.0]},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return swept(SPEC, tmp_path_factory.mktemp("results"))


@pytest.fixture
def frame(folder):
    return pd.read_csv(folder / "trials.csv")


def answers(results):
    found = analyze(results)
    return found.configurations, found.effects, found.enough


def same(one, other):
    for left, right in zip(answers(one), answers(other), strict=True):
        pd.testing.assert_frame_equal(left, right)
    return True


def test_a_folder_a_table_and_a_frame_give_the_same_answers(folder, frame):
    assert same(folder, folder / "trials.csv")
    assert same(folder, load(folder))
    assert same(folder, frame)


def test_a_table_that_was_moved_renamed_and_widened_gives_the_same_answers(folder, frame, tmp_path):
    frame.assign(mine="x").to_csv(tmp_path / "mine.csv", quoting=1)  # with pandas' index, and all in quotes
    assert same(folder, tmp_path / "mine.csv")


def test_merged_tables_are_one(folder, frame, tmp_path):
    other = frame.assign(hidden=frame["hidden"] + 7, momentum=0.5)
    pd.concat([frame, other]).to_csv(tmp_path / "merged.csv", index=False)  # trial numbers repeat, momentum has blanks
    found = analyze(tmp_path / "merged.csv")
    assert found.keys == ("hidden", "learning_rate", "momentum")
    assert len(found.configurations) == 8
    columns = ["trials", "converged", "expected_epochs"]
    pd.testing.assert_frame_equal(found.configurations.loc[:3, columns], analyze(folder).configurations[columns])


def test_whole_numbers_that_pandas_wrote_as_fractions_are_read(frame, folder, tmp_path):
    frame.astype({"seed": float, "hidden": float, "epochs_run": float}).to_csv(tmp_path / "f.csv", index=False)
    assert same(folder, tmp_path / "f.csv")


def test_tables_of_two_tasks_are_told_apart(frame):
    found = analyze(pd.concat([frame, frame.assign(task="mine")]))
    assert found.keys[0] == "task"
    assert len(found.configurations) == 8


def test_where_chooses_rows(folder):
    found = analyze(folder, "hidden == 3 and learning_rate == 3.0")
    assert found.where == "hidden == 3 and learning_rate == 3.0"
    assert len(found.trials) == 8
    assert found.axes == ()


def test_rows_that_stand_twice_count_once_and_are_named(folder, frame):
    found = read_rows(pd.concat([frame, frame.iloc[[5, 9]]]))
    assert len(found.frame) == 32
    (note,) = found.notes
    assert note.startswith("2 rows are left out, of trials that stand in the table once more")
    assert note.endswith(": first seed 5 of hidden 2, learning_rate 0.3.")
    assert same(folder, pd.concat([frame, frame.iloc[[5, 9]]]))


def test_of_a_trial_that_was_run_for_more_epochs_the_longer_run_counts(frame):
    ended = frame["epochs_to_convergence"] <= 20
    short = frame.assign(
        epochs_run=20,
        converged=ended,
        outcome=np.where(ended, "converged", "not-converged"),
        epochs_to_convergence=frame["epochs_to_convergence"].where(ended),
        final_loss=0.3,
    )
    found = read_rows(pd.concat([short, frame]))
    assert found.frame["epochs_run"].eq(60).all()
    assert "for more epochs" in found.notes[0]
    assert same(frame, pd.concat([short, frame]))


def test_rows_that_contradict_each_other_are_refused(frame):
    for column, value in (("final_loss", 9.0), ("epochs_to_convergence", 3.0)):
        row = frame[frame["converged"]].iloc[[0]].assign(**{column: value})
        with pytest.raises(RunnerError, match=r"contradict each other.*choose one by where") as refusal:
            read_rows(pd.concat([frame, row]))
        assert f"seed {row['seed'].item()} of hidden {row['hidden'].item()}" in str(refusal.value)
    longer = (
        frame[frame["converged"]]
        .iloc[[0]]
        .assign(epochs_run=90, converged=False, outcome="not-converged", epochs_to_convergence=np.nan)
    )
    with pytest.raises(RunnerError, match="contradict"):
        read_rows(pd.concat([frame, longer]))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda frame: frame.drop(columns="seed"), "it has no column seed"),
        (lambda frame: frame.head(0), "holds no trials"),
        (lambda frame: frame.assign(outcome="exploded"), "other words than"),
        (lambda frame: frame.assign(seed="first"), "first"),
        (lambda frame: frame.assign(seed=np.nan), "column seed has empty cells"),
        (lambda frame: frame.assign(converged=~frame["converged"]), "outcome and converged do not agree"),
        (lambda frame: frame.assign(epochs_to_convergence=5), "epochs_to_convergence do not agree"),
        (lambda frame: frame.assign(epochs_run=0), "converged after its last epoch"),
        (lambda frame: frame.rename(columns={"seed": "trial"}), "no column seed"),
    ],
)
def test_what_is_no_table_of_ours_is_refused_in_one_sentence(frame, change, reason, tmp_path):
    for results in (change(frame), tmp_path / "t.csv"):
        if not isinstance(results, pd.DataFrame):
            change(frame).to_csv(results, index=False)
        with pytest.raises(RunnerError, match=reason) as refusal:
            analyze(results)
        assert "\n" not in str(refusal.value)
        if not isinstance(results, pd.DataFrame):
            assert str(results) in str(refusal.value)


def test_a_where_that_fits_nothing_is_refused(folder):
    with pytest.raises(RunnerError, match="no trial where hidden == 99"):
        analyze(folder, "hidden == 99")
    with pytest.raises(RunnerError, match="did you mean hidden"):
        analyze(folder, "hiden == 99")


def changed(folder, into):
    """A copy of a folder with one digit of its table changed, and its length kept."""
    shutil.copytree(folder, into)
    lines = (into / "trials.csv").read_text().splitlines(keepends=True)
    lines[1] = lines[1].replace("0.3,", "0.4,", 1)
    (into / "trials.csv").write_text("".join(lines))
    return into


def test_a_folder_that_disagrees_with_its_manifest_is_refused_and_its_table_alone_is_not(folder, tmp_path):
    other = changed(folder, tmp_path / "other")
    with pytest.raises(RunnerError, match=r"SHA-256.*by its own path"):
        analyze(other)
    found = analyze(other / "trials.csv")
    assert found.name == ""
    assert len(found.configurations) == 5
    assert "manifest.json beside" in found.notes[0]


def test_a_folder_without_a_manifest_is_read_and_named(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "other")
    (tmp_path / "other" / "manifest.json").unlink()
    found = analyze(tmp_path / "other")
    assert "has no manifest.json" in found.notes[0]
    assert analyze(folder).name == "small"
    assert analyze(folder).notes == ()


def test_stopped_trials_are_recognised_and_had_the_whole_budget(tmp_path):
    content = SPEC | {"name": "stopped", "convergence": {"threshold": 0.25, "stop": True}}
    folder = swept(content, tmp_path)
    for results in (folder, pd.read_csv(folder / "trials.csv")):
        found = analyze(results)
        assert found.stopped
        assert "not ranked" in found.notes[-1]
        assert set(found.configurations["budget"]) == {60}
    plain = swept(SPEC, tmp_path)
    assert not analyze(plain).stopped
    columns = ["convergence_rate", "epochs_q50", "expected_epochs", "expected_epochs_high", "restart_epochs"]
    pd.testing.assert_frame_equal(found.configurations[columns], analyze(plain).configurations[columns])


def test_stop_as_a_key_is_a_stop(frame):
    assert read_rows(frame.assign(stop=True)).stopped
    assert not read_rows(frame.assign(stop=False)).stopped
