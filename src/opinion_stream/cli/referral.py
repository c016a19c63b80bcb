"""`opinion-stream referral`: hand a matter of another body in, and see what was reported back."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import orjson
import typer
from rich.table import Table

from opinion_stream.cli.common import BootstrapOption, ConfigOption, out, print_table, settings_of
from opinion_stream.cli.duty import moment
from opinion_stream.errors import OpinionStreamError, Rejected
from opinion_stream.models.base import Nature
from opinion_stream.models.sharing import Referral, ReferralKind


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(
        help="交办转办：接收其他机关转来的事项，查看反馈。 Matters of other bodies.", no_args_is_help=True
    )
    group.command(
        "send",
        epilog="Example:\n\nopinion-stream referral send --id 2026-17 --from-body 省政府办公厅 --kind handed_down "
        "--title 关于供热问题的交办件 --due 2026-11-12T18:00 --unit heating",
    )(send)
    group.command("replies", epilog="Example:\n\nopinion-stream referral replies --id 2026-17")(replies)
    app.add_typer(group, name="referral")


def send(
    name: str = typer.Option(..., "--id", help="The body's own number of the matter; with the body it acts once."),
    from_body: str = typer.Option(..., help="Name of the body; never a person."),
    kind: ReferralKind = typer.Option(ReferralKind.HANDED_DOWN, help="How it came."),
    title: str = typer.Option(..., help="What it is about."),
    text: str = typer.Option("", help="What is asked. Personal data in it are masked before it goes further."),
    due: str = typer.Option(..., "--due", help="By when the body wants its answer, e.g. 2026-11-12T18:00."),
    incident: str | None = typer.Option(None, help="Id of the incident it concerns, if known."),
    region: str | None = typer.Option(None, help="Code in regions.yaml."),
    category: str | None = typer.Option(None, help="Level-1 category."),
    nature: Nature = typer.Option(Nature.OTHER, help="Nature of the concern."),
    unit: str | None = typer.Option(None, help="Code of the unit it is for. Left out: by category."),
    bootstrap: BootstrapOption = None,
    config: ConfigOption = None,
) -> None:
    """Hand a matter in: it becomes a task of the unit in charge with the deadline of the body."""
    from opinion_stream.adapters import reporting_window
    from opinion_stream.domain.reporting.referring import incident_of, referred_matter
    from opinion_stream.policy import load_policy

    settings = settings_of(bootstrap, config)
    policy = load_policy(settings.config)
    now = datetime.now(UTC)
    referral = Referral(
        id=name,
        from_body=from_body,
        kind=kind,
        title=title,
        text=text,
        at=now,
        due_at=moment(due, ZoneInfo(policy.jurisdiction.timezone)),
        incident_id=incident,
        region=region,
        category=category,
        nature=nature,
        unit=unit,
    )
    if referral.due_at <= now:
        raise OpinionStreamError("反馈时限（--due）已经过去")
    try:
        matter = referred_matter(referral, policy)
    except Rejected as rejected:
        raise OpinionStreamError(rejected.reason) from rejected
    asyncio.run(reporting_window.send(settings, referral))
    out.print(
        f"已转入 {from_body} {name} → {matter.unit.name}，事项编号 {incident_of(referral)}。"
        f"反馈见：opinion-stream referral replies --id {name}",
        markup=False,
    )


def replies(
    name: str | None = typer.Option(None, "--id", help="Only those to this referral."),
    as_json: bool = typer.Option(False, "--json", help="As JSON."),
    bootstrap: BootstrapOption = None,
    config: ConfigOption = None,
) -> None:
    """What was reported back, oldest first."""
    from opinion_stream.adapters import reporting_window
    from opinion_stream.policy import load_policy

    settings = settings_of(bootstrap, config)
    every = asyncio.run(reporting_window.replies_now(settings)).values()
    found = [reply for reply in every if name in (None, reply.referral_id)]
    if as_json:
        out.print(orjson.dumps([reply.model_dump(mode="json") for reply in found]).decode(), markup=False)
        return
    zone = ZoneInfo(load_policy(settings.config).jurisdiction.timezone)
    table = Table("交办机关", "编号", "情况", "时间", "按时", "承办单位", "发布")
    for reply in found:
        published = " ".join(part for part in (reply.publication, reply.url, reply.legal_ground) if part)
        at = f"{reply.at.astimezone(zone):%m-%d %H:%M}"
        in_time = "是" if reply.in_time else "[red]否[/red]"
        table.add_row(reply.from_body, reply.referral_id, reply.status.label, at, in_time, reply.unit.name, published)
    print_table(table)
