"""Names, order and kinds of the columns of the result tables."""

from typing import Literal

from runner.experiment.spec import Experiment
from runner.experiment.weight_axes import parsed

Kind = Literal["whole", "real", "flag", "word"]

OUTCOMES = ("converged", "not-converged", "diverged")
PERCENTILES = (5, 25, 50, 75, 95)

KEYS: dict[str, Kind] = {
    "hidden": "whole",
    "bias": "flag",
    "generator": "word",
    "low": "real",
    "high": "real",
    "mean": "real",
    "std": "real",
    "scale": "real",
    "learning_rate": "real",
    "momentum": "real",
    "epochs": "whole",
    "update": "word",
    "objective": "word",
    "precision": "word",
    "metric": "word",
    "threshold": "real",
    "stop": "flag",
}
RESULTS: dict[str, Kind] = {
    "seed": "whole",
    "outcome": "word",
    "converged": "flag",
    "epochs_to_convergence": "whole",
    "epochs_run": "whole",
    "holds_at_end": "flag",
    "final_loss": "real",
    "max_error": "real",
}
FATES: dict[str, Kind] = {
    "gradient_norm": "real",
    "saturated_share": "real",
    "saturated_error": "real",
    "loss_change": "real",
    "loss_rise": "real",
}
SUMMARY: dict[str, Kind] = {
    "trials": "whole",
    "converged": "whole",
    "diverged": "whole",
    "convergence_rate": "real",
    "convergence_low": "real",
    "convergence_high": "real",
    **{f"epochs_q{percent:02}": "whole" for percent in PERCENTILES},
    **{f"loss_q{percent:02}": "real" for percent in PERCENTILES},
}


def swept(experiment: Experiment) -> list[str]:
    """Return the keys that are columns: hidden and learning_rate always, then the other axes as they first appear."""
    axes = [axis.key for grid in experiment.grids for axis in grid.axes]
    return list(dict.fromkeys(["hidden", "learning_rate", *axes]))


def trial_columns(experiment: Experiment) -> list[str]:
    """Return the header of trials.csv."""
    return list(trial_kinds(experiment))


def trial_kinds(experiment: Experiment) -> dict[str, Kind]:
    """Return the columns of trials.csv in order; scale is a word where the experiment names a rule for it."""
    keys = {key: KEYS.get(key, "real") for key in swept(experiment)}
    if "scale" in keys and any(isinstance(scale, str) for scale in _scales(experiment)):
        keys["scale"] = "word"
    answers: dict[str, Kind] = {name: "real" for names in answer_columns(experiment) for name in names}
    return {"trial": "whole", "task": "word", **keys, **RESULTS, **fate_kinds(experiment), **answers}


def fate_kinds(experiment: Experiment) -> dict[str, Kind]:
    """Return the columns that show why a trial did not converge; none if they are not kept."""
    return FATES if experiment.record.fate else {}


def answer_columns(experiment: Experiment) -> tuple[list[str], list[str]]:
    """Return the names of outputs and of probes, sample by sample, the task's own probes first; empty if not kept."""
    task, record = experiment.task, experiment.record
    if not record.outputs:
        return [], []
    width = len(task.targets[0])
    ends = [f"_{output}" for output in range(width)] if width > 1 else [""]
    outputs = [f"output_{sample}{end}" for sample in range(len(task.inputs)) for end in ends]
    probes = [f"probe_{probe}{end}" for probe in range(len(task.probes) + len(record.probes)) for end in ends]
    return outputs, probes


def is_key(name: str) -> bool:
    """Whether a column holds a swept key."""
    return name in KEYS or parsed(name) is not None


def trial_kind(name: str) -> Kind | None:
    """Return what a column of some trials.csv holds, None for one that is not ours."""
    if name.startswith(("output_", "probe_")) or parsed(name):
        return "real"
    known: dict[str, Kind] = {"trial": "whole", "task": "word", **KEYS, **RESULTS, **FATES}
    return known.get(name)


def _scales(experiment: Experiment) -> list[object]:
    axes = [axis for grid in experiment.grids for axis in grid.axes if axis.key == "scale"]
    return [experiment.init.scale, *(value for axis in axes for value in axis.values)]
