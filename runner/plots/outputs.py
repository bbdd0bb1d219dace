"""What trained networks answer to each sample, against the targets."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from runner.errors import RunnerError
from runner.experiment.reading import read
from runner.experiment.spec import Task
from runner.experiment.tasks import named
from runner.labels import text
from runner.plots.groups import Most, grouped
from runner.plots.lanes import Row, as_points, draw_lanes, legend, margins
from runner.plots.panels import Panels
from runner.plots.style import INK
from runner.tables.loading import Results, trials_file
from runner.tables.manifest import read_manifest
from runner.tables.streaming import Table, stream

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ROWS = 24


def outputs(results: Table, *, where: str = "", title: str | None = None) -> "Figure":
    """Draw what the trained networks answer to each sample and probe, the targets being marked.

    The trials that converged are above each line, the others below it; `where` chooses a configuration. Up to 1,200
    answers are a point each, more are densities. Targets are those of the experiment, where it is known, or of the
    named task. Raises `RunnerError` where outputs were not recorded, or no trial is chosen.
    """
    return output_panels(results, task_of(results), where).figure(title)


def output_panels(results: Table, task: Task | None, where: str) -> Panels:
    """Return the one panel of `outputs`."""
    names = [name for name in stream(results).names if name.startswith(("output_", "probe_"))]
    if not names:
        raise RunnerError("this table has no outputs; they are recorded unless [record] outputs = false")
    shown = [names[place] for place in np.unique(np.linspace(0, len(names) - 1, _ROWS).round().astype(np.int64))]
    groups = grouped(results, [], ["converged", *shown], Most(1, 1), where)
    converged = groups.rows["converged"].to_numpy(np.bool_)
    rows = []
    for name in shown:
        values = groups.rows[name].to_numpy(np.float64, na_value=np.nan)
        there = np.isfinite(values)
        rows.append(
            Row(_name(name, task), values[converged & there], values[~converged & there], target=_target(name, task))
        )

    def draw(axes: "Axes", _: int) -> None:
        draw_lanes(axes, rows, -0.02, 1.02, log=False)
        if not any(len(row.solved) + len(row.stuck) for row in rows):
            axes.text(0.5, 0.5, "no answer is finite", transform=axes.transAxes, ha="center", c=INK, fontsize=9)
        axes.set_xlabel("answer of the trained network")

    there = [any(len(row.solved) for row in rows), any(len(row.stuck) for row in rows)]
    left_out = [groups.left_out] if groups.left_out else []
    left_out += [f"{len(shown)} of {len(names):,} answers"] if len(shown) < len(names) else []
    return Panels(
        groups.titled("answers after training"),
        "; ".join(left_out),
        [""],
        [_words(rows)],
        draw,
        legend(there[0], there[1], any(row.target is not None for row in rows)),
        (6.0, 0.6 + 0.42 * max(len(rows), 3)),
        margins(rows, 0.12),
        as_points(rows),
    )


def task_of(results: Table) -> Task | None:
    """Return the task that a table of trials is of: the experiment's, or the named one; None where neither is known."""
    if isinstance(results, Results):
        manifest = results.manifest
    elif isinstance(results, str | Path):
        file = trials_file(Path(results))
        manifest = read_manifest(file.parent)
        manifest = manifest if manifest and file.name in manifest["files"] else None
    else:
        manifest = None
    try:
        if manifest:
            return read(manifest["spec"]).task
        table = stream(results)
        (name,) = {name for batch in table.read(["task"]) for name in batch["task"].unique().to_pylist()}
        task = named(name)
    except (RunnerError, ValueError, KeyError):
        return None
    answers = [name for name in table.names if name.startswith("output_")]
    return task if len(answers) == len(task.targets) * len(task.targets[0]) else None


def _place(name: str) -> tuple[str, int, int]:
    kind, sample, *output = name.split("_")
    return kind, int(sample), int(output[0]) if output else 0


def _target(name: str, task: Task | None) -> float | None:
    kind, sample, output = _place(name)
    return task.targets[sample][output] if task and kind == "output" and sample < len(task.targets) else None


def _name(name: str, task: Task | None) -> str:
    kind, sample, output = _place(name)
    words = f"{'sample' if kind == 'output' else 'probe'} {sample}"
    asked: Sequence[Sequence[float]] = () if task is None else task.inputs if kind == "output" else task.probes
    if sample < len(asked):
        inputs = ", ".join(text(float(f"{value:.3g}")) for value in asked[sample])
        words += f" ({inputs})" if len(inputs) <= 16 else ""
    return words if name.count("_") == 1 else f"{words}, output {output}"


def _words(rows: Sequence[Row]) -> str:
    said = []
    for row in rows:
        target = f" (target {row.target:g})" if row.target is not None else ""
        parts = [
            f"{what} answer {np.median(values):.3g} in the median, half of them {low:.3g} to {high:.3g}"
            for what, values in (("converged networks", row.solved), ("the others", row.stuck))
            if len(values)
            for low, high in [np.quantile(values, (0.25, 0.75))]
        ]
        said.append(f"{row.name}{target}: {', '.join(parts) or 'no finite answer'}")
    return "Answers of the trained networks. " + "; ".join(said) + "."
