import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.experiment.reading import read
from runner.planning import union
from runner.planning.gathering import Gathering
from runner.planning.plan import plan
from tests.runner.planning.test_plan import BASE, grids, listed, planned

several = st.lists(grids(), min_size=1, max_size=4)


def content(tables):
    return BASE | {"sweep": tables if len(tables) > 1 else tables[0]}


@settings(max_examples=60, deadline=None)
@given(several, st.integers(1, 5))
def test_a_union_is_the_listing_whatever_the_size_of_its_blocks(tables, block):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(union, "_BLOCK", block)
        assert planned(content(tables)) == listed(content(tables))


@settings(max_examples=60, deadline=None)
@given(several)
def test_a_place_in_a_grid_leads_to_levels_and_back(tables):
    laid_out = plan(read(content(tables)))
    every = laid_out.level(np.arange(laid_out.configurations))
    for product in laid_out.products:
        places = np.arange(product.count)
        assert product.find(product.levels(places)).tolist() == places.tolist()
        found = product.find(every)
        assert sorted(found[found >= 0]) == places.tolist()


@settings(max_examples=60, deadline=None)
@given(several, st.data())
def test_the_trials_of_configurations_are_gathered(tables, data):
    laid_out = plan(read(content(tables)))
    configurations, _ = laid_out.locate(np.arange(laid_out.trials))
    start = data.draw(st.integers(0, laid_out.configurations - 1))
    stop = data.draw(st.integers(start + 1, laid_out.configurations))
    gathering = Gathering(laid_out)
    found = [
        (trial + k, configuration + k // seeds)
        for trial, configuration, count, seeds in gathering.pieces(start, stop)
        for k in range(count * seeds)
    ]
    expected = [(t, c) for t, c in enumerate(configurations.tolist()) if start <= c < stop]
    assert sorted(found) == expected
    assert gathering.counts(start, stop).tolist() == np.bincount(configurations)[start:stop].tolist()

    few, most = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 20))
    cuts = list(gathering.cuts(start, stop, few, most))
    assert [k for first, last in cuts for k in range(first, last)] == list(range(start, stop))
    for first, last in cuts:
        assert last - first == 1 or (last - first <= few and gathering.counts(first, last).sum() <= most)


def test_seeds_that_follow_one_another_are_not_listed():
    """Of 10,000 million of them there is no room for a list."""
    axes = {"learning_rate": [0.1, 0.2]}
    first = {"first": 0, "count": 3 * 10**9}
    tables = [{"seeds": first, **axes}, {"seeds": {"first": 2 * 10**9, "count": 2 * 10**9}, **axes}]
    laid_out = plan(read(content(tables)))
    assert [strip.seeds for strip in laid_out.strips] == [range(3 * 10**9), range(3 * 10**9, 4 * 10**9)]
    assert laid_out.trials == 8 * 10**9
    configuration, seed = laid_out.locate(np.array([laid_out.trials - 1]))
    assert (configuration[0], seed[0]) == (1, 4 * 10**9 - 1)


def test_grids_that_do_not_meet_are_a_strip_each():
    rates = {"start": 0.1, "stop": 1.0, "num": 1000}
    tables = [{"hidden": [hidden], "learning_rate": rates, "threshold": rates} for hidden in (2, 3, 4)]
    laid_out = plan(read(content(tables)))
    assert [(strip.grid, strip.count, strip.new) for strip in laid_out.strips] == [(g, 10**6, True) for g in range(3)]
    assert laid_out.contiguous
