"""What was run, in words."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from runner.experiment.spec import Experiment, Skip
from runner.labels import label
from runner.reporting.origin import Origin
from runner.reporting.words import number, several, written
from runner.tables.columns import is_key

Pairs = list[tuple[str, str]]

_VALUES = 8  # of an axis that are all written out
_OBJECTIVES = {
    "sse": "the sum of squared errors",
    "half-sse": "half the sum of squared errors",
    "mse": "the mean squared error",
    "half-mse": "half the mean squared error",
}
_RULES = {
    "loss": "the mean squared error is at most {threshold}",
    "max-error": "every output is closer than {threshold} to its target",
    "classification": "every output is on its target's side of 0.5",
}
_STREAMS = {"mt19937": "NumPy's np.random.seed", "pcg64": "NumPy's default_rng"}


def what_was_run(source: Origin, trials: pd.DataFrame, axes: Sequence[str]) -> Pairs:
    """Return the experiment in words: all of it where it is known, else what the table of trials tells."""
    if source.experiment is None or source.manifest is None:
        return _told_by(trials, axes)
    return _what(source.experiment, source.manifest["axes"], source.manifest["counts"])


def _what(experiment: Experiment, axes: Mapping[str, Sequence[Any]], counts: Mapping[str, int]) -> Pairs:
    task, record = experiment.task, experiment.record

    def value(key: str, table: Any) -> str:
        return _listing(axes[key]) if key in axes else number(getattr(table, key))

    biases = {True: "biases", False: "no biases"}.get(experiment.network.bias, "")
    biases = "biases: " + _listing(axes["bias"]) if "bias" in axes else biases
    inputs, outputs = len(task.inputs[0]), len(task.targets[0])
    hidden = value("hidden", experiment.network)
    sizes = f"{several(inputs, 'input')}, {hidden} hidden and {several(outputs, 'output sigmoid')}"
    training = experiment.training
    objective = _listing(axes["objective"]) if "objective" in axes else _OBJECTIVES[training.objective]
    epochs = (
        f"{value('epochs', training)} epochs of {value('update', training)} updates along the gradient of {objective}"
    )
    stop = experiment.convergence.stop
    found = [
        ("Task", f"{task.name}: {several(len(task.inputs), 'sample')}"),
        ("Network", f"{sizes}, {biases}"),
        ("Initial weights", _weights(experiment, axes, value)),
        ("Training", f"{epochs}, {value('precision', training)}"),
        ("Learning rate", value("learning_rate", training)),
        ("Momentum", value("momentum", training)),
        ("Converged", _rule(experiment, axes, value)),
        (
            "After that",
            f"stop: {_listing(axes['stop'])}"
            if "stop" in axes
            else "training stops"
            if stop
            else "training goes on to the end",
        ),
        ("Seeds", _seeds(experiment)),
        ("Trials", f"{counts['trials']:,} of {several(counts['configurations'], 'configuration')}"),
    ]
    kept = [name for name in ("outputs", "weights") if getattr(record, name)] + ["loss curves"] * bool(record.curve)
    return [*found, ("Recorded", ", ".join(kept))] if kept else found


def _weights(experiment: Experiment, axes: Mapping[str, Sequence[Any]], value: Any) -> str:
    init = experiment.init
    own = [key for key in axes if "[" in key]
    swept = "; " + ", ".join(f"{key} {_listing(axes[key])}" for key in own) if own else ""
    if init.distribution == "given":
        return f"as written in the experiment file{swept}"
    if init.distribution == "uniform":
        drawn = f"uniform from {value('low', init)} to {value('high', init)}"
    else:
        drawn = f"normal with mean {value('mean', init)} and standard deviation {value('std', init)}"
    scaled = "" if "scale" not in axes and init.scale == 1.0 else f", times {value('scale', init)}"
    order = ", ".join(f"{entry.skip} draws passed over" if isinstance(entry, Skip) else entry for entry in init.order)
    stream = _listing(axes["generator"]) if "generator" in axes else _STREAMS[init.generator]
    return f"{drawn}{scaled}, in the order {order}, of {stream}{swept}"


def _rule(experiment: Experiment, axes: Mapping[str, Sequence[Any]], value: Any) -> str:
    threshold = value("threshold", experiment.convergence)
    if "metric" in axes:
        return f"metric {_listing(axes['metric'])}, threshold {threshold}"
    return "once " + _RULES[experiment.convergence.metric].format(threshold=threshold) + ", tested after every epoch"


def _seeds(experiment: Experiment) -> str:
    found = []
    for grid in experiment.grids:
        seeds = grid.seeds
        words = (
            f"{seeds[0]:,} to {seeds[-1]:,}" if isinstance(seeds, range) and len(seeds) > 1 else _listing(list(seeds))
        )
        found.append(words)
    return "; ".join(dict.fromkeys(found))


def _listing(values: Sequence[Any]) -> str:
    words = [written(value) for value in values]
    if len(words) <= _VALUES:
        return " or ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]
    return f"{len(words):,} values from {words[0]} to {words[-1]}"


def _told_by(trials: pd.DataFrame, axes: Sequence[str]) -> Pairs:
    keys = [str(name) for name in trials if is_key(str(name))]
    found = [("Task", ", ".join(map(str, trials["task"].unique())))]
    for key in keys:
        values = [None if value != value else value for value in trials[key].unique().tolist()]
        found.append((label(key)[0].upper() + label(key)[1:], _listing(values if key in axes else values[:1])))
    return [*found, ("Seeds", f"{trials['seed'].nunique():,}"), ("Trials", f"{len(trials):,}")]
