"""Small tasks, and comparisons, that the tests of more than one module use."""

import numpy as np

XOR = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([[0], [1], [1], [0]])


def assert_same_weights(ours, theirs, tolerance):
    for mine, other in zip(ours.arrays, theirs.arrays, strict=True):
        np.testing.assert_allclose(mine, other, rtol=0, atol=tolerance)
