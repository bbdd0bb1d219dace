import numpy as np
import pytest

from runner.analysis.seeds import by_seed, dense, squares


@pytest.mark.parametrize("rows", [3, 4000])  # with all cells, and with those in use only
def test_sums_are_by_row_and_seed(rows):
    stream = np.random.default_rng(0)
    row, seed, values = stream.integers(3, size=500), stream.integers(40, size=500), stream.normal(size=500)
    found = by_seed(values, row, seed, rows)
    assert isinstance(found, np.ndarray) == (rows == 3)
    expected = np.zeros((rows, 40))
    np.add.at(expected, (row, seed), values)
    np.testing.assert_allclose(dense(found), expected)
    np.testing.assert_allclose(squares(found), (expected**2).sum(axis=1))
    np.testing.assert_allclose(dense(found[[1]])[0], expected[1])


def test_many_seeds_are_put_together_into_groups_that_scatter_alike():
    values = np.random.default_rng(1).normal(size=200_000)
    found = by_seed(values, np.zeros(200_000, np.int64), np.arange(200_000), 1, most=1000)
    assert found.shape == (1, 1000)
    assert squares(found)[0] == pytest.approx((values**2).sum(), rel=0.1)
