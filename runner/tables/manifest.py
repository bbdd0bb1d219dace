"""manifest.json: what made a folder of results, and the hashes of its files; written last."""

import hashlib
import json
import os
import platform
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from runner.tables.checkout import checkout
from runner.tables.manifest_shape import sound

NAME = "manifest.json"
_PROJECT = Path(__file__).parents[2]
_LARGEST = 256 * 2**20  # bytes: an experiment as large as the limits allow makes some 100 MB
Digest = dict[str, str | int]  # of a file: its SHA-256, and its size in bytes

_PACKAGES = ("numpy", "numba", "llvmlite", "pandas", "joblib", "pyarrow")


def write_manifest(
    folder: Path,
    *,
    spec: Mapping[str, Any],
    axes: Mapping[str, Sequence[Any]],
    counts: Mapping[str, int],
    kernel_hash: str,
    cpu: Mapping[str, str],
    files: Mapping[str, Digest],
    started: datetime,
    wall_seconds: float,
    jobs: int,
    backend: str,
    written: Mapping[str, Any] | None = None,
    ended: datetime | None = None,
    command: Sequence[str] | None = None,
) -> None:
    """Write the manifest of finished files, so that it is there whole or not at all.

    `spec` is what `reading.whole` gives, `cpu` the target that kernels are compiled for (name, features), `written` the
    file that the experiment was read from (`Experiment.written`). `started` and `ended` have a time zone; left out,
    `ended` is now and `command` that of this process.
    """
    manifest = {
        "seedsweep": _own_version(),
        "checkout": None if (found := checkout(_PROJECT)) is None else asdict(found),
        "experiment": written,
        "spec": spec,
        "axes": axes,
        "counts": counts,
        "versions": {"python": platform.python_version(), **{name: _version(name) for name in _PACKAGES}},
        "machine": {
            "platform": platform.platform(),
            "cpu": _cpu_name(),
            "target": cpu,
            "cores": os.cpu_count(),
            "usable_cores": _usable_cores(),
        },
        "kernel_hash": kernel_hash,
        "files": files,
        "started": _utc(started),
        "ended": _utc(ended or datetime.now(UTC)),
        "wall_seconds": wall_seconds,
        "jobs": jobs,
        "threads_per_job": 1,  # no kernel starts any
        "backend": backend,
        "command": list(sys.argv if command is None else command),
    }
    temporary = folder / f".{NAME}.{os.getpid()}"
    try:
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            json.dump(manifest, file, indent=2, allow_nan=False)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(folder / NAME)
    finally:
        temporary.unlink(missing_ok=True)
    if os.name == "posix":
        _sync(folder)


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """Return the manifest of a folder of results, None where there is none or it is none of ours."""
    path = folder / NAME
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            return None
        manifest = json.loads(path.read_bytes(), parse_constant=_refused)
    except (OSError, ValueError, RecursionError):
        return None
    return manifest if sound(manifest) else None


def _refused(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def complete(folder: Path, spec: Mapping[str, Any], kernel_hash: str) -> bool:
    """Whether a folder holds the results of this experiment by these kernels; sizes are looked at, not hashes."""
    manifest = read_manifest(folder)
    return (
        manifest is not None
        and manifest.get("kernel_hash") == kernel_hash
        and json.dumps(manifest.get("spec")) == json.dumps(spec)  # as text: the order of axes is that of the rows
        and all(size(folder / name) == entry["bytes"] for name, entry in manifest["files"].items())
    )


def size(path: Path) -> int | None:
    """Return the size of a file in bytes, None where there is no such file."""
    return path.stat().st_size if path.is_file() else None


def digest(path: Path) -> Digest:
    """Return what a manifest says of a finished file."""
    with path.open("rb") as file:
        return {"sha256": hashlib.file_digest(file, "sha256").hexdigest(), "bytes": path.stat().st_size}


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _own_version() -> str | None:
    project = _PROJECT / "pyproject.toml"
    if project.is_file():  # a checkout, whatever else is installed
        return str(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"])
    return _version("seedsweep")


def _usable_cores() -> int | None:
    """The CPUs that this process may use, where the system tells."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
