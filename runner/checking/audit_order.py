"""That the rows of a table are the trials of a plan: their numbers in order, none missing, and their keys and seeds."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from runner.checking.audit_cells import different, typed, written
from runner.labels import plural
from runner.planning.plan import Plan
from runner.planning.product import Numbers
from runner.tables.cells import coded, column, runs
from runner.tables.columns import swept, trial_kinds


class Keys:
    """Whether the task, the swept keys and the seed of each row are those of its trial."""

    def __init__(self, plan: Plan) -> None:
        self._plan, self._kinds = plan, trial_kinds(plan.experiment)
        self._swept = swept(plan.experiment)
        self._found: dict[str, tuple[int, str]] = {}  # of a column: how many rows, and the first of them in words

    def check(self, batch: pa.Table, trials: Numbers, configurations: Numbers, seeds: Numbers, text: bool) -> None:
        """Look at some rows, which are these trials."""
        values = self._plan.values(configurations)
        own = {"task": coded(np.zeros(len(trials)), [self._plan.experiment.task.name])}
        own |= {key: runs(values[key], self._kinds[key]) for key in self._swept}
        own["seed"] = column(seeds, "whole")
        said = written(own, text)
        for name in own:
            apart = different(batch[name], said[name])
            if apart.any():
                at, (count, example) = int(np.argmax(apart)), self._found.get(name, (0, ""))
                cells = [cells[name][at].as_py() for cells in (batch, said)]
                example = example or f"trial {trials[at]} has {cells[0]}, and by the manifest {cells[1]}"
                self._found[name] = count + int(apart.sum()), example

    def texts(self, table: str) -> Iterator[str]:
        """What is wrong, a sentence a column."""
        for name, (count, example) in self._found.items():
            yield f"{table}: column {name} is not the manifest's in {plural(count, 'row')}: {example}"


class Order:
    """Whether the trials of a table are 0, 1, 2 and so on, and what is missing or doubled where they are not."""

    def __init__(self, trials: int) -> None:
        self.rows = 0
        self._trials, self._first = trials, ""
        self._seen: NDArray[np.int32] | None = None  # how often, once they are out of order

    @property
    def broken(self) -> bool:
        """Whether some row was another trial than its place says."""
        return self._seen is not None

    def numbers(self, trial: Any, row: int, text: bool) -> Numbers:
        """The trials of the rows from `row` on, -1 where a cell has none."""
        own = np.arange(row, row + len(trial))
        self.rows += len(own)
        apart = different(trial, written({"trial": column(own, "whole")}, text)["trial"])
        if self._seen is None and not apart.any():
            return own
        if self._seen is None:
            at = int(np.argmax(apart))
            self._seen = np.zeros(self._trials, np.int32)
            self._seen[:row] = 1
            self._first = f"row {row + at}, counted from 0, is trial {trial[at].as_py()!s}"
        if text:
            trial = pc.if_else(pc.match_substring_regex(trial, r"^[0-9]{1,18}$"), trial, "")
        found: Numbers = typed(trial, "whole").fill_null(-1).to_numpy()
        np.add.at(self._seen, found[(found >= 0) & (found < self._trials)], 1)
        return found

    def end(self, rows: int) -> None:
        """Take that the table ends after so many rows."""
        if self._seen is None and rows != self._trials:
            self._first = f"it has {plural(rows, 'row')}, and by the manifest {self._trials:,}"

    def text(self, table: str) -> str | None:
        """What is wrong, None where nothing is."""
        if not self._first:
            return None
        if self._seen is None:
            return f"{table}: {self._first}"
        missing, doubled = int((self._seen == 0).sum()), int((self._seen > 1).sum())
        return f"{table}: {self._first}; {plural(missing, 'trial')} missing, {doubled:,} there more than once"
