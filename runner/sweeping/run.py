"""Running a sweep: chunks through the engine on some jobs, outcomes into the store, tables out of it."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from runner.errors import RunnerError
from runner.experiment.reading import read, whole
from runner.experiment.spec import Experiment
from runner.planning.chunks import chunks, estimated_seconds
from runner.planning.plan import plan
from runner.sweeping import kernel_cache
from runner.sweeping.backends import BACKENDS, Backend, workers
from runner.sweeping.beginning import begin
from runner.sweeping.begun import fingerprint, read_begun
from runner.sweeping.conductor import Conductor
from runner.sweeping.lock import locked
from runner.sweeping.progress import Progress, Say, remarks, shown, unheard
from runner.sweeping.publishing import Tables
from runner.sweeping.sharding import Shard
from runner.sweeping.store import UNFINISHED, Store
from runner.tables.manifest import complete

if TYPE_CHECKING:
    from runner.tables.loading import Results

Format = Literal["csv", "parquet"]


@dataclass(frozen=True)
class Run:
    """How a sweep is run; nothing here changes a bit of its tables."""

    folder: Path
    jobs: int
    backend: Backend
    format: Format
    fresh: bool = False
    scheduler: str | None = None

    def __post_init__(self) -> None:
        """Raise `RunnerError` for a scheduler that nothing would ask."""
        if self.scheduler is not None and self.backend != "dask":
            raise RunnerError(
                f"scheduler = {self.scheduler!r}: only the backend dask asks one; leave it out, or say dask"
            )


def sweep(
    source: str | os.PathLike[str] | Mapping[str, Any],
    *,
    results: str | os.PathLike[str] | None = None,
    jobs: int | None = None,
    backend: Backend = "threads",
    scheduler: str | None = None,
    overrides: Sequence[str] = (),
    fresh: bool = False,
    progress: bool | None = None,
) -> "Results":
    """Run the sweep that a file, a shipped experiment's name or a dict describes, and return its tables.

    `results` is the folder in which <name>/ is to hold the tables, which are resumed or found complete there as by the
    command; without it nothing is left on disk, recorded weights and loss curves neither. `jobs` are chunks at a time,
    by default as many as this process may use CPUs; a Dask `scheduler`, an address, decides that itself. `overrides`
    are KEY=VALUE as of --set. `progress` shows a bar, and says what is used again of earlier work; by default in a
    notebook or a terminal.

    Raises `RunnerError` where the input cannot be used, `Stopped` where the work can be resumed.
    """
    from runner.tables.loading import load

    if backend not in BACKENDS:
        raise RunnerError(f"backend = {backend!r}: it may be one of {', '.join(BACKENDS)}")
    if jobs is not None and (not isinstance(jobs, int) or jobs < 1):
        raise RunnerError(f"jobs = {jobs!r}: it must be 1 or more; leave it out for all usable CPUs")
    if results is not None and not isinstance(results, str | os.PathLike):
        raise RunnerError(f"results = {results!r}: it must be the path of a folder")
    if isinstance(overrides, str) or not all(isinstance(each, str) for each in overrides):
        raise RunnerError(f'overrides = {overrides!r}: it must be a list of texts, as ["training.epochs=100"]')
    experiment = read(source, overrides)
    with tempfile.TemporaryDirectory(prefix="seedsweep-") as temporary:
        folder = Path(temporary if results is None else results) / experiment.name
        how = Run(folder, jobs or default_jobs(), backend, "csv", fresh, scheduler)
        with shown(experiment.name, progress) as show:
            run(experiment, how, show, remarks(progress))
        from runner.tables.loading import load

        return load(folder)


def default_jobs() -> int:
    """The CPUs that this process may use, by affinity and control group."""
    import joblib

    return int(joblib.cpu_count())


def is_complete(experiment: Experiment, how: Run) -> bool:
    """Whether the folder holds the whole tables of this experiment, made by these kernels."""
    there = complete(how.folder, whole(experiment), kernel_cache.kernel_hash())
    return there and (how.folder / f"trials.{how.format}").is_file()


def run(experiment: Experiment, how: Run, progress: Progress, say: Say = unheard) -> bool:
    """Run a sweep into its results folder; False where that was complete already.

    `say` is told what is used again of earlier work, and what was found damaged. Raises `KeyboardInterrupt`, on Ctrl-C,
    with how much is done.
    """
    if not how.fresh and is_complete(experiment, how) and not (how.folder / UNFINISHED).exists():
        return False
    laid_out = plan(experiment)
    with locked(how.folder):
        if not how.fresh and is_complete(experiment, how):
            begun = read_begun(how.folder)
            if begun and begun.fingerprint == fingerprint(experiment):  # killed when only this was left to be done
                Store(how.folder, begun.fingerprint).clear()
            return False
        store, reuse = begin(laid_out, how.folder, None, how.fresh, say)
        tables = Tables(laid_out, store, how.format)
        with tables.written():
            pieces, size = partial(chunks, laid_out), (laid_out.trials, estimated_seconds(laid_out))
            conductor = Conductor(laid_out, pieces, store, reuse, tables.add, partial(_damaged, say))
            with workers(how.backend, how.jobs, how.scheduler) as pool:
                conductor.run(pool, progress, *size)
        tables.publish(how.jobs, how.backend)
        store.clear()
    return True


def run_shard(experiment: Experiment, shard: Shard, how: Run, progress: Progress, say: Say = unheard) -> int:
    """Run a part of a sweep into a folder of its own, where its chunks stay; how many trials it has.

    Raises as `run` does.
    """
    laid_out = plan(experiment)
    pieces = partial(shard.chunks, laid_out)
    trials, seconds = 0, 0.0
    for chunk in pieces():
        trials, seconds = trials + len(chunk.trials), seconds + chunk.seconds
    with locked(how.folder):
        store, reuse = begin(laid_out, how.folder, shard, how.fresh, say)
        conductor = Conductor(laid_out, pieces, store, reuse, lambda _: None, partial(_damaged, say))
        with workers(how.backend, how.jobs, how.scheduler) as pool:
            conductor.run(pool, progress, trials, seconds)
    return trials


def _damaged(say: Say, path: Path) -> None:
    say(f"{path}: damaged, or of another sweep; it is computed again")
