"""The web client keeps to the rules of polite reading, on a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from email.utils import format_datetime

import pytest

from opinion_stream.adapters.sources.base import Surroundings
from opinion_stream.adapters.sources.web_client import WebClient
from opinion_stream.errors import SourceError
from opinion_stream.policy.sources import HttpManners
from site_server import Answer, QuickTime, Site


@pytest.fixture
async def client(around: Surroundings) -> AsyncIterator[WebClient]:
    manners = HttpManners(contact="mailto:desk@anping.example", per_host_seconds=2, max_bytes=10_000, timeout_seconds=5)
    async with WebClient(manners, around) as made:
        yield made


async def failure(client: WebClient, url: str) -> SourceError:
    with pytest.raises(SourceError) as caught:
        await client.get(url)
    return caught.value


async def test_says_who_it_is_and_how_to_reach_the_operator(client: WebClient, site: Site) -> None:
    await client.get(site.put("/page", "x"))
    agents = {asked.headers["User-Agent"] for asked in site.asked}
    assert len(agents) == 1
    assert agents.pop().startswith("opinion-stream/")
    assert all("mailto:desk@anping.example" in asked.headers["User-Agent"] for asked in site.asked)


async def test_asks_for_robots_txt_once_and_reads_nothing_that_it_forbids(client: WebClient, site: Site) -> None:
    site.put("/robots.txt", "User-agent: *\nDisallow: /private\n\nUser-agent: opinion-stream\nDisallow: /inner\n")
    site.put("/private/1", "open to us, for we are named apart")
    await client.get(site.put("/open", "x"))
    await client.get(site.url + "/private/1")
    error = await failure(client, site.put("/inner/1", "x"))
    assert error.kind == "robots"
    assert site.paths() == ["/open", "/private/1"]
    assert [asked.path for asked in site.asked].count("/robots.txt") == 1


async def test_robots_txt_is_asked_for_again_after_its_hours(client: WebClient, site: Site, time: QuickTime) -> None:
    url = site.put("/page", "x")
    await client.get(url)
    site.put("/robots.txt", "User-agent: *\nDisallow: /\n")
    await client.get(url)
    time.pass_by(hours=13)
    assert (await failure(client, url)).kind == "robots"


async def test_a_host_whose_robots_txt_is_broken_is_left_alone_until_it_is_mended(
    client: WebClient, site: Site, time: QuickTime
) -> None:
    url = site.put("/page", "x")
    site.trouble("/robots.txt", *[Answer(status=503)] * 3)
    assert (await failure(client, url)).kind == "robots_unreachable"
    assert site.paths() == []
    time.pass_by(minutes=6)
    assert (await client.get(url)).status == 200


@pytest.mark.parametrize("status", [401, 403, 404, 410])
async def test_a_refused_robots_txt_means_no_rules(client: WebClient, site: Site, status: int) -> None:
    site.trouble("/robots.txt", Answer(status=status))
    assert (await client.get(site.put("/page", "x"))).body == b"x"


async def test_requests_to_one_host_begin_no_closer_than_they_may(
    client: WebClient, site: Site, time: QuickTime
) -> None:
    began = time.now()
    for number in range(4):
        await client.get(site.put(f"/{number}", "x"))
    assert time.now() - began == timedelta(seconds=2 * 4)  # robots.txt is a request too


async def test_a_longer_crawl_delay_is_kept(client: WebClient, site: Site, time: QuickTime) -> None:
    site.put("/robots.txt", "User-agent: *\nCrawl-delay: 30\n")
    await client.get(site.put("/1", "x"))
    began = time.now()
    await client.get(site.put("/2", "x"))
    assert time.now() - began == timedelta(seconds=30)


async def test_a_page_that_has_not_changed_is_not_sent_again(client: WebClient, site: Site) -> None:
    url = site.put("/page", "one")
    first = await client.get(url)
    second = await client.get(url, validators=first.validators)
    assert second.not_modified
    site.put("/page", "two")
    third = await client.get(url, validators=first.validators)
    assert (third.not_modified, third.body) == (False, b"two")


async def test_retry_after_is_honoured_in_seconds_and_as_a_date(client: WebClient, site: Site, time: QuickTime) -> None:
    url = site.put("/page", "x")
    await client.get(url)
    began = time.now()
    site.trouble("/page", Answer(status=429, headers={"Retry-After": "40"}))
    assert (await client.get(url)).body == b"x"
    assert time.now() - began >= timedelta(seconds=40)
    until = time.now().replace(microsecond=0) + timedelta(seconds=90)
    site.trouble("/page", Answer(status=503, headers={"Retry-After": format_datetime(until)}))
    assert (await client.get(url)).body == b"x"
    assert time.now() >= until


async def test_a_long_retry_after_is_left_to_a_later_poll(client: WebClient, site: Site) -> None:
    url = site.put("/page", "x")
    site.trouble("/page", Answer(status=429, headers={"Retry-After": "3600"}))
    error = await failure(client, url)
    assert (error.kind, error.retry_after) == ("http_429", 3600)
    assert site.paths() == ["/page"]


async def test_a_passing_fault_is_tried_again_with_growing_waits(
    client: WebClient, site: Site, time: QuickTime
) -> None:
    url = site.put("/page", "x")
    site.trouble("/page", Answer(status=500), Answer(drop=True))
    assert (await client.get(url)).body == b"x"
    assert site.paths() == ["/page"] * 3
    assert [wait for wait in time.slept if wait in (1.5, 3.0)] == [1.5, 3.0]


async def test_a_lasting_fault_ends_with_its_status_and_no_query(client: WebClient, site: Site) -> None:
    site.trouble("/page?token=geheim", *[Answer(status=502)] * 5)
    error = await failure(client, site.url + "/page?token=geheim")
    assert error.kind == "http_502"
    assert "geheim" not in str(error)
    assert len(site.paths()) == 3


async def test_a_missing_page_is_not_tried_again(client: WebClient, site: Site) -> None:
    assert (await failure(client, site.url + "/gone")).kind == "http_404"
    assert site.paths() == ["/gone"]


async def test_a_page_beyond_the_limit_is_refused(client: WebClient, site: Site) -> None:
    assert (await failure(client, site.put("/big", "x" * 10_001))).kind == "too_large"


async def test_redirects_are_followed_within_bounds(client: WebClient, site: Site) -> None:
    site.put("/end", "x")
    site.pages["/start"] = Answer(status=302, headers={"Location": "/end"})
    reply = await client.get(site.url + "/start")
    assert (reply.url, reply.body) == (site.url + "/end", b"x")
    site.pages["/circle"] = Answer(status=301, headers={"Location": "/circle"})
    assert (await failure(client, site.url + "/circle")).kind == "redirects"


async def test_a_redirect_into_forbidden_ground_is_not_followed(client: WebClient, site: Site) -> None:
    site.put("/robots.txt", "User-agent: *\nDisallow: /inner\n")
    site.put("/inner", "x")
    site.pages["/start"] = Answer(status=302, headers={"Location": "/inner"})
    assert (await failure(client, site.url + "/start")).kind == "robots"
    assert "/inner" not in site.paths()


async def test_no_server_at_all_is_a_source_error(client: WebClient) -> None:
    assert (await failure(client, "http://127.0.0.1:9/page")).kind == "robots_unreachable"


async def test_secrets_stay_on_the_first_host(client: WebClient, site: Site, around: Surroundings) -> None:
    from site_server import serving

    with serving() as other:
        target = other.put("/end", "x")
        site.pages["/start"] = Answer(status=302, headers={"Location": target})
        await client.get(site.url + "/start", headers={"Authorization": "Bearer geheim"})
        assert site.asked[-1].headers["Authorization"] == "Bearer geheim"
        assert all("Authorization" not in asked.headers for asked in other.asked)
