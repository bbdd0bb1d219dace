"""Outcomes of finished trials, whatever they were read from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from runner.planning.chunks import Shape
from runner.planning.product import Numbers
from runner.sweeping.store import Columns


@dataclass(frozen=True)
class Rows:
    """Outcomes of some trials of one shape, ascending."""

    shape: Shape
    trials: Numbers
    columns: Columns

    def chosen(self, wanted: NDArray[np.bool_]) -> "Rows":
        """Some of them."""
        return Rows(self.shape, self.trials[wanted], {name: array[wanted] for name, array in self.columns.items()})
