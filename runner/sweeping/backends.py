"""Where chunks run: joblib's backends, each with its way to stop and its words for a worker that died."""

import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Literal, Protocol

from runner.errors import Stopped

Backend = Literal["threads", "processes", "dask"]
BACKENDS: tuple[Backend, ...] = ("threads", "processes", "dask")

Call = Callable[[], Any]

_GRACE = 0.5  # seconds between two looks of a worker at its parent


class Workers(Protocol):
    """Workers that make calls side by side; `share_disk` says whether they see the results folder."""

    share_disk: bool

    def results(self, calls: Iterable[Call]) -> Iterator[Any]:
        """Make the calls; what they return, each as soon as it is there, in any order.

        Raises what a call raised, and `Stopped` where a worker died. Calls are taken one by one, as workers become
        free, from several threads but one at a time; they must be pickled to reach another process.
        """

    def stop(self) -> None:
        """End, from another thread and without waiting, what does not end by itself when `calls` ends."""


@contextmanager
def workers(backend: Backend, jobs: int, scheduler: str | None = None) -> Iterator[Workers]:
    """So many workers, or those of a Dask scheduler; none is left behind where the block is left by an error."""
    if backend == "dask":
        from runner.sweeping.dask_workers import dask_workers

        with dask_workers(jobs, scheduler) as cluster:
            yield cluster
        return
    made = _Threads(jobs) if backend == "threads" else _Processes(jobs)
    try:
        yield made
    except BaseException:
        made.abandon()
        raise


class _Threads:
    """Threads of this process: kernels run without its global lock, and look up at a cancel cell once an epoch."""

    share_disk = True

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs

    def results(self, calls: Iterable[Call]) -> Iterator[Any]:
        return _parallel("threading", self._jobs, calls)

    def stop(self) -> None:
        pass

    def abandon(self) -> None:
        pass


class _Processes:
    """Processes of this machine (loky), which end with this one, however it ends."""

    share_disk = True

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs

    def results(self, calls: Iterable[Call]) -> Iterator[Any]:
        from joblib.externals.loky.process_executor import TerminatedWorkerError

        try:
            with deaf(), _unlogged():
                yield from _parallel("loky", self._jobs, (_Watched(call, os.getpid()) for call in calls))
        except TerminatedWorkerError:
            raise Stopped(
                "a worker process was killed, as a system does that runs out of memory; what is finished is kept, run "
                "the same command again, with fewer --jobs if memory is short"
            ) from None

    def stop(self) -> None:
        from joblib.externals.loky import get_reusable_executor

        if self._jobs > 1:  # joblib makes one job's calls itself
            get_reusable_executor(reuse=True).shutdown(wait=False, kill_workers=True)

    def abandon(self) -> None:
        """End workers that joblib started while others were being stopped: Python waits for them at its end."""
        from joblib.externals.loky.backend.process import LokyProcess

        for child in multiprocessing.active_children():
            if isinstance(child, LokyProcess):
                child.terminate()


@contextmanager
def deaf() -> Iterator[None]:
    """Leave what a terminal sends to all of its processes to this one: workers inherit what their starter blocks."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _unlogged() -> Iterator[None]:
    """Let nothing be logged of calls that joblib goes on handing out to workers that are being stopped."""
    from joblib.externals.loky.process_executor import ShutdownExecutorError

    def ours(record: logging.LogRecord) -> bool:
        return not (record.exc_info and isinstance(record.exc_info[1], ShutdownExecutorError))

    logger = logging.getLogger("concurrent.futures")
    logger.addFilter(ours)
    try:
        yield
    finally:
        logger.removeFilter(ours)


def _parallel(backend: str, jobs: int, calls: Iterable[Call]) -> Iterator[Any]:
    from joblib import Parallel, delayed

    parallel = Parallel(n_jobs=jobs, backend=backend, return_as="generator_unordered", batch_size=1)
    answers: Iterator[Any] = parallel(delayed(call)() for call in calls)
    return answers


class _Watched:
    """A call in a worker process, which ends when its parent is gone: loky's own workers linger for minutes."""

    watching = False

    def __init__(self, call: Call, parent: int) -> None:
        self._call, self._parent = call, parent

    def __call__(self) -> Any:
        if os.getpid() != self._parent and not _Watched.watching:
            _Watched.watching = True
            threading.Thread(target=_watch, args=(self._parent,), name="watch", daemon=True).start()
        return self._call()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_GRACE)
    os._exit(1)
