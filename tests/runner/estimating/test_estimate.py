import math
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.estimating import estimate as estimating
from runner.estimating import tables, training
from runner.estimating.estimate import Measured, estimate, put_together, side_by_side
from runner.estimating.groups import Group
from runner.estimating.tables import Line, TableCosts
from runner.estimating.text import sentences, size, span
from runner.estimating.training import Training
from runner.experiment.reading import read
from runner.planning.chunks import Shapes
from runner.planning.plan import plan
from tests.runner.running import command, written

NOTHING = Line(0.0, 0.0)
SHAPE = Shapes(plan(read({"name": "a", "task": "xor"})))
SHAPE.numbers(np.array([0]))


def measured(*, groups=1, chunks=10, size=64, epochs=100, **changes):
    """Chunks of 1 s, a trial 0.1 s, an epoch of 32 trials 0.01 s."""
    group = Group(SHAPE.found[0], chunks * size, chunks, np.arange(10), np.full(10, epochs))
    costs = Training(1.0, 0.1, 0.01, 32, None, 1.0)
    tables = TableCosts(NOTHING, Line(5, 7), NOTHING, NOTHING, Line(20, 3), Line(10, 2), 0.0)
    parts = {"begun": 0.0, "loading": 0.0, "one": 0.0, "task": 0.0, "cutting": 0.0, "slowness": 1.0, "disk": math.inf}
    parts["slowest"] = changes.get("slowness", 1.0)
    if "stopped" in changes:
        costs = replace(costs, stopped=changes.pop("stopped"))
    tables = replace(tables, **{name: changes.pop(name) for name in list(changes) if hasattr(tables, name)})
    return Measured([group] * groups, [costs] * groups, tables, **{**parts, **changes})


CHUNK = 1.0 + 64 * 0.1 + 2 * 100 * 0.01


@pytest.mark.parametrize(("jobs", "cores", "rounds"), [(1, 1, 10), (1, 2, 10), (2, 2, 5), (3, 4, 4), (4, 2, 6)])
def test_jobs_share_the_chunks(jobs, cores, rounds):
    found = put_together(measured(), jobs, cores)
    assert found.seconds == pytest.approx(rounds * CHUNK)
    assert found.cpu == pytest.approx(10 * CHUNK)
    assert found.slowdown == 1
    assert found.stopping is None


def test_of_very_many_chunks_nothing_is_left_over():
    assert put_together(measured(chunks=1_000_001), 2, 2).seconds == pytest.approx(1_000_001 / 2 * CHUNK)


def test_tables_are_written_beside_the_training_where_a_core_is_free():
    trials = 10 * 64
    beside = measured(tabled=Line(60 / trials, 60 / trials))
    assert put_together(beside, 1, 1).seconds == pytest.approx(10 * CHUNK + 60)
    assert put_together(measured(chunks=1000, tabled=Line(1e-6, 1e-6)), 1, 2).seconds == pytest.approx(
        1000 * CHUNK + 1e-6 * (16_384 + 64)
    )
    # Where tables take longer than training, they say how long it takes.
    assert put_together(measured(tabled=Line(1000 / trials, 1000 / trials)), 1, 2).seconds == pytest.approx(
        1000 + 10 * CHUNK
    )


def test_each_chunk_is_read_to_be_tabled():
    parts = measured(chunks=20, tabled=Line(0.5, 0.25))
    assert put_together(parts, 1, 1).seconds == pytest.approx(20 * CHUNK + 20 * 0.5 + 20 * 63 * 0.25)


def test_what_comes_before_and_after_adds_up():
    parts = measured(begun=0.5, loading=0.25, first=0.125, one=3.0, published=Line(0, 2 / 640))
    assert put_together(parts, 1, 1).seconds == pytest.approx(10 * CHUNK + 0.5 * 1.3 + 0.25 + 0.125 + 3 + 2)


def test_a_busy_machine_takes_longer():
    found = put_together(measured(slowness=2.5, one=3.0), 2, 2)
    assert found.slowdown == 2.5
    assert found.seconds == pytest.approx(2.5 * 5 * CHUNK + 3)
    assert found.longest == found.seconds
    unsteady = put_together(measured(slowness=1.0, slowest=2.5, one=3.0), 2, 2)
    assert (unsteady.seconds, unsteady.longest) == pytest.approx((5 * CHUNK + 3, found.seconds))
    # Four jobs on two cores wait for one another, with nothing else on the machine.
    assert put_together(measured(slowness=2.0), 4, 2).slowdown == 1


def test_handing_out_and_keeping_is_work_of_the_jobs():
    parts = measured(task=1.75, kept=Line(0, 0.5))
    assert put_together(parts, 1, 1).seconds == pytest.approx(10 * (CHUNK + 0.75 + 64 * 0.5))


def test_bytes_take_the_time_of_the_disk():
    parts = measured(disk=100.0)
    assert put_together(parts, 1, 1).seconds == pytest.approx(10 * (CHUNK + 64 * 0.07) + (10 + 2 * 639) / 100)


def test_trials_that_stop_take_less():
    found = put_together(measured(stopped=np.array([50, 50])), 1, 1)
    assert found.seconds == pytest.approx(10 * CHUNK)
    assert found.stopping == pytest.approx(10 * (CHUNK - 1))
    assert found.watched == 2
    assert put_together(measured(groups=3, stopped=np.array([50, 50])), 1, 1).watched == 2


def test_bytes_are_those_of_chunks_and_tables():
    found = put_together(measured(), 1, 1)
    assert found.final_bytes == 10 + 2 * 639
    assert found.running_bytes == 10 * 5 + 630 * 7 + 20 + 3 * 639


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=20), st.integers(1, 500), st.integers(1, 64))
def test_lanes_side_by_side_lose_no_more_than_the_longest_trial(epochs, trials, lanes):
    found = side_by_side(np.array(epochs), trials, lanes)
    if len(set(epochs)) == 1:
        assert found == math.ceil(trials / lanes) * epochs[0]
    least, most = min(epochs), max(epochs)
    assert least * math.ceil(trials / lanes) <= found <= most * math.ceil(trials / lanes)


@pytest.fixture
def short(monkeypatch):
    for name in ("_CALL", "_TOGETHER", "_STOPPING"):
        monkeypatch.setattr(training, name, 0.002)
    monkeypatch.setattr(tables, "_ROWS", 300)
    monkeypatch.setattr(tables, "_TRAINED", 0.01)


@pytest.mark.usefixtures("short")
def test_networks_in_between_cost_something_in_between(monkeypatch):
    seen = []
    real = estimating.put_together
    monkeypatch.setattr(estimating, "put_together", lambda of, *rest: seen.append(of) or real(of, *rest))
    costs = {2: 1.0, 6: 5.0, 10: 9.0}
    monkeypatch.setattr(
        estimating,
        "training_costs",
        lambda _, chosen, __: [Training(1.0, 1.0, costs[of.shape.hidden], 32, None, 1.0) for of in chosen],
    )
    monkeypatch.setattr(estimating, "worth_measuring", lambda found: [g for g in found if g.shape.hidden in costs])
    content = {
        "name": "a",
        "task": "xor",
        "training": {"epochs": 5},
        "sweep": {"hidden": list(range(2, 11)), "seeds": 9},
    }
    found = estimate(read(content), 1, "threads", "csv")
    (of,) = seen
    assert [costs.epoch for costs in of.training] == pytest.approx([hidden - 1 for hidden in range(2, 11)])
    assert found.calibrated > 0


@pytest.mark.usefixtures("short")
def test_many_samples_are_measured_on_some(monkeypatch):
    """300 samples of which 100 are trained: an epoch takes three times as long, and a row is as wide as it is."""
    monkeypatch.setattr("runner.estimating.miniature._TARGETS", 100)
    seen = []
    real = estimating.put_together
    monkeypatch.setattr(estimating, "put_together", lambda of, *rest: seen.append(of) or real(of, *rest))
    monkeypatch.setattr(
        estimating,
        "training_costs",
        lambda _, chosen, __: [Training(1.0, 1.0, 1.0, 32, None, 1.0) for _ in chosen],
    )
    task = {"inputs": [[k / 300] for k in range(300)], "targets": [[0.5]] * 300}
    found = estimate(read({"name": "a", "task": task, "sweep": {"seeds": 500}}), 1, "threads", "csv")
    assert [costs.epoch for costs in seen[0].training] == [3.0]
    assert found.final_bytes == pytest.approx(500 * 300 * 19, rel=0.1)


def test_a_dry_run_says_how_long_and_how_much_and_writes_nothing(tmp_path):
    content = {"name": "a", "task": "xor", "training": {"epochs": 40}, "sweep": {"seeds": 300}}
    spec, results = written(content, tmp_path), tmp_path / "results"
    done = command("sweep", spec, "--dry-run", "--results", results, "--jobs", "2")
    assert (done.returncode, done.stderr) == (0, "")
    assert not results.exists()
    (said,) = [line.strip() for line in done.stdout.splitlines() if "calibrated" in line]
    assert re.match(r"about [\d.]+ s with 2 jobs on this machine.* \(calibrated in [\d.]+ s\), ", said)
    assert said.endswith(" kB at the end")


def test_an_estimate_in_words():
    found = put_together(measured(), 2, 2, calibrated=1.24)
    (line,) = sentences(found)
    assert line == (
        "about 47 s with 2 jobs on this machine (calibrated in 1.2 s), 6.4 kB on disk while running, 1.3 kB at the end"
    )
    stopping = put_together(measured(stopped=np.array([50, 50]), slowness=2.0), 1, 1, compiled=3.0)
    most, likely, compiled = sentences(stopping)
    assert most.startswith(
        "at most about 3.1 minutes with 1 job on this machine, which has other work and is 2.0 times"
    )
    assert likely.startswith("about 2.8 minutes if all trials stop as 2 of them did")
    unsteady = replace(found, longest=2 * found.seconds)
    assert [*sentences(unsteady)][1:] == ["about 94 s if the machine stays as busy as it was for a part of that time"]
    _, part = sentences(found, 4)
    assert part == "that is the whole sweep; each of 4 parts takes about 12 s of it"
    assert compiled == "compiling kernels took 3.0 s; they are kept for the sweep"


def test_times_and_sizes_in_words():
    assert [span(s) for s in (0.3, 99.9, 100, 5900, 6001, 170_000, 200_000, 1e9)] == [
        *("0.3 s", "100 s", "1.7 minutes", "98 minutes", "1.7 hours", "47 hours", "2.3 days", "11,574 days")
    ]
    assert [size(b) for b in (12, 1500, 45e6, 9.94e9, 9.96e9, 3e12)] == [
        *("12 bytes", "1.5 kB", "45 MB", "9.9 GB", "10 GB", "3.0 TB")
    ]
