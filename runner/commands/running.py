"""The commands that run experiments."""

import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from runner.commands.options import Jobs, Quiet, Results, Sets, Spec, app, program, resumable, warned


class Backend(StrEnum):
    """Where chunks run."""

    threads = "threads"
    processes = "processes"
    dask = "dask"


class Format(StrEnum):
    """What the table of trials is written as."""

    csv = "csv"
    parquet = "parquet"


TableFormat = Annotated[Format, typer.Option("--format", help="The format of the trials table.")]


@app.command()
def sweep(
    spec: Spec,
    results: Results = Path("results"),
    jobs: Jobs = None,
    backend: Annotated[Backend, typer.Option(help="Where chunks run.")] = Backend.threads,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="A Dask scheduler; without one, dask starts --jobs processes.")
    ] = None,
    sets: Sets = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would run, and write nothing.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over, even where results are there.")] = False,
    table_format: TableFormat = Format.csv,
    shard: Annotated[str | None, typer.Option(metavar="I/N", help="Run part I of N only; merge joins them.")] = None,
    quiet: Quiet = False,
) -> None:
    """Run an experiment into tables, carry on where it stopped, or say that it is complete."""
    from runner.experiment.reading import read

    experiment = warned(read(spec, sets or []), spec, quiet)
    from runner.sweeping import closing
    from runner.sweeping.run import Run, default_jobs, run, run_shard
    from runner.sweeping.sharding import parsed_shard

    part = parsed_shard(shard) if shard else None
    if dry_run:
        from runner.estimating.text import print_estimate

        begun, parts = time.process_time(), part.of if part else 1
        closing.print_plan(experiment)
        print_estimate(experiment, jobs or default_jobs(), backend.value, table_format.value, parts, begun)
        return
    folder = part.folder(results, experiment.name) if part else results / experiment.name
    how = Run(folder, jobs or default_jobs(), backend.value, table_format.value, fresh, scheduler)
    from runner.sweeping.progress import remarks, shown

    with resumable(), shown(experiment.name, not quiet) as progress:
        if part:
            trials = run_shard(experiment, part, how, progress, remarks(not quiet))
        else:
            ran = run(experiment, how, progress, remarks(not quiet))
    if quiet:
        return
    if part:
        every = results / f"{experiment.name}.shard-*-of-{part.of}"
        typer.echo(
            f"part {part.number} of {part.of} is complete: {trials:,} trials in {how.folder}; "
            f"once all parts are: {program()} merge {every} --results {results}"
        )
    else:
        closing.print_results(how.folder, new=ran)


@app.command()
def merge(
    folders: Annotated[list[Path], typer.Argument(metavar="RESULTS...", help="The folders of all parts.")],
    results: Results = Path("results"),
    table_format: TableFormat = Format.csv,
    quiet: Quiet = False,
) -> None:
    """Join the parts that sweep --shard ran into the tables of the whole sweep; the parts stay."""
    from runner.sweeping import closing
    from runner.sweeping.merge import all_parts, joined
    from runner.sweeping.progress import shown

    parts = all_parts(folders)
    name = parts.plan.experiment.name
    with resumable(), shown(name, not quiet) as progress:
        new = joined(parts, results / name, table_format.value, progress)
    if not quiet:
        closing.print_results(results / name, new)


@app.command()
def status(
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="The folder that a sweep writes into.")],
) -> None:
    """Say how far a sweep is, also while it runs elsewhere."""
    from runner.sweeping.status import status as found

    typer.echo(found(results))
