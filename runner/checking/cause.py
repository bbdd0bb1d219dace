"""A cause for which two trainings of one network differ: a change to ours, and a clause about the other."""

from dataclasses import dataclass, replace
from typing import Any

from runner.checking.setting import Setting
from runner.experiment.spec import Experiment

_TABLES = ("network", "init", "training", "convergence")
KINDS = ("step", "moment", "update", "samples", "order", "momentum", "biases", "draws", "numbers", "slopes")


@dataclass(frozen=True)
class Cause:
    """What the user's function does otherwise, in a clause, and ours so changed.

    Causes of one kind, of `KINDS`, exclude each other.
    """

    kind: str
    text: str
    setting: Setting


def overrides(base: Experiment, other: Setting) -> tuple[str, ...] | None:
    """What --set makes an experiment do the same; None where an experiment file cannot say it."""
    if replace(other, experiment=base) != Setting(base) or other.experiment.training.learning_rate < 0:
        return None
    tables = [(table, getattr(base, table), getattr(other.experiment, table)) for table in _TABLES]
    return tuple(
        f"{table}.{key}={_toml(getattr(after, key))}"
        for table, before, after in tables
        for key in type(before).model_fields
        if getattr(after, key) != getattr(before, key)
    )


def _toml(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else repr(value)
