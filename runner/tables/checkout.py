"""The git checkout that the program runs from, read without git: its commit, and whether files were changed since.

The index has, of each tracked file, the size and times that it had when git last looked, and the SHA-1 of its contents:
so nearly no file is read. <https://git-scm.com/docs/index-format>
"""

import hashlib
import os
import re
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_ENTRY = struct.Struct(">10I20sH")
_LARGEST = 16 * 2**20  # bytes of an index that are looked at


@dataclass(frozen=True)
class Checkout:
    """A commit, and whether tracked files differ from it, None where that cannot be told."""

    commit: str
    changed: bool | None


def checkout(folder: Path) -> Checkout | None:
    """Return the checkout whose top is `folder`, None where there is none or git has it in a way not known here."""
    try:
        git = _git(folder)
        commit = _commit(git)
    except (OSError, ValueError):
        return None
    if commit is None:
        return None
    changed = None
    with suppress(OSError, ValueError, struct.error, IndexError):
        changed = _changed(folder, git / "index")
    return Checkout(commit, changed)


def _git(folder: Path) -> Path:
    """The folder of git's files, elsewhere for a linked worktree."""
    path = folder / ".git"
    if path.is_dir():
        return path
    with path.open(encoding="utf-8") as file:
        said = file.read(5000)
    return folder / said.removeprefix("gitdir:").strip()


def _commit(git: Path) -> str | None:
    common = git
    if (git / "commondir").is_file():
        common = git / (git / "commondir").read_text(encoding="utf-8").strip()
    said = (git / "HEAD").read_text(encoding="utf-8").strip()
    if not said.startswith("ref: "):
        return _hash(said)
    ref = said.removeprefix("ref: ")
    if not re.fullmatch(r"refs/[^\0]+", ref) or ".." in ref:
        return None
    if (common / ref).is_file():
        return _hash((common / ref).read_text(encoding="utf-8").strip())
    for line in (common / "packed-refs").read_text(encoding="utf-8").splitlines():
        commit, _, name = line.partition(" ")
        if name == ref:
            return _hash(commit)
    return None


def _hash(text: str) -> str | None:
    return text if re.fullmatch("[0-9a-f]{40}", text) else None


def _changed(folder: Path, index: Path) -> bool:
    """Whether something is staged, or a file is not what was; raises `ValueError` for an index of another form."""
    if index.stat().st_size > _LARGEST:
        raise ValueError("a large index")
    content = index.read_bytes()
    mark, version, count = struct.unpack_from(">4sII", content)
    if mark != b"DIRC" or version not in (2, 3):
        raise ValueError("an index of another form")
    place = 12
    entries = []
    for _ in range(count):
        *stat, sha, flags = _ENTRY.unpack_from(content, place)
        begin = place + _ENTRY.size + (2 if flags & 0x4000 else 0)
        end = content.index(b"\0", begin)
        entries.append((os.fsdecode(content[begin:end]), stat, sha))
        place += (end - place + 8) // 8 * 8
    extensions = dict(_extensions(content, place))
    if b"link" in extensions or b"sdir" in extensions:
        raise ValueError("an index in parts")
    # The trees that git keeps of the index are those of the last commit until something is staged, which voids them.
    if extensions.get(b"TREE", b"\0-1 ").startswith(b"\0-1 "):
        return True
    return any(_differs(folder / name, stat, sha) for name, stat, sha in entries)


def _extensions(content: bytes, place: int) -> Iterator[tuple[bytes, bytes]]:
    while place < len(content) - 20:
        name, length = struct.unpack_from(">4sI", content, place)
        yield name, content[place + 8 : place + 8 + length]
        place += 8 + length


def _differs(path: Path, stat: list[int], sha: bytes) -> bool:
    seconds, nanoseconds, mode, length = stat[2], stat[3], stat[6], stat[9]
    if mode >> 12 != 0o10:
        return False  # a link, or a repository inside this one
    try:
        found = path.stat()
    except OSError:
        return True
    if found.st_size & 0xFFFFFFFF != length:
        return True
    if divmod(found.st_mtime_ns, 10**9) == (seconds, nanoseconds):
        return False
    contents = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(contents) + contents, usedforsecurity=False).digest() != sha
