"""Periods as people write them."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from opinion_stream.domain.supervision.period import parse_period
from opinion_stream.errors import OpinionStreamError

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("text", "start", "end", "label"),
    [
        ("2026-W47", (2026, 11, 16), (2026, 11, 23), "2026年第47周"),
        ("2026-W01", (2025, 12, 29), (2026, 1, 5), "2026年第1周"),
        ("2026-12", (2026, 12, 1), (2027, 1, 1), "2026年12月"),
        ("2026-Q4", (2026, 10, 1), (2027, 1, 1), "2026年第4季度"),
        ("2026", (2026, 1, 1), (2027, 1, 1), "2026年"),
    ],
)
def test_a_period_is_whole_local_days(text: str, start: tuple[int, ...], end: tuple[int, ...], label: str) -> None:
    period = parse_period(text, ZONE)
    assert (period.start, period.end) == (datetime(*start, tzinfo=ZONE), datetime(*end, tzinfo=ZONE))
    assert period.label == label


@pytest.mark.parametrize("text", ["", "2026-W54", "2026-13", "2026-Q5", "last week", "26-W01", "2026-W4"])
def test_anything_else_is_refused_with_the_forms(text: str) -> None:
    with pytest.raises(OpinionStreamError, match="2026-W47"):
        parse_period(text, ZONE)
