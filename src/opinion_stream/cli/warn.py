"""`opinion-stream warnings`: the early warnings that a file of mentions would have brought, without a broker."""

from __future__ import annotations

import itertools
import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import typer
from rich.table import Table

from opinion_stream.cli.common import ConfigOption, ModelOption, classifier_of, err, print_table
from opinion_stream.cli.files import CHUNK, Job
from opinion_stream.domain.state import DictStore

if TYPE_CHECKING:
    from opinion_stream.models.warning import EarlyWarning


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "warnings",
        epilog="Examples:\n\nopinion-stream warnings messages.jsonl\n\n"
        "opinion-stream warnings messages.jsonl --config examples/xidi --json > warnings.json",
    )(warnings)


def warnings(
    file: Path = typer.Argument(help="JSON Lines, one RawMention a line, in order of publication."),
    as_json: bool = typer.Option(False, "--json", help="A JSON array of every version of every warning, in order."),
    config: ConfigOption = None,
    model: ModelOption = None,
) -> None:
    """Replay a file and print its early warnings (预警): bursts of a category in a region, incidents that grow fast.

    Event time alone counts: each line shows what was known when it was issued. Never looks ahead.
    """
    from opinion_stream.domain.assessment.pipeline import Assessor
    from opinion_stream.domain.incidents.book import IncidentBook
    from opinion_stream.domain.warning.watch import Watch
    from opinion_stream.models.assessment import AssessedMention

    issued: list[EarlyWarning] = []
    with ExitStack() as stack:
        job = Job(stack, file, None, config)
        assessor = Assessor(job.policy, classifier_of(job.policy, model))
        store = DictStore()
        book, watch = IncidentBook(job.policy, store), Watch(job.policy, store)
        mentions = job.heard()
        while chunk := list(itertools.islice(mentions, CHUNK)):
            judged = zip(chunk, assessor.assess(chunk), strict=True)
            book.take([AssessedMention(mention=mention, assessment=a) for mention, a in judged], watch.see)
            issued += watch.drain()
    if as_json:
        typer.echo(json.dumps([warning.model_dump(mode="json") for warning in issued], ensure_ascii=False))
        return
    print_table(_table(issued, ZoneInfo(job.policy.jurisdiction.timezone)))
    err.print(f"预警 {len({warning.id for warning in issued})} 个，发出 {len(issued)} 次", markup=False)


def _table(issued: list[EarlyWarning], zone: ZoneInfo) -> Table:
    table = Table("时间", "类型", "状态", title="预警 early warnings")
    table.add_column("内容", overflow="fold")
    for w in issued:
        status = f"{w.status.label} v{w.version}"
        table.add_row(f"{w.at.astimezone(zone):%Y-%m-%d %H:%M}", w.kind.label, status, w.reason)
    return table
