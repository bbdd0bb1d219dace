"""The hash that names a configuration in every table it appears in, whatever was swept there."""

import hashlib
import json
import math
from typing import Any

import numpy as np

from runner.experiment.reading import whole
from runner.experiment.spec import SWEEPABLE, Experiment
from runner.planning.plan import Plan, level_array

_MARK = "\0"


def configuration_hashes(plan: Plan) -> list[str]:
    """12 hex digits for each configuration: SHA-256 over canonical JSON of the task's contents and all its values."""
    experiment = plan.experiment
    described = {
        "task": {"inputs": experiment.task.inputs, "targets": experiment.task.targets},
        **{table: dict(whole(experiment)[table]) for table in ("network", "init", "training", "convergence")},
    }
    described["convergence"].setdefault("threshold", None)
    weights = sorted(key for key in plan.levels if key not in SWEEPABLE)
    texts = {key: level_array([_canonical(value) for value in values]) for key, values in plan.levels.items()}
    decided_by = {key: key for key in plan.levels}
    # What a value of one axis leaves without effect is left out for it, as it is where nothing is swept.
    if "bias" in plan.levels:
        texts["order"] = level_array([_canonical(_order(experiment, bias)) for bias in plan.levels["bias"]])
        decided_by["order"] = "bias"
    if "metric" in plan.levels and "threshold" not in plan.levels:
        threshold = experiment.convergence.threshold
        thresholds = [None if metric == "classification" else threshold for metric in plan.levels["metric"]]
        texts["threshold"] = level_array([_canonical(value) for value in thresholds])
        decided_by["threshold"] = "metric"
    for key in texts.keys() - weights:
        described["init" if key == "order" else SWEEPABLE[key]][key] = _MARK + key + _MARK
    parts = _canonical(described).replace('"\\u0000', _MARK).replace('\\u0000"', _MARK).split(_MARK)
    parts += [part for key in weights for part in (key, "")]
    for key in weights:
        texts[key] = level_array(["" if math.isnan(value) else f"{key}={value!r}" for value in plan.levels[key]])
    level = plan.level(np.arange(plan.configurations))
    pieces = [
        texts[part][level[decided_by[part]]] if place % 2 else [part] * plan.configurations
        for place, part in enumerate(parts)
    ]
    return [hashlib.sha256("".join(row).encode()).hexdigest()[:12] for row in zip(*pieces, strict=True)]


def _order(experiment: Experiment, bias: bool) -> list[Any]:
    """The order of draws, without those that a network without biases does not make."""
    written: list[Any] = whole(experiment)["init"]["order"]
    return written if bias else [entry for entry in written if entry not in ("b1", "b2")]


def _canonical(value: Any) -> str:
    """JSON with sorted keys and no spaces, floats as Python writes them."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
