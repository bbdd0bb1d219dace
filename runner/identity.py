"""The hash that names a configuration in every table it appears in, whatever was swept there."""

import hashlib
import json
from typing import Any

import numpy as np

from runner.plan import Plan, level_array
from runner.reading import whole
from runner.spec import SWEEPABLE

_MARK = "\0"


def configuration_hashes(plan: Plan) -> list[str]:
    """12 hex digits for each configuration: SHA-256 over canonical JSON of the task's contents and all its values."""
    experiment = plan.experiment
    described = {
        "task": {"inputs": experiment.task.inputs, "targets": experiment.task.targets},
        **{table: dict(whole(experiment)[table]) for table in ("network", "init", "training", "convergence")},
    }
    for key in plan.levels:
        described[SWEEPABLE[key]][key] = _MARK + key + _MARK
    parts = _canonical(described).replace('"\\u0000', _MARK).replace('\\u0000"', _MARK).split(_MARK)
    texts = {key: level_array([_canonical(value) for value in values]) for key, values in plan.levels.items()}
    level = plan.level(np.arange(plan.configurations))
    pieces = [
        texts[part][level[part]] if place % 2 else [part] * plan.configurations for place, part in enumerate(parts)
    ]
    return [hashlib.sha256("".join(row).encode()).hexdigest()[:12] for row in zip(*pieces, strict=True)]


def _canonical(value: Any) -> str:
    """JSON with sorted keys and no spaces, floats as Python writes them."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
