"""`opinion-stream replay FILE`: a JSON Lines file to the inbound topic."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from opinion_stream.adapters.connection import Address
from opinion_stream.cli.common import BootstrapOption, err, existing, out, settings_of

CHUNK = 500


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "replay",
        epilog="Examples:\n\nopinion-stream replay messages.jsonl\n\nopinion-stream replay messages.jsonl --rate 200",
    )(replay)


def replay(
    file: Path = typer.Argument(help="JSON Lines, one RawMention a line."),
    rate: float | None = typer.Option(None, min=0.1, help="Records per second; left out: as fast as it goes."),
    bootstrap: BootstrapOption = None,
) -> None:
    """Send each line of FILE to the inbound topic, as it is: bad lines too, so that they are accounted for."""
    from opinion_stream.adapters.inbound import raw_lines

    settings = settings_of(bootstrap)
    lines = list(raw_lines(existing(file)))
    started = time.perf_counter()
    asyncio.run(_send(lines, rate, settings.broker(), settings.topic_prefix))
    seconds = time.perf_counter() - started
    out.print(f"已送入 {len(lines)} 条，用时 {seconds:.1f} 秒（{len(lines) / max(seconds, 1e-9):.0f} 条/秒）")


async def _send(lines: list[bytes], rate: float | None, address: Address, prefix: str) -> None:
    from opinion_stream.adapters.inbound import inbound_key
    from opinion_stream.adapters.producer import BatchProducer, Outgoing
    from opinion_stream.topics import INBOUND, full_name

    topic = full_name(prefix, INBOUND)
    producer = BatchProducer(address, client_id="opinion-stream-replay")
    await producer.start()
    chunk = CHUNK if rate is None else max(1, min(CHUNK, int(rate / 10)))
    columns = (TextColumn("送入"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=err) as progress:
            bar = progress.add_task("replay", total=len(lines))
            begun = time.perf_counter()
            for at in range(0, len(lines), chunk):
                part = lines[at : at + chunk]
                await producer.send_all([Outgoing(topic, inbound_key(line), line) for line in part])
                progress.advance(bar, len(part))
                if rate is not None:
                    await asyncio.sleep(max(0.0, begun + (at + len(part)) / rate - time.perf_counter()))
    finally:
        await producer.stop()
