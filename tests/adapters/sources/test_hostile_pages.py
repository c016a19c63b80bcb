"""Whatever a server sends, reading it gives a result or a SourceError, in bounded time."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders import small_policy
from opinion_stream.adapters.sources.article import article_links, read_article
from opinion_stream.adapters.sources.encoding import decoded
from opinion_stream.adapters.sources.feed import read_feed
from opinion_stream.adapters.sources.nesting import check_nesting
from opinion_stream.adapters.sources.records import Stamp
from opinion_stream.errors import SourceError
from opinion_stream.policy.source_web import Selectors, WebSource
from site_pages import article, item, listing, rss

NOW = datetime(2026, 11, 3, 7, 0, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
SOURCE = WebSource(name="site", title="示例", kind="web", pages=("http://x.example/list",), licence="主动公开")
STAMP = Stamp(SOURCE, small_policy())


def mutated(original: bytes) -> st.SearchStrategy[bytes]:
    """The bytes with pieces cut out, doubled or overwritten."""
    place = st.integers(0, len(original))
    cut = st.tuples(place, place, st.one_of(st.binary(max_size=8), st.sampled_from([b"<", b"&", b"]]>", b"\0", b'"'])))

    def apply(cuts: list[tuple[int, int, bytes]]) -> bytes:
        data = original
        for one, other, new in cuts:
            start, end = min(one, other), max(one, other)
            data = data[:start] + new + data[min(end, start + 40) :]
        return data

    return st.lists(cut, max_size=6).map(apply)


def read_as_feed(body: bytes) -> None:
    for entry in read_feed(body, "text/xml", "http://x.example/feed", NOW, ZONE).entries:
        assert entry.id
        assert len(entry.id) <= 200
        STAMP.encoded(entry.record)


def read_as_list(body: bytes) -> None:
    for link in article_links(decoded(body), "http://x.example/list", SOURCE):
        assert link.startswith("http://x.example/")


def read_as_article(body: bytes) -> None:
    read_article(decoded(body), "http://x.example/1.html", Selectors(), NOW, ZONE)


@pytest.mark.parametrize(
    ("original", "read"),
    [
        (rss([item(1), item(2, guid=False)]).encode(), read_as_feed),
        (listing(["/1.html", "http://x.example/2.html?q=1"]).encode("gb18030"), read_as_list),
        (article(1).encode(), read_as_article),
    ],
    ids=["feed", "list", "article"],
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_mutated_pages_never_break_the_reader(
    original: bytes, read: Callable[[bytes], None], data: st.DataObject
) -> None:
    body = data.draw(mutated(original))
    with contextlib.suppress(SourceError):
        read(body)


@pytest.mark.parametrize("page", ["<div>" * 100_000, "<p>x" * 100_000, "<ul><li>" * 50_000 + "</li></ul>" * 50_000])
def test_pages_nested_beyond_reason_are_refused_quickly(page: str) -> None:
    began = time.process_time()
    with pytest.raises(SourceError, match="nested"):
        check_nesting(page, "x.example/1.html")
    assert time.process_time() - began < 2


def test_long_honest_pages_pass() -> None:
    check_nesting("<div><p>一段</p></div>" * 20_000, "x.example/1.html")
