"""Where an experiment comes from: a file, the name of a shipped experiment, or a dict."""

import hashlib
import os
import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner.errors import RunnerError
from runner.experiment.limits import DEPTH, EXPERIMENT_FILE, LARGEST
from runner.messages import Refusal, bare, nearest

# Keys of so many parts take tomllib the square of that. Possessive, so that it takes no such time itself.
_LONG_KEY = re.compile(
    rf"""(?:(?:(?<![\w-])[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){{{2 * DEPTH}}}""",
    re.ASCII,
)


@dataclass(frozen=True)
class Source:
    """What was written, the words for where it stands, and the folder that its paths start from.

    `file` is what it is called where others may read that, and `sha256` of its bytes; both None where it is no file.
    """

    content: dict[str, Any]
    where: str
    folder: Path
    file: str | None = None
    sha256: str | None = None


def opened(source: str | os.PathLike[str] | Mapping[str, Any]) -> Source:
    """Return what a path, a shipped experiment's name or a dict says, not yet validated.

    Raises `RunnerError` for a file that is not there, cannot be read or is not TOML.
    """
    try:
        if isinstance(source, Mapping):
            return Source(plain(source), "the experiment", Path())
        path = _found(source)
        content = _content(path)
        digest = hashlib.sha256(content).hexdigest()
        return Source(plain(_parsed(content)), str(path), path.parent, _called(source), digest)
    except Refusal as refusal:
        raise RunnerError(f"{'the experiment' if isinstance(source, Mapping) else source}: {refusal}") from None


def shipped() -> dict[str, Path]:
    """Return the experiments that come with the program, name to path; published/ holds studies, not experiments."""
    here = Path(__file__).parents[1]
    folder = next((at for at in (here / "experiments", here.parent / "experiments") if at.is_dir()), here)
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def plain(value: Any, key: str = "") -> Any:
    """Return a copy made of dicts, lists and scalars; arrays and tuples become lists. Raises `Refusal`."""
    if key.count(".") + key.count("[") > DEPTH:
        raise Refusal(key[:80], f"is nested too deeply; at most {DEPTH} tables or lists may stand inside each other")
    if isinstance(value, Mapping):
        for name in value:
            if not isinstance(name, str):
                raise Refusal(key, f"a key must be text, not {type(name).__name__}")
        return {name: plain(item, f"{key}.{bare(name)}" if key else bare(name)) for name, item in value.items()}
    if hasattr(value, "tolist") and not isinstance(value, type):  # a NumPy array or number
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [plain(item, f"{key}[{index}]") for index, item in enumerate(value)]
    if isinstance(value, int) and abs(value) > LARGEST:
        raise Refusal(key, "must be at most 1e30 in magnitude")
    return value


def _found(source: str | os.PathLike[str]) -> Path:
    try:
        path = Path(source)
        if path.exists() and not path.is_dir():
            return path
    except (OSError, ValueError, TypeError) as error:
        raise Refusal("", f"is no path to an experiment file ({getattr(error, 'strerror', error)})") from None
    known = shipped()
    name = path.with_suffix("").as_posix() if path.suffix == ".toml" else path.as_posix()
    name = name.removeprefix("experiments/")
    if name in known:
        return known[name]
    if path.is_dir():
        raise Refusal("", "is a folder, not an experiment file")
    raise Refusal(
        "", f"there is no such file, and no shipped experiment of that name; {nearest(name, known or ['xor'])}"
    )


def _called(source: str | os.PathLike[str]) -> str:
    """A path as it was given, less what it tells of the machine: a path from a root is cut to what is below here."""
    path = Path(source)
    if not path.is_absolute():
        return path.as_posix()
    try:
        return path.relative_to(Path.cwd()).as_posix()
    except (OSError, ValueError):
        return path.name


def _content(path: Path) -> bytes:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise Refusal("", "is not a regular file")
        with path.open("rb") as file:
            content = file.read(EXPERIMENT_FILE + 1)
        if len(content) > EXPERIMENT_FILE:
            raise Refusal(
                "",
                f"has more than {EXPERIMENT_FILE // 2**10} KB; write axes as ranges {{ start, stop, num }}, and "
                "samples into a CSV file beside it",
            )
    except OSError as error:
        raise Refusal("", f"cannot be read: {error.strerror}") from None
    return content


def _parsed(content: bytes) -> dict[str, Any]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refusal("", "is not UTF-8 text") from None
    deep = f"is nested too deeply; at most {DEPTH} tables or lists may stand inside each other"
    if _LONG_KEY.search(text):
        raise Refusal("", deep)
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise Refusal("", deep) from None
    except ValueError as error:  # also an integer of thousands of digits
        if len({*re.findall(r"^[ \t]*(\[\[?)[ \t]*sweep[ \t]*\]", text, re.MULTILINE)}) == 2:
            raise Refusal(
                "sweep", "[sweep] and [[sweep]] cannot stand together; write [[sweep]] for every grid"
            ) from None
        raise Refusal("", f"is not TOML: {error}") from None
