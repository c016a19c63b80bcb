"""`opinion-stream import FILE --mapping NAME`: one exported file to the inbound topic, or only tried out."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from opinion_stream.cli.common import BootstrapOption, ConfigOption, err, existing, out, settings_of
from opinion_stream.errors import OpinionStreamError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opinion_stream.adapters.producer import BatchProducer
    from opinion_stream.adapters.sources.base import Record
    from opinion_stream.adapters.sources.exported import Account, ExportedFile
    from opinion_stream.adapters.sources.records import Stamp
    from opinion_stream.policy import Policy
    from opinion_stream.policy.source import SourceBase
    from opinion_stream.settings import Settings

ROWS = 500


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "import",
        epilog="Examples:\n\nopinion-stream import 三月留言.xlsx --mapping message_board_export --dry-run\n\n"
        "opinion-stream import 三月留言.xlsx --mapping message_board_export --source message-board\n\n"
        "For files that come again and again declare a source of kind folder (docs/mappings.md).",
    )(import_file)


def import_file(
    file: Path = typer.Argument(help="JSON Lines, CSV or Excel (.xlsx)."),
    mapping: str = typer.Option(..., "--mapping", help="Name of a file of config/mappings, without .yaml."),
    source: str | None = typer.Option(
        None, "--source", help="Source the records belong to: the same name and id again are repeats. [the mapping's]"
    ),
    dry_run: bool = typer.Option(False, "--dry-run", help="Send nothing; say what would be read and what not."),
    bootstrap: BootstrapOption = None,
    config: ConfigOption = None,
) -> None:
    """Send the rows of one exported FILE to the inbound topic.

    Rows that do not fit the mapping are sent too and become dead letters with their reason; they are listed here by row
    and column, without their content. Interrupted, the command may simply be given again: ids stay the same.
    """
    from zoneinfo import ZoneInfo

    from opinion_stream.adapters.sources.exported import Account, ExportedFile, digest_of_file
    from opinion_stream.adapters.sources.records import Stamp
    from opinion_stream.domain.collection.mapping import Mapper
    from opinion_stream.policy import load_policy

    settings = settings_of(bootstrap, config)
    policy = load_policy(settings.config)
    found = policy.mappings.files.get(mapping)
    if found is None:
        known = ", ".join(policy.mappings.files) or "none"
        raise SettingsError(
            f"--mapping {mapping}: there is no {settings.config}/mappings/{mapping}.yaml; known: {known}"
        )
    mapper = Mapper(found, mapping, ZoneInfo(policy.jurisdiction.timezone))
    exported = ExportedFile(existing(file), found, mapper)
    account = Account(file.name, digest_of_file(file))
    stamp = Stamp(_source(policy, source or mapping), policy)
    asyncio.run(_run(exported, account, stamp, None if dry_run else settings))
    out.print(account.report(), markup=False, end="")
    if dry_run:
        out.print("试读：没有送出任何内容", markup=False)
    if account.refused and not account.read:
        raise OpinionStreamError(f"no row of {file.name} fits mapping {mapping}: mend config/mappings/{mapping}.yaml")


def _source(policy: Policy, name: str) -> SourceBase:
    from opinion_stream.policy.source import SourceBase

    for source in policy.sources.sources:
        if source.name == name:
            return source
    return SourceBase(name=name, title=name[:60], licence="由值班人员导入")


async def _run(exported: ExportedFile, account: Account, stamp: Stamp, settings: Settings | None) -> None:
    """Read the file with a progress line, and send it unless `settings` is None."""
    from opinion_stream.adapters.window import producer

    async with AsyncExitStack() as stack:
        sender = await stack.enter_async_context(producer(settings)) if settings is not None else None
        with err.status("读取") as status:
            async for records in exported.pages(account, ROWS):
                if sender is not None and settings is not None:
                    await _send(sender, records, stamp, settings)
                status.update(f"读取第 {account.row} 行，不能转换 {account.refused} 行")


async def _send(producer: BatchProducer, records: Sequence[Record], stamp: Stamp, settings: Settings) -> None:
    from opinion_stream.adapters.inbound import inbound_key
    from opinion_stream.adapters.producer import Outgoing
    from opinion_stream.topics import INBOUND, full_name

    topic, largest = full_name(settings.topic_prefix, INBOUND), INBOUND.max_message_bytes - 1000
    values = [stamp.encoded(record) for record in records]
    if any(len(value) > largest for value in values):
        raise OpinionStreamError(f"a row makes a record of more than {largest} bytes, which the topic does not take")
    await producer.send_all([Outgoing(topic, inbound_key(value), value) for value in values])
