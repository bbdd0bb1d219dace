from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.errors import RunnerError
from runner.experiment.axes import grids, points
from runner.experiment.document import Points
from runner.experiment.spec import Grid

decimals = st.decimals(-1000, 1000, places=3).map(float)


def axis(form, key="learning_rate"):
    return grids({key: form})[0].axes[0].values


@given(decimals, decimals, st.integers(2, 50))
def test_both_ends_of_a_linear_range_are_the_numbers_written(start, stop, num):
    if start == stop:
        return
    found = [float(point) for point in points(Points(start=start, stop=stop, num=num))]
    assert (found[0], found[-1], len(found)) == (start, stop, num)
    assert found == sorted(found, reverse=start > stop)


@given(st.integers(-9, 5), st.integers(1, 6), st.integers(1, 4))
def test_a_log_range_over_decades_hits_every_power_of_ten(low, decades, per_decade):
    form = Points(
        start=float(f"1e{low}"), stop=float(f"1e{low + decades}"), num=decades * per_decade + 1, spacing="log"
    )
    found = [float(point) for point in points(form)]
    assert found[::per_decade] == [float(f"1e{low + decade}") for decade in range(decades + 1)]


@given(st.integers(1, 300))
def test_steps_of_a_tenth_are_the_floats_that_one_would_type(tenths):
    found = axis({"start": 0, "stop": tenths / 10, "num": tenths + 1})
    assert found == tuple(float(f"{tenth // 10}.{tenth % 10}") for tenth in range(tenths + 1))


def test_points_between_have_twelve_digits():
    assert points(Points(start=1.0, stop=2.0, num=4))[1] == Decimal("1.33333333333")
    assert axis({"start": 0.01, "stop": 10.0, "num": 4, "spacing": "log"}) == (0.01, 0.1, 1.0, 10.0)


def test_a_million_points_are_computed():
    assert len(axis({"start": 1e-6, "stop": 1e6, "num": 1_000_000, "spacing": "log"})) == 1_000_000


def test_whole_keys_take_ranges_of_whole_points():
    assert axis({"start": 1, "stop": 16, "num": 5, "spacing": "log"}, "hidden") == (1, 2, 4, 8, 16)
    assert all(isinstance(value, int) for value in axis({"start": 10, "stop": 0, "num": 3}, "epochs"))


def test_axes_keep_the_order_of_the_file():
    (grid,) = grids({"learning_rate": [1], "seeds": 3, "bias": [True, False], "hidden": [2]})
    assert [(axis.key, axis.table) for axis in grid.axes] == [
        ("learning_rate", "training"),
        ("bias", "network"),
        ("hidden", "network"),
    ]


@pytest.mark.parametrize(
    ("form", "seeds"),
    [
        (3, range(3)),
        (2**32, range(2**32)),
        ([7, 0, 99], (7, 0, 99)),
        ({"first": 1000, "count": 500}, range(1000, 1500)),
        ({"first": 2**32 - 1, "count": 1}, range(2**32 - 1, 2**32)),
    ],
)
def test_seeds_are_a_number_or_a_list_or_a_range(form, seeds):
    assert grids({"seeds": form})[0].seeds == seeds


def test_without_a_sweep_there_is_one_trial_and_several_sweeps_are_several_grids():
    assert grids(None) == (Grid((), range(1)),)
    assert [len(grid.seeds) for grid in grids([{"hidden": [1]}, {"seeds": 2}])] == [1, 2]


@pytest.mark.parametrize(
    ("sweep", "words"),
    [
        ({}, ["sweep", "empty"]),
        ([], ["sweep", "table"]),
        (3, ["sweep", "table"]),
        ([{"hidden": [1]}, {}], ["sweep[1]", "empty"]),
        ({"hidden": []}, ["sweep.hidden", "empty"]),
        ({"hidden": 3}, ["sweep.hidden = 3", "[3]"]),
        ({"hidden": [0]}, ["sweep.hidden[0] = 0", "at least 1"]),
        ({"hidden": [1, 4097]}, ["sweep.hidden[1]", "4,096"]),
        ({"hidden": [2.0]}, ["whole number"]),
        ({"hidden": [True]}, ["whole number"]),
        ({"hidden": [2, 3, 2]}, ["holds 2 twice"]),
        ({"learning_rate": [1, 1.0]}, ["sweep.learning_rate", "1.0 twice"]),
        ({"learning_rate": [0.5, "x"]}, ['sweep.learning_rate[1] = "x"', "number"]),
        ({"update": ["batch", "onlin"]}, ['sweep.update[1] = "onlin"', '"online"']),
        ({"scale": ["1/sqrt(fan)"]}, ["1/sqrt(fan_in)", "number"]),
        ({"stop": {"start": 0, "stop": 1, "num": 2}}, ["sweep.stop", "list of values"]),
        ({"hidden": {"start": 1, "stop": 4, "num": 3}}, ["2.5", "not whole"]),
        ({"hidden": {"start": 1, "stop": 9, "step": 2}}, ["sweep.hidden", "step", "start, stop, num and spacing"]),
        ({"hidden": {"start": 1, "stop": 9}}, ["sweep.hidden.num", "missing"]),
        ({"hidden": {"start": 1, "stop": 9, "num": 0}}, ["num = 0", "at least 1"]),
        ({"epochs": {"start": 1, "stop": 9, "num": 1_000_001}}, ["1,000,000"]),
        ({"learning_rate": {"start": 0, "stop": 1, "num": 3, "spacing": "log"}}, ["above 0"]),
        ({"learning_rate": {"start": 0, "stop": 1, "num": 1}}, ["both ends"]),
        ({"learning_rate": {"start": 1, "stop": 1.0000000000000002, "num": 3}}, ["closer than 12"]),
        ({"learning_rate": {"start": 0, "stop": 1, "num": 3, "spacing": "lin"}}, ['"lin"', '"linear"']),
        ({"training.learning_rate": [1]}, ["bare name, learning_rate"]),
        ({"training": {"learning_rate": [1]}}, ["bare name, learning_rate"]),
        ({"distribution": ["normal"]}, ["distribution cannot be an axis"]),
        ({"order": [["W1", "W2"]]}, ["order cannot be an axis"]),
        ({"W1": [[[1]]]}, ["W1 cannot be an axis"]),
        ({"learning_rte": [1]}, ["sweep.learning_rte = [1]", "did you mean learning_rate?"]),
        ({"seed": 5}, ["did you mean seeds?"]),
        ({"seeds": 0}, ["sweep.seeds = 0"]),
        ({"seeds": True}, ["sweep.seeds = true"]),
        ({"seeds": []}, ["sweep.seeds", "empty"]),
        ({"seeds": [1, 1]}, ["1 twice"]),
        ({"seeds": [2**32]}, ["4,294,967,296"]),
        ({"seeds": [-1]}, ["at least 0"]),
        ({"seeds": 2**32 + 1}, ["4294967296"]),
        ({"seeds": {"first": 2**32 - 1, "count": 2}}, ["4294967295"]),
        ({"seeds": {"first": 1}}, ["sweep.seeds.count", "missing"]),
    ],
)
def test_what_is_no_axis_is_refused(sweep, words):
    with pytest.raises(RunnerError) as refused:
        grids(sweep)
    for word in words:
        assert word in str(refused.value)
