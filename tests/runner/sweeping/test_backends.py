import operator
import os
import signal
import sys
from functools import partial
from pathlib import Path

import pytest

from runner.errors import Stopped
from runner.sweeping.backends import workers
from tests.runner.running import chunk_files, digests, one_sentence, soon, swept, written

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
SECONDS = {"name": "seconds", "task": "xor", "sweep": {"seeds": 15_000}}
HOURS = {"name": "hours", "task": "xor", "training": {"epochs": 10**8}, "sweep": {"seeds": 128}}


@pytest.mark.parametrize("backend", ["threads", "processes"])
@pytest.mark.parametrize("jobs", [1, 3])
def test_every_call_is_answered_once(backend, jobs):
    with workers(backend, jobs) as pool:
        answers = [*pool.results(partial(operator.mul, 3, number) for number in range(20))]
        assert sorted(answers) == [3 * number for number in range(20)]
        assert [*pool.results(iter(()))] == []


@pytest.mark.parametrize("backend", ["threads", "processes"])
def test_what_a_call_raises_is_raised(backend):
    with workers(backend, 2) as pool, pytest.raises(ZeroDivisionError):
        [*pool.results(partial(operator.truediv, 1, 2 - number) for number in range(5))]


def test_a_worker_that_dies_is_one_sentence():
    with workers("processes", 2) as pool, pytest.raises(Stopped, match="a worker process was killed") as caught:
        [*pool.results(partial(os._exit, 9) if number == 3 else partial(int) for number in range(5))]
    assert "\n" not in str(caught.value)
    with workers("processes", 2) as pool:
        assert [*pool.results(partial(int) for _ in range(3))] == [0, 0, 0]


def test_workers_that_are_stopped_are_not_logged(caplog):
    """Calls go on being handed out for a moment, as each that ends asks for the next."""

    def calls():
        for number in range(100):
            if number == 20:
                pool.stop()
            yield partial(int, number)

    with pytest.raises(RuntimeError), workers("processes", 2) as pool:
        [*pool.results(calls())]
    assert [record.getMessage() for record in caplog.records] == []


def children(process):
    """The processes whose parent this is."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
        except OSError:
            continue
        if int(parent) == process:
            found.append(int(folder.name))
    return found


def workers_of(process):
    return [child for child in children(process) if "popen_loky" in Path(f"/proc/{child}/cmdline").read_text()]


def running(results):
    """Wait until a sweep has some finished chunks."""
    soon(lambda: len(chunk_files(results)) >= 2)


@linux
def test_a_sweep_whose_worker_is_killed_stops_and_goes_on(tmp_path, started):
    """As the system does where memory runs out."""
    words = ("--results", tmp_path, "--jobs", 2, "--backend", "processes", "--quiet")
    process = started("sweep", written(SECONDS, tmp_path), *words)
    running(tmp_path)
    os.kill(workers_of(process.pid)[0], signal.SIGKILL)
    out, err = process.communicate()
    assert (process.returncode, out) == (3, "")
    assert "a worker process was killed" in one_sentence(err)
    assert digests(swept(SECONDS, tmp_path, jobs=2)) == digests(swept(SECONDS, tmp_path / "alone", jobs=2))


@linux
@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT, signal.SIGHUP])
def test_no_worker_outlives_its_parent(tmp_path, started, sent):
    """However that ends, and in the middle of a call of hours; a terminal sends its signals to workers, too."""
    process = started("sweep", written(HOURS, tmp_path), "--results", tmp_path, "--jobs", 2, "--backend", "processes")
    its = soon(lambda: len(found := workers_of(process.pid)) == 2 and found)
    soon(lambda: all(busy(worker) for worker in its))
    if sent == signal.SIGKILL:
        process.send_signal(sent)
    else:
        os.killpg(process.pid, sent)
    process.wait()
    soon(lambda: not any(Path(f"/proc/{worker}").exists() for worker in its))
    out, err = process.communicate()
    assert out == ""
    assert process.returncode == {signal.SIGKILL: -9, signal.SIGINT: 130, signal.SIGHUP: 3}[sent]
    if sent != signal.SIGKILL:
        one_sentence(err)


def busy(process):
    """Whether a process has used a processor for two seconds."""
    words = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK") > 2
