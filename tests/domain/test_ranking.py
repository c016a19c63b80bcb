"""The strongest entries of a weighted set."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from opinion_stream.domain.ranking import strongest

WEIGHTS = st.dictionaries(st.text(max_size=2), st.sampled_from([0.0, 0.5, 1.0, 1.5]) | st.floats(0, 2), max_size=30)


@given(WEIGHTS, st.integers(1, 35))
def test_the_heaviest_come_first_and_equal_ones_by_name(weights: dict[str, float], count: int) -> None:
    expected = sorted(weights.items(), key=lambda item: (-item[1], item[0]))[:count]
    assert list(strongest(weights, count).items()) == expected
