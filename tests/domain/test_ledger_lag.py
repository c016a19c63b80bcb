"""How far the ledger is behind: what can still be read and has not been."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from opinion_stream.domain.ledger.lag import Reading, behind

OFFSETS = st.integers(min_value=0, max_value=10_000)


def test_partitions_of_a_topic_are_added_up() -> None:
    found = behind([Reading("tasks", 0, 10, 4), Reading("tasks", 0, 7, 7), Reading("incidents", 0, 3, None)])
    assert found == {"tasks": 6, "incidents": 3}


def test_what_the_broker_has_deleted_unread_is_not_waited_for() -> None:
    assert behind([Reading("tasks", 50, 60, 20)]) == {"tasks": 10}
    assert behind([Reading("tasks", 50, 60, None)]) == {"tasks": 10}


def test_a_ledger_that_stands_past_the_end_is_not_ahead() -> None:
    # A topic that was made anew, or an end that was asked for before the last batch.
    assert behind([Reading("tasks", 0, 5, 9)]) == {"tasks": 0}


@given(OFFSETS, OFFSETS, OFFSETS)
def test_reading_on_makes_it_less_by_as_much(first: int, waiting: int, step: int) -> None:
    before = behind([Reading("tasks", first, first + waiting, first)])["tasks"]
    after = behind([Reading("tasks", first, first + waiting, first + min(step, waiting))])["tasks"]
    assert before == waiting
    assert before - after == min(step, waiting)
