"""Finished chunks put together into the tables, in canonical order, while training goes on."""

from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from runner.planning.chunks import Shapes, Stub
from runner.planning.plan import Plan
from runner.planning.product import Numbers
from runner.sweeping.store import Columns, Store
from runner.tables.columns import FATES, OUTCOMES, trial_columns
from runner.tables.condensing import Condenser
from runner.tables.curves import CurvesWriter
from runner.tables.manifest import Digest, digest
from runner.tables.trials import Batch, TrialsWriter
from runner.tables.weights import WeightsWriter

_WINDOW = 16_384  # rows: the last ones are written when training has ended
_NUMBERS = 2**21  # in a window of rows that are wide, as those of long loss curves are


@dataclass
class _Rows:
    """Chunks of one shape that are finished: their numbers and sizes, and how many rows of the first are taken."""

    chunks: deque[tuple[int, int]] = field(default_factory=deque)
    columns: Columns = field(default_factory=dict)
    taken: int = 0
    waiting: int = 0


class Assembly:
    """Takes finished chunks in the order of their numbers and writes what can be written."""

    def __init__(self, plan: Plan, store: Store, table_format: Literal["csv", "parquet"]) -> None:
        self._plan, self._store = plan, store
        self._shapes, self._most = Shapes(plan), max(1, min(_WINDOW, _NUMBERS // _width(plan)))
        self._rows: dict[int, _Rows] = {}
        self._next = 0
        self._window: tuple[Numbers, Numbers, Numbers, Numbers] | None = None
        folder, record = store.unfinished, plan.experiment.record
        self._table = f"trials.{table_format}"
        self._trials = TrialsWriter(folder / self._table, plan.experiment, table_format)
        self._curves = CurvesWriter(folder / "curves.csv", record.curve) if record.curve else None
        self._summary = Condenser(folder, plan)
        self._weights = WeightsWriter(folder, plan.experiment.task) if record.weights else None
        self.files: dict[str, Digest] = {}  # the tables, once they are finished
        self.outcomes = np.zeros(len(OUTCOMES), np.int64)

    def add(self, chunk: Stub) -> None:
        """Take one more finished chunk, and write as many rows as have become whole windows."""
        rows = self._rows.setdefault(chunk.shape_number, _Rows())
        rows.chunks.append((chunk.number, chunk.size))
        rows.waiting += chunk.size
        while self._next < self._plan.trials and self._write_window():
            pass
        if self._next == self._plan.trials:  # what waits to be written belongs to this chunk: estimates count it
            self._trials.close()
            if self._curves:
                self._curves.close()

    def finish(self) -> None:
        """Close the tables."""
        self._trials.close()
        self._summary.close()
        self.files = {self._table: self._trials.digest, "summary.csv": self._summary.digest}
        if self._curves:
            self._curves.close()
            self.files["curves.csv"] = self._curves.digest
        if self._weights:
            self.files |= {name: digest(self._store.unfinished / name) for name in self._weights.close()}

    def abandon(self) -> None:
        """Close the tables as they are, where the sweep does not come to its end."""
        for writer in (self._trials, self._curves):
            if writer:
                with suppress(OSError):  # what stopped the sweep is on its way to the user already
                    writer.close()
        self._summary.abandon()

    def _write_window(self) -> bool:
        if self._window is None:
            trials = np.arange(self._next, min(self._next + self._most, self._plan.trials))
            configurations, seeds = self._plan.locate(trials)
            self._window = trials, configurations, seeds, self._shapes.numbers(configurations)
        trials, configurations, seeds, shapes = self._window
        kinds, counts = np.unique(shapes, return_counts=True)
        if any(
            kind not in self._rows or self._rows[kind].waiting < count
            for kind, count in zip(kinds, counts, strict=True)
        ):
            return False
        parts = {int(kind): self._take(int(kind), int(count)) for kind, count in zip(kinds, counts, strict=True)}
        columns = _in_order(shapes, parts)
        outcome = np.where(columns["diverged"], 2, np.where(columns["epochs_to_convergence"] < 0, 1, 0)).astype(
            np.uint8
        )
        self.outcomes += np.bincount(outcome, minlength=len(OUTCOMES))
        self._trials.write(
            Batch(
                first=int(trials[0]),
                keys=self._plan.values(configurations),
                seed=seeds,
                outcome=outcome,
                epochs_to_convergence=columns["epochs_to_convergence"],
                epochs_run=columns["epochs_run"],
                holds_at_end=columns["holds_at_end"],
                final_loss=columns["loss"],
                max_error=columns["max_error"],
                fates={name: columns[name] for name in FATES if name in columns},
                outputs=columns["outputs"],
                probes=columns["probes"],
            )
        )
        self._summary.add(configurations, outcome, columns["epochs_to_convergence"], columns["loss"])
        if self._curves:
            self._curves.write(trials, columns["epochs_run"], columns["losses"])
        if self._weights:
            self._write_weights(self._weights, trials, shapes, {kind: part["weights"] for kind, part in parts.items()})
        self._next, self._window = int(trials[-1]) + 1, None
        return True

    def _write_weights(
        self, writer: WeightsWriter, trials: Numbers, shapes: Numbers, parts: dict[int, NDArray[np.float64]]
    ) -> None:
        """Write the weights of a window, those of each network in the order of its trials."""
        networks: dict[tuple[int, bool], list[int]] = {}
        for kind in parts:
            networks.setdefault((self._shapes.found[kind].hidden, self._shapes.found[kind].bias), []).append(kind)
        for (hidden, bias), kinds in networks.items():
            own = np.concatenate([trials[shapes == kind] for kind in kinds])
            order = np.argsort(own)
            writer.write(hidden, bias, own[order], np.concatenate([parts[kind] for kind in kinds])[order])

    def _take(self, kind: int, count: int) -> Columns:
        """The next rows of a shape."""
        rows, pieces = self._rows[kind], list[Columns]()
        rows.waiting -= count
        while count:
            if not rows.columns:
                rows.columns, rows.taken = self._store.get(rows.chunks[0][0]), 0
            size = min(count, rows.chunks[0][1] - rows.taken)
            pieces.append({name: column[rows.taken : rows.taken + size] for name, column in rows.columns.items()})
            rows.taken += size
            count -= size
            if rows.taken == rows.chunks[0][1]:
                rows.chunks.popleft()
                rows.columns = {}
        return {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}


def _in_order(shapes: Numbers, parts: dict[int, Columns]) -> Columns:
    """The columns of a window whose trials have these shapes, from the rows of each shape."""
    first = next(iter(parts.values()))
    if len(parts) == 1:
        return first
    columns = {}
    for name in first.keys() - {"weights"}:
        columns[name] = np.empty((len(shapes), *first[name].shape[1:]), first[name].dtype)
        for kind, part in parts.items():
            columns[name][shapes == kind] = part[name]
    return columns


def _width(plan: Plan) -> int:
    """How many numbers, at most, there are of a trial."""
    task, record, hidden = plan.experiment.task, plan.experiment.record, int(max(plan.levels["hidden"]))
    weights = (len(task.inputs[0]) + 1) * hidden + (hidden + 1) * len(task.targets[0])
    return len(trial_columns(plan.experiment)) + len(record.curve) + weights * record.weights
