"""Writes the brief (研判专报) on an incident from its snapshot, the sentences kept and the playbooks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from opinion_stream.domain.briefing.extracts import Extract
from opinion_stream.domain.briefing.facts import concerned, evidence, happened, trend_text
from opinion_stream.domain.briefing.matching import Matter, matching, matter_of, why
from opinion_stream.domain.ids import brief_id
from opinion_stream.models.base import Grade, Nature, UnitRef
from opinion_stream.models.brief import (
    Brief,
    BriefAnswer,
    BriefMeasure,
    BriefNature,
    BriefPublication,
    BriefRisk,
    BriefStatus,
    BriefTrend,
    Cited,
)
from opinion_stream.models.incident import Incident
from opinion_stream.policy.loader import Policy
from opinion_stream.policy.playbooks import Measure, Plan


class BriefWriter:
    """Briefs by a policy. No state: equal incidents and extracts give equal briefs.

    `least` takes the place of `min_grade` of the policy.
    """

    def __init__(self, policy: Policy, least: Grade | None = None) -> None:
        self._policy = policy
        self._playbooks = policy.playbooks
        least = least or policy.playbooks.min_grade
        self._grave = frozenset(grade for grade in Grade if grade.rank <= least.rank)
        self._priority = {rule.id: rule for rule in policy.priority.rules}
        self._units = {unit.code: UnitRef(code=unit.code, name=unit.name) for unit in policy.units.units}
        self._places = tuple(dict.fromkeys(region.name for region in policy.regions.regions))

    def due(self, grade: Grade, mentions: int, briefed_grade: Grade | None, briefed_mentions: int) -> bool:
        """Whether a brief is to be written or renewed: grave enough, and new, of another grade, or grown."""
        if grade not in self._grave:
            return False
        return grade is not briefed_grade or mentions >= self._playbooks.growth * briefed_mentions

    def write(self, incident: Incident, extracts: Sequence[Extract]) -> Brief | None:
        """The brief on an incident; None if its grade asks for none."""
        if incident.grade not in self._grave:
            return None
        matter = matter_of(incident, tuple(extract.text for extract in extracts))
        matched = matching(self._playbooks, matter)
        plans: list[tuple[str, Plan, str]] = [(book.id, book, because) for book, because in matched]
        plans.append(("common", self._playbooks.common, ""))
        return Brief(
            id=brief_id(incident.id),
            version=incident.version,
            incident_id=incident.id,
            incident_version=incident.version,
            status=BriefStatus.FOR_APPROVAL,
            grade=incident.grade,
            title=incident.title,
            region=incident.region,
            unit=incident.unit,
            co_units=incident.co_units,
            first_at=incident.first_at,
            last_at=incident.last_at,
            playbooks=tuple(book.id for book, _ in matched),
            nature=self._nature(incident),
            happened=happened(incident, extracts, self._playbooks.extraction.happened),
            evidence=evidence(incident),
            trend=BriefTrend(trend=incident.trend, text=trend_text(incident.trend)),
            concerned=concerned(extracts, self._playbooks.groups, self._places),
            risks=tuple(self._risks(plans, matter)),
            measures=tuple(self._measures(plans, matter)),
            answer=self._answer(incident.nature),
            publications=self._publications(plans, incident.nature),
        )

    def _nature(self, incident: Incident) -> BriefNature:
        unverified = incident.nature is Nature.UNVERIFIED_CLAIM
        rule = self._priority.get(incident.priority_rule or "")
        parts = [f"类别为{incident.category}，性质为{incident.nature.label}"]
        if rule is not None:
            parts.append(f"属于应当重点回应的情形：{rule.text}")
        if unverified:
            parts.append("主要说法未经核实，核实前不作为事实引用")
        return BriefNature(
            category=incident.category,
            nature=incident.nature,
            unverified=unverified,
            priority=Cited(rule=rule.id, text=rule.text, source=rule.source) if rule is not None else None,
            text="；".join(parts) + "。",
        )

    def _risks(self, plans: Iterable[tuple[str, Plan, str]], matter: Matter) -> Iterable[BriefRisk]:
        for name, plan, because in plans:
            for risk in plan.risks:
                reasons = why(risk.when, matter)
                if reasons is not None:
                    text = "；".join(part for part in (because, *reasons) if part)
                    source = self._source(risk.source)
                    yield BriefRisk(
                        rule=f"{name}.{risk.id}", text=risk.text, why=text or "适用于本级别各类事项", source=source
                    )

    def _measures(self, plans: Iterable[tuple[str, Plan, str]], matter: Matter) -> Iterable[BriefMeasure]:
        for name, plan, _ in plans:
            for measure in plan.measures:
                if why(measure.when, matter) is None:
                    continue
                clock = self._policy.deadlines.clocks[measure.clock] if measure.clock is not None else None
                if clock is not None and clock.grades and matter.incident.grade not in clock.grades:
                    continue
                yield BriefMeasure(
                    rule=f"{name}.{measure.id}",
                    text=measure.text,
                    units=self._by(measure, matter.incident),
                    within_hours=clock.hours if clock is not None else measure.within_hours,
                    source=clock.source if clock is not None else self._source(measure.source),
                )

    def _by(self, measure: Measure, incident: Incident) -> tuple[UnitRef, ...]:
        """The units of a measure; without a co-handling unit the lead acts."""
        units: dict[str, UnitRef] = {}
        for by in measure.by:
            if by == "lead":
                named: tuple[UnitRef, ...] = (incident.unit,)
            elif by == "co":
                named = incident.co_units or (incident.unit,)
            else:
                named = (self._units[self._policy.jurisdiction.office if by == "office" else by],)
            units.update((unit.code, unit) for unit in named)
        return tuple(units.values())

    def _answer(self, nature: Nature) -> BriefAnswer:
        guide = self._playbooks.answers.get(nature)
        lines = guide.lines if guide is not None else ()
        source = self._source(guide.source) if guide is not None else ""
        rule = f"answers.{nature.value}"
        return BriefAnswer(
            must=self._policy.response.answer_must.get(nature, ""),
            lines=tuple(Cited(rule=rule, text=line, source=source) for line in lines),
        )

    def _publications(self, plans: Iterable[tuple[str, Plan, str]], nature: Nature) -> tuple[BriefPublication, ...]:
        guide = self._playbooks.answers.get(nature)
        kinds = [kind for _, plan, _ in plans for kind in plan.publications]
        kinds += guide.publications if guide is not None else ()
        known = self._policy.response.publications
        return tuple(BriefPublication(kind=kind, name=known[kind].name) for kind in dict.fromkeys(kinds))

    def _source(self, key: str | None) -> str:
        return self._playbooks.sources[key] if key is not None else ""
