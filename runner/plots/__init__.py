"""Figures of result tables: titled, labelled with units, safe for the colour-blind.

Each function takes a folder of results, its table of trials, or such a table in memory, and gives a matplotlib
`Figure`, whose `get_label()` says in words what it shows.
"""

from runner.plots.curves import curve_bands
from runner.plots.fates import fates
from runner.plots.losses import losses
from runner.plots.outputs import outputs
from runner.plots.rates import convergence_bands, kolen_pollack_figure_1, rate_grid
from runner.plots.run_lengths import run_lengths

__all__ = [
    "convergence_bands",
    "curve_bands",
    "fates",
    "kolen_pollack_figure_1",
    "losses",
    "outputs",
    "rate_grid",
    "run_lengths",
]
