"""curves.csv: a row for each trial and each epoch at which its loss was recorded."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from runner.tables.cells import CELLS, column
from runner.tables.csv_file import CsvFile
from runner.tables.manifest import Digest


class CurvesWriter:
    """Writes curves in the order of trials; epochs after a stop have no row, a loss that is not finite is empty."""

    def __init__(self, path: Path, epochs: tuple[int, ...]) -> None:
        self._file = CsvFile(path, ["trial", "epoch", "loss"])
        self._epochs = np.array(epochs)

    def write(self, trials: NDArray[np.int64], epochs_run: NDArray[np.int64], losses: NDArray[np.float64]) -> None:
        """Write the losses (trials, epochs) of consecutive trials."""
        step = max(1, CELLS // (3 * len(self._epochs)))
        for rows in (slice(start, start + step) for start in range(0, len(trials), step)):
            ran = self._epochs[None, :] <= epochs_run[rows, None]
            trial, epoch = (np.broadcast_to(a, ran.shape)[ran] for a in (trials[rows, None], self._epochs[None, :]))
            self._file.write([column(trial, "whole"), column(epoch, "whole"), column(losses[rows][ran], "real")])

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    @property
    def digest(self) -> Digest:
        """What the manifest says of the file, once it is closed."""
        return self._file.digest
