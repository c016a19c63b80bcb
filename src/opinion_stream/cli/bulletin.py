"""`opinion-stream bulletin`: the figures of a period as a Markdown bulletin (通报) or as JSON."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import orjson
import typer
from pydantic import ValidationError

from opinion_stream.cli.common import BootstrapOption, ConfigOption, existing, out, settings_of
from opinion_stream.domain.supervision.figures import Bulletin, Figures, Part
from opinion_stream.errors import OpinionStreamError
from opinion_stream.models.effect import ResponseEffect
from opinion_stream.models.task import ResponseTask
from opinion_stream.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "bulletin",
        epilog="Examples:\n\nopinion-stream bulletin --period 2026-W47\n\n"
        "opinion-stream bulletin --period 2026-11 -o bulletin.md\n\n"
        "opinion-stream bulletin --period 2026-Q4 --json\n\n"
        "opinion-stream consume tasks --from-beginning --json > tasks.jsonl; "
        "opinion-stream bulletin --period 2026-W47 --tasks tasks.jsonl",
    )(bulletin)


def bulletin(
    period: str = typer.Option(..., "--period", "-p", help="2026-W47 (week), 2026-11, 2026-Q4 or 2026."),
    output: Path | None = typer.Option(None, "--output", "-o", help="Write it here; default: print it."),
    template: Path | None = typer.Option(None, "--template", help="A Jinja template of your own (docs/bulletin.md)."),
    tasks: Path | None = typer.Option(
        None, "--tasks", help="Tasks as JSON Lines instead of the topics (without effects)."
    ),
    as_json: bool = typer.Option(False, "--json", help="The figures as one JSON object."),
    bootstrap: BootstrapOption = None,
    config: ConfigOption = None,
) -> None:
    """Answered in time, answered at all, times, what is overdue: per unit and in all, from the tasks topic."""
    from opinion_stream.domain.summary import latest
    from opinion_stream.domain.supervision import figures
    from opinion_stream.domain.supervision.period import parse_period
    from opinion_stream.domain.supervision.render import render, shipped_template
    from opinion_stream.policy import load_policy

    settings = settings_of(bootstrap, config)
    policy = load_policy(settings.config)
    span = parse_period(period, ZoneInfo(policy.jurisdiction.timezone))
    read, effects = (list(_from_file(tasks)), []) if tasks else asyncio.run(_from_topics(settings))
    known = latest(read)
    found = figures.bulletin(known, span, policy, datetime.now(UTC), effects)
    if as_json:
        text = orjson.dumps(as_data(found), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()
    else:
        text = render(found, policy, existing(template).read_text(encoding="utf-8") if template else shipped_template())
    if output is None:
        typer.echo(text, nl=False)
        return
    output.write_text(text, encoding="utf-8")
    out.print(f"已写入 {output}：{span.label}，任务 {len(known)} 件", markup=False)


def as_data(found: Bulletin) -> dict[str, object]:
    """The figures as plain data."""
    return {
        "period": {"label": found.period.label, "start": found.period.start, "end": found.period.end},
        "total": _plain(found.total),
        "units": [{"code": unit.code, "name": unit.name, **_plain(own)} for unit, own in found.units],
    }


def _plain(own: Figures) -> dict[str, object]:
    fields = {field.name: getattr(own, field.name) for field in dataclasses.fields(own)}
    plain = {
        name: {"hits": value.hits, "of": value.of, "share": value.share} if isinstance(value, Part) else value
        for name, value in fields.items()
    }
    overdue = [{**dataclasses.asdict(item), "unit": item.unit.model_dump()} for item in own.overdue]
    return {**plain, "overdue": overdue}


async def _from_topics(settings: Settings) -> tuple[list[ResponseTask], list[ResponseEffect]]:
    from opinion_stream.adapters.window import standing
    from opinion_stream.topics import EFFECTS, TASKS

    return await standing(settings, TASKS, ResponseTask), await standing(settings, EFFECTS, ResponseEffect)


def _from_file(path: Path) -> Iterable[ResponseTask]:
    with existing(path).open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                data = orjson.loads(line)
                whole = data["value"] if isinstance(data, dict) and "value" in data else data
                if whole is not None:
                    yield ResponseTask.model_validate(whole, strict=False)
            except (orjson.JSONDecodeError, ValidationError) as error:
                raise OpinionStreamError(
                    f"{path}, line {number}: not a task; expected what `consume tasks --json` prints"
                ) from error
