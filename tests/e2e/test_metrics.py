"""What real workers show: nothing waits once they rest, state is counted, and the figures are those of the topics."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import httpx
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from e2e.support import Sender, everything, rest
from opinion_stream.demo.road import Road
from opinion_stream.topics import Stage

STAGES = (Stage.COLLECTION, Stage.ASSESSMENT, Stage.INCIDENTS)
WORDS = ("停水", "堵车", "噪音扰民", "路灯不亮")


async def scraped(road: Road) -> dict[Stage, list[Sample]]:
    found: dict[Stage, list[Sample]] = {}
    async with httpx.AsyncClient(trust_env=False) as client:
        for stage, port in road.metrics.items():
            text = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
            found[stage] = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return found


def total(samples: list[Sample], name: str) -> float:
    return sum(sample.value for sample in samples if sample.name == name)


async def test_workers_show_what_stands_on_the_topics(new_road: Callable[..., Awaitable[Road]]) -> None:
    road = await new_road(stages=STAGES, metrics=True)
    published = datetime.now(UTC) - timedelta(hours=2)
    lines = [
        json.dumps(
            {
                "id": str(n),
                "source": "board",
                "title": f"{WORDS[n % 4]}怎么办",
                "text": f"我们小区{WORDS[n % 4]}已经{n}天了，请尽快解决。",
                "published_at": published.isoformat(),
            },
            ensure_ascii=False,
        ).encode()
        for n in range(40)
    ]
    await Sender(road).send([*lines, b"no json"])
    await rest(road, stages=STAGES)
    topics = await everything(road)
    incidents = {json.loads(record.value or b"{}")["id"] for record in topics["incidents"]}

    async with asyncio.timeout(60):  # the state is looked at every few seconds
        while True:
            found = await scraped(road)
            looked = all(total(samples, "opinion_partitions_owned") for samples in found.values())
            lag = sum(total(samples, "opinion_consumer_lag_records") for samples in found.values())
            if looked and not lag and total(found[Stage.INCIDENTS], "opinion_incidents_open"):
                break
            await asyncio.sleep(0.5)

    assert total(found[Stage.INCIDENTS], "opinion_incidents_open") == len(incidents)
    assert total(found[Stage.COLLECTION], "opinion_records_in_total") == 41
    assert total(found[Stage.COLLECTION], "opinion_dead_letters_total") == 1
    assert total(found[Stage.COLLECTION], "opinion_state_entries") > 0
    assert total(found[Stage.ASSESSMENT], "opinion_mentions_by_category_total") == 40
    for stage, samples in found.items():
        assert total(samples, "opinion_partitions_owned") == road.settings.partitions
        assert total(samples, "opinion_worker_ready") == 1
        assert total(samples, "opinion_delay_from_publication_seconds_count") == 40, stage
        mean = total(samples, "opinion_delay_from_publication_seconds_sum") / 40
        assert 7200 <= mean < 7200 + 600, "published two hours ago, and done minutes later at the most"
        assert total(samples, "opinion_state_disk_free_bytes") > 0
