"""The commands for published studies."""

from pathlib import Path
from typing import Annotated

import typer

from runner.commands.options import Jobs, Quiet, Results, app, resumable


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
    from runner.studies.reproduce import reproduce as reproduced

    with resumable():
        holds = reproduced(studies or [], results, jobs, quiet)
    if not holds:
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
    from runner.studies.published import publish

    typer.echo(publish(results, out, studies or []))
