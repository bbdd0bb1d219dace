import pickle

import pytest
from pydantic import ValidationError

from runner.experiment.document import TABLES
from runner.experiment.reading import read
from runner.experiment.spec import SWEEPABLE, Network, Task, Training


def test_values_never_change():
    with pytest.raises(ValidationError):
        Network().hidden = 5


def test_every_sweepable_key_stands_in_its_table_and_in_no_other():
    for key, table in SWEEPABLE.items():
        assert [name for name, model in TABLES.items() if key in model.model_fields] == [table]


@pytest.mark.parametrize("value", [True, "1", None, [1]])
def test_only_numbers_are_numbers(value):
    with pytest.raises(ValidationError):
        Training(learning_rate=value)
    with pytest.raises(ValidationError):
        Network(hidden=value)


def test_a_whole_number_is_a_fine_float_and_a_float_is_no_whole_number():
    assert isinstance(Training(learning_rate=1).learning_rate, float)
    with pytest.raises(ValidationError):
        Network(hidden=4.0)


def test_minus_zero_is_zero():
    assert str(Training(learning_rate=-0.0).learning_rate) == "0.0"


@pytest.mark.parametrize(
    ("inputs", "targets", "probes", "words"),
    [
        ([[0], [1, 2]], [[0], [1]], [], "rows of 1 and of 2"),
        ([[0], [1]], [[0]], [], "2 rows of inputs and 1 of targets"),
        ([], [], [], "inputs"),
        ([[]], [[0]], [], "empty rows"),
        ([[0]], [[1]], [[1, 2]], "probes of 2 numbers"),
        ([[0.0] * 1_000_001], [[1]], [], "1,000,000"),
    ],
)
def test_a_task_is_rectangular_and_of_one_length(inputs, targets, probes, words):
    with pytest.raises(ValidationError, match=words):
        Task(inputs=inputs, targets=targets, probes=probes)


def test_an_experiment_hashes_and_pickles():
    experiment = read("xor")
    assert pickle.loads(pickle.dumps(experiment)) == experiment
    assert hash(read("xor")) == hash(experiment)
