"""From the bytes of a feed to its entries as raw mentions."""

from __future__ import annotations

import io
import re
import sys
from calendar import timegm
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from time import struct_time
from xml.sax import SAXException
from zoneinfo import ZoneInfo

import feedparser

from opinion_stream.adapters.sources.dates import read_date
from opinion_stream.adapters.sources.encoding import decoded
from opinion_stream.adapters.sources.identity import source_id
from opinion_stream.domain.collection.clean import strip_html
from opinion_stream.errors import Rejected, SourceError

_END = re.compile(r"</(?:\w+:)?(?:rss|feed|rdf)\s*>\s*(?:<!--.*?-->\s*)*\Z", re.IGNORECASE | re.DOTALL)
_REFERENCE = re.compile(r"&(?:amp;)?#(x[0-9a-f]+|[0-9]+);?", re.IGNORECASE)
_MAX_URL = 4000
_MAX_AUTHOR = 500


@dataclass(frozen=True)
class Entry:
    """An entry: its id within the feed, and the raw mention it makes."""

    id: str
    record: Mapping[str, object]


@dataclass(frozen=True)
class Feed:
    """The entries of a feed, oldest first, each id once; `fault`: what is wrong with the feed, if it was mended."""

    entries: tuple[Entry, ...]
    fault: str | None = None


def read_feed(body: bytes, content_type: str, url: str, fetched: datetime, zone: ZoneInfo) -> Feed:
    """Read an RSS or Atom feed of any version. Entries without a date count as published when fetched.

    Raises SourceError `bad_feed` when it is no feed, or is cut off (then its last entry would be taken for whole).
    """
    text = decoded(body, content_type)
    # The encoding is settled, so the library is handed UTF-8 and told so; a declaration inside would contradict it.
    headers = {"content-type": "application/xml; charset=utf-8", "content-location": url}
    text = _REFERENCE.sub(_possible, text)
    try:
        parsed = feedparser.parse(io.BytesIO(text.encode("utf-8", "replace")), response_headers=headers)
    except (ValueError, OverflowError) as error:
        raise SourceError("bad_feed", f"the feed cannot be parsed: {type(error).__name__}") from error
    broken = isinstance(parsed.get("bozo_exception"), SAXException)
    if not parsed.get("version") and not parsed.entries:
        raise SourceError("bad_feed", "the address gives no RSS or Atom feed; see whether it has moved")
    if broken and not _END.search(text):
        raise SourceError("bad_feed", "the feed is cut off in the middle")
    entries: dict[str, Entry] = {}
    for item in reversed(parsed.entries):
        entry = _entry(item, fetched, zone)
        entries[entry.id] = entry
    return Feed(
        tuple(entries.values()), "the feed is not well-formed XML; it was read all the same" if broken else None
    )


def _entry(item: Mapping[str, object], fetched: datetime, zone: ZoneInfo) -> Entry:
    title = _visible(_text(item, "title"))
    body = _body(item)
    link = _text(item, "link")
    stated = _text(item, "published") or _text(item, "updated")
    published = _published(item, stated, fetched, zone)
    named = _text(item, "id") or link
    entry_id = source_id(named) if named else source_id(title, stated, body)
    author = _text(item, "author")
    record = {
        "id": entry_id,
        "title": title or None,
        "text": body or title,
        "published_at": published,
        "url": link if 0 < len(link) <= _MAX_URL else None,
        "author": author if 0 < len(author) <= _MAX_AUTHOR else None,
    }
    return Entry(entry_id, record)


def _possible(reference: re.Match[str]) -> str:
    """A numeric character reference, or U+FFFD for a number that is no character: the library would break on it."""
    digits = reference[1].lower()
    number = int(digits[1:10], 16) if digits.startswith("x") else int(digits[:10])
    return reference[0] if number <= sys.maxunicode and not 0xD800 <= number <= 0xDFFF else "\ufffd"


def _body(item: Mapping[str, object]) -> str:
    """The longest of the contents and the summary: some feeds put the text in one, some in the other."""
    contents = item.get("content")
    found = [_text(item, "summary")]
    if isinstance(contents, list):
        found += [_text(content, "value") for content in contents if isinstance(content, Mapping)]
    return max(map(_visible, found), key=len)


def _visible(text: str) -> str:
    try:
        return " ".join(strip_html(text).split())
    except Rejected:
        # Collection refuses it by the same rule, and keeps it with the dead letters.
        return text


def _published(item: Mapping[str, object], stated: str, fetched: datetime, zone: ZoneInfo) -> datetime:
    found = read_date(stated, fetched, zone)
    if found is not None:
        return found
    for field in ("published_parsed", "updated_parsed"):
        parts = item.get(field)
        if isinstance(parts, struct_time):
            return datetime.fromtimestamp(timegm(parts), UTC)
    return fetched


def _text(item: Mapping[str, object], field: str) -> str:
    value = item.get(field)
    return value.strip() if isinstance(value, str) else ""
