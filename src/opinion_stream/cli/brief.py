"""`opinion-stream brief`: briefs (研判专报) from the topic, or from a file without a broker, as Markdown."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import ExitStack
from pathlib import Path
from zoneinfo import ZoneInfo

import typer

from opinion_stream.cli.common import BootstrapOption, ConfigOption, ModelOption, classifier_of, out, settings_of
from opinion_stream.errors import OpinionStreamError
from opinion_stream.models.base import Grade
from opinion_stream.models.brief import Brief, BriefStatus
from opinion_stream.settings import Settings
from opinion_stream.topics import BRIEFS, full_name


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "brief",
        epilog="Examples:\n\nopinion-stream brief i-5be95f42b5103d97\n\n"
        "opinion-stream brief i-5be95f42b5103d97 --json\n\n"
        "opinion-stream brief --file messages.jsonl -o briefs/\n\n"
        "opinion-stream brief --file messages.jsonl --grade III --config examples/xidi -o briefs/",
    )(brief)


def brief(
    incident: str | None = typer.Argument(None, metavar="[INCIDENT_ID]", help="Id of an incident, e.g. i-1a2b."),
    file: Path | None = typer.Option(None, "--file", help="JSON Lines, one RawMention a line: no broker needed."),
    grade: Grade | None = typer.Option(
        None, "--grade", help="With --file: from this grade on. [default: the policy's]"
    ),
    output: Path | None = typer.Option(
        None, "--output", "-o", help="With --file: folder for one document per incident."
    ),
    as_json: bool = typer.Option(False, "--json", help="The records as JSON in place of Markdown."),
    config: ConfigOption = None,
    model: ModelOption = None,
    bootstrap: BootstrapOption = None,
) -> None:
    """Show the brief on an incident (研判专报), or write those of all grave incidents of a file.

    `opinion-stream incident approve-brief | return-brief` decide on it.

    What happened is quoted from masked mentions, with their ids; measures come from `playbooks.yaml`.
    """
    if (incident is None) == (file is None):
        raise OpinionStreamError(
            "name an incident, or a file with --file and a folder with -o: "
            "`opinion-stream brief i-1a2b` or `opinion-stream brief --file messages.jsonl -o briefs/`"
        )
    if file is not None:
        if output is None:
            raise OpinionStreamError("--file needs -o FOLDER for the documents (请用 -o 指定输出文件夹)")
        _from_file(file, output, grade, config, model, as_json=as_json)
        return
    from opinion_stream.policy import load_policy

    settings = settings_of(bootstrap, config)
    found = asyncio.run(_latest(settings, str(incident)))
    zone = ZoneInfo(load_policy(settings.config).jurisdiction.timezone)
    typer.echo(_document(found, zone, as_json=as_json), nl=False)


def _from_file(
    file: Path, folder: Path, grade: Grade | None, config: Path | None, model: Path | None, *, as_json: bool
) -> None:
    from opinion_stream.cli.files import CHUNK, Job
    from opinion_stream.domain.assessment.pipeline import Assessor
    from opinion_stream.domain.incidents.book import IncidentBook
    from opinion_stream.domain.state import DictStore
    from opinion_stream.models.assessment import AssessedMention

    briefs: dict[str, Brief] = {}
    with ExitStack() as stack:
        job = Job(stack, file, None, config)
        policy = job.policy
        assessor = Assessor(policy, classifier_of(policy, model))
        book = IncidentBook(policy, DictStore(), brief_from=grade)
        mentions = job.heard()
        while chunk := list(itertools.islice(mentions, CHUNK)):
            pairs = zip(chunk, assessor.assess(chunk), strict=True)
            book.take([AssessedMention(mention=m, assessment=a) for m, a in pairs])
            briefs.update((each.incident_id, each) for each in book.take_briefs())
    folder.mkdir(parents=True, exist_ok=True)
    zone = ZoneInfo(policy.jurisdiction.timezone)
    for incident_id, written in briefs.items():
        latest = book.brief(incident_id) or written  # a closed incident keeps its last brief
        path = folder / f"{latest.id}.{'json' if as_json else 'md'}"
        path.write_text(_document(latest, zone, as_json=as_json), encoding="utf-8")
        out.print(f"{latest.grade.label} {latest.title} → {path}", markup=False)
    least = grade or policy.playbooks.min_grade
    out.print(f"研判专报（{BriefStatus.FOR_APPROVAL.label}）：{least.label}以上事件{len(briefs)}件")


def _document(found: Brief, zone: ZoneInfo, *, as_json: bool) -> str:
    from opinion_stream.domain.briefing.render import markdown

    return found.model_dump_json() + "\n" if as_json else markdown(found, zone)


async def _latest(settings: Settings, incident_id: str) -> Brief:
    """The latest brief on the topic. Raises OpinionStreamError if there is none."""
    from opinion_stream.adapters.reading import reader

    async with reader(settings.broker()) as read:
        records = await read.read_to_end([full_name(settings.topic_prefix, BRIEFS)])
    values = [record.value for record in records if record.key == incident_id.encode() and record.value]
    if not values:
        raise OpinionStreamError(
            f"no brief on incident {incident_id!r}: it is not of the grade that asks for one "
            "(min_grade of playbooks.yaml), or does not exist; "
            "`opinion-stream consume briefs --from-beginning` lists all"
        )
    return Brief.model_validate_json(values[-1])
