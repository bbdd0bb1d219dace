import numpy as np
import pandas as pd
import pytest

from runner.errors import RunnerError
from runner.experiment.tasks import named
from runner.plots import outputs
from runner.plots.style import INK, SOLVED, STUCK
from runner.tables.loading import load
from tests.runner.plots.frames import trials
from tests.runner.running import swept

FRAME = trials({}, 50)


def test_answers_stand_on_their_sides_and_targets_where_they_are():
    axes = outputs(FRAME).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        f"sample {n} ({a}, {b})" for n, (a, b) in enumerate([(0, 0), (0, 1), (1, 0), (1, 1)])
    ]
    targets = [line.get_xdata()[0] for line in axes.get_lines() if line.get_color() == INK]
    assert targets == [0, 1, 1, 0]
    for colour, kind in ((SOLVED, True), (STUCK, False)):
        drawn = [line.get_xdata() for line in axes.get_lines() if line.get_color() == colour]
        for sample, found in enumerate(drawn):
            np.testing.assert_array_equal(found, np.sort(FRAME.loc[FRAME["converged"] == kind, f"output_{sample}"]))


def test_targets_are_those_of_the_experiment_with_several_outputs_and_probes(tmp_path):
    inputs = [[0.0], [0.5], [1.0]]
    task = {"name": "xor", "inputs": inputs, "targets": [[0.1, 0.9], [0.2, 0.8], [0.3, 0.7]], "probes": [[2.0]]}
    folder = swept({"name": "own", "task": task, "training": {"epochs": 3}, "sweep": {"seeds": 4}}, tmp_path)
    for results in (folder, folder / "trials.csv", load(folder)):
        figure = outputs(results)
        axes = figure.axes[0]
        assert [line.get_xdata()[0] for line in axes.get_lines() if line.get_color() == INK] == [
            0.1, 0.9, 0.2, 0.8, 0.3, 0.7
        ]  # fmt: skip
        names = [label.get_text() for label in axes.get_yticklabels()]
        assert names[1] == "sample 0 (0), output 1"
        assert names[-1] == "probe 0 (2), output 1"
        assert figure.get_suptitle() == "own: answers after training, 4 seeds"
    (folder / "manifest.json").unlink()
    bare = outputs(folder).axes[0]
    assert not [line for line in bare.get_lines() if line.get_color() == INK], "a task of that name has other outputs"


def test_of_very_many_samples_some_are_shown():
    answers = pd.DataFrame(0.5, FRAME.index, [f"output_{n}" for n in range(100)])
    many = pd.concat([FRAME[["hidden", "learning_rate", "seed", "task", "converged"]], answers], axis=1)
    figure = outputs(many)
    assert len(figure.axes[0].get_yticklabels()) == 24
    assert figure.get_suptitle().endswith("24 of 100 answers")


def test_where_chooses_trials_and_pooling_is_said():
    frame = trials({"hidden": [2, 3]}, 10)
    assert "pooled over hidden units" in outputs(frame).get_suptitle()
    assert "pooled" not in outputs(frame, where="hidden == 3").get_suptitle()


def test_answers_that_are_not_finite_are_left_out():
    axes = outputs(FRAME.assign(**{f"output_{n}": np.nan for n in range(4)})).axes[0]
    assert [text.get_text() for text in axes.texts] == ["no answer is finite"]


def test_a_table_without_outputs_is_refused():
    bare = FRAME.drop(columns=[name for name in FRAME if name.startswith("output")])
    with pytest.raises(RunnerError, match="this table has no outputs; they are recorded unless"):
        outputs(bare)


def test_the_named_task_has_four_samples():
    assert len(named("xor").targets) == 4, "what these tests hold a bare table against"
