"""exp, sigmoid and log against arithmetic of higher precision, in units in the last place of the exact result.

The bounds are the figures of the docstrings. Beside random points stand the worst ones that a search of some 10**8
points found; the single precision figures come from all points there are.
"""

import mpmath
import numba
import numpy as np
import pytest

from kernels import elementary
from kernels.lanes import FLOAT32, FLOAT64, aligned
from kernels.views import as_lanes

EXP = {"float64": 1.7, "float32": 1.7}
SIGMOID = {"float64": 2.55, "float32": 2.52}
LOG = 0.5006
KINDS = {"float64": FLOAT64, "float32": FLOAT32}
LN2 = float(np.log(2))


@numba.njit(error_model="numpy")
def exp_of(kind, x, out):
    x, out = as_lanes(x, kind), as_lanes(out, kind)
    for i in range(x.shape[0]):
        out[i] = elementary.exp(x[i])


@numba.njit(error_model="numpy")
def sigmoid_of(kind, x, out):
    x, out = as_lanes(x, kind), as_lanes(out, kind)
    for i in range(x.shape[0]):
        out[i] = elementary.sigmoid(x[i])


@numba.njit(error_model="numpy")
def log_of(x, out):
    for i in range(len(x)):
        out[i] = elementary.log(x[i])


def applied(function, x):
    x = np.asarray(x)
    kind = KINDS[x.dtype.name]
    padded = aligned((-(-len(x) // kind.width), kind.width), x.dtype)
    padded.ravel()[: len(x)] = x
    out = aligned(padded.shape, x.dtype)
    function(kind, padded, out)
    return out.ravel()[: len(x)]


def logged(x):
    out = np.empty(len(x))
    log_of(np.asarray(x, float), out)
    return out


def exact_sigmoid(x):
    return 1 / (1 + mpmath.exp(-x))


def largest_error(ours, exact):
    """In float64 units of the last place; `exact` holds numbers of mpmath."""
    worst = 0.0
    for value, true in zip(ours.tolist(), exact, strict=True):
        exponent = max(mpmath.frexp(true)[1] - 53, -1074)
        worst = max(worst, float(abs(mpmath.ldexp(value - true, -exponent))))
    return worst


def largest_error_of_single(ours, exact):
    """In float32 units of the last place; `exact` is float64, which errs by less than 1e-8 of such a unit."""
    exponent = np.maximum(np.frexp(exact)[1] - 24, -149)
    return float(np.max(np.abs(ours - exact) / np.ldexp(1.0, exponent)))


def near(rng, centres, smallest):
    """Points at all distances from the centres, from 2**smallest of them upwards."""
    return centres * (1 + rng.choice([-1, 1], len(centres)) * 2.0 ** rng.uniform(smallest, -5, len(centres)))


def doubles(lowest, highest):
    """Points of a range, tiny ones, and points around those where the reduction changes its integer."""
    count, rng = 6000, np.random.default_rng(20)
    integers = rng.integers(int(lowest / LN2), int(highest / LN2), count)
    found = [
        rng.uniform(lowest, highest, count),
        rng.uniform(-2, 2, count),
        rng.choice([-1, 1], count) * 2.0 ** rng.uniform(-1074, 1, count),
        near(rng, (integers + 0.5) * LN2, -52),
        near(rng, integers * LN2, -52),
    ]
    x = np.concatenate(found)
    return x[(x > lowest) & (x < highest)]


def singles(lowest, highest):
    """Every 199th float32 of a range, of those at least 2**-20 and those at most -2**-20."""
    first, last = np.array([2.0**-20, max(-lowest, highest)], np.float32).view(np.uint32)
    x = np.arange(first, last, 199, np.uint32).view(np.float32)
    x = np.concatenate([x, -x])
    return x[(x > lowest) & (x < highest)]


EXP_WORST = [-0.9526629528675716, -0.9583451161843812, 55.17417533604248]
SIGMOID_WORST = [-1.9533611070965806, -1.9462949917048693, -1.9552801932598456]
EXP_WORST_SINGLE, SIGMOID_WORST_SINGLE = 36.46896743774414, -1.9559175968170166
LOG_WORST = ["0x1.66b82a8595375p-1", "0x1.6a09ad54d3671p-1", "0x1.6776ce9092745p-1"]


def test_exp_of_double_precision():
    x = np.concatenate([doubles(-745.1, 709.78), EXP_WORST])
    with mpmath.workprec(120):
        worst = largest_error(applied(exp_of, x), [mpmath.exp(value) for value in x.tolist()])
    assert 1.65 < worst <= EXP["float64"]


def test_sigmoid_of_double_precision():
    middle = np.random.default_rng(21).uniform(-38, 38, 6000)
    x = np.concatenate([doubles(-709.436, 40), middle, SIGMOID_WORST])
    with mpmath.workprec(120):
        worst = largest_error(applied(sigmoid_of, x), [exact_sigmoid(value) for value in x.tolist()])
    assert 2.5 < worst <= SIGMOID["float64"]


def test_exp_of_single_precision():
    x = np.append(singles(-103.97, 88.72), np.float32(EXP_WORST_SINGLE))
    assert 1.65 < largest_error_of_single(applied(exp_of, x), np.exp(x.astype(float))) <= EXP["float32"]


def test_sigmoid_of_single_precision():
    x = np.append(singles(-88.376, 30), np.float32(SIGMOID_WORST_SINGLE))
    exact = 1 / (1 + np.exp(-x.astype(float)))
    assert 2.5 < largest_error_of_single(applied(sigmoid_of, x), exact) <= SIGMOID["float32"]


def test_log_is_nearly_always_the_nearest_number():
    count, rng = 6000, np.random.default_rng(22)
    everywhere = rng.integers(1, 0x7FF0000000000000, count).view(np.float64)
    subnormal = rng.integers(1, 2**52, count).view(np.float64)
    ones, roots = np.ones(count), np.sqrt(0.5) * 2.0 ** rng.integers(-3, 4, count)
    found = [everywhere, subnormal, rng.random(count), near(rng, ones, -53), near(rng, roots, -53)]
    x = np.concatenate([*found, list(map(float.fromhex, LOG_WORST))])
    with mpmath.workprec(120):
        exact = [mpmath.log(value) for value in x.tolist()]
        ours = logged(x)
        worst = largest_error(ours, exact)
        wrong = sum(value != float(true) for value, true in zip(ours.tolist(), exact, strict=True))
    assert 0.5 < worst <= LOG
    assert len(LOG_WORST) <= wrong <= len(LOG_WORST) + 10  # of 30,000


# The last numbers before a result that is exactly 0, 1 or infinite, and the first ones at it.
ENDS = [
    (exp_of, "float64", -745.1332191019411, -745.1332191019412, 0),
    (exp_of, "float64", 709.782712893384, 709.7827128933841, np.inf),
    (exp_of, "float32", -103.97208, -103.972084, 0),
    (exp_of, "float32", 88.72283, 88.72284, np.inf),
    (sigmoid_of, "float64", -709.436139303104, -709.4361393031041, 0),
    (sigmoid_of, "float64", 36.86634385609271, 36.86634385609272, 1),
    (sigmoid_of, "float32", -88.37627, -88.376274, 0),
    (sigmoid_of, "float32", 16.765453, 16.765455, 1),
]


@pytest.mark.parametrize(("function", "precision", "inside", "beyond", "end"), ENDS)
def test_ends_are_reached_exactly_and_kept(function, precision, inside, beyond, end):
    dtype = np.dtype(precision).type
    assert dtype(beyond) == np.nextafter(dtype(inside), dtype(np.copysign(np.inf, beyond)))
    outside = dtype(beyond) * np.geomspace(1, np.finfo(dtype).max / abs(beyond) / 2, 1000, dtype=dtype)
    assert applied(function, np.array([inside], dtype))[0] != end
    np.testing.assert_array_equal(applied(function, outside), end)
    np.testing.assert_array_equal(applied(function, np.array([np.copysign(np.inf, beyond)], dtype)), end)


@pytest.mark.parametrize("precision", KINDS)
def test_zero_of_either_sign_has_exact_images(precision):
    zeros = np.array([0.0, -0.0], precision)
    np.testing.assert_array_equal(applied(exp_of, zeros), 1)
    np.testing.assert_array_equal(applied(sigmoid_of, zeros), 0.5)


@pytest.mark.parametrize("function", [exp_of, sigmoid_of])
@pytest.mark.parametrize("precision", KINDS)
def test_nan_of_any_payload_and_sign_stays_nan(precision, function):
    """Also those whose low bits, taken for an exponent, would make a number of them."""
    mantissa, bits = {"float64": (52, np.uint64), "float32": (23, np.uint32)}[precision]
    random = np.random.default_rng(23).integers(1, 2**mantissa, 2000)
    payloads = np.unique([1, 2**mantissa - 1, *(1 << np.arange(mantissa)), *random])
    positive = payloads.astype(bits) | (np.array(np.inf, precision).view(bits))
    negative = positive | bits(1 << (8 * bits().itemsize - 1))
    x = np.concatenate([positive, negative]).view(precision)
    assert np.isnan(x).all()
    assert np.isnan(applied(function, x)).all()


def test_log_at_its_ends():
    edges = [0.0, -0.0, 1.0, np.inf, -np.inf, -1.0, -5e-324, np.nan, -np.nan]
    expected = [-np.inf, -np.inf, 0.0, np.inf, *[np.nan] * 5]
    np.testing.assert_array_equal(logged(edges), expected)
