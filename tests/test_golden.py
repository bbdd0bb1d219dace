import pytest

from runner.experiment.source import shipped
from tests.golden import EXPERIMENTS, PRECISIONS, digest, golden


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_tables_have_the_committed_bytes(experiment, precision, tmp_path):
    assert digest(experiment, precision, tmp_path) == golden()[f"{experiment}-{precision}"]


def test_every_shipped_experiment_has_digests():
    assert set(EXPERIMENTS) == set(shipped())
    assert list(golden()) == [f"{experiment}-{precision}" for experiment in EXPERIMENTS for precision in PRECISIONS]
