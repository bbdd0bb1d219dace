import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from runner.analysis.distributions import binomial, binomial_quantile, normal, student

shares = st.floats(0, 1) | st.sampled_from([0.0, 0.05, 0.5, 1.0])


@settings(deadline=None, max_examples=50)
@given(trials=st.integers(1, 5000), share=shares, data=st.data())
def test_binomial_probabilities_are_scipys(trials, share, data):
    successes = data.draw(st.integers(-1, trials + 1))
    assert binomial(successes, trials, share) == pytest.approx(stats.binom.cdf(successes, trials, share), abs=1e-12)


@settings(deadline=None, max_examples=50)
@given(trials=st.integers(1, 5000), share=shares, level=st.sampled_from([0.025, 0.05, 0.975]))
def test_binomial_quantiles_are_the_smallest_that_are_enough(trials, share, level):
    found = int(binomial_quantile(level, trials, share))
    assert stats.binom.cdf(found, trials, share) >= level - 1e-12
    assert stats.binom.cdf(found - 1, trials, share) < level + 1e-12


@settings(deadline=None, max_examples=50)
@given(freedom=st.integers(1, 10**6), z=st.floats(0, 30))
def test_student_has_above_it_what_the_normal_distribution_has(freedom, z):
    assert student(freedom, z) == pytest.approx(stats.t.isf(stats.norm.sf(z), freedom), rel=1e-9, abs=1e-9)


def test_the_normal_quantile_is_the_printed_one():
    assert normal(0.975) == pytest.approx(1.959963984540054)
    assert np.isneginf(normal(0.0))
