"""One reading of a table of trials: that each row is the trial it must be, and that the chosen ones come out again."""

import tempfile
from collections.abc import Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from runner.checking.audit_beside import Curves, Weights
from runner.checking.audit_cells import batches, check_columns, typed
from runner.checking.audit_compare import Sampled, compare
from runner.checking.audit_files import Folder
from runner.checking.audit_findings import Check, Finding, Misfit, Mismatch
from runner.checking.audit_order import Keys, Order
from runner.checking.audit_rerun import Trainer
from runner.planning.product import Numbers
from runner.tables.columns import OUTCOMES, trial_kinds
from runner.tables.condensing import Condenser

KEPT = 1000  # mismatches; more are counted
_WAITING = 2**14  # rows that are trained at a time,
_CELLS = 2**22  # and cells of them


class Pass:
    """What one reading of a table finds; `seen` says which trials of the sample were found there and trained again."""

    def __init__(self, folder: Folder, sample: Numbers, trainer: Trainer) -> None:
        self.findings, self.mismatches = list[Finding](), list[Mismatch]()
        self.seen, self._bad = np.zeros(len(sample), np.bool_), np.zeros(len(sample), np.bool_)
        self.cells_wrong = 0
        self._folder, self._plan, self._sample, self._trainer = folder, folder.plan, sample, trainer
        self._experiment = folder.plan.experiment
        self._kinds = trial_kinds(self._experiment)
        self._order, self._keys = Order(self._plan.trials), Keys(self._plan)
        self._outcomes = np.zeros(len(OUTCOMES), np.int64)
        self._condenser: Condenser | None = None
        self._curves: Curves | None = None
        self._weights: Weights | None = None
        self._waiting = list[Sampled]()
        width = len(self._kinds) + len(self._experiment.record.curve)
        self._most = max(1, min(_WAITING, _CELLS // width))

    @property
    def wrong(self) -> NDArray[np.bool_]:
        """Which trials of the sample are missing, or come out otherwise."""
        return np.asarray(self._bad | ~self.seen)

    def run(self) -> None:
        """Read the whole table."""
        table = self._folder.table
        if table is None or not table.is_file():
            return  # the files were found missing
        with tempfile.TemporaryDirectory(prefix="seedsweep-") as temporary:
            self._condenser = Condenser(Path(temporary), self._plan)
            try:
                check_columns(table, self._kinds)
                self._open_beside()
                row = 0
                for batch in batches(table, list(self._kinds)):
                    self._batch(batch, row)
                    row += batch.num_rows
                self._order.end(row)
            except Misfit as misfit:
                check: Check = "rows" if self._order.rows else "columns"
                self._found(check, f"{misfit}; it was not looked at any further")
                self._without()
            self._flush()
            self._found_in_order(table.name)
            if self._order.text(table.name) is not None:
                self._without()
            self._end_beside()
            if self._condenser is not None:
                self._condenser.close()
                self._check_outcomes(table.name)
                self._check_summary(Path(temporary) / "summary.csv")

    def _found(self, check: Check, text: str) -> None:
        self.findings.append(Finding(check, text))

    def _open_beside(self) -> None:
        record, folder = self._experiment.record, self._folder
        try:
            if record.curve and folder.has("curves.csv"):
                self._curves = Curves(folder.path / "curves.csv", record.curve)
        except Misfit as misfit:
            self._found("curves", str(misfit))
        try:
            if record.weights and all(folder.has(name) for name in folder.weights.values()):
                self._weights = Weights(folder.path, self._plan, folder.weights)
        except Misfit as misfit:
            self._found("weights", str(misfit))

    def _end_beside(self) -> None:
        beside: list[tuple[Check, Curves | Weights | None]] = [("curves", self._curves), ("weights", self._weights)]
        for check, files in beside:
            try:
                if files is not None:
                    files.end()
            except Misfit as misfit:
                self._found(check, str(misfit))

    def _without(self) -> None:
        """Give up what is held against the table as a whole."""
        if self._condenser is not None:
            self._condenser.abandon()
        self._condenser = None
        self._curves = self._weights = None

    def _batch(self, batch: pa.Table, row: int) -> None:
        text = pa.types.is_string(batch.schema.field("trial").type)
        trials = self._order.numbers(batch["trial"], row, text)
        known = (trials >= 0) & (trials < self._plan.trials)
        if not known.all():
            batch, trials = batch.filter(pa.array(known)), trials[known]
        if not len(trials):
            return
        configurations, seeds = self._plan.locate(trials)
        self._keys.check(batch, trials, configurations, seeds, text)
        wanted = np.zeros(len(trials), np.bool_)
        places = np.searchsorted(self._sample, trials)
        inside = places < len(self._sample)
        wanted[inside] = self._sample[places[inside]] == trials[inside]
        if self._order.broken:
            self._without()
        curves, weights = self._taken(batch, trials, configurations, wanted)
        self._condense(batch, configurations)
        if wanted.any():
            part = Sampled(trials[wanted], batch.filter(pa.array(wanted)), curves, weights)
            if self._waiting and not part.alike(self._waiting[0]):
                self._flush()
            self._waiting.append(part)
            if sum(len(part.trials) for part in self._waiting) >= self._most:
                self._flush()

    def _condense(self, batch: pa.Table, configurations: Numbers) -> None:
        """Take some rows into the summary, unless they are no rows of a sweep."""
        if self._condenser is None:
            return
        try:
            outcome = pc.index_in(typed(batch["outcome"], "word"), value_set=pa.array(OUTCOMES))
            if outcome.null_count:
                raise Misfit(f"{self._table()}: column outcome holds other words than {', '.join(OUTCOMES)}")
            code = outcome.to_numpy().astype(np.uint8)
            epochs = self._typed(batch, "epochs_to_convergence", "whole").fill_null(-1).to_numpy()
            loss = self._typed(batch, "final_loss", "real").fill_null(np.nan).to_numpy()
        except Misfit as misfit:
            self._found("rows", f"{misfit}; the summary was not held against it")
            self._condenser.abandon()
            self._condenser = None
            return
        self._outcomes += np.bincount(code, minlength=len(OUTCOMES))
        self._condenser.add(configurations, code, epochs, loss)

    def _table(self) -> str:
        return self._folder.table.name if self._folder.table else ""

    def _typed(self, batch: pa.Table, name: str, kind: Any) -> Any:
        try:
            return typed(batch[name], kind)
        except Misfit as misfit:
            raise Misfit(f"{self._table()}: column {name}: {misfit}") from None

    def _taken(
        self, batch: pa.Table, trials: Numbers, configurations: Numbers, wanted: NDArray[np.bool_]
    ) -> tuple[list[pa.Array] | None, list[NDArray[np.float64]] | None]:
        curves = weights = None
        try:
            if self._curves is not None:
                epochs_run = self._typed(batch, "epochs_run", "whole").fill_null(-1).to_numpy()
                curves = self._curves.take(trials, epochs_run, wanted)
        except Misfit as misfit:
            self._curves = None
            self._found("curves", f"{misfit}; the curves from there on were not compared")
        try:
            if self._weights is not None:
                weights = self._weights.take(trials, configurations, wanted)
        except Misfit as misfit:
            self._weights = None
            self._found("weights", f"{misfit}; the weights from there on were not compared")
        return curves, weights

    def _found_in_order(self, table: str) -> None:
        if (broken := self._order.text(table)) is not None:
            beside = (
                " and what is beside it" if self._experiment.record.curve or self._experiment.record.weights else ""
            )
            self._found("order", f"{broken}; its summary{beside} was not held against it")
        for text in self._keys.texts(table):
            self._found("order", text)

    def _check_outcomes(self, table: str) -> None:
        counts: Mapping[str, Any] = self._folder.manifest.get("counts") or {}
        with suppress(AttributeError):
            for name, count in zip(OUTCOMES, self._outcomes.tolist(), strict=True):
                if counts.get(name) != count:
                    said = counts.get(name)
                    self._found("manifest", f"manifest.json: it counts {said} trials {name}, and {table} has {count}")

    def _check_summary(self, own: Path) -> None:
        if not self._folder.has("summary.csv"):
            return
        with own.open("rb") as ours, (self._folder.path / "summary.csv").open("rb") as theirs:
            line = 0
            while True:
                line, wanted = line + 1, ours.readline()
                found = theirs.readline(len(wanted) + 1)  # a line without end is no more than that
                if wanted != found:
                    text = f"summary.csv: its line {line} is not what {self._table()} makes"
                    self._found("summary", f"{text}: {_first(found, wanted)}")
                    return
                if not wanted:
                    return

    def _flush(self) -> None:
        """Train the waiting rows' trials again, and compare."""
        if not self._waiting:
            return
        parts, self._waiting = self._waiting, []
        whole = Sampled(
            np.concatenate([part.trials for part in parts]),
            pa.concat_tables([part.rows for part in parts]),
            _joined([part.curves for part in parts]),
            _joined([part.weights for part in parts]),
        )
        trained = self._trainer.run(whole.trials)
        wrong, cells, mismatches = compare(whole, trained, self._experiment)
        places = np.searchsorted(self._sample, whole.trials)
        self.seen[places] = True
        self._bad[places[wrong]] = True
        self.cells_wrong += cells
        self.mismatches += islice(mismatches, KEPT - len(self.mismatches))


def _joined(parts: list[Any]) -> Any:
    """Lists in a row, None where one is missing."""
    return None if any(part is None for part in parts) else [item for part in parts for item in part]


def _first(found: bytes, wanted: bytes) -> str:
    """The first cells in which two lines differ."""
    pairs = zip([*found.split(b","), b""], [*wanted.split(b","), b""], strict=False)
    one, other = next((pair for pair in pairs if pair[0] != pair[1]), (found, wanted))
    said = [cell.decode(errors="replace").strip()[:40] or "nothing" for cell in (one, other)]
    return f"{said[0]} where {said[1]} should be"
