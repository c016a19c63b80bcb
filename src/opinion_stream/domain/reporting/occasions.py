"""When a matter is reported again: what has become graver, larger or new since the last report, and when it is over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from opinion_stream.domain.reporting.reports import Matter, Reports
from opinion_stream.models.base import Grade
from opinion_stream.models.incident import Incident, IncidentStatus
from opinion_stream.policy.handling import Routes


def facts_of(incident: Incident) -> dict[str, str]:
    """The findings of the content and the tier of media of an incident: a key that stays, and the sentence."""
    content = incident.factors.content.reasons
    found = {reason.rule: reason.text for reason in content if reason.rule != "content.plain"}
    tiers = (reason.text for reason in incident.factors.media.reasons if reason.rule == "media.tier")
    return found | {text: text for text in tiers}


def causes(matter: Matter, facts: dict[str, str], reports: Reports, routes: Routes, now: datetime) -> list[str]:
    """Why everyone who was told must be told again, in sentences; empty: nothing calls for it.

    - Before the first report: that it is the first.
    - The matter goes on after its final report.
    - The grade is graver than any reported before.
    - The voices have grown by `follow_up_growth` since the last report to all.
    - At the grades of `follow_up.new_facts`: a finding or a tier of media that was not told of yet.
    - At the grades of `follow_up.every_minutes`: so long after the last report, if there is any news.
    Source: seed 二（二） 及时发现、及时预警、及时反馈; 国办发〔2016〕80号 (updates as work goes on).
    """
    if reports.grade is None:
        return ["首次报送"]
    return [
        *_reopened(matter, reports),
        *_graver(matter.grade, reports.grade),
        *_larger(matter, reports, routes),
        *_new_facts(matter, facts, reports, routes),
        *_interval(matter, reports, routes, now),
    ]


def next_interval(reports: Reports, routes: Routes) -> datetime | None:
    """When the next report of the interval is due; None: no interval at this grade, no news, or the matter is over."""
    matter = reports.matter
    if matter is None or reports.closed or matter.status != IncidentStatus.OPEN or reports.reported_at is None:
        return None
    minutes = routes.follow_up.every_minutes.get(matter.grade)
    if minutes is None or matter.version <= reports.reported_version:
        return None
    return reports.reported_at + timedelta(minutes=minutes)


def is_over(matter: Matter, reports: Reports) -> bool:
    """Whether the final report (终报) is due: the matter is quiet, and it is answered if it needs an answer.

    A matter that was merged into another is over as it is; a referred one with its task.
    """
    if matter.status == IncidentStatus.MERGED:
        return True
    answered = reports.answered or reports.task_closed
    if matter.status == "referred":
        return answered
    return matter.status != IncidentStatus.OPEN and (answered or not matter.response_required)


def _reopened(matter: Matter, reports: Reports) -> Iterator[str]:
    if reports.closed and matter.status == IncidentStatus.OPEN:
        yield "终报以后又有新的情况，恢复报送"


def _graver(grade: Grade, before: Grade) -> Iterator[str]:
    if grade.rank < before.rank:
        yield f"等级由{before.label}升为{grade.label}"


def _larger(matter: Matter, reports: Reports, routes: Routes) -> Iterator[str]:
    if matter.counts.voices >= max(1, reports.voices) * routes.follow_up_growth:
        yield f"发声人数由{reports.voices}增至{matter.counts.voices}"


def _new_facts(matter: Matter, facts: dict[str, str], reports: Reports, routes: Routes) -> Iterator[str]:
    if matter.grade in routes.follow_up.new_facts:
        yield from (f"新情况：{text}" for key, text in facts.items() if key not in reports.facts)


def _interval(matter: Matter, reports: Reports, routes: Routes, now: datetime) -> Iterator[str]:
    due = next_interval(reports.model_copy(update={"matter": matter}), routes)
    if due is not None and due <= now:
        minutes = routes.follow_up.every_minutes[matter.grade]
        yield f"{matter.grade.label}每{minutes}分钟续报最新情况"
