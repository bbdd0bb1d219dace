"""unfinished/plan.json: which sweep the chunks beside it belong to, and what earlier work it uses again."""

import hashlib
import json
import sys
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from runner.experiment.reading import whole
from runner.experiment.spec import Experiment
from runner.planning import chunks, plan, product, union
from runner.sweeping import kernel_cache
from runner.sweeping.code_hash import code_hash
from runner.sweeping.sharding import Shard
from runner.sweeping.store import PLAN, UNFINISHED, disk, write


@dataclass(frozen=True)
class Begun:
    """A sweep that was begun in a results folder; `fingerprint` stands for it, and names its chunks.

    `spec` is the whole experiment, `shard` the part of it that is run here, `command` what began it, `sources`
    describe the rows of earlier work that it uses again, as `runner.sweeping.reuse` does.
    """

    fingerprint: str
    kernel_hash: str
    spec: dict[str, Any]
    shard: Shard | None = None
    sources: list[dict[str, Any]] = field(default_factory=list)
    command: list[str] = field(default_factory=lambda: [*sys.argv])

    def write(self, folder: Path) -> None:
        """Make this the sweep of a results folder."""
        with disk(folder):
            write(folder / UNFINISHED / PLAN, lambda file: file.write(json.dumps(asdict(self)).encode()))


def read_begun(folder: Path) -> Begun | None:
    """The sweep that was begun in a results folder and is not finished; None where there is none, or it is damaged."""
    try:
        content = json.loads((folder / UNFINISHED / PLAN).read_bytes())
        shard = content.pop("shard")
        begun = Begun(**content, shard=Shard(**shard) if shard else None)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return begun if isinstance(begun.fingerprint, str) and isinstance(begun.spec, dict) else None


def forget(folder: Path) -> None:
    """Let no sweep be begun in a results folder, whatever chunks are there."""
    with disk(folder):
        (folder / UNFINISHED / PLAN).unlink(missing_ok=True)


def fingerprint(experiment: Experiment) -> str:
    """What chunks belong to: the trials and records of an experiment, the code of the kernels, and how it is cut."""
    spec = {key: value for key, value in whole(experiment).items() if key not in ("name", "description")}
    return hashlib.sha256(f"{kernel_cache.kernel_hash()} {_cut()} {json.dumps(spec)}".encode()).hexdigest()


@cache
def _cut() -> str:
    """What stands for the code that cuts a plan into chunks."""
    return code_hash([Path(str(module.__file__)) for module in (chunks, plan, product, union)])
