import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from runner.tables.curves import CurvesWriter
from tests.runner.tables.test_trials import in_one_folder

EPOCHS = (0, 3, 10)


def written(path, epochs, batches):
    writer = CurvesWriter(path, epochs)
    for trials, ran, losses in batches:
        writer.write(np.array(trials), np.array(ran), np.array(losses, float).reshape(len(trials), len(epochs)))
    writer.close()
    return path.read_text().splitlines()


def test_a_row_for_each_epoch_that_was_run(tmp_path):
    batch = ([7, 8], [10, 3], [[0.5, 0.25, 1.0], [1 / 3, math.inf, math.nan]])
    assert written(tmp_path / "curves.csv", EPOCHS, [batch]) == [
        "trial,epoch,loss",
        "7,0,0.5",
        "7,3,0.25",
        "7,10,1.0",
        "8,0,0.3333333333333333",
        "8,3,",
    ]


def test_no_epoch_was_run(tmp_path):
    assert written(tmp_path / "c.csv", (5,), [([0, 1], [4, 0], [[1], [1]])]) == ["trial,epoch,loss"]


@in_one_folder
@given(
    rows=st.lists(st.tuples(st.integers(0, 12), st.lists(st.floats(0, 1), min_size=3, max_size=3)), min_size=1),
    cut=st.integers(0, 30),
)
def test_curves_come_back_however_they_are_cut(tmp_path, rows, cut):
    numbers, ran, losses = np.arange(len(rows)), [row[0] for row in rows], [row[1] for row in rows]
    parts = [part for part in (slice(0, cut), slice(cut, None)) if len(numbers[part])]
    batches = [(numbers[part], ran[part], losses[part]) for part in parts]
    lines = written(tmp_path / "curves.csv", EPOCHS, batches)
    assert lines == written(tmp_path / "whole.csv", EPOCHS, [(numbers, ran, losses)])
    expected = [(t, e, losses[t][k]) for t in numbers for k, e in enumerate(EPOCHS) if e <= ran[t]]
    found = [line.split(",") for line in lines[1:]]
    assert [(int(trial), int(epoch), float(loss)) for trial, epoch, loss in found] == expected
