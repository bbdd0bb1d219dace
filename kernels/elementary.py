"""exp, sigmoid and log from IEEE basic operations and fused multiply-adds, so that every CPU gives the same bits.

exp and sigmoid are of `Lanes`: x = k ln 2 + r with |r| <= ln 2 / 2 (Cody and Waite's reduction in two steps), exp(r) as
a quotient (P + r Q) / (P - r Q) of polynomials in r**2 (minimax, relative error 1.8e-18 for float64, 1.9e-10 for
float32), and 2**k made in the exponent field. The sigmoid takes both divisions in one, P - r Q above; beside a
polynomial of degree 11 for exp(-r) that is four operations less, and a chain of dependent ones of a third of the
length (a sigmoid took 0.75 times as long). log is of one float64 and rounds better than the C library's, which the
normal draws need. The largest errors stated here are held by tests/kernels/test_elementary.py against arithmetic of
higher precision.
"""

from typing import Any

import numpy as np
from numba import types

from kernels.jit import inline, overload
from kernels.lanes import Lanes, clip, fma, polynomial, power_of_two

_LOG2_E = 1.4426950408889634

# ln 2 in two parts, so that k times the first is exact for every k that occurs.
_LN2 = (6.93147180369123816490e-01, 1.90821492927058770002e-10)
_LN2_SINGLE = (0.693145751953125, 1.428606765330187e-06)

# Adding 1.5 * 2**mantissa_bits rounds to an integer, which then stands in the low bits; a bias makes it an exponent.
_ROUND, _BIAS = 6755399441055744.0, 1023.0
_ROUND_SINGLE, _BIAS_SINGLE = 12582912.0, 127.0

# P and Q, constant terms first. Those are exact, so that the error begins with r**3. Their common factor is free: of
# 1/16, 3/16, ... 15/16 two round best in both precisions (a sigmoid's mean error is 0.44 units in the last place, with
# others up to 0.54), and of these 15/16 gives the two numbers that a document prints for fixed weights to all digits.
_P = (0.9375, 0.10416365194537043, 0.0009297580927997571)
_Q = (0.46875, 0.013019325972686527, 3.0976881928515416e-05)
_P_SINGLE, _Q_SINGLE = (0.9375, 0.09372900426387787), (0.46875, 0.0078020403161644936)


def exp(x: Any) -> Any:
    """e**x of every lane, to 1.7 units in the last place.

    0 at -inf and inf at inf, exactly; subnormal results are rounded as such; NaN stays NaN.
    """
    raise NotImplementedError("exp is for kernels")


def sigmoid(x: Any) -> Any:
    """1 / (1 + e**-x) of every lane, to 2.55 units in the last place in float64 and 2.52 in float32.

    Exactly 1 from 36.87 (float32: 16.77) upwards and at inf, exactly 0 from -709.44 (float32: -88.38) downwards, where
    e**-x leaves the range, and at -inf; NaN stays NaN.
    """
    raise NotImplementedError("sigmoid is for kernels")


@overload(exp)
def _exp_of_lanes(x: Any) -> Any:
    if not isinstance(x, Lanes):
        return None
    double = x.dtype == types.float64
    lowest, highest = (-746.0, 710.0) if double else (-104.0, 89.0)
    ln2_high, ln2_low = _LN2 if double else _LN2_SINGLE
    to_integer, bias = (_ROUND, _BIAS) if double else (_ROUND_SINGLE, _BIAS_SINGLE)
    of_p, of_q = (_P, _Q) if double else (_P_SINGLE, _Q_SINGLE)

    def implementation(x: Any) -> Any:
        x = clip(x, lowest, highest)
        k = fma(x, _LOG2_E, to_integer) - to_integer
        r = fma(k, -ln2_low, fma(k, -ln2_high, x))
        square = r * r
        p, q = polynomial(square, of_p), polynomial(square, of_q)
        # 2**k in two factors: it may lie outside the exponent field although the result does not.
        half = fma(k, 0.5, to_integer) - to_integer
        first, second = power_of_two(half + to_integer + bias), power_of_two(k - half + to_integer + bias)
        return fma(r, q, p) / fma(-r, q, p) * first * second

    return implementation


def sigmoid_reduced(x: Any) -> Any:
    """The first of three steps of `sigmoid`: k, as it stands before a shift makes it an exponent, and -r."""
    raise NotImplementedError("sigmoid is for kernels")


def sigmoid_quotient(biased: Any, minus_r: Any) -> Any:
    """The second step: numerator and denominator of the sigmoid, whose division is the third."""
    raise NotImplementedError("sigmoid is for kernels")


@overload(sigmoid_reduced)
def _reduced(x: Any) -> Any:
    if not isinstance(x, Lanes):
        return None
    double = x.dtype == types.float64
    lowest, highest = (-710.0, 708.0) if double else (-89.0, 87.0)
    ln2_high, ln2_low = _LN2 if double else _LN2_SINGLE
    to_exponent = _ROUND + _BIAS if double else _ROUND_SINGLE + _BIAS_SINGLE

    def implementation(x: Any) -> Any:
        # With z = -x = k ln 2 + r: the constants carry the sign of x, and 2**k is infinite for the largest k, which
        # makes the quotient 0.
        x = clip(x, lowest, highest)
        biased = fma(x, -_LOG2_E, to_exponent)
        k = biased - to_exponent
        return biased, fma(k, ln2_low, fma(k, ln2_high, x))

    return implementation


@overload(sigmoid_quotient)
def _quotient(biased: Any, minus_r: Any) -> Any:  # noqa: ARG001 - its type is known
    if not isinstance(biased, Lanes):
        return None
    of_p, of_q = (_P, _Q) if biased.dtype == types.float64 else (_P_SINGLE, _Q_SINGLE)

    def implementation(biased: Any, minus_r: Any) -> Any:
        # Multiplying by 2**k (not adding k to an exponent) keeps a NaN a NaN.
        square = minus_r * minus_r
        p, q = polynomial(square, of_p), polynomial(square, of_q)
        above = fma(minus_r, q, p)
        return above, fma(fma(-minus_r, q, p), power_of_two(biased), above)

    return implementation


@overload(sigmoid)
def _sigmoid_of_lanes(x: Any) -> Any:
    if not isinstance(x, Lanes):
        return None

    def implementation(x: Any) -> Any:
        biased, minus_r = sigmoid_reduced(x)
        above, below = sigmoid_quotient(biased, minus_r)
        return above / below

    return implementation


# x = 2**k m with m between the roots of 1/2 and 2, log m = 2 atanh(s), s = (m - 1) / (m + 1).
_LN2_PAIR = (0.6931471803691238, 1.9082149292705877e-10)  # k times the first is exact
_THIRD = (0.3333333333333333, 1.850371707708594e-17)
_ATANH_FROM_5 = tuple(1.0 / n for n in range(5, 29, 2))
_ROOT_OF_HALF = 0.7071067811865476
_MANTISSA, _ONE_HALF, _SMALLEST_NORMAL = 0xFFFFFFFFFFFFF, 0x3FE0000000000000, 2.2250738585072014e-308


@inline
def log(x: float) -> float:
    """The natural logarithm of one float64, to 0.5006 units in the last place.

    -inf at 0 of either sign, inf at inf, NaN below 0 and at NaN. Each step that matters is carried in an unevaluated
    sum of two numbers (Dekker 1971), so that on (0, 1) about one result of 60,000 is not the nearest number.
    """
    if not 0.0 < x < np.inf:
        return x if x == np.inf else -np.inf if x == 0.0 else np.nan
    subnormal = x < _SMALLEST_NORMAL
    bits = np.float64(x * 18014398509481984.0 if subnormal else x).view(np.int64)
    k = (bits >> 52) - (1022 + 54 if subnormal else 1022)
    m = np.int64((bits & _MANTISSA) | _ONE_HALF).view(np.float64)
    if m < _ROOT_OF_HALF:
        m *= 2.0
        k -= 1

    divisor = m + 1.0
    divisor_low = m - (divisor - 1.0)
    s = (m - 1.0) / divisor
    s_low = (fma(-s, divisor, m - 1.0) - s * divisor_low) / divisor
    z = s * s
    z_low = fma(s, s, -z) + 2.0 * s * s_low
    tail = z * polynomial(z, _ATANH_FROM_5)
    p = _THIRD[0] + tail
    p_low = (_THIRD[0] - p) + tail + _THIRD[1]
    q = z * p
    q_low = fma(z, p, -q) + (z * p_low + z_low * p)
    u = s * q
    u_low = fma(s, q, -u) + (s * q_low + s_low * q)
    half = s + u
    half_low = (s - half) + u + (u_low + s_low)

    k_log2 = k * _LN2_PAIR[0]
    result = k_log2 + 2.0 * half
    result_low = (k_log2 - result) + 2.0 * half + (k * _LN2_PAIR[1] + 2.0 * half_low)
    return result + result_low
