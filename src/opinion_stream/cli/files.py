"""`opinion-stream clean` and `opinion-stream assess`: the core on a file, without a broker."""

from __future__ import annotations

import gc
import itertools
import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import typer

from opinion_stream.cli.common import (
    ConfigOption,
    ModelOption,
    classifier_of,
    existing,
    key_or_throwaway,
    settings_of,
)

if TYPE_CHECKING:
    from rich.progress import Progress

    from opinion_stream.domain.incidents.intake import Standing
    from opinion_stream.models.assessment import Assessment
    from opinion_stream.models.mention import Mention
    from opinion_stream.policy import Policy

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
        result = stack.enter_context(output.open("wb"))
        for mention in job.mentions():
            result.write(mention.to_bytes() + b"\n")
    job.report("清洗")


def assess(
    file: Path = typer.Argument(help="JSON Lines, one RawMention a line."),
    output: Path = typer.Option(..., "--output", "-o", help="One line per mention, in input order, as JSON Lines."),
    rejects: Path | None = RejectsOption,
    config: ConfigOption = None,
    model: ModelOption = None,
) -> None:
    """Collect and judge a file: category, region, unit, nature, incident, grade, with reasons. Never looks ahead."""
    import orjson

    from opinion_stream.domain.assessment.pipeline import Assessor
    from opinion_stream.domain.incidents.book import IncidentBook
    from opinion_stream.domain.state import DictStore
    from opinion_stream.models.assessment import AssessedMention

    with ExitStack() as stack:
        job = Job(stack, file, rejects, config)
        assessor = Assessor(job.policy, classifier_of(job.policy, model))
        book = IncidentBook(job.policy, DictStore(), decided=False)
        result = stack.enter_context(output.open("wb"))
        gc.freeze()  # the policy and its tables stay to the end: no need to look through them again and again
        mentions = job.mentions()
        while chunk := list(itertools.islice(mentions, CHUNK)):
            heard = [mention for mention in chunk if mention.set_aside is None]
            assessments = assessor.assess(heard)
            pairs = list(zip(heard, assessments, strict=True))
            items = [AssessedMention.trusted(schema_version=1, mention=m, assessment=a) for m, a in pairs]
            standings = book.follow(items)
            lines = [line_of(m, a, standing, job.policy) for (m, a), standing in zip(pairs, standings, strict=True)]
            if len(heard) < len(chunk):
                judged = iter(lines)
                lines = [
                    next(judged) if mention.set_aside is None else line_aside(mention, job.policy) for mention in chunk
                ]
            result.writelines([orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in lines])
            gc.freeze()  # nor what the book has taken in: records hold no circles, so there is nothing to find
    job.report("研判")


def line_of(mention: Mention, assessment: Assessment, incident: Standing, policy: Policy) -> dict[str, object]:
    """The line of `assess` about one mention, ready for JSON. `incident`: as it stood right after the mention."""
    from opinion_stream.domain.reasons import reasons_of

    category, value = assessment.category, assessment.response_value
    return {
        "id": mention.source_id or mention.id,
        "mention_id": mention.id,
        "category": category.level1,
        "category_confidence": category.confidence,
        "category_source": category.source,
        "region": assessment.region.name,
        "unit": assessment.unit.name,
        "co_units": [unit.name for unit in assessment.co_units],
        "nature": assessment.nature.value,
        "sensitivity": assessment.sensitivity,
        "response_value": value.score,
        "response_required": value.required,
        "priority_rule": assessment.priority_rule,
        "duplicate_of": incident.copy.original if incident.copy is not None else None,
        "incident_id": incident.id,
        "incident_title": incident.title,
        "grade": incident.grade.value,
        "watch": list(mention.watch),
        "set_aside": None,
        "reasons": reasons_of(mention, assessment, incident, policy),
    }


def line_aside(mention: Mention, policy: Policy) -> dict[str, object]:
    """The line of `assess` about a mention that is set aside: which and why; all that would be judged is null."""
    from opinion_stream.domain.reasons import watch_reasons

    judged = (
        *("category", "category_confidence", "category_source", "region", "unit", "co_units", "nature", "sensitivity"),
        *("response_value", "response_required", "priority_rule", "duplicate_of"),
        *("incident_id", "incident_title", "grade"),
    )
    return {
        "id": mention.source_id or mention.id,
        "mention_id": mention.id,
        **dict.fromkeys(judged),
        "watch": [],
        "set_aside": mention.set_aside,
        "reasons": {"watch": watch_reasons(mention, policy)},
    }


class Job:
    """Reads a file in chunks through the collection core, with a progress bar, and counts what becomes of it."""

    def __init__(self, stack: ExitStack, file: Path, rejects: Path | None, config: Path | None) -> None:
        from opinion_stream.domain.collection.pipeline import Collector
        from opinion_stream.domain.collection.repeats import Repeats
        from opinion_stream.domain.state import DictStore
        from opinion_stream.policy import load_policy

        settings = key_or_throwaway(settings_of(config=config))
        self.policy = load_policy(settings.config)
        self._file = existing(file)
        self._collector = Collector(self.policy, settings.secret_key())
        limits = self.policy.collection
        self._repeats = Repeats(DictStore(), timedelta(days=limits.repeat_window_days), limits.min_repeat_chars)
        self._rejects: BinaryIO | None = stack.enter_context(rejects.open("wb")) if rejects else None
        self._bar = stack.enter_context(_bar()) if sys.stderr.isatty() else None
        self.counts = {"mentions": 0, "duplicates": 0, "resubmitted": 0, "rejected": 0, "set_aside": 0}

    def mentions(self) -> Iterator[Mention]:
        """The mentions of the file in order; exact repeats are marked, the same id again is left out."""
        from opinion_stream.domain.collection.pipeline import Received
        from opinion_stream.errors import Rejected
        from opinion_stream.models.mention import Mention

        now = datetime.now(UTC)
        bar = self._bar
        work = bar.add_task("lines", total=_count_lines(self._file)) if bar is not None else None
        with self._file.open("rb") as file:
            numbered = ((number, line.rstrip(b"\r\n")) for number, line in enumerate(file, 1))
            while chunk := list(itertools.islice(numbered, CHUNK)):
                if bar is not None and work is not None:
                    bar.advance(work, len(chunk))
                filled = [(number, line) for number, line in chunk if line.strip()]
                results = self._collector.collect([Received(line, now) for _, line in filled])
                for (number, _), result in zip(filled, results, strict=True):
                    if isinstance(result, Rejected):
                        self._reject(number, result.kind, result.reason)
                yield from self._unrepeated([result for result in results if isinstance(result, Mention)])

    def heard(self) -> Iterator[Mention]:
        """`mentions` without those that are set aside."""
        return (mention for mention in self.mentions() if mention.set_aside is None)

    def _unrepeated(self, mentions: list[Mention]) -> Iterator[Mention]:
        for marked in self._repeats.mark(mentions):
            if marked is None:
                self.counts["resubmitted"] += 1
                continue
            kind = "set_aside" if marked.set_aside else "duplicates" if marked.duplicate_of else "mentions"
            self.counts[kind] += 1
            yield marked

    def _reject(self, number: int, kind: str, reason: str) -> None:
        self.counts["rejected"] += 1
        if self._rejects is not None:
            entry = {"line": number, "kind": kind, "reason": reason}
            self._rejects.write(json.dumps(entry, ensure_ascii=False).encode() + b"\n")

    def report(self, what: str) -> None:
        """Print the counts."""
        c = self.counts
        typer.echo(
            f"{what}完成：提及 {c['mentions']} 条，重复 {c['duplicates']} 条，"
            f"同一编号重复投递 {c['resubmitted']} 条，拒收 {c['rejected']} 条"
            + (f"，另列 {c['set_aside']} 条（watch.yaml 的排除规则）" if c["set_aside"] else "")
        )


def _bar() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("处理"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), refresh_per_second=4)


def _count_lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in file)
