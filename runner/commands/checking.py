"""The commands that check a table, and a user's own training against ours."""

from pathlib import Path
from typing import Annotated

import typer

from runner.commands.options import Sets, Spec, app, warned
from runner.errors import RunnerError


@app.command()
def audit(
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="A folder of results, or its table of trials.")],
    sample: Annotated[int, typer.Option(min=1, metavar="N", help="How many rows to train again.")] = 1000,
    everything: Annotated[bool, typer.Option("--all", help="Train every row again.")] = False,
    seed: Annotated[int | None, typer.Option(min=0, help="Which rows; by default others each time.")] = None,
) -> None:
    """Check files, columns and order of a table, and train a sample of its rows again; 1 where anything differs."""
    from runner.checking.audit import audit as audited

    found = audited(results, sample=sample, all=everything, seed=seed, progress=True)
    typer.echo(found)
    if not found.holds:
        raise typer.Exit(1)


@app.command()
def explain(
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="A folder of results, or its table of trials.")],
    trial: Annotated[int, typer.Argument(metavar="TRIAL", min=0, help="The number of the row.")],
    plain: Annotated[bool, typer.Option("--plain", help="A notebook's code, which comes close.")] = False,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Where to write it, instead of printing it.")] = None,
) -> None:
    """Print a script that trains a row again to the last bit, and needs nothing but NumPy."""
    from runner.checking.explain import explain as explained

    text = explained(results, trial, plain=plain, **({"file": out.name} if out else {}))
    if out is None:
        typer.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise RunnerError(f"{out} cannot be written: {error.strerror}") from None
    typer.echo(out)


@app.command()
def verify(
    function: Annotated[
        str,
        typer.Argument(
            metavar="FILE:FUNCTION",
            help="A training function, as mine.py:train: it takes inputs, targets, seed, and any value of the "
            "experiment by its name, and returns its outputs after training, or outputs, loss, weights.",
        ),
    ],
    spec: Spec,
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds, from 0 on.")] = 10,
    sets: Sets = None,
) -> None:
    """Hold your own training function against ours: same bits, rounding, or what it does otherwise; then 1."""
    from runner.experiment.reading import read

    experiment = warned(read(spec, sets or []), spec)
    from runner.checking.printing import print_verification

    if print_verification(function, experiment, seeds).verdict == "another algorithm":
        raise typer.Exit(1)
