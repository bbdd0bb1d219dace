"""Which colour a cell of a map has."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from runner.maps.grid import EPOCHS, Grid

if TYPE_CHECKING:
    from matplotlib.colors import ListedColormap, Normalize

Colours = Literal["viridis", "grey"]

NEVER, MISSING, FIRST = 0, 1, 2  # colours by number: no value, no trials, and from here those of the colour bar
MISSING_RGB = {"viridis": (0.85, 0.85, 0.85), "grey": (0.34, 0.71, 0.91)}
_SMALL_IS_GOOD = (EPOCHS, "epochs_run", "final_loss", "max_error")
_LOSSES = ("final_loss", "max_error")


@dataclass(frozen=True, eq=False)
class Scale:
    """Colours of values: `table` (colours, 3) of 8 bits, of which `norm` spans those of the colour bar."""

    table: NDArray[np.uint8]
    norm: "Normalize"
    colours: "ListedColormap"

    def numbers(self, found: Grid) -> NDArray[np.uint8]:
        """Return the number of each cell's colour."""
        none, shades = never(found), len(self.table) - FIRST
        numbers = np.empty(found.values.shape, np.uint8)
        for start in range(0, len(numbers), 256):  # rows at a time: the steps between take several times the memory
            rows = slice(start, start + 256)
            share = np.ma.filled(self.norm(np.ma.masked_invalid(found.values[rows])), 0.0)
            numbers[rows] = FIRST + np.clip(share * shades, 0, shades - 1).astype(np.uint8)
            numbers[rows][none[rows]] = NEVER
            numbers[rows][found.trials[rows] == 0] = MISSING
        return numbers


def scale_of(found: Grid, colours: Colours) -> Scale:
    """Return the colours for a grid: the better its values, the brighter; losses far apart go by their log."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap, LogNorm, Normalize

    shades = np.linspace(0.2, 1, 254)  # the darkest are left to black
    if colours == "viridis":
        bright = np.asarray(colormaps["viridis"](shades))[:, :3]
    else:
        bright = np.repeat(shades[:, np.newaxis], 3, axis=1)
    if found.value in _SMALL_IS_GOOD:
        bright = bright[::-1]
    table = np.round(255 * np.array([(0, 0, 0), MISSING_RGB[colours], *bright])).astype(np.uint8)
    finite = found.values[~never(found) & np.isfinite(found.values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    norm: Normalize
    if found.kind == "flag":
        norm = Normalize(0.0, 1.0)
    elif low == high:
        norm = Normalize(low - (abs(low) or 1) / 2, high + (abs(high) or 1) / 2)
    elif found.value in _LOSSES and low > 0 and high / low > 30:
        norm = LogNorm(low, high)
    else:
        norm = Normalize(low, high)
    return Scale(table, norm, ListedColormap(table[FIRST:] / 255))


def never(found: Grid) -> NDArray[np.bool_]:
    """Return where there are trials, and none of them converged or has a value."""
    none = ~np.isfinite(found.values)
    if found.kind == "flag":
        none |= found.values == 0
    return np.asarray(none & (found.trials > 0))
