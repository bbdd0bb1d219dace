"""Parts of a sweep joined into its tables: the same bytes as if it had been run in one piece."""

import os
import shlex
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from runner.errors import RunnerError
from runner.experiment.reading import read
from runner.planning.chunks import chunks
from runner.planning.plan import Plan, plan
from runner.sweeping.begun import Begun, fingerprint, read_begun
from runner.sweeping.lock import locked
from runner.sweeping.progress import Progress, shown
from runner.sweeping.publishing import Tables
from runner.sweeping.sharding import Shard
from runner.sweeping.store import Store
from runner.tables.loading import Results, load
from runner.tables.manifest import complete


def merge(
    folders: Sequence[str | os.PathLike[str]],
    *,
    results: str | os.PathLike[str] = "results",
    progress: bool | None = None,
) -> Results:
    """Join all parts of a sweep, in any order, into the tables in <results>/<name>/, and return these.

    The parts stay as they are. Raises `RunnerError` where they do not belong together or lack something, `Stopped`
    where the disk refuses.
    """
    if isinstance(folders, str | os.PathLike):
        raise RunnerError(f"folders = {folders!r}: it must be a list of folders, one for each part of the sweep")
    parts = all_parts(map(Path, folders))
    with shown(parts.plan.experiment.name, progress) as show:
        joined(parts, Path(results) / parts.plan.experiment.name, "csv", show)
    return load(Path(results) / parts.plan.experiment.name)


@dataclass(frozen=True)
class Parts:
    """All parts of one sweep: their folders, in the order of their numbers."""

    plan: Plan
    begun: Begun
    folders: tuple[Path, ...]


def all_parts(folders: Iterable[Path]) -> Parts:
    """Find out what sweep these folders hold the parts of; raises `RunnerError` unless it is one, and they are all."""
    found: dict[int, tuple[Path, Begun]] = {}
    for folder in folders:
        begun = read_begun(folder)
        if begun is None or begun.shard is None:
            raise RunnerError(f"{folder}: holds no part of a sweep; give the folders that sweep --shard wrote")
        _check_together(folder, begun, *next(iter(found.values()), (folder, begun)))
        if begun.shard.number in found:
            raise RunnerError(f"{folder}: is the same part of the sweep as {found[begun.shard.number][0]}")
        found[begun.shard.number] = folder, begun
    if not found:
        raise RunnerError("there is nothing to merge; give the folders that sweep --shard wrote")
    _, begun = found[min(found)]
    shard, laid_out = begun.shard or Shard(1, 1), plan(read(begun.spec))
    if begun.fingerprint != fingerprint(laid_out.experiment):
        raise RunnerError(
            f"{found[min(found)][0]}: was made by another version of this program, whose kernels are not these; merge "
            "with that version, or run the parts again"
        )
    missing = [number for number in range(1, shard.of + 1) if number not in found]
    if missing:
        others = f", nor are {len(missing) - 1} others" if len(missing) > 1 else ""
        raise RunnerError(
            f"part {missing[0]} of {shard.of} is not among these folders{others}; run {_command(begun, missing[0])}"
        )
    parts = Parts(laid_out, begun, tuple(found[number][0] for number in sorted(found)))
    _check_whole(parts, found)
    return parts


def joined(parts: Parts, folder: Path, table_format: Literal["csv", "parquet"], progress: Progress) -> bool:
    """Write the tables of all parts into a results folder; False where it held them already."""
    spec, trials, taken = parts.begun.spec, parts.plan.trials, 0
    with locked(folder):
        if complete(folder, spec, parts.begun.kernel_hash) and (folder / f"trials.{table_format}").is_file():
            return False
        store = Store(folder, parts.begun.fingerprint, parts.folders)
        store.create()
        tables = Tables(parts.plan, store, table_format)
        with tables.written():
            for chunk in chunks(parts.plan):
                tables.add(chunk.stub)
                taken += len(chunk.trials)
                progress(taken, trials, taken / trials)
        tables.publish(len(parts.folders), "shards")
        store.discard()
    return True


def _check_together(folder: Path, begun: Begun, first: Path, other: Begun) -> None:
    """Raise `RunnerError` unless two parts are of one sweep."""
    if begun.kernel_hash != other.kernel_hash:
        why = "other kernels made it"
    elif begun.fingerprint != other.fingerprint or begun.spec["name"] != other.spec["name"]:
        why = "their experiments differ"
    elif begun.shard and other.shard and begun.shard.of != other.shard.of:
        why = f"it is one of {begun.shard.of} parts, that one of {other.shard.of}"
    else:
        return
    raise RunnerError(f"{folder}: is no part of the same sweep as {first}: {why}; merge the parts of one sweep")


def _check_whole(parts: Parts, found: dict[int, tuple[Path, Begun]]) -> None:
    """Raise `RunnerError` unless every chunk of every part is there and whole."""
    store, of = Store(Path(), parts.begun.fingerprint, parts.folders), len(parts.folders)
    chunk_numbers = [chunk.number for chunk in chunks(parts.plan)]
    lacking = Counter(number % of + 1 for number in chunk_numbers if not store.has(number))
    if lacking:
        number = min(lacking)
        folder, begun = found[number]
        more = f", and {len(lacking) - 1} more parts lack some" if len(lacking) > 1 else ""
        several = len(range(number - 1, len(chunk_numbers), of))
        raise RunnerError(
            f"{folder}: lacks {lacking[number]:,} of its {several:,} chunks{more}; run {_command(begun, number)}"
        )


def _command(begun: Begun, number: int) -> str:
    """How to complete a part, by the command that began another."""
    program, *words = begun.command
    called = "seedsweep" if program.endswith("seedsweep") else "python -m runner"
    shard = f"{number}/{begun.shard.of if begun.shard else 1}"
    for place, word in enumerate(words):
        if word == "--shard":
            return f"{called} {shlex.join([*words[: place + 1], shard, *words[place + 2 :]])}"
        if word.startswith("--shard="):
            return f"{called} {shlex.join([*words[:place], f'--shard={shard}', *words[place + 1 :]])}"
    return f"the sweep with --shard {shard}"
