"""What the manifest of a results folder says, held against the folder and against itself."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from runner.checking.audit_findings import Finding
from runner.errors import RunnerError
from runner.experiment.reading import read
from runner.labels import plural
from runner.planning.chunks import Shapes
from runner.planning.plan import Plan, plan
from runner.sweeping.kernel_cache import kernel_hash
from runner.tables.manifest import NAME, read_manifest

_TABLES = ("trials.csv", "trials.parquet")
_ENDINGS = {".csv", ".parquet", ".npz"}  # of tables; a page or a map beside them is the user's own
_BLOCK = 2**16  # configurations at a time


@dataclass(frozen=True, eq=False)
class Folder:
    """A folder of results: what its manifest says, and the plan of that experiment; `table` is None if none is named.

    `weights` names the file of each network (hidden units, biases), where weights are recorded.
    """

    path: Path
    manifest: Mapping[str, Any]
    plan: Plan
    table: Path | None
    weights: dict[tuple[int, bool], str]

    def has(self, name: str) -> bool:
        """Whether a file is there, and the manifest names it."""
        return name in self.manifest["files"] and (self.path / name).is_file()


def opened(results: str | os.PathLike[str]) -> Folder:
    """Find the manifest of a folder, or of the one that a table is in; raises `RunnerError` where it cannot be used."""
    path = Path(results)
    if not path.exists():
        raise RunnerError(f"{path}: there is no such file or folder; give a folder of results")
    folder = path if path.is_dir() else path.parent
    manifest = read_manifest(folder)
    if manifest is None:
        there = "is none of ours, or is damaged" if (folder / NAME).exists() else "is not there"
        raise RunnerError(
            f"{folder / NAME}: it {there}, and only it could tell what made the tables; run the sweep again"
        )
    spec = manifest.get("spec")
    try:
        experiment = read(spec if isinstance(spec, dict) else {})  # text would name a file
    except RunnerError as error:
        raise RunnerError(f"{folder / NAME}: its spec cannot be used ({error}); run the sweep again") from None
    laid_out = plan(experiment)
    table = next((folder / name for name in _TABLES if name in manifest["files"]), None)
    return Folder(folder, manifest, laid_out, table, _weights(laid_out) if experiment.record.weights else {})


def _weights(laid_out: Plan) -> dict[tuple[int, bool], str]:
    shapes, task = Shapes(laid_out), laid_out.experiment.task
    for start in range(0, laid_out.configurations, _BLOCK):
        shapes.numbers(np.arange(start, min(start + _BLOCK, laid_out.configurations)))
    return {
        (shape.hidden, shape.bias): f"weights-{len(task.inputs[0])}-{shape.hidden}-{len(task.targets[0])}"
        f"{'-bias' * shape.bias}.npz"
        for shape in shapes.found
    }


def check_manifest(folder: Folder) -> Iterator[Finding]:
    """What the manifest says that its own experiment contradicts, and whether other kernels made the tables."""
    manifest, laid_out = folder.manifest, folder.plan
    counts, axes = manifest.get("counts"), manifest.get("axes")
    for name, own in (("trials", laid_out.trials), ("configurations", laid_out.configurations)):
        said = counts.get(name) if isinstance(counts, dict) else None
        if said != own:
            yield Finding("manifest", f"{NAME}: it counts {said} {name}, and its experiment has {own}")
    own_axes = {key: [None if value != value else value for value in of] for key, of in laid_out.levels.items()}
    if axes != own_axes:
        yield Finding("manifest", f"{NAME}: its axes are not those of its experiment")
    made_by = manifest.get("kernel_hash")
    if made_by != kernel_hash():
        yield Finding(
            "kernels",
            f"the tables were made by other kernels ({made_by}; these are {kernel_hash()}): where a row comes out "
            "otherwise, it may be for that",
        )


def check_files(folder: Folder) -> Iterator[Finding]:
    """Files that are missing, not of the size or SHA-256 that the manifest has, or that it should name, or does not."""
    files, record = folder.manifest["files"], folder.plan.experiment.record
    wanted = {"summary.csv", *folder.weights.values()} | ({"curves.csv"} if record.curve else set())
    listed = [name for name in _TABLES if name in files]
    if len(listed) != 1:
        yield Finding("files", f"{NAME}: it names {plural(len(listed), 'table')} of trials; there must be one")
    for name in sorted(wanted - {*files}):
        yield Finding("files", f"{NAME}: it does not name {name}, which its experiment makes")
    for name in sorted({*files} - wanted - {*_TABLES}):
        yield Finding("files", f"{NAME}: it names {name}, which its experiment does not make")
    for name in sorted({*files} & {*wanted, *_TABLES}):
        yield from _check_file(folder.path / name, files[name])
    for path in sorted(folder.path.iterdir()):
        if path.suffix in _ENDINGS and path.name not in files:
            yield Finding("files", f"{path.name}: it is in the folder, and {NAME} does not name it")


def _check_file(path: Path, entry: Mapping[str, Any]) -> Iterator[Finding]:
    if not path.is_file():
        yield Finding("files", f"{path.name}: {NAME} names it, and it is missing")
        return
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        yield Finding("files", f"{path.name}: it cannot be read: {error.strerror}")
        return
    if (size := path.stat().st_size) != entry["bytes"]:
        yield Finding("files", f"{path.name}: it has {size:,} bytes, and by {NAME} {entry['bytes']:,}")
    elif found != entry.get("sha256"):
        yield Finding("files", f"{path.name}: its contents (SHA-256) are not what {NAME} says")
