"""Some trials of a plan trained again, wherever they stand in it: what the tables should say of them."""

import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from runner.checking.audit_cells import batches
from runner.planning.chunks import Chunk, Shape, Shapes, estimated_seconds
from runner.planning.plan import Plan
from runner.planning.product import Numbers
from runner.sweeping import engine
from runner.tables.columns import FATES, OUTCOMES, trial_columns
from runner.tables.trials import Batch, TrialsWriter

_SECONDS = 0.25  # of work in a piece: it shows how far the audit is
_FEWEST, _MOST = 64, 4096  # trials in a piece


@dataclass(frozen=True, eq=False)
class Trained:
    """Trials as trained again: their rows as the file should have them, but for the column `trial`.

    `losses` (trials, recorded epochs) are those up to `epochs_run`; `weights` has each trial's in a row as W1, b1, W2,
    b2.
    """

    rows: pa.Table
    epochs_run: Numbers
    losses: NDArray[np.float64]
    weights: list[NDArray[np.float64]]
    shapes: list[Shape]


class Trainer:
    """Trains trials of a plan again, on so many jobs; `trained` is told how many more are done."""

    def __init__(self, plan: Plan, ending: str, jobs: int, trained: Callable[[int], None] = lambda _: None) -> None:
        self._plan, self._ending, self._jobs, self._told = plan, ending, jobs, trained
        self._shapes = Shapes(plan)
        each = estimated_seconds(plan) / plan.trials
        self._piece = int(np.clip(_SECONDS / each, _FEWEST, _MOST)) // _FEWEST * _FEWEST

    def run(self, trials: Numbers) -> Trained:
        """Train these trials, which may be any of the plan, ascending or not."""
        configurations, seeds = self._plan.locate(trials)
        shapes = self._shapes.numbers(configurations)
        columns, weights = dict[str, NDArray[Any]](), list[NDArray[np.float64]]([np.empty(0)] * len(trials))
        for places, found in self._pieces(trials, shapes):
            for name, values in found.items():
                if name == "weights":
                    for place, row in zip(places.tolist(), values, strict=True):
                        weights[place] = row
                    continue
                if name not in columns:
                    columns[name] = np.empty((len(trials), *values.shape[1:]), values.dtype)
                columns[name][places] = values
        rows = self._rows(configurations, seeds, columns)
        return Trained(
            rows, columns["epochs_run"], columns["losses"], weights, [self._shapes.found[kind] for kind in shapes]
        )

    def _pieces(self, trials: Numbers, shapes: Numbers) -> Iterator[tuple[Numbers, dict[str, NDArray[Any]]]]:
        """The outcomes of some trials of one shape, and their places."""
        pieces = [
            places[start : start + self._piece]
            for places in (np.flatnonzero(shapes == kind) for kind in np.unique(shapes))
            for start in range(0, len(places), self._piece)
        ]
        cancel = np.zeros(1, np.bool_)

        def train(places: Numbers) -> dict[str, NDArray[Any]] | None:
            if cancel[0]:
                return None
            kind = int(shapes[places[0]])
            chunk = Chunk(0, kind, self._shapes.found[kind], trials[places], 0.0)
            return engine.compute(engine.work(self._plan, chunk), cancel)

        with ThreadPoolExecutor(self._jobs) as pool:
            try:
                for places, found in zip(pieces, pool.map(train, pieces), strict=True):
                    if found is None:
                        raise RuntimeError("a piece of the audit was cancelled")
                    self._told(len(places))
                    yield places, found
            except BaseException:
                cancel[0] = True
                raise

    def _rows(self, configurations: Numbers, seeds: Numbers, columns: dict[str, NDArray[Any]]) -> pa.Table:
        """The rows as a file has them: written by the writer of the tables, and read back."""
        experiment = self._plan.experiment
        never = columns["epochs_to_convergence"] < 0
        outcome = np.select([columns["diverged"], never], [OUTCOMES.index("diverged"), OUTCOMES.index("not-converged")])
        with tempfile.TemporaryDirectory(prefix="seedsweep-") as folder:
            path = Path(folder) / f"trials{self._ending}"
            with TrialsWriter(path, experiment, "parquet" if self._ending == ".parquet" else "csv") as writer:
                writer.write(
                    Batch(
                        first=0,
                        keys=self._plan.values(configurations),
                        seed=seeds,
                        outcome=outcome.astype(np.uint8),
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
            return pa.concat_tables(batches(path, trial_columns(experiment)))
