"""List pages and articles on a real server: each article is collected once, and none is skipped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from opinion_stream.adapters.sources.base import Surroundings
from opinion_stream.adapters.sources.web import WebConnector
from opinion_stream.adapters.sources.web_client import WebClient
from opinion_stream.policy.source_web import Selectors, WebSource
from site_pages import BODY, article, listing
from site_server import Answer, QuickTime, Site
from source_desk import MANNERS, Crash, Desk

TRADITIONAL = "自來水公司今天上午搶修主管道，沿線幾個小區從早晨開始停水，居民希望早些說明恢復供水的時間，並安排送水車。"
Build = Callable[..., Desk]


@pytest.fixture
def build(site: Site, around: Surroundings, tmp_path: Path) -> Build:
    def made(**fields: object) -> Desk:
        given = {"pages": (site.url + "/list",), **fields}
        source = WebSource.model_validate(
            {"name": "site", "title": "示例", "kind": "web", "licence": "主动公开", **given}
        )
        return Desk(source, WebConnector(source, WebClient(MANNERS, around), around), around, tmp_path)

    return made


def publish(site: Site, *numbers: int) -> None:
    """A list page with these articles, newest first, and the articles."""
    site.put("/list", listing([f"/a/{number}.html" for number in sorted(numbers, reverse=True)]))
    for number in numbers:
        site.put(f"/a/{number}.html", article(number))


def addresses(site: Site, *numbers: int) -> list[str]:
    return [f"{site.url}/a/{number}.html" for number in numbers]


async def test_articles_are_found_read_and_sent_oldest_first(build: Build, site: Site) -> None:
    publish(site, 1, 2)
    desk = build()
    outcome = await desk.poll()
    assert (outcome.ok, outcome.sent, outcome.failed) == (True, 2, 0)
    assert desk.broker.ids == addresses(site, 1, 2)
    record = desk.broker.records[0]
    assert record["title"] == "主管道抢修第1次通报"
    assert f"第1次。{BODY}" in str(record["text"])
    assert "版权所有" not in str(record["text"])
    assert record["published_at"] == "2026-11-03T14:20:00+08:00"
    assert "/about.html" not in site.paths()


async def test_nothing_is_fetched_twice(build: Build, site: Site) -> None:
    publish(site, 1, 2)
    desk = build()
    await desk.poll()
    await desk.poll()
    publish(site, 1, 2, 3)
    await desk.poll()
    articles = [path for path in site.paths() if path.startswith("/a/")]
    assert articles == ["/a/1.html", "/a/2.html", "/a/3.html"]
    assert site.paths(304) == ["/list"]


@pytest.mark.parametrize("where", ["die_before", "die_after", "refuse"])
@pytest.mark.parametrize("calls", [1, 2, 5])
async def test_after_a_crash_at_any_point_the_set_collected_is_the_set_served(
    build: Build, site: Site, where: str, calls: int
) -> None:
    publish(site, *range(1, 6))
    desk = build()
    setattr(desk.broker, where, calls)
    if where == "refuse":
        assert not (await desk.poll()).ok
    else:
        with pytest.raises(Crash):
            await desk.poll()
    assert (await desk.poll()).ok
    assert set(desk.broker.ids) == set(addresses(site, *range(1, 6)))
    assert len(desk.broker.ids) == (6 if where == "die_after" else 5)
    fetched = [path for path in site.paths() if path.startswith("/a/")]
    assert len(fetched) == 6, "only the one whose cursor was not stored is fetched again"


async def test_an_article_that_failed_is_tried_again_and_holds_up_no_other(
    build: Build, site: Site, time: QuickTime
) -> None:
    publish(site, 1, 2, 3)
    site.trouble("/a/2.html", *[Answer(status=500)] * 3)
    desk = build()
    outcome = await desk.poll()
    assert (outcome.ok, outcome.sent, outcome.failed) == (True, 2, 1)
    time.pass_by(minutes=6)
    assert (await desk.poll()).sent == 1
    assert set(desk.broker.ids) == set(addresses(site, 1, 2, 3))


async def test_an_article_that_never_comes_is_given_up_after_its_time_and_not_before(
    build: Build, site: Site, time: QuickTime
) -> None:
    publish(site, 1)
    del site.pages["/a/1.html"]
    desk = build(give_up_hours=24)
    failures = 0
    for _ in range(60):
        failures += (await desk.poll()).failed
        time.pass_by(hours=1)
    assert 5 < failures < 12
    assert site.paths().count("/a/1.html") == failures
    site.put("/a/1.html", article(1))
    assert (await desk.poll()).sent == 0


async def test_a_site_that_breaks_down_loses_no_article(build: Build, site: Site, time: QuickTime) -> None:
    publish(site, *range(1, 8))
    site.trouble("*", *[Answer(status=200, body=listing([f"/a/{n}.html" for n in range(1, 8)]).encode())])
    site.trouble("*", *[Answer(status=503)] * 200)
    desk = build()
    for _ in range(10):
        outcome = await desk.poll()
        assert not outcome.ok
        time.pass_by(minutes=30)
    assert len([path for path in site.paths() if path.startswith("/a/")]) <= 9, "the site is left alone"
    site.troubles.clear()
    time.pass_by(hours=6)
    await desk.poll()
    assert set(desk.broker.ids) == set(addresses(site, *range(1, 8)))


async def test_only_so_many_articles_in_one_poll_and_the_rest_in_the_next(build: Build, site: Site) -> None:
    publish(site, *range(1, 8))
    desk = build(max_articles=3)
    sent = [(await desk.poll()).sent for _ in range(4)]
    assert sent == [3, 3, 1, 0]
    assert set(desk.broker.ids) == set(addresses(site, *range(1, 8)))


async def test_robots_txt_keeps_us_from_what_it_forbids(build: Build, site: Site) -> None:
    publish(site, 1, 2)
    site.put("/robots.txt", "User-agent: *\nDisallow: /a/2")
    desk = build()
    outcome = await desk.poll()
    assert (outcome.sent, outcome.failed) == (1, 1)
    assert outcome.error is not None
    assert outcome.error.startswith("robots")
    assert "/a/2.html" not in site.paths()


async def test_a_forbidden_list_page_is_not_read(build: Build, site: Site) -> None:
    publish(site, 1)
    site.put("/robots.txt", "User-agent: *\nDisallow: /")
    assert not (await build().poll()).ok
    assert site.paths() == []


@pytest.mark.parametrize(
    ("encoding", "body", "declared"),
    [("gb18030", BODY, "gb2312"), ("gb18030", BODY, ""), ("big5", TRADITIONAL, "big5"), ("big5", TRADITIONAL, "")],
)
async def test_pages_in_old_encodings(build: Build, site: Site, encoding: str, body: str, declared: str) -> None:
    page = article(1, charset=declared, body=body, date="2026-11-03 14:20").replace("条", "")
    for simplified, traditional in zip("抢报网页权来", "搶報網頁權來", strict=True):
        page = page.replace(simplified, traditional) if encoding == "big5" else page
    site.put("/list", listing(["/a/1.html"]).encode("gb18030"))
    site.put("/a/1.html", page.encode(encoding))
    desk = build()
    await desk.poll()
    assert body in str(desk.broker.records[0]["text"])


async def test_selectors_say_where_things_stand(build: Build, site: Site) -> None:
    site.put(
        "/list",
        '<ul id="x"><li><a href="1.html#top">短</a><li><a href="1.html">短</a></ul>'
        '<a href="/2.html">又一条足够长的标题文字</a>',
    )
    site.put(
        "/1.html",
        "<h2>真正的标题</h2><span class='t'>昨天 08:15</span><i>记者甲</i><div id='c'><p>第一段</p><p>第二段</p></div>",
    )
    selectors = Selectors(links="#x", title="h2", body="#c", date=".t", author="i")
    desk = build(selectors=selectors)
    await desk.poll()
    (record,) = desk.broker.records
    assert (record["title"], record["text"], record["author"]) == ("真正的标题", "第一段 第二段", "记者甲")
    assert record["published_at"] == "2026-11-02T08:15:00+08:00"


async def test_link_pattern_and_hosts_bound_what_is_read(build: Build, site: Site) -> None:
    links = [
        "/a/1.html",
        "/b/2.html",
        "http://127.0.0.2:1/a/3.html",
        "javascript:void(0)",
        "/a/4.pdf",
        "http://[",
        "/list",
    ]
    site.put("/list", listing(links))
    site.put("/a/1.html", article(1))
    site.put("/b/2.html", article(2))
    desk = build(link_pattern=r"/a/\d")
    outcome = await desk.poll()
    assert (outcome.sent, outcome.failed) == (1, 0)
    assert desk.broker.ids == addresses(site, 1)


@pytest.mark.parametrize(
    "meta",
    [
        '<meta name="PubDate" content="2026-11-02 09:30">',
        '<time itemprop="datePublished" datetime="2026-11-02T01:30:00Z">',
    ],
)
async def test_the_stated_publication_time_goes_before_a_time_in_the_text(build: Build, site: Site, meta: str) -> None:
    site.put("/list", listing(["/a/1.html"]))
    site.put("/a/1.html", article(1).replace("<head>", f"<head>{meta}"))
    desk = build()
    await desk.poll()
    assert desk.broker.records[0]["published_at"] == "2026-11-02T09:30:00+08:00"


async def test_a_wrong_selector_is_named(build: Build, site: Site) -> None:
    publish(site, 1)
    outcome = await build(selectors=Selectors(links="ul >>> [")).poll()
    assert outcome.error is not None
    assert outcome.error.startswith("bad_selector: selectors.links")


async def test_what_is_no_page_is_given_up_at_once(build: Build, site: Site, time: QuickTime) -> None:
    publish(site, 1)
    site.put("/a/1.html", b"%PDF", "application/pdf")
    desk = build()
    assert (await desk.poll()).failed == 1
    time.pass_by(days=1)
    assert (await desk.poll()).failed == 0


async def test_one_list_page_that_fails_does_not_keep_the_others_from_being_read(build: Build, site: Site) -> None:
    publish(site, 1)
    desk = build(pages=(site.url + "/list", site.url + "/gone"))
    outcome = await desk.poll()
    assert (outcome.ok, outcome.sent, outcome.failed) == (True, 1, 1)
