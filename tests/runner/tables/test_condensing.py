import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.experiment.reading import read
from runner.planning.plan import plan
from runner.tables import condensing
from runner.tables.condensing import Condenser
from runner.tables.loading import load
from runner.tables.summary import summarise, summarise_one
from tests.runner.planning.test_plan import BASE, grids
from tests.runner.running import digests, swept
from tests.runner.tables.test_summary import arrays, oracle, same
from tests.runner.tables.test_summary import trials as a_trial
from tests.runner.tables.test_trials import in_one_folder


def blocks(columns, size):
    return lambda: (
        tuple(column[start : start + size] for column in columns) for start in range(0, len(columns[0]), size)
    )


@settings(max_examples=25, deadline=None)
@given(st.lists(a_trial, min_size=1, max_size=60), st.integers(5, 60))
def test_a_configuration_that_is_read_in_blocks_has_the_same_summary(group, size):
    number, *columns = arrays([group])
    found, whole = summarise_one(blocks(columns, size)), summarise(number, *columns, 1)
    assert list(found) == list(whole)
    for name, column in found.items():
        assert column.tobytes() == whole[name].tobytes(), name
    for name, value in oracle(group).items():
        assert same(found[name][0], value)


def test_a_configuration_of_many_trials_agrees_with_numpy():
    generator = np.random.default_rng(0)
    outcome = generator.integers(0, 3, 70_000).astype(np.uint8)
    epochs = np.where(outcome == 0, generator.integers(0, 10**6, len(outcome)), -1)
    loss = np.where(generator.random(len(outcome)) < 0.1, np.nan, generator.lognormal(-9, 5, len(outcome)))
    found = summarise_one(blocks((outcome, epochs, loss), 9_999))
    late, finite = np.where(outcome == 0, epochs, np.inf), loss[np.isfinite(loss)]
    for percent in (5, 25, 50, 75, 95):
        quantile = np.quantile(late, percent / 100, method="inverted_cdf")
        assert found[f"epochs_q{percent:02}"].tolist() == [quantile if math.isfinite(quantile) else -1]
        assert found[f"loss_q{percent:02}"].tolist() == [np.quantile(finite, percent / 100)]


def condensed(folder, laid_out, columns, window, held, configurations):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(condensing, "_HELD", held)
        patched.setattr(condensing, "_CONFIGURATIONS", configurations)
        condenser = Condenser(folder, laid_out)
        for start in range(0, laid_out.trials, window):
            condenser.add(*(column[start : start + window] for column in columns))
        condenser.close()
    assert not (folder / "summary.rows").exists()
    return (folder / "summary.csv").read_bytes()


@settings(in_one_folder, max_examples=25)
@given(tables=st.lists(grids(), min_size=1, max_size=3), seed=st.integers(0, 99), data=st.data())
def test_a_summary_has_the_same_bytes_however_little_fits(tmp_path, tables, seed, data):
    laid_out = plan(read(BASE | {"sweep": tables if len(tables) > 1 else tables[0]}))
    generator, count = np.random.default_rng(seed), laid_out.trials
    outcome = generator.choice([0, 0, 1, 2], count).astype(np.uint8)
    epochs = np.where(outcome == 0, generator.integers(0, 9, count), -1)
    loss = np.where(outcome == 2, generator.choice([np.nan, np.inf, 1e300], count), generator.random(count))
    numbers, _ = laid_out.locate(np.arange(count))
    columns = (numbers, outcome, epochs, loss)
    window, held, few = (data.draw(st.integers(1, 20), label=name) for name in ("window", "held", "few"))
    at_once = condensed(tmp_path, laid_out, columns, count, count, laid_out.configurations)
    assert condensed(tmp_path, laid_out, columns, window, held, few) == at_once
    (table,) = (line.split(",") for line in at_once.decode().splitlines()[1:2])
    assert table[1 + len(laid_out.levels)] == str((numbers == 0).sum())


def test_rows_of_an_interrupted_sweep_are_not_taken_for_those_of_the_next(tmp_path):
    content = BASE | {"training": {"epochs": 2}, "sweep": {"seeds": 50, "hidden": [2, 3]}}
    laid_out = plan(read(content))
    some = (np.zeros(30, np.int64), np.zeros(30, np.uint8), np.ones(30, np.int64), np.full(30, 7.0))
    folder = tmp_path / "unfinished"
    folder.mkdir()
    abandoned = Condenser(folder, laid_out)
    abandoned.add(*some)
    abandoned.abandon()
    assert {path.name for path in folder.iterdir()} == {"summary.csv", "summary.rows"}
    numbers, _ = laid_out.locate(np.arange(100))
    columns = (numbers, np.ones(100, np.uint8), np.full(100, -1), np.full(100, 0.5))
    text = condensed(folder, laid_out, columns, 100, 10, 1).decode().splitlines()
    assert [line.split(",")[3:6] + line.split(",")[-5:] for line in text[1:]] == [["50", "0", "0"] + ["0.5"] * 5] * 2


@pytest.mark.parametrize("sweep", [{"seeds": 300}, [{"seeds": 200}, {"hidden": [3, 4], "seeds": [199, 200, 7]}]])
def test_a_sweep_whose_configurations_do_not_fit_has_the_same_tables(tmp_path, monkeypatch, sweep):
    content = BASE | {"training": {"epochs": 40}, "convergence": {"threshold": 0.26}, "sweep": sweep}
    folder = swept(content, tmp_path / "fits")
    assert load(folder).summary["converged"].sum() > 0
    monkeypatch.setattr(condensing, "_HELD", 32)
    assert digests(swept(content, tmp_path / "does not")) == digests(folder)
