"""What the figures share: colours, markers, frames, and where a title goes."""

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from runner.errors import RunnerError
from runner.labels import short, text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe & Ito 2008, without yellow, which is too pale for a line; markers and dashes tell the lines apart in grey.
COLOURS = ("#0072B2", "#E69F00", "#000000", "#CC79A7", "#009E73", "#D55E00", "#56B4E9")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "*")
DASHES = ("-", "--", ":", "-.")
SOLVED, STUCK, INK, QUIET, GRID = "#0072B2", "#D55E00", "#1C1C1C", "#666666", "#E3E3E3"


def line_styles(combinations: Sequence[tuple[Any, ...]], by: Sequence[str]) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Return how the line of each combination looks: dashes follow the first key, colours and markers all of them."""
    if len(combinations) > len(MARKERS):
        raise RunnerError(
            f"{len(combinations)} lines by {', '.join(by)} are too many to tell apart; choose some by where"
        )
    firsts = list(dict.fromkeys(combination[:1] for combination in combinations))
    return {
        combination: {
            "color": COLOURS[number % len(COLOURS)],
            "marker": MARKERS[number],
            "linestyle": DASHES[firsts.index(combination[:1]) % len(DASHES)],
            "label": named(by, combination),
        }
        for number, combination in enumerate(combinations)
    }


def named(by: Sequence[str], combination: Sequence[Any]) -> str:
    """Return the values of some keys as words: `hidden units 2, learning rate 0.1`."""
    return ", ".join(f"{short(key)} {text(value)}" for key, value in zip(by, combination, strict=True))


def titled(figure: "Figure", title: str) -> None:
    """Put the title at the top left, in lines as wide as the figure."""
    fit = int(12.5 * figure.get_figwidth())
    lines = [line for part in title.split("\n") for line in textwrap.wrap(part, fit)]
    figure.suptitle("\n".join(lines), fontsize=10, x=0.01, ha="left")


def quiet(axes: "Axes", which: str = "both") -> None:
    """Give a frame of two sides, and a pale grid behind everything."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(QUIET)
    axes.tick_params(color=QUIET, labelsize=8.5)
    axes.grid(color=GRID, axis=which)  # type: ignore[arg-type] # "both", "x" or "y"
    axes.set_axisbelow(True)


def plain_numbers(axes: "Axes", which: Literal["x", "y"] = "x") -> None:
    """Write the numbers beside an axis as 0.001 and 1e-06, without powers and offsets."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())
    axis.set_major_locator(LogLocator(numticks=7) if axis.get_scale() == "log" else MaxNLocator(5))


def each(counts: "pd.Series[int]", word: str = "seed") -> str:
    """Return how many seeds, or trials, each of some groups has: `200 seeds each`."""
    few, many = int(counts.min()), int(counts.max())
    number = f"{many:,}" if few == many else f"{few:,} to {many:,}"
    return f"{number} {word}{'' if many == 1 else 's'}{' each' if len(counts) > 1 else ''}"
