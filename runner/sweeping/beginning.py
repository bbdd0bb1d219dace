"""The beginning of a sweep in its results folder: carried on, started afresh, or started from earlier work."""

import shutil
from functools import cache
from pathlib import Path

import numpy as np

from runner.experiment.reading import whole
from runner.planning.plan import Plan
from runner.sweeping import kernel_cache
from runner.sweeping.begun import Begun, fingerprint, forget, read_begun
from runner.sweeping.earlier import earlier_work
from runner.sweeping.gathering import Counts, Held, gather
from runner.sweeping.progress import Say
from runner.sweeping.reuse import Reuse, whole_sources
from runner.sweeping.sharding import Shard
from runner.sweeping.store import UNFINISHED, Store, disk, sync


def begin(laid_out: Plan, folder: Path, shard: Shard | None, fresh: bool, say: Say) -> tuple[Store, Reuse]:
    """Make a plan, or a part of it, that of a results folder; its chunks, and the rows of others that it uses again.

    Finished tables stay as they are. `say` is told, where there was earlier work, what became of it.
    """
    own = fingerprint(laid_out.experiment)
    store, begun = Store(folder, own), None if fresh else read_begun(folder)
    if begun and begun.fingerprint == own:
        with disk(folder):
            store.unfinished.mkdir(exist_ok=True)
        sources = whole_sources(store.unfinished, begun.sources, say)
    else:
        if fresh:
            forget(folder)
        store.create()
        tables = folder.parent / laid_out.experiment.name if shard else folder
        work = () if fresh else earlier_work(folder, tables, say)
        sources, counts = gather(work, laid_out, _held(laid_out, shard), store.unfinished, say)
        with disk(folder):
            sync(store.unfinished)
        described = [source.described() for source in sources]
        Begun(own, kernel_cache.kernel_hash(), whole(laid_out.experiment), shard, described).write(folder)
        if counts != Counts():
            trials = int(shard.holds(laid_out).sum()) if shard else laid_out.trials
            say(f"{laid_out.experiment.name}: {_told(trials, counts)}")
    for other in (folder / UNFINISHED).iterdir():
        if other.is_dir() and other != store.unfinished:
            shutil.rmtree(other, ignore_errors=True)
    return store, Reuse(store.unfinished, laid_out, sources)


def _held(laid_out: Plan, shard: Shard | None) -> Held:
    if shard is None:
        return lambda trials: np.ones(len(trials), np.bool_)
    holds = cache(lambda: shard.holds(laid_out))
    return lambda trials: holds()[trials]


def _told(trials: int, counts: Counts) -> str:
    new = trials - counts.reused - counts.unrecorded - counts.stale
    words = [
        f"{counts.reused:,} trials re-used",
        f"{new:,} new",
        f"{counts.dropped:,} dropped (no longer asked for)",
        f"{counts.stale:,} stale (made by other kernels, computed again)",
    ]
    if counts.unrecorded:
        words.append(f"{counts.unrecorded:,} without what [record] asks for (computed again)")
    return ", ".join(words)
