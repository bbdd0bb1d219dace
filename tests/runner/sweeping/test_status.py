import subprocess
import sys
import time

import pytest

from runner.errors import RunnerError
from runner.experiment.reading import read
from runner.planning.chunks import chunks
from runner.planning.plan import plan
from runner.sweeping.lock import locked
from runner.sweeping.status import status
from tests.runner.running import ROOT, chunk_files, command, interrupted, one_sentence, soon, swept, written
from tests.runner.sweeping.test_merge import sharded

SOME = {"name": "some", "task": "xor", "training": {"epochs": 20}, "sweep": {"hidden": [2, 3, 4, 5], "seeds": 200}}
PIECES = [*chunks(plan(read(SOME)))]


def test_a_finished_sweep_is_complete(tmp_path):
    found = status(swept(SOME, tmp_path))
    assert (found.name, found.state, found.trials, found.finished) == ("some", "complete", 800, 800)
    assert str(found).splitlines() == ["some: complete", "  800 of 800 trials (100 %)"]


def test_a_stopped_sweep_says_how_far_it_came(tmp_path, monkeypatch):
    interrupted(SOME, tmp_path, monkeypatch, 3)
    found, done = status(tmp_path / "some"), sum(len(chunk.trials) for chunk in PIECES[:3])
    assert (found.state, found.trials, found.finished) == ("stopped", 800, done)
    assert (found.chunks, found.whole_chunks, found.reused) == (len(PIECES), 3, 0)
    assert str(found).splitlines() == [
        "some: stopped",
        f"  {done} of 800 trials ({100 * done // 800} %)",
        f"  3 of {len(PIECES)} chunks",
        "  the same command goes on with it",
    ]


def test_trials_that_are_used_again_are_counted(tmp_path, monkeypatch):
    swept(SOME, tmp_path)
    interrupted({**SOME, "sweep": {"hidden": [2, 3, 4, 5], "seeds": 300}}, tmp_path, monkeypatch, 0)
    found = status(tmp_path / "some")
    assert (found.state, found.trials, found.reused) == ("stopped", 1200, 800)
    assert "800 of all re-used" in str(found)


def test_a_part_is_complete_when_its_chunks_are(tmp_path):
    folder = sharded(SOME, tmp_path, 2, 3)
    found, own = status(folder), PIECES[1::3]
    assert (found.name, found.state) == ("some.shard-2-of-3", "complete")
    assert (found.chunks, found.trials) == (len(own), sum(len(chunk.trials) for chunk in own))
    sorted(folder.rglob("chunk-*.npz"))[0].unlink()
    assert status(folder).state == "stopped"


def test_a_running_sweep_says_who_runs_it_and_what_is_left(tmp_path, started):
    content = {"name": "seconds", "task": "xor", "sweep": {"seeds": 60_000}}
    process = started("sweep", written(content, tmp_path), "--results", tmp_path, "--jobs", 2, "-q")
    soon(lambda: len(chunk_files(tmp_path)) >= 3)
    done = command("status", tmp_path / "seconds")
    found = status(tmp_path / "seconds")
    process.kill()
    assert done.returncode == 0
    assert done.stdout.startswith(f"seconds: running, process {process.pid} on ")
    assert "chunks\n" in done.stdout
    assert (found.state, found.holder.process, found.trials) == ("running", process.pid, 60_000)
    assert 0 < found.finished < 60_000
    assert 0 < found.left < 10_000
    assert 0 <= found.elapsed < 1000
    process.wait()
    assert status(tmp_path / "seconds").state == "stopped"


def test_a_sweep_that_has_not_begun_to_train_runs(tmp_path):
    with locked(tmp_path / "some"):
        assert status(tmp_path / "some").state == "running"
    with pytest.raises(RunnerError, match="holds no sweep"):
        status(tmp_path / "some")


def test_earlier_tables_are_not_taken_for_the_sweep_that_is_begun(tmp_path, monkeypatch):
    swept(SOME, tmp_path)
    interrupted({**SOME, "training": {"epochs": 21}}, tmp_path, monkeypatch, 1)
    assert status(tmp_path / "some").state == "stopped"


@pytest.mark.parametrize("place", ["", "none", "file", "incomplete"])
def test_a_folder_that_holds_no_sweep_is_one_sentence_and_code_2(tmp_path, place):
    (tmp_path / "file").write_text("")
    if place == "incomplete":
        (swept(SOME, tmp_path / "a") / "trials.csv").unlink()
        place = "a/some"
    done = command("status", tmp_path / place)
    assert (done.returncode, done.stdout) == (2, "")
    assert "holds no sweep" in one_sentence(done.stderr)


def test_looking_is_quick_and_changes_nothing(tmp_path, monkeypatch):
    """No compiler and no tables are loaded for it."""
    interrupted(SOME, tmp_path, monkeypatch, 3)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    program = (
        "import sys; from runner.sweeping.status import status; status(sys.argv[1]);"
        "print({'numba', 'pandas', 'scipy', 'joblib'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", program, tmp_path / "some"], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "set()\n", done.stderr
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_times_are_told_in_words(tmp_path, monkeypatch):
    interrupted(SOME, tmp_path, monkeypatch, 3)
    with locked(tmp_path / "some"):
        monkeypatch.setattr("runner.sweeping.status._elapsed", lambda _: 7500.0)
        monkeypatch.setattr(time, "time", lambda: 0.0)
        assert "  2 h 5 min so far, about " in str(status(tmp_path / "some"))
