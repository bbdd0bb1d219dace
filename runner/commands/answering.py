"""The commands that answer questions from tables."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from runner.commands.options import app


class Colours(StrEnum):
    """The colours of a map."""

    viridis = "viridis"
    grey = "grey"


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
