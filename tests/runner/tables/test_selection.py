import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.tables import selection
from runner.tables.selection import order_statistics, real_keys, reals

whole = st.integers(-(2**63), 2**63 - 1)
alike = st.integers(0, 3).map(lambda k: k * 2**48) | st.integers(-3, 3)
blocks = st.lists(st.lists(whole | alike, max_size=20), max_size=5)


@settings(max_examples=60, deadline=None)
@given(blocks, st.data())
def test_order_statistics_are_those_of_the_sorted_numbers(parts, data):
    arrays = [np.array(part, np.int64) for part in parts]
    ordered = sorted(number for part in parts for number in part)
    ranks = data.draw(st.lists(st.integers(0, len(ordered) - 1), min_size=1, max_size=8)) if ordered else [0]
    found = order_statistics(lambda: iter(arrays), np.array(ranks))
    assert len(found) == len(ranks)
    if ordered:
        assert found.tolist() == [ordered[rank] for rank in ranks]


@settings(max_examples=60, deadline=None)
@given(blocks.filter(any), st.integers(1, 4), st.integers(0, 3))
def test_what_is_too_much_for_memory_is_cut_again(parts, bits, most):
    ordered = sorted(number for part in parts for number in part)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(selection, "_BITS", bits)
        patch.setattr(selection, "_MOST", most)
        found = order_statistics(lambda: (np.array(part, np.int64) for part in parts), np.arange(len(ordered)))
    assert found.tolist() == ordered


def test_ranks_may_have_any_shape():
    numbers = np.arange(100)[::-1].copy()
    ranks = np.array([[[3], [50]], [[99], [3]]])
    assert np.array_equal(order_statistics(lambda: iter(np.split(numbers, 4)), ranks), ranks)


@settings(deadline=None)
@given(st.lists(st.floats(allow_nan=False), min_size=1))
def test_keys_of_reals_are_in_their_order_and_lead_back(values):
    array = np.array(values)
    keys = real_keys(array)
    assert reals(keys).tobytes() == array.tobytes()
    assert np.array_equal(array[np.argsort(keys, kind="stable")], np.sort(array))


@pytest.mark.parametrize("step", [1, 2])
def test_keys_of_a_part_of_an_array_are_its_own(step):
    table = np.random.default_rng(0).standard_normal((50, 2))[::step, 1]
    assert np.array_equal(reals(real_keys(table)), table)
