"""Sums of what trials add, by seed, as a matrix: drawing seeds is then multiplying matrices."""

from typing import TYPE_CHECKING, Union

import numpy as np

from runner.analysis.grouping import Floats, Whole

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Matrix = Union[Floats, "csr_array"]  # a row a configuration or another group of trials, a column a seed
MOST = 2000  # seeds that are drawn one by one
_FULL = 0.1  # the share of cells in use from which on a matrix with all cells is the quicker one


def by_seed(values: Floats, row: Whole, seed: Whole, rows: int, most: int = MOST) -> Matrix:
    """Return the sums of values by row and seed; the columns are the seeds that occur, in their order.

    More than `most` seeds are put together into as many groups, which scatter as the seeds do: these are independent.
    """
    column = np.unique(seed, return_inverse=True)[1] % most
    shape = rows, int(column.max(initial=-1)) + 1
    if len(values) >= _FULL * shape[0] * shape[1]:
        sums = np.bincount(row * shape[1] + column, values, shape[0] * shape[1])
        return sums.astype(np.float64, copy=False).reshape(shape)
    from scipy.sparse import csr_array

    return csr_array((values, (row, column)), shape)


def squares(matrix: Matrix) -> Floats:
    """Return the sum of the squares of each row."""
    if isinstance(matrix, np.ndarray):
        return np.asarray(np.einsum("ij,ij->i", matrix, matrix), np.float64)
    return np.asarray(matrix.multiply(matrix).sum(axis=1), np.float64)


def dense(matrix: Matrix) -> Floats:
    """Return a matrix, or some rows of one, with all its cells."""
    return matrix if isinstance(matrix, np.ndarray) else np.asarray(matrix.toarray())
