"""The JSON connector against a server that pages, limits, fails and grows: what is collected is what is served."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from builders import T0
from opinion_stream.adapters.sources.json_api import ApiConnector
from opinion_stream.adapters.sources.web_client import WebClient
from opinion_stream.policy.mapping import FieldMapping
from opinion_stream.policy.source_data import ApiSource
from order_api import Order, OrderApi, growing
from source_world import POLICY, World

MAPPING = FieldMapping.model_validate(
    {
        "title": "t",
        "zone": "Asia/Shanghai",
        "fields": {"id": "no", "text": "appeal", "published_at": {"path": "at", "time": "%Y-%m-%d %H:%M:%S"}},
    }
)
PAGINGS: dict[str, dict[str, Any]] = {
    "page": {"by": "page"},
    "page-total": {"by": "page", "size": 100, "total_at": "data.total"},
    "offset": {"by": "offset"},
    "offset-total": {"by": "offset", "total_at": "data.total"},
    "token": {"by": "token", "parameter": "cursor", "at": "next"},
    "link": {"by": "link", "at": "link"},
    "link-header": {"by": "link"},
}
SINCE = {"parameter": "since", "at": "at", "overlap_minutes": 60}


def orders(count: int) -> list[Order]:
    """One every half hour, the last one an hour ago."""
    local = T0.replace(tzinfo=None)
    return [Order(n, local - timedelta(minutes=30 * (count - n) + 60)) for n in range(count)]


def source(url: str, **more: object) -> ApiSource:
    fixed = {
        "name": "hotline",
        "title": "t",
        "kind": "json_api",
        "licence": "数据服务协议",
        "items": "data.list",
        "mapping": "m",
    }
    return ApiSource.model_validate({**fixed, "url": url, **more})


def numbers(world: World) -> set[object]:
    return set(world.broker.field("id"))


async def read(
    world: World, made: ApiSource, polls: int = 1, environment: Mapping[str, str] | None = None
) -> list[str | None]:
    """So many polls, each as by a new process; the errors."""
    errors = []
    around = replace(world.around, environ=environment or {})
    for _ in range(polls):
        # Without the authorities' certificates, which are slow to load and not asked for here.
        plain = httpx.AsyncHTTPTransport(verify=False)
        async with WebClient(POLICY.sources.defaults.http, world.around, plain) as client:
            outcome = await world.poll(made, ApiConnector(made, MAPPING, client, around))
        errors.append(outcome.error)
    return errors


@pytest.mark.parametrize("paging", PAGINGS.values(), ids=PAGINGS.keys())
@pytest.mark.parametrize("newest_first", [True, False], ids=["newest-first", "oldest-first"])
async def test_all_is_collected_once_and_the_next_poll_brings_only_what_is_new(
    tmp_path: Path, paging: dict[str, Any], newest_first: bool
) -> None:
    world = World(tmp_path)
    async with OrderApi(orders(10), newest_first=newest_first) as api:
        made = source(api.url, paging=paging, since=SINCE)
        assert await read(world, made) == [None]
        assert world.broker.field("id") == list(dict.fromkeys(world.broker.field("id")))
        assert len(world.broker.values) == 10

        api.orders.append(Order(10, T0.replace(tzinfo=None)))
        api.orders.append(Order(11, T0.replace(tzinfo=None) - timedelta(minutes=110)))
        await read(world, made, 2)

    assert len(world.broker.values) == 12
    assert numbers(world) == {f"Q{n:05d}" for n in range(12)}


@pytest.mark.parametrize(
    ("paging", "newest_first"),
    list(zip(PAGINGS.values(), itertools.cycle([True, False]), strict=False)),
    ids=PAGINGS.keys(),
)
async def test_what_is_collected_is_what_is_served_whatever_breaks_and_while_it_grows(
    tmp_path: Path, paging: dict[str, Any], newest_first: bool
) -> None:
    """A crash at each delivery and each store in turn, a server that limits and fails, late orders in between."""
    for at in (1, 4):
        for broken in ("broker", "state"):
            world = World(tmp_path / f"{at}-{broken}")
            (world.broker if broken == "broker" else world.cursors).fail_at = {at, at + 1}
            weather = itertools.cycle([200, 503, 200, 429, 200, 500, 500, 500])
            async with OrderApi(orders(10), newest_first=newest_first, weather=weather) as api:
                api.after_each = growing(2, 16, timedelta(minutes=20))
                made = source(api.url, paging=paging, since=SINCE, method="GET")
                errors = await read(world, made, 9)
                assert any(errors)
                assert numbers(world) == {order.as_json()["no"] for order in api.orders}
                # Sent again is only what a crash left unsaid: at most two pages.
                assert len(world.broker.values) <= len(api.orders) + 2 * api.size


async def test_a_server_that_forgets_the_place_is_read_anew_without_a_gap(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.broker.fail_at = {3}
    async with OrderApi(orders(10)) as api:
        made = source(api.url, paging=PAGINGS["token"], since=SINCE, newest_first=True)
        await read(world, made)
        api.refuse_tokens_once = True
        assert await read(world, made) == [None]

    assert len(numbers(world)) == 10


async def test_without_since_a_known_page_ends_the_round(tmp_path: Path) -> None:
    world = World(tmp_path)
    async with OrderApi(orders(12)) as api:
        made = source(api.url, paging=PAGINGS["offset"], newest_first=True)
        await read(world, made)
        api.orders.append(Order(99, T0.replace(tzinfo=None)))
        before = len(api.asked)
        await read(world, made)

    assert len(world.broker.values) == 13
    assert len(api.asked) - before == 2


async def test_a_server_that_repeats_its_last_page_comes_to_an_end(tmp_path: Path) -> None:
    world = World(tmp_path)
    async with OrderApi(orders(9), repeats_last_page=True) as api:
        assert await read(world, source(api.url, paging=PAGINGS["page"])) == [None]

    assert len(api.asked) == 4
    assert len(world.broker.values) == 9


async def test_a_long_list_is_read_over_several_polls(tmp_path: Path) -> None:
    world = World(tmp_path)
    async with OrderApi(orders(30)) as api:
        made = source(api.url, paging=PAGINGS["page"], since=SINCE, max_pages=4)
        await read(world, made, 4)

    assert len(numbers(world)) == 30
    assert len(world.broker.values) == 30


async def test_numbers_as_since_and_parameters_in_a_json_body(tmp_path: Path) -> None:
    world = World(tmp_path)
    since = {"parameter": "page.after", "by": "number", "at": "seq", "overlap_numbers": 2}
    async with OrderApi(orders(10)) as api:
        paging = {"by": "page", "parameter": "page.page", "size_parameter": "page.size"}
        made = source(api.url, method="POST", body={"page": {}, "appid": 1}, paging=paging, since=since)
        await read(world, made)
        api.orders += [Order(10, T0.replace(tzinfo=None)), Order(11, T0.replace(tzinfo=None))]
        api.asked.clear()
        await read(world, made)

    assert len(world.broker.values) == 12
    assert api.asked[0] == {"after": "7", "page": "1", "size": "100"}


async def test_a_wrong_clock_on_the_other_side_makes_us_pass_over_nothing(tmp_path: Path) -> None:
    world = World(tmp_path)
    async with OrderApi([*orders(3), Order(50, T0.replace(tzinfo=None) + timedelta(days=900))]) as api:
        made = source(api.url, since=SINCE)
        await read(world, made)
        api.orders.append(Order(60, world.clock.value.astimezone(T0.tzinfo).replace(tzinfo=None)))
        await read(world, made)

    assert "Q00060" in numbers(world)


async def test_the_secret_comes_from_the_environment_or_a_file_and_is_never_told(tmp_path: Path) -> None:
    world = World(tmp_path)
    file = tmp_path / "token"
    file.write_text("s3cret\n", encoding="utf-8")
    async with OrderApi(orders(2), token="s3cret") as api:
        made = source(api.url, auth={"header": "Authorization", "prefix": "Bearer "})
        without = await read(world, made)
        wrong = await read(world, made, environment={"OPINION_SOURCE_HOTLINE_TOKEN": "other"})
        right = await read(world, made, environment={"OPINION_SOURCE_HOTLINE_TOKEN_FILE": str(file)})

    assert without[0] is not None
    assert "OPINION_SOURCE_HOTLINE_TOKEN_FILE" in without[0]
    assert wrong[0] is not None
    assert wrong[0].startswith("http_401")
    assert right == [None]
    assert "other" not in str(world.outcomes)


async def test_the_secret_does_not_follow_a_link_to_another_host(tmp_path: Path) -> None:
    world = World(tmp_path)
    async with OrderApi(orders(9), token="s3cret", envelope=lambda a: {**a, "link": "http://other.example/x"}) as api:
        made = source(api.url, auth={"header": "Authorization", "prefix": "Bearer "}, paging=PAGINGS["link"])
        (error,) = await read(world, made, environment={"OPINION_SOURCE_HOTLINE_TOKEN": "s3cret"})

    assert error is not None
    assert "another host" in error


@pytest.mark.parametrize(
    ("envelope", "said"),
    [
        (lambda a: {**a, "code": 4001}, "refused: 127.0.0.1"),
        (lambda a: {"code": 0, "data": {"rows": []}}, "no list at `items: data.list`; the answer has: code, data"),
        (lambda a: "x", "the answer has: str"),
    ],
    ids=["refused in the answer", "no list", "not even an object"],
)
async def test_what_is_wrong_with_an_answer_is_said(tmp_path: Path, envelope: Any, said: str) -> None:
    world = World(tmp_path)
    async with OrderApi(orders(4), envelope=envelope) as api:
        expect = {"at": "code", "values": ["0", "200"]}
        made = source(api.url, expect=expect if "code" in said or "refused" in said else None)
        (error,) = await read(world, made)

    assert error is not None
    assert said in error


async def test_an_order_that_does_not_fit_is_handed_on_with_its_reason(tmp_path: Path) -> None:
    def spoil(answer: dict[str, Any]) -> dict[str, Any]:
        answer["data"]["list"][0]["at"] = "昨天"
        return answer

    world = World(tmp_path)
    async with OrderApi(orders(2), envelope=spoil) as api:
        (error,) = await read(world, source(api.url))

    assert error == "unmapped: mapping m: published_at（列 at）：不是映射所声明的时间形式"
    assert world.broker.field("unmapped")[0] == {"mapping": "m", "row": None, "fields": {"published_at": "bad_time"}}
    assert b"138000" not in b"".join(world.broker.values)
    assert world.broker.field("source") == ["hotline", "hotline"]
