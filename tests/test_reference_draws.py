import numpy as np

from tests import reference


def test_draws_follow_the_order_and_are_those_of_numpy():
    shapes = reference.network_shapes(3, 2, 1, bias=True)
    stream = np.random.RandomState(5).random_sample(100)
    weights = reference.draw(5, shapes, order=["b2", {"skip": 4}, "W1.T", "W2", "b1"])
    np.testing.assert_array_equal(weights.b2, stream[:1])
    np.testing.assert_array_equal(weights.W1, stream[5:11].reshape(2, 3).T)
    np.testing.assert_array_equal(weights.W2, stream[11:13].reshape(2, 1))
    np.testing.assert_array_equal(weights.b1, stream[13:15])


def test_normal_draws_keep_their_pairs_across_parameters():
    stream = np.random.RandomState(5).standard_normal(100)
    weights = reference.draw(
        5, reference.network_shapes(1, 3, 1, bias=False), distribution="normal", order=[{"skip": 1}, "W1", "b1", "W2"]
    )
    np.testing.assert_array_equal(np.append(weights.W1, weights.W2), stream[1:7])
    assert weights.b1 is weights.b2 is None


def test_draws_are_spread_and_scaled():
    shapes = reference.network_shapes(4, 9, 1, bias=True)
    unit = reference.draw(3, shapes)
    spread = reference.draw(3, shapes, low=-2, high=6, scale="1/sqrt(fan_in)")
    for name, fan_in in {"W1": 4, "b1": 4, "W2": 9, "b2": 9}.items():
        expected = (-2 + 8 * getattr(unit, name)) / np.sqrt(fan_in)
        np.testing.assert_allclose(getattr(spread, name), expected, rtol=1e-14)
    normal = reference.draw(3, shapes, distribution="normal", generator="pcg64", mean=1, std=2, scale=3)
    stream = np.random.default_rng(3).standard_normal(55)
    np.testing.assert_allclose(np.concatenate([a.ravel() for a in normal.arrays]), 3 * (1 + 2 * stream), rtol=1e-14)
    np.testing.assert_array_equal(
        reference.draw(3, shapes, generator="pcg64").b1, np.random.default_rng(3).random(45)[36:]
    )
