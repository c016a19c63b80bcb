"""`opinion-stream consume` and `opinion-stream status`: what stands on the topics and how far the stages are."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

import orjson
import typer
from rich.table import Table

from opinion_stream.adapters.reading import Stored, progress, reader
from opinion_stream.cli import upstream
from opinion_stream.cli.common import BootstrapOption, out, print_table, settings_of
from opinion_stream.cli.topics import topic_named
from opinion_stream.errors import OpinionStreamError
from opinion_stream.settings import Settings
from opinion_stream.topics import ESCALATIONS, TOPICS, Stage, Topic, full_name


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        "consume",
        epilog="Examples:\n\nopinion-stream consume incidents --from-beginning\n\n"
        "opinion-stream consume escalations --follow --json\n\n"
        "opinion-stream consume escalations --as-upstream --unit prov-office --acknowledge duty_officer",
    )(consume)
    app.command("status")(status)


def consume(
    topic: str = typer.Argument(help="Topic, with or without the prefix, e.g. incidents"),
    follow: bool = typer.Option(False, "--follow", "-f", help="Wait for more until Ctrl-C."),
    from_beginning: bool = typer.Option(False, "--from-beginning", help="Start at the oldest record."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object a line, whole."),
    limit: int | None = typer.Option(None, "--limit", "-n", min=1, help="Stop after so many records."),
    as_upstream: bool = typer.Option(
        False, "--as-upstream", help="escalations only: as the body they are sent to, each once, until Ctrl-C."
    ),
    unit: list[str] = typer.Option([], "--unit", help="--as-upstream: code of the recipient's unit; left out: all."),
    acknowledge: str | None = typer.Option(
        None, "--acknowledge", metavar="ROLE", help="--as-upstream: send a receipt (签收) for each, as this role."
    ),
    group: str = typer.Option("upstream", "--group", help="--as-upstream: name of the body's consumer group."),
    bootstrap: BootstrapOption = None,
) -> None:
    """Print the records of a topic, decoded. Reads without a group: it disturbs nobody.

    With --as-upstream: in a group of its own, each escalation once, also after a restart; see docs/contracts.md.
    """
    settings = settings_of(bootstrap)
    found = topic_named(topic, settings.topic_prefix)
    if as_upstream:
        if found is not ESCALATIONS:
            raise OpinionStreamError("--as-upstream is for the topic escalations (这一选项只用于报送主题)")
        upstream.serve(settings, group, unit, acknowledge, as_json=as_json, limit=limit)
        return
    try:
        asyncio.run(_consume(settings, found, follow=follow, beginning=from_beginning, as_json=as_json, limit=limit))
    except KeyboardInterrupt:
        return


async def _consume(
    settings: Settings, topic: Topic, *, follow: bool, beginning: bool, as_json: bool, limit: int | None
) -> None:
    name = full_name(settings.topic_prefix, topic)
    shown = 0

    def show(records: Sequence[Stored]) -> bool:
        nonlocal shown
        for record in records:
            out.print(_line(record, as_json=as_json), markup=False)
            shown += 1
            if limit is not None and shown >= limit:
                return False
        return True

    async with reader(settings.broker()) as read:
        if beginning and not show(await read.read_to_end([name])):
            return
        if not follow:
            if not beginning:
                out.print("没有要显示的记录：加 --from-beginning 从头读，或加 --follow 等新记录。")
            return
        if not beginning:
            await read.seek([name], from_beginning=False)
        while show(await read.next_batch(500)):
            pass


def _line(record: Stored, *, as_json: bool) -> str:
    try:
        value = orjson.loads(record.value or b"null")
    except orjson.JSONDecodeError:
        value = None
    where = {"partition": record.partition, "offset": record.offset, "at": record.at.isoformat()}
    if as_json:
        return json.dumps({**where, "key": _text(record.key), "value": value}, ensure_ascii=False)
    if not isinstance(value, dict):
        return f"[{record.partition}/{record.offset}] ({len(record.value or b'')} bytes, not an object)"
    return f"[{record.partition}/{record.offset}] " + " · ".join(_highlights(value))


_SHOWN = (
    *("id", "version", "grade", "kind", "status", "state", "title", "category", "reason", "text", "watch", "set_aside"),
    *("due_at", "at"),
)


def _highlights(value: dict[str, object]) -> list[str]:
    inner = {**value, **(value["mention"] if isinstance(value.get("mention"), dict) else {})}  # type: ignore[dict-item]
    parts = [f"{name}={_cut(inner[name])}" for name in _SHOWN if inner.get(name) not in (None, "", [])]
    for name in ("region", "unit", "recipient"):
        item = inner.get(name)
        if isinstance(item, dict):
            unit = item.get("unit", item)
            parts.append(f"{name}={unit.get('name') if isinstance(unit, dict) else unit}")
    return parts


def _cut(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _text(key: bytes | None) -> str | None:
    return None if key is None else key.decode("utf-8", "replace")


def status(
    as_json: bool = typer.Option(False, "--json", help="As one JSON object."), bootstrap: BootstrapOption = None
) -> None:
    """Lag of each stage and number of records on each topic."""
    settings = settings_of(bootstrap)
    lags, counts = asyncio.run(_status(settings))
    if as_json:
        out.print(json.dumps({"lag": {s.value: n for s, n in lags.items()}, "records": counts}), markup=False)
        return
    stages = Table("环节", "stage", "待处理 lag")
    for stage, lag in lags.items():
        stages.add_row(stage.label, stage.value, str(lag))
    print_table(stages)
    topics = Table("主题", "topic", "记录 records")
    for topic in TOPICS:
        topics.add_row(topic.label, full_name(settings.topic_prefix, topic), str(counts[topic.name]))
    print_table(topics)


async def _status(settings: Settings) -> tuple[dict[Stage, int], dict[str, int]]:
    prefix = settings.topic_prefix
    address = settings.broker()
    async with reader(address) as read, progress(address, prefix) as far:
        ends = await read.ends([full_name(prefix, topic) for topic in TOPICS])
        lags = await far.lags(tuple(Stage), ends)
    counts = {
        topic.name: sum(end for partition, end in ends.items() if partition.topic == full_name(prefix, topic))
        for topic in TOPICS
    }
    return lags, counts
