"""The outlook of an incident: what is expected, and the time in which it doubles."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import T0, assessed, later, small_policy
from opinion_stream.domain.incidents.book import IncidentBook
from opinion_stream.domain.incidents.outlook import Volume
from opinion_stream.domain.incidents.record import IncidentRecord
from opinion_stream.domain.incidents.trend import add_to_trend, buckets_kept, doubling_hours, trend_at
from opinion_stream.domain.state import DictStore
from opinion_stream.models.incident import Expected, Trend

GROUPING = small_policy().incidents
VOLUME = Volume(small_policy())


def outlook(hours: list[float]) -> tuple[Expected, Expected]:
    buckets: dict[int, int] = {}
    for hour in hours:
        add_to_trend(buckets, later(hours=hour), GROUPING)
    return VOLUME.expected(buckets, later(hours=min(hours)), later(hours=max(hours)))


def test_one_mention_lets_expect_next_to_nothing() -> None:
    in_6h, in_24h = outlook([0])
    assert in_6h.value < in_24h.value < 1
    assert (in_24h.low, in_24h.high) == (0, 0)


def test_many_mentions_within_an_hour_let_expect_many_more() -> None:
    in_6h, in_24h = outlook([minute / 60 for minute in range(60)])
    assert 30 < in_6h.value <= in_24h.value < 1000
    assert in_24h.low < in_24h.value < in_24h.high


def test_what_is_long_past_counts_less() -> None:
    assert outlook([n / 60 for n in range(60)])[1].value > 3 * outlook([*(n / 60 for n in range(60)), 40])[1].value


def test_the_night_is_quieter_than_the_day() -> None:
    assert VOLUME.active_hours(later(hours=15), 6) < 3 < 6 < VOLUME.active_hours(T0, 6)
    assert VOLUME.active_hours(T0, 24) == pytest.approx(24)


@pytest.mark.parametrize(
    ("recent", "before", "expected"),
    [(0, 0, None), (2, 1, None), (3, 3, None), (2, 8, None), (12, 3, 3.3), (40, 0, 0.9)],
)
def test_doubling_time_rests_on_both_windows_and_is_told_from_chance(
    recent: int, before: int, expected: float | None
) -> None:
    assert doubling_hours(recent, before, 6, 0.1) == expected


@given(st.integers(0, 500), st.integers(0, 500))
def test_only_growth_doubles(recent: int, before: int) -> None:
    hours = doubling_hours(recent, before, 6, 0.1)
    assert hours is None or (hours > 0 and recent > before)


@given(st.lists(st.floats(0, 100), min_size=1, max_size=150))
def test_the_outlook_is_finite_and_its_memory_bounded(hours: list[float]) -> None:
    buckets: dict[int, int] = {}
    for hour in hours:
        add_to_trend(buckets, later(hours=hour), GROUPING)
    assert len(buckets) <= buckets_kept(GROUPING)
    for expected in outlook(hours):
        assert 0 <= expected.low <= expected.high < 10**6
        assert expected.value >= 0


def test_a_snapshot_carries_the_outlook_and_an_old_record_is_still_read() -> None:
    store = DictStore()
    (incident,) = IncidentBook(small_policy(), store).take([assessed()])
    assert incident.trend.expected_6h is not None
    assert incident.trend.expected_24h is not None
    raw = store.get(f"incident/{incident.id}")
    assert raw is not None
    assert IncidentRecord.from_bytes(raw).buckets
    old = {key: incident.trend.model_dump()[key] for key in ("direction", "window_hours", "recent", "before")}
    assert Trend.model_validate_json(json.dumps(old)).expected_24h is None


def test_the_direction_does_not_depend_on_the_longer_memory() -> None:
    buckets: dict[int, int] = {}
    for hour in (0, 0.2, 0.4, 20, 27, 28):
        add_to_trend(buckets, later(hours=hour), GROUPING)
    trend = trend_at(buckets, later(hours=28), GROUPING)
    assert (trend.recent, trend.before) == (2, 1)
