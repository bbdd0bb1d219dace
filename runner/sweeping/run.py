"""Running a sweep: chunks through the engine on some jobs, outcomes into the store, tables out of it."""

import hashlib
import json
import multiprocessing
import os
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from runner.errors import RunnerError
from runner.experiment.reading import read, whole
from runner.experiment.spec import Experiment
from runner.planning import chunks as chunking
from runner.planning import plan as planning
from runner.planning.chunks import Chunk, chunks, estimated_seconds
from runner.planning.plan import Plan, plan
from runner.sweeping import engine, kernel_cache
from runner.sweeping.code_hash import code_hash
from runner.sweeping.progress import Progress, shown
from runner.sweeping.store import Store, disk, locked
from runner.tables.assembly import Assembly
from runner.tables.columns import OUTCOMES
from runner.tables.loading import Results, load
from runner.tables.manifest import complete, write_manifest

Backend = Literal["threads", "processes"]
Format = Literal["csv", "parquet"]
_JOBLIB = {"threads": "threading", "processes": "loky"}


@dataclass(frozen=True)
class Run:
    """How a sweep is run; nothing here changes a bit of its tables."""

    folder: Path
    jobs: int
    backend: Backend
    format: Format
    fresh: bool = False


def sweep(
    source: str | os.PathLike[str] | Mapping[str, Any],
    *,
    results: str | os.PathLike[str] | None = None,
    jobs: int | None = None,
    backend: Backend = "threads",
    overrides: Sequence[str] = (),
    fresh: bool = False,
    progress: bool | None = None,
) -> Results:
    """Run the sweep that a file, a shipped experiment's name or a dict describes, and return its tables.

    `results` is the folder in which <name>/ is to hold the tables, which are resumed or found complete there as by the
    command; without it nothing is left on disk, recorded weights and loss curves neither. `jobs` are chunks at a time,
    by default as many as this process may use CPUs. `overrides` are KEY=VALUE as of --set. `progress` shows a bar; by
    default in a notebook or a terminal.

    Raises `RunnerError` where the input cannot be used, `Stopped` where the work can be resumed.
    """
    if backend not in _JOBLIB:
        raise RunnerError(f"backend = {backend!r}: it may be one of {', '.join(_JOBLIB)}")
    if jobs is not None and jobs < 1:
        raise RunnerError(f"jobs = {jobs}: it must be 1 or more; leave it out for all usable CPUs")
    experiment = read(source, overrides)
    with tempfile.TemporaryDirectory(prefix="seedsweep-") as temporary:
        folder = Path(temporary if results is None else results) / experiment.name
        with shown(experiment.name, progress) as show:
            run(experiment, Run(folder, jobs or default_jobs(), backend, "csv", fresh), show)
        return load(folder)


def default_jobs() -> int:
    """The CPUs that this process may use, by affinity and control group."""
    import joblib

    return int(joblib.cpu_count())


def is_complete(experiment: Experiment, how: Run) -> bool:
    """Whether the folder holds the whole tables of this experiment, made by these kernels."""
    there = complete(how.folder, whole(experiment), kernel_cache.kernel_hash())
    return there and (how.folder / f"trials.{how.format}").is_file()


def run(experiment: Experiment, how: Run, progress: Progress) -> bool:
    """Run a sweep into its results folder; False where that was complete already."""
    if not how.fresh and is_complete(experiment, how):
        return False
    laid_out = plan(experiment)
    with locked(how.folder), disk(how.folder):
        if not how.fresh and is_complete(experiment, how):  # by whoever held the lock until now
            return False
        store = Store(how.folder, _fingerprint(experiment), fresh=how.fresh)
        started, clock = datetime.now(UTC), time.monotonic()
        assembly = Assembly(laid_out, store, how.format)
        try:
            _Conductor(laid_out, store, assembly, how).run(progress)
            assembly.finish()
        except BaseException:
            assembly.abandon()
            raise
        store.publish(assembly.names)
        write_manifest(
            how.folder,
            spec=whole(experiment),
            axes={key: [None if value != value else value for value in of] for key, of in laid_out.levels.items()},
            counts={
                "configurations": laid_out.configurations,
                "trials": laid_out.trials,
                **{name: int(count) for name, count in zip(OUTCOMES, assembly.outcomes, strict=True)},
            },
            kernel_hash=kernel_cache.kernel_hash(),
            cpu=kernel_cache.cpu(),
            files=assembly.names,
            started=started,
            wall_seconds=time.monotonic() - clock,
            jobs=how.jobs,
            backend=how.backend,
        )
        store.clear()
    return True


def _fingerprint(experiment: Experiment) -> str:
    """What chunks belong to: the trials and records of an experiment, the code of the kernels, and how it is cut."""
    spec = {key: value for key, value in whole(experiment).items() if key not in ("name", "description")}
    cut = code_hash([Path(chunking.__file__), Path(planning.__file__)])
    return hashlib.sha256(f"{kernel_cache.kernel_hash()} {cut} {json.dumps(spec)}".encode()).hexdigest()


def _train(work: engine.Work, store: Store, cancel: NDArray[np.bool_]) -> bool:
    """Compute a chunk into the store, unless it is there; False where it was cancelled."""
    if store.has(work.number):
        return True
    columns = engine.compute(work, cancel)
    if columns is not None:
        store.put(work.number, columns)
    return columns is not None


class _Conductor:
    """The thread that hands chunks to joblib and tables what comes back, while the main thread listens for signals.

    A thread also where there is one job: a kernel call does not return to Python for the time of its chunk.
    """

    def __init__(self, laid_out: Plan, store: Store, assembly: Assembly, how: Run) -> None:
        self._plan, self._store, self._assembly, self._how = laid_out, store, assembly, how
        self._cancel = np.zeros(1, np.bool_)
        self._trials, self._seconds = 0, 0.0
        self._error: BaseException | None = None
        # Not Thread.is_alive: under Python 3.11 a join that Ctrl-C interrupts takes a live thread for an ended one.
        self._ended = threading.Event()

    def run(self, progress: Progress) -> None:
        """Work to the end, or raise what ended it before."""
        total = estimated_seconds(self._plan)
        threading.Thread(target=self._guarded, name="conductor", daemon=True).start()
        try:
            while not self._ended.wait(0.1):
                progress(self._trials, self._plan.trials, min(self._seconds / total, 1.0))
        except BaseException:
            self._stop()
            raise
        if self._error is not None:
            raise self._error
        progress(self._trials, self._plan.trials, 1.0)

    def _stop(self) -> None:
        self._cancel[0] = True
        if self._how.backend == "processes":
            from joblib.externals.loky import get_reusable_executor
            from joblib.externals.loky.backend.process import LokyProcess

            get_reusable_executor(reuse=True).shutdown(wait=False, kill_workers=True)
        self._ended.wait(1.5)  # a kernel looks up once an epoch; one with longer epochs ends with the process
        if self._how.backend == "processes":
            # joblib may have started others in the meantime, and Python waits for them at its end.
            for child in multiprocessing.active_children():
                if isinstance(child, LokyProcess):
                    child.terminate()

    def _guarded(self) -> None:
        try:
            self._work()
        except BaseException as error:  # raised again in the main thread
            self._error = error
            self._cancel[0] = True
        finally:
            self._ended.set()

    def _work(self) -> None:
        from joblib import Parallel, delayed

        handed_out = deque[Chunk]()

        def tasks() -> Iterator[Any]:
            for chunk in chunks(self._plan):
                if self._cancel[0]:
                    return
                handed_out.append(chunk)
                yield delayed(_train)(engine.work(self._plan, chunk), self._store, self._cancel)

        backend = _JOBLIB[self._how.backend]
        parallel = Parallel(n_jobs=self._how.jobs, backend=backend, return_as="generator", batch_size=1)
        for whole_chunk in parallel(tasks()):
            chunk = handed_out.popleft()
            if whole_chunk and not self._cancel[0]:
                self._assembly.add(chunk)
                self._trials += len(chunk.trials)
                self._seconds += chunk.seconds
