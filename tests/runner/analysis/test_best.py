import math
from itertools import product

import numpy as np
import pytest

from runner.analysis import best as module
from runner.analysis.best import best
from tests.runner.analysis.tables import BUDGET, run_lengths, trials


def drawn(stream, rates, size, shared=0.0):
    """Run lengths of configurations with these rates, of which seeds share a part."""
    own = stream.normal(size=(2, len(rates), size)) * math.sqrt(1 - shared)
    chance, slow = own + math.sqrt(shared) * stream.normal(size=(2, 1, size))
    times = np.ceil(np.exp(5 + 0.8 * slow))
    order = np.sort(stream.normal(size=100_000))
    limits = order[np.minimum((np.asarray(rates) * len(order)).astype(int), len(order) - 1)]
    return np.where((chance < limits[:, np.newaxis]) & (times <= BUDGET), times, math.inf)


def test_the_best_is_chosen_on_one_half_and_judged_on_the_other():
    times = run_lengths(np.random.default_rng(0), "gamma", 0.7, (6, 100))
    some = trials(times)
    found = best(some)
    choosing = some.choosing[some.configuration == 0]
    costs = [np.minimum(row[choosing], BUDGET).sum() / (row[choosing] <= BUDGET).sum() for row in times]
    assert found.chosen == int(np.argmin(costs))
    assert (found.choosing, found.scoring) == (50, 50)
    row = times[found.chosen][~choosing]
    judged = found.table.set_index("configuration").loc[found.chosen]
    assert judged["expected_epochs"] == pytest.approx(np.minimum(row, BUDGET).sum() / (row <= BUDGET).sum())
    assert judged["together"]


def test_the_judged_epochs_are_not_better_than_they_are():
    stream, own, judged = np.random.default_rng(1), [], []
    true = np.minimum(times := run_lengths(stream, "gamma", 0.5, 400_000), BUDGET).sum() / (times <= BUDGET).sum()
    for _ in range(60):
        some = trials(run_lengths(stream, "gamma", 0.5, (20, 40)))
        found = best(some)
        judged.append(found.table.set_index("configuration")["expected_epochs"][found.chosen])
        rows = some.configuration == found.chosen
        half = some.time[rows & some.choosing]
        own.append(np.minimum(half, BUDGET).sum() / (half <= BUDGET).sum())
    assert np.mean(own) < 0.8 * true  # the winner's curse
    assert np.mean(judged) > 0.95 * true


def test_ranks_are_by_expected_epochs_and_ties_share_one():
    times = np.array([[300.0] * 20, [100.0] * 20, [100.0] * 20, [math.inf] * 20])
    table = best(trials(times)).table
    assert table["configuration"].tolist() == [1, 2, 0, 3]
    assert table["rank"].tolist() == [1, 1, 3, 4]
    assert np.isinf(table["expected_epochs"].iloc[3])


def test_what_is_much_worse_is_told_apart_and_what_is_as_good_is_not():
    stream = np.random.default_rng(2)
    rates = [0.95] * 5 + [0.3] * 5 + [0.0] * 5
    table = best(trials(drawn(stream, rates, 200))).table.set_index("configuration")["together"].sort_index()
    assert table[:5].all()
    assert not table[5:].any()


@pytest.mark.parametrize("size", [1, 2, 3])
def test_with_few_seeds_nothing_is_told_apart(size):
    times = [[10.0] * size, [500.0] * size, [math.inf] * size]
    found = best(trials(times))
    assert found is None if size == 1 else found.table["together"].all()


def test_there_is_no_best_where_none_converged_or_one_is_alone():
    assert best(trials([[math.inf] * 9, [math.inf] * 9])) is None
    assert best(trials([[5.0] * 9])) is None


def test_what_converged_before_any_update_is_best_without_a_warning():
    table = best(trials([[0.0] * 30, [0.0] * 30, [900.0] * 30])).table.set_index("configuration")
    assert table["rank"].sort_index().tolist() == [1, 1, 3]
    assert table["together"][[0, 1]].all()


def test_the_same_table_gives_the_same_answer_and_the_order_of_rows_does_not_matter():
    times = run_lengths(np.random.default_rng(3), "gamma", 0.6, (8, 60))
    assert best(trials(times)).table.equals(best(trials(times)).table)


def test_configurations_that_are_as_good_all_stay_in_95_percent_of_tables(monkeypatch):
    monkeypatch.setattr(module, "DRAWS", 200)
    stream, kept = np.random.default_rng(4), []
    for count, size, rate, shared in product((2, 8, 30), (30, 100), (0.3, 0.9), (0.0, 0.7)):
        for _ in range(20):
            found = best(trials(drawn(stream, [rate] * count, size, shared)))
            kept.append(found.table["together"].all())
    assert 0.93 <= np.mean(kept) <= 0.985  # of 480 tables: two standard errors are 0.02
