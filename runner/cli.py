"""The commands: arguments in, one function of the program called, its answer printed."""

import signal
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from runner.errors import RunnerError, Stopped

if TYPE_CHECKING:
    from runner.spec import Experiment

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


Results = Annotated[Path, typer.Option(help="The folder that <name>/ lands in, with the tables.")]
Jobs = Annotated[int | None, typer.Option(min=1, help="Chunks at a time; by default the usable CPUs.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]


class Backend(StrEnum):
    """Where chunks run."""

    threads = "threads"
    processes = "processes"


class Format(StrEnum):
    """What the table of trials is written as."""

    csv = "csv"
    parquet = "parquet"


class Colours(StrEnum):
    """The colours of a map."""

    viridis = "viridis"
    grey = "grey"


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
    results: Results = Path("results"),
    jobs: Jobs = None,
    backend: Annotated[Backend, typer.Option(help="Where chunks run.")] = Backend.threads,
    sets: Sets = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would run, and write nothing.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over, even where results are there.")] = False,
    table_format: Annotated[Format, typer.Option("--format", help="The format of the trials table.")] = Format.csv,
    quiet: Quiet = False,
) -> None:
    """Run an experiment into tables, carry on where it stopped, or say that it is complete."""
    from runner.reading import read

    experiment = _warned(read(spec, sets or []), spec, quiet)
    from runner import closing
    from runner.sweeping import Run, default_jobs, run

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


def _warned(experiment: "Experiment", spec: str, quiet: bool = False) -> "Experiment":
    for warning in () if quiet else experiment.warnings:
        typer.echo(f"warning: {spec}: {warning}", err=True)
    return experiment


def _terminated(_number: int, _frame: Any) -> None:
    raise Stopped("asked to end (SIGTERM); what is finished is kept, run the same command again to go on")


@app.command()
def show(spec: Spec, sets: Sets = None) -> None:
    """Print an experiment with every value in use, as an experiment file."""
    import tomli_w

    from runner.reading import read, whole

    experiment = _warned(read(spec, sets or []), spec)
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
    from runner.reading import read
    from runner.tracing import trace as traced
    from runner.tracing_text import print_trace

    experiment = _warned(read(spec, sets or []), spec)
    shown = min(1, experiment.training.epochs) if epochs is None else epochs
    print_trace(traced(experiment, seed, shown), as_json)


@app.command()
def reproduce(
    studies: Annotated[
        list[str] | None, typer.Argument(metavar="[STUDY]...", help="All that ship unless named.")
    ] = None,
    results: Results = Path("results"),
    jobs: Jobs = None,
    quiet: Quiet = False,
) -> None:
    """Run published studies and hold each claim of theirs against ours; 1 where an expected one does not hold."""
    from runner.reproduce import reproduce as reproduced

    signal.signal(signal.SIGTERM, _terminated)
    if not reproduced(studies or [], results, jobs, quiet):
        raise typer.Exit(1)


@app.command()
def published(
    studies: Annotated[
        list[str] | None, typer.Argument(metavar="[STUDY]...", help="All that ship unless named.")
    ] = None,
    results: Results = Path("results"),
    out: Annotated[Path, typer.Option(help="The page; its pictures land beside it.")] = Path("docs/published.md"),
) -> None:
    """Write the page of published studies from their results: assumptions, claims, verdicts, pictures."""
    from runner.published import publish

    typer.echo(publish(results, out, studies or []))


@app.command(name="map")
def draw_map(
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="A folder of results, or its table of trials.")],
    x: Annotated[str, typer.Option(metavar="AXIS", help="The axis from left to right.")],
    y: Annotated[str, typer.Option(metavar="AXIS", help="The axis from bottom to top.")],
    value: Annotated[str, typer.Option(metavar="COLUMN", help="What is drawn.")] = "epochs_to_convergence",
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="A .png, .pdf or .svg file.")] = None,
    colours: Annotated[Colours, typer.Option(help="Grey is as papers print it.")] = Colours.viridis,
    where: Annotated[str, typer.Option(help="Rows to draw, as \"momentum == 0.5 and update == 'batch'\".")] = "",
) -> None:
    """Draw a column over two swept axes as an image; what never converged is black."""
    from runner.maps import default_out
    from runner.maps import draw_map as drawn

    typer.echo(
        drawn(results, x, y, value, out or default_out(results, x, y, value), colours=colours.value, where=where)
    )


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
