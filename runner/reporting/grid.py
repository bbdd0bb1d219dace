"""What the page needs to draw convergence over any two axes, and at any value of the others."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from runner.labels import label
from runner.maps.axes import places
from runner.plots.groups import levels
from runner.reporting.words import written

MOST = 250_000  # configurations that a page holds
_SHADES = 33


def grid_data(configurations: pd.DataFrame, axes: Sequence[str]) -> dict[str, Any]:
    """Return the axes, and for each configuration its place on each, its trials, successes and mean of epochs.

    The mean is restricted: a trial that did not converge counts as the epochs of its budget. Everything is plain, for
    JSON.
    """
    found = {key: levels(configurations[key]) for key in axes}
    longest = sorted(range(len(axes)), key=lambda place: -len(found[axes[place]][1]))[:2]
    up, across = sorted(longest) if len(longest) == 2 else (-1, *longest)
    if up >= 0 and len(found[axes[up]][1]) > 2 * len(found[axes[across]][1]):
        up, across = across, up
    trials = configurations["trials"].to_numpy()
    means = configurations["restricted_mean"].to_numpy(np.float64, na_value=np.nan)
    return {
        "axes": [
            {
                "label": label(key),
                "values": [written(value) for value in values],
                "scaled": places(values).even,
                "places": codes.tolist(),
            }
            for key, (codes, values) in found.items()
        ],
        "across": across,
        "up": up,
        "pooled": bool(trials.max() > 1),
        "trials": _plain(trials),
        "converged": _plain(configurations["converged"].to_numpy()),
        "epochs": [None if mean != mean else round(mean, 1) for mean in means.tolist()],
        "colours": viridis(),
    }


def viridis() -> list[str]:
    """Return the colour map as colours of the page."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    return [to_hex(colour) for colour in colormaps["viridis"](np.linspace(0, 1, _SHADES))]


def _plain(numbers: np.ndarray[Any, Any]) -> Any:
    """Return numbers as a list, or the one number that they all are."""
    return int(numbers[0]) if len(set(numbers.tolist())) == 1 else numbers.tolist()
