"""Positions, parameters and progress of reading a JSON interface."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from opinion_stream.domain.collection.paging import linked, next_position, parameters, placed
from opinion_stream.domain.collection.progress import ReadProgress, Round, since_parameters
from opinion_stream.policy.source_data import Links, PageNumbers, Since, Tokens

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ('<https://a.example/?p=2>; rel="next"', "https://a.example/?p=2"),
        ('<https://a.example/?p=1>; rel="prev first", </?p=3>; title="x"; rel="last next"', "/?p=3"),
        ("<b>; rel=next", "b"),
        ('<b>; rel="nextdoor"', None),
        ("", None),
    ],
)
def test_the_link_header(header: str, found: str | None) -> None:
    assert linked(header) == found


def test_a_total_is_held_against_what_was_read_and_not_against_what_was_asked_for() -> None:
    paging = PageNumbers(by="page", size=100, total_at="total")

    assert next_position(paging, 2, {"total": 120}, "", 50, 100, "u") == 3
    assert next_position(paging, 3, {"total": "120"}, "", 20, 120, "u") is None
    assert next_position(paging, 3, {}, "", 20, 120, "u") == 4
    assert next_position(paging, 4, {}, "", 0, 120, "u") is None


@pytest.mark.parametrize("answer", [{}, {"next": None}, {"next": ""}, {"next": False}, {"next": {}}, [], None])
def test_no_token_and_no_link_are_the_end(answer: JsonValue) -> None:
    assert next_position(Tokens(by="token", parameter="c", at="next"), "a", answer, "", 3, 3, "u") is None
    assert next_position(Links(by="link", at="next"), "a", answer, "", 3, 3, "https://a.example/x") is None


def test_a_relative_link_stands_below_the_address_it_came_from() -> None:
    answer: JsonValue = {"next": "?page=2"}

    found = next_position(Links(by="link", at="next"), None, answer, "", 1, 1, "https://a.example/x?page=1")

    assert found == "https://a.example/x?page=2"


def test_parameters_of_a_body_go_into_their_objects_and_leave_the_rest() -> None:
    body: dict[str, JsonValue] = {"app": 1, "page": {"order": "desc"}}

    assert placed(body, {"page.no": 2, "since": "x"}) == {"app": 1, "page": {"order": "desc", "no": 2}, "since": "x"}
    assert body == {"app": 1, "page": {"order": "desc"}}
    assert parameters(PageNumbers(by="page", size_parameter="n", size=5), 3) == {"page": 3, "n": 5}


@pytest.mark.parametrize(
    ("form", "written"),
    [
        *(("%Y-%m-%d %H:%M", "2026-03-02 11:00"), ("iso", "2026-03-02T11:00:00+08:00")),
        *(("unix", 1772420400), ("unix_ms", 1772420400000)),
    ],
)
def test_what_is_asked_for_begins_before_the_newest_record_seen(form: str, written: JsonValue) -> None:
    since = Since(parameter="s", until_parameter="u", at="at", form=form, overlap_minutes=60)

    made = since_parameters(since, Round(1, NOW.timestamp(), NOW.timestamp()), SHANGHAI)

    assert made["s"] == written
    assert list(made) == ["s", "u"]


def test_the_first_time_reaches_back_by_days() -> None:
    since = Since(parameter="s", at="at", form="iso", first_days=2)

    made = since_parameters(since, Round(1, None, NOW.timestamp()), SHANGHAI)

    assert made["s"] == (NOW - timedelta(days=2)).astimezone(SHANGHAI).isoformat()


@given(st.lists(st.tuples(st.text("abcdef", min_size=1, max_size=2), st.booleans()), max_size=60))
def test_a_stored_cursor_is_the_same_progress_and_its_memory_is_bounded(steps: list[tuple[str, bool]]) -> None:
    progress = ReadProgress(10)
    for digest, ends in steps:
        if progress.round is None:
            progress.begin(1, NOW)
        known = digest in progress.seen
        assert progress.is_new(digest) != known
        if ends:
            progress.complete()
        again = ReadProgress.of(progress.stored(), 10)
        assert again == progress
        assert len(progress.seen) <= 10


json_values = st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.lists(st.integers(), max_size=2)


@given(
    st.dictionaries(
        st.sampled_from(["watermark", "highest", "seen", "rounds", "round"]),
        json_values | st.dictionaries(st.sampled_from(["position", "since", "until", "read", "last"]), json_values),
    )
)
def test_a_spoilt_cursor_is_a_beginning_and_no_crash(cursor: dict[str, JsonValue]) -> None:
    ReadProgress.of(cursor, 10).stored()
