"""The two tables of a comparison: their rows, what their manifests add to them, and in what they differ."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from runner.errors import RunnerError
from runner.experiment.spec import SWEEPABLE
from runner.experiment.weight_axes import parsed
from runner.tables.columns import is_key
from runner.tables.loading import Results, load, typed_trials
from runner.tables.streaming import Table
from runner.tables.where import select

# What decides which random numbers become which weight: where it differs, one seed means two different draws.
DRAWS = ("network.hidden", "network.bias", "init.generator", "init.distribution", "init.order")
_TABLES = ("network", "init", "training", "convergence")
_RUN = ("seedsweep", "kernel_hash", "machine.platform", "machine.cpu", "machine.target.name")


@dataclass(frozen=True, eq=False)
class Side:
    """One of two tables: its rows, how it is called, and its manifest, where it has one that fits the rows.

    `keys` holds, for each key that a column of either table names, the values as this table has them: its own column,
    or what its manifest says of all rows; a key of which neither knows is not there.
    """

    letter: str
    name: str
    rows: pd.DataFrame
    manifest: Mapping[str, Any] | None
    keys: Mapping[str, "pd.Series[Any]"]
    remarks: tuple[str, ...]

    def known(self, key: str) -> "pd.Series[Any] | None":
        """The values of a key, of all rows, None where neither column nor manifest tells."""
        if key in self.keys:
            return self.keys[key]
        if key in self.rows:
            return self.rows[key]
        if self.manifest is None:
            return None
        value = _said(self.manifest["spec"], key)
        if isinstance(value, str):
            return pd.Series(pd.Categorical([value]).take(np.zeros(len(self.rows), np.int64)))
        return pd.Series(np.full(len(self.rows), value))


def sides(a: Table, b: Table, where: str, where_a: str, where_b: str) -> tuple[Side, Side]:
    """Return the rows of two tables that are to be compared.

    `where` chooses rows of both, `where_a` and `where_b` of one. Raises `RunnerError` for tables that are not ours, for
    different tasks, and where no row is left.
    """
    both = (_read("A", a), _read("B", b))
    names = list(dict.fromkeys(str(name) for side in both for name in side.rows if is_key(str(name))))
    found = tuple(
        _chosen(_completed(side, names), [text for text in (where, own) if text.strip()])
        for side, own in zip(both, (where_a, where_b), strict=True)
    )
    _check_tasks(*found)
    return found[0], found[1]


def differences(a: Side, b: Side) -> pd.DataFrame:
    """Return what differs between two tables: `of` (experiment, run), `key` as its file writes it, and `a` and `b`.

    A column counts where it holds one value in each table, and the two are not the same. What one manifest does not
    tell is not compared; None is a value that does not exist.
    """
    rows: list[tuple[str, str, Any, Any]] = []
    columns = [key for key in a.keys if key in b.keys]
    for key in columns:
        values = [_only(side.keys[key]) for side in (a, b)]
        if len(values[0]) == len(values[1]) == 1 and values[0] != values[1]:
            rows.append(("experiment", f"{SWEEPABLE.get(key, 'init')}.{key}", values[0][0], values[1][0]))
    if a.manifest is not None and b.manifest is not None:
        specs, runs = [side.manifest["spec"] for side in (a, b) if side.manifest], [a.manifest, b.manifest]
        for table in _TABLES:
            for key in dict.fromkeys([*specs[0].get(table, {}), *specs[1].get(table, {})]):
                said = [spec.get(table, {}).get(key) for spec in specs]
                if key not in {*a.keys, *b.keys} and said[0] != said[1]:
                    rows.append(("experiment", f"{table}.{key}", *said))
        versions = [f"versions.{name}" for name in dict.fromkeys([*runs[0]["versions"], *runs[1]["versions"]])]
        for path in (*_RUN, *versions):
            said = [_at(run, path) for run in runs]
            if said[0] != said[1]:
                rows.append(("run", path, *said))
    return pd.DataFrame(rows, columns=["of", "key", "a", "b"], dtype=object)


def _read(letter: str, table: Table) -> Side:
    if isinstance(table, pd.DataFrame):
        return Side(letter, f"table {letter}", typed_trials(table, letter), None, {}, ())
    found = table if isinstance(table, Results) else load(table)
    manifest, remarks = found.manifest, []
    if manifest is not None and (why := _foreign(found.trials, manifest)):
        manifest = None
        remarks = [f"The manifest.json beside {letter} is of another table ({why}) and is left aside."]
    return Side(letter, str(found.path), found.trials, manifest, {}, tuple(remarks))


def _foreign(rows: pd.DataFrame, manifest: Mapping[str, Any]) -> str:
    """What a table holds that its manifest does not know, blank where there is nothing."""
    try:
        axes = manifest["axes"]
        _ = manifest["versions"], manifest["machine"], [manifest["spec"][name] for name in ("task", *_TABLES)]
        for key in (str(name) for name in rows if is_key(str(name))):
            strange = {None if value != value else value for value in rows[key].unique()} - {*axes.get(key, ())}
            if strange and not (key == "scale" and {*map(str, strange)} <= {*map(str, axes.get(key, ()))}):
                return f"it does not know {key} = {min(map(str, strange))}"
    except (KeyError, TypeError, AttributeError):
        return "it lacks what a manifest holds"
    absent = next((key for key in axes if key not in rows), None)
    return f"it has an axis {absent}" if absent else ""


def _completed(side: Side, names: Sequence[str]) -> Side:
    keys = {}
    for name in names:
        values = side.known(name)
        if values is not None:
            keys[name] = values.set_axis(side.rows.index)
    return replace(side, keys=keys)


def _chosen(side: Side, wheres: Sequence[str]) -> Side:
    rows, keys = side.rows, side.keys
    if wheres:
        whole = rows.assign(**{name: values for name, values in keys.items() if name not in rows})
        chosen = np.ones(len(rows), np.bool_)
        for where in wheres:
            try:
                chosen &= select(whole, where)
            except RunnerError as error:
                raise RunnerError(f"{side.letter} ({side.name}): {error}") from None
        rows, keys = rows[chosen], {name: values[chosen] for name, values in keys.items()}
    if rows.empty:
        said = f" where {' and '.join(wheres)}" if wheres else ""
        raise RunnerError(f"{side.letter} ({side.name}) has no trial{said}; there is nothing to compare")
    return replace(side, rows=rows, keys=keys)


def _check_tasks(a: Side, b: Side) -> None:
    tasks = [set(side.rows["task"].unique()) for side in (a, b)]
    if not tasks[0] & tasks[1]:
        names = [" and ".join(sorted(map(str, task))) for task in tasks]
        raise RunnerError(
            f"A is of the task {names[0]} and B of {names[1]}: what their networks answer cannot be compared; "
            "give two tables of one task"
        )
    if a.manifest is not None and b.manifest is not None:
        contents = [_contents(side.manifest["spec"]["task"]) for side in (a, b) if side.manifest]
        if contents[0] != contents[1]:
            raise RunnerError(
                f"A and B both call their task {min(tasks[0])}, but its samples or targets differ; "
                "give two tables of one task"
            )


def _contents(task: Any) -> tuple[Any, Any]:
    from runner.experiment.tasks import named

    if isinstance(task, str):
        task = named(task).model_dump()
    return tuple(np.asarray(task[name], float).tolist() for name in ("inputs", "targets"))


def _said(spec: Mapping[str, Any], key: str) -> Any:
    """The value of a key that no axis sweeps, NaN where it does not exist."""
    if key in SWEEPABLE:
        said = spec[SWEEPABLE[key]].get(key)
        return math.nan if said is None else said
    place = parsed(key)
    if place is None or spec["init"].get(place[0]) is None:
        return math.nan
    given: NDArray[Any] = np.atleast_2d(np.asarray(spec["init"][place[0]], float))
    return float(given[place[1], place[2]])


def _only(values: "pd.Series[Any]") -> list[Any]:
    """The distinct values of a key, at most two of them; None is a value that does not exist."""
    found = [None if value != value else value for value in values.unique()[:2]]
    return [value.item() if isinstance(value, np.generic) else value for value in found]


def _at(run: Mapping[str, Any], path: str) -> Any:
    value: Any = run
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value
