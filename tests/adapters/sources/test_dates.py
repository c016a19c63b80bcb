"""Dates as pages and feeds write them, counted from the time of fetching."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opinion_stream.adapters.sources.dates import find_date, read_date

ZONE = ZoneInfo("Asia/Shanghai")
FETCHED = datetime(2026, 11, 3, 15, 0, tzinfo=ZONE)


def at(month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0, *, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, second, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026年11月3日 14:20", at(11, 3, 14, 20)),
        ("2026年11月03日14:20", at(11, 3, 14, 20)),
        ("发布时间：2026年11月3日 14:20 来源：某报", at(11, 3, 14, 20)),
        ("2026年11月3日（星期二） 14:20", at(11, 3, 14, 20)),
        ("2026年11月3日 下午3时05分", at(11, 3, 15, 5)),
        ("2026年11月3日14时20分33秒", at(11, 3, 14, 20, 33)),
        ("2026/11/3", at(11, 3)),
        ("2026.11.03", at(11, 3)),
        ("20261103", at(11, 3)),
        ("二〇二六年十一月三日", at(11, 3)),
        ("2026-11-03 14:20:33", at(11, 3, 14, 20, 33)),
        ("2026-11-03T06:20:00Z", at(11, 3, 14, 20)),
        ("2026-11-03 14:20 +0800", at(11, 3, 14, 20)),
        ("Tue, 03 Nov 2026 06:20:00 GMT", at(11, 3, 14, 20)),
        ("Tue, 03 Nov 2026 14:20:00 +0800", at(11, 3, 14, 20)),
        ("Tue, 03 Nov 2026 14:20:00 CST", at(11, 3, 14, 20)),
        ("昨天 08:15", at(11, 2, 8, 15)),
        ("昨日08:15", at(11, 2, 8, 15)),
        ("前天 08:15", at(11, 1, 8, 15)),
        ("今天 09:10", at(11, 3, 9, 10)),
        ("3小时前", at(11, 3, 12)),
        ("2小时前 来源：某网", at(11, 3, 13)),
        ("十五分钟前", at(11, 3, 14, 45)),
        ("半小时前", at(11, 3, 14, 30)),
        ("两天前", at(11, 1, 15)),
        ("刚刚", at(11, 3, 15)),
        ("11-02 08:00", at(11, 2, 8)),
        ("11月2日 08:00", at(11, 2, 8)),
        ("12月5日", at(12, 5, year=2025)),
    ],
)
def test_a_date_means_what_a_reader_at_the_time_of_fetching_understands(text: str, meant: datetime) -> None:
    assert read_date(text, FETCHED, ZONE) == meant


@pytest.mark.parametrize("text", ["", "不是日期", "2026年13月45日", "13812345678", "—"])
def test_what_is_no_date_is_none(text: str) -> None:
    assert read_date(text, FETCHED, ZONE) is None


def test_in_running_text_the_first_date_with_a_time_of_day_counts() -> None:
    page = "今天是2026年11月3日 星期二 首页 第3-5号楼停水 发布时间：2026-11-02 09:30 浏览 20 次 3天前已经停过"
    assert find_date(page, FETCHED, ZONE) == at(11, 2, 9, 30)
    assert find_date("今天是2026年11月3日 3小时前", FETCHED, ZONE) is None
    assert find_date("今天是2026年11月3日 发布日期：2026-11-01 来源", FETCHED, ZONE) == at(11, 1)


@given(st.text(alphabet="0123456789年月日时分秒前天昨今半:-/. T+Z个小周上下午", max_size=30))
def test_whatever_is_written_the_result_has_a_zone_or_is_none(text: str) -> None:
    for found in (read_date(text, FETCHED, ZONE), find_date(text, FETCHED, ZONE)):
        assert found is None or found.tzinfo is not None


@given(st.datetimes(FETCHED.replace(year=2001, tzinfo=None), FETCHED.replace(hour=0, tzinfo=None)))
def test_the_chinese_form_of_any_minute_is_read_back(moment: datetime) -> None:
    moment = moment.replace(second=0, microsecond=0)
    text = f"{moment.year}年{moment.month}月{moment.day}日 {moment.hour:02}:{moment.minute:02}"
    assert read_date(text, FETCHED, ZONE) == moment.replace(tzinfo=ZONE)
