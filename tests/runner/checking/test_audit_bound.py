from fractions import Fraction
from math import comb

import pytest

from runner.checking.audit_bound import most_wrong


def possible(rows, bad, sampled, wrong):
    """Whether so few wrong rows are in a sample with a probability of 5 % or more, in whole numbers."""
    ways = sum(comb(bad, seen) * comb(rows - bad, sampled - seen) for seen in range(wrong + 1))
    return Fraction(ways, comb(rows, sampled)) >= Fraction(1, 20)


@pytest.mark.parametrize("rows", [1, 2, 7, 20, 21])
def test_bound_is_the_largest_count_that_is_possible(rows):
    for sampled in range(1, rows + 1):
        for wrong in range(sampled + 1):
            feasible = range(wrong, rows - (sampled - wrong) + 1)
            assert most_wrong(rows, sampled, wrong) == max(
                bad for bad in feasible if possible(rows, bad, sampled, wrong)
            )


@pytest.mark.parametrize(("rows", "sampled", "wrong"), [(300, 40, 0), (300, 40, 3), (1000, 999, 1), (5000, 60, 60)])
def test_bound_agrees_with_scipy(rows, sampled, wrong):
    from scipy.stats import hypergeom

    bound = most_wrong(rows, sampled, wrong)
    assert hypergeom.cdf(wrong, rows, bound, sampled) >= 0.05
    assert bound == rows - (sampled - wrong) or hypergeom.cdf(wrong, rows, bound + 1, sampled) < 0.05


def test_bound_of_a_large_table():
    """1 - 0.05 ** (1 / 1000) is 0.29912 %, a little more than without replacement."""
    bound = most_wrong(1_000_000, 1000, 0)
    assert 0.00298 < bound / 1_000_000 < 0.0029913
    # exact: the chance that none of the bad rows is among those drawn
    for bad, likely in ((bound, True), (bound + 1, False)):
        assert (Fraction(comb(1_000_000 - bad, 1000), comb(1_000_000, 1000)) >= Fraction(1, 20)) is likely


def test_everything_looked_at_leaves_nothing_open():
    assert most_wrong(10**7, 10**7, 0) == 0
    assert most_wrong(10**7, 10**7, 12) == 12
