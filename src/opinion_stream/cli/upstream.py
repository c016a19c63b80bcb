"""`opinion-stream consume escalations --as-upstream`: what an upstream body sees, and its receipts."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path

import typer

from opinion_stream.errors import SettingsError
from opinion_stream.models.escalation import Escalation
from opinion_stream.settings import Settings


def serve(
    settings: Settings, body: str, units: Sequence[str], role: str | None, *, as_json: bool, limit: int | None
) -> None:
    """Print each escalation once until SIGTERM, Ctrl-C or `limit`; with a `role`, acknowledge each.

    `body` names the consumer group and the file that remembers what was shown. Raises SettingsError for a body whose
    name cannot be a group.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,60}", body):
        raise SettingsError(f"--group: {body!r}: use letters, digits, dot, dash and underscore, e.g. upstream-province")
    asyncio.run(_serve(settings, body, units, role, as_json=as_json, limit=limit))


async def _serve(
    settings: Settings, body: str, units: Sequence[str], role: str | None, *, as_json: bool, limit: int | None
) -> None:
    from opinion_stream.adapters.logs import set_up_logs
    from opinion_stream.adapters.producer import BatchProducer
    from opinion_stream.adapters.sent_log import SentLog
    from opinion_stream.adapters.signals import stop_on_signals
    from opinion_stream.adapters.upstream import Upstream
    from opinion_stream.adapters.waiting import connected

    # What is printed is for a program to read; what is told about the way goes to stderr.
    set_up_logs(settings.log_level)
    stop = stop_on_signals()
    shown = 0

    def show(escalation: Escalation) -> None:
        nonlocal shown
        typer.echo(escalation.model_dump_json() if as_json else _line(escalation))
        shown += 1
        if limit is not None and shown >= limit:
            stop.set()

    producer = BatchProducer(settings.broker(), client_id=f"opinion-stream-{body}") if role else None
    broker, patience = settings.broker(), settings.broker_wait_seconds
    try:
        if producer is not None and not await connected(producer.start, broker, stop, patience):
            return
        with SentLog(Path(settings.state_dir) / f"{body}.sqlite") as sent:
            await Upstream(settings, body, sent, show, units=units, producer=producer, role=role or "").run(stop)
    finally:
        if producer is not None:
            await producer.stop()


def _line(escalation: Escalation) -> str:
    to = escalation.recipient
    return (
        f"{escalation.kind.label} {escalation.grade.label} {escalation.region.name} {escalation.title} → "
        f"{to.unit.name}，签收时限 {escalation.receipt_due_at:%m-%d %H:%M}（{escalation.id}）"
    )
