"""The thread that hands chunks to workers and passes on what comes back, while the main thread listens for signals."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from runner.planning.chunks import Chunk, Stub
from runner.planning.plan import Plan
from runner.sweeping import engine
from runner.sweeping.backends import Call, Workers
from runner.sweeping.progress import Progress
from runner.sweeping.reuse import Found, Reuse
from runner.sweeping.store import Columns, Store

Cancel = NDArray[np.bool_]
_STOPPING = 1.2  # seconds: a kernel looks up once an epoch; one with longer epochs ends with the process


@dataclass(frozen=True)
class Piece:
    """A chunk on its way: its trials, the work on those that are to be trained, and where the others are found."""

    chunk: Chunk
    work: engine.Work | None
    found: Found

    def put(self, store: Store, trained: Columns | None) -> None:
        """Store the whole chunk."""
        store.put(self.chunk.number, self.chunk.trials, self.found.merged(trained))


def _finished(number: int) -> tuple[int, bool]:
    """The answer for a chunk that is on disk already: a call like others, so that all of them keep their pace."""
    return number, True


def _into_store(piece: Piece, store: Store, cancel: Cancel) -> tuple[int, bool]:
    """Train and store a chunk, where workers see the results folder; False where it was cancelled."""
    trained = engine.compute(piece.work, cancel) if piece.work else None
    if piece.work and trained is None:
        return piece.chunk.number, False
    piece.put(store, trained)
    return piece.chunk.number, True


def _sent_back(number: int, work: engine.Work) -> tuple[int, Columns | None]:
    """Train a chunk, where workers do not see the results folder."""
    return number, engine.compute(work)


class Conductor:
    """Hands out chunks; `take` gets those that are on disk, in the order of their numbers.

    A thread also where there is one job: a kernel call does not return to Python for the time of its chunk.
    """

    def __init__(
        self,
        plan: Plan,
        pieces: Callable[[], Iterator[Chunk]],
        store: Store,
        reuse: Reuse,
        take: Callable[[Stub], None],
        damaged: Callable[[Path], None],
    ) -> None:
        self._plan, self._pieces, self._store, self._reuse = plan, pieces, store, reuse
        self._take, self._damaged = take, damaged
        self._cancel = np.zeros(1, np.bool_)
        self._order = deque[Stub]()  # of chunks that were handed out, until they are passed on
        self._waiting: dict[int, Piece] = {}  # those that this process is to store
        self._sizes: dict[int, tuple[int, float]] = {}  # trials of a chunk, and the seconds of work in it
        self.trials, self._seconds, self._spared = 0, 0.0, 0.0
        self._error: BaseException | None = None
        # Not Thread.is_alive: under Python 3.11 a join that Ctrl-C interrupts takes a live thread for an ended one.
        self._ended = threading.Event()

    def run(self, workers: Workers, progress: Progress, trials: int, seconds: float) -> None:
        """Work to the end, or raise what ended it before; so many trials are to be finished, in so many seconds."""
        threading.Thread(target=self._guarded, args=(workers,), name="conductor", daemon=True).start()
        try:
            while not self._ended.wait(0.1) and self._error is None:
                progress(self.trials, trials, self._share(seconds))
            if self._error is not None:
                raise self._error
        except BaseException as error:
            self._cancel[0] = True
            workers.stop()
            self._ended.wait(_STOPPING)
            if isinstance(error, KeyboardInterrupt):
                share = 100 * self.trials // max(trials, 1)
                raise KeyboardInterrupt(f"{self.trials:,} of {trials:,} trials ({share} %) are finished") from None
            raise
        progress(self.trials, trials, 1.0)

    def _share(self, seconds: float) -> float:
        """The share that is done of what there is to train."""
        return min(self._seconds / max(seconds - self._spared, 1e-9), 1.0)

    def _guarded(self, workers: Workers) -> None:
        results = workers.results(self._calls(workers.share_disk))
        try:
            self._receive(results)
        except BaseException as error:  # raised again in the main thread
            self._error = error
            self._cancel[0] = True
            workers.stop()
            with suppress(BaseException):
                deque(results, 0)  # joblib warns of results that nobody takes
        finally:
            self._ended.set()

    def _calls(self, share_disk: bool) -> Iterator[Call]:
        """A call for each chunk, which answers its number, and whether it is on disk or its columns."""
        for chunk in self._pieces():
            if self._cancel[0]:
                return
            if self._store.has(chunk.number, self._damaged):
                self._expect(chunk, 0)
                yield partial(_finished, chunk.number)
                continue
            found = self._reuse.find(chunk.shape, chunk.trials)
            rest = replace(chunk, trials=chunk.trials[found.rest])
            self._expect(chunk, len(rest.trials))
            piece = Piece(chunk, engine.work(self._plan, rest) if len(rest.trials) else None, found)
            if share_disk:
                yield partial(_into_store, piece, self._store, self._cancel)
            elif piece.work is None:
                piece.put(self._store, None)
                yield partial(_finished, chunk.number)
            else:
                self._waiting[chunk.number] = piece
                yield partial(_sent_back, chunk.number, piece.work)

    def _expect(self, chunk: Chunk, trained: int) -> None:
        """Note the place of a chunk, and how much of its work is to be done."""
        self._order.append(chunk.stub)
        seconds = chunk.seconds * trained / len(chunk.trials)
        self._sizes[chunk.number] = len(chunk.trials), seconds
        self._spared += chunk.seconds - seconds

    def _receive(self, results: Iterator[tuple[int, Columns | bool | None]]) -> None:
        """Count what is on disk, and pass it on in order."""
        on_disk, order = set[int](), self._order
        for number, answer in results:
            if answer is None or answer is False or self._cancel[0]:
                continue
            if answer is not True:
                self._waiting.pop(number).put(self._store, answer)
            trials, seconds = self._sizes.pop(number)
            self.trials += trials
            self._seconds += seconds
            on_disk.add(number)
            while order and order[0].number in on_disk:
                on_disk.remove(order[0].number)
                self._take(order.popleft())
