"""The commands: arguments in, one function of the program called, its answer printed."""

import signal
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from runner.errors import RunnerError, Stopped

app = typer.Typer(
    help="Train very small sigmoid networks by the million and see which results were typical.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Spec = Annotated[str, typer.Argument(metavar="SPEC", help="An experiment file, or the name of one that ships.")]
Sets = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a value, as training.epochs=100.")
]


class Backend(StrEnum):
    """Where chunks run."""

    threads = "threads"
    processes = "processes"


class Format(StrEnum):
    """What the table of trials is written as."""

    csv = "csv"
    parquet = "parquet"


def _version(wanted: bool) -> None:
    if wanted:
        from runner import __version__

        typer.echo(f"seedsweep {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    pass


@app.command()
def sweep(
    spec: Spec,
    results: Annotated[Path, typer.Option(help="The folder that <name>/ lands in, with the tables.")] = Path("results"),
    jobs: Annotated[int | None, typer.Option(min=1, help="Chunks at a time; by default the usable CPUs.")] = None,
    backend: Annotated[Backend, typer.Option(help="Where chunks run.")] = Backend.threads,
    sets: Sets = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would run, and write nothing.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over, even where results are there.")] = False,
    table_format: Annotated[Format, typer.Option("--format", help="The format of the trials table.")] = Format.csv,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
) -> None:
    """Run an experiment into tables, carry on where it stopped, or say that it is complete."""
    from runner.reading import read

    experiment = read(spec, sets or [])
    for warning in experiment.warnings:
        typer.echo(f"warning: {spec}: {warning}", err=True)
    from runner import closing
    from runner.sweep import Run, default_jobs, run

    if dry_run:
        closing.print_plan(experiment)
        return
    how = Run(results / experiment.name, jobs or default_jobs(), backend.value, table_format.value, fresh)
    from runner.progress import shown

    signal.signal(signal.SIGTERM, _terminated)
    with shown(experiment.name, not quiet) as progress:
        ran = run(experiment, how, progress)
    if not quiet:
        closing.print_results(how.folder, new=ran)


def _terminated(_number: int, _frame: Any) -> None:
    raise Stopped("asked to end (SIGTERM); what is finished is kept, run the same command again to go on")


@app.command()
def show(spec: Spec, sets: Sets = None) -> None:
    """Print an experiment with every value in use, as an experiment file."""
    import tomli_w

    from runner.reading import read, whole

    experiment = read(spec, sets or [])
    for warning in experiment.warnings:
        typer.echo(f"warning: {spec}: {warning}", err=True)
    typer.echo(tomli_w.dumps(whole(experiment)), nl=False)


@app.command()
def tasks() -> None:
    """List the named tasks and the recipes that an experiment file starts from."""
    from rich.console import Console
    from rich.table import Table

    from runner.tasks import TASKS

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
    from runner.starter import starter

    text, path = starter(name), Path(f"{name}.toml")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise RunnerError(f"{path} exists already; choose another name, or remove it") from None
    except OSError as error:
        raise RunnerError(f"{path} cannot be written: {error.strerror}") from None
    typer.echo(f"{path} is written; run it with: {_program()} sweep {path}")


@app.command()
def schema() -> None:
    """Print the JSON Schema of the experiment file."""
    import json

    from runner.reading import schema as file_schema

    typer.echo(json.dumps(file_schema(), indent=2))


def _program() -> str:
    return "seedsweep" if sys.argv[0].endswith("seedsweep") else "python -m runner"
