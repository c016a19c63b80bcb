"""Periods of a bulletin: a week, month, quarter or year, named as people name them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from opinion_stream.errors import OpinionStreamError

_FORMS = re.compile(r"(?P<year>[0-9]{4})(-(W(?P<week>[0-9]{2})|Q(?P<quarter>[1-4])|(?P<month>[0-9]{2})))?")


@dataclass(frozen=True)
class Period:
    """From `start` (in it) to `end` (not in it), both local midnights; `label` is its Chinese name."""

    start: datetime
    end: datetime
    label: str


def parse_period(text: str, zone: ZoneInfo) -> Period:
    """`2026-W47` (ISO 8601 week), `2026-11`, `2026-Q4` or `2026` as a period of local days in `zone`.

    Raises OpinionStreamError that names the forms for anything else.
    """
    found = _FORMS.fullmatch(text.strip())
    try:
        if found is None:
            raise ValueError(text)
        year = int(found["year"])
        if found["week"]:
            start = datetime.fromisocalendar(year, int(found["week"]), 1).replace(tzinfo=zone)
            return Period(start, start + timedelta(days=7), f"{year}年第{int(found['week'])}周")
        if found["quarter"]:
            first = 3 * int(found["quarter"]) - 2
            return Period(*_months(year, first, 3, zone), f"{year}年第{found['quarter']}季度")
        if found["month"]:
            return Period(*_months(year, int(found["month"]), 1, zone), f"{year}年{int(found['month'])}月")
        return Period(*_months(year, 1, 12, zone), f"{year}年")
    except ValueError as error:
        raise OpinionStreamError(
            f"{text!r} is not a period; write a week 2026-W47, a month 2026-11, a quarter 2026-Q4 or a year 2026"
        ) from error


def _months(year: int, first: int, number: int, zone: ZoneInfo) -> tuple[datetime, datetime]:
    after = first - 1 + number
    start = datetime(year, first, 1, tzinfo=zone)
    return start, datetime(year + after // 12, after % 12 + 1, 1, tzinfo=zone)
