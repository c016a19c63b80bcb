"""Working days, make-up workdays and years nobody has announced yet."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opinion_stream.domain.response.calendar import add_working_days, is_working_day

CST = ZoneInfo("Asia/Shanghai")


def day(text: str, clock: str = "09:00") -> datetime:
    return datetime.fromisoformat(f"{text}T{clock}").replace(tzinfo=CST)


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2026-03-02", 1, "2026-03-03"),  # Monday to Tuesday
        ("2026-03-06", 1, "2026-03-09"),  # Friday to Monday
        ("2026-03-07", 1, "2026-03-09"),  # a Saturday does not count either
        ("2026-03-02", 15, "2026-03-23"),
        ("2025-09-26", 1, "2025-09-28"),  # the Sunday before National Day 2025 is a make-up workday
        ("2025-09-30", 1, "2025-10-09"),  # National Day and Mid-Autumn 2025: eight days off
        ("2025-09-30", 3, "2025-10-11"),  # and Saturday 11 October makes up for one
        ("2026-03-02", 0, "2026-03-02"),
    ],
)
def test_the_last_working_day_counts_to_its_last_second(start: str, days: int, end: str) -> None:
    assert add_working_days(day(start), days, CST) == day(end, "23:59:59")


def test_the_day_is_that_of_the_jurisdiction() -> None:
    late_on_friday_in_utc = datetime(2026, 3, 8, 18, 0, tzinfo=UTC)  # already Monday in China
    assert add_working_days(late_on_friday_in_utc, 1, CST) == day("2026-03-10", "23:59:59")


def test_years_without_a_notice_count_monday_to_friday() -> None:
    assert is_working_day(date(2100, 10, 1))  # a Friday
    assert not is_working_day(date(2100, 10, 2))
    assert add_working_days(day("2100-10-01"), 1, CST) == day("2100-10-04", "23:59:59")


def test_a_negative_number_of_days_is_an_error() -> None:
    with pytest.raises(ValueError, match="negative"):
        add_working_days(day("2026-03-02"), -1, CST)


@given(st.integers(0, 9_000), st.integers(0, 30))
def test_so_many_working_days_lie_between(offset: int, days: int) -> None:
    start = day("2004-01-01") + timedelta(days=offset)
    end = add_working_days(start, days, CST)
    between = (start.date() + timedelta(days=n) for n in range(1, (end.date() - start.date()).days + 1))
    assert sum(is_working_day(d) for d in between) == days
    assert days == 0 or is_working_day(end.date())
