"""Times as other systems write them, by the forms that a mapping declares."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

USUAL = (
    "iso",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d",
    "%Y.%m.%d %H:%M:%S",
    "%Y.%m.%d %H:%M",
    "%Y.%m.%d",
    "%Y年%m月%d日 %H:%M:%S",
    "%Y年%m月%d日 %H:%M",
    "%Y年%m月%d日 %p%I:%M",
    "%Y年%m月%d日 %H时%M分%S秒",
    "%Y年%m月%d日 %H时%M分",
    "%Y年%m月%d日 %H时",
    "%Y年%m月%d日",
)
"""The forms tried where a mapping names none. None of them is a bare number, which could mean too many things."""

_EXCEL_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001  (the zone is the mapping's)
_EXCEL_DAYS = (1.0, 2_958_466.0)
"""Serial days from 1900-01-01 to 9999-12-31 (ECMA-376 part 1, 18.17.4.1, 1900 date system)."""

_UNIX = (1e8, 1e11)
"""Seconds from 1973 to 5138; more are milliseconds."""

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_WEEKDAY = re.compile(r"[(（]?(?:星期|周)[一二三四五六日天][)）]?")
_AFTER_DAY = re.compile(r"日(?=[\d上下APap])")
_SPACES = re.compile(r"\s+")


def read_time(value: str | int | float, forms: Sequence[str], zone: ZoneInfo) -> datetime | None:
    """The time that `value` states in one of `forms` (USUAL where there are none), with its zone; None if in none.

    A form is `iso`, `unix` or `unix_ms` (since 1970, UTC), `excel` (serial days of the 1900 date system), or a
    pattern of strptime. Full-width characters, 上午 and 下午 (read as AM and PM), weekdays and extra spaces are seen
    to before.
    A time without a zone is taken to be in `zone`. Years before 1900 are no answer.
    """
    text = _plain(str(value)) if not isinstance(value, bool) else ""
    for form in forms or USUAL:
        found = _read(text, form, zone)
        if found is not None and found.year >= 1900:
            return found if found.tzinfo is not None else found.replace(tzinfo=zone)
    return None


def _plain(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).strip()
    if text.isascii():
        return _SPACES.sub(" ", text)
    text = _WEEKDAY.sub(" ", text)
    text = text.replace("上午", "AM").replace("下午", "PM")
    text = re.sub(r"(AM|PM)\s+(?=\d)", r"\1", text)
    return _SPACES.sub(" ", _AFTER_DAY.sub("日 ", text)).strip()


def _read(text: str, form: str, zone: ZoneInfo) -> datetime | None:
    try:
        if form == "iso":
            # A bare number is a date to `fromisoformat` (20260302), and just as well a number of seconds.
            return None if text.isdecimal() else datetime.fromisoformat(text)
        if form in ("unix", "unix_ms", "excel"):
            return _number(float(text), form, zone) if _NUMBER.fullmatch(text) else None
        return datetime.strptime(text, _pattern(form))  # noqa: DTZ007  (the zone is added by the caller)
    except (ValueError, OverflowError):
        return None


def _pattern(form: str) -> str:
    """A pattern written without a space after 日 means the same as one with it."""
    return re.sub(r"日(?=%)", "日 ", unicodedata.normalize("NFKC", form))


def _number(number: float, form: str, zone: ZoneInfo) -> datetime | None:
    if form == "excel":
        if not _EXCEL_DAYS[0] <= number < _EXCEL_DAYS[1]:
            return None
        # Serial days are binary fractions: 9:30 comes out a few microseconds off.
        seconds = round(number * 86400)
        return (_EXCEL_EPOCH + timedelta(seconds=seconds)).replace(tzinfo=zone)
    if form == "unix_ms":
        number /= 1000
    if not _UNIX[0] <= number < _UNIX[1]:
        return None
    return datetime.fromtimestamp(number, UTC)
