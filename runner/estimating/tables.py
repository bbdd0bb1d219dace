"""How long it takes, and how much disk, to keep trials and to table them: measured on a small relative of a sweep."""

import os
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Self

from runner.estimating.miniature import miniature, numbers_a_trial
from runner.estimating.training import timed, used
from runner.planning.chunks import Chunk, chunks
from runner.planning.plan import Plan, plan
from runner.sweeping import engine
from runner.sweeping.backends import Backend, workers
from runner.sweeping.conductor import Conductor
from runner.sweeping.publishing import Tables
from runner.sweeping.reuse import Reuse
from runner.sweeping.run import Format, Run, run
from runner.sweeping.store import Store

_ROWS, _NUMBERS, _CHUNKS = 20_000, 400_000, 32  # that are written, about, at most
_TRAINED = 0.3  # seconds, for what is written
_TASKS = 32
_AGAIN = 3
_BLOCK = 2**23  # bytes


@dataclass(frozen=True)
class Line:
    """Seconds or bytes of one trial alone, and of each that comes with it."""

    one: float
    more: float

    def of(self, trials: float, pieces: float = 1) -> float:
        """The same of so many trials in so many pieces."""
        return pieces * self.one + max(trials - pieces, 0) * self.more

    @classmethod
    def through(cls, one: float, several: float, trials: int, pieces: int = 1) -> Self:
        """The line through what was measured of one trial, and of several in so many pieces."""
        return cls(one, max(several - pieces * one, 0.0) / (trials - pieces) if trials > pieces else 0.0)


@dataclass(frozen=True)
class TableCosts:
    """CPU seconds, and bytes, to keep trials chunk by chunk, to table them while others are trained, and to publish.

    The unfinished bytes are the most there are of tables, and of what they are made from.
    """

    kept: Line
    kept_bytes: Line
    tabled: Line
    published: Line
    unfinished_bytes: Line
    published_bytes: Line
    first: float  # seconds that the first rows take longer than others

    def wider(self, by: float) -> Self:
        """Those of tables whose rows hold so many times the numbers."""
        lines: dict[str, Any] = {
            name: Line(line.one, line.more * by) for name, line in vars(self).items() if isinstance(line, Line)
        }
        return replace(self, **lines)


class _Measured(NamedTuple):
    trials: int
    pieces: int
    kept: float
    kept_bytes: int
    got: float  # to read one of the pieces, to table it
    first: float
    tabled: float
    published: float
    unfinished_bytes: int
    published_bytes: int


def table_costs(
    laid_out: Plan, pieces: int, epochs: float, trial: float, epoch: float, table_format: Format
) -> TableCosts:
    """Keep and table some trials of a plan in a temporary folder.

    The plan is cut into so many pieces; a trial takes `trial` seconds and `epoch` for each of its `epochs`.
    """
    most = (
        _NUMBERS / numbers_a_trial(laid_out.experiment),
        _CHUNKS * laid_out.trials / pieces,
        _TRAINED / max(trial + epoch, 1e-9),
        _ROWS,
    )
    rows = min(max(int(min(most)), 4), laid_out.trials)
    shorter = int(min(epochs, max(1.0, (_TRAINED / rows - trial) / max(epoch, 1e-12))))
    one, several = (_measured(plan(miniature(laid_out, count, shorter)), table_format) for count in (1, rows))

    def line(name: str, pieces: int = 1) -> Line:
        return Line.through(getattr(one, name), getattr(several, name), several.trials, pieces)

    return TableCosts(
        kept=line("kept", several.pieces),
        kept_bytes=line("kept_bytes", several.pieces),
        tabled=Line.through(one.got, several.tabled, several.trials, several.pieces),
        published=line("published"),
        unfinished_bytes=line("unfinished_bytes"),
        published_bytes=line("published_bytes"),
        first=max(several.first - several.tabled, 0.0),
    )


def _measured(laid_out: Plan, table_format: Format) -> _Measured:
    with tempfile.TemporaryDirectory(prefix="seedsweep-") as temporary:
        store, pieces, kept = Store(Path(temporary), "estimate"), list(chunks(laid_out)), 0.0
        store.create()
        for chunk in pieces:
            columns = engine.compute(engine.work(laid_out, chunk))
            assert columns is not None
            kept += used(partial(store.put, chunk.number, chunk.trials, columns))
        kept_bytes = _bytes(store.unfinished)
        got = min(used(partial(store.get, pieces[0].number)) for _ in range(_AGAIN))
        first, _, unfinished_bytes, _ = _tabled(laid_out, store, pieces, table_format)
        tabled, closed, _, tables = _tabled(laid_out, store, pieces, table_format)
        tabled = min(tabled, _tabled(laid_out, store, pieces, table_format)[0])
        published = closed + used(partial(tables.publish, 1, "threads"))
        return _Measured(
            laid_out.trials,
            len(pieces),
            kept,
            kept_bytes,
            got,
            first,
            tabled,
            published,
            unfinished_bytes,
            _bytes(store.folder),  # where they have been put
        )


def _tabled(
    laid_out: Plan, store: Store, pieces: list[Chunk], table_format: Format
) -> tuple[float, float, int, Tables]:
    """CPU seconds of tabling chunks and of closing the tables, and bytes of what there is meanwhile."""
    tables, table = Tables(laid_out, store, table_format), store.unfinished / f"trials.{table_format}"
    with ExitStack() as closing:
        closing.enter_context(tables.written())
        tabled = used(partial(_add, tables, pieces))
        others = sum(
            path.stat().st_size for path in store.unfinished.iterdir() if path != table and path.suffix != ".npz"
        )
        closed = used(closing.close)
    # The table of trials may be written as late as here; a file of weights is, beside what it is made from.
    weights = (path.stat().st_size for path in store.unfinished.glob("weights-*.npz"))
    return tabled, closed, others + table.stat().st_size + max(weights, default=0), tables


def _add(tables: Tables, pieces: list[Chunk]) -> None:
    for chunk in pieces:
        tables.add(chunk.stub)


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir() if path.is_file())


def disk_rate() -> float:
    """Bytes a second that reach the disk of temporary files, the most of some: other work only makes it slower."""
    block = os.urandom(_BLOCK)

    def written() -> None:
        with tempfile.TemporaryFile() as file:
            file.write(block)
            file.flush()
            os.fsync(file.fileno())

    return _BLOCK / min(timed(written) for _ in range(3))


class Start(NamedTuple):
    """Seconds of a sweep of one trial, by the clock and of the CPU, and of a job for handling a chunk of one trial."""

    clock: float
    cpu: float
    task: float


def one_trial(starts: Sequence[Start], backend: Backend) -> float:
    """Seconds of a sweep of one trial that is the first thing a process does, as the first of these was."""
    if backend == "processes":  # which are there already when the second begins
        return starts[0].clock
    return min(start.clock for start in starts) + starts[0].cpu - min(start.cpu for start in starts)


def start_costs(laid_out: Plan, jobs: int, backend: Backend, table_format: Format) -> Start:
    """Sweep one trial; then hand out chunks of one trial each to jobs, train and keep them.

    The kernels must be loaded already; jobs that are processes load their own.
    """
    single = plan(miniature(laid_out, 1, 0))
    with tempfile.TemporaryDirectory(prefix="seedsweep-") as temporary:
        how = Run(Path(temporary) / "first", jobs, backend, table_format)
        cpu = time.process_time()
        clock = timed(lambda: run(single.experiment, how, lambda *_: None))
        cpu = time.process_time() - cpu
        store, chunk = Store(Path(temporary) / "tasks", "estimate"), next(chunks(single))
        store.create()
        pieces = partial(map, partial(_numbered, chunk), range(_TASKS))
        nothing = Reuse(store.unfinished, single, ())
        conductor = Conductor(single, pieces, store, nothing, lambda _: None, lambda _: None)
        with workers(backend, jobs) as pool:
            handled = timed(lambda: conductor.run(pool, lambda *_: None, _TASKS, 1.0))
            return Start(clock, cpu, handled * jobs / _TASKS)


def _numbered(chunk: Chunk, number: int) -> Chunk:
    return replace(chunk, number=number)
