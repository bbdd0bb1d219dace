"""`--set KEY=VALUE`: changes to what a file says, made before it is validated."""

import tomllib
from collections.abc import Sequence
from typing import Any

from runner.errors import RunnerError
from runner.experiment.document import TABLES
from runner.experiment.source import plain
from runner.experiment.spec import SWEEPABLE
from runner.messages import nearest

_TOP = ("name", "description", "task")


def overridden(content: dict[str, Any], overrides: Sequence[str]) -> set[str]:
    """Change `content` in place, and return the keys that were set.

    A base value that is an axis of some grid becomes that axis's only value there; `sweep.KEY` sets an axis in every
    grid. Raises `RunnerError` for what is no KEY=VALUE of a known table.
    """
    keys = set()
    for override in overrides:
        key, equals, text = override.partition("=")
        key = key.strip()
        if not equals or not text.strip() or not key:
            raise RunnerError(f"--set {override}: write KEY=VALUE, such as training.learning_rate=0.5")
        _set(content, key, plain(_value(text.strip()), key), override)
        keys.add(key)
    return keys


def _value(text: str) -> Any:
    try:
        parsed = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return parsed["value"] if len(parsed) == 1 else text


def _set(content: dict[str, Any], key: str, value: Any, override: str) -> None:
    table, dot, name = key.partition(".")
    if not dot:
        if key not in _TOP:
            raise RunnerError(f"--set {override}: {_placed(key)}")
        content[key] = value
    elif table == "sweep":
        content.setdefault("sweep", {})
        for grid in _grids(content):
            grid[name] = value
    elif table in TABLES or (table == "task" and isinstance(content.get("task"), dict)):
        target = content.setdefault(table, {})
        if isinstance(target, dict):
            target[name] = value
        for grid in _grids(content):
            if SWEEPABLE.get(name) == table and name in grid:
                grid[name] = [value]
    else:
        raise RunnerError(f"--set {override}: there is no table {table}; {nearest(table, [*TABLES, 'sweep'])}")


def _grids(content: dict[str, Any]) -> list[dict[str, Any]]:
    sweep = content.get("sweep")
    return [grid for grid in (sweep if isinstance(sweep, list) else [sweep]) if isinstance(grid, dict)]


def _placed(key: str) -> str:
    if key in TABLES or key == "sweep":
        return f"write {key}.KEY=VALUE"
    homes = [table for table, model in TABLES.items() if key in model.model_fields] + ["sweep"] * (key == "seeds")
    return f"write {homes[0]}.{key}" if homes else f"there is no such key; {nearest(key, _TOP)}"
