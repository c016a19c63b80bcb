"""When the broker is away or slow: never a false 202, bounded waiting, and back by itself."""

from __future__ import annotations

import asyncio

import pytest

from intake_support import Shelf, app_on, client_of, mention
from opinion_stream.adapters.intake import gather


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gather, "PROBE_AGAIN_SECONDS", 0.01)


async def test_a_broker_that_is_away_from_the_start_gives_503_until_it_is_there() -> None:
    shelf = Shelf()
    shelf.up = False
    async with client_of(app_on(shelf)) as client:
        refused = await client.post("/v1/mentions", json=mention())
        unready = await client.get("/readyz")
        alive = await client.get("/healthz")
        shelf.up = True
        async with asyncio.timeout(5):
            while (await client.get("/readyz")).status_code != 200:
                await asyncio.sleep(0.01)
        taken = await client.post("/v1/mentions", json=mention())

    assert refused.status_code == unready.status_code == 503
    assert refused.headers["retry-after"]
    assert "一条也没有写入" in refused.json()["detail"]
    assert alive.status_code == 200
    assert taken.status_code == 202
    assert len(shelf.records) == 1


async def test_a_write_that_fails_is_never_answered_202() -> None:
    shelf = Shelf()
    async with client_of(app_on(shelf)) as client:
        shelf.up = False
        answers = await asyncio.gather(*(client.post("/v1/mentions", json=mention(n)) for n in range(10)))
    assert {answer.status_code for answer in answers} == {503}
    assert shelf.records == []


async def test_a_missing_topic_is_named_with_its_cure() -> None:
    shelf = Shelf()
    shelf.topics = 0
    async with client_of(app_on(shelf)) as client:
        answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert "topics apply" in answer.json()["detail"]


async def test_who_waits_in_vain_is_told_that_it_may_have_been_written() -> None:
    shelf = Shelf()
    shelf.gate.clear()
    async with client_of(app_on(shelf, intake_ack_seconds=0.05)) as client:
        answer = await client.post("/v1/mentions", json=mention())
        shelf.gate.set()
    assert answer.status_code == 503
    assert "可能已经写入" in answer.json()["detail"]


async def test_the_queue_is_bounded_and_what_fits_is_still_written() -> None:
    shelf = Shelf()
    shelf.gate.clear()
    async with client_of(app_on(shelf, intake_queue_mentions=100)) as client:
        waiting = [asyncio.create_task(client.post("/v1/mentions:bulk", json=batch(n))) for n in range(3)]
        done, pending = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED, timeout=5)
        shelf.gate.set()
        answers = (
            [task.result() for task in waiting if not task.cancelled()]
            if not pending
            else [
                *(task.result() for task in done),
                *await asyncio.gather(*pending),
            ]
        )
    assert sorted(answer.status_code for answer in answers) == [202, 202, 503]
    assert len(shelf.records) == 80


def batch(number: int) -> list[dict[str, object]]:
    return [mention(100 * number + n) for n in range(40)]


async def test_what_is_in_flight_at_the_end_is_written_before_the_service_ends() -> None:
    shelf = Shelf()
    shelf.gate.clear()
    async with client_of(app_on(shelf)) as client:
        request = asyncio.create_task(client.post("/v1/mentions", json=mention()))
        await asyncio.sleep(0)
        while not shelf.records and not request.done():
            shelf.gate.set()
            await asyncio.sleep(0.005)
    assert (await request).status_code == 202
    assert len(shelf.records) == 1
