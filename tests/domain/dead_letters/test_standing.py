"""The states of a dead letter, as the records on its topic tell them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from builders import T0
from opinion_stream.domain.dead_letters.attempt import Attempt, attempt_of
from opinion_stream.domain.dead_letters.decisions import (
    Choice,
    chosen,
    discarded,
    next_attempt,
    replayed,
    why_not_discard,
    why_not_replay,
)
from opinion_stream.domain.dead_letters.standing import Standing, Standings
from opinion_stream.models.control import DeadLetter, DeadLetterState

OPEN, REPLAYED = DeadLetterState.OPEN, DeadLetterState.REPLAYED
RESOLVED, PARKED, DISCARDED = DeadLetterState.RESOLVED, DeadLetterState.PARKED, DeadLetterState.DISCARDED


def letter(**changes: Any) -> DeadLetter:
    fields: dict[str, Any] = {
        "id": "d-1",
        "stage": "collection",
        "kind": "bad_time",
        "reason": "时间不对",
        "topic": "mentions.inbound",
        "partition": 1,
        "offset": 7,
        "at": T0,
        "size": 3,
        "original_sealed": "c2VhbGVk",
    }
    return DeadLetter.model_validate({**fields, **changes})


def standing(*events: DeadLetter) -> Standing:
    found = Standings()
    for event in events:
        found.take(event)
    [one] = found.by_id.values()
    return one


def outcome(attempt: Attempt, state: DeadLetterState, **changes: Any) -> DeadLetter:
    sealed = "c2VhbGVk" if state is PARKED else ""
    told = {"version": attempt.version, "attempts": attempt.number, "state": state, "original_sealed": sealed}
    return letter(**{"offset": 90, **told, **changes})


def test_a_letter_of_an_older_version_is_open() -> None:
    old = letter().model_dump(mode="json", include=set(DeadLetter.model_fields) - {"version", "state", "attempts"})
    assert standing(DeadLetter.model_validate(old)).state is OPEN


def test_the_way_of_a_letter_that_fails_again_and_then_arrives() -> None:
    events = [letter()]
    first = next_attempt(standing(*events))
    events.append(replayed(standing(*events), T0, "operator", ""))
    assert standing(*events).state is REPLAYED
    assert why_not_replay(standing(*events), force=False)
    events.append(outcome(first, PARKED, kind="text_too_long", reason="正文过长"))
    parked = standing(*events)
    assert (parked.state, parked.letter.attempts, parked.letter.reason) == (PARKED, 1, "正文过长")
    assert "--force" in str(why_not_replay(parked, force=False))
    assert why_not_replay(parked, force=True) is None
    second = next_attempt(parked)
    events += [replayed(parked, T0, "operator", ""), outcome(second, RESOLVED, kind="", reason="")]
    done = standing(*events)
    assert (done.state, done.letter.attempts, done.letter.reason) == (RESOLVED, 2, "正文过长")
    assert [e.version for e in events] == [1, 2, 3, 4, 5]
    assert why_not_discard(done)


def test_the_outcome_may_be_known_before_the_word_that_it_was_replayed() -> None:
    before = standing(letter())
    attempt = next_attempt(before)
    assert standing(letter(), outcome(attempt, RESOLVED), replayed(before, T0, "operator", "")).state is RESOLVED


def test_a_replay_that_is_begun_again_after_a_crash_is_the_same_attempt() -> None:
    assert next_attempt(standing(letter())) == next_attempt(standing(letter(), letter(), letter(offset=8)))


def test_what_is_discarded_or_parked_stays_so_when_the_same_bytes_come_again_and_what_was_resolved_opens() -> None:
    again = letter(offset=50, at=T0 + timedelta(hours=1))
    gone = discarded(standing(letter()), T0, "operator", "测试数据")
    assert (gone.role, gone.note, gone.original_sealed) == ("operator", "测试数据", "")
    found = standing(letter(), gone, again)
    assert (found.state, len(found.places)) == (DISCARDED, 2)
    solved = outcome(next_attempt(standing(letter())), RESOLVED)
    assert standing(letter(), solved, letter()).state is RESOLVED, "the same record at the same place is no news"
    reopened = standing(letter(), solved, again)
    assert (reopened.state, reopened.letter.offset) == (OPEN, 50)
    assert next_attempt(reopened).number == 2
    assert next_attempt(reopened).version > solved.version


def test_without_its_bytes_a_letter_is_not_replayed() -> None:
    only_news = outcome(Attempt("d-1", 1, 3), PARKED, original_sealed="")
    assert "保存期" in str(why_not_replay(standing(only_news), force=True))


@pytest.mark.parametrize(
    ("choice", "found"),
    [
        (Choice(), ["a1", "b1", "b2"]),
        (Choice(ids=("b",)), ["b1", "b2"]),
        (Choice(stages=frozenset({"response"})), ["b2"]),
        (Choice(reasons=frozenset({"bad_time"})), ["a1", "b2"]),
        (Choice(topics=frozenset({"receipts"})), ["b1"]),
        (Choice(states=frozenset({PARKED})), ["b2"]),
        (Choice(since=T0 + timedelta(hours=1)), ["b1"]),
        (Choice(ids=("a1",), reasons=frozenset({"not_json"})), []),
    ],
)
def test_letters_are_chosen_by_all_filters_together_in_the_order_of_their_records(
    choice: Choice, found: list[str]
) -> None:
    every = Standings()
    every.take(letter(id="b2", stage="response", topic="tasks", state=PARKED, version=3))
    every.take(letter(id="a1", offset=1))
    every.take(letter(id="b1", kind="not_json", topic="receipts", at=T0 + timedelta(hours=2)))
    assert [s.id for s in chosen(choice, every.by_id.values())] == sorted(found)


@given(st.lists(st.tuples(st.text(max_size=30), st.binary(max_size=12)), max_size=5))
def test_headers_that_make_no_sense_are_no_attempt(headers: list[tuple[str, bytes]]) -> None:
    assert attempt_of(headers) is None
    attempt = Attempt("d-1", 3, 7)
    assert attempt_of([*headers, *attempt.headers()]) == attempt


@pytest.mark.parametrize("number", [b"", b"0", b"-1", b"x", "²".encode(), b"9" * 5000, b"\xff"])
def test_an_attempt_with_an_impossible_number_is_none(number: bytes) -> None:
    [name, (attempt, _), version] = Attempt("d-1", 3, 7).headers()
    assert attempt_of([name, (attempt, number), version]) is None


STEPS = st.lists(st.sampled_from(["again", "elsewhere", "replay", "parked", "resolved", "discard"]), max_size=14)


@given(STEPS, st.data())
def test_records_that_come_twice_change_nothing(steps: list[str], data: st.DataObject) -> None:
    events = [letter()]
    for number, step in enumerate(steps):
        now = standing(*events)
        attempt = Attempt("d-1", now.letter.attempts, now.letter.version + 1)
        match step:
            case "again":
                events.append(letter())
            case "elsewhere":
                events.append(letter(offset=100 + number))
            case "replay" if why_not_replay(now, force=True) is None:
                events.append(replayed(now, T0, "operator", ""))
            case "parked" | "resolved" if now.state is REPLAYED:
                events.append(outcome(attempt, DeadLetterState(step)))
            case "discard" if why_not_discard(now) is None:
                events.append(discarded(now, T0, "operator", "x"))
    at = data.draw(st.integers(0, len(events) - 1))
    assert standing(*events) == standing(*events[: at + 1], *events[at:])
