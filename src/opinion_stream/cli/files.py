"""`opinion-stream clean` and `opinion-stream assess`: the core on a file, without a broker."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TextIO

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from opinion_stream.cli.common import (
    ConfigOption,
    ModelOption,
    classifier_of,
    err,
    existing,
    key_or_throwaway,
    out,
    settings_of,
)
from opinion_stream.domain.collection.pipeline import Collector, Received
from opinion_stream.domain.collection.repeats import Repeats
from opinion_stream.domain.state import DictStore
from opinion_stream.errors import Rejected
from opinion_stream.models.mention import Mention
from opinion_stream.policy import Policy, load_policy
from opinion_stream.settings import Settings

CHUNK = 500
RejectsOption = typer.Option(None, help="Write rejected lines here: line number, kind and reason, as JSON Lines.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("clean", epilog="Example:\n\nopinion-stream clean raw.jsonl -o mentions.jsonl --rejects bad.jsonl")(
        clean
    )
    app.command(
        "assess",
        epilog="Examples:\n\nopinion-stream assess messages.jsonl -o assessed.jsonl\n\n"
        "opinion-stream assess messages.jsonl -o assessed.jsonl --config examples/xidi\n\n"
        "opinion-stream assess messages.jsonl -o assessed.jsonl --model models/category",
    )(assess)


def clean(
    file: Path = typer.Argument(help="JSON Lines, one RawMention a line."),
    output: Path = typer.Option(..., "--output", "-o", help="Cleaned, masked mentions as JSON Lines."),
    rejects: Path | None = RejectsOption,
    config: ConfigOption = None,
) -> None:
    """Collect a file: validate, clean, mask, pseudonymise, mark exact repeats (`duplicate_of`)."""
    with ExitStack() as stack:
        job = Job(stack, file, rejects, config)
        result = stack.enter_context(output.open("w", encoding="utf-8"))
        for mention in job.mentions():
            result.write(mention.model_dump_json() + "\n")
    job.report("清洗")


def assess(
    file: Path = typer.Argument(help="JSON Lines, one RawMention a line."),
    output: Path = typer.Option(..., "--output", "-o", help="One line per mention, in input order, as JSON Lines."),
    rejects: Path | None = RejectsOption,
    config: ConfigOption = None,
    model: ModelOption = None,
) -> None:
    """Collect and judge a file: category, region, unit, nature, incident, grade, with reasons. Never looks ahead."""
    from opinion_stream.domain.assessment.pipeline import Assessor
    from opinion_stream.domain.incidents.book import IncidentBook
    from opinion_stream.domain.reasons import reasons_of
    from opinion_stream.models.assessment import AssessedMention

    with ExitStack() as stack:
        job = Job(stack, file, rejects, config)
        assessor = Assessor(job.policy, classifier_of(job.policy, model))
        book = IncidentBook(job.policy, DictStore())
        result = stack.enter_context(output.open("w", encoding="utf-8"))
        mentions = job.mentions()
        while chunk := list(itertools.islice(mentions, CHUNK)):
            for mention, assessment in zip(chunk, assessor.assess(chunk), strict=True):
                item = AssessedMention(mention=mention, assessment=assessment)
                incident = book.place(item)
                copy = book.copy_of(item)
                line = {
                    "id": mention.source_id or mention.id,
                    "mention_id": mention.id,
                    "category": assessment.category.level1,
                    "category_confidence": assessment.category.confidence,
                    "category_source": assessment.category.source,
                    "region": assessment.region.name,
                    "unit": assessment.unit.name,
                    "co_units": [unit.name for unit in assessment.co_units],
                    "nature": assessment.nature.value,
                    "sensitivity": assessment.sensitivity,
                    "response_value": assessment.response_value.score,
                    "response_required": assessment.response_value.required,
                    "priority_rule": assessment.priority_rule,
                    "duplicate_of": copy.original if copy else None,
                    "incident_id": incident.id,
                    "incident_title": incident.title,
                    "grade": incident.grade.value,
                    "reasons": reasons_of(mention, assessment, incident, job.policy, copy, book.why(item)),
                }
                result.write(json.dumps(line, ensure_ascii=False) + "\n")
    job.report("研判")


class Job:
    """Reads a file in chunks through the collection core, with a progress bar, and counts what becomes of it."""

    def __init__(self, stack: ExitStack, file: Path, rejects: Path | None, config: Path | None) -> None:
        settings: Settings = key_or_throwaway(settings_of(config=config))
        self.policy: Policy = load_policy(settings.config)
        self._file = existing(file)
        self._collector = Collector(self.policy, settings.secret_key())
        limits = self.policy.collection
        self._repeats = Repeats(DictStore(), timedelta(days=limits.repeat_window_days), limits.min_repeat_chars)
        self._rejects: TextIO | None = stack.enter_context(rejects.open("w", encoding="utf-8")) if rejects else None
        columns = (TextColumn("处理"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bar = stack.enter_context(Progress(*columns, console=err))
        self.counts = {"mentions": 0, "duplicates": 0, "resubmitted": 0, "rejected": 0}

    def mentions(self) -> Iterator[Mention]:
        """The mentions of the file in order; exact repeats are marked, the same id again is left out."""
        now = datetime.now(UTC)
        with self._file.open("rb") as file:
            total = sum(1 for _ in file)
        line_of_work = self._bar.add_task("lines", total=total)
        with self._file.open("rb") as file:
            numbered = ((number, line.rstrip(b"\r\n")) for number, line in enumerate(file, 1))
            while chunk := list(itertools.islice(numbered, CHUNK)):
                self._bar.advance(line_of_work, len(chunk))
                filled = [(number, line) for number, line in chunk if line.strip()]
                results = self._collector.collect([Received(line, now) for _, line in filled])
                for (number, _), result in zip(filled, results, strict=True):
                    if isinstance(result, Rejected):
                        self._reject(number, result)
                yield from self._unrepeated([result for result in results if isinstance(result, Mention)])

    def _unrepeated(self, mentions: list[Mention]) -> Iterator[Mention]:
        for marked in self._repeats.mark(mentions):
            if marked is None:
                self.counts["resubmitted"] += 1
                continue
            self.counts["duplicates" if marked.duplicate_of else "mentions"] += 1
            yield marked

    def _reject(self, number: int, rejected: Rejected) -> None:
        self.counts["rejected"] += 1
        if self._rejects is not None:
            entry = {"line": number, "kind": rejected.kind, "reason": rejected.reason}
            self._rejects.write(json.dumps(entry, ensure_ascii=False) + "\n")

    def report(self, what: str) -> None:
        """Print the counts."""
        c = self.counts
        out.print(
            f"{what}完成：提及 {c['mentions']} 条，重复 {c['duplicates']} 条，"
            f"同一编号重复投递 {c['resubmitted']} 条，拒收 {c['rejected']} 条"
        )
