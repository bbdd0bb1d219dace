"""`map`: two axes of a table of trials as a picture: a cell a configuration, at least a pixel a cell."""

import re
import textwrap
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from runner.errors import RunnerError
from runner.labels import label, text
from runner.maps.axes import Places, dress, places
from runner.maps.colours import MISSING, MISSING_RGB, NEVER, Colours, Scale, never, scale_of
from runner.maps.grid import EPOCHS, Grid, grid
from runner.tables.streaming import Table
from runner.tables.where import parse

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIDE = 720  # pixels of a picture of few cells, shown at 100 a inch
MOST = 2**13  # pixels along an axis
_INCHES = 7.2
_MARGINS = {"left": 1.0, "right": 1.5, "bottom": 0.85}


def draw_map(
    results: Table,
    x: str,
    y: str,
    value: str = EPOCHS,
    out: str | PathLike[str] | None = None,
    *,
    colours: Colours = "viridis",
    where: str = "",
    title: str | None = None,
) -> "Path | Figure":
    """Draw a column of a table of trials over two of its axes; return the file, or a Figure without `out`.

    A cell is the one trial of a configuration, or the mean over its seeds. The quicker, the smaller the error or the
    larger the share, the brighter; black is where no seed converged (for other columns: has a finite value). `colours`
    is perceptually uniform and safe for the colour-blind, or grey. The file's ending says its format (png, pdf, svg).
    Axes of more than 8192 values are reduced by means of blocks, which the title says.

    Raises `RunnerError` as `map_grid.grid` does, and for a file that cannot be written.
    """
    figure = map_figure(grid(results, x, y, value, where), colours, title)
    return figure if out is None else save(figure, out)


def map_figure(found: Grid, colours: Colours = "viridis", title: str | None = None) -> "Figure":
    """Return the picture of a grid; its axes are `figure.axes[0]`, the colour bar, if any, the next."""
    from matplotlib.figure import Figure

    from runner.maps.image import PixelImage

    if colours not in MISSING_RGB:
        raise RunnerError(f"colours are viridis or grey, not {colours}")
    across, up = places(found.xs), places(found.ys)
    block = _block(up), _block(across)
    reduced = _reduced(found, block)
    side = max([SIDE, *(size for size, axis in zip(reduced.values.shape, (up, across), strict=True) if axis.even)])
    columns, rows = across.pixels(side, MOST, block[1]), up.pixels(side, MOST, block[0])
    scale = scale_of(reduced, colours)
    dpi = max(100, round(max(len(columns), len(rows)) / _INCHES))
    hidden = any(len(np.unique(at)) < size for at, size in zip((rows, columns), reduced.values.shape, strict=True))
    words = _title(found, block, hidden) if title is None else title
    top = 0.2 + 0.17 * (words.count("\n") + 1)
    edges = {name: round(inches * dpi) for name, inches in {**_MARGINS, "top": top}.items()}
    width = len(columns) + edges["left"] + edges["right"]
    height = len(rows) + edges["top"] + edges["bottom"]
    # Hundredths of a pixel more, so that rounding down gives whole pixels and each lands on its own.
    figure = Figure(figsize=((width + 0.01) / dpi, (height + 0.01) / dpi), dpi=dpi)
    left, bottom = edges["left"] / (width + 0.01), edges["bottom"] / (height + 0.01)
    share = (len(columns) / (width + 0.01), len(rows) / (height + 0.01))
    axes = figure.add_axes((left, bottom, *share))
    picture = PixelImage(axes, scale.table[scale.numbers(reduced)[rows][:, columns]])
    axes.add_image(picture)
    picture.set_zorder(3)  # over the inner half of the frame and the ticks, which would hide the outermost pixels
    axes.spines[:].set_linewidth(1.6)
    dress(axes, "x", across, found.x)
    dress(axes, "y", up, found.y)
    if not _is_yes_or_no(found):
        bar = figure.add_axes((left + share[0] + 0.25 * dpi / width, bottom, 0.22 * dpi / width, share[1]))
        _colour_bar(figure, bar, scale, found)
    _legend(figure, reduced, scale)
    axes.set_title(words, loc="left", fontsize=10)
    return figure


def default_out(results: str | PathLike[str], x: str, y: str, value: str = EPOCHS) -> Path:
    """Return where the command puts a map: beside the table of trials, named for what it shows."""
    path = Path(results)
    words = re.sub(r"[^A-Za-z0-9]+", "_", f"{value} over {x} and {y}").strip("_")
    return (path.parent if path.is_file() else path) / f"{words}.png"


def save(figure: "Figure", out: str | PathLike[str]) -> Path:
    """Write a figure to a file and return its path; raises `RunnerError` where that cannot be done.

    The same figure gives the same SVG.
    """
    import matplotlib as mpl

    path = Path(out)
    known = sorted(figure.canvas.get_supported_filetypes())
    if path.suffix[1:].lower() not in known:
        raise RunnerError(f"{path}: its ending should say what to write: .png, .pdf or .svg")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with mpl.rc_context({"svg.hashsalt": "seedsweep"}):
            figure.savefig(path, dpi="figure", metadata={"Date": None} if path.suffix.lower() == ".svg" else None)
    except OSError as error:
        raise RunnerError(f"{path}: cannot be written ({error.strerror or error}); choose another --out") from None
    return path


def _colour_bar(figure: "Figure", axes: "Axes", scale: Scale, found: Grid) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.ticker import FuncFormatter, PercentFormatter

    log = type(scale.norm).__name__ == "LogNorm"
    words = _words(found)
    if found.kind != "flag":
        words += (", mean over seeds" if _several(found) else "") + (" (log scale)" if log else "")
    bar = figure.colorbar(ScalarMappable(scale.norm, scale.colours), cax=axes, label=words)
    if found.kind == "flag":
        bar.ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    elif log:
        bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _legend(figure: "Figure", found: Grid, scale: Scale) -> None:
    """Say what stands for the colours that are not on the colour bar."""
    from matplotlib.patches import Patch

    if found.kind == "flag":
        black = f"no seed {label(found.value)}" if _several(found) else f"not {label(found.value)}"
    elif found.value == EPOCHS:
        black = "no seed converged" if _several(found) else "did not converge"
    else:
        black = "no finite value (diverged)" if found.kind == "real" else "no value"
    entries = [(len(scale.table) - 1, label(found.value))] if _is_yes_or_no(found) else []
    entries += [(NEVER, black)] if never(found).any() else []
    entries += [(MISSING, "no trials")] if not found.trials.all() else []
    handles = [Patch(facecolor=scale.table[number] / 255, edgecolor="0.4", label=words) for number, words in entries]
    if handles:
        corner = (figure.axes[0].get_position().x1, 0)
        figure.legend(handles=handles, loc="lower right", bbox_to_anchor=corner, ncols=3, frameon=False, fontsize=9)


def _several(found: Grid) -> bool:
    return bool(found.trials.max() > 1)


def _is_yes_or_no(found: Grid) -> bool:
    return found.kind == "flag" and not _several(found)


def _words(found: Grid) -> str:
    words = label(found.value)
    return f"share of seeds that {words}" if found.kind == "flag" and _several(found) else words


def _title(found: Grid, block: tuple[int, int], hidden: bool) -> str:
    seeds = found.trials[found.trials > 0]
    few, many = int(seeds.min()), int(seeds.max())
    what = _words(found)
    per = f"{many:,}" if few == many else f"{few:,} to {many:,}"
    facts = [f"{'share' if found.kind == 'flag' else 'mean'} over {per} seeds" if many > 1 else "one trial a cell"]
    if found.value == EPOCHS and many > 1:
        facts.append("a trial that did not converge counts as the epochs it ran")
    chosen = {comparison.column for comparison in parse(found.where)}
    facts += [f"{label(key)} {text(value)}" for key, value in found.fixed.items() if key not in chosen]
    facts += [f"where {found.where}"] if found.where else []
    facts += [f"reduced by means of {block[1]} x {block[0]} cells"] if max(block) > 1 else []
    facts += ["cells narrower than a pixel are not all drawn"] if hidden else []
    head = f"{found.name}: {what}" if found.name else what[0].upper() + what[1:]
    return "\n".join([head, *textwrap.wrap("; ".join(facts), 92)])


def _block(axis: Places) -> int:
    return -(-len(axis.values) // MOST) if axis.even else 1


def _reduced(found: Grid, block: tuple[int, int]) -> Grid:
    """Return the means of blocks of cells (rows, columns); the values of the axes stay those of the cells."""
    if max(block) == 1:
        return found
    starts = [np.arange(0, size, step) for size, step in zip(found.values.shape, block, strict=True)]

    def summed(cells: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(np.add.reduceat(np.add.reduceat(cells, starts[0], axis=0), starts[1], axis=1))

    finite = np.isfinite(found.values)
    count = summed(finite.astype(np.int32))
    values = np.where(count > 0, summed(np.where(finite, found.values, 0.0)) / np.maximum(count, 1), np.nan)
    return replace(found, values=values, trials=summed(found.trials))
