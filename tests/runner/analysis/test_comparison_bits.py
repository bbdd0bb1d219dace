import math
import struct

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.analysis.comparison_bits import bits, ulps


def frame(**columns):
    size = len(next(iter(columns.values())))
    return pd.DataFrame({"trial": np.arange(size) + 10, "seed": np.arange(size), **columns})


def one(a, b):
    """The only row of a comparison of one column."""
    found, alike = bits(frame(x=a), frame(x=b).assign(trial=lambda rows: rows["trial"] + 90), ["x"])
    return found.iloc[0], alike


@given(st.lists(st.tuples(*[st.floats(width=64) | st.sampled_from([0.0, -0.0, math.nan])] * 2), min_size=1))
def test_floats_are_equal_where_their_bytes_are_and_missing_is_missing(pairs):
    a, b = (np.array(values) for values in zip(*pairs, strict=True))
    expected = [struct.pack("d", x) == struct.pack("d", y) or (x != x and y != y) for x, y in pairs]
    found, alike = one(a, b)
    assert alike.tolist() == expected
    assert (found["equal"], found["different"]) == (sum(expected), len(pairs) - sum(expected))


@pytest.mark.parametrize("precision", [np.float64, np.float32])
@pytest.mark.parametrize("start", [0.1, -3.0, 0.0, 1.0, -1e-40, 5e-324, 0.5])
def test_units_in_the_last_place_count_the_numbers_on_the_way(start, precision):
    a = precision(start)
    b = a
    for steps in range(1, 6):
        b = np.nextafter(b, precision(np.inf))
        assert ulps(np.array([float(a)]), np.array([float(b)]), precision) == steps
        assert ulps(np.array([float(b)]), np.array([float(a)]), precision) == steps


def test_units_in_the_last_place_reach_from_end_to_end():
    largest = np.finfo(np.float64).max
    (far,) = ulps(np.array([-largest]), np.array([largest]), np.float64)
    assert int(far) == 2 * (0x7FEFFFFFFFFFFFFF)
    assert ulps(np.array([0.0]), np.array([-0.0]), np.float64) == 0


def test_the_first_difference_the_largest_and_their_number_are_told():
    a = np.array([0.1, 0.2, 0.3, np.nan, 0.5])
    b = np.array([0.1, np.nextafter(0.2, 1), 0.3 + 1e-15, np.nan, np.nan])
    found, alike = one(a, b)
    assert alike.tolist() == [True, False, False, True, False]
    assert (found["different"], found["one_sided"]) == (3, 1)
    assert (found["trial_a"], found["trial_b"], found["seed"]) == (11, 101, 1)
    assert (found["value_a"], found["value_b"]) == (0.2, b[1])
    assert found["largest_ulps"] == round((b[2] - a[2]) / math.ulp(0.3))
    assert found["largest_distance"] == b[2] - a[2]
    assert found["ulps_of"] == "float64"


def test_numbers_that_are_all_float32_are_counted_in_its_units():
    a = np.float32([0.1, 0.2, 0.3]).astype(float)
    b = np.nextafter(np.float32([0.1, 0.2, 0.3]), np.float32(1)).astype(float)
    found, _ = one(a, b)
    assert (found["largest_ulps"], found["ulps_of"]) == (1, "float32")
    found, _ = one(a, np.where(np.arange(3) == 1, 0.2, b))
    assert found["ulps_of"] == "float64"


@pytest.mark.parametrize(
    ("a", "b", "equal"),
    [
        (pd.Categorical(["x", "y", "x"]), pd.Categorical(["x", "x", "x"], ["z", "x"]), [True, False, True]),
        (pd.array([1, None, 3], "Int64"), pd.array([1, None, None], "Int64"), [True, True, False]),
        ([True, False, True], [True, True, True], [True, False, True]),
        ([1, 2, 3], [1.0, 2.5, 3.0], [True, False, True]),
        (["a", "b", None], np.array(["a", "c", None], object), [True, False, True]),
    ],
)
def test_other_columns_are_equal_where_their_values_are(a, b, equal):
    found, alike = one(a, b)
    assert alike.tolist() == equal
    assert found["different"] == equal.count(False)
    assert found["ulps_of"] == ""


def test_rows_are_alike_where_all_columns_are():
    found, alike = bits(frame(x=[1.0, 2.0, 3.0], y=[1, 2, 3]), frame(x=[1.0, 0.0, 3.0], y=[1, 2, 0]), ["x", "y"])
    assert alike.tolist() == [True, False, False]
    assert found["different"].tolist() == [1, 1]
    assert bits(frame(x=[1.0]), frame(x=[2.0]), [])[1].all()


def test_missing_is_missing_whatever_its_bits():
    other = np.array([0x7FF8000000000001, 0xFFF8000000000000], np.uint64).view(np.float64)
    assert one(np.full(2, np.nan), other)[1].all()
