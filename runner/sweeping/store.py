"""Finished chunks on disk, apart from the final tables: whole, checked, found again by number.

A results folder holds the final tables. While a sweep runs, `unfinished/plan.json` in it says which sweep that is, and
`unfinished/<fingerprint>/` holds its chunks, one a file, and the tables as far as they are written. `publish` moves the
tables out. A chunk's file holds the numbers of its trials too, so that it can be read whatever plan it was cut from.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from runner.errors import RunnerError, Stopped

Columns = dict[str, NDArray[Any]]

UNFINISHED, PLAN = "unfinished", "plan.json"

_MARK = "chunk of"  # the entry that says which sweep and chunk a file holds, and its columns: no CRC covers their names
_TRIAL = "trial number"
# What other tables must not stand beside; the report, as it tells of those that it was made from.
_EARLIER = ("trials.csv", "trials.parquet", "summary.csv", "curves.csv", "weights-*.npz", "report.html")


class Store:
    """The chunks of the sweep that `fingerprint` stands for, in a results folder or, read only, in those of its shards.

    Of chunks in several places, `places`, chunk k is in the one numbered k modulo their number.
    """

    def __init__(self, folder: Path, fingerprint: str, places: Sequence[Path] = ()) -> None:
        self.folder = folder
        self.unfinished = unfinished(folder, fingerprint)
        self._fingerprint = fingerprint
        self._places = tuple(unfinished(place, fingerprint) for place in places) or (self.unfinished,)

    def create(self) -> None:
        """Begin with no chunks."""
        with disk(self.folder):
            shutil.rmtree(self.unfinished, ignore_errors=True)
            self.unfinished.mkdir(parents=True)
            sync(self.folder)

    def path(self, number: int) -> Path:
        """The file of a chunk."""
        return self._places[number % len(self._places)] / f"chunk-{number:08d}.npz"

    def put(self, number: int, trials: NDArray[np.int64], columns: Columns) -> None:
        """Write a finished chunk, the outcomes of these trials: when this returns, it is on disk, whole."""
        with disk(self.folder):
            marked = {_MARK: np.array([self._fingerprint, str(number), *columns]), _TRIAL: trials, **columns}
            write(self.path(number), lambda file: np.savez(file, allow_pickle=False, **marked))

    def has(self, number: int, damaged: Callable[[Path], None] = lambda _: None) -> bool:
        """Whether this chunk is finished, of this sweep and whole.

        What stands in its place and is not, is told to `damaged`.
        """
        try:
            with opened_chunk(self.path(number), self._fingerprint, number) as file:
                if file.zip.testzip() is None:
                    return True
        except FileNotFoundError:
            return False
        except Exception:  # noqa: S110 - of a damaged archive, zipfile and NumPy raise some ten kinds
            pass
        damaged(self.path(number))
        return False

    def get(self, number: int) -> Columns:
        """Read a finished chunk."""
        with disk(self.folder), opened_chunk(self.path(number), self._fingerprint, number) as file:
            return {name: file[name] for name in file.files if name not in (_MARK, _TRIAL)}

    def numbers(self) -> list[int]:
        """The numbers of the chunks that have a file."""
        stems = (path.stem.removeprefix("chunk-") for place in self._places for path in place.glob("chunk-*.npz"))
        return sorted(int(stem) for stem in stems if stem.isdigit())

    def trials(self, number: int) -> NDArray[np.int64]:
        """The numbers of the trials of a finished chunk."""
        with disk(self.folder), opened_chunk(self.path(number), self._fingerprint, number) as file:
            trials: NDArray[np.int64] = file[_TRIAL]
            return trials

    def publish(self, names: Sequence[str]) -> None:
        """Move finished tables, the manifest last of them, out in place of those of an earlier sweep.

        Whenever this is cut off, a manifest stands beside its own tables or there is none.
        """
        *tables, manifest = names
        with disk(self.folder):
            for name in names:
                with (self.unfinished / name).open("rb") as file:
                    os.fsync(file.fileno())
            (self.folder / manifest).unlink(missing_ok=True)
            sync(self.folder)
            for pattern in _EARLIER:
                for earlier in self.folder.glob(pattern):
                    earlier.unlink()
            for name in tables:
                (self.unfinished / name).replace(self.folder / name)
            sync(self.folder)
            (self.unfinished / manifest).replace(self.folder / manifest)
            sync(self.folder)

    def discard(self) -> None:
        """Remove what is written here, and leave alone what another sweep has in this place."""
        shutil.rmtree(self.unfinished, ignore_errors=True)
        with suppress(OSError):
            (self.folder / UNFINISHED).rmdir()

    def clear(self) -> None:
        """Remove all that is unfinished in this place, once the tables are complete."""
        with suppress(OSError):
            (self.folder / UNFINISHED / PLAN).unlink()  # first: without it, nobody asks for the others
        shutil.rmtree(self.folder / UNFINISHED, ignore_errors=True)


def unfinished(folder: Path, fingerprint: str) -> Path:
    """The folder in a results folder that holds the chunks of a sweep."""
    return folder / UNFINISHED / fingerprint[:12]


@contextmanager
def opened_chunk(path: Path, fingerprint: str, number: int) -> Iterator[Any]:
    """Open a chunk's file; raises `ValueError`, or what zipfile and NumPy do, where it is no chunk of this name."""
    with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
        found, chunk, *names = file[_MARK].tolist()
        if (found, chunk) != (fingerprint, str(number)) or file.files != [_MARK, _TRIAL, *names]:
            raise ValueError("a chunk of another sweep, or another chunk")
        yield file


def write(path: Path, fill: Callable[[IO[bytes]], Any]) -> None:
    """Write a file that is there whole or not at all, whenever the machine stops, and is there when this returns."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    sync(path.parent)


def sync(folder: Path) -> None:
    """Let the names in a folder reach the disk."""
    if os.name == "posix":  # elsewhere a folder cannot be opened
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def disk(folder: Path) -> Iterator[None]:
    """Turn what the disk refuses, while a sweep writes into its results folder, into one sentence.

    Raises `RunnerError` where a file stands in place of a folder or the other way round, `Stopped` for all else.
    """
    try:
        yield
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise RunnerError(
            f"{error.filename2 or error.filename or folder}: a sweep keeps something of its own in this place "
            f"({error.strerror}); move away what is there, or choose another --results"
        ) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise Stopped(
            f"{folder}: cannot be written ({reason}); what is finished is kept, mend it and run the same command again"
        ) from error
