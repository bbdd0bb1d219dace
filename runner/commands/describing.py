"""The commands that describe experiments, and one trial of one."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from runner.commands.options import Sets, Spec, app, program, warned
from runner.errors import RunnerError


@app.command()
def show(spec: Spec, sets: Sets = None) -> None:
    """Print an experiment with every value in use, as an experiment file."""
    import tomli_w

    from runner.experiment.reading import read, whole

    experiment = warned(read(spec, sets or []), spec)
    typer.echo(tomli_w.dumps(whole(experiment)), nl=False)


@app.command()
def trace(
    spec: Spec,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="The trial's seed.")] = 0,
    epochs: Annotated[int | None, typer.Option(min=0, help="Epochs to show; one unless said.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="All digits, one JSON object an epoch.")] = False,
    sets: Sets = None,
) -> None:
    """Show every intermediate of feedforward and backprop of one trial, as a notebook would print them."""
    from runner.experiment.reading import read
    from runner.tracing.text import print_trace
    from runner.tracing.trace import trace as traced

    experiment = warned(read(spec, sets or []), spec)
    shown = min(1, experiment.training.epochs) if epochs is None else epochs
    print_trace(traced(experiment, seed, shown), as_json)


@app.command()
def tasks() -> None:
    """List the named tasks and the recipes that an experiment file starts from."""
    from rich.console import Console
    from rich.table import Table

    from runner.experiment.tasks import TASKS

    table = Table("task", "network", "update", "learning rate", "epochs", "what it is", box=None, pad_edge=False)
    for name, task in TASKS.items():
        network, training = task.recipe.get("network", {}), task.recipe.get("training", {})
        table.add_row(
            name,
            f"{network['hidden']} hidden{', biases' if network['bias'] else ''}" if network else "",
            training.get("update", "batch") if training else "",
            *(str(training.get(key, "")) for key in ("learning_rate", "epochs")),
            task.description,
        )
    Console(width=None if sys.stdout.isatty() else 160).print(table)


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="The experiment's name; NAME.toml is written here.")],
) -> None:
    """Write a commented experiment file to start from."""
    from runner.experiment.starter import starter

    text, path = starter(name), Path(f"{name}.toml")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise RunnerError(f"{path} exists already; choose another name, or remove it") from None
    except OSError as error:
        raise RunnerError(f"{path} cannot be written: {error.strerror}") from None
    typer.echo(f"{path} is written; run it with: {program()} sweep {path}")


@app.command()
def schema() -> None:
    """Print the JSON Schema of the experiment file."""
    import json

    from runner.experiment.reading import schema as file_schema

    typer.echo(json.dumps(file_schema(), indent=2))
