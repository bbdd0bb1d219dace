"""The finished work that a results folder holds: tables, chunks of another plan, and rows that this kept of others."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from runner.errors import RunnerError
from runner.experiment.reading import read
from runner.planning.chunks import Shape, Shapes
from runner.planning.plan import Plan, plan
from runner.planning.product import Numbers
from runner.sweeping.begun import read_begun
from runner.sweeping.progress import Say
from runner.sweeping.reuse import Kept, Reuse, whole_sources
from runner.sweeping.rows import Rows
from runner.sweeping.store import Store
from runner.tables.manifest import read_manifest

_BLOCK = 65_536  # trials at a time


@dataclass(frozen=True)
class Earlier:
    """Finished trials of one plan: `rows` in full, those of each shape ascending; or only the numbers of `trials`."""

    plan: Plan
    spec: dict[str, Any]
    kernel_hash: str
    where: Path
    rows: Callable[[], Iterator[Rows]]
    trials: Callable[[], Iterator[Numbers]]


def earlier_work(folder: Path, tables_in: Path, say: Say) -> Iterator[Earlier]:
    """What there is, each trial once, of tables in the one folder and chunks in the other; `say` is told of damage."""
    manifest, begun = read_manifest(tables_in), read_begun(folder)
    tables = _laid_out(manifest.get("spec")) if manifest else None
    if manifest and tables:
        from runner.sweeping.finished import finished_rows  # loads pandas, which takes half a second

        rows = partial(finished_rows, tables_in, manifest, tables)
        kernels = str(manifest.get("kernel_hash"))
        yield Earlier(tables, manifest["spec"], kernels, tables_in, rows, partial(_all, tables))
    cut = _laid_out(begun.spec) if begun else None
    if begun is None or cut is None or _in_tables(begun.spec, begun.kernel_hash, manifest):
        return
    store = Store(folder, begun.fingerprint)
    sources = whole_sources(store.unfinished, begun.sources, say)
    for kept in sources:
        of = _laid_out(kept.spec)
        if of and not _in_tables(kept.spec, begun.kernel_hash, manifest):
            kept_in = store.unfinished, kept.files
            rows, trials = partial(_kept_rows, *kept_in), partial(_kept_trials, *kept_in)
            yield Earlier(of, kept.spec, begun.kernel_hash, store.unfinished, rows, trials)
    own = _Chunks(store, cut, Reuse(store.unfinished, cut, sources), say)
    yield Earlier(cut, begun.spec, begun.kernel_hash, store.unfinished, own.rows, own.trials)


class _Chunks:
    """The chunks of a store: what was trained for them, not what they took from still earlier plans."""

    def __init__(self, store: Store, cut: Plan, taken: Reuse, say: Say) -> None:
        self._store, self._plan, self._taken, self._say = store, cut, taken, say
        self._shapes = Shapes(cut)

    def rows(self) -> Iterator[Rows]:
        for number in self._store.numbers():
            if self._store.has(number, self._damaged):
                shape, trials = self._identified(number)
                chosen = self._taken.find(shape, trials).rest
                columns = self._store.get(number)
                yield Rows(shape, trials[chosen], {name: array[chosen] for name, array in columns.items()})

    def trials(self) -> Iterator[Numbers]:
        for number in self._store.numbers():
            if self._store.has(number):
                shape, trials = self._identified(number)
                yield trials[self._taken.find(shape, trials).rest]

    def _identified(self, number: int) -> tuple[Shape, Numbers]:
        trials = self._store.trials(number)
        kind = self._shapes.numbers(self._plan.locate(trials[:1])[0])[0]
        return self._shapes.found[kind], trials

    def _damaged(self, path: Path) -> None:
        self._say(f"{path}: damaged, not used again")


def _laid_out(spec: Any) -> Plan | None:
    """The plan of an experiment that an earlier version may have written."""
    try:
        return plan(read(spec))
    except (RunnerError, TypeError):
        return None


def _in_tables(spec: dict[str, Any], kernel_hash: str, manifest: dict[str, Any] | None) -> bool:
    """Whether the finished tables are those of an experiment, by these kernels: its rows were taken from them."""
    finished = (manifest or {}).get("spec") or {}
    texts = [json.dumps({k: v for k, v in of.items() if k not in ("name", "description")}) for of in (spec, finished)]
    return texts[0] == texts[1] and (manifest or {}).get("kernel_hash") == kernel_hash


def _all(tables: Plan) -> Iterator[Numbers]:
    for start in range(0, tables.trials, _BLOCK):
        yield np.arange(start, min(start + _BLOCK, tables.trials))


def _kept_rows(folder: Path, files: dict[Shape, Kept]) -> Iterator[Rows]:
    for shape, kept in files.items():
        for start in range(0, kept.count, _BLOCK):
            places = np.arange(start, min(start + _BLOCK, kept.count))
            yield Rows(shape, np.array(kept.trials(folder)[places]), kept.read(folder, places))


def _kept_trials(folder: Path, files: dict[Shape, Kept]) -> Iterator[Numbers]:
    for kept in files.values():
        for start in range(0, kept.count, _BLOCK):
            yield np.array(kept.trials(folder)[start : start + _BLOCK])
