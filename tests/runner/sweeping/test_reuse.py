"""What an edited experiment takes from earlier work: never another byte than without it, and no trial trained twice."""

import copy
import json
import re
import shutil

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.experiment.reading import read
from runner.planning import chunks
from runner.planning.plan import plan
from runner.sweeping import begun, engine, kernel_cache
from runner.sweeping.begun import Begun
from runner.sweeping.conductor import Conductor
from runner.sweeping.finished import finished_rows
from runner.tables.manifest import read_manifest
from tests.runner.running import MIXED, Counted, digests, interrupted, swept

ALL = {**MIXED, "record": {**MIXED["record"], "fate": True}}  # 390 trials, 9 shapes, three networks, every record
TINY = {
    "name": "tiny",
    "task": "xor",
    "training": {"epochs": 20},
    "record": {"weights": True},
    "sweep": {"hidden": [2, 3, 4], "learning_rate": [0.5, 2.0], "seeds": 100},
}


def edited(content, **edits):
    """An experiment with some values changed, each by its path, as sweep__0__seeds."""
    content = copy.deepcopy(content)
    for path, value in edits.items():
        *tables, key = path.split("__")
        place = content
        for table in tables:
            place = place[int(table)] if table.isdigit() else place.setdefault(table, {})
        place[int(key) if key.isdigit() else key] = value
    return content


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The tables of an undisturbed run of an experiment."""
    known = {}

    def run(content, table_format="csv"):
        key = json.dumps(content), table_format
        if key not in known:
            known[key] = digests(swept(content, tmp_path_factory.mktemp("alone"), format=table_format))
        return known[key]

    return run


def counts(said):
    """The numbers in what a sweep says of earlier work: re-used, new, dropped, stale, and more."""
    (line,) = said
    return [int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*(?= [a-z])", line)]


EDITS = {
    "more seeds": (edited(ALL, sweep__0__seeds=24), 60, [390, 60, 0, 0]),
    "fewer seeds": (edited(ALL, sweep__0__seeds=5), 0, [160, 0, 230, 0]),
    "other seeds": (edited(ALL, sweep__0__seeds=[3, 0, 77]), 16, [112, 16, 278, 0]),
    "another learning rate": (edited(ALL, sweep__1__learning_rate=[0.3, 2.0, 1.0]), 40, [390, 40, 0, 0]),
    "a hidden size less": (edited(ALL, sweep__0__hidden=[3]), 0, [230, 0, 160, 0]),
    "another hidden size": (edited(ALL, sweep__0__hidden=[4, 2, 3]), 160, [390, 160, 0, 0]),
    "axes reordered": (edited(ALL, sweep__0=dict(reversed(ALL["sweep"][0].items()))), 0, [390, 0, 0, 0]),
    "grids reordered": (edited(ALL, sweep=ALL["sweep"][::-1]), 0, [390, 0, 0, 0]),
    "other words": (edited(ALL, description="says otherwise"), 0, [390, 0, 0, 0]),
    "weights no more": (edited(ALL, record__weights=False), 0, [390, 0, 0, 0]),
    "fewer records": (edited(ALL, record={"outputs": False, "curve": [0, 5, 30]}), 0, [390, 0, 0, 0]),
    "another curve": (edited(ALL, record__curve=[0, 7]), 390, [0, 0, 0, 0, 390]),
    "another probe": (edited(ALL, record__probes=[[0.0, 0.5, 1.0]]), 390, [0, 0, 0, 0, 390]),
    "other epochs": (edited(ALL, training__epochs=31, record__curve=[0, 5, 30]), 390, [0, 390, 390, 0]),
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of ALL in both formats, never to be written in."""
    folder = tmp_path_factory.mktemp("finished")
    return {how: swept(ALL, folder / how, format=how) for how in ("csv", "parquet")}


@pytest.fixture
def results(finished, tmp_path):
    """A folder of results with the finished tables of ALL."""

    def of(table_format="csv"):
        shutil.copytree(finished[table_format], tmp_path / "results" / "mixed")
        return tmp_path / "results"

    return of


@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_experiment_takes_the_rows_of_finished_tables(results, alone, monkeypatch, edit):
    content, trained, told = EDITS[edit]
    undisturbed, folder = alone(content), results()
    said, counted = [], Counted(monkeypatch)
    assert digests(swept(content, folder, said.append)) == undisturbed
    assert (counted.trials, counts(said)) == (trained, told)
    assert [path.name for path in (folder / "mixed").glob("unfinished*")] == []


@pytest.mark.parametrize(("before", "after"), [("csv", "parquet"), ("parquet", "csv")])
def test_another_format_trains_nothing(results, alone, monkeypatch, before, after):
    undisturbed, counted = alone(ALL, after), Counted(monkeypatch)
    assert digests(swept(ALL, results(before), format=after)) == undisturbed
    assert counted.trials == 0


DIVERGING = {
    "name": "diverging",
    "task": {"inputs": [[0.5], [1.0]], "targets": [[1e30], [0.0]], "probes": [[0.25]]},
    "record": {"weights": True, "curve": [0, 1, 3], "fate": True},
    "training": {"epochs": 3},
    "sweep": {"precision": ["float32", "float64"], "hidden": [1, 2], "seeds": 5},
}


@pytest.mark.parametrize("table_format", ["csv", "parquet"])
@pytest.mark.parametrize("content", [ALL, edited(ALL, convergence__stop=True), DIVERGING])
def test_rows_of_tables_are_the_columns_of_chunks(tmp_path, table_format, content):
    """Of trials that converge, stop and diverge; what is not finite has no bits in a table."""
    folder, laid_out = swept(content, tmp_path, format=table_format), plan(read(content))
    rows = [*finished_rows(folder, read_manifest(folder), laid_out)]
    unbounded = 0
    for chunk in chunks.chunks(laid_out):
        computed = engine.compute(engine.work(laid_out, chunk))
        here = [row.chosen(np.isin(row.trials, chunk.trials)) for row in rows if row.shape == chunk.shape]
        assert np.concatenate([row.trials for row in here]).tolist() == chunk.trials.tolist()
        assert {*here[0].columns} == {*computed}
        for name, array in computed.items():
            found = np.concatenate([row.columns[name] for row in here])
            assert (found.dtype, found.shape) == (array.dtype, array.shape), name
            if name != "weights" and array.dtype == float:
                unbounded += np.isinf(array).sum()
                array[~np.isfinite(array)] = np.nan
            np.testing.assert_array_equal(found, array, err_msg=name)
    assert (unbounded > 0) == (content is DIVERGING)


@pytest.mark.parametrize("most", [1, 7])
def test_an_edited_experiment_takes_the_chunks_of_a_stopped_one(tmp_path, alone, monkeypatch, most):
    first, content = interrupted(ALL, tmp_path, monkeypatch, most), edited(ALL, sweep__0__seeds=24)
    undisturbed, said, counted = alone(content), [], Counted(monkeypatch)
    assert digests(swept(content, tmp_path, said.append)) == undisturbed
    assert counted.trials == 450 - first.trials
    assert counts(said) == [first.trials, 450 - first.trials, 0, 0]


def test_the_same_chunks_are_cut_otherwise_and_used_again(tmp_path, alone, monkeypatch):
    first = interrupted(TINY, tmp_path, monkeypatch, 2)
    monkeypatch.setattr(chunks, "_size", lambda *_: 33)
    monkeypatch.setattr(begun, "_cut", lambda: "another cut")
    undisturbed, counted = alone(TINY), Counted(monkeypatch)
    assert digests(swept(TINY, tmp_path)) == undisturbed
    assert counted.trials == 600 - first.trials


def test_a_chain_of_edits_trains_no_trial_twice(tmp_path, alone, monkeypatch):
    """Finished tables, then experiments that do not come to their end, and at last the first one with more seeds."""
    swept(TINY, tmp_path)
    second = edited(TINY, sweep__learning_rate=[4.0, 2.0, 0.5])
    trained = interrupted(second, tmp_path, monkeypatch, 2).trials
    third = edited(second, sweep__seeds=130)
    trained += interrupted(third, tmp_path, monkeypatch, 2).trials
    last = edited(third, sweep__hidden=[3, 2, 4])
    undisturbed, said, counted = alone(last), [], Counted(monkeypatch)
    assert digests(swept(last, tmp_path, said.append)) == undisturbed
    assert trained + counted.trials == 130 * 9 - 600
    assert counts(said) == [600 + trained, counted.trials, 0, 0]


def test_what_is_used_again_is_found_by_the_next_command(tmp_path, alone, monkeypatch):
    """The rows are gathered once; a sweep that is stopped after that carries on with them."""
    swept(TINY, tmp_path)
    content = edited(TINY, sweep__seeds=200)
    first, undisturbed = interrupted(content, tmp_path, monkeypatch, 1), alone(content)
    said, counted = [], Counted(monkeypatch)
    assert digests(swept(content, tmp_path, said.append)) == undisturbed
    assert first.trials + counted.trials == 600
    assert said == []


@pytest.mark.parametrize("backend", ["processes", "not on this disk"])
def test_other_workers_take_earlier_rows_too(results, alone, monkeypatch, backend):
    content = EDITS["another hidden size"][0]
    how = {"backend": backend, "jobs": 2}
    if backend == "not on this disk":
        monkeypatch.setattr("runner.sweeping.backends._Threads.share_disk", False)
        how["backend"] = "threads"
    assert digests(swept(content, results(), **how)) == alone(content)


def test_rows_of_other_kernels_are_never_used(results, alone, monkeypatch):
    folder, content = results(), edited(ALL, sweep__0__seeds=5)
    undisturbed, said, counted = alone(content), [], Counted(monkeypatch)
    monkeypatch.setattr(kernel_cache, "kernel_hash", lambda: "0" * 12)
    assert digests(swept(content, folder, said.append)) == undisturbed
    assert counted.trials == 160
    assert counts(said) == [0, 0, 230, 160]


def test_chunks_of_other_kernels_are_never_used(tmp_path, alone, monkeypatch):
    swept(TINY, tmp_path)
    first = interrupted(edited(TINY, sweep__seeds=200), tmp_path, monkeypatch, 1)
    content = edited(TINY, sweep__seeds=300)
    undisturbed, said, counted = alone(content), [], Counted(monkeypatch)
    monkeypatch.setattr(kernel_cache, "kernel_hash", lambda: "0" * 12)
    assert digests(swept(content, tmp_path, said.append)) == undisturbed
    assert counted.trials == 1800
    assert counts(said) == [0, 1200 - first.trials, 0, 600 + first.trials]


def test_what_was_computed_again_is_not_stale_any_more(tmp_path, alone, monkeypatch):
    swept(TINY, tmp_path)
    monkeypatch.setattr(kernel_cache, "kernel_hash", lambda: "0" * 12)
    first = interrupted(TINY, tmp_path, monkeypatch, 1)
    said, content = [], edited(TINY, sweep__seeds=110)
    assert digests(swept(content, tmp_path, said.append)) == alone(content)
    assert counts(said) == [first.trials, 60, 0, 600 - first.trials]


@pytest.mark.parametrize("name", ["trials.csv", "curves.csv", "weights-3-2-1.npz"])
def test_rows_of_changed_tables_are_not_used_and_that_is_said(results, alone, monkeypatch, name):
    folder = results()
    content = bytearray((folder / "mixed" / name).read_bytes())
    content[-40] ^= 1
    (folder / "mixed" / name).write_bytes(content)
    more = edited(ALL, sweep__0__seeds=24)
    undisturbed, said, counted = alone(more), [], Counted(monkeypatch)
    assert digests(swept(more, folder, said.append)) == undisturbed
    assert counted.trials == 450
    (line,) = said
    assert str(folder / "mixed" / name) in line
    assert f"nothing of {folder / 'mixed'} is used again" in line


def test_damaged_rows_are_named_and_computed_again(tmp_path, alone, monkeypatch):
    swept(TINY, tmp_path)
    content = edited(TINY, sweep__seeds=200)
    first = interrupted(content, tmp_path, monkeypatch, 1)
    *_, victim = sorted((tmp_path / "tiny").glob("unfinished/*/reused-*.rows"))
    damaged = bytearray(victim.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    victim.write_bytes(damaged)
    undisturbed, said, counted = alone(content), [], Counted(monkeypatch)
    assert digests(swept(content, tmp_path, said.append)) == undisturbed
    assert 1200 - first.trials > counted.trials > 600 - first.trials
    (line,) = said
    assert str(victim) in line


def test_a_fresh_sweep_takes_nothing_and_keeps_old_results_until_its_own_are_complete(results, monkeypatch):
    folder = results()
    old = digests(folder / "mixed")
    interrupted(ALL, folder, monkeypatch, 3, fresh=True)
    assert digests(folder / "mixed") == old
    said, counted = [], Counted(monkeypatch)
    assert digests(swept(ALL, folder, said.append, fresh=True)) == old
    assert (counted.trials, said) == (390, [])


def test_gathering_that_is_cut_off_loses_nothing(tmp_path, alone, monkeypatch):
    """Killed before the new plan stands: the old one can still be carried on, and edited again."""
    first = interrupted(TINY, tmp_path, monkeypatch, 1)
    more = edited(TINY, sweep__seeds=130)
    for _ in range(2):
        with monkeypatch.context() as patched, pytest.raises(ZeroDivisionError):
            patched.setattr(Begun, "write", lambda *_: 1 / 0)
            swept(more, tmp_path)
    second = interrupted(TINY, tmp_path, monkeypatch, 1)
    undisturbed, counted = alone(more), Counted(monkeypatch)
    assert digests(swept(more, tmp_path)) == undisturbed
    assert counted.trials == 780 - first.trials - second.trials


def test_old_chunks_that_were_not_removed_are_removed(tmp_path, alone, monkeypatch):
    """Killed between the new plan and the end of the old one's chunks."""
    interrupted(TINY, tmp_path, monkeypatch, 2)
    more = edited(TINY, sweep__seeds=130)
    with monkeypatch.context() as patched, pytest.raises(ZeroDivisionError):
        patched.setattr(Conductor, "run", lambda *_: 1 / 0)
        patched.setattr("shutil.rmtree", lambda *_, **__: None)
        swept(more, tmp_path)
    assert len([*(tmp_path / "tiny" / "unfinished").glob("*/")]) == 2
    interrupted(more, tmp_path, monkeypatch, 0)
    assert len([*(tmp_path / "tiny" / "unfinished").glob("*/")]) == 1
    assert digests(swept(more, tmp_path)) == alone(more)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_chain_of_edits_changes_a_byte(tmp_path_factory, data):
    values = {
        "hidden": [1, 2, 3],
        "learning_rate": [0.1, 1.0, 5.0],
        "W1[0,0]": [0.5, 0.25],
        "scale": [1.0, 2.0],
        "epochs": [3, 5],
    }
    axes = {key: st.lists(st.sampled_from(of), min_size=1, unique=True) for key, of in values.items()}
    seeds = st.sampled_from([3, 70, [0, 7, 3], {"first": 2, "count": 64}])
    grids = st.fixed_dictionaries({"hidden": axes.pop("hidden"), "seeds": seeds}, optional=axes)
    records = st.fixed_dictionaries(
        {"weights": st.booleans(), "fate": st.booleans(), "curve": st.sampled_from([[], [0, 2]])}
    )
    folder, content = tmp_path_factory.mktemp("chain"), {"name": "chain", "task": "xor"}
    for _ in range(3):
        content |= {"sweep": data.draw(st.lists(grids, min_size=1, max_size=2)), "record": data.draw(records)}
        experiment = read(content)
        if data.draw(st.booleans()):
            with pytest.MonkeyPatch.context() as patched:
                Counted(patched, 1)
                try:
                    swept(content, folder)
                except KeyboardInterrupt:
                    continue
    assert experiment
    assert digests(swept(content, folder)) == digests(swept(content, tmp_path_factory.mktemp("alone")))
