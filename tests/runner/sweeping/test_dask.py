"""Sweeps on Dask clusters of real processes on loopback."""

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress

import psutil
import pytest

from runner.errors import RunnerError
from runner.sweeping.backends import workers
from runner.sweeping.dask_workers import _judge
from runner.sweeping.kernel_cache import kernel_hash
from runner.sweeping.run import Run, sweep
from tests.runner.running import ROOT, command, digests, one_sentence, soon, swept, written

# Enough work that something can be killed in the middle of it, in chunks of some hundredths of a second.
SECONDS = {"name": "seconds", "task": "xor", "training": {"epochs": 1000}, "sweep": {"seeds": 50_000}}
BLOCKER = """
import sys
import time

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "numba":
            raise ModuleNotFoundError(f"No module named {name!r}")

sys.meta_path.insert(0, Blocker())
"""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    return digests(swept(SECONDS, tmp_path_factory.mktemp("undisturbed"), jobs=2))


@pytest.fixture
def dask(tmp_path):
    """Start a part of a cluster; nothing of it outlives the test."""
    processes = []

    def start(part, *words):
        line = [sys.executable, "-m", f"distributed.cli.dask_{part}", "--no-dashboard", *words]
        with (tmp_path / f"{part}-{len(processes)}.log").open("w") as log:
            processes.append(subprocess.Popen(line, cwd=ROOT, stdout=log, stderr=log, start_new_session=True))
        return processes[-1]

    yield start
    for process in processes:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture
def scheduler(dask, tmp_path):
    """A scheduler without workers: its process and its address."""
    process = dask("scheduler", "--host", "127.0.0.1", "--port", "0")
    log = tmp_path / "scheduler-0.log"
    address = soon(lambda: re.search(r"Scheduler at:\s+(tcp://\S+)", log.read_text()))
    return process, address.group(1)


def worker(dask, address, *words):
    return dask("worker", address, "--nthreads", "1", *words)


def finished(folder):
    return len(list((folder / "unfinished").rglob("chunk-*.npz")))


def local_workers(parent):
    """The worker processes that a command has started."""
    return [
        child for child in psutil.Process(parent).children(recursive=True) if "spawn_main" in " ".join(child.cmdline())
    ]


def test_a_killed_worker_changes_no_byte(tmp_path, started, undisturbed):
    running = started(
        "sweep", written(SECONDS, tmp_path), "--results", tmp_path, "--backend", "dask", "--jobs", 2, "-q"
    )
    soon(lambda: finished(tmp_path / "seconds") > 3)
    first, *_ = workers = local_workers(running.pid)
    assert len(workers) == 2
    first.kill()
    assert running.communicate(timeout=200) == ("", "")
    assert running.returncode == 0
    assert digests(tmp_path / "seconds") == undisturbed


def test_a_lost_scheduler_leaves_what_is_finished(tmp_path, dask, scheduler, started, undisturbed):
    process, address = scheduler
    for _ in range(2):
        worker(dask, address)
    spec, folder = written(SECONDS, tmp_path), tmp_path / "seconds"
    words = ("sweep", spec, "--results", tmp_path, "--backend", "dask", "--scheduler", address, "-q")
    running = started(*words)
    soon(lambda: finished(folder) > 3)
    process.kill()
    said = one_sentence(running.communicate(timeout=200)[1])
    assert running.returncode == 3
    assert f"the Dask scheduler at {address} was lost" in said
    assert finished(folder) > 3
    assert command(*words[:4], "-q").returncode == 0
    assert digests(folder) == undisturbed


def test_a_worker_without_a_package_is_named(tmp_path, dask, scheduler):
    _, address = scheduler
    (tmp_path / "blocker.py").write_text(BLOCKER)
    worker(dask, address, "--no-nanny", "--preload", str(tmp_path / "blocker.py"))
    words = ("sweep", "xor", "--results", tmp_path, "--backend", "dask", "--scheduler", address)
    done = command(*words)
    assert done.returncode == 2
    assert re.search(
        r"error: worker tcp://\S+: cannot load this program \(No module named 'numba", one_sentence(done.stderr)
    )


def test_ctrl_c_ends_the_local_workers(tmp_path, started):
    running = started(
        "sweep", written(SECONDS, tmp_path), "--results", tmp_path, "--backend", "dask", "--jobs", 2, "-q"
    )
    soon(lambda: finished(tmp_path / "seconds") > 3)
    workers = local_workers(running.pid)
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does
    said = running.communicate(timeout=60)[1]
    assert running.returncode == 130
    assert re.fullmatch(r"stopped: .* of 50,000 trials .*\n", said)
    assert not psutil.wait_procs(workers, timeout=30)[1]


@pytest.mark.parametrize(
    ("found", "said"),
    [(ImportError("No module named 'numba'"), "cannot load this program"), ("0" * 12, "has kernels 000000000000")],
)
def test_a_worker_that_cannot_make_these_bits_is_refused(found, said):
    _judge("worker w", kernel_hash())
    with pytest.raises(RunnerError, match=f"worker w: {said}"):
        _judge("worker w", found)


def test_nobody_answers_at_an_address(tmp_path):
    with pytest.raises(RunnerError, match="no Dask scheduler answers there"):
        sweep("xor", results=tmp_path, backend="dask", scheduler="nonsense://x")


def test_without_dask_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(RunnerError, match=r"pip install 'seedsweep\[dask\]'"):
        sweep("xor", results=tmp_path, backend="dask")


def test_a_scheduler_is_for_dask_alone(tmp_path):
    with pytest.raises(RunnerError, match="only the backend dask asks one"):
        Run(tmp_path, 1, "threads", "csv", scheduler="tcp://127.0.0.1:8786")


def test_workers_wait_for_who_is_slow_to_take_what_they_bring():
    handed_out, ahead = 0, []

    def calls():
        nonlocal handed_out
        for _ in range(60):
            handed_out += 1
            yield int

    with workers("dask", 2) as pool:
        for taken, answer in enumerate(pool.results(calls())):
            assert answer == 0
            ahead.append(handed_out - taken)
            time.sleep(0.03)
    assert len(ahead) == 60
    assert max(ahead) <= 12  # two are ready, four are at workers or on their way, two are in joblib's hands; not 60
