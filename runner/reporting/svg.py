"""Figures as SVG inside a page: sharp at any width, in its font and colours, light or dark, read out in words."""

import io
import re
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from runner.plots.style import COLOURS, GRID, INK, QUIET, SOLVED, STUCK

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

# What a figure's colours are called in the page, which gives them other values in the dark.
_NAMES = {
    "#ffffff": "var(--paper)",
    "#000000": "currentColor",
    INK.lower(): "currentColor",
    QUIET.lower(): "var(--quiet)",
    GRID.lower(): "var(--grid)",
    **{colour.lower(): f"var(--c{number})" for number, colour in enumerate(COLOURS) if colour != "#000000"},
}
assert {SOLVED, STUCK} <= set(COLOURS)


def svg(figure: "Figure", name: str, *, hidden: bool = False) -> Markup:
    """Return a figure as an <svg> whose label is the figure's own; `name` tells it from the others of the page.

    The same figure gives the same text. `hidden` is for what only repeats the words beside it.
    """
    import matplotlib

    figure.patch.set_visible(False)
    for axes in figure.axes:
        axes.patch.set_visible(False)
    held = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(held, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = held.getvalue()
    width, height = (72 * inches for inches in figure.get_size_inches())
    body = text[text.index(">", text.index("<svg")) + 1 :]
    body = re.sub(r"<(metadata|style)\b.*?</\1>", "", body, flags=re.DOTALL)
    body = re.sub(r'<g id="[^"]*"/>|(?<=<g) id="[^"]*"(?=>)|(?<=") transform="rotate\(-0 [^"]*"', "", body)
    body = re.sub(r"'DejaVu Sans'[^;\"]*", "var(--font)", body)
    body = re.sub(r"#[0-9a-f]{6}\b", lambda found: _NAMES.get(found[0], found[0]), body)
    body = re.sub(r"<[^>]*>", lambda tag: re.sub(r"(\d\.\d\d)\d+", r"\1", tag[0]), body)
    body = re.sub(r"\n\s*", "\n", body)
    label = 'aria-hidden="true"' if hidden else f'role="img" aria-label="{escape(figure.get_label())}"'
    size = f'viewBox="0 0 {width:g} {height:g}"'
    return Markup(f'<svg xmlns:xlink="http://www.w3.org/1999/xlink" {size} {label}>{body}')  # noqa: S704 - escaped


def swatch(handle: "Artist", name: str) -> tuple[Markup, str]:
    """Return an entry of a legend as a small picture, and what it stands for."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(0.5, 0.17))
    figure.legend(
        handles=[handle],
        labels=[""],
        loc="center",
        frameon=False,
        borderpad=0,
        handletextpad=0,
        handlelength=3.2,
        borderaxespad=0,
    )
    return svg(figure, name, hidden=True), str(handle.get_label())
