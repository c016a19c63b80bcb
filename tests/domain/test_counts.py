"""Counts that scatter more than Poisson, against the library's own distribution."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import nbinom

from opinion_stream.domain.counts import SMALL, interval, tail

MEANS = st.floats(0.001, 500)
SHAPES = st.floats(0.05, 100)


@given(st.integers(0, 200), MEANS, SHAPES)
def test_the_tail_is_that_of_the_negative_binomial(count: int, mean: float, shape: float) -> None:
    assert tail(count, mean, shape) == pytest.approx(nbinom.sf(count - 1, shape, shape / (shape + mean)), abs=1e-9)


@given(MEANS, SHAPES)
def test_the_interval_holds_its_share(mean: float, shape: float) -> None:
    low, high = interval(mean, shape)
    held = nbinom.cdf(high, shape, shape / (shape + mean)) - nbinom.cdf(low - 1, shape, shape / (shape + mean))
    assert 0 <= low <= high
    assert held >= (0.8 - 1e-9 if mean <= SMALL else 0.77)
