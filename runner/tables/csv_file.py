"""A file of CSV being written: threads make text of its rows, and its hash is known as soon as it is closed."""

import hashlib
from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from pathlib import Path

import pyarrow as pa

from runner.tables.cells import header, lines
from runner.tables.manifest import Digest

_SIDE_BY_SIDE = 2  # blocks that become text, which pyarrow does without Python's lock: most work of short trainings


class CsvFile:
    """Takes blocks of rows, of which few are in memory at a time. A disk that refuses raises `OSError`."""

    def __init__(self, path: Path, names: Iterable[str]) -> None:
        self._file = path.open("wb")
        self._hash, self._bytes = hashlib.sha256(), 0
        self._waiting = deque[Future[bytes | memoryview]]()
        self._put(header(names))

    def write(self, columns: Sequence[pa.Array]) -> None:
        """Add equally long columns, which must not change until the file is closed."""
        if len(self._waiting) > _SIDE_BY_SIDE:
            self._put(self._waiting.popleft().result())
        self._waiting.append(_writers().submit(lines, columns))

    def close(self) -> None:
        """Write what is left and close the file."""
        waiting, self._waiting = self._waiting, deque()  # closed once more, it has nothing to write
        try:
            for text in waiting:
                self._put(text.result())
        finally:
            self._file.close()

    @property
    def digest(self) -> Digest:
        """What the manifest says of the file, once it is closed."""
        return {"sha256": self._hash.hexdigest(), "bytes": self._bytes}

    def _put(self, text: bytes | memoryview) -> None:
        self._file.write(text)
        self._hash.update(text)
        self._bytes += len(text)


@cache
def _writers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_SIDE_BY_SIDE, "writer")
