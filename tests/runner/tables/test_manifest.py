import hashlib
import json
import os
import platform
from dataclasses import asdict
from datetime import UTC, datetime, timedelta, timezone
from importlib.metadata import version

import numba
import numpy as np
import pytest

from runner.experiment.reading import read, whole
from runner.tables import manifest
from runner.tables.checkout import checkout
from runner.tables.manifest import complete, digest, read_manifest, write_manifest
from tests.runner.running import ROOT

SPEC = whole(read("xor"))
STARTED = datetime(2031, 2, 3, 14, 5, 6, 7, timezone(timedelta(hours=2)))


def write(folder, **changes):
    (folder / "trials.csv").write_bytes(b"trial\n0\n")
    (folder / "summary.csv").write_bytes(b"")
    values = {
        "spec": SPEC,
        "axes": {"hidden": [2, 3], "learning_rate": [0.1]},
        "counts": {"configurations": 2, "trials": 20, "converged": 11, "diverged": 1},
        "kernel_hash": "0123456789ab",
        "cpu": {"name": "skylake", "features": "+avx2,+fma"},
        "files": {name: digest(folder / name) for name in ("trials.csv", "summary.csv")},
        "started": STARTED,
        "wall_seconds": 1.5,
        "jobs": 2,
        "backend": "threads",
    }
    write_manifest(folder, **values | changes)


def test_a_manifest_says_what_was_run_on_what(tmp_path):
    write(tmp_path, ended=STARTED + timedelta(seconds=2), command=["seedsweep", "sweep", "xor"])
    found = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    assert found == read_manifest(tmp_path)
    assert found["spec"] == json.loads(json.dumps(SPEC))
    assert read(found["spec"]) == read("xor")
    assert found["axes"] == {"hidden": [2, 3], "learning_rate": [0.1]}
    assert found["counts"]["trials"] == 20
    assert found["versions"]["python"] == platform.python_version()
    assert found["versions"]["numba"] == numba.__version__
    assert found["versions"]["numpy"] == np.__version__
    assert found["versions"].keys() == {"python", "numpy", "numba", "llvmlite", "pandas", "joblib", "pyarrow"}
    assert found["machine"]["target"] == {"name": "skylake", "features": "+avx2,+fma"}
    assert found["machine"]["cores"] == os.cpu_count()
    assert found["machine"]["cpu"]
    assert 1 <= found["machine"]["usable_cores"] <= os.cpu_count()
    assert found["threads_per_job"] == 1
    assert (found["started"], found["ended"]) == ("2031-02-03T12:05:06+00:00", "2031-02-03T12:05:08+00:00")
    assert (found["wall_seconds"], found["jobs"], found["backend"]) == (1.5, 2, "threads")
    assert found["command"] == ["seedsweep", "sweep", "xor"]
    assert found["files"] == {
        "trials.csv": {"sha256": hashlib.sha256(b"trial\n0\n").hexdigest(), "bytes": 8},
        "summary.csv": {"sha256": hashlib.sha256(b"").hexdigest(), "bytes": 0},
    }


def test_a_manifest_names_the_experiment_file_and_the_commit(tmp_path, monkeypatch):
    written = read("xor", ["training.epochs=7"]).written
    write(tmp_path, written=written)
    found = read_manifest(tmp_path)
    file = (ROOT / "experiments" / "xor.toml").read_bytes()
    digest = hashlib.sha256(file).hexdigest()
    assert found["experiment"] == {"file": "xor", "sha256": digest, "overrides": ["training.epochs=7"]}
    assert found["checkout"] == (None if (there := checkout(ROOT)) is None else asdict(there))
    monkeypatch.setattr(manifest, "_PROJECT", tmp_path)
    write(tmp_path)
    assert (read_manifest(tmp_path)["experiment"], read_manifest(tmp_path)["checkout"]) == (None, None)


def test_a_manifest_of_an_earlier_version_is_read(tmp_path):
    write(tmp_path)
    content = json.loads((tmp_path / "manifest.json").read_text())
    for key in ("checkout", "experiment", "threads_per_job"):
        del content[key]
    del content["machine"]["usable_cores"]
    (tmp_path / "manifest.json").write_text(json.dumps(content))
    assert read_manifest(tmp_path) == content


@pytest.mark.parametrize(
    "change",
    [
        {"spec": []},
        {"spec": {"name": 3}},
        {"spec": {"name": "a", "training": 3}},
        {"axes": {"hidden": 3}},
        {"axes": {"hidden": [[3]]}},
        {"counts": {"trials": "20", "configurations": 2}},
        {"counts": {"trials": True, "configurations": 2}},
        {"counts": {}},
        {"kernel_hash": None},
        {"files": {"../trials.csv": {"sha256": "", "bytes": 1}}},
        {"files": {"": {"sha256": "", "bytes": 1}}},
        {"files": {"trials.csv": {"sha256": None, "bytes": 1}}},
        {"files": {"trials.csv": {"sha256": "", "bytes": True}}},
        {"wall_seconds": "1"},
        {"wall_seconds": float("nan")},
        {"machine": []},
        {"versions": "1"},
        {"command": "sweep"},
        {"experiment": "xor.toml"},
        {"jobs": 1.5},
    ],
)
def test_a_manifest_with_something_else_in_a_place_is_none(tmp_path, change):
    write(tmp_path)
    content = json.loads((tmp_path / "manifest.json").read_text()) | change
    (tmp_path / "manifest.json").write_text(json.dumps(content))
    assert read_manifest(tmp_path) is None


def test_a_pipe_or_a_huge_file_is_no_manifest(tmp_path):
    os.mkfifo(tmp_path / "manifest.json")
    assert read_manifest(tmp_path) is None
    (tmp_path / "manifest.json").unlink()
    with (tmp_path / "manifest.json").open("wb") as file:
        file.truncate(2**40)
    assert read_manifest(tmp_path) is None


def test_a_manifest_names_the_version_of_this_program(tmp_path):
    write(tmp_path)
    project = (tmp_path.__class__(__file__).parents[3] / "pyproject.toml").read_text()
    assert f'version = "{read_manifest(tmp_path)["seedsweep"]}"' in project


def test_a_sweep_ends_when_its_manifest_is_written(tmp_path):
    before = datetime.now(UTC).replace(microsecond=0)
    write(tmp_path)
    assert before <= datetime.fromisoformat(read_manifest(tmp_path)["ended"]) <= datetime.now(UTC)


def test_a_manifest_is_whole_or_not_there(tmp_path, monkeypatch):
    write(tmp_path, jobs=1)
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space"):
        write(tmp_path, jobs=2)
    assert read_manifest(tmp_path)["jobs"] == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["manifest.json", "summary.csv", "trials.csv"]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"files": 1}',
        b'{"files": {"a": {}}}',
        b'{"files": {"a": {"bytes": "1"}}}',
        b"\xff",
        b"[" * 100_000,
    ],
)
def test_what_is_no_manifest_of_ours_is_none(tmp_path, text):
    (tmp_path / "manifest.json").write_bytes(text)
    assert read_manifest(tmp_path) is None
    assert not complete(tmp_path, SPEC, "0123456789ab")


def test_a_folder_is_complete_with_the_same_spec_kernels_and_files(tmp_path):
    assert not complete(tmp_path / "none", SPEC, "0123456789ab")
    write(tmp_path)
    assert complete(tmp_path, SPEC, "0123456789ab")
    assert complete(tmp_path, SPEC | {"sweep": {**SPEC["sweep"]}}, "0123456789ab")
    assert not complete(tmp_path, SPEC, "ba9876543210")
    assert not complete(tmp_path, whole(read("xor", ["training.momentum=0.5"])), "0123456789ab")
    (tmp_path / "trials.csv").write_bytes(b"trial\n")
    assert not complete(tmp_path, SPEC, "0123456789ab")
    (tmp_path / "trials.csv").unlink()
    assert not complete(tmp_path, SPEC, "0123456789ab")


def test_versions_are_those_installed(tmp_path):
    write(tmp_path)
    found = read_manifest(tmp_path)["versions"]
    assert {name: version(name) for name in found if name != "python"} == {
        k: v for k, v in found.items() if k != "python"
    }
