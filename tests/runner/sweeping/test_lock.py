import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from runner.errors import RunnerError
from runner.sweeping.lock import holder, locked
from tests.runner.running import ROOT

HOLDS = """
import sys, time
from pathlib import Path
from runner.sweeping.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def other(tmp_path):
    """Another process that holds the lock of a folder."""
    process = subprocess.Popen([sys.executable, "-c", HOLDS, tmp_path], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_folder_is_locked_once(tmp_path):
    again = locked(tmp_path / "a")
    with (
        locked(tmp_path / "a"),
        locked(tmp_path / "b"),
        pytest.raises(RunnerError, match="another sweep is writing here"),
        again,
    ):
        pass
    with pytest.raises(ZeroDivisionError), locked(tmp_path / "a"):
        raise ZeroDivisionError
    with locked(tmp_path / "a"):
        pass


def test_who_holds_it_is_said(tmp_path, other):
    before = datetime.now(UTC)
    with pytest.raises(RunnerError) as caught, locked(tmp_path):
        pass
    who = holder(tmp_path)
    assert caught.value.exit_code == 2
    assert (who.process, who.host) == (other.pid, os.uname().nodename)
    assert 0 <= (before - datetime.fromisoformat(who.since)).total_seconds() < 120
    for said in (f"process {other.pid}", who.host, who.since):
        assert said in str(caught.value)


def test_the_lock_of_a_killed_process_does_not_block(tmp_path, other):
    other.send_signal(signal.SIGKILL)
    other.wait()
    assert holder(tmp_path) is None
    with locked(tmp_path):
        assert holder(tmp_path).process == os.getpid()
    assert holder(tmp_path) is None


def test_a_holder_of_whom_nothing_is_known_still_holds(tmp_path):
    with locked(tmp_path):
        for content in ("", "{", "[]", '{"process": 1}', '{"what": 1}'):
            (tmp_path / ".holder.json").write_text(content)
            with pytest.raises(RunnerError, match="another sweep is writing here"), locked(tmp_path):
                pass
            assert holder(tmp_path) is not None


def test_looking_changes_nothing(tmp_path):
    assert holder(tmp_path) is None
    assert holder(tmp_path / "none") is None
    assert [*tmp_path.iterdir()] == []


def test_the_holder_is_json_and_gone_at_the_end(tmp_path):
    with locked(tmp_path):
        assert json.loads((tmp_path / ".holder.json").read_text())["process"] == os.getpid()
    assert [path.name for path in tmp_path.iterdir()] in ([], [".lock"])


@pytest.mark.parametrize("place", ["file", "file/below", "file/far/below"])
def test_a_place_for_no_folder_is_one_sentence(tmp_path, place):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunnerError, match="a file stands where") as caught, locked(tmp_path / place):
        pass
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)
