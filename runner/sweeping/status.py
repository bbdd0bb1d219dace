"""How far a sweep is, from what is on disk: the same while another process writes there."""

import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from runner.errors import RunnerError
from runner.experiment.reading import read
from runner.planning.chunks import chunks
from runner.planning.plan import plan
from runner.sweeping.begun import Begun, read_begun
from runner.sweeping.lock import Holder, holder
from runner.sweeping.reuse import Reuse, sources
from runner.sweeping.store import Store
from runner.tables.manifest import complete, read_manifest


@dataclass(frozen=True)
class Status:
    """A sweep, or a part of one, in a results folder.

    `finished` of its `trials`, and `whole_chunks` of its `chunks`, are on disk; `reused` trials were taken over from
    another experiment. Where it runs, `holder` says who runs it, `elapsed` how long he has, and `left`, an estimate,
    how long he will; both in seconds, None where it is not known.
    """

    name: str
    state: Literal["running", "stopped", "complete"]
    trials: int = 0
    finished: int = 0
    reused: int = 0
    chunks: int = 0
    whole_chunks: int = 0
    holder: Holder | None = None
    elapsed: float | None = None
    left: float | None = None

    def __str__(self) -> str:
        lines = [f"{self.name}: {self.state}" + (f", {self.holder}" if self.holder else "")]
        if self.trials:
            reused = f", {self.reused:,} of all re-used" if self.reused else ""
            share = 100 * self.finished // self.trials
            lines.append(f"  {self.finished:,} of {self.trials:,} trials ({share} %){reused}")
        if self.chunks:
            lines.append(f"  {self.whole_chunks:,} of {self.chunks:,} chunks")
        if self.elapsed is not None:
            left = "" if self.left is None else f", about {_duration(self.left)} left"
            lines.append(f"  {_duration(self.elapsed)} so far{left}")
        if self.state == "stopped":
            lines.append("  the same command goes on with it")
        return "\n".join(lines)


def status(folder: str | os.PathLike[str]) -> Status:
    """How far the sweep in a results folder is; raises `RunnerError` where there is none."""
    path = Path(folder)
    begun, manifest, who = read_begun(path), read_manifest(path), holder(path)
    if manifest and not who:
        asked = (begun.spec, begun.kernel_hash) if begun else (manifest["spec"], manifest["kernel_hash"])
        if complete(path, *asked):
            trials = manifest["counts"]["trials"]
            return Status(path.name, "complete", trials, trials)
    if begun:
        return _begun(path, begun, who)
    if who:
        return Status(path.name, "running", holder=who, elapsed=_elapsed(who))
    raise RunnerError(f"{path}: holds no sweep; give the folder that a sweep writes into, as results/xor")


def _begun(path: Path, begun: Begun, who: Holder | None) -> Status:
    try:
        laid_out = plan(read(begun.spec))
    except RunnerError as error:
        raise RunnerError(f"{path}: was begun by another version of this program ({error})") from None
    store, kept = Store(path, begun.fingerprint), sources(begun.sources)
    reuse, there, elapsed = Reuse(store.unfinished, laid_out, kept), {*store.numbers()}, _elapsed(who) if who else None
    trials = finished = pieces = 0
    trained, waiting = 0.0, 0.0  # seconds of work, of what was trained in this run, and of what is left
    for chunk in begun.shard.chunks(laid_out) if begun.shard else chunks(laid_out):
        trials, pieces = trials + len(chunk.trials), pieces + 1
        finished += len(chunk.trials) * (chunk.number in there)
        if elapsed is not None:
            seconds = chunk.seconds * len(reuse.find(chunk.shape, chunk.trials).rest) / len(chunk.trials)
            if chunk.number not in there:
                waiting += seconds
            elif time.time() - _written(store.path(chunk.number)) < elapsed:
                trained += seconds
    done = begun.shard is not None and len(there) == pieces
    return Status(
        path.name,
        "running" if who else "complete" if done else "stopped",
        trials,
        finished,
        sum(file.count for each in kept for file in each.files.values()),
        pieces,
        len(there),
        who,
        elapsed,
        elapsed * waiting / trained if elapsed is not None and trained else None,
    )


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # the sweep has just ended
        return 0.0


def _elapsed(who: Holder) -> float | None:
    try:
        return max(0.0, (datetime.now(UTC) - datetime.fromisoformat(who.since)).total_seconds())
    except ValueError:
        return None


def _duration(seconds: float) -> str:
    """Seconds, in words that leave out what does not matter."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"
