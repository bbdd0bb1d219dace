"""Whether what stands in a manifest.json has the form of one, so that whoever looks a key up finds what it expects."""

import re
from collections.abc import Mapping
from typing import Any

_TABLES = ("network", "init", "training", "convergence", "record")
_NEEDED: dict[str, type | tuple[type, ...]] = {
    "spec": dict,
    "axes": dict,
    "counts": dict,
    "kernel_hash": str,
    "files": dict,
}
_OTHERS: dict[str, type | tuple[type, ...]] = {  # an earlier version may have left them out
    "seedsweep": (str, type(None)),
    "checkout": (dict, type(None)),
    "experiment": (dict, type(None)),
    "versions": dict,
    "machine": dict,
    "started": str,
    "ended": str,
    "wall_seconds": (int, float),
    "jobs": int,
    "threads_per_job": int,
    "backend": str,
    "command": list,
}
_WINDOWS_OR_NOT = re.compile(r'[^/\\:*?"<>|\x00-\x1f]{1,255}')  # the name of a file beside the manifest


def sound(manifest: Any) -> bool:
    """Whether this has what every manifest holds, and nothing of another type."""
    return (
        isinstance(manifest, dict)
        and all(key in manifest for key in _NEEDED)
        and all(_is(manifest[key], kind) for key, kind in (_NEEDED | _OTHERS).items() if key in manifest)
        and _sound_spec(manifest["spec"])
        and all(isinstance(values, list) for values in manifest["axes"].values())
        and not any(isinstance(value, dict | list) for values in manifest["axes"].values() for value in values)
        and all(_is(count, int) and count >= 0 for count in manifest["counts"].values())
        and {"trials", "configurations"} <= manifest["counts"].keys()
        and all(_sound_file(name, entry) for name, entry in manifest["files"].items())
    )


def _is(value: Any, kind: type | tuple[type, ...]) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


def _sound_spec(spec: Mapping[str, Any]) -> bool:
    task = spec.get("task")
    written_out = isinstance(task, dict) and all(isinstance(task.get(key), list) for key in ("inputs", "targets"))
    return (
        isinstance(spec.get("name"), str)
        and (isinstance(task, str) or written_out)  # a path to samples would be one of another machine
        and all(isinstance(spec.get(table), dict) for table in _TABLES)
        and _is(spec["training"].get("epochs"), int)
    )


def _sound_file(name: str, entry: Any) -> bool:
    return (
        bool(_WINDOWS_OR_NOT.fullmatch(name))
        and name not in (".", "..")
        and isinstance(entry, dict)
        and isinstance(entry.get("sha256"), str)
        and _is(entry.get("bytes"), int)
    )
