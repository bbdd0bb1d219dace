"""Tables that take the place of earlier ones: cut off at any step, the same command comes to the same bytes."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress

import pytest

from runner.sweeping.store import Store
from runner.tables.loading import load
from runner.tables.manifest import read_manifest
from tests.runner.running import ROOT, Counted, digests, swept, written

EARLIER = {"name": "next", "task": "xor", "training": {"epochs": 3}, "sweep": {"seeds": 5}}
NEXT = {**EARLIER, "record": {"weights": True, "curve": [0, 3]}, "sweep": {"hidden": [2, 3], "seeds": 7}}
STEPS = (("os", "fsync"), ("os", "replace"), ("os", "rename"), ("os", "unlink"), ("os", "rmdir"), ("shutil", "rmtree"))


class Killed(BaseException):
    """The process is gone at this moment."""


def cut_off(patched, step):
    """Let `publish`, and what follows it, end before so many steps that change the disk; those that were made."""
    made, publish = [], Store.publish

    def counted(name, function):
        def call(*arguments, **options):
            if len(made) >= step:
                raise Killed
            made.append(name)
            return function(*arguments, **options)

        return call

    def watched(store, names):
        for module, name in STEPS:
            patched.setattr(f"{module}.{name}", counted(name, getattr(sys.modules[module], name)))
        publish(store, names)

    patched.setattr(Store, "publish", watched)
    return made


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    """A folder with the tables of an earlier sweep, and all chunks of the next; and the bytes of both."""
    results = tmp_path_factory.mktemp("ready")
    earlier = digests(swept(EARLIER, results))
    with pytest.MonkeyPatch.context() as patched, pytest.raises(Killed):
        cut_off(patched, 0)
        swept(NEXT, results)
    return results / "next", earlier, digests(swept(NEXT, tmp_path_factory.mktemp("alone")))


def consistent(folder):
    """Whether there is no manifest, or the tables are those that it tells of."""
    manifest = read_manifest(folder)
    if manifest is None:
        return True
    found = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in manifest["files"]}
    return found == {name: entry["sha256"] for name, entry in manifest["files"].items()}


def test_a_sweep_cut_off_at_any_step_of_its_end_comes_to_the_same_bytes(tmp_path, ready, monkeypatch):
    folder, earlier, alone = ready
    counted = Counted(monkeypatch)
    seen = set()
    for step in range(100):
        shutil.copytree(folder, tmp_path / str(step) / "next")
        with pytest.MonkeyPatch.context() as patched:
            made = cut_off(patched, step)
            with suppress(Killed):
                swept(NEXT, tmp_path / str(step))
        here = tmp_path / str(step) / "next"
        assert consistent(here)
        if (here / "manifest.json").exists():
            seen.add("earlier" if digests(here) == earlier else "new")
            assert digests(here) in (earlier, alone)
            load(here)
        else:
            seen.add("between")
        assert digests(swept(NEXT, tmp_path / str(step))) == alone
        if len(made) < step:
            break
    assert len(made) > 15
    assert seen == {"earlier", "between", "new"}
    assert counted.trials == 0


KILLS = """
import os, signal, sys
sys.argv = ["runner", *sys.argv[2:], ]
steps, count = int(os.environ["STEPS"]), 0
from runner.sweeping.store import Store
publish = Store.publish
def counted(function):
    def call(*arguments, **options):
        global count
        count += 1
        if count > steps:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **options)
    return call
def watched(store, names):
    for name in ("fsync", "replace", "rename", "unlink"):
        setattr(os, name, counted(getattr(os, name)))
    publish(store, names)
Store.publish = watched
from runner.__main__ import main
main()
"""


@pytest.mark.parametrize("steps", [8, 11])
def test_a_process_killed_while_it_publishes_leaves_what_the_same_command_mends(tmp_path, ready, steps):
    folder, _, alone = ready
    shutil.copytree(folder, tmp_path / "next")
    words = ("sweep", written(NEXT, tmp_path), "--results", tmp_path, "-q")
    program = [sys.executable, "-c", KILLS, "", *map(str, words)]
    killed = subprocess.run(program, cwd=ROOT, env={**os.environ, "STEPS": str(steps)})
    assert killed.returncode == -signal.SIGKILL
    assert consistent(tmp_path / "next")
    assert digests(swept(NEXT, tmp_path)) == alone
