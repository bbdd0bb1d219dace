"""Reading an experiment: file, overrides and the task's recipe into one validated value, and back."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from runner.errors import RunnerError
from runner.experiment.axes import grids
from runner.experiment.checks import check, span, warnings
from runner.experiment.csv_task import csv_task
from runner.experiment.document import TABLES, CsvTask, Document, Every
from runner.experiment.limits import POINTS, SKIP
from runner.experiment.overrides import overridden
from runner.experiment.schema import schema as schema
from runner.experiment.source import opened, plain
from runner.experiment.spec import (
    Convergence,
    Experiment,
    Grid,
    Init,
    Network,
    Parameter,
    Record,
    Skip,
    Task,
    Training,
)
from runner.experiment.tasks import named, recipe
from runner.messages import Refusal, checked

_UNUSED = {
    "uniform": {"mean", "std"},
    "normal": {"low", "high"},
    "given": {"generator", "low", "high", "mean", "std", "scale", "order"},
}


def read(source: str | os.PathLike[str] | Mapping[str, Any], overrides: Sequence[str] = ()) -> Experiment:
    """Return the experiment that a TOML file, a shipped experiment's name or a dict describes.

    `overrides` are KEY=VALUE as of --set. What is left out comes from the task's recipe, then from general defaults.
    Raises `RunnerError` with one sentence about the first thing, in file order, that cannot be used.
    """
    written = opened(source)
    changed = overridden(written.content, overrides)
    try:
        found = _experiment(written.content, written.folder)
    except Refusal as refusal:
        key = re.sub(r"\[\d+\]", "", refusal.key)
        where = "--set" if any(f"{key}.".startswith(f"{name}.") for name in changed) else written.where
        raise RunnerError(f"{where}: {refusal}") from None
    if written.file is None:
        return found
    return replace(found, written={"file": written.file, "sha256": written.sha256, "overrides": list(overrides)})


def whole(experiment: Experiment) -> dict[str, Any]:
    """Return every value in use as nested dicts and lists: itself an experiment that `read` gives back."""
    unused = _unused(experiment)
    tables = {name: getattr(experiment, name) for name in TABLES}
    sweeps = [_written(grid) for grid in experiment.grids]
    document = {
        "name": experiment.name,
        "description": experiment.description,
        "task": experiment.task.name if _is_named(experiment.task) else experiment.task.model_dump(),
        **{name: table.model_dump(exclude=unused, exclude_none=True) for name, table in tables.items()},
        "sweep": sweeps if len(sweeps) > 1 else sweeps[0],
    }
    return {key: plain(value) for key, value in document.items()}


def _experiment(content: dict[str, Any], folder: Path) -> Experiment:
    document: Document = checked(Document, content)
    origin = document.task
    task = (
        named(origin)
        if isinstance(origin, str)
        else csv_task(origin, folder)
        if isinstance(origin, CsvTask)
        else origin
    )
    own = recipe(origin) if isinstance(origin, str) else {}
    said = {name: content.get(name, {}) for name in TABLES}
    network = Network(**own.get("network", {}) | said["network"])
    init = Init(**own.get("init", {}) | said["init"])
    experiment = Experiment(
        name=document.name,
        description=document.description,
        task=task,
        network=network,
        init=init,
        training=Training(**own.get("training", {}) | said["training"]),
        convergence=Convergence(**own.get("convergence", {}) | said["convergence"]),
        record=Record(**document.record.model_dump(exclude={"curve"})),
        grids=grids(content.get("sweep")),
    )
    experiment, idle = _without_unused(experiment, said)
    curve, late = _curve(document.record.curve, max(span(experiment, "epochs")))
    experiment = replace(
        experiment,
        init=experiment.init.model_copy(update={"order": _order(experiment, "order" in said["init"])}),
        record=experiment.record.model_copy(update={"curve": curve}),
    )
    check(experiment)
    return replace(experiment, warnings=(*idle, *late, *warnings(experiment)))


def _unused(experiment: Experiment) -> set[str]:
    """Return the keys that change nothing under the distribution of weights and the metrics in use."""
    threshold = {"threshold"} if span(experiment, "metric") == {"classification"} else set()
    return _UNUSED[experiment.init.distribution] | threshold


def _without_unused(experiment: Experiment, said: dict[str, Any]) -> tuple[Experiment, list[str]]:
    """Put unused keys to their defaults, so that equal configurations are equal; say which the file had set."""
    unused = _unused(experiment)
    why = {"init": f'distribution = "{experiment.init.distribution}"', "convergence": 'metric = "classification"'}
    for axis in (axis for grid in experiment.grids for axis in grid.axes if axis.key in unused):
        raise Refusal(f"sweep.{axis.key}", f"has no effect with {why[axis.table]}; remove the axis")
    found = [f"{table}.{key} has no effect with {why[table]}" for table in why for key in said[table] if key in unused]
    init = Init(**experiment.init.model_dump(exclude=unused))
    return replace(
        experiment, init=init, convergence=Convergence(**experiment.convergence.model_dump(exclude=unused))
    ), found


def _order(experiment: Experiment, said: bool) -> tuple[Parameter | Skip, ...]:
    """Return the order of draws for the parameters that some network of the experiment has."""
    order, biased = experiment.init.order, True in span(experiment, "bias")
    names = [entry.removesuffix(".T") for entry in order if isinstance(entry, str)]
    if biased and not said and "b1" not in names:
        return ("W1", "b1", "W2", "b2")
    skipped = sum(entry.skip for entry in order if isinstance(entry, Skip))
    if skipped > SKIP:
        raise Refusal("init.order", f"passes over {skipped:,} draws; at most {SKIP:,}")
    for name in ("W1", "W2", "b1", "b2"):
        if names.count(name) > 1:
            raise Refusal("init.order", f"draws {name} twice")
        if name not in names and (biased or name.startswith("W")):
            raise Refusal("init.order", f"leaves out {name}, which this network has")
    return order if biased else tuple(entry for entry in order if entry not in ("b1", "b2"))


def _curve(written: tuple[int, ...] | Every, last: int) -> tuple[tuple[int, ...], list[str]]:
    """Return the epochs of a curve, ascending, up to the last one of the longest trial; and what was left out."""
    epochs = range(0, last + 1, written.every) if isinstance(written, Every) else sorted(set(written))
    if len(epochs) > POINTS:
        raise Refusal("record.curve", f"asks for more than {POINTS:,} epochs")
    late = [epoch for epoch in epochs if epoch > last]
    found = [f"record.curve: no trial reaches epoch {late[0]}; the last is {last}"] if late else []
    return tuple(epoch for epoch in epochs if epoch <= last), found


def _written(grid: Grid) -> dict[str, Any]:
    seeds: Any = grid.seeds
    if isinstance(seeds, range):
        seeds = {"first": seeds.start, "count": len(seeds)} if seeds.start else len(seeds)
    return {"seeds": seeds, **{axis.key: axis.values for axis in grid.axes}}


def _is_named(task: Task) -> bool:
    try:
        return named(task.name) == task
    except RunnerError:
        return False
