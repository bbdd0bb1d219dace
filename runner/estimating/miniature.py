"""Small relatives of an experiment, on which the cost of the whole is measured."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from runner.experiment.spec import Axis, Experiment, Grid
from runner.planning.plan import Plan
from runner.sweeping.engine import Work
from runner.tables.columns import trial_columns

_WEIGHTS, _TARGETS = 2e6, 2000  # that an epoch of one trial multiplies, and compares: more takes long to measure
_SEEDS = 50  # are enough for what a configuration takes to be little beside what its trials do


def thinned(experiment: Experiment) -> Experiment:
    """The experiment with no more training samples than make an epoch, and a row of its tables, quick to measure."""
    task = experiment.task
    hidden, inputs, outputs = max(_values(experiment, "hidden")), len(task.inputs[0]), len(task.targets[0])
    most = max(1, int(min(_WEIGHTS / ((inputs + 1) * hidden + (hidden + 1) * outputs), _TARGETS / outputs)))
    smaller = task.model_copy(update={"inputs": task.inputs[:most], "targets": task.targets[:most]})
    return replace(experiment, task=smaller)


def miniature(laid_out: Plan, rows: int, epochs: int) -> Experiment:
    """The experiment with about so many trials of about so many epochs, but as many points of loss curves a trial.

    There are fewer seeds of each configuration, and fewer configurations where that does not do.
    """
    experiment, record = laid_out.experiment, laid_out.experiment.record
    share = min(1.0, rows / laid_out.trials)
    if record.curve and record.curve[-1] > epochs:
        epochs = max(epochs, len(record.curve) - 1)
        record = record.model_copy(update={"curve": tuple(range(len(record.curve)))})
    training = experiment.training.model_copy(update={"epochs": epochs})
    grids = tuple(_fewer(grid, share, epochs) for grid in experiment.grids)
    return replace(experiment, training=training, record=record, grids=grids)


def shortened(work: Work, epochs: int) -> Work:
    """A chunk whose trials run for so many epochs and do not stop, with its share of the points of loss curves."""
    experiment, record = work.experiment, work.experiment.record
    points = round(len(record.curve) * min(1.0, epochs / max(1, *_values(experiment, "epochs"))))
    curve = tuple(dict.fromkeys(np.linspace(0, epochs, points).astype(int).tolist()))
    training = experiment.training.model_copy(update={"epochs": epochs})
    return replace(
        work,
        experiment=replace(experiment, training=training, record=record.model_copy(update={"curve": curve})),
        shape=replace(work.shape, stop=False),
        values={key: values for key, values in work.values.items() if key != "epochs"},
    )


def numbers_a_trial(experiment: Experiment) -> int:
    """How many numbers, at most, a trial leaves in tables."""
    task, record = experiment.task, experiment.record
    inputs, outputs = len(task.inputs[0]), len(task.targets[0])
    hidden: int = max(_values(experiment, "hidden"))
    weights = (inputs + 1) * hidden + (hidden + 1) * outputs
    return len(trial_columns(experiment)) + 3 * len(record.curve) + weights * record.weights


def _values(experiment: Experiment, key: str) -> list[Any]:
    """All values of a key, that of the table among them."""
    base = {"hidden": experiment.network.hidden, "epochs": experiment.training.epochs}[key]
    axes = (axis for grid in experiment.grids for axis in grid.axes if axis.key == key)
    return [base, *(value for axis in axes for value in axis.values)]


def _fewer(grid: Grid, share: float, epochs: int) -> Grid:
    sizes = [len(axis.values) for axis in grid.axes]
    left = configurations = int(np.prod(sizes, dtype=np.int64))
    rows = share * configurations * len(grid.seeds)
    wanted = min(max(rows / min(len(grid.seeds), _SEEDS), 1.0), configurations)
    for place in np.argsort(sizes)[::-1]:
        fewer = max(1, round(sizes[place] * min(1.0, wanted / left)))
        left, sizes[place] = left // sizes[place] * fewer, fewer
    axes = tuple(_spaced(axis, size, epochs) for axis, size in zip(grid.axes, sizes, strict=True))
    return Grid(axes, grid.seeds[-max(1, round(rows / wanted)) :])  # the last ones, as most have as many digits


def _spaced(axis: Axis, count: int, epochs: int) -> Axis:
    """So many of the values; of epochs, others that are as low as may be."""
    places: Sequence[int] = np.linspace(0, len(axis.values) - 1, count).round().astype(int).tolist()
    chosen = range(epochs, epochs + count) if axis.key == "epochs" else (axis.values[place] for place in places)
    return replace(axis, values=tuple(chosen))
