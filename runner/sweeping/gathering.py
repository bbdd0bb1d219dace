"""What a new plan takes from earlier work in its results folder: read once, and written where `Reuse` finds it."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from runner.errors import RunnerError, Stopped
from runner.experiment.spec import Experiment
from runner.planning.chunks import Shape, Shapes
from runner.planning.matching import Matching
from runner.planning.plan import Plan
from runner.planning.product import Numbers
from runner.sweeping import kernel_cache
from runner.sweeping.earlier import Earlier
from runner.sweeping.progress import Say
from runner.sweeping.reuse import Kept, Reuse, Source
from runner.sweeping.rows import Rows
from runner.sweeping.store import disk
from runner.tables.columns import FATES


@dataclass
class Counts:
    """Of finished trials: used again; no longer asked for; without a record that is; made by other kernels."""

    reused: int = 0
    dropped: int = 0
    unrecorded: int = 0
    stale: int = 0

    def add(self, other: "Counts") -> None:
        """Count these too."""
        for name, count in asdict(other).items():
            setattr(self, name, getattr(self, name) + count)


Held = Callable[[Numbers], NDArray[np.bool_]]  # which trials of a plan are to be run here


def gather(work: Iterable[Earlier], laid_out: Plan, held: Held, into: Path, say: Say) -> tuple[list[Source], Counts]:
    """Write what there is of trials that are to be run here into a folder of its own; `say` is told what is damaged."""
    counts, sources, stale = Counts(), list[Source](), list[Earlier]()
    for number, earlier in enumerate(work):
        if earlier.kernel_hash != kernel_cache.kernel_hash():
            stale.append(earlier)
            continue
        written = _Written(into, f"reused-{number}")
        try:
            counts.add(_copied(earlier, laid_out, held, written))
        except Stopped:
            raise
        except (RunnerError, OSError, ValueError) as error:
            say(f"{error}; nothing of {earlier.where} is used again")
            continue
        sources.append(written.source(earlier.spec))
    shapes, reuse = Shapes(laid_out), Reuse(into, laid_out, sources)
    for earlier in stale:
        for asked in _asked_for(earlier, laid_out, held, counts):
            counts.stale += _missing(laid_out, shapes, reuse, asked)
    return sources, counts


def _copied(earlier: Earlier, laid_out: Plan, held: Held, written: "_Written") -> Counts:
    """Write the rows that a plan asks for."""
    counts, matching = Counts(), Matching(earlier.plan, laid_out)
    records, had = _records(laid_out.experiment), _records(earlier.plan.experiment)
    if any(value and had[key] != value for key, value in records.items()):
        counts.unrecorded = sum(map(len, _asked_for(earlier, laid_out, held, counts)))
        return counts
    for rows in earlier.rows():
        numbers = matching.numbers(rows.trials)
        asked = numbers >= 0
        counts.dropped += int((~asked).sum())
        asked[asked] = held(numbers[asked])
        counts.reused += int(asked.sum())
        written.add(_recorded(rows.chosen(asked), records))
    return counts


def _asked_for(earlier: Earlier, laid_out: Plan, held: Held, counts: Counts) -> Iterator[Numbers]:
    """The numbers that finished trials have in a plan and are to be run here; others are counted as dropped."""
    matching = Matching(earlier.plan, laid_out)
    for trials in earlier.trials():
        numbers = matching.numbers(trials)
        counts.dropped += int((numbers < 0).sum())
        numbers = numbers[numbers >= 0]
        yield numbers[held(numbers)]


def _records(experiment: Experiment) -> dict[str, Any]:
    """What is recorded of each trial: the keys of [record], all probes there are, and where no outputs are, none."""
    record = experiment.record
    return record.model_dump() | {"probes": (*experiment.task.probes, *record.probes) if record.outputs else ()}


def _recorded(rows: Rows, records: dict[str, Any]) -> Rows:
    """Rows without what is not asked for any more."""
    by = {"outputs": "outputs", "probes": "probes", "weights": "weights", "losses": "curve"}
    columns = {
        name: array[:, :0] if name in by and not records[by[name]] else array
        for name, array in rows.columns.items()
        if records["fate"] or name not in FATES
    }
    return Rows(rows.shape, rows.trials, columns)


def _missing(laid_out: Plan, shapes: Shapes, reuse: Reuse, trials: Numbers) -> int:
    """How many of these trials are not used again."""
    kinds, missing = shapes.numbers(laid_out.locate(trials)[0]), 0
    for kind in np.unique(kinds):
        missing += len(reuse.find(shapes.found[kind], np.sort(trials[kinds == kind])).rest)
    return missing


class _Written:
    """The files of one source, appended to batch by batch."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self._files: dict[Shape, tuple[str, list[Any], Any, Any]] = {}
        self._counts: dict[Shape, int] = {}

    def add(self, rows: Rows) -> None:
        """Append rows of one shape, whose trials follow those that were added before."""
        if not len(rows.trials):
            return
        if rows.shape not in self._files:
            fields = [[name, array.dtype.str, list(array.shape[1:])] for name, array in rows.columns.items()]
            name = f"{self._name}-{len(self._files)}"
            self._files[rows.shape] = name, fields, hashlib.sha256(), hashlib.sha256()
        name, fields, *digests = self._files[rows.shape]
        records = np.empty(len(rows.trials), [(name, kind, tuple(shape)) for name, kind, shape in fields])
        for column, array in rows.columns.items():
            records[column] = array
        earlier = self._counts.get(rows.shape, 0)
        for end, array, digest in zip(("trial", "rows"), (rows.trials, records), digests, strict=True):
            content = np.ascontiguousarray(array).tobytes()
            digest.update(content)
            with disk(self._folder), (self._folder / f"{name}.{end}").open("ab" if earlier else "wb") as file:
                file.write(content)
        self._counts[rows.shape] = earlier + len(rows.trials)

    def source(self, spec: dict[str, Any]) -> Source:
        """What was written, once it is on disk."""
        files = {}
        for shape, (name, fields, *digests) in self._files.items():
            for end in ("trial", "rows"):
                with disk(self._folder), (self._folder / f"{name}.{end}").open("rb") as file:
                    os.fsync(file.fileno())
            files[shape] = Kept(name, fields, self._counts[shape], *(digest.hexdigest() for digest in digests))
        return Source(spec, files)
