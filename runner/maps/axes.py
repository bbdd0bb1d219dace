"""Where the values of an axis stand in a picture: on a linear or log scale, or side by side."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from runner.labels import label, text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LABELS = 24  # values of an axis that are all written beside it
_NARROW = 1 / 60  # of an axis; narrower cells of a short axis could not be seen
_EVEN = 1e-6  # axis points are rounded to 12 digits


@dataclass(frozen=True, eq=False)
class Places:
    """Cells of an axis: `edges`, ascending, one more than values, in units of the scale; categories are 0, 1, 2..."""

    scale: Literal["linear", "log", "categories"]
    values: list[Any]
    edges: NDArray[np.float64]

    @property
    def bounds(self) -> NDArray[np.float64]:
        """The edges as shares of the axis, from 0 to 1."""
        edges = np.log(self.edges) if self.scale == "log" else self.edges
        return np.asarray((edges - edges[0]) / (edges[-1] - edges[0]))

    @property
    def even(self) -> bool:
        """Whether all cells are equally wide."""
        return bool(np.ptp(np.diff(self.bounds)) <= _EVEN / len(self.values))

    def pixels(self, wanted: int, most: int, block: int = 1) -> NDArray[np.int64]:
        """Return the cell at each pixel of an axis about `wanted` long, at least one pixel a cell up to `most`.

        Cells of an even axis may be blocks of `block` values.
        """
        count = -(-len(self.values) // block)
        if self.even:
            return np.repeat(np.arange(count), max(1, round(wanted / count)))
        length = min(max(wanted, int(np.ceil(1 / np.diff(self.bounds).min()))), most)
        centres = (np.arange(length) + 0.5) / length
        return np.clip(np.searchsorted(self.bounds, centres, side="right") - 1, 0, count - 1)


def places(values: list[Any], scale: str | None = None) -> Places:
    """Return the places of ascending values, or of words.

    Evenly spaced numbers are linear, evenly spaced logarithms log; of others, the scale that spaces them more evenly is
    taken, and cells end midway. Where a few numbers would not be seen on either, they stand side by side. A `scale`
    that is given, linear or log, is taken where the numbers allow it.
    """
    count = len(values)
    numeric = count > 1 and not any(isinstance(value, str | bool) or value is None for value in values)
    if numeric:
        numbers = np.array(values, np.float64)
        found = [Places("linear", values, _midway(numbers))]
        if numbers[0] > 0:
            found.append(Places("log", values, np.exp(_midway(np.log(numbers)))))
        if scale in [axis.scale for axis in found]:
            return next(axis for axis in found if axis.scale == scale)
        best = max(found, key=lambda axis: _evenness(axis.bounds))
        if count > LABELS or np.diff(best.bounds).min() >= _NARROW:
            return best
    return Places("categories", values, np.linspace(-0.5, count - 0.5, count + 1))


def dress(
    axes: "Axes", which: Literal["x", "y"], axis: Places, name: str, inches: float = 7.2, *, cells: bool = True
) -> None:
    """Give one axis of a figure, so long, its scale, limits, ticks and label.

    A few values have a tick each. Where not all fit, some `cells` of a map go unlabelled, and other figures get round
    numbers instead.
    """
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

    words, ticks = label(name), axes.xaxis if which == "x" else axes.yaxis
    if axis.scale == "log":
        words += " (log scale)"
    elif axis.scale == "categories" and len(axis.values) > 1 and not isinstance(axis.values[0], str | bool):
        words += " (not to scale)"
    axes.set(
        **{
            f"{which}scale": "log" if axis.scale == "log" else "linear",
            f"{which}lim": (axis.edges[0], axis.edges[-1]),
            f"{which}label": words,
        }
    )
    ticks.set_minor_formatter(NullFormatter())
    decades = np.log10(axis.edges[-1] / axis.edges[0]) if axis.scale == "log" else 0.0
    few = axis.scale == "categories" or len(axis.values) <= LABELS
    written = _without_overlap(axis, which, inches) if few else []
    if few and (cells or all(written) or axis.scale == "categories"):
        ticks.set_minor_locator(NullLocator())
        ticks.set_ticks(list(range(len(written)) if axis.scale == "categories" else axis.values), written)
    elif axis.scale == "log":
        subs = (1.0,) if decades > 3 else (1.0, 2.0, 5.0)
        ticks.set_major_locator(LogLocator(subs=subs) if decades >= 1 else MaxNLocator(6))
        ticks.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _without_overlap(axis: Places, which: str, inches: float) -> list[str]:
    """Each value as text, blank where it would run into the label before it."""
    words = [text(value) for value in axis.values]
    middles = inches * (axis.bounds[1:] + axis.bounds[:-1]) / 2
    shown, end = [], -inches
    for word, middle in zip(words, middles, strict=True):
        half = 0.043 * len(word) + 0.04 if which == "x" else 0.115
        free = middle - half >= end
        shown.append(word if free else "")
        end = middle + half if free else end
    return shown


def _midway(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    inner = (numbers[1:] + numbers[:-1]) / 2
    return np.array([numbers[0] - (inner[0] - numbers[0]), *inner, numbers[-1] + (numbers[-1] - inner[-1])])


def _evenness(bounds: NDArray[np.float64]) -> float:
    widths = np.diff(bounds)
    return float(widths.min() / widths.max())
