"""The arithmetic that an explained script carries, bit for bit, against the kernels' and against exact fractions."""

import math
from fractions import Fraction

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernels import elementary, lanes
from kernels.lanes import FLOAT32, FLOAT64, aligned
from kernels.views import as_lanes
from runner.checking.explain import explain
from tests.runner.running import swept

KINDS = {"float64": FLOAT64, "float32": FLOAT32}


@pytest.fixture(scope="module")
def scripts(tmp_path_factory):
    """What the scripts of both precisions define, without training anything."""
    found = {}
    for precision in KINDS:
        content = {
            "name": precision,
            "task": "xor",
            "init": {"distribution": "normal"},
            "training": {"epochs": 1, "precision": precision},
        }
        text = explain(swept(content, tmp_path_factory.mktemp(precision)), 0)
        found[precision] = {}
        with np.errstate(all="ignore"):
            exec(text[: text.index("# The initial weights")], found[precision])
    return found


@numba.njit(error_model="numpy")
def fma_of(kind, a, b, c, out):
    a, b, c, out = as_lanes(a, kind), as_lanes(b, kind), as_lanes(c, kind), as_lanes(out, kind)
    for i in range(a.shape[0]):
        out[i] = lanes.fma(a[i], b[i], c[i])


@numba.njit(error_model="numpy")
def sigmoid_of(kind, x, out):
    x, out = as_lanes(x, kind), as_lanes(out, kind)
    for i in range(x.shape[0]):
        out[i] = elementary.sigmoid(x[i])


@numba.njit(error_model="numpy")
def log_of(x, out):
    for i in range(len(x)):
        out[i] = elementary.log(x[i])


def of_kernels(function, precision, *arrays):
    """What a kernel makes of arrays, whose length is a multiple of the widest lanes."""
    kind = KINDS[precision]
    padded = []
    for array in (*arrays, np.zeros_like(arrays[0])):
        padded.append(aligned((len(array) // kind.width, kind.width), kind.dtype))
        padded[-1].ravel()[:] = array
    function(kind, *padded)
    return padded[-1].ravel()


def same_bits(ours, theirs):
    nan = np.isnan(ours) & np.isnan(theirs)
    bits = {8: np.int64, 4: np.int32}[ours.dtype.itemsize]
    return nan | (ours.view(bits) == theirs.view(bits))


def hard(precision):
    """Triples a, b, c near every difficulty: cancellation, ties, both ends of the range, zeros, infinities and NaN."""
    rng, count, dtype = np.random.default_rng(30), 64 * 80, np.dtype(precision).type
    info = np.finfo(dtype)
    mantissa, lowest, highest = info.nmant, info.minexp - info.nmant, info.maxexp

    def numbers(low, high):
        exponents = rng.integers(low, high, count)
        return dtype(rng.choice([-1, 1], count) * np.ldexp(rng.uniform(1, 2, count), exponents))

    def short(low, high):
        """Numbers of few digits, whose products end in ties."""
        return dtype(
            np.ldexp(rng.integers(-(2 ** (mantissa // 2)), 2 ** (mantissa // 2), count), rng.integers(low, high, count))
        )

    found = []
    for low, high in (
        (-3, 3),
        (-mantissa - 8, mantissa + 8),
        (lowest // 2 - 20, lowest // 2 + 20),
        (highest // 2 - 9, highest // 2 + 1),
    ):
        for a, b in ((numbers(low, high), numbers(low, high)), (short(low, high), short(low, high))):
            product = a * b
            steps = rng.integers(-4, 5, count)
            near = -product
            for _ in range(4):
                near = np.where(
                    np.abs(steps) > 0, np.nextafter(near, dtype(np.inf) * np.sign(steps).astype(dtype)), near
                )
                steps -= np.sign(steps)
            half = product * dtype(2.0 ** -(mantissa + 1)) * rng.choice([-1, 1], count).astype(dtype)
            found += [(a, b, near), (a, b, half), (a, b, numbers(low, high)), (a, b, numbers(lowest, highest))]
            found += [(a, b, half * dtype(2.0**mantissa) * dtype(2)), (a, b, np.zeros(count, dtype) * half)]
    # Ties that a third number breaks, far below what an intermediate sum of the same precision can hold.
    digits = (mantissa + 2) // 2
    odd = [2 * rng.integers(2 ** (d - 2), 2 ** (d - 1), count) + 1 for d in (digits, mantissa + 2 - digits)]
    found.append((dtype(odd[0]), dtype(odd[1]), numbers(-4 * mantissa, -2 * mantissa)))
    unit = rng.integers(1, 5, count) * 2.0**-mantissa
    found.append((dtype(1 + unit), dtype((1 - unit) * 2.0 ** -(mantissa + 1)), numbers(0, 1)))
    special = np.array(
        [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, info.max, -info.max, info.smallest_subnormal], dtype
    )
    found.append(tuple(rng.choice(special, count) for _ in range(3)))
    found.append((rng.choice(special, count), numbers(lowest, highest), rng.choice(special, count)))
    return [np.concatenate(arrays) for arrays in zip(*found, strict=True)]


@pytest.mark.parametrize("precision", KINDS)
def test_a_fused_multiply_add_is_that_of_the_kernels(scripts, precision):
    with np.errstate(all="ignore"):
        a, b, c = hard(precision)
        ours = scripts[precision]["fma"](a, b, c)
        exact = of_kernels(fma_of, precision, a, b, c)
    assert ours.dtype == np.dtype(precision)
    wrong = np.flatnonzero(~same_bits(ours, exact))
    assert len(wrong) == 0, [(a[k], b[k], c[k], ours[k], exact[k]) for k in wrong[:5]]
    with np.errstate(all="ignore"):
        assert not same_bits(a * b + c, exact).all()


@pytest.mark.parametrize("precision", KINDS)
def test_rounding_to_odd_matters_for_some_of_these_numbers(scripts, precision, monkeypatch):
    with np.errstate(all="ignore"):
        a, b, c = hard(precision)
        exact = scripts[precision]["fma"](a, b, c)
        monkeypatch.setitem(scripts[precision], "odd_sum", lambda a, b: a + b)
        assert not same_bits(scripts[precision]["fma"](a, b, c), exact).all()


def test_one_number_at_a_time_it_is_the_same(scripts):
    with np.errstate(all="ignore"):
        a, b, c = (array[::7] for array in hard("float64"))
        size = len(a) // 64 * 64
        exact = of_kernels(fma_of, "float64", a[:size], b[:size], c[:size])
        ours = np.asarray(scripts["float64"]["one_by_one"](a[:size], b[:size], c[:size]), float)
    assert same_bits(ours, exact).all()


@given(
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(-1e160, 1e160),
    st.floats(allow_infinity=False, allow_nan=False),
)
def test_a_fused_multiply_add_is_the_nearest_number(scripts, a, b, c):
    found, true = scripts["float64"]["exactly"](a, b, c), Fraction(a) * Fraction(b) + Fraction(c)
    if math.isinf(found):
        assert abs(true) >= Fraction(2) ** 1024 - Fraction(2) ** 970
        assert (true > 0) == (found > 0)
        return
    distance = abs(Fraction(found) - true)
    for side in (-math.inf, math.inf):
        neighbour = math.nextafter(found, side)
        if math.isfinite(neighbour):
            assert distance <= abs(Fraction(neighbour) - true)
            if distance == abs(Fraction(neighbour) - true):
                assert int(math.frexp(found)[0] * 2**53) % 2 == 0 or abs(found) < 2.0**-1021


def test_scalars_and_columns_are_broadcast(scripts):
    rng = np.random.default_rng(1)
    for precision, script in scripts.items():
        for rows, columns in ((2, 3), (30, 4)):
            a, b, c = (rng.normal(size=shape).astype(precision) for shape in ((rows, 1), (columns,), (rows, columns)))
            found = script["fma"](a, b, c)
            for (r, k), value in np.ndenumerate(found):
                assert value == script["fma"](a[r, 0], b[k], c[r, k])


@pytest.mark.parametrize("precision", KINDS)
def test_sigmoids_are_those_of_the_kernels(scripts, precision):
    rng = np.random.default_rng(31)
    edges = [
        0.0,
        -0.0,
        np.inf,
        -np.inf,
        np.nan,
        36.74,
        16.64,
        -709.44,
        -88.38,
        -710.0,
        708.0,
        -745.0,
        1e300,
        -1e300,
        5e-324,
    ]
    x = np.concatenate(
        [rng.uniform(-40, 40, 4000), rng.uniform(-760, 760, 4000), np.ldexp(1.0, rng.integers(-60, 10, 500)), edges]
    )
    with np.errstate(all="ignore"):
        x = np.resize(x, 8576).astype(precision)
        ours = scripts[precision]["sigmoid"](x)
    assert same_bits(ours, of_kernels(sigmoid_of, precision, x)).all()


def test_logarithms_are_those_of_the_kernels(scripts):
    rng = np.random.default_rng(32)
    everywhere = rng.integers(1, 0x7FF0000000000000, 500).view(np.float64)
    x = np.concatenate([rng.random(2000), everywhere, [5e-324, 1.0]])
    theirs = np.empty(len(x))
    log_of(x, theirs)
    for script in scripts.values():
        assert [script["log"](value) for value in x.tolist()] == theirs.tolist()
