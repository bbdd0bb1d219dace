"""One writer in a results folder: the lock of a process that died does not block, and who holds it is said."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from runner.errors import RunnerError
from runner.sweeping.store import disk

_LOCK, _HOLDER = ".lock", ".holder.json"
_PATIENCE = 0.3  # seconds: to see whether a folder is locked, `holder` locks it for a moment


@dataclass(frozen=True)
class Holder:
    """Who writes in a results folder; `since` in UTC. Empty where nothing is known of him."""

    process: int = 0
    host: str = ""
    since: str = ""

    def __str__(self) -> str:
        return f"process {self.process} on {self.host}, since {self.since}" if self.process else "unknown"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Be the one writer of a results folder, which is made where there is none.

    Raises `RunnerError` where another process is, or where no folder can be, `Stopped` where the disk refuses.
    """
    import filelock

    with disk(folder):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise RunnerError(
                f"{folder}: a file stands where this folder or one above it should be; choose another --results"
            ) from None
        lock = filelock.FileLock(folder / _LOCK)
        try:
            lock.acquire(timeout=_PATIENCE, poll_interval=_PATIENCE / 10)
        except filelock.Timeout:
            raise RunnerError(
                f"{folder}: another sweep is writing here ({_written(folder)}); wait for it, or choose another "
                f"--results"
            ) from None
    try:
        with disk(folder):
            now = datetime.now(UTC).isoformat(timespec="seconds")
            (folder / _HOLDER).write_text(json.dumps(asdict(Holder(os.getpid(), socket.gethostname(), now))))
        yield
    finally:
        with suppress(OSError):
            (folder / _HOLDER).unlink()
        lock.release()


def holder(folder: Path) -> Holder | None:
    """Who writes in a results folder at this moment, if anybody does."""
    import filelock

    if not (folder / _LOCK).is_file():
        return None
    try:
        with filelock.FileLock(folder / _LOCK, timeout=0):
            return None
    except filelock.Timeout:
        return _written(folder)
    except OSError:  # a folder that only others may write in
        return _written(folder) if (folder / _HOLDER).is_file() else None


def _written(folder: Path) -> Holder:
    try:
        return Holder(**json.loads((folder / _HOLDER).read_bytes()))
    except (OSError, ValueError, TypeError):
        return Holder()
