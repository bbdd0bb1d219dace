import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from runner.errors import RunnerError, Stopped
from runner.experiment.reading import read
from runner.planning import chunks
from runner.planning.plan import plan
from runner.reporting.page import report
from runner.sweeping.lock import locked
from runner.sweeping.run import Run, default_jobs, run, sweep
from runner.tables import assembly, condensing
from runner.tables.loading import load
from tests.runner.running import (
    MIXED,
    ONE_SHAPE,
    ROOT,
    Counted,
    arguments,
    chunk_files,
    command,
    digests,
    interrupted,
    one_sentence,
    soon,
    swept,
    written,
)

# Some seconds of work in chunks of some hundredths of a second, and one chunk that would take hours.
SECONDS = {"name": "seconds", "task": "xor", "sweep": {"seeds": 15_000}}
PIPES = {"cwd": ROOT, "capture_output": True, "text": True}
HOURS = {"name": "hours", "task": "xor", "network": {"hidden": 512}, "training": {"epochs": 10**8}}
HOURS |= {"sweep": {"seeds": 64}}


@pytest.fixture(scope="session")
def mixed(tmp_path_factory):
    """The folder of MIXED, run with one job."""
    return swept(MIXED, tmp_path_factory.mktemp("mixed"))


@pytest.fixture(scope="session")
def one_shape(tmp_path_factory):
    return swept(ONE_SHAPE, tmp_path_factory.mktemp("one"))


def test_a_sweep_writes_its_tables_and_leaves_nothing_else(mixed):
    networks = ("weights-3-1-1", "weights-3-2-1", "weights-3-3-1")
    tables = {"trials.csv", "summary.csv", "curves.csv", *(f"{name}.npz" for name in networks)}
    assert {path.name for path in mixed.iterdir()} - {".lock"} == tables | {"manifest.json"}
    manifest = json.loads((mixed / "manifest.json").read_text())
    assert {name: entry["sha256"] for name, entry in manifest["files"].items()} == digests(mixed)
    assert (manifest["jobs"], manifest["backend"]) == (1, "threads")
    trials = load(mixed).trials
    assert manifest["counts"]["trials"] == len(trials) == 16 * 20 + 20 * 3 + 10
    found = {name: int((trials["outcome"] == name).sum()) for name in ("converged", "not-converged", "diverged")}
    assert {name: manifest["counts"][name] for name in found} == found
    assert found["converged"] > 10
    assert found["not-converged"] > 10


@pytest.mark.parametrize(("jobs", "backend"), [(2, "threads"), (1, "processes"), (2, "processes")])
def test_jobs_and_backends_do_not_change_a_byte(mixed, one_shape, tmp_path, jobs, backend):
    assert digests(swept(MIXED, tmp_path, jobs=jobs, backend=backend)) == digests(mixed)
    assert digests(swept(ONE_SHAPE, tmp_path, jobs=jobs, backend=backend)) == digests(one_shape)


@pytest.mark.parametrize("chunk", [64, 192])
@pytest.mark.parametrize("window", [1, 7, 100, 380])
def test_chunks_and_windows_do_not_change_a_byte(mixed, tmp_path, monkeypatch, chunk, window):
    monkeypatch.setattr(chunks, "_size", lambda *_: chunk)
    monkeypatch.setattr(chunks, "_WINDOW", 50)
    monkeypatch.setattr(assembly, "_WINDOW", window)
    monkeypatch.setattr(condensing, "_HELD", 30)
    assert digests(swept(MIXED, tmp_path)) == digests(mixed)


def test_summaries_made_early_have_the_same_bytes(tmp_path, monkeypatch):
    content = ONE_SHAPE | {"training": {"epochs": 3}, "sweep": {"learning_rate": [0.1, 1.0, 3.0], "seeds": 100}}
    late = digests(swept(content, tmp_path / "late"))
    monkeypatch.setattr(assembly, "_WINDOW", 37)
    monkeypatch.setattr(condensing, "_HELD", 40)
    assert digests(swept(content, tmp_path / "early")) == late


def test_python_without_files_has_the_same_trials(mixed, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    found, files = sweep(MIXED, progress=False), load(mixed)
    pd.testing.assert_frame_equal(found.trials, files.trials, check_exact=True)
    pd.testing.assert_frame_equal(found.summary, files.summary, check_exact=True)
    pd.testing.assert_frame_equal(found.configurations, files.configurations)
    assert found.manifest["files"] == files.manifest["files"]
    assert list(tmp_path.iterdir()) == []


def test_the_package_has_sweep_and_load():
    program = "from runner import sweep, load; print(len(sweep({'name': 'a', 'task': 'xor'}).trials), load.__name__)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "1 load\n", done.stderr


def test_python_takes_overrides_and_a_folder(tmp_path):
    found = sweep("xor", overrides=["sweep.seeds=2", "training.epochs=3"], results=tmp_path, jobs=2)
    assert found.path == tmp_path / "xor"
    assert set(found.trials["epochs_run"]) == {3}
    assert len(found.trials) == 2 * len(found.summary)
    assert default_jobs() >= 1


def test_a_row_does_not_depend_on_what_runs_beside_it(mixed):
    """Rows of the union, run again one by one, answer the same."""
    trials = load(mixed).trials
    base = {key: value for key, value in MIXED.items() if key != "sweep"}
    keys = ["momentum", "precision", "update", "hidden", "learning_rate"]
    for _, row in trials.iloc[[0, 45, 170, 319, 320, 350, 389]].iterrows():
        alone = {key: [row[key]] for key in keys} | {"seeds": [row["seed"]]}
        (again,) = sweep(base | {"sweep": alone}).trials.to_dict("records")
        results = [name for name in trials.columns[trials.columns.get_loc("seed") :] if row[name] is not pd.NA]
        assert [again[name] for name in results] == [row[name] for name in results]


def test_an_interrupted_sweep_carries_on_to_the_same_bytes(mixed, tmp_path, monkeypatch):
    cut = len(list(chunks.chunks(plan(read(MIXED)))))
    first = interrupted(MIXED, tmp_path, monkeypatch, 5).numbers
    assert len(list((tmp_path / "mixed" / "unfinished").glob("*/chunk-*.npz"))) == 5
    second = Counted(monkeypatch)
    assert digests(swept(MIXED, tmp_path, jobs=2)) == digests(mixed)
    assert sorted(first + second.numbers) == list(range(cut))


def kill_in_the_middle(started, path, results, *options):
    """Start a sweep, and kill it once some chunks are finished."""
    process = started("sweep", path, "--results", results, "--quiet", *options)
    soon(lambda: len(chunk_files(results)) >= 4 or process.poll() is not None)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "it ended before it was killed"
    return {file.name for file in chunk_files(results)}


@pytest.mark.parametrize("options", [("--jobs", 2), ("--jobs", 2, "--backend", "processes")])
def test_a_killed_sweep_carries_on_to_the_same_bytes(tmp_path, monkeypatch, started, options, undisturbed):
    path = written(SECONDS, tmp_path)
    kept = kill_in_the_middle(started, path, tmp_path / "results", *options)
    shutil.copytree(tmp_path / "results", tmp_path / "copy", ignore=shutil.ignore_patterns("*.part"))
    counted, cut = Counted(monkeypatch), len(list(chunks.chunks(plan(read(SECONDS)))))
    assert digests(swept(SECONDS, tmp_path / "copy", jobs=2)) == undisturbed
    assert len(counted.numbers) <= cut - len(kept)  # an orphaned worker may have finished one more
    if "processes" not in options:
        again = command("sweep", path, "--results", tmp_path / "results", "--quiet", *options)
        assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
        assert digests(tmp_path / "results" / "seconds") == undisturbed


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory):
    return digests(swept(SECONDS, tmp_path_factory.mktemp("undisturbed"), jobs=2))


def processor_seconds(process):
    """What a process has used up to now, of all CPUs."""
    words = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize(("backend", "jobs"), [("threads", 1), ("processes", 2)])
@pytest.mark.parametrize(
    ("sent", "code", "says"),
    [
        (signal.SIGINT, 130, "0 of 64 trials (0 %) are finished; run the same command again to go on"),
        (signal.SIGTERM, 3, "SIGTERM"),
        (signal.SIGHUP, 3, "SIGHUP"),
    ],
)
def test_a_signal_is_answered_inside_a_kernel_call(tmp_path, started, backend, jobs, sent, code, says):
    sweep(HOURS | {"training": {"epochs": 1}})  # so that the kernel is compiled
    words = ("sweep", written(HOURS, tmp_path), "--results", tmp_path, "--jobs", jobs, "--backend", backend)
    process = started(*words)
    soon((tmp_path / "hours" / "unfinished" / "plan.json").exists)
    time.sleep(2)
    used, clock = processor_seconds(process), time.monotonic()
    process.send_signal(sent)
    _, status, usage = os.wait4(process.pid, 0)
    waited = time.monotonic() - clock
    process.returncode = os.waitstatus_to_exitcode(status)
    out, err = process.stdout.read(), process.stderr.read()
    assert process.returncode == code
    if backend == "threads":  # two seconds of the machine, however many others share it
        assert min(waited, usage.ru_utime + usage.ru_stime - used) < 2
    assert waited < 20
    assert out == ""
    assert len(err.splitlines()) == 1
    assert err.startswith("stopped")
    assert says in err
    with locked(tmp_path / "hours"):
        pass


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_is_answered_inside_an_epoch_of_minutes(tmp_path, started, jobs):
    """A kernel looks up at the end of an epoch: what ends is the process."""
    sweep(HOURS | {"training": {"epochs": 1}})
    minutes = HOURS | {"name": "minutes", "task": "parity-15", "network": {"hidden": 4096}}
    process = started("sweep", written(minutes, tmp_path), "--results", tmp_path, "--jobs", jobs, "--quiet")
    soon((tmp_path / "minutes" / "unfinished" / "plan.json").exists)
    used = processor_seconds(process)
    soon(lambda: processor_seconds(process) - used > 3)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (130, "")
    assert err == "stopped: 0 of 64 trials (0 %) are finished; run the same command again to go on\n"


@pytest.mark.parametrize(
    "damage", ["cut", "emptied", "flipped", "of another sweep", "another of this sweep", "foreign"]
)
def test_a_damaged_chunk_is_computed_again(mixed, tmp_path, monkeypatch, damage):
    interrupted(MIXED, tmp_path, monkeypatch, 4)
    (unfinished,) = (tmp_path / "mixed" / "unfinished").glob("*/")
    victim, other, *_ = sorted(unfinished.glob("chunk-*.npz"))
    if damage == "cut":
        victim.write_bytes(victim.read_bytes()[:-100])
    elif damage == "emptied":
        victim.write_bytes(b"")
    elif damage == "flipped":
        content = bytearray(victim.read_bytes())
        content[len(content) // 2] ^= 1
        victim.write_bytes(content)
    elif damage == "another of this sweep":
        shutil.copy(other, victim)
    elif damage == "foreign":
        np.savez(victim, loss=np.zeros(3))
    else:
        interrupted(MIXED | {"init": {"high": 2.0}}, tmp_path / "other", monkeypatch, 4)
        (foreign,) = (tmp_path / "other").rglob(victim.name)
        shutil.copy(foreign, victim)
    counted = Counted(monkeypatch)
    assert digests(swept(MIXED, tmp_path)) == digests(mixed)
    assert 0 in counted.numbers
    assert not {1, 2, 3} & set(counted.numbers)


def stamps(folder):
    return {path.name: (path.stat().st_mtime_ns, path.stat().st_ino) for path in [folder, *folder.iterdir()]}


def test_a_complete_sweep_says_so_and_changes_nothing(tmp_path, monkeypatch):
    folder = swept(ONE_SHAPE, tmp_path)
    before, bytes_before = stamps(folder), digests(folder)
    words = ("sweep", written(ONE_SHAPE, tmp_path), "--results", tmp_path)
    done = subprocess.run([sys.executable, "-X", "importtime", *arguments(*words)[1:]], **PIPES)
    assert not re.search(r"\| +(numba|pandas|scipy)$", done.stderr, re.MULTILINE), (
        "what takes long is loaded for nothing"
    )
    assert done.returncode == 0
    assert f"{folder} is complete already: 4,000 trials (--fresh runs them again)" in done.stdout
    assert stamps(folder) == before
    counted = Counted(monkeypatch)
    assert len(sweep(ONE_SHAPE, results=tmp_path).trials) == 4000
    assert counted.numbers == []
    assert stamps(folder) == before
    swept(ONE_SHAPE, tmp_path, fresh=True)
    assert counted.numbers
    assert digests(folder) == bytes_before
    assert stamps(folder)["trials.csv"] != before["trials.csv"]


def test_a_fresh_sweep_drops_chunks(tmp_path, monkeypatch):
    interrupted(ONE_SHAPE, tmp_path, monkeypatch, 3)
    counted = Counted(monkeypatch)
    swept(ONE_SHAPE, tmp_path, fresh=True)
    assert sorted(counted.numbers) == list(range(len(list(chunks.chunks(plan(read(ONE_SHAPE)))))))


def test_another_spec_drops_old_chunks_and_a_new_description_does_not(tmp_path, monkeypatch):
    interrupted(ONE_SHAPE, tmp_path, monkeypatch, 3)
    again = interrupted(ONE_SHAPE | {"description": "said otherwise"}, tmp_path, monkeypatch, 2)
    assert not {0, 1, 2} & {*again.numbers}
    changed = ONE_SHAPE | {"training": {"epochs": 2001}}
    counted = Counted(monkeypatch)
    folder = swept(changed, tmp_path)
    assert counted.numbers[0] == 0
    assert set(load(folder).trials["epochs_run"]) == {2001}
    assert digests(folder) == digests(swept(changed, tmp_path / "alone"))


def test_chunks_of_other_kernels_are_dropped(tmp_path, monkeypatch):
    interrupted(ONE_SHAPE, tmp_path, monkeypatch, 3)
    monkeypatch.setattr("runner.sweeping.kernel_cache.kernel_hash", lambda: "0" * 12)
    counted = Counted(monkeypatch)
    swept(ONE_SHAPE, tmp_path)
    assert {0, 1, 2} <= {*counted.numbers}


def test_tables_of_an_earlier_sweep_do_not_stay_beside_new_ones(tmp_path):
    folder = swept(MIXED, tmp_path)
    report(folder)
    swept(MIXED, tmp_path)
    assert (folder / "report.html").exists()
    swept(ONE_SHAPE | {"name": "mixed"}, tmp_path, format="parquet")
    names = {path.name for path in folder.iterdir()} - {".lock"}
    assert names == {"trials.parquet", "summary.csv", "manifest.json"}


def test_a_table_in_the_other_format_is_made(tmp_path):
    folder = swept(ONE_SHAPE, tmp_path)
    exact = load(folder).trials
    swept(ONE_SHAPE, tmp_path, format="parquet")
    assert load(folder).path == folder
    pd.testing.assert_frame_equal(load(folder / "trials.parquet").trials, exact, check_exact=True)


def test_a_folder_has_one_writer(tmp_path):
    with locked(tmp_path / "one"):
        done = command("sweep", written(ONE_SHAPE, tmp_path), "--results", tmp_path)
        assert done.returncode == 2
        assert "another sweep is writing here" in one_sentence(done.stderr)
        with pytest.raises(RunnerError, match="another sweep"):
            swept(ONE_SHAPE, tmp_path)
    swept(ONE_SHAPE, tmp_path)


@pytest.mark.parametrize("where", ["file", "file/below", "/proc/none", "broken link"])
def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path, where):
    (tmp_path / "file").write_text("")
    (tmp_path / "broken link").symlink_to(tmp_path / "none" / "nothing")
    done = command("sweep", written(ONE_SHAPE, tmp_path), "--results", tmp_path / where)
    assert done.returncode == (3 if where.startswith("/proc") else 2)
    assert str(tmp_path / where) in one_sentence(done.stderr)


def test_a_full_disk_raises_stopped_in_python(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("runner.tables.trials.TrialsWriter.write", full)
    with pytest.raises(Stopped, match="No space left"):
        swept(ONE_SHAPE, tmp_path)


def test_errors_of_the_program_are_raised_as_they_are(tmp_path, monkeypatch):
    monkeypatch.setattr("runner.sweeping.engine.compute", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        swept(ONE_SHAPE, tmp_path)


def test_progress_ends_at_the_end_and_never_goes_back(tmp_path):
    ticks = []
    run(read(ONE_SHAPE), Run(tmp_path / "one", 1, "threads", "csv"), lambda *told: ticks.append(told))
    assert ticks
    assert all(0 <= trials <= total == 4000 and 0 <= share <= 1 for trials, total, share in ticks)
    assert [trials for trials, *_ in ticks] == sorted(trials for trials, *_ in ticks)


@pytest.mark.parametrize(
    ("options", "phrase"),
    [
        ({"backend": "cluster"}, "threads, processes"),
        ({"jobs": 0}, "1 or more"),
        ({"jobs": 1.5}, "1 or more"),
        ({"results": 7}, "the path of a folder"),
        ({"overrides": "training.epochs=3"}, "a list of texts"),
        ({"overrides": [7]}, "a list of texts"),
    ],
)
def test_python_refuses_what_it_cannot_run_with(options, phrase):
    with pytest.raises(RunnerError, match=phrase) as caught:
        sweep("xor", **options)
    assert next(iter(options)) in str(caught.value)


def test_python_tells_of_earlier_work_where_progress_is_wanted(tmp_path, capsys):
    for seeds, progress in ((2, True), (3, False), (4, True)):
        sweep({"name": "a", "task": "xor", "sweep": {"seeds": seeds}}, results=tmp_path, progress=progress)
    (line,) = (line for line in capsys.readouterr().err.splitlines() if "re-used" in line)
    assert line.startswith("a: 3 trials re-used, 1 new, 0 dropped")


def test_a_damaged_chunk_is_named_unless_nobody_listens(tmp_path, monkeypatch):
    interrupted(ONE_SHAPE, tmp_path, monkeypatch, 4)
    victim, *_ = sorted(tmp_path.rglob("chunk-*.npz"))
    victim.write_bytes(victim.read_bytes()[:-1])
    shutil.copytree(tmp_path / "one", tmp_path / "quiet" / "one")
    done = command("sweep", written(ONE_SHAPE, tmp_path), "--results", tmp_path / "quiet", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    said = []
    swept(ONE_SHAPE, tmp_path, said.append)
    assert said == [f"{victim}: damaged, or of another sweep; it is computed again"]


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a terminal")
def test_a_closed_terminal_ends_a_sweep_that_goes_on(tmp_path, started, undisturbed):
    """Its bar cannot be drawn any more, nor its last words be said."""
    ours, its = os.openpty()
    words = ("sweep", written(SECONDS, tmp_path), "--results", tmp_path, "--jobs", 1)
    process = started(*words, terminal=its)
    os.close(its)
    soon(lambda: len(chunk_files(tmp_path)) >= 2)
    os.close(ours)
    assert process.wait(60) == 3
    assert digests(swept(SECONDS, tmp_path)) == undisturbed


def test_what_was_left_to_be_cleared_away_is(tmp_path, monkeypatch):
    """Killed between the last table and the end: the same command says that it is complete."""
    with monkeypatch.context() as patched:
        patched.setattr("runner.sweeping.store.Store.clear", lambda _: None)
        folder = swept(ONE_SHAPE, tmp_path)
    assert (folder / "unfinished").exists()
    counted, before = Counted(monkeypatch), digests(folder)
    swept(ONE_SHAPE, tmp_path)
    assert counted.numbers == []
    assert digests(folder) == before
    assert not (folder / "unfinished").exists()


def test_axes_in_another_order_are_another_sweep(tmp_path):
    content = {"name": "a", "task": "xor", "training": {"epochs": 3}}
    orders = [{"hidden": [2, 3], "momentum": [0.0, 0.5]}, {"momentum": [0.0, 0.5], "hidden": [2, 3]}]
    for axes in orders:
        folder = swept({**content, "sweep": axes}, tmp_path)
        assert digests(folder) == digests(swept({**content, "sweep": axes}, tmp_path / "alone"))


def test_the_manifest_names_the_file_of_the_experiment(tmp_path):
    file = written(ONE_SHAPE, tmp_path)
    run(read(file, ["training.epochs=3"]), Run(tmp_path / "results", 1, "threads", "csv"), lambda *_: None)
    found = json.loads((tmp_path / "results" / "manifest.json").read_text())["experiment"]
    assert found["file"] == file.name
    assert found["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert found["overrides"] == ["training.epochs=3"]
