from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.estimating import tables as costing
from runner.estimating.tables import Line, Start, disk_rate, one_trial, start_costs, table_costs
from runner.experiment.reading import read
from runner.planning.chunks import chunks
from runner.planning.plan import plan
from runner.sweeping.run import Run, run

RATES = {"start": 0.1, "stop": 50.0, "num": 100}
CASES = {
    "one configuration": {"sweep": {"seeds": 60_000}},
    "many configurations": {"sweep": {"learning_rate": RATES, "momentum": {"start": 0, "stop": 0.99, "num": 100}}},
    "mixed networks": {"sweep": {"seeds": 4000, "hidden": [8, 2, 5]}, "record": {"weights": True}},
    "curves": {"sweep": {"seeds": 8000}, "record": {"curve": {"every": 2}, "outputs": False}},
    "wide": {"task": "parity-6", "sweep": {"seeds": 6000}},
}


def content(case):
    return {"name": "a", "task": "xor-constant", "training": {"epochs": 20}, **CASES[case]}


@given(st.floats(0, 9), st.floats(0, 9), st.integers(2, 1000), st.integers(1, 30), st.integers(30, 5000))
def test_a_line_goes_through_what_was_measured(one, more, trials, pieces, others):
    pieces = min(pieces, trials - 1)
    several = pieces * one + (trials - pieces) * more
    line = Line.through(one, several, trials, pieces)
    assert line.of(trials, pieces) == pytest.approx(several)
    assert line.of(others, pieces) == pytest.approx(pieces * one + max(others - pieces, 0) * more)


@pytest.mark.parametrize("table_format", ["csv", "parquet"])
@pytest.mark.parametrize("case", CASES)
def test_the_bytes_of_a_sweep_follow_from_those_of_a_small_one(tmp_path, monkeypatch, case, table_format):
    """The peak is looked for whenever something is removed."""
    monkeypatch.setattr(costing, "_ROWS", 2000)
    monkeypatch.setattr(costing, "_NUMBERS", 50_000)
    laid_out, most = plan(read(content(case))), 0

    def unlinked(path, **how):
        nonlocal most
        most = max(most, sizes(tmp_path))
        return unlink(path, **how)

    unlink = Path.unlink
    with monkeypatch.context() as watched:
        watched.setattr(Path, "unlink", unlinked)
        run(laid_out.experiment, Run(tmp_path / "a", 1, "threads", table_format), lambda *_: None)
    pieces = sum(1 for _ in chunks(laid_out))
    found = table_costs(laid_out, pieces, 20, 1e-6, 1e-8, table_format)
    trials = laid_out.trials
    assert found.published_bytes.of(trials) == pytest.approx(sizes(tmp_path), rel=0.08)
    unfinished = max(found.unfinished_bytes.of(trials), found.published_bytes.of(trials))
    assert most / 1.08 <= found.kept_bytes.of(trials, pieces) + unfinished <= 1.25 * most


def sizes(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_costs_are_seconds_and_leave_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(costing.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(costing, "_ROWS", 200)
    laid_out = plan(read(content("mixed networks")))
    assert all(seconds > 0 for seconds in start_costs(laid_out, 2, "threads", "csv"))
    found = table_costs(laid_out, 3, 20, 1e-6, 1e-8, "csv")
    assert found.kept.one > 0
    assert found.wider(2.0).tabled == Line(found.tabled.one, 2 * found.tabled.more)
    assert list(tmp_path.iterdir()) == []


def test_what_a_process_does_once_counts_once_and_what_disturbs_it_does_not():
    starts = [Start(0.9, 0.5, 0.1), Start(0.4, 0.2, 0.1)]
    assert one_trial(starts, "threads") == pytest.approx(0.7)
    assert one_trial(starts, "processes") == 0.9


def test_a_disk_takes_some_bytes_a_second():
    assert 1e3 < disk_rate() < 1e13


def test_one_trial_can_be_tabled():
    found = table_costs(plan(read({"name": "a", "task": "xor"})), 1, 1500, 1e-4, 1e-6, "csv")
    assert found.tabled.more == 0
    assert found.published_bytes.of(1) > 500
