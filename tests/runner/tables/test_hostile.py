import hashlib
import json
import os
import shutil
import zipfile

import numpy as np
import pytest
from typer.testing import CliRunner

from runner.commands import app
from runner.errors import RunnerError
from tests.runner.running import command, one_sentence, swept

SWEEP = {
    "name": "small",
    "task": "xor",
    "training": {"epochs": 3},
    "record": {"weights": True, "curve": [0, 3]},
    "sweep": {"seeds": 2, "hidden": [1, 2], "learning_rate": [0.5, 1.0]},
}
COMMANDS = {
    "analyze": lambda folder: [folder],
    "report": lambda folder: [folder],
    "compare": lambda folder: [folder, folder],
    "map": lambda folder: [folder, "--x", "hidden", "--y", "learning_rate", "--out", folder / "map.png"],
    "audit": lambda folder: [folder],
    "explain": lambda folder: [folder, 3],
    "status": lambda folder: [folder],
    "merge": lambda folder: [folder, "--results", folder / "joined"],
}


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    return swept(SWEEP, tmp_path_factory.mktemp("results"))


@pytest.fixture
def folder(sound, tmp_path):
    return shutil.copytree(sound, tmp_path / "small")


def vouched(folder, name, content):
    """Write a file, and let the manifest say that this is it."""
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"][name] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / name).write_bytes(content)


def changed(*path, to):
    def change(folder):
        manifest = json.loads((folder / "manifest.json").read_text())
        *parents, last = path
        place = manifest
        for key in parents:
            place = place[key]
        place[last] = to
        (folder / "manifest.json").write_text(json.dumps(manifest))

    return change


def bomb(folder):
    with zipfile.ZipFile(folder / "weights-2-1-1.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("trial", "W1", "W2"):
            archive.writestr(f"{name}.npy", b"\0" * 50_000_000)


def pickled(folder):
    np.savez(folder / "weights-2-1-1.npz", trial=np.array([0, {}], object), allow_pickle=True)


WIDE = ",".join(f"c{k}" for k in range(1_000_000)).encode() + b"\n"
HOSTILE = {
    "a manifest that is deep": lambda folder: (folder / "manifest.json").write_text("[" * 200_000),
    "a manifest with NaN": changed("wall_seconds", to=float("nan")),
    "a manifest that is a list": lambda folder: (folder / "manifest.json").write_text("[1]"),
    "a spec that is text": changed("spec", to="xor"),
    "a spec that is empty": changed("spec", to={"name": "small"}),
    "a spec of 10^12 trials": changed(
        "spec", "sweep", to={"seeds": 10**6, "W1[0,0]": {"start": 0, "stop": 1, "num": 10**6}}
    ),
    "a spec that names a file": changed(
        "spec", "task", to={"csv": "/etc/passwd", "input_columns": ["a"], "target_columns": ["b"]}
    ),
    "axes that are numbers": changed("axes", to={"hidden": 3}),
    "counts that are text": changed("counts", to={"trials": "many"}),
    "files above the folder": changed("files", "../../x.csv", to={"sha256": "", "bytes": 0}),
    "a million columns": lambda folder: vouched(folder, "trials.csv", WIDE),
    "a million columns twice named": lambda folder: vouched(folder, "trials.csv", b"a," * 1_000_000 + b"a\n"),
    "no line end": lambda folder: vouched(folder, "trials.csv", b"trial" * 100_000),
    "zeros": lambda folder: vouched(folder, "trials.csv", b"\0" * 1_000_000),
    "open quotes": lambda folder: vouched(
        folder, "trials.csv", (folder / "trials.csv").read_bytes() + b'"' + b"\n" * 99
    ),
    "no table": lambda folder: (folder / "trials.csv").unlink(),
    "a table that is a folder": lambda folder: ((folder / "trials.csv").unlink(), (folder / "trials.csv").mkdir()),
    "a table that is a pipe": lambda folder: ((folder / "trials.csv").unlink(), os.mkfifo(folder / "trials.csv")),
    "a summary of nothing": lambda folder: vouched(folder, "summary.csv", b""),
    "curves of nothing": lambda folder: vouched(folder, "curves.csv", b""),
    "pickled weights": pickled,
    "weights that are a bomb": bomb,
    "weights that are text": lambda folder: (folder / "weights-2-1-1.npz").write_text("x"),
}


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_results_are_answered_or_refused_in_a_sentence(folder, case, name):
    HOSTILE[case](folder)
    done = CliRunner().invoke(app, [name, *map(str, COMMANDS[name](folder))])
    assert isinstance(done.exception, RunnerError | SystemExit | None), repr(done.exception)
    if isinstance(done.exception, RunnerError):
        assert "\n" not in str(done.exception)
    if name in ("audit", "merge"):
        assert done.exit_code


def test_garbage_for_parquet_is_refused(folder):
    (folder / "trials.csv").unlink()
    for content in (b"", b"PAR1", b"PAR1" + b"\xff" * 1000 + b"PAR1"):
        (folder / "trials.parquet").write_bytes(content)
        for name, words in COMMANDS.items():
            if name != "status":
                done = CliRunner().invoke(app, [name, *map(str, words(folder))])
                assert done.exit_code
                assert isinstance(done.exception, RunnerError | SystemExit)


def test_a_process_never_unpickles_weights(folder, tmp_path):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "made"),)

    np.savez(folder / "weights-2-1-1.npz", trial=np.array([Evil()], object), allow_pickle=True)
    done = command("explain", folder, 0)
    assert (done.returncode, done.stdout) == (2, "")
    assert "weights" in one_sentence(done.stderr)
    assert not (tmp_path / "made").exists()
