"""The commands that run experiments."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from runner.commands.options import Jobs, Quiet, Results, Sets, Spec, app, end_on_sigterm, warned


class Backend(StrEnum):
    """Where chunks run."""

    threads = "threads"
    processes = "processes"


class Format(StrEnum):
    """What the table of trials is written as."""

    csv = "csv"
    parquet = "parquet"


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
    from runner.experiment.reading import read

    experiment = warned(read(spec, sets or []), spec, quiet)
    from runner.sweeping import closing
    from runner.sweeping.run import Run, default_jobs, run

    if dry_run:
        closing.print_plan(experiment)
        return
    how = Run(results / experiment.name, jobs or default_jobs(), backend.value, table_format.value, fresh)
    from runner.sweeping.progress import shown

    end_on_sigterm()
    with shown(experiment.name, not quiet) as progress:
        ran = run(experiment, how, progress)
    if not quiet:
        closing.print_results(how.folder, new=ran)
