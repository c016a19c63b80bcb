"""Writes a bulletin as Markdown by a Jinja template: the shipped one, or the city's own."""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib.resources import files
from zoneinfo import ZoneInfo

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from opinion_stream.domain.supervision.figures import Bulletin, Part
from opinion_stream.errors import OpinionStreamError
from opinion_stream.policy import Policy


def shipped_template() -> str:
    """The text of the template that comes with the package."""
    return (files(__package__) / "bulletin.md.j2").read_text(encoding="utf-8")


def render(found: Bulletin, policy: Policy, template: str) -> str:
    """The bulletin as Markdown. In the template: `b` (a `Bulletin`), `jurisdiction`, `small`, `effect_hours`, and
    filters `part`, `hours`, `cell`, `day`, `last_day`, `minute`.

    Raises OpinionStreamError when the template is wrong, naming line and reason.
    """
    zone = ZoneInfo(policy.jurisdiction.timezone)
    small = policy.supervision.small_count
    hours = f"{policy.supervision.effects.report_hours:g}"
    # Markdown is no HTML to escape for; `cell` keeps a title from breaking out of its table.
    environment = SandboxedEnvironment(autoescape=False, undefined=StrictUndefined, keep_trailing_newline=True)
    environment.filters |= {
        "part": lambda part: _part(part, small),
        "hours": _hours,
        "cell": _cell,
        "day": lambda at: _day(at, zone),
        "last_day": lambda at: _day(at - timedelta(seconds=1), zone),
        "minute": lambda at: f"{at.astimezone(zone):%m-%d %H:%M}",
    }
    try:
        made = environment.from_string(template)
        return made.render(b=found, jurisdiction=policy.jurisdiction.name, small=small, effect_hours=hours)
    except TemplateError as error:
        line = getattr(error, "lineno", None)
        where = f"line {line}: " if line else ""
        raise OpinionStreamError(f"bulletin template: {where}{error.message}") from error


def _part(part: Part, small: int) -> str:
    if not part.of:
        return "—"
    if part.of < small:
        return f"{part.hits}/{part.of}"
    return f"{part.hits / part.of:.1%}（{part.hits}/{part.of}）"


def _hours(value: float | None) -> str:
    if value is None:
        return "—"
    return f"{value:.1f} 小时" if value < 48 else f"{value / 24:.1f} 天"


def _cell(text: str) -> str:
    """One line, with what Markdown would read as a table, markup or HTML made harmless."""
    flat = " ".join(text.split())
    for mark in "\\|`*_[]<>":
        flat = flat.replace(mark, f"\\{mark}")
    return flat


def _day(at: datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    return f"{local.year}年{local.month}月{local.day}日"
