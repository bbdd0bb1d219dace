import numpy as np
import pytest

from benchmarks.memory import Case, configurations, peak, seeds_of_one, union
from runner.experiment.reading import read
from runner.planning.plan import plan


@pytest.mark.parametrize("sweep", [seeds_of_one, configurations, union])
def test_ten_times_the_trials_take_hardly_more_memory(sweep):
    """Python's smallest object for each of the trials between them would take it beyond the bound."""
    assert peak(Case(sweep), 1_000_000) < 1.2 * peak(Case(sweep), 100_000)


@pytest.mark.parametrize("sweep", [seeds_of_one, configurations, union])
def test_the_sweeps_hold_so_many_trials(sweep):
    for trials in (30_000, 1_000_000):
        laid_out = plan(read({"name": "memory", "task": "xor-constant", "sweep": sweep(trials)}))
        assert trials - 15 < laid_out.trials <= trials
    assert laid_out.contiguous == (sweep is not union)
    assert np.isin(laid_out.configurations, [1, 5, 1_000_000])
