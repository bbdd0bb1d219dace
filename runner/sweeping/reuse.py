"""Rows that an earlier plan of the same results folder trained, found again for the trials of this one.

They lie in `unfinished/<fingerprint>/`, two files for each earlier plan and shape of network: the numbers that their
trials had in that plan, ascending, and the rows. So they are written in the order in which they are read, and a chunk
of this plan finds its own by arithmetic and bisection; memory grows with the chunk alone.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from runner.experiment.reading import read
from runner.planning.chunks import Shape
from runner.planning.matching import Matching
from runner.planning.plan import Plan, plan
from runner.planning.product import Numbers
from runner.sweeping.progress import Say
from runner.sweeping.store import Columns, disk

_ROWS = 512  # of a mapping, which is made anew after each, to let its pages go: Linux maps 16 of them around a row


@dataclass(frozen=True)
class Kept:
    """Two files of so many rows: `<name>.trial` has their ascending numbers, `<name>.rows` records of these fields.

    A field is a name, a type as NumPy writes it, and a shape. The digests are SHA-256 of the files.
    """

    name: str
    fields: list[Any]
    count: int
    trial_sha256: str
    rows_sha256: str

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of a record."""
        return np.dtype([(name, kind, tuple(shape)) for name, kind, shape in self.fields])

    def whole(self, folder: Path) -> bool:
        """Whether both files are as they were written."""
        digests = {"trial": self.trial_sha256, "rows": self.rows_sha256}
        return all(_digest(folder / f"{self.name}.{kind}") == digest for kind, digest in digests.items())

    def trials(self, folder: Path) -> Numbers:
        """The numbers of the trials, on disk."""
        return np.memmap(folder / f"{self.name}.trial", np.int64, "r", shape=(self.count,))

    def places(self, folder: Path, trials: Numbers) -> Numbers:
        """Where the rows of these trials are; -1 where they are not here."""
        found = np.empty(len(trials), np.int64)
        for which in _batches(trials):
            known, wanted = self.trials(folder), trials[which]
            place = np.minimum(np.searchsorted(known, wanted), self.count - 1)
            found[which] = np.where(known[place] == wanted, place, -1)
        return found

    def read(self, folder: Path, places: Numbers) -> Columns:
        """The rows in these places."""
        dtype = self.dtype
        columns = {name: np.empty((len(places), *dtype[name].shape), dtype[name].base) for name in dtype.names or ()}
        for which in _batches(places):
            records = np.memmap(folder / f"{self.name}.rows", dtype, "r", shape=(self.count,))[places[which]]
            for name, column in columns.items():
                column[which] = records[name]
        return columns


def _batches(numbers: Numbers) -> Iterator[Numbers]:
    """The places of so many neighbours at a time."""
    order = np.argsort(numbers, kind="stable")
    return (order[start : start + _ROWS] for start in range(0, len(order), _ROWS))


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


@dataclass(frozen=True)
class Found:
    """What earlier work has of a chunk of so many trials; `rest` are the places of those that are to be trained."""

    folder: Path
    count: int
    rest: Numbers
    parts: tuple[tuple[Numbers, Kept, Numbers], ...] = ()  # places in the chunk, and those of their rows in the files

    def merged(self, trained: Columns | None) -> Columns:
        """The columns of the whole chunk; `trained` has those of the rest, if there is any."""
        if trained and not self.parts:
            return trained
        with disk(self.folder):
            pieces = [(places, kept.read(self.folder, rows)) for places, kept, rows in self.parts]
        if trained:
            pieces.insert(0, (self.rest, trained))
        columns = {}
        for name, example in pieces[0][1].items():
            columns[name] = np.empty((self.count, *example.shape[1:]), example.dtype)
            for places, piece in pieces:
                columns[name][places] = piece[name]
        return columns


@dataclass(frozen=True)
class Source:
    """The rows of one earlier plan, by shape."""

    spec: dict[str, Any]
    files: dict[Shape, Kept]

    def described(self) -> dict[str, Any]:
        """The same in words of JSON."""
        return {
            "spec": self.spec,
            "files": [asdict(file) | {"shape": asdict(shape)} for shape, file in self.files.items()],
        }


def sources(described: Sequence[dict[str, Any]]) -> list[Source]:
    """The sources that are described so."""
    found = []
    for each in described:
        files = {}
        for entry in each["files"]:
            with suppress(TypeError):  # of another version of this program
                kept = {key: value for key, value in entry.items() if key != "shape"}
                files[Shape(**entry["shape"])] = Kept(**kept)
        found.append(Source(each["spec"], files))
    return found


def whole_sources(folder: Path, described: Sequence[dict[str, Any]], say: Say) -> list[Source]:
    """The sources in a folder that are described so, without files that are damaged, which `say` is told."""
    found = sources(described)
    for each in found:
        for shape, kept in [*each.files.items()]:
            if not kept.whole(folder):
                say(f"{folder / kept.name}.rows: damaged; its {kept.count:,} trials are computed again")
                del each.files[shape]
    return found


class Reuse:
    """The rows of earlier plans in a folder, found for the trials of this one; each is in one of them at most."""

    def __init__(self, folder: Path, laid_out: Plan, kept: Sequence[Source]) -> None:
        self._folder = folder
        self._sources = [(Matching(laid_out, plan(read(each.spec))), each.files) for each in kept]

    def find(self, shape: Shape, trials: Numbers) -> Found:
        """What there is of some trials of this shape."""
        rest, parts = np.arange(len(trials)), []
        for matching, files in self._sources:
            if file := files.get(shape):
                place = file.places(self._folder, matching.numbers(trials[rest]))
                here = place >= 0
                if here.any():
                    parts.append((rest[here], file, place[here]))
                    rest = rest[~here]
        return Found(self._folder, len(trials), rest, tuple(parts))
