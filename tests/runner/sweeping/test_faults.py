"""Real sweeps, killed at random moments, come to the bytes of undisturbed ones.

    python -m pytest tests/runner/sweeping/test_faults.py

kills 5 processes; SEEDSWEEP_KILLS=60 in the environment kills so many, SEEDSWEEP_KILLS_SEED=1 at other moments.
SIGKILL, SIGTERM, SIGINT and SIGHUP are sent, to one process or to its group as a terminal does; in between the
experiment is edited and the backend changes, and some sweeps run as parts that are merged. The tables, and the hashes
in the manifest, are compared with those of an undisturbed run in this process.
"""

import os
import random
import shutil
import signal
import subprocess
from contextlib import suppress

import pytest

from runner.tables.manifest import read_manifest
from tests.runner.running import arguments, chunk_files, command, digests, soon, swept, written

KILLS = int(os.environ.get("SEEDSWEEP_KILLS", "5"))
SEED = int(os.environ.get("SEEDSWEEP_KILLS_SEED", "0"))
SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
ENDS = {0, 3, 130, *(-sent for sent in SIGNALS)}  # before it listens to signals, they end a process as any other
SWEEP = {
    "name": "faults",
    "task": "xor",
    "training": {"epochs": 6000},
    "record": {"weights": True, "curve": [0, 100, 6000], "fate": True},
}
EDITS = (  # seconds of work each, in some 64 chunks
    {"hidden": [2, 3], "learning_rate": [0.5, 2.0], "seeds": 4000},
    {"hidden": [2, 3], "learning_rate": [0.5, 2.0], "seeds": 6000},
    {"learning_rate": [2.0, 4.0], "hidden": [3, 2], "seeds": 6000},
    {"hidden": [3, 4], "learning_rate": [4.0, 0.5], "seeds": {"first": 100, "count": 5000}},
)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The tables of an undisturbed run."""
    known = {}

    def run(content):
        key = str(content["sweep"])
        if key not in known:
            known[key] = digests(swept(content, tmp_path_factory.mktemp("alone"), jobs=2))
        return known[key]

    return run


class Killer:
    """Runs commands and kills them at random moments."""

    def __init__(self, seed, results):
        self.random, self.results, self.kills = random.Random(seed), results, 0

    def wait(self, process):
        """Until some moment: soon after the start, or some chunks later."""
        if self.random.random() < 0.8:
            before, more = chunk_files(self.results), self.random.choice([1, 5, 20, 50])
            soon(lambda: process.poll() is not None or len(chunk_files(self.results) - before) >= more)
        with suppress(subprocess.TimeoutExpired):
            process.wait(self.random.choice([0, 0.05, 2]) * self.random.random())

    def disturb(self, words):
        """Run a command; whether it was killed before its end."""
        process = subprocess.Popen(
            arguments(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        try:
            self.wait(process)
            sent, alive = self.random.choice(SIGNALS), process.poll() is None
            if alive:
                (os.killpg if self.random.random() < 0.5 else os.kill)(process.pid, sent)
            _, err = process.communicate(timeout=60)
            assert process.returncode in ENDS or "KeyboardInterrupt" in err, err  # Python's own, while it starts
            self.kills += alive and process.returncode != 0
            return process.returncode != 0
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    def persist(self, words, most):
        """Run a command until it has been killed so many times, or ends; then let it end."""
        for _ in range(most):
            if not self.disturb(words):
                break
        done = command(*words)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def check(folder, expected):
    assert digests(folder) == expected
    assert {name: entry["sha256"] for name, entry in read_manifest(folder)["files"].items()} == expected
    assert {path.name for path in folder.iterdir()} - {".lock", "manifest.json"} == {*expected}


@pytest.mark.timeout(300 + 30 * KILLS)
def test_sweeps_killed_at_random_moments_come_to_the_same_bytes(tmp_path, alone):
    killer, results, number = Killer(SEED, tmp_path), tmp_path / "results", 0
    while killer.kills < KILLS - 1:
        content = {**SWEEP, "sweep": EDITS[number % len(EDITS)]}
        backend = killer.random.choice(["threads", "threads", "processes"])
        words = ("sweep", written(content, tmp_path), "--results", results, "--jobs", 2, "--backend", backend, "-q")
        # Some experiments are edited before they are done.
        for _ in range(killer.random.randint(1, 3)):
            killer.disturb(words)
        number += 1
        if killer.random.random() < 0.5:
            killer.persist(words, min(3, KILLS - killer.kills))
            check(results / "faults", alone(content))
        if killer.random.random() < 0.2:
            shutil.rmtree(results)
    killer.persist(words, 0)
    check(results / "faults", alone(content))
    assert killer.kills >= KILLS - 1


@pytest.mark.timeout(300 + 30 * KILLS)
def test_parts_killed_at_random_moments_merge_into_the_same_bytes(tmp_path, alone):
    killer, kills = Killer(SEED + 1, tmp_path), max(1, KILLS // 5)
    while killer.kills < kills:
        content, of = {**SWEEP, "sweep": killer.random.choice(EDITS)}, killer.random.randint(2, 3)
        path = written(content, tmp_path)
        for number in range(1, of + 1):
            words = ("sweep", path, "--results", tmp_path, "--shard", f"{number}/{of}", "-q")
            killer.persist(words, min(2, kills - killer.kills))
        folders = tmp_path.glob(f"faults.shard-*-of-{of}")
        words = ("merge", *folders, "--results", tmp_path / "merged", "-q")
        killer.persist(words, min(1, kills - killer.kills))
        check(tmp_path / "merged" / "faults", alone(content))
