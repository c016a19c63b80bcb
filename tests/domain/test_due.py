"""The index of due times."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from builders import T0, later
from opinion_stream.domain.due import DueIndex


def test_what_is_due_comes_out_earliest_first_and_once() -> None:
    index: DueIndex[str] = DueIndex()
    index.set("b", later(hours=1))
    index.set("c", later(hours=3))
    index.set("a", later(hours=1))
    assert index.pop(T0) == []
    assert index.pop(later(hours=1)) == ["a", "b"]
    assert index.pop(later(hours=2)) == []
    assert index.pop(later(hours=3)) == ["c"]
    assert len(index) == 0


def test_a_changed_time_counts_and_a_removed_one_does_not() -> None:
    index: DueIndex[str] = DueIndex()
    index.set("a", later(hours=1))
    index.set("a", later(hours=5))
    index.set("b", later(hours=1))
    index.set("b", None)
    assert index.pop(later(hours=4)) == []
    assert index.pop(later(hours=5)) == ["a"]


def test_memory_stays_proportional_to_the_keys() -> None:
    index: DueIndex[str] = DueIndex()
    for hours in range(10_000):
        index.set("a", later(hours=hours))
    assert len(index._heap) <= 2 + 64


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.none() | st.integers(0, 9)), max_size=200), st.integers(0, 9))
def test_it_answers_as_a_plain_dictionary_would(changes: list[tuple[str, int | None]], now: int) -> None:
    index: DueIndex[str] = DueIndex()
    plain: dict[str, int] = {}
    for key, hour in changes:
        index.set(key, None if hour is None else T0 + timedelta(hours=hour))
        plain.pop(key, None)
        if hour is not None:
            plain[key] = hour
    expected = [key for _, key in sorted((hour, key) for key, hour in plain.items() if hour <= now)]
    assert index.pop(later(hours=now)) == expected
