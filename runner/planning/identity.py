"""The hash that names a configuration in every table it appears in, whatever was swept there."""

import hashlib
import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from runner.experiment.reading import whole
from runner.experiment.spec import SWEEPABLE
from runner.planning.plan import Plan
from runner.planning.product import Numbers

_MARK = "\0"


class Identities:
    """12 hex digits for a configuration: SHA-256 over canonical JSON of the task's contents and all its values."""

    def __init__(self, plan: Plan) -> None:
        experiment, levels, tables = plan.experiment, plan.levels, whole(plan.experiment)
        self._plan = plan
        described = {
            "task": {"inputs": experiment.task.inputs, "targets": experiment.task.targets},
            **{name: dict(tables[name]) for name in ("network", "init", "training", "convergence")},
        }
        described["convergence"].setdefault("threshold", None)
        weights = sorted(key for key in levels if key not in SWEEPABLE)
        # What is written in a place: the key whose value decides it, and how that value is written.
        written: dict[str, tuple[str, Callable[[Any], str]]] = {key: (key, _canonical) for key in levels}
        # What a value of one axis leaves without effect is left out for it, as it is where nothing is swept.
        if "bias" in levels:
            written["order"] = "bias", lambda bias: _canonical(_order(tables["init"]["order"], bias))
        if "metric" in levels and "threshold" not in levels:
            threshold = experiment.convergence.threshold
            written["threshold"] = (
                "metric",
                lambda metric: _canonical(None if metric == "classification" else threshold),
            )
        for key in written.keys() - weights:
            described["init" if key == "order" else SWEEPABLE[key]][key] = _MARK + key + _MARK
        parts = _canonical(described).replace('"\\u0000', _MARK).replace('\\u0000"', _MARK).split(_MARK)
        self._texts, self._written = [*parts[::2], *[""] * len(weights)], [written[key] for key in parts[1::2]]
        self._written += [(key, _weight(key)) for key in weights]

    def of(self, configurations: Numbers) -> list[str]:
        """The hashes of these configurations."""
        level = self._plan.level(configurations)
        start, *texts = self._texts
        pieces: list[Any] = []
        for (key, write), text in zip(self._written, texts, strict=True):
            places, inverse = np.unique(level[key], return_inverse=True)
            cells = np.array([write(self._plan.levels[key][place]) + text for place in places], object)
            if len(cells) == 1 and not pieces:
                start += cells[0]
            else:
                pieces.append(cells[inverse])
        rows: NDArray[Any] | list[str] = sum(pieces, np.full(len(configurations), "", object))
        # What all of them begin with, nearly all of a text, is hashed once.
        common, hashes = hashlib.sha256(start.encode()), list[str]()
        for row in rows:
            digest = common.copy()
            digest.update(row.encode())
            hashes.append(digest.hexdigest()[:12])
        return hashes


def _weight(key: str) -> Callable[[float], str]:
    return lambda value: "" if math.isnan(value) else f"{key}={value!r}"


def _order(written: list[Any], bias: bool) -> list[Any]:
    """The order of draws, without those that a network without biases does not make."""
    return written if bias else [entry for entry in written if entry not in ("b1", "b2")]


def _canonical(value: Any) -> str:
    """JSON with sorted keys and no spaces, floats as Python writes them."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
