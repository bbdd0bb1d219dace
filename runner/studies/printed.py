"""Numbers as a source prints them: held to their digits exactly, without a detour through binary fractions."""

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?"
_BOUNDED = re.compile(rf"(?P<side>[<>])?\s*(?P<low>{_NUMBER})(?:\s+to\s+(?P<high>{_NUMBER}))?\s*(?P<percent>%)?")


@dataclass(frozen=True)
class Printed:
    """One printed number: its text, its value, and the unit of its last digit."""

    text: str
    number: Fraction
    unit: Fraction

    def matches(self, value: float, digits: int | None = None) -> bool:
        """Whether `value` rounds to the number: it is at most half a unit of the last printed digit away.

        `digits` holds it to so many significant digits only, where fewer than the printed ones can be expected.
        """
        unit = self.unit if digits is None else max(self.unit, self._unit(digits))
        return math.isfinite(value) and abs(Fraction(value) - self.number) <= unit / 2

    def agreement(self, value: float) -> tuple[int, int]:
        """How many of the printed significant digits `value` agrees to, and how many there are."""
        printed = next(digits for digits in range(1, 1200) if self._unit(digits) <= self.unit)
        return max((digits for digits in range(1, printed + 1) if self.matches(value, digits)), default=0), printed

    def rounded(self, value: float) -> str:
        """Return `value` with as many decimals as are printed, all its digits where it does not match."""
        if not self.matches(value):
            return repr(float(value))
        if "e" in self.text.lower():
            return f"{value:.{self.agreement(value)[1] - 1}e}"
        return f"{value:.{len(self.text.partition('.')[2])}f}"

    def _unit(self, digits: int) -> Fraction:
        first = Decimal(self.text).adjusted() if self.number else 0
        return Fraction(10) ** (first - digits + 1)


@dataclass(frozen=True)
class Bounds:
    """What a source says of a statistic: one number, a range, or a side of a number; None is no bound."""

    low: Fraction | None
    high: Fraction | None
    half_unit: Fraction  # half a unit of the last printed digit, for a single number
    percent: bool

    @property
    def single(self) -> float | None:
        """The number where there is just one."""
        return None if self.low is None or self.low != self.high else float(self.low)

    @property
    def one_sided(self) -> bool:
        """Whether it is a bound, above or below."""
        return self.low is None or self.high is None

    def hold(self, value: float) -> bool:
        """Whether a value lies between the bounds; beyond a one-sided bound, strictly."""
        if not math.isfinite(value):
            return value > 0 and self.high is None
        exact = Fraction(value)
        if self.low is None or self.high is None:
            return (self.low is None or exact > self.low) and (self.high is None or exact < self.high)
        return self.low <= exact <= self.high


def numbers(text: str) -> tuple[Printed, ...]:
    """Read numbers with white space between them, as `value` claims have them. Raises `ValueError`."""
    words = text.split()
    if not words or not all(re.fullmatch(_NUMBER, word) for word in words):
        raise ValueError("must be numbers as printed, with spaces between several")
    return tuple(Printed(word, Fraction(Decimal(word)), _last(word)) for word in words)


def bounds(text: str) -> Bounds:
    """Read a number, `a to b`, `> a` or `< a`, each also with % (divided by 100). Raises `ValueError`."""
    found = _BOUNDED.fullmatch(text.strip())
    if found is None or (found["side"] and found["high"]):
        raise ValueError('must be a number as printed, or "a to b", "> a" or "< a", with % or without')
    scale = Fraction(1, 100) if found["percent"] else Fraction(1)
    low = Fraction(Decimal(found["low"])) * scale
    high = Fraction(Decimal(found["high"])) * scale if found["high"] else low
    half = _last(found["low"]) * scale / 2
    if found["side"]:
        low, high = (None, low) if found["side"] == "<" else (low, None)  # type: ignore[assignment]
    elif low > high:
        raise ValueError("the first number must not be above the second")
    return Bounds(low, high, half, bool(found["percent"]))


def _last(word: str) -> Fraction:
    exponent = Decimal(word).as_tuple().exponent
    return Fraction(10) ** int(exponent)
