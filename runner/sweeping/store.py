"""Finished chunks on disk, apart from the final tables: whole, checked, found again by number.

A results folder holds the final tables. While a sweep runs, `unfinished/` in it holds a chunk a file, the tables as far
as they are written, and `plan.json`, which says what sweep they belong to. `publish` moves the tables out.
"""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from runner.errors import RunnerError, Stopped

Columns = dict[str, NDArray[Any]]

_MARK = "chunk of"  # the entry that says which sweep and chunk a file holds, and its columns: no CRC covers their names
_TABLES = ("trials.csv", "trials.parquet", "summary.csv", "curves.csv", "weights-*.npz")


class Store:
    """The chunks of one sweep, named by `fingerprint`; those of another sweep in the same place are cleared away."""

    def __init__(self, folder: Path, fingerprint: str, *, fresh: bool = False) -> None:
        self.folder = folder
        self.unfinished = folder / "unfinished"
        self._fingerprint = fingerprint
        with disk(folder):
            self.unfinished.mkdir(parents=True, exist_ok=True)
            if fresh or self._found() != fingerprint:
                shutil.rmtree(self.unfinished)
                self.unfinished.mkdir()
                self._write("plan.json", lambda file: file.write(json.dumps({"fingerprint": fingerprint}).encode()))

    def _found(self) -> str | None:
        try:
            return str(json.loads((self.unfinished / "plan.json").read_bytes())["fingerprint"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _path(self, number: int) -> Path:
        return self.unfinished / f"chunk-{number:08d}.npz"

    def put(self, number: int, columns: Columns) -> None:
        """Write a finished chunk: when this returns, it is on disk, whole."""
        with disk(self.folder):
            marked = {_MARK: np.array([self._fingerprint, str(number), *columns]), **columns}
            self._write(self._path(number).name, lambda file: np.savez(file, allow_pickle=False, **marked))

    def has(self, number: int) -> bool:
        """Whether this chunk is finished, of this sweep and undamaged: else what stands in its place is removed."""
        path = self._path(number)
        try:
            with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
                fingerprint, chunk, *names = file[_MARK].tolist()
                ours = (fingerprint, chunk) == (self._fingerprint, str(number)) and file.files == [_MARK, *names]
                if ours and file.zip.testzip() is None:
                    return True
        except FileNotFoundError:
            return False
        except Exception:  # noqa: S110 - of a damaged archive, zipfile and NumPy raise some ten kinds
            pass
        with disk(self.folder):
            path.unlink(missing_ok=True)
        return False

    def get(self, number: int) -> Columns:
        """Read a finished chunk."""
        with disk(self.folder), np.load(self._path(number), allow_pickle=False) as file:
            return {name: file[name] for name in file.files if name != _MARK}

    def _write(self, name: str, write: Any) -> None:
        temporary = self.unfinished / f"{name}.{os.getpid()}.part"
        with temporary.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.unfinished / name)

    def publish(self, names: list[str]) -> None:
        """Move finished tables out, in place of those of an earlier sweep, whose manifest goes first."""
        with disk(self.folder):
            (self.folder / "manifest.json").unlink(missing_ok=True)
            for pattern in _TABLES:
                for earlier in self.folder.glob(pattern):
                    earlier.unlink()
            for name in names:
                (self.unfinished / name).replace(self.folder / name)

    def clear(self) -> None:
        """Remove the chunks, once the tables are complete."""
        shutil.rmtree(self.unfinished, ignore_errors=True)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One sweep at a time in a results folder; the lock of a process that died does not block."""
    import filelock

    with disk(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / ".lock")
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            raise RunnerError(
                f"{folder}: another sweep is writing here; wait for it, or choose another --results"
            ) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def disk(folder: Path) -> Iterator[None]:
    """Turn what the disk refuses, while a sweep writes into its results folder, into one sentence."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise Stopped(
            f"{folder}: cannot be written ({reason}); what is finished is kept, mend it and run the same command again"
        ) from error
