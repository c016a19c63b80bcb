"""Working days: the State Council's yearly notice on holidays and make-up workdays, by `chinese_calendar`."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import chinese_calendar

_LAST_SECOND = time(23, 59, 59)


@lru_cache(maxsize=4096)  # the library looks through all its years at each question
def is_working_day(day: date) -> bool:
    """Whether offices work on `day`.

    Years whose notice the library does not know count Monday to Friday: a deadline may then fall on a
    holiday, which errs on the side of the public.
    """
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5


def add_working_days(start: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The last second (23:59:59 local) of the `days`-th working day after the day of `start` in `zone`.

    The day of `start` does not count (民法典 第二百零一条: the day on which a period begins is not counted).
    `start` has a zone; `days` is at least 0, and 0 is the day of `start` itself. Raises ValueError below 0.
    """
    if days < 0:
        raise ValueError("days must not be negative")
    day = start.astimezone(zone).date()
    while days > 0:
        day += timedelta(days=1)
        days -= is_working_day(day)
    return datetime.combine(day, _LAST_SECOND, tzinfo=zone)


def working_days_between(start: datetime, end: datetime, zone: ZoneInfo) -> int:
    """Working days after the day of `start` up to and with the day of `end` in `zone`; 0 if `end` is not later."""
    day, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    days = 0
    while day < last:
        day += timedelta(days=1)
        days += is_working_day(day)
    return days
