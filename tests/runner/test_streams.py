"""What becomes of a command whose output nobody reads, or a disk refuses; with real pipes and processes."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.runner.running import ROOT, arguments, command, digests, one_sentence, swept, written

TINY = {"name": "tiny", "task": "xor", "training": {"epochs": 5}, "sweep": {"seeds": 20}}
full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")


def unread(*words, stream):
    """Run a command of which nobody reads one of the streams; its exit code, and what it says on the other."""
    reading, writing = os.pipe()
    os.close(reading)
    other = {"stdout": "stderr", "stderr": "stdout"}[stream]
    try:
        done = subprocess.run(
            arguments(*words), cwd=ROOT, text=True, timeout=120, **{stream: writing, other: subprocess.PIPE}
        )
    finally:
        os.close(writing)
    return done.returncode, getattr(done, other)


@pytest.mark.parametrize("words", [("schema",), ("tasks",), ("trace", "xor", "--seed", "1", "--json")])
def test_a_reader_that_leaves_is_no_error(words):
    assert unread(*words, stream="stdout") == (0, "")


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_sweep_whose_output_nobody_reads_comes_to_its_end(tmp_path, stream):
    code, said = unread("sweep", written(TINY, tmp_path), "--results", tmp_path, stream=stream)
    assert (code, "Traceback" in said) == (0, False)
    assert digests(tmp_path / "tiny") == digests(swept(TINY, tmp_path / "alone"))


def test_an_error_that_nobody_reads_keeps_its_code(tmp_path):
    assert unread("sweep", tmp_path / "none.toml", stream="stderr") == (2, "")
    folder = swept(TINY, tmp_path)
    code, said = unread("compare", folder, folder, "--expect", "better", stream="stdout")
    assert code == 1
    assert "B is not better than A" in one_sentence(said)


@full
@pytest.mark.parametrize("words", [("schema",), ("tasks",)])
def test_a_disk_that_refuses_output_is_one_sentence(words):
    with Path("/dev/full").open("w") as nowhere:
        done = command(*words, capture_output=False, stdout=nowhere, stderr=subprocess.PIPE)
    assert done.returncode == 3
    assert "cannot be written (No space left on device)" in one_sentence(done.stderr)


def test_a_command_without_standard_output_runs(tmp_path):
    words = ("sweep", written(TINY, tmp_path), "--results", tmp_path)
    done = subprocess.run(["sh", "-c", '"$@" >&-', "sh", *arguments(*words)], cwd=ROOT, stderr=subprocess.PIPE)
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False)
