"""`opinion-stream why`: every result of one mention with its rule, its words and its figures."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, cast

import typer
from rich.text import Text

from opinion_stream.cli.common import ConfigOption, ModelOption, classifier_of, existing, out
from opinion_stream.cli.files import CHUNK, Job, line_aside, line_of
from opinion_stream.errors import OpinionStreamError
from opinion_stream.models.assessment import AssessedMention, Assessment
from opinion_stream.models.base import Grade, Nature
from opinion_stream.models.mention import Mention

if TYPE_CHECKING:
    from opinion_stream.domain.incidents.intake import Standing
    from opinion_stream.domain.reasons import Why

_LABELS = {
    "category": "类别",
    "region": "属地",
    "unit": "责任单位",
    "nature": "诉求性质",
    "sensitivity": "敏感度",
    "response_value": "回应价值",
    "priority_rule": "重点回应情形",
    "duplicate_of": "重复",
    "incident": "归并",
    "grade": "等级",
    "watch": "关注词",
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "why",
        epilog="Examples:\n\nopinion-stream why messages.jsonl --id 188006\n\n"
        "opinion-stream why messages.jsonl --id 188006 --config examples/xidi --json",
    )(why)


def why(
    file: Path = typer.Argument(help="JSON Lines, one RawMention a line."),
    wanted: str = typer.Option(..., "--id", help="Id of the mention, as in the file or as `mention_id` of `assess`."),
    as_json: bool = typer.Option(False, "--json", help="As one JSON object: results, and reasons by result."),
    config: ConfigOption = None,
    model: ModelOption = None,
) -> None:
    """Explain one mention of a file: for each result the rule, the words and the figures (为什么这样研判).

    The incident and its grade are those right after this mention; what comes later in the file is not looked at.
    """
    with ExitStack() as stack:
        job = Job(stack, existing(file), None, config)
        found = next((each for each in _assessed(job, model) if wanted in (each[0].id, each[0].source_id)), None)
        policy = job.policy
    if found is None:
        raise OpinionStreamError(
            f"{file}: no mention has the id {wanted!r}, or it was rejected; "
            "`opinion-stream assess --rejects bad.jsonl` tells which lines were (没有这条提及，或已被拒收)"
        )
    mention, judged = found
    line = line_aside(mention, policy) if judged is None else line_of(mention, *judged, policy)
    if as_json:
        typer.echo(json.dumps(line, ensure_ascii=False))
        return
    out.print(Text.assemble(("研判依据 · why  ", "bold"), mention.id))
    out.print(f"标题：{mention.title or '（无）'}\n正文：{mention.text}\n", markup=False)
    shown: dict[str, object] = {"incident": None, "watch": _names(mention)}
    if judged is not None:
        assessment, incident = judged
        shown |= {"incident": incident.id, "nature": assessment.nature, "grade": incident.grade}
    for row in _page(line | shown):
        out.print(row)


def _assessed(job: Job, model: Path | None) -> Iterator[tuple[Mention, tuple[Assessment, Standing] | None]]:
    """Each mention with what was judged of it; None for one that is set aside."""
    from opinion_stream.domain.assessment.pipeline import Assessor
    from opinion_stream.domain.incidents.book import IncidentBook
    from opinion_stream.domain.state import DictStore

    assessor = Assessor(job.policy, classifier_of(job.policy, model))
    book = IncidentBook(job.policy, DictStore())
    mentions = job.mentions()
    while chunk := list(itertools.islice(mentions, CHUNK)):
        judged = iter(assessor.assess([mention for mention in chunk if mention.set_aside is None]))
        for mention in chunk:
            if mention.set_aside is not None:
                yield mention, None
                continue
            item = AssessedMention(mention=mention, assessment=next(judged))
            yield mention, (item.assessment, book.follow([item])[0])


def _names(mention: Mention) -> str | None:
    if mention.set_aside is not None:
        return f"另列（{mention.set_aside}）"
    return "、".join(mention.watch) or None


def _page(results: dict[str, object]) -> Iterator[Text]:
    """One line per result, with its reasons below."""
    reasons = cast("dict[str, list[Why]]", results["reasons"])
    for name, label in _LABELS.items():
        if name not in reasons:
            continue
        yield Text.assemble((f"{label}：", "bold"), (_shown(results[name]), "bold green"))
        for reason in reasons[name]:
            words = f"  词语：{'、'.join(reason['evidence'])}" if reason["evidence"] else ""
            yield Text.assemble("  · ", reason["text"], "  ", (f"规则 {reason['rule']}", "cyan"), (words, "dim"))


def _shown(value: object) -> str:
    if isinstance(value, Grade | Nature):
        return f"{value.label}（{value.value}）"
    return "无" if value is None else str(value)
