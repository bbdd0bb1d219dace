"""The commands that answer questions from tables."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from runner.commands.options import app
from runner.errors import CheckFailed


class Colours(StrEnum):
    """The colours of a map."""

    viridis = "viridis"
    grey = "grey"


class Expected(StrEnum):
    """What a comparison has to find."""

    same = "same"
    better = "better"


@app.command()
def analyze(
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="A folder of results, or its table of trials.")],
    where: Annotated[str, typer.Option(help="Rows to answer from, as \"hidden == 4 and update == 'batch'\".")] = "",
    locate: Annotated[
        str | None, typer.Option(metavar="COLUMN=NUMBER", help="Is this number typical? As final_loss=0.0028.")
    ] = None,
    half_width: Annotated[
        float | None, typer.Option(metavar="W", help="How many seeds make the interval of a rate so narrow? As 0.01.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Every number, as one JSON object.")] = False,
    plots: Annotated[Path | None, typer.Option(metavar="DIR", help="Draw the answers there, as PNG and SVG.")] = None,
) -> None:
    """Answer from a table of trials: how many converge, how soon, which is best, and how sure that is."""
    import json

    from runner.analysis.analyze import analyze as analyzed

    found = analyzed(results, where, locate=locate, half_width=half_width)
    typer.echo(json.dumps(found.as_json(), allow_nan=False) if as_json else str(found))
    if plots is not None:
        from runner.analysis.figures import draw_figures

        for file in draw_figures(found, results, plots):
            typer.echo(str(file), err=as_json)


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
    from runner.maps.draw import default_out
    from runner.maps.draw import draw_map as drawn

    typer.echo(
        drawn(results, x, y, value, out or default_out(results, x, y, value), colours=colours.value, where=where)
    )


@app.command()
def report(
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="A folder of results, or its table of trials.")],
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="The page; report.html beside the table.")] = None,
) -> None:
    """Write the answers as one HTML page, with pictures and sortable tables, that opens anywhere."""
    from runner.reporting.page import report as written

    typer.echo(written(results, out))


@app.command()
def compare(
    a: Annotated[Path, typer.Argument(metavar="A", help="A folder of results, or its table of trials.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="What is held against it.")],
    where: Annotated[str, typer.Option(help="Rows of both, as \"hidden == 4 and update == 'batch'\".")] = "",
    where_a: Annotated[str, typer.Option(metavar="WHERE", help="Rows of A, beside those of --where.")] = "",
    where_b: Annotated[str, typer.Option(metavar="WHERE", help="Rows of B, likewise.")] = "",
    expect: Annotated[Expected | None, typer.Option(help="End with 1 where B is not as A, or better.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Every number, as one JSON object.")] = False,
) -> None:
    """Compare B with A on the configurations and seeds that both have: how much they differ, and how surely."""
    import json

    from runner.analysis.comparison import compare as compared

    found = compared(a, b, where=where, where_a=where_a, where_b=where_b)
    typer.echo(json.dumps(found.as_json(), allow_nan=False) if as_json else str(found))
    if expect is not None and not getattr(found, expect.value):
        raise CheckFailed(found.lacks(expect.value))
