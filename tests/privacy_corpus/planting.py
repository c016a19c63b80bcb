"""Plants the corpus in inbound records, and looks for what was planted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from random import Random

from ahocorasick_rs import AhoCorasick

from privacy_corpus.cases import positives

HEX = "0123456789abcdef"
CHANCY_DIGITS = 10
"""Fewer digits than these turn up by chance, sooner or later, in what machines write."""
_FRACTION = re.compile(r"(?<=:[0-9]{2})[.][0-9]{3,9}(?=Z|[+-][0-9]{2}:?[0-9]{2}|\")")
_SAMPLE = re.compile(r"^([a-zA-Z_0-9:]+(?:[{].*[}])?) [^ \n]+$", re.MULTILINE)


def leaks(text: str, data: Iterable[str]) -> list[str]:
    """Which of the data stand in the text.

    A few digits are none in the fraction of a second, within a hash or within a longer number.
    """
    every = set(data)
    few = {datum for datum in every if datum.isdigit() and len(datum) < CHANCY_DIGITS}
    plain = _FRACTION.sub("", text)
    sure = {datum for datum, _, _ in _found(text, every - few)}
    return sorted(sure | {datum for datum, start, end in _found(plain, few) if not _inside(plain, start, end)})


def _found(text: str, data: Iterable[str]) -> Iterator[tuple[str, int, int]]:
    known = list(data)
    for number, start, end in AhoCorasick(known).find_matches_as_indexes(text, overlapping=True):
        yield known[number], start, end


def worded(figures: str) -> str:
    """What can hold words in figures for Prometheus: all but the values of the samples."""
    return _SAMPLE.sub(r"\1", figures)


def _inside(text: str, start: int, end: int) -> bool:
    return start > 0 and end < len(text) and text[start - 1] in HEX and text[end] in HEX


def planted(at: datetime, every: int = 3) -> tuple[list[bytes], set[str]]:
    """Inbound records from `at` on, one of `every` cases, with data in each field that may hold one; and those data.

    A few records are cut off, so that they end as dead letters.
    """
    rng, lines, data = Random(7), [], set()
    for number, case in enumerate(list(positives())[::every]):
        secrets = {case.text[start:end].strip(" （）()") for start, end, _ in case.planted}
        author, other = f"作者甲乙{number:04d}号", f"1{rng.randrange(30, 100)}{rng.randrange(10**8):08d}"
        raw = {
            "id": other if number % 3 == 0 else f"n{number}",
            "source": "wenzheng",
            "channel": "message_board",
            "title": "求助：柳树镇停水" if number % 2 else f"电话{other}求助",
            "text": f"东河县柳树镇停水，有人受伤。{case.text}",
            "published_at": (at + timedelta(minutes=number)).isoformat(),
            "author": author,
            "url": f"https://example.cn/u/{author}?phone={other}",
            "media": {"name": author},
            "region_hint": other if number % 5 == 0 else "东河县",
        }
        value = json.dumps(raw, ensure_ascii=False).encode()
        lines.append(value if number % 40 else value[:-20])
        data |= secrets | {author, other}
    return lines, {datum for datum in data if len(datum) > 2}
