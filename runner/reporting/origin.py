"""Where tables come from: whether the manifest beside them is theirs, and the experiment that it holds."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from runner.errors import RunnerError
from runner.experiment.reading import read
from runner.experiment.spec import Experiment
from runner.tables.loading import Results, trials_file
from runner.tables.manifest import NAME, read_manifest
from runner.tables.streaming import Table

_KEYS = {
    "seedsweep",
    "spec",
    "axes",
    "counts",
    "versions",
    "machine",
    "kernel_hash",
    "started",
    "ended",
    "wall_seconds",
}


@dataclass(frozen=True)
class Origin:
    """The table of trials on disk and its SHA-256, and the manifest and experiment that are known to be its own.

    `file` is None for tables in memory alone; `manifest` and `experiment` are None where nothing vouches for them, as
    `notes` say.
    """

    file: Path | None
    digest: str
    manifest: dict[str, Any] | None
    experiment: Experiment | None
    notes: tuple[str, ...]


def origin(results: Table) -> Origin:
    """Return where some tables come from; the bytes of the table of trials decide whether a manifest is theirs."""
    file, manifest = _found(results)
    digest = ""
    if file is not None:
        with file.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
    known = manifest is not None and (file is None or manifest["files"].get(file.name, {}).get("sha256") == digest)
    if manifest is None or not known:
        why = f"What was run is told by the table alone: no {NAME} is known to be its own."
        return Origin(file, digest, None, None, (why,))
    try:
        if missing := sorted(_KEYS - manifest.keys()):
            raise RunnerError(f"it has no {missing[0]}")
        experiment = read(manifest["spec"])
    except RunnerError as error:
        why = f"What was run is told by the table alone: its {NAME} cannot be used ({error})."
        return Origin(file, digest, None, None, (why,))
    return Origin(file, digest, manifest, experiment, ())


def _found(results: Table) -> tuple[Path | None, dict[str, Any] | None]:
    """Return the table of trials on disk, and the manifest that came with the results or stands beside them."""
    if isinstance(results, pd.DataFrame):
        return None, None
    if isinstance(results, Results):
        try:
            return trials_file(results.path), results.manifest
        except RunnerError:  # it was loaded, and is gone
            return None, results.manifest
    file = trials_file(Path(results))
    return file, read_manifest(file.parent)
