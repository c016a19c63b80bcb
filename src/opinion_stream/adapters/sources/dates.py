"""Dates as web pages and feeds write them, Chinese forms included; relative ones are counted from the time of fetching.

The library `dateparser` reads them; this module finds the date in the words around it and brings the forms that the
library does not know (or gets wrong: 11-02 for the year 2011) into those that it does.
"""

from __future__ import annotations

import re
from datetime import datetime
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

import dateparser

_HALF = "(?:上午|下午|中午|晚上|早上|凌晨)"
_CLOCK = (
    rf"(?:\s*{_HALF}?\s*\d{{1,2}}\s*[:：时点]\s*\d{{1,2}}\s*分?"
    r"(?:\s*[:：]?\s*\d{1,2}(?:\.\d+)?\s*秒?)?)?"
)
_DATE = re.compile(
    # With a zone as machines write it, or with a clock after words such as 2026年11月3日 星期二.
    r"\d{4}-\d{1,2}-\d{1,2}[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s?(?:Z|[+-]\d{2}:?\d{2})"
    rf"|\d{{4}}\s*[-年/.]\s*\d{{1,2}}\s*[-月/.]\s*\d{{1,2}}\s*日?(?:\s*[(（]?(?:星期|周)[一二三四五六日天][)）]?)?T?{_CLOCK}"
    rf"|(?<!\d)20\d{{2}}[01]\d[0-3]\d(?!\d){_CLOCK}"
    rf"|(?:今天|今日|昨天|昨日|前天|前日|大前天){_CLOCK}"
    r"|(?:\d+|半|[一二两三四五六七八九十]+)\s*个?\s*(?:秒钟?|分钟|小时|天|日|周|星期|月|年)\s*(?:以?前|之前)"
    r"|刚刚|刚才"
    rf"|(?<![\d.])\d{{1,2}}\s*(?:月|[-/])\s*\d{{1,2}}\s*日?{_CLOCK}(?![\d.])"
)
_DIGITS = {char: str(value) for value, char in enumerate("〇一二三四五六七八九")} | {"零": "0", "两": "2"}
_CHINESE_DAY = re.compile(
    r"([〇零一二三四五六七八九]{4})年([一二三四五六七八九十]{1,2})月([一二三四五六七八九十]{1,3})日"
)
_SMALL = re.compile(r"[一二两三四五六七八九十]{1,3}(?=\s*个?\s*(?:秒|分|小时|天|周|星期|月|年))")
_CLOCK_WORDS = re.compile(r"(\d{1,2})\s*[时点]\s*(\d{1,2})\s*分?(?:\s*(\d{1,2})\s*秒)?")
_COMPACT = re.compile(r"(?<!\d)(20\d{2})([01]\d)([0-3]\d)(?!\d)")
_NO_YEAR = re.compile(r"(\d{1,2})\s*(?:月|[-/])\s*(\d{1,2})\s*日?(?=\s|\d?$|\d?\d\s*[:：时点]|[上下中晚早凌])")
_WEEKDAY = re.compile(r"[(（]?(?:星期|周)[一二三四五六日天][)）]?")
_HAS_CLOCK = re.compile(r"\d\s*[:：时点]\s*\d")
_LABEL = re.compile(r"(?:发布|发表|刊发|日期|时间)\s*(?:日期|时间|于)?\s*[:：]?\s*$")
_SAME = {"昨日": "昨天", "今日": "今天", "前日": "前天", "刚才": "刚刚", "：": ":", "大前天": "3天前"}


def find_date(text: str, fetched: datetime, zone: ZoneInfo) -> datetime | None:
    """The date in running text (`发布时间：2026年11月3日 14:20 来源：…`): the first that has a time of day, else the
    first day that a word such as 发布时间 stands before; None without one.

    Any other bare day is not taken: pages show today's date, and texts speak of other days.
    """
    plain = _plain(text)
    labelled: str | None = None
    for match in _DATE.finditer(plain):
        if _HAS_CLOCK.search(match[0]):
            found = _read(match[0].strip(), fetched, zone)
            if found is not None:
                return found
        elif labelled is None and _LABEL.search(plain[max(0, match.start() - 12) : match.start()]):
            labelled = match[0].strip()
    return _read(labelled, fetched, zone) if labelled else None


def read_date(text: str, fetched: datetime, zone: ZoneInfo) -> datetime | None:
    """The date that `text` is, with its zone; a date without one is read in `zone`. None if it is no date.

    Knows ISO 8601, RFC 2822, Chinese forms (2026年11月3日 14:20, 昨天 08:15, 3小时前, 11-02 08:00) and what else
    `dateparser` knows in Chinese and English. Of a day without a year the latest one that is not ahead is meant.
    """
    text = text.strip()
    if not text:
        return None
    try:
        iso = datetime.fromisoformat(text)
    except ValueError:
        pass
    else:
        if len(text) >= 10 and not text.isdigit():
            return _in_zone(iso, zone)
    if re.match(r"(?:[A-Za-z]{3,9}, )?\d{1,2} [A-Za-z]{3} \d{2,4} ", text):
        return _mail_date(text, zone)
    plain = _plain(text)
    match = _DATE.search(plain)
    return _read(match[0].strip() if match else plain, fetched, zone)


def _mail_date(text: str, zone: ZoneInfo) -> datetime | None:
    """RFC 2822. The jurisdiction's own abbreviation is believed: CST is China's time there, not Chicago's."""
    body, _, name = text.rpartition(" ")
    try:
        local = parsedate_to_datetime(body)
        if name.isalpha() and name == local.replace(tzinfo=zone).tzname():
            return local.replace(tzinfo=zone)
    except (ValueError, OverflowError):
        pass
    try:
        return _in_zone(parsedate_to_datetime(text), zone)
    except (ValueError, OverflowError):
        return None


def _plain(text: str) -> str:
    for form, known in _SAME.items():
        text = text.replace(form, known)
    text = _CHINESE_DAY.sub(lambda m: f"{''.join(_DIGITS[c] for c in m[1])}年{_number(m[2])}月{_number(m[3])}日", text)
    return _SMALL.sub(lambda m: str(_number(m[0])), text)


def _number(text: str) -> int:
    """一 to 九十九 as a number."""
    tens, ten, ones = text.partition("十")
    if not ten:
        return int("".join(_DIGITS[char] for char in text))
    return int(_DIGITS.get(tens, "1")) * 10 + int(_DIGITS.get(ones, "0"))


def _read(text: str, fetched: datetime, zone: ZoneInfo) -> datetime | None:
    local = fetched.astimezone(zone)
    text = _COMPACT.sub(r"\1-\2-\3 ", _WEEKDAY.sub(" ", text)).strip()
    text = _CLOCK_WORDS.sub(lambda m: f" {m[1]}:{m[2]}" + (f":{m[3]}" if m[3] else ""), text)
    short = _NO_YEAR.match(text)
    if short and not re.match(r"\d{4}", text):
        year = _year_of(int(short[1]), int(short[2]), local)
        if year is None:
            return None
        text = f"{year}-{short[1]}-{short[2]} {text[short.end() :]}".strip()
    try:
        found = dateparser.parse(
            text,
            languages=["zh", "en"],
            settings={
                "RELATIVE_BASE": local.replace(tzinfo=None),
                "TIMEZONE": zone.key,
                "RETURN_AS_TIMEZONE_AWARE": True,
                "PREFER_DATES_FROM": "past",
                "DATE_ORDER": "YMD",
            },
        )
    except (ValueError, OverflowError):
        return None
    return _in_zone(found, zone) if found is not None else None


def _year_of(month: int, day: int, local: datetime) -> int | None:
    for year in range(local.year + 1, local.year - 5, -1):
        try:
            # A day ahead is let pass: clocks differ.
            if (datetime(year, month, day, tzinfo=local.tzinfo) - local).total_seconds() <= 24 * 3600:
                return year
        except ValueError:
            continue
    return None


def _in_zone(value: datetime, zone: ZoneInfo) -> datetime:
    return value.replace(tzinfo=zone) if value.tzinfo is None else value.astimezone(zone)
