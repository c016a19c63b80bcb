"""Upstream bodies on a broker: each escalation once over restarts, and a receipt for each."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import builders
from opinion_stream.adapters.admin import apply_topics
from opinion_stream.adapters.window import outgoing, producer, standing
from opinion_stream.models.base import UnitRef
from opinion_stream.models.escalation import Escalation, EscalationStatus, Receipt, ReceiptKind
from opinion_stream.settings import Settings, load_settings
from opinion_stream.topics import ESCALATIONS, RECEIPTS, full_name

pytestmark = pytest.mark.broker
REPO = Path(__file__).parents[2]
EXAMPLE = REPO / "examples" / "upstream" / "receive.py"


@pytest.fixture
async def settings(bootstrap: str, unique_prefix: str) -> Settings:
    """Topics of their own."""
    settings = load_settings(kafka_bootstrap=bootstrap, topic_prefix=unique_prefix, partitions=2)
    await apply_topics(settings)
    return settings


def to(unit: str, name: str, version: int = 1) -> Escalation:
    sent = builders.escalation(id=name, version=version)
    recipient = sent.recipient.model_copy(update={"unit": UnitRef(code=unit, name=unit)})
    status = EscalationStatus.ISSUED if version == 1 else EscalationStatus.ACKNOWLEDGED
    return sent.model_copy(update={"recipient": recipient, "status": status})


async def issue(settings: Settings, escalations: Sequence[Escalation]) -> None:
    async with producer(settings) as made:
        await made.send_all([outgoing(settings, ESCALATIONS, e.incident_id, e) for e in escalations])


async def run(*command: str, env: dict[str, str]) -> list[Escalation]:
    process = await asyncio.create_subprocess_exec(
        *command, env={**os.environ, **env}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode == 0, err.decode()
    return [Escalation.model_validate_json(line) for line in out.splitlines()]


async def as_upstream(settings: Settings, folder: Path, limit: int) -> list[Escalation]:
    return await run(
        *(sys.executable, "-m", "opinion_stream", "consume", "escalations", "--as-upstream", "--json"),
        *("--unit", "prov-office", "--acknowledge", "duty_officer", "--limit", str(limit)),
        env={
            "OPINION_KAFKA_BOOTSTRAP": settings.bootstrap(),
            "OPINION_TOPIC_PREFIX": settings.topic_prefix,
            "OPINION_STATE_DIR": str(folder),
        },
    )


async def by_example(settings: Settings, folder: Path, most: int) -> list[Escalation]:
    return await run(
        *(sys.executable, str(EXAMPLE), str(most)),
        env={
            "KAFKA": settings.bootstrap(),
            "TOPIC": full_name(settings.topic_prefix, ESCALATIONS),
            "UNIT": "prov-office",
            "SEEN_FILE": str(folder / "seen.txt"),
        },
    )


async def test_the_kit_shows_each_once_and_acknowledges_it(settings: Settings, tmp_path: Path) -> None:
    mine = [to("prov-office", f"e-{number}") for number in range(3)]
    await issue(settings, [mine[0], to("elsewhere", "e-x"), mine[0], mine[1]])

    first = await as_upstream(settings, tmp_path, 2)
    await issue(settings, [to("prov-office", "e-0", version=2), mine[1], mine[2]])
    second = await as_upstream(settings, tmp_path, 1)

    assert [e.id for e in first] == ["e-0", "e-1"] or {e.id for e in first} == {"e-0", "e-1"}
    assert [e.id for e in second] == ["e-2"]
    receipts = await standing(settings, RECEIPTS, Receipt)
    assert sorted(r.escalation_id for r in receipts) == ["e-0", "e-1", "e-2"]
    assert {r.kind for r in receipts} == {ReceiptKind.ACKNOWLEDGED}


async def test_the_example_does_the_same_without_our_code(settings: Settings, tmp_path: Path) -> None:
    await issue(settings, [to("prov-office", "e-0"), to("prov-office", "e-0"), to("prov-office", "e-1")])

    first = await by_example(settings, tmp_path, 2)
    await issue(settings, [to("prov-office", "e-1"), to("prov-office", "e-2")])
    second = await by_example(settings, tmp_path, 3)

    assert {e.id for e in first} == {"e-0", "e-1"}
    assert [e.id for e in second] == ["e-2"]
    receipts = await standing(settings, RECEIPTS, Receipt)
    assert sorted(r.escalation_id for r in receipts) == ["e-0", "e-1", "e-2"]


def test_the_example_is_short_and_uses_nothing_of_ours() -> None:
    source = EXAMPLE.read_text(encoding="utf-8")
    assert "opinion_stream" not in source
    code = [line for line in source.splitlines() if line.strip() and not line.startswith(('"""', "import", "from"))]
    assert len(code) <= 40, json.dumps(len(code))
