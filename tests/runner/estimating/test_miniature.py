import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.estimating.miniature import miniature, numbers_a_trial, shortened, thinned
from runner.experiment.reading import read
from runner.planning.chunks import chunks
from runner.planning.plan import plan
from runner.sweeping import engine
from runner.tables.columns import trial_columns

RECORDS = {"weights": True, "curve": [0, 10, 20, 500]}


def experiment(**tables):
    return read({"name": "a", "task": "xor", **tables})


@given(
    st.integers(1, 3000),
    st.integers(1, 7),
    st.integers(1, 60),
    st.sampled_from([1, 5, 64, 1000]),
    st.integers(0, 30),
)
def test_a_miniature_has_about_so_many_trials_and_the_same_columns(seeds, sizes, rates, rows, epochs):
    axes = {"hidden": list(range(1, sizes + 1)), "learning_rate": [k / 8 for k in range(rates)], "epochs": [3, 700]}
    whole = plan(experiment(sweep={"seeds": {"first": 5000, "count": seeds}, **axes}))
    small = miniature(whole, rows, epochs)
    trials = plan(small).trials
    assert trial_columns(small) == trial_columns(whole.experiment)
    assert trials <= whole.trials
    assert min(rows, whole.trials) / 2.5 <= trials <= max(2.5 * rows, 1)
    assert small.training.epochs == epochs
    assert max(max(axis.values) for axis in small.grids[0].axes if axis.key == "epochs") <= epochs + 1


def test_a_miniature_has_fewer_seeds_and_then_fewer_configurations():
    whole = plan(experiment(sweep={"seeds": 1000, "learning_rate": {"start": 1, "stop": 50, "num": 50}}))
    (grid,) = miniature(whole, 5000, 5).grids
    assert (grid.axes[0].values, grid.seeds) == (whole.experiment.grids[0].axes[0].values, range(900, 1000))
    (grid,) = miniature(whole, 250, 5).grids
    assert (grid.axes[0].values, len(grid.seeds)) == ((1.0, 13.0, 25.0, 38.0, 50.0), 50)


def test_a_miniature_has_every_grid_and_as_many_points_of_a_curve():
    grids = [{"seeds": 4000, "hidden": [2]}, {"seeds": 1000, "momentum": [0.5, 0.9]}]
    small = miniature(plan(experiment(sweep=grids, record=RECORDS)), 600, 2)
    assert [len(grid.seeds) for grid in small.grids] == [400, 100]
    assert [len(axis.values) for grid in small.grids for axis in grid.axes] == [1, 2]
    assert (small.training.epochs, small.record.curve) == (3, (0, 1, 2, 3))


def test_a_thinned_task_is_quick_and_a_small_one_is_left_alone():
    small = experiment()
    assert thinned(small) == small
    inputs, targets = np.eye(3000, 40).tolist(), np.zeros((3000, 1)).tolist()
    large = read({"name": "a", "task": {"inputs": inputs, "targets": targets}, "network": {"hidden": 8}})
    assert len(thinned(large).task.inputs) == 2000
    huge = read({"name": "a", "task": {"inputs": inputs, "targets": targets}, "sweep": {"hidden": [8, 4096]}})
    task = thinned(huge).task
    assert task.inputs == huge.task.inputs[: len(task.inputs)]
    assert 10 < len(task.inputs) * (41 * 4096 + 4097) / 1e5 <= 20


@pytest.mark.parametrize("epochs", [0, 1, 50, 1000])
def test_shortened_work_runs_for_so_many_epochs_without_stopping(epochs):
    sweep = {"seeds": 3, "epochs": [400, 1000]}
    stopping = {"threshold": 10.0, "stop": True}
    laid_out = plan(experiment(sweep=sweep, convergence=stopping, record={"curve": {"every": 100}}))
    work = shortened(engine.work(laid_out, next(chunks(laid_out))), epochs)
    columns = engine.compute(work)
    assert columns["epochs_run"].tolist() == [epochs] * 6
    assert columns["losses"].shape[1] == {0: 0, 1: 0, 50: 1, 1000: 11}[epochs]
    assert np.isfinite(columns["losses"]).all()


def test_numbers_of_a_trial_are_those_of_its_tables():
    recorded = experiment(network={"hidden": 3, "bias": True}, record=RECORDS)
    parameters = 2 * 3 + 3 + 3 + 1
    assert numbers_a_trial(recorded) == len(trial_columns(recorded)) + 3 * 4 + parameters
    assert numbers_a_trial(experiment()) == len(trial_columns(experiment()))
