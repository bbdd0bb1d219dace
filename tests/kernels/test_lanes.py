"""Operations of `Lanes`, lane by lane against NumPy's and against exact arithmetic."""

import itertools
from fractions import Fraction

import numba
import numpy as np
import pytest
from numba.core.errors import TypingError

from kernels.lanes import FLOAT32, FLOAT64, LaneKind, aligned, clip, fma, polynomial
from kernels.views import as_lanes

KINDS = [LaneKind(dtype, width) for dtype in (np.float64, np.float32) for width in (8, 16, 32, 64)]
NUMBER = 0.1  # not a float32: beside lanes of those it has to be rounded
COEFFICIENTS = (0.1, -2.0, 3.0, 0.7)
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.dtype}x{kind.width}")


@numba.njit(error_model="numpy")
def operate(kind, a, b, c, number, whole, out):
    a, b, c, out = as_lanes(a, kind), as_lanes(b, kind), as_lanes(c, kind), as_lanes(out, kind)
    for i in range(a.shape[0]):
        x, y, z = a[i], b[i], c[i]
        out[i, 0], out[i, 1], out[i, 2], out[i, 3] = x + y, x - y, x * y, x / y
        out[i, 4], out[i, 5], out[i, 6], out[i, 7] = x + number, number - x, x * whole, number / x
        out[i, 8], out[i, 9] = -x, abs(x)
        out[i, 10], out[i, 11], out[i, 12] = fma(x, y, z), fma(number, y, z), fma(x, y, whole)
        out[i, 13], out[i, 14] = clip(x, y, abs(y) + 1.0), clip(x, -1.0, 2.0)
        out[i, 15], out[i, 16] = polynomial(x, COEFFICIENTS), whole


@numba.njit(error_model="numpy")
def compare(kind, a, b, number, out):
    a, b = as_lanes(a, kind), as_lanes(b, kind)
    for i in range(a.shape[0]):
        x, y = a[i], b[i]
        out[i, 0], out[i, 1], out[i, 2] = x < y, x <= y, x > y
        out[i, 3], out[i, 4], out[i, 5] = x < number, number <= x, number < x


def spread(kind, values):
    """An array (rows, width) that holds every value, the last row filled up with ones."""
    values = np.asarray(values, kind.dtype)
    array = aligned((-(-len(values) // kind.width), kind.width), kind.dtype)
    array[...] = 1
    array.ravel()[: len(values)] = values
    return array


def pairs(kind):
    """Two arrays in which each of some special and ordinary numbers meets each other one."""
    info = np.finfo(kind.dtype)
    special = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, info.max, info.tiny, info.smallest_subnormal, NUMBER]
    ordinary = np.random.default_rng(1).normal(size=14)
    numbers = np.concatenate([special, ordinary]).astype(kind.dtype)
    left, right = zip(*itertools.product(numbers, repeat=2), strict=True)
    return spread(kind, left), spread(kind, right)


def nearest(exact, dtype):
    """The number of `dtype` nearest to a fraction, the even one of two."""
    guess = dtype.type(float(exact))
    around = [np.nextafter(guess, dtype.type(-np.inf)), guess, np.nextafter(guess, dtype.type(np.inf))]
    bits = {8: np.int64, 4: np.int32}[dtype.itemsize]
    return min(around, key=lambda number: (abs(Fraction(float(number)) - exact), number.view(bits) & 1))


def assert_same_numbers(ours, expected, name):
    """Equal in value and in the sign of zero; a NaN for a NaN."""
    np.testing.assert_array_equal(ours, expected, err_msg=name)
    there = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(ours)[there], np.signbit(expected)[there], err_msg=name)


@every_kind
def test_operations_are_those_of_numpy(kind):
    x, y = pairs(kind)
    out = aligned((len(x), 17, kind.width), kind.dtype)
    operate(kind, x, y, y, NUMBER, 3, out)
    number, whole = kind.dtype.type(NUMBER), kind.dtype.type(3)
    with np.errstate(all="ignore"):
        expected = {
            0: x + y,
            1: x - y,
            2: x * y,
            3: x / y,
            4: x + number,
            5: number - x,
            6: x * whole,
            7: number / x,
            8: -x,
            9: np.abs(x),
            13: np.where(x < y, y, np.where(x > np.abs(y) + 1, np.abs(y) + 1, x)),
            14: np.where(x < -1, -1, np.where(x > 2, 2, x)).astype(kind.dtype),
            16: np.full_like(x, 3),
        }
    for place, values in expected.items():
        assert_same_numbers(out[:, place], values, f"operation {place}")


@every_kind
def test_comparisons_answer_with_a_bit_a_lane(kind):
    x, y = pairs(kind)
    out = np.full((len(x), 6), 0xAA, np.uint64)
    compare(kind, x, y, NUMBER, out)
    number = kind.dtype.type(NUMBER)
    for place, answers in enumerate([x < y, x <= y, x > y, x < number, number <= x, number < x]):
        masks = [sum(int(answer) << lane for lane, answer in enumerate(row)) for row in answers]
        assert [int(mask) for mask in out[:, place]] == masks


@every_kind
def test_fused_operations_round_once(kind):
    """The third operand nearly cancels the product, so that only its exact low half is left."""
    rng = np.random.default_rng(2)
    x, y = spread(kind, rng.normal(size=kind.width)), spread(kind, rng.normal(size=kind.width))
    z = spread(kind, (-x * y).ravel())
    out = aligned((1, 17, kind.width), kind.dtype)
    operate(kind, x, y, z, NUMBER, 3, out)
    number = kind.dtype.type(NUMBER)
    coefficients = [kind.dtype.type(coefficient) for coefficient in COEFFICIENTS]

    def fused(a, b, c):
        return nearest(Fraction(float(a)) * Fraction(float(b)) + Fraction(float(c)), kind.dtype)

    for lane in range(kind.width):
        a, b, c = x[0, lane], y[0, lane], z[0, lane]
        assert out[0, 10, lane] == fused(a, b, c) != 0
        assert out[0, 11, lane] == fused(number, b, c)
        assert out[0, 12, lane] == fused(a, b, 3)
        value = coefficients[-1]
        for coefficient in coefficients[-2::-1]:
            value = fused(value, a, coefficient)
        assert out[0, 15, lane] == value


@numba.njit(error_model="numpy")
def fma_of_numbers(a, b, c):
    return fma(a, b, c)


def test_fma_of_numbers_rounds_once():
    for a, b in np.random.default_rng(3).normal(size=(100, 2)):
        exact = Fraction(a) * Fraction(b) - Fraction(a * b)
        assert fma_of_numbers(a, b, -(a * b)) == float(exact)


@numba.njit(error_model="numpy")
def store_and_read(kind, numbers, lane):
    view = as_lanes(numbers, kind)
    first = numbers[1, 2, lane]
    view[1, 2] = view[0, 1] + 1.0
    view[0, 0] = 7.0
    numbers[1, 1, lane] = -5.0
    view[1, 0] = view[1, 1]
    return view.shape, first, numbers[1, 2, lane]


@every_kind
def test_view_and_array_are_the_same_memory(kind):
    numbers = aligned((2, 3, kind.width), kind.dtype)
    numbers[...] = np.arange(numbers.size).reshape(numbers.shape)
    expected = numbers.copy()
    shape, before, after = store_and_read(kind, numbers, 3)
    assert (shape, before, after) == ((2, 3), expected[1, 2, 3], expected[0, 1, 3] + 1)
    expected[1, 2] = expected[0, 1] + 1
    expected[0, 0] = 7
    expected[1, 1, 3] = -5
    expected[1, 0] = expected[1, 1]
    np.testing.assert_array_equal(numbers, expected)


@pytest.mark.parametrize("shape", [(8,), (3, 64), (2, 5, 32), (1, 1, 16)])
def test_aligned_arrays_are_zero_and_aligned(shape):
    for dtype in (np.float64, np.float32):
        arrays = [aligned(shape, dtype) for _ in range(5)]
        for array in arrays:
            assert (array.shape, array.dtype, array.ctypes.data % 512) == (shape, dtype, 0)
            assert array.flags.c_contiguous
            assert not array.any()


def test_lanes_of_two_kinds_do_not_mix():
    @numba.njit
    def mixed(one, other, a, b):
        return as_lanes(a, one)[0] < as_lanes(b, other)[0]

    with pytest.raises(TypingError):
        mixed(FLOAT64, FLOAT32, aligned((1, 32), np.float64), aligned((1, 64), np.float32))
