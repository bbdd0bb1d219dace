"""Standard output and error whose reader may leave, as `head` does: the work goes on to its own exit code."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from runner.errors import Stopped


class _Lenient(io.FileIO):
    """A file of which nobody needs to read the rest; where the disk refuses it, that is said once, or never."""

    def __init__(self, descriptor: int, said: bool) -> None:
        super().__init__(descriptor, "wb")
        self._said = said

    def write(self, content: Any) -> int:
        try:
            return super().write(content)
        except BrokenPipeError:
            pass
        except OSError as error:
            if not self._said:
                self._said = True  # Python tries to write the same again when it ends
                raise Stopped(
                    f"what this prints cannot be written ({error.strerror}); mend it and run the same command again"
                ) from None
        return memoryview(content).nbytes


@contextmanager
def readers_may_leave() -> Iterator[None]:
    """Let nothing that is printed fail because nobody reads it; raises `Stopped` where a disk refuses output."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = _lenient(sys.stdout, said=False), _lenient(sys.stderr, said=True)
    try:
        yield
    finally:
        for stream, was in zip((sys.stdout, sys.stderr), before, strict=True):
            if stream is not was:
                stream.close()
        sys.stdout, sys.stderr = before


def _lenient(stream: TextIO | None, said: bool) -> TextIO:
    if stream is None:  # closed by who started this
        return Path(os.devnull).open("w", encoding="utf-8")
    try:
        descriptor = os.dup(stream.fileno())
    except (OSError, io.UnsupportedOperation):  # in a notebook, or a test
        return stream
    if os.isatty(descriptor):
        os.close(descriptor)
        return stream
    stream.flush()
    binary = io.BufferedWriter(_Lenient(descriptor, said))
    return io.TextIOWrapper(binary, stream.encoding, stream.errors, line_buffering=said)
