"""What the disk refuses: one sentence and code 3, and after it is mended the same command comes to the same bytes."""

import os
import resource
import shutil
import subprocess

import pytest

from runner.errors import RunnerError, Stopped
from runner.experiment.reading import read
from runner.sweeping.run import Run, run
from tests.runner.running import ONE_SHAPE, command, digests, interrupted, one_sentence, swept, written

RECORDS = {**ONE_SHAPE, "record": {"weights": True, "curve": {"every": 100}}}


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The folder of an undisturbed sweep."""
    return swept(RECORDS, tmp_path_factory.mktemp("alone"))


@pytest.fixture
def mounted(tmp_path):
    """A small file system of its own, where this machine lets us mount one."""
    place = tmp_path / "mounted"
    place.mkdir()

    def mount(options, *words):
        done = subprocess.run(["mount", *words, "-o", options, place], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
        return place

    if shutil.which("mount") is None:
        pytest.skip("there is no mount command")
    yield mount
    subprocess.run(["umount", "-l", place], capture_output=True)


def size(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("share", [0.5, 1.4])
def test_a_full_disk_keeps_what_is_finished_and_the_sweep_goes_on_once_there_is_space(tmp_path, mounted, alone, share):
    """Some chunks fit; the chunks do and not all of the tables."""
    place = mounted(f"size={int(share * size(alone)) // 4096 * 4 + 4}k", "-t", "tmpfs", "tmpfs")
    words = ("sweep", written(RECORDS, tmp_path), "--results", place, "--jobs", 2, "--quiet")
    full = command(*words)
    assert (full.returncode, full.stdout) == (3, "")
    assert f"{place / 'one'}: cannot be written (No space left on device)" in one_sentence(full.stderr)
    assert not [*place.rglob("*.part")]
    kept = {path: path.stat().st_ino for path in place.rglob("chunk-*.npz")}
    assert len(kept) >= 2
    mounted("remount,size=100%")
    assert {path: path.stat().st_ino for path in place.rglob("chunk-*.npz")} == kept
    again = command(*words)
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert digests(place / "one") == digests(alone)


def test_a_read_only_folder_is_one_sentence_and_the_sweep_goes_on_once_it_is_not(tmp_path, mounted, alone, monkeypatch):
    place = mounted("size=64m", "-t", "tmpfs", "tmpfs")
    interrupted(RECORDS, place, monkeypatch, 5)
    words = ("sweep", written(RECORDS, tmp_path), "--results", place, "--quiet")
    mounted("remount,ro")
    refused = command(*words)
    assert (refused.returncode, refused.stdout) == (3, "")
    assert f"{place / 'one'}: cannot be written (Read-only file system)" in one_sentence(refused.stderr)
    mounted("remount,rw")
    assert digests(swept(RECORDS, place)) == digests(alone)


@pytest.mark.skipif(os.geteuid() == 0, reason="needs permissions that hold")
def test_a_folder_without_write_permission_is_one_sentence(tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    done = command("sweep", written(ONE_SHAPE, tmp_path), "--results", tmp_path / "locked")
    assert done.returncode == 3
    assert "Permission denied" in one_sentence(done.stderr)


@pytest.mark.parametrize(("share", "backend"), [(0.0, "threads"), (0.6, "threads"), (0.1, "processes")])
def test_a_file_that_may_not_grow_stops_the_sweep(tmp_path, alone, share, backend):
    """No chunk fits; chunks do and the table does not."""
    largest = int((alone / "trials.csv").stat().st_size * share)
    path = written(RECORDS, tmp_path)
    words = ("sweep", path, "--results", tmp_path, "--jobs", 2, "--backend", backend, "--quiet")
    limited = command(*words, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest)))
    assert limited.returncode == 3, limited.stderr
    assert "cannot be written (File too large)" in one_sentence(limited.stderr)
    assert not (tmp_path / "one" / "manifest.json").exists()
    assert digests(swept(RECORDS, tmp_path)) == digests(alone)


def test_earlier_results_stay_where_an_edited_sweep_finds_no_space(tmp_path, alone):
    shutil.copytree(alone, tmp_path / "one")
    more = {**RECORDS, "sweep": {"seeds": 4100}}
    largest = (alone / "trials.csv").stat().st_size // 2
    words = ("sweep", written(more, tmp_path), "--results", tmp_path, "--quiet")
    limited = command(*words, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest)))
    assert limited.returncode == 3, limited.stderr
    assert "cannot be written (File too large)" in one_sentence(limited.stderr)
    assert digests(tmp_path / "one") == digests(alone)
    said = []
    assert digests(swept(more, tmp_path, said.append)) == digests(swept(more, tmp_path / "alone"))
    assert said == [
        "one: 4,000 trials re-used, 100 new, 0 dropped (no longer asked for), 0 stale (made by other "
        "kernels, computed again)"
    ]


@pytest.mark.parametrize("lost", ["one", "one/unfinished"])
def test_a_folder_that_vanishes_is_one_sentence(tmp_path, alone, lost):
    def remove(trials, *_):
        if trials:
            shutil.rmtree(tmp_path / lost, ignore_errors=True)

    with pytest.raises(Stopped, match="cannot be written") as caught:
        run(read(RECORDS), Run(tmp_path / "one", 1, "threads", "csv"), remove)
    assert str(caught.value).startswith(f"{tmp_path / 'one'}: ")
    assert digests(swept(RECORDS, tmp_path)) == digests(alone)


@pytest.mark.parametrize("place", ["one/unfinished", "one"])
def test_a_file_in_place_of_a_folder_cannot_be_used(tmp_path, place):
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).touch()
    done = command("sweep", written(ONE_SHAPE, tmp_path), "--results", tmp_path)
    assert done.returncode == 2
    assert str(tmp_path / place) in one_sentence(done.stderr)


@pytest.mark.parametrize("place", ["one/trials.csv", "one/.lock"])
def test_a_folder_in_place_of_a_file_cannot_be_used(tmp_path, place):
    (tmp_path / place).mkdir(parents=True)
    with pytest.raises(RunnerError, match="choose another --results") as caught:
        swept({**ONE_SHAPE, "training": {"epochs": 1}}, tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / place}: ")
    assert caught.value.exit_code == 2
