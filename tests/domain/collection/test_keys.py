"""Key rotation: the record's day chooses the key, so voices stay countable in a period and a replay changes nothing."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest

from builders import T0, raw_mention, small_policy
from opinion_stream.domain.collection.keys import Key, KeyRing, ring_of
from opinion_stream.domain.collection.pipeline import Collector, Received
from opinion_stream.domain.collection.pseudonym import keyed_hash, period_of
from opinion_stream.models.mention import Mention

OLD, NEW = Key("2025q4", date(2025, 10, 1), b"o" * 32), Key("2026q1", date(2026, 3, 2), b"n" * 32)
RING = KeyRing([NEW, OLD], rotation_days=92)


def collect(ring: KeyRing | bytes, **changes: Any) -> Mention:
    value = json.dumps(raw_mention(**changes), ensure_ascii=False).encode()
    [result] = Collector(small_policy(), ring).collect([Received(value, T0)])
    assert isinstance(result, Mention), result
    return result


@pytest.mark.parametrize(
    ("day", "key"),
    [
        (date(2020, 1, 1), OLD),
        (date(2025, 10, 1), OLD),
        (date(2026, 3, 1), OLD),
        (date(2026, 3, 2), NEW),
        (date(2030, 1, 1), NEW),
    ],
)
def test_a_key_is_in_force_until_the_next_one_is(day: date, key: Key) -> None:
    assert RING.on(day) == key


def test_a_key_is_overdue_when_its_period_has_passed() -> None:
    assert RING.overdue(NEW.since + timedelta(days=92)) == 0
    assert RING.overdue(NEW.since + timedelta(days=95)) == 3
    assert ring_of(b"k" * 16).overdue(date(2999, 1, 1)) == 0


def test_the_day_of_publication_chooses_in_the_citys_time_whenever_the_record_is_received() -> None:
    before = collect(RING, published_at="2026-03-01T15:59:59Z", author="a")
    after = collect(RING, published_at="2026-03-01T16:00:00Z", author="a")
    assert [period_of(m.voice or "") for m in (before, after)] == ["2025q4", "2026q1"]


def test_an_author_is_one_voice_within_a_period_and_two_over_two_which_the_voices_tell() -> None:
    days = ["2026-01-05T09:00:00+08:00", "2026-02-05T09:00:00+08:00", "2026-03-02T08:00:00+08:00"]
    january, february, march = (collect(RING, published_at=day, author="a").voice for day in days)
    assert january == february
    assert march is not None
    assert january is not None
    assert march.partition("-")[2] != january.partition("-")[2]


def test_a_new_key_changes_nothing_of_the_days_before_it() -> None:
    day = {"published_at": "2026-02-05T09:00:00+08:00", "author": "a", "id": "13800138000"}
    assert collect(KeyRing([OLD]), **day) == collect(RING, **day)


def test_one_key_without_period_gives_the_voices_it_always_gave() -> None:
    mention = collect(b"k" * 32, author="a", source="wenzheng")
    assert mention.voice == keyed_hash(b"k" * 32, "voice", "wenzheng", "a")[:16]
    assert period_of(mention.voice or "") == ""


@pytest.mark.parametrize(
    "keys",
    [
        [],
        [Key("a", date(2026, 1, 1), b"")],
        [OLD, Key("2025q4", date(2026, 1, 1), b"x")],
        [OLD, Key("b", OLD.since, b"x")],
    ],
)
def test_a_ring_that_leaves_a_day_in_doubt_is_refused(keys: list[Key]) -> None:
    with pytest.raises(ValueError):
        KeyRing(keys)


def test_a_key_does_not_show_its_secret() -> None:
    assert "ooo" not in repr(OLD)
