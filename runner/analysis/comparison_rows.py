"""What a comparison needs of each row: convergence, epochs up to a budget, final loss."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from runner.analysis.comparison_sides import Side

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Rows:
    """Some trials of one table.

    `epochs` to convergence and `loss` are infinite where there is none; `budget` is in epochs; `stopped` says that a
    trial ended where it converged, so that its loss says nothing.
    """

    converged: Flags
    epochs: Floats
    budget: Floats
    loss: Floats
    stopped: Flags

    def at(self, places: NDArray[np.int64]) -> "Rows":
        """The trials at these places."""
        return Rows(
            self.converged[places], self.epochs[places], self.budget[places], self.loss[places], self.stopped[places]
        )


def rows_of(side: Side) -> Rows:
    """Return what is compared of a table's trials.

    Where neither a column nor a manifest tells the budget, it is the most epochs that any trial ran; whether trials
    stopped at convergence is then seen from all that converged having done so.
    """
    rows = side.rows
    converged = rows["converged"].to_numpy(np.bool_)
    reached, ran = (_numbers(rows[name]) for name in ("epochs_to_convergence", "epochs_run"))
    loss = rows["final_loss"].to_numpy(np.float64)
    seen = bool(converged.any() and (reached == ran)[converged].all())
    return Rows(
        converged,
        np.where(converged & ~np.isnan(reached), reached, np.inf),
        _known(side, "epochs", np.nanmax(ran, initial=0.0)),
        np.where(np.isnan(loss), np.inf, loss),
        _known(side, "stop", float(seen)) == 1,
    )


def _known(side: Side, key: str, otherwise: float) -> Floats:
    """The values of a key of all rows, or what else they are taken to be."""
    values = side.known(key)
    found = np.full(len(side.rows), np.nan) if values is None else _numbers(values)
    return np.where(np.isnan(found), otherwise, found)


def _numbers(values: "pd.Series[float]") -> Floats:
    return np.asarray(values.to_numpy(np.float64, na_value=np.nan), np.float64)
