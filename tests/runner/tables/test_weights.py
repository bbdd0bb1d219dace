import resource

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.experiment.reading import read
from runner.tables import weights
from runner.tables.weights import WeightsWriter
from tests.runner.tables.test_trials import in_one_folder

TASK = read({"name": "a", "task": "encoder-3"}).task


def parameters(hidden, bias):
    return 3 * hidden + hidden * bias + hidden * 3 + 3 * bias


@in_one_folder
@given(
    batches=st.lists(st.tuples(st.integers(1, 3), st.booleans(), st.integers(1, 9)), min_size=1, max_size=6),
    block=st.integers(1, 12),
)
def test_weights_come_back_to_the_bit(tmp_path, batches, block):
    folder = tmp_path / "weights"
    folder.mkdir(exist_ok=True)
    generator, first = np.random.default_rng(0), 0
    expected = {}
    writer = WeightsWriter(folder, TASK)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(weights, "_BLOCK", block)
        for hidden, bias, count in batches:
            trials = np.arange(first, first + 2 * count, 2)
            flat = generator.standard_normal((count, parameters(hidden, bias)))
            flat[0, 0] = np.nan
            writer.write(hidden, bias, trials, flat)
            numbers, rows = expected.setdefault((hidden, bias), ([], []))
            numbers.extend(trials)
            rows.extend(flat)
            first += 2 * count
        names = writer.close()
    assert sorted(names) == sorted(f"weights-3-{hidden}-3{'-bias' * bias}.npz" for hidden, bias in expected)
    assert {path.name for path in folder.iterdir()} >= set(names)
    assert not [path for path in folder.iterdir() if path.suffix != ".npz"]
    for (hidden, bias), (numbers, rows) in expected.items():
        with np.load(folder / f"weights-3-{hidden}-3{'-bias' * bias}.npz", allow_pickle=False) as file:
            assert file.files == (["trial", "W1", "b1", "W2", "b2"] if bias else ["trial", "W1", "W2"])
            assert file["trial"].tolist() == numbers
            assert file["W1"].shape == (len(numbers), 3, hidden)
            assert file["W2"].shape == (len(numbers), hidden, 3)
            assert all(file[name].dtype == np.float64 for name in file.files[1:])
            flat = [file[name].reshape(len(numbers), -1) for name in file.files[1:]]
            assert np.concatenate(flat, axis=1).tobytes() == np.array(rows).tobytes()


def test_networks_may_be_more_than_open_files(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    writer = WeightsWriter(tmp_path, TASK)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
    try:
        for first in (0, 100):
            for hidden in range(1, 101):
                writer.write(
                    hidden, False, np.array([first + hidden]), np.full((1, parameters(hidden, False)), float(first))
                )
        names = writer.close()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert len(names) == 100
    with np.load(tmp_path / "weights-3-7-3.npz") as file:
        assert file["trial"].tolist() == [7, 107]
        assert file["W2"][:, 6, 2].tolist() == [0, 100]


def test_rows_of_an_interrupted_sweep_are_not_taken_for_those_of_the_next(tmp_path):
    WeightsWriter(tmp_path, TASK).write(2, False, np.arange(5), np.ones((5, 12)))
    writer = WeightsWriter(tmp_path, TASK)
    writer.write(2, False, np.arange(3), np.zeros((3, 12)))
    (name,) = writer.close()
    with np.load(tmp_path / name) as file:
        assert file["trial"].tolist() == [0, 1, 2]
        assert not file["W1"].any()
