"""What a sweep prints: the plan before it, a small table of results after it."""

import csv
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice
from math import prod
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from runner.experiment.spec import Experiment
from runner.labels import plural
from runner.planning.chunks import chunks
from runner.planning.plan import Plan, plan
from runner.tables.manifest import read_manifest

_ROWS = 12
_CUT = 1_000_000  # trials that are cut to see how many chunks there are


def print_plan(experiment: Experiment) -> None:
    """Print the axes, configurations, trials and chunks of an experiment."""
    laid_out = plan(experiment)
    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    console.print(f"{experiment.name}: {_network(experiment)}")
    for number, grid in enumerate(experiment.grids):
        seeds = grid.seeds
        listed = f"{seeds[0]} to {seeds[-1]}" if isinstance(seeds, range) else _listing(seeds)
        console.print(f"  grid {number}" if len(experiment.grids) > 1 else "  axes")
        for axis in grid.axes:
            console.print(f"    {axis.key}: {len(axis.values):,} ({_listing(axis.values)})")
        console.print(f"    seeds: {len(seeds):,} ({listed})")
    counts = plural(laid_out.configurations, "configuration"), plural(laid_out.trials, "trial")
    console.print("  " + ", ".join((*counts, _pieces(laid_out))))


def _pieces(laid_out: Plan) -> str:
    """How many chunks there are, from a part of a large plan."""
    count = cut = 0
    for chunk in chunks(laid_out):
        count, cut = count + 1, cut + len(chunk.trials)
        if _CUT <= cut < laid_out.trials:
            return f"about {plural(round(count * laid_out.trials / cut), 'chunk')}"
    return plural(count, "chunk")


def _listing(values: Sequence[Any]) -> str:
    return ", ".join(map(str, values[:_ROWS])) + (", …" if len(values) > _ROWS else "")


def _network(experiment: Experiment) -> str:
    task = experiment.task
    counts = ((len(task.inputs), "sample"), (len(task.inputs[0]), "input"), (len(task.targets[0]), "output"))
    return f"task {task.name}, " + ", ".join(plural(*count) for count in counts)


def print_results(folder: Path, new: bool) -> None:
    """Print the summary of a results folder, in short, and where its files are."""
    console = Console(highlight=False, markup=False, emoji=False)
    manifest = read_manifest(folder) or {}
    counts, seconds = manifest["counts"], manifest["wall_seconds"]
    trials, configurations = plural(counts["trials"], "trial"), plural(counts["configurations"], "configuration")
    if new:
        console.print(
            f"{trials} of {configurations} in {seconds:.1f} s: "
            f"{counts['converged']:,} converged, {counts['not-converged']:,} did not, {counts['diverged']:,} diverged",
            soft_wrap=True,
        )
    else:
        console.print(f"{folder} is complete already: {trials} (--fresh runs them again)", soft_wrap=True)
    sizes = {key: sum(value is not None for value in values) for key, values in manifest["axes"].items()}
    varied = {key: size for key, size in sizes.items() if size > 1}
    small = len(varied) == 2 and max(varied.values()) <= _ROWS and counts["configurations"] == prod(varied.values())
    summary = _rows(folder / "summary.csv", _ROWS**2 if small else _ROWS)
    if small and all(row[key] == row[key] for row in summary for key in varied):
        console.print(f"\nshare of seeds that converged, by {' and '.join(varied)}", soft_wrap=True)
        console.print(_crossed(summary, *varied))
    else:
        console.print(_listed(summary, list(varied or sizes), counts["configurations"]))
    console.print()
    for name in manifest["files"]:
        console.print(f"  {folder / name}", soft_wrap=True)
    console.print(f"  {folder / 'manifest.json'}", soft_wrap=True)


def _rows(path: Path, most: int) -> list[dict[str, Any]]:
    """The first rows of a table; numbers as such, NaN where a cell is empty."""
    with path.open(encoding="utf-8", newline="") as file:
        return [{name: _value(text) for name, text in row.items()} for row in islice(csv.DictReader(file), most)]


def _value(text: str) -> Any:
    for kind in (int, float):
        with suppress(ValueError):
            return kind(text or "nan")
    return text


def _crossed(summary: list[dict[str, Any]], rows: str, columns: str) -> Table:
    """The convergence rate over two axes."""
    table = Table(box=None)
    table.add_column(f"{rows} \\ {columns}")
    rates = {(row[rows], row[columns]): row["convergence_rate"] for row in summary}
    across = sorted({row[columns] for row in summary})
    for value in across:
        table.add_column(_cell(value), justify="right")
    for value in sorted({row[rows] for row in summary}):
        table.add_row(_cell(value), *(f"{rates[value, other]:.1%}" for other in across))
    return table


def _listed(summary: list[dict[str, Any]], keys: list[str], configurations: int) -> Table:
    """One configuration a row, of so many."""
    table = Table(box=None, caption_justify="left")
    for name in (*keys, "converged", "95 % interval", "median epochs", "median loss"):
        table.add_column(name, justify="right")
    for row in summary[:_ROWS]:
        table.add_row(
            *(_cell(row[key]) for key in keys),
            f"{row['convergence_rate']:.1%}",
            f"{row['convergence_low']:.1%} to {row['convergence_high']:.1%}",
            _cell(row["epochs_q50"], ".0f"),
            _cell(row["loss_q50"], ".3g"),
        )
    if configurations > _ROWS:
        table.caption = f"{configurations - _ROWS:,} more in summary.csv"
    return table


def _cell(value: Any, form: str = "g") -> str:
    """A number in short; nothing where it is missing."""
    return "" if value != value else f"{value:{form}}" if isinstance(value, float) else str(value)
