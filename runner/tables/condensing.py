"""Rows of trials condensed into rows of summary.csv, as soon as a configuration is complete.

What a summary needs of every trial waits in a file: memory does not grow with the number of trials, of configurations,
or of the trials of one.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from runner.planning.gathering import Gathering
from runner.planning.identity import Identities
from runner.planning.plan import Plan
from runner.planning.product import Numbers
from runner.tables.manifest import Digest
from runner.tables.summary import SummaryWriter, Trials, summarise, summarise_one

_HELD = 2**18  # rows in memory at a time
_CONFIGURATIONS = 2**14  # likewise
_ROW = np.dtype([("outcome", np.uint8), ("epochs", np.int64), ("loss", np.float64)])


class Condenser:
    """Takes rows in the order of trials, and writes summary.csv."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self._plan, self._gathering, self._identities = plan, Gathering(plan), Identities(plan)
        self._rows = (folder / "summary.rows").open("w+b")
        self._table = SummaryWriter(folder / "summary.csv", plan.levels)
        self._waiting = 0  # rows
        self._done = 0  # configurations

    def add(
        self, configurations: Numbers, outcome: NDArray[Any], epochs_to_convergence: NDArray[Any], loss: NDArray[Any]
    ) -> None:
        """Take the next rows; `outcome` indexes OUTCOMES, what is missing is -1 or NaN."""
        rows = np.empty(len(outcome), _ROW)
        rows["outcome"], rows["epochs"], rows["loss"] = outcome, epochs_to_convergence, loss
        self._rows.seek(0, 2)
        self._rows.write(rows.tobytes())
        self._waiting += len(rows)
        # Where grids meet, any configuration may have rows still to come.
        if self._plan.contiguous and self._waiting >= _HELD and configurations[-1] > self._done:
            self._condense(int(configurations[-1]))
            self._waiting = 0

    def close(self) -> None:
        """Write what is left, and close the table."""
        self._condense(self._plan.configurations)
        self._table.close()
        self._rows.close()
        Path(self._rows.name).unlink()

    @property
    def digest(self) -> Digest:
        """What the manifest says of summary.csv, once it is closed."""
        return self._table.digest

    def abandon(self) -> None:
        """Close the files as they are."""
        for file in (self._table, self._rows):
            with suppress(OSError):
                file.close()

    def _condense(self, end: int) -> None:
        for start, stop in self._gathering.cuts(self._done, end, _CONFIGURATIONS, _HELD):
            numbers = np.arange(start, stop)
            self._table.write(self._identities.of(numbers), self._plan.values(numbers), self._summary(start, stop))
        self._done = end

    def _summary(self, start: int, stop: int) -> dict[str, NDArray[Any]]:
        if self._gathering.counts(start, stop).sum() > _HELD:  # then it is one configuration
            return summarise_one(lambda: self._blocks(start, stop))
        numbers = [
            np.repeat(np.arange(configuration, configuration + count), trials)
            for _, configuration, count, trials in self._gathering.pieces(start, stop)
        ]
        outcome, epochs, loss = (np.concatenate(parts) for parts in zip(*self._blocks(start, stop), strict=True))
        return summarise(np.concatenate(numbers) - start, outcome, epochs, loss, stop - start)

    def _blocks(self, start: int, stop: int) -> Iterator[Trials]:
        """The rows of some configurations."""
        for first, _, count, trials in self._gathering.pieces(start, stop):
            for begin in range(0, count * trials, _HELD):
                self._rows.seek((first + begin) * _ROW.itemsize)
                size = min(_HELD, count * trials - begin)
                rows = np.frombuffer(self._rows.read(size * _ROW.itemsize), _ROW)
                yield rows["outcome"], rows["epochs"], rows["loss"]
