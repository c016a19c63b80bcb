"""`opinion-stream duty`: who is on duty at a time, the week's roster, and whether it has gaps or overlaps."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import typer
from rich.table import Table

from opinion_stream.cli.common import ConfigOption, out, print_table, settings_of
from opinion_stream.errors import OpinionStreamError, PolicyError

if TYPE_CHECKING:
    from opinion_stream.domain.duty.roster import Roster, Watch
    from opinion_stream.policy import Policy

TIME = "%m-%d %H:%M"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    duty = typer.Typer(help="值班：谁在岗、本周排班、有无空岗。 The duty roster.", no_args_is_help=True)
    duty.command(
        "who",
        epilog="Examples:\n\nopinion-stream duty who\n\nopinion-stream duty who --at 2026-10-01T02:00 --post office",
    )(who)
    duty.command("check", epilog="Example:\n\nopinion-stream duty check --config examples/xidi")(check)
    duty.command("week", epilog="Example:\n\nopinion-stream duty week --from 2026-09-28 --post office")(week)
    app.add_typer(duty, name="duty")


def who(
    at: str | None = typer.Option(None, "--at", help="When, e.g. 2026-10-01T02:00; local time. Left out: now."),
    post: str | None = typer.Option(None, "--post", "-p", help="Only this post (key of duty.yaml)."),
    as_json: bool = typer.Option(False, "--json", help="As JSON."),
    config: ConfigOption = None,
) -> None:
    """Who is on duty, who is handing over, and who is responsible above: 值班 → 分管领导 → 主要负责同志。"""
    policy, roster, zone = _roster(config)
    when = moment(at, zone)
    found = []
    for name in _posts(policy, post):
        here = policy.duty.posts[name]
        above = [role for role in _chain(policy, here.role) if role != here.role]
        on = roster.who_is_on(name, when, above=above)
        found.append((name, on))
    if as_json:
        rows = [
            {
                "post": name,
                "on": _plain(roster, policy, on.on),
                "handing_over": [_plain(roster, policy, watch) for watch in on.handing_over],
                "above": [_plain(roster, policy, watch) for watch in on.above],
            }
            for name, on in found
        ]
        out.print(json.dumps({"at": when.isoformat(), "posts": rows}, ensure_ascii=False), markup=False)
        return
    out.print(f"{when:%Y-%m-%d %H:%M}（{zone.key}）", markup=False)
    table = Table("岗位", "在岗", "到岗—离岗", "交班中", "联系渠道", "上一级责任人")
    for name, on in found:
        table.add_row(
            f"{policy.duty.posts[name].name}（{name}）",
            _name(policy, on.on) if on.on else "[red]无人值班[/red]",
            f"{on.on.start:{TIME}}—{on.on.end:{TIME}}" if on.on else "",
            "、".join(_name(policy, watch) for watch in on.handing_over),
            roster.contact(on.on.seat, _unit(policy, name)) if on.on else "",
            " → ".join(_name(policy, watch) for watch in on.above),
        )
    print_table(table)


def check(config: ConfigOption = None) -> None:
    """Check the roster for gaps and overlaps; each with post, from and to. Exit code 1 when there are any."""
    folder = settings_of(config=config).config
    try:
        policy, _, _ = _roster(config)
    except PolicyError as error:
        for problem in error.problems:
            out.print(problem, markup=False)
        raise typer.Exit(1) from error
    duty = policy.duty
    out.print(
        f"{folder}/duty.yaml: 正确。岗位 {len(duty.posts)}，席位 {len(duty.seats)}，替班 {len(duty.substitutions)}，"
        f"请假 {len(duty.absences)}；每个岗位 24 小时有人，交接重叠不超过 {duty.handover_minutes} 分钟",
        markup=False,
    )


def week(
    start: str | None = typer.Option(None, "--from", help="First day, e.g. 2026-09-28. Left out: this Monday."),
    post: str | None = typer.Option(None, "--post", "-p", help="Only this post (key of duty.yaml)."),
    as_json: bool = typer.Option(False, "--json", help="As JSON."),
    config: ConfigOption = None,
) -> None:
    """The roster of seven days, holidays and substitutions considered."""
    policy, roster, zone = _roster(config)
    first = _day(start) if start else _monday(datetime.now(zone).date())
    begin = datetime.combine(first, datetime.min.time(), tzinfo=zone)
    end = begin + timedelta(days=7)
    found = {name: [w for w in roster.watches(name, begin, end) if w.start < end] for name in _posts(policy, post)}
    if as_json:
        rows = {name: [_plain(roster, policy, watch) for watch in watches] for name, watches in found.items()}
        out.print(json.dumps(rows, ensure_ascii=False), markup=False)
        return
    from opinion_stream.domain.duty.roster import kind_of

    table = Table("日期", "岗位", "班次", "起", "止", "席位")
    for offset in range(7):
        day = first + timedelta(days=offset)
        label = f"{day:%m-%d} 周{'一二三四五六日'[day.weekday()]}（{kind_of(day).label}）"
        for name, watches in found.items():
            for watch in watches:
                if watch.start.date() == day:
                    seat = _name(policy, watch)
                    seat += f"（替{policy.duty.seats[watch.instead_of].name}）" if watch.instead_of else ""
                    times = f"{watch.start:{TIME}}", f"{watch.end:{TIME}}"
                    table.add_row(label, policy.duty.posts[name].name, watch.shift, *times, seat)
                    label = ""
    print_table(table)


def moment(text: str | None, zone: ZoneInfo) -> datetime:
    """The time that an option gives; without a zone it is local time. Raises OpinionStreamError if it is none."""
    if text is None:
        return datetime.now(zone)
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise OpinionStreamError(f"{text!r} is not a time; write e.g. 2026-10-01T02:00") from error
    return at.replace(tzinfo=zone) if at.tzinfo is None else at.astimezone(zone)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise OpinionStreamError(f"{text!r} is not a day; write e.g. 2026-09-28") from error


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _roster(config: Path | None) -> tuple[Policy, Roster, ZoneInfo]:
    from opinion_stream.domain.duty.roster import Roster
    from opinion_stream.policy import load_policy

    policy = load_policy(settings_of(config=config).config)
    zone = ZoneInfo(policy.jurisdiction.timezone)
    return policy, Roster(policy.duty, zone), zone


def _posts(policy: Policy, post: str | None) -> list[str]:
    if post is not None and post not in policy.duty.posts:
        raise OpinionStreamError(f"there is no post {post!r} in duty.yaml; known: {', '.join(policy.duty.posts)}")
    return [post] if post is not None else list(policy.duty.posts)


def _chain(policy: Policy, role: str) -> tuple[str, ...]:
    """The longest chain that a route has above a role."""
    chains = [route.chain for route in policy.routes.routes if route.role == role]
    return max(chains, key=len, default=())


def _unit(policy: Policy, post: str) -> str:
    units = policy.duty.posts[post].units
    return units[0] if units else "*"


def _name(policy: Policy, watch: Watch) -> str:
    return policy.duty.seats[watch.seat].name


def _plain(roster: Roster, policy: Policy, watch: Watch | None) -> dict[str, object] | None:
    if watch is None:
        return None
    return {
        "seat": watch.seat,
        "name": _name(policy, watch),
        "shift": watch.shift,
        "from": watch.start.isoformat(),
        "to": watch.end.isoformat(),
        "instead_of": watch.instead_of,
        "contact": roster.contact(watch.seat, _unit(policy, watch.post)),
    }
