"""Random draws against NumPy's own legacy generator."""

import numpy as np
import pytest

from runner.sweeping import kernel_cache

streams = kernel_cache.module("streams")

SEEDS = np.array([*range(2500), 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1], np.uint32)


def drawn(draw, seeds, first, second, order, parameters):
    """What a kernel draws; `order` as the kernel takes it. The memory that it may use is full of noise."""
    seeds = np.asarray(seeds, np.uint32)
    first, second = (np.array(np.broadcast_to(value, len(seeds)), float) for value in (first, second))
    order = np.array(order, np.int64)
    state = np.random.default_rng(0).integers(0, 2**32, (streams.WORDS, streams.BLOCK), np.uint32)
    out = np.full((len(seeds), parameters), np.nan)
    kernel_cache.compiled(draw, (seeds, first, second, order, state, out))
    draw(seeds, first, second, order, state, out)
    return out


def uniform(seeds, count, low=0.0, high=1.0, order=None):
    return drawn(streams.draw_uniform, seeds, low, high, range(count) if order is None else order, count)


def normal(seeds, count, mean=0.0, std=1.0, order=None):
    return drawn(streams.draw_normal, seeds, mean, std, range(count) if order is None else order, count)


def numpy_draws(method, seeds, count, first, second):
    first, second = (np.broadcast_to(value, len(seeds)) for value in (first, second))
    return np.array(
        [
            getattr(np.random.RandomState(seed), method)(a, b, count)
            for seed, a, b in zip(seeds, first, second, strict=True)
        ]
    )


def assert_same_normals(ours, numpys):
    """One unit in the last place apart at most, and that in few draws: NumPy's come from the C library's logarithm."""
    distance = np.abs(ours - numpys) / np.spacing(np.abs(numpys))
    assert distance.max() <= 1
    assert np.mean(distance > 0) < 0.003


def test_uniform_draws_are_the_bits_of_numpy():
    np.testing.assert_array_equal(uniform(SEEDS, 17), numpy_draws("uniform", SEEDS, 17, 0.0, 1.0))


def test_uniform_draws_are_spread_as_numpy_spreads_them():
    rng = np.random.default_rng(1)
    low = rng.normal(size=len(SEEDS))
    high = low + 10.0 ** rng.uniform(-3, 3, len(SEEDS))
    np.testing.assert_array_equal(uniform(SEEDS, 5, low, high), numpy_draws("uniform", SEEDS, 5, low, high))


@pytest.mark.parametrize("count", [311, 312, 313, 500, 1000])
def test_long_streams_go_through_the_state_again(count):
    """A generator's state is 624 words, two for a number, so that 1000 numbers are three rounds and more."""
    seeds = [0, 1, 99, 2**32 - 1]
    np.testing.assert_array_equal(uniform(seeds, count), numpy_draws("uniform", seeds, count, 0.0, 1.0))
    assert_same_normals(normal(seeds, count), numpy_draws("normal", seeds, count, 0.0, 1.0))


@pytest.mark.parametrize("trials", [0, 1, 2, 31, 32, 33, 64, 65])
@pytest.mark.parametrize("draw", [uniform, normal])
def test_blocks_may_be_full_or_not(draw, trials):
    np.testing.assert_array_equal(draw(SEEDS[:trials], 3), draw(SEEDS[:100], 3)[:trials])


@pytest.mark.parametrize("draw", [uniform, normal])
def test_draws_of_a_seed_do_not_depend_on_its_place(draw):
    places = np.random.default_rng(2).permutation(200)
    np.testing.assert_array_equal(draw(SEEDS[places], 9), draw(SEEDS[:200], 9)[places])
    same = draw([7] * 70, 9)
    np.testing.assert_array_equal(same, same[[0] * 70])


@pytest.mark.parametrize("count", [1, 2, 9])
def test_normal_draws_are_those_of_numpy(count):
    assert_same_normals(normal(SEEDS, count), numpy_draws("normal", SEEDS, count, 0.0, 1.0))


def test_points_outside_the_circle_are_drawn_again():
    """The polar method passes over them; seeds whose first one or two points lie outside are picked for it."""
    points = 2 * numpy_draws("uniform", SEEDS, 4, 0.0, 1.0) - 1
    outside = points[:, 0::2] ** 2 + points[:, 1::2] ** 2 >= 1
    for seeds in (SEEDS[outside[:, 0]], SEEDS[outside.all(1)], SEEDS[~outside[:, 0] & outside[:, 1]]):
        assert len(seeds) > 50
        assert_same_normals(normal(seeds, 3), numpy_draws("normal", seeds, 3, 0.0, 1.0))


def test_normal_draws_are_spread_by_mean_and_deviation():
    rng = np.random.default_rng(3)
    mean, std = rng.normal(size=len(SEEDS)), 10.0 ** rng.uniform(-3, 3, len(SEEDS))
    expected = mean[:, None] + std[:, None] * normal(SEEDS, 5)
    np.testing.assert_array_equal(normal(SEEDS, 5, mean, std), expected)


@pytest.mark.parametrize("draw", [uniform, normal])
def test_order_says_where_each_draw_goes(draw):
    straight = draw(SEEDS[:70], 12)
    order = [4, -1, 0, -1, -1, 3, -1, 2, 5, -1, -1, 1]
    ordered = draw(SEEDS[:70], 6, order=order)
    for place, target in enumerate(order):
        if target >= 0:
            np.testing.assert_array_equal(ordered[:, target], straight[:, place])


@pytest.mark.parametrize("draw", [uniform, normal])
def test_nothing_but_the_places_of_the_order_is_written(draw):
    out = draw(SEEDS[:40], 4, order=[-1, 2, -1, 0])
    assert np.isnan(out[:, [1, 3]]).all()
    assert not np.isnan(out[:, [0, 2]]).any()
    assert np.isnan(draw(SEEDS[:40], 4, order=[])).all()


def test_the_global_generator_of_numpy_is_left_alone():
    before = np.random.get_state()  # noqa: NPY002 - the one that notebooks seed
    uniform(SEEDS[:40], 400)
    normal(SEEDS[:40], 401)
    after = np.random.get_state()  # noqa: NPY002
    assert [before[0], *before[2:]] == [after[0], *after[2:]]
    np.testing.assert_array_equal(before[1], after[1])
