"""Feeds on a real server: what is served is collected, once, whatever breaks in between."""

from __future__ import annotations

from pathlib import Path

import pytest

from opinion_stream.adapters.sources.base import Surroundings
from opinion_stream.adapters.sources.rss import PAGE, RssConnector
from opinion_stream.adapters.sources.web_client import WebClient
from opinion_stream.policy.source import SourceMedia
from opinion_stream.policy.source_web import RssSource
from site_pages import BODY, item, rss
from site_server import Answer, QuickTime, Site
from source_desk import MANNERS, Crash, Desk

TRADITIONAL = "自來水公司今天上午搶修主管道，沿線幾個小區從早晨開始停水，並安排送水車。"


@pytest.fixture
def desk(site: Site, around: Surroundings, tmp_path: Path) -> Desk:
    source = RssSource(
        name="feed",
        title="示例",
        kind="rss",
        url=site.url + "/feed.xml",
        licence="公开订阅",
        region_hint="990101",
        channel="news",
        media=SourceMedia(kind="newspaper", tier="city"),
        remember=100,
    )
    return Desk(source, RssConnector(source, WebClient(MANNERS, around), around), around, tmp_path)


def guids(*numbers: int) -> list[str]:
    return [f"guid-{number}" for number in numbers]


async def test_entries_are_sent_oldest_first_with_what_is_known_of_the_source(desk: Desk, site: Site) -> None:
    site.put("/feed.xml", rss([item(2), item(1)]), "application/rss+xml")
    outcome = await desk.poll()
    assert (outcome.ok, outcome.fetched, outcome.sent, outcome.failed) == (True, 2, 2, 0)
    assert desk.broker.ids == guids(1, 2)
    assert desk.broker.records[0] == {
        "source": "feed",
        "id": "guid-1",
        "title": "停水消息1",
        "text": f"第1条。{BODY}",
        "published_at": "2026-11-03T14:20:00+08:00",
        "url": "https://news.example/1.html",
        "region_hint": "安平市东河县",
        "channel": "news",
        "media": {"kind": "newspaper", "tier": "city"},
    }
    assert outcome.latest_published_at is not None
    assert outcome.latest_published_at.isoformat() == "2026-11-03T14:20:00+08:00"


async def test_only_what_is_new_is_sent_and_an_unchanged_feed_is_not_fetched_again(desk: Desk, site: Site) -> None:
    site.put("/feed.xml", rss([item(2), item(1)]))
    await desk.poll()
    again = await desk.poll()
    assert (again.ok, again.fetched) == (True, 0)
    assert site.paths(304) == ["/feed.xml"]
    site.put("/feed.xml", rss([item(3), item(2), item(1)]))
    await desk.poll()
    assert desk.broker.ids == guids(1, 2, 3)


@pytest.mark.parametrize("calls", [1, 2, 3])
@pytest.mark.parametrize("where", ["die_before", "die_after", "refuse"])
async def test_after_a_crash_at_any_point_the_set_collected_is_the_set_served(
    desk: Desk, site: Site, where: str, calls: int
) -> None:
    numbers = range(2 * PAGE + 7)
    site.put("/feed.xml", rss([item(n) for n in reversed(numbers)]))
    setattr(desk.broker, where, calls)
    if where == "refuse":
        outcome = await desk.poll()
        assert (outcome.ok, outcome.sent) == (False, PAGE * (calls - 1))
        assert outcome.error is not None
        assert outcome.error.startswith("broker")
    else:
        with pytest.raises(Crash):
            await desk.poll()
    assert (await desk.poll()).ok
    assert set(desk.broker.ids) == set(guids(*numbers))
    repeated = len(desk.broker.ids) - len(numbers)
    assert repeated == (PAGE if where == "die_after" and calls < 3 else 7 if where == "die_after" else 0)
    served = len(desk.broker.ids)
    await desk.poll()
    assert len(desk.broker.ids) == served, "and nothing comes again later"


async def test_a_crash_before_the_cursor_is_stored_repeats_the_same_records(
    desk: Desk, site: Site, time: QuickTime
) -> None:
    site.put("/feed.xml", rss([item(2, guid=False), item(1, date="3小时前")]))
    desk.broker.die_after = 1
    with pytest.raises(Crash):
        await desk.poll()
    await desk.poll()
    first, second = desk.broker.ids[:2], desk.broker.ids[2:]
    assert first == second


async def test_an_entry_still_in_the_feed_is_never_forgotten(desk: Desk, site: Site) -> None:
    for last in range(0, 300, 40):
        # One entry stays pinned while hundreds pass, more than are remembered.
        site.put("/feed.xml", rss([item(9999), *(item(n) for n in range(last, last + 60))]))
        await desk.poll()
    assert len(desk.broker.ids) == len(set(desk.broker.ids))


@pytest.mark.parametrize(
    ("text", "encoding", "declared", "content_type"),
    [
        (BODY, "gb18030", "gb2312", "text/xml"),
        (BODY, "gb18030", "GBK", "application/rss+xml; charset=utf-8"),
        (TRADITIONAL, "big5", "big5", "text/xml"),
        (TRADITIONAL, "big5", "utf-8", "application/xml; charset=Big5"),
        (BODY, "utf-8", "gb2312", "text/xml"),
    ],
)
async def test_feeds_in_old_encodings(
    desk: Desk, site: Site, text: str, encoding: str, declared: str, content_type: str
) -> None:
    feed = rss([item(1, body=text)], f'<?xml version="1.0" encoding="{declared}"?>')
    # Signs that the smallest of the sets lacks.
    for simplified, traditional in zip("条", "則", strict=True):
        feed = feed.replace(simplified, traditional)
    site.put("/feed.xml", feed.encode(encoding), content_type)
    assert (await desk.poll()).ok
    assert text in str(desk.broker.records[0]["text"])


async def test_atom_with_html_and_relative_links(desk: Desk, site: Site) -> None:
    site.put(
        "/feed.xml",
        "<feed xmlns='http://www.w3.org/2005/Atom'><title>t</title><entry><id>tag:a,2026:1</id>"
        "<title type='html'>停&lt;b&gt;水&lt;/b&gt;了</title><link href='/news/1.html'/>"
        "<updated>2026-11-03T06:20:00Z</updated><summary>短</summary>"
        "<content type='html'>&lt;p&gt;第一段&lt;/p&gt;&lt;script&gt;x()&lt;/script&gt;"
        "&lt;p&gt;第二段&lt;/p&gt;</content></entry></feed>",
        "application/atom+xml",
    )
    await desk.poll()
    record = desk.broker.records[0]
    assert (record["title"], record["text"]) == ("停水了", "第一段 第二段")
    assert record["url"] == site.url + "/news/1.html"


async def test_entries_without_id_date_or_text(desk: Desk, site: Site, time: QuickTime) -> None:
    bare = "<item><title>只有标题的通知</title></item>"
    site.put("/feed.xml", rss([bare, bare]))
    began = time.now()
    await desk.poll()
    (record,) = desk.broker.records
    assert record["text"] == "只有标题的通知"
    assert str(record["id"]).startswith("h-")
    assert str(record["published_at"]) >= began.isoformat()[:19]


async def test_a_feed_that_is_not_well_formed_is_read_and_said_so(desk: Desk, site: Site) -> None:
    site.put("/feed.xml", rss([item(1), item(2)]).replace("停水消息1", "供水&排水"))
    outcome = await desk.poll()
    assert (outcome.ok, outcome.failed, set(desk.broker.ids)) == (True, 1, set(guids(1, 2)))
    assert outcome.error is not None
    assert outcome.error.startswith("bad_feed")


async def test_a_feed_cut_off_in_the_middle_is_left_for_the_next_poll(desk: Desk, site: Site) -> None:
    whole = rss([item(2), item(1)])
    site.put("/feed.xml", whole[: whole.index("第1条") + 20])
    outcome = await desk.poll()
    assert (outcome.ok, desk.broker.taken) == (False, [])
    site.put("/feed.xml", whole)
    await desk.poll()
    assert desk.broker.ids == guids(1, 2)


@pytest.mark.parametrize("body", ["", "<html><body>moved</body></html>", '{"items": []}', "\x00\x01"])
async def test_what_is_no_feed_is_an_error_that_says_so(desk: Desk, site: Site, body: str) -> None:
    site.put("/feed.xml", body)
    outcome = await desk.poll()
    assert not outcome.ok
    assert outcome.error is not None
    assert outcome.error.startswith("bad_feed")


async def test_failures_of_the_server_are_told_and_caught_up_later(desk: Desk, site: Site) -> None:
    site.put("/feed.xml", rss([item(1)]))
    site.trouble("/feed.xml", *[Answer(status=500)] * 3)
    outcome = await desk.poll()
    assert (outcome.ok, outcome.error) == (False, f"http_500: {site.url[7:]}/feed.xml answers 500")
    assert (await desk.poll()).sent == 1


async def test_an_entity_bomb_does_no_harm(desk: Desk, site: Site) -> None:
    lol = "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 12))
    site.put(
        "/feed.xml", f"<?xml version='1.0'?><!DOCTYPE r [<!ENTITY l0 'lol'>{lol}]>" + rss([item(1, body="&l11;")], "")
    )
    await desk.poll()
    assert all(len(value) < 10_000 for value in desk.broker.taken)


@pytest.mark.parametrize(
    "reference", ["&#x110000;", "&#1114112;", "&#xD800;", "&amp;#x110000;", "&#99999999999999999999;"]
)
async def test_a_reference_to_no_character_costs_one_character(desk: Desk, site: Site, reference: str) -> None:
    site.put("/feed.xml", rss([item(1), item(2)]).replace("停水消息1", f"停{reference}水"))
    assert (await desk.poll()).sent == 2
    assert {"停\ufffd水", "停水消息2"} == {record["title"] for record in desk.broker.records}


@pytest.mark.parametrize("zone", ["+99999999999999999999", "+9999", "XYZ"])
async def test_a_date_with_an_impossible_zone_does_not_stop_the_feed(desk: Desk, site: Site, zone: str) -> None:
    site.put("/feed.xml", rss([item(1, date=f"Tue, 03 Nov 2026 14:20:00 {zone}"), item(2)]))
    assert (await desk.poll()).sent == 2
