"""By what tables were made, and how to cite and repeat them."""

from collections.abc import Mapping
from typing import Any

from runner.reporting.about import Pairs
from runner.reporting.origin import Origin
from runner.tables.manifest import NAME

_TOML = 20_000  # characters of an experiment that a page shows


def title(source: Origin) -> str:
    """Return what the tables are called."""
    if source.experiment is not None:
        return source.experiment.name
    if source.file is None:
        return "trials"
    return (source.file.resolve().parent.name or "trials") if source.file.stem == "trials" else source.file.stem


def toml(source: Origin) -> str:
    """Return the experiment file with every value in use, blank where it is not known or too long to show."""
    import tomli_w

    text = tomli_w.dumps(source.manifest["spec"]) if source.manifest else ""
    return text if len(text) <= _TOML else ""


def files(source: Origin) -> list[tuple[str, str, str]]:
    """Return name, bytes and SHA-256 of each file."""
    if source.manifest is not None:
        return [(name, f"{entry['bytes']:,}", entry["sha256"]) for name, entry in source.manifest["files"].items()]
    return [(source.file.name, f"{source.file.stat().st_size:,}", source.digest)] if source.file else []


def made(source: Origin) -> Pairs:
    """Return versions, machine and time of the sweep; nothing where they are not known."""
    manifest = source.manifest
    if manifest is None:
        return []
    versions = ", ".join(f"{name} {found}" for name, found in manifest["versions"].items() if found)
    known = {name: str(found) for name, found in manifest["machine"].items() if isinstance(found, str | int)}
    target = manifest["machine"].get("target") or {}
    target = target if isinstance(target, dict) else {"name": target}
    features = [word for word in str(target.get("features", "")).split(",") if word.startswith("+")]
    read, git = manifest.get("experiment") or {}, manifest.get("checkout") or {}
    found = [
        ("Experiment file", _pairs(read, ("file", ""), ("sha256", "SHA-256 "), ("overrides", "changed by "))),
        ("seedsweep", str(manifest["seedsweep"])),
        ("Kernel hash", str(manifest["kernel_hash"])),
        ("Versions", versions),
        ("Machine", ", ".join(f"{name} {value}" for name, value in known.items())),
        ("Git commit", str(git.get("commit", "")) + (" and changes" if git.get("changed") else "")),
        ("Compiled for", " ".join([str(target.get("name", "")), *features])),
        ("Run", f"{manifest['started']} to {manifest['ended']}, {manifest['wall_seconds']:,.1f} s"),
        ("Jobs", f"{manifest['jobs']} ({manifest['backend']})" if {"jobs", "backend"} <= manifest.keys() else ""),
        ("Threads", f"{manifest['threads_per_job']} a job" if "threads_per_job" in manifest else ""),
        ("Command", " ".join(map(str, manifest.get("command", [])))),
    ]
    return [(name, words) for name, words in found if words]


def _pairs(said: Mapping[str, Any], *keys: tuple[str, str]) -> str:
    """What some keys hold, each after its words, where they hold something."""
    found = [(words, said.get(key)) for key, words in keys]
    return ", ".join(
        words + (" ".join(map(str, value)) if isinstance(value, list) else str(value))
        for words, value in found
        if value
    )


def citation(source: Origin) -> str:
    """Return a sentence that names these very tables; blank where their experiment is not known."""
    manifest = source.manifest
    if manifest is None:
        return ""
    name, digest = _trials(manifest)
    return (
        f"seedsweep {manifest['seedsweep']}, experiment {title(source)} ({manifest['counts']['trials']:,} trials, "
        f"{str(manifest['ended'])[:10]}), kernels {str(manifest['kernel_hash'])[:12]}, {name} with SHA-256 {digest}."
    )


def steps(source: Origin) -> str:
    """Return the commands that repeat the sweep; blank where its experiment is not known."""
    manifest, name = source.manifest, title(source)
    if manifest is None:
        return ""
    trials, digest = _trials(manifest)
    where = "the experiment file above" if toml(source) else f"the spec of {NAME}, as TOML,"
    parquet = trials.endswith(".parquet")
    return "\n".join(
        [
            f"# save {where} as {name}.toml; use seedsweep {manifest['seedsweep']}, with the same kernel hash",
            f"python -m runner sweep {name}.toml" + (" --format parquet" if parquet else ""),
            # The rows of a Parquet file are the same, its bytes are those of a version of pyarrow.
            *([] if parquet else [f"sha256sum results/{name}/{trials}   # {digest}"]),
            f"python -m runner report results/{name}",
        ]
    )


def _trials(manifest: Mapping[str, Any]) -> tuple[str, str]:
    name = next((name for name in manifest["files"] if name.startswith("trials.")), "")
    return name, manifest["files"][name]["sha256"] if name else ""
