import math
from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from runner.analysis.effects import effects
from runner.analysis.grouping import grouped
from runner.tables.summary import wilson
from tests.runner.analysis.tables import table


def grid(flags, **axes):
    """A table of a whole grid, the last axis varying fastest; flags (configurations, seeds) say what converged."""
    keys = dict(zip(axes, zip(*product(*axes.values()), strict=True), strict=True))
    return table(np.where(flags, 10.0, math.inf), keys=keys)


def of(flags, **axes):
    return effects(grouped(grid(flags, **axes)))[0]


def test_rates_are_averaged_over_the_other_axes():
    stream = np.random.default_rng(0)
    flags = stream.random((6, 50)) < np.linspace(0.1, 0.9, 6)[:, np.newaxis]
    found = of(flags, hidden=[2, 3], learning_rate=[0.1, 1.0, 10.0])
    assert found["axis"].tolist() == ["hidden"] * 2 + ["learning_rate"] * 3
    assert found["value"].tolist() == [2, 3, 0.1, 1.0, 10.0]
    by_hidden, by_rate = flags.reshape(2, 150).mean(axis=1), flags.reshape(2, 3, 50).mean(axis=(0, 2))
    assert found["rate"].tolist() == pytest.approx([*by_hidden, *by_rate])
    assert found["difference"].tolist() == pytest.approx([*(by_hidden - by_hidden[0]), *(by_rate - by_rate[0])])
    assert found["configurations"].tolist() == [3, 3, 2, 2, 2]
    assert found["trials"].tolist() == [150, 150, 100, 100, 100]
    assert found["paired"].tolist() == [False] * 2 + [True] * 3


def test_a_single_axis_has_wilsons_intervals():
    flags = np.arange(30) < np.array([[25], [0], [30]])
    found = of(flags, hidden=[1, 2, 3])
    low, high = wilson(np.array([25, 0, 30]), np.array([30, 30, 30]))
    assert found["rate_low"].tolist() == pytest.approx(low.tolist())
    assert found["rate_high"].tolist() == pytest.approx(high.tolist())


def test_the_same_seeds_narrow_a_difference_where_they_mean_the_same_weights():
    stream = np.random.default_rng(1)
    once = stream.random(100) < 0.5
    flags = np.stack([once, once ^ (np.arange(100) < 3)])
    paired, apart = of(flags, momentum=[0.0, 0.9]).iloc[1], of(flags, hidden=[2, 3]).iloc[1]
    assert paired["difference"] == apart["difference"]
    width = {name: row["difference_high"] - row["difference_low"] for name, row in (("p", paired), ("a", apart))}
    assert width["p"] < width["a"] / 3


def test_shared_seeds_do_not_count_twice():
    once = np.random.default_rng(2).random(200) < 0.3
    alone = of(np.stack([once, once]), hidden=[2, 3]).iloc[0]
    pooled = of(np.stack([once] * 18), hidden=[2, 3], learning_rate=[float(rate) for rate in range(1, 10)]).iloc[0]
    assert pooled["rate_high"] - pooled["rate_low"] == pytest.approx(alone["rate_high"] - alone["rate_low"], rel=0.01)


def test_the_balanced_part_of_a_union_of_grids_is_compared():
    stream = np.random.default_rng(3)
    some = grid(stream.random((6, 20)) < 0.5, hidden=[2, 3], learning_rate=[0.1, 1.0, 10.0])
    more = grid(stream.random((1, 20)) < 0.5, hidden=[9], learning_rate=[1.0])
    found, notes = effects(grouped(pd.concat([some, more], ignore_index=True)))
    by_hidden = found[found["axis"] == "hidden"]
    assert by_hidden["value"].tolist() == [2, 3]
    assert by_hidden["configurations"].tolist() == [3, 3]
    assert any("of 2 of its 3 values and 6 of 7 configurations" in note for note in notes)


def test_an_axis_that_never_varies_alone_has_no_effect():
    keys = {"learning_rate": [0.1, 1.0], "momentum": [0.0, 0.9]}
    found, notes = effects(grouped(table([[10.0] * 5, [20.0] * 5], keys=keys)))
    assert found.empty
    assert [note.split()[0] for note in notes] == ["learning_rate", "momentum"]


def test_an_empty_cell_is_a_value():
    frame = grid(np.ones((2, 5), bool), momentum=[0.5, 0.9])
    frame["momentum"] = frame["momentum"].astype(float).where(frame["momentum"] > 0.6)
    found = effects(grouped(frame))[0]
    assert found["value"].tolist() == [None, 0.9]


def converging(stream, rates, size, shared):
    """Flags (values, others, seeds) with these rates (values, others); a part of a seed's luck is shared by others."""
    rates = np.asarray(rates)
    luck = math.sqrt(shared) * stream.normal(size=(len(rates), 1, size))
    luck = luck + math.sqrt(1 - shared) * stream.normal(size=(*rates.shape, size))
    return luck < stats.norm.ppf(rates)[..., np.newaxis]


REPEATS = 8
RATES = ([0.2, 0.4, 0.6], [0.02, 0.1, 0.3], [0.7, 0.9, 0.98], [0.05, 0.1], [0.5, 0.5])


def test_average_coverage_of_pooled_rates_is_within_a_point_of_95_percent():
    # Each of 300 values of an axis is a sample of its own.
    stream, covered = np.random.default_rng(5), []
    values = [float(place) for place in range(300)]
    for rates, size, shared in product(RATES, (20, 60, 200), (0.0, 0.6)):
        flags = converging(stream, [rates] * len(values), size, shared).reshape(-1, size)
        found = of(flags, learning_rate=values, hidden=[*range(len(rates))]).iloc[: len(values)]
        true = np.mean(rates)
        covered.append(((found["rate_low"] <= true) & (true <= found["rate_high"])).mean())
    assert 0.94 <= np.mean(covered) <= 0.96
    assert np.min(covered) > 0.88


def test_average_coverage_of_differences_is_within_a_point_of_95_percent():
    stream, covered = np.random.default_rng(6), []
    for first, second, size, shared in product((0.1, 0.5, 0.95), (0.3, 0.9), (20, 60, 200), (0.0, 0.6)):
        for _ in range(REPEATS):
            luck = math.sqrt(shared) * stream.normal(size=size) + math.sqrt(1 - shared) * stream.normal(size=(4, size))
            flags = luck < stats.norm.ppf([first, first, second, second])[:, np.newaxis]
            found = of(flags, momentum=[0.0, 0.9], learning_rate=[1.0, 2.0])
            last = found[found["axis"] == "momentum"].iloc[1]
            covered.append(last["difference_low"] <= second - first <= last["difference_high"])
    assert 0.94 <= np.mean(covered) <= 0.96
