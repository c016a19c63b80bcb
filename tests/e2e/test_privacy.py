"""On a running road, planted personal data stand in no topic but the inbound one, no log and no figure."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from e2e.support import Sender, everything, rest
from opinion_stream.adapters.reading import reader
from opinion_stream.demo.road import Road
from opinion_stream.topics import INBOUND, STATEFUL, changelog_name
from privacy_corpus.planting import CHANCY_DIGITS, leaks, planted, worded

pytestmark = pytest.mark.broker

KEYS = """
rotation_days: 30
keys:
  - {id: before, from: 2026-01-01, secret: a key of the tests only and no secret}
  - {id: after, from: %s, secret: another key of the tests only and no secret}
"""


async def test_planted_personal_data_stand_on_the_inbound_topic_alone(
    new_road: Callable[..., Awaitable[Road]],
) -> None:
    start = datetime.now(UTC) - timedelta(days=2)
    lines, data = planted(start)
    road = await new_road(metrics=True, pseudonym_key=KEYS % (start + timedelta(hours=4)).date())

    await Sender(road).send(lines)
    await rest(road)

    prefix = road.settings.topic_prefix
    topics = {name: [r.value or b"" for r in records] for name, records in (await everything(road)).items()}
    async with reader(road.settings.bootstrap()) as read:
        kept = await read.read_to_end([changelog_name(prefix, stage) for stage in STATEFUL])
    topics["changelogs"] = [(record.key or b"") + b" " + (record.value or b"") for record in kept]
    assert all(topics[name] for name in ("mentions.collected", "incidents", "dead-letters", "changelogs"))
    inbound = b"\n".join(topics.pop(INBOUND.name)).decode(errors="replace")
    assert leaks(inbound, data) == sorted(data)
    for name, values in topics.items():
        assert leaks(b"\n".join(values).decode(errors="replace"), data) == [], name

    async with httpx.AsyncClient(trust_env=False) as client:
        for stage, port in road.metrics.items():
            figures = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
            assert "opinion_records_in_total" in figures
            assert leaks(worded(figures), data) == [], stage
            assert leaks(figures, {datum for datum in data if len(datum) >= CHANCY_DIGITS}) == [], stage

    road.stop()
    for log in road.logs():
        assert leaks(log.read_text(encoding="utf-8", errors="replace"), data) == [], log.name
