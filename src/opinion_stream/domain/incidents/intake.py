"""Takes one mention into an incident's record, and makes the public snapshot of a record."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from opinion_stream.domain.assessment.region import SEVERAL
from opinion_stream.domain.briefing.extracts import Extractor
from opinion_stream.domain.incidents.copies import CopyOf
from opinion_stream.domain.incidents.grading import Evidence, Weighed, grade, reasons_of, weigh
from opinion_stream.domain.incidents.outlook import Volume
from opinion_stream.domain.incidents.record import (
    KEYWORDS_KEPT,
    MAX_FINGERPRINTS,
    RULE,
    IncidentRecord,
    incident_id_of,
    vote,
    winner,
)
from opinion_stream.domain.incidents.samples import add_sample
from opinion_stream.domain.incidents.standing import notes, rule_grade, settle
from opinion_stream.domain.incidents.titles import ASIDES, HEADLINE, STEADY, clean_title, fallback_title, overlap
from opinion_stream.domain.incidents.trend import add_to_trend, is_rising, trend_at
from opinion_stream.domain.incidents.voices import add_period, add_voice, count_voices
from opinion_stream.domain.places import Places
from opinion_stream.domain.ranking import add_weights, strongest
from opinion_stream.models.assessment import AssessedMention, Assessment
from opinion_stream.models.base import Grade, Nature, Reason, UnitRef
from opinion_stream.models.incident import Incident, IncidentCounts
from opinion_stream.models.mention import Mention
from opinion_stream.policy.loader import Policy


class Standing(NamedTuple):
    """How an incident stands after a mention: as much of it as a line about that mention tells."""

    id: str
    title: str
    grade: Grade
    reasons: tuple[Reason, ...]
    """Those of the grade."""
    mentions: int
    keywords: tuple[str, ...]
    copy: CopyOf | None
    """What the mention was found to repeat."""
    joined: str
    """Why the mention is in this incident."""
    reopened: bool = False
    """Whether the incident was closed before this mention."""


class Intake:
    """The rules by which mentions change an incident. Holds the policy, and no state but what it weighed last."""

    def __init__(self, policy: Policy, places: Places, *, briefed: bool = True) -> None:
        """`briefed`: whether briefs will be written, for which sentences of the mentions are kept."""
        self._policy = policy
        self._places = places
        self._extractor = Extractor(policy.playbooks.extraction) if briefed else None
        self._volume = Volume(policy)
        self._priority_order = {rule.id: order for order, rule in enumerate(policy.priority.rules)}
        self._latest: tuple[IncidentRecord, int, Evidence, Weighed] | None = None

    def open(self, item: AssessedMention, region: str, name: str | None = None) -> IncidentRecord:
        """An empty record for a matter that begins with `item` in `region`; its id derives from `item` or `name`."""
        return IncidentRecord(
            id=incident_id_of(name or item.mention.id),
            region=region,
            spans_regions=item.assessment.region_reason.rule == SEVERAL,
            first_at=item.mention.published_at,
            last_at=item.mention.published_at,
        )

    def take(
        self, record: IncidentRecord, item: AssessedMention, region: str, is_copy: bool, says_more: bool = False
    ) -> str | None:
        """Change `record` by one mention and grade it; returns the id of the mention that is no longer kept, if any.

        A copy counts as voice and spread; it does not move what the matter is about, unless it says more besides.
        """
        mention, assessment = item.mention, item.assessment
        if says_more or not is_copy:
            add_sample(record, assessment.features)
        record.version += 1
        record.mentions += 1
        record.copies += is_copy
        record.first_at = min(record.first_at, mention.published_at)
        record.last_at = max(record.last_at, mention.published_at)
        self._count(record, mention)
        self._judge(record, assessment)
        self._narrow(record, region, assessment)
        if says_more or not is_copy:
            self._describe(record, mention, assessment)
            if self._extractor is not None:
                self._extract(self._extractor, record, mention, assessment)
        kept = self._policy.incidents.kept_mention_ids
        record.mention_ids.append(mention.id)
        dropped = record.mention_ids.pop(min(1, kept - 1)) if len(record.mention_ids) > kept else None
        self.regrade(record, mention.published_at)
        return dropped

    def regrade(self, record: IncidentRecord, at: datetime, by: str = RULE, why: str = "") -> None:
        """Let the record's evidence act on its grade at `at`; see `standing.settle`."""
        policy = self._policy.grading
        evidence = self._evidence(record)
        weighed = weigh(evidence, policy)
        settle(record, weighed, at, policy, by, why)
        self._latest = record, record.version, evidence, weighed

    def snapshot(self, record: IncidentRecord) -> Incident:
        """The incident as consumers see it. Equal records give equal snapshots."""
        graded = grade(self._evidence(record), self._policy.grading)
        keywords = tuple(strongest(record.keywords, self._policy.incidents.keywords))
        region = self._places.ref(record.region)
        lead = winner(_leads(record.charges))
        combined = winner({c: n for c, n in record.charges.items() if c.split(",")[0] == lead})
        units = [UnitRef(code=code, name=record.unit_names[code]) for code in combined.split(",")]
        return Incident(
            id=record.id,
            version=record.version,
            region=region,
            category=self._category(record),
            title=record.title or fallback_title(region.name, keywords),
            keywords=keywords,
            status=record.status.value,
            nature=Nature(winner(record.natures)),
            unit=units[0],
            co_units=tuple(units[1:]),
            response_required=record.response_required,
            priority_rule=record.priority_rule,
            grade=record.grade,
            score=graded.score,
            reasons=self._reasons(record, graded.reasons, graded.score),
            factors=graded.factors,
            history=tuple(record.history),
            trend=trend_at(
                record.buckets,
                record.last_at,
                self._policy.incidents,
                self._policy.trend.growth_p,
                self._volume.expected(record.buckets, record.first_at, record.last_at),
            ),
            counts=IncidentCounts(
                mentions=record.mentions,
                copies=record.copies,
                voices=count_voices(record.voices),
                voice_periods=max(1, len(record.voice_periods)),
                interactions=record.interactions,
                reads=record.reads,
                media=len(record.media),
            ),
            natures=dict(record.natures),
            first_at=record.first_at,
            last_at=record.last_at,
            mention_ids=tuple(record.mention_ids),
            rule_grade=rule_grade(record),
            override=record.override,
            merged_into=record.merged_into,
            absorbed=tuple(record.absorbed),
            events=tuple(record.events),
        )

    def standing(self, record: IncidentRecord, copy: CopyOf | None, joined: str) -> Standing:
        """What `snapshot` says of title, grade, reasons and keywords, at a small part of its cost."""
        keywords = tuple(strongest(record.keywords, self._policy.incidents.keywords))
        title = record.title or fallback_title(self._places.ref(record.region).name, keywords)
        policy, latest = self._policy.grading, self._latest
        self._latest = None
        if latest is not None and latest[0] is record and latest[1] == record.version:
            _, _, evidence, weighed = latest
        else:
            evidence = self._evidence(record)
            weighed = weigh(evidence, policy)
        reasons = self._reasons(record, reasons_of(evidence, weighed, policy), weighed.score)
        return Standing(record.id, title, record.grade, reasons, record.mentions, keywords, copy, joined)

    def _reasons(self, record: IncidentRecord, reasons: tuple[Reason, ...], score: float) -> tuple[Reason, ...]:
        reasons = (*reasons, *notes(record, score, self._policy.grading))
        if record.merged_into is None:
            return reasons
        return (*reasons, Reason(rule="incident.merged", text=f"本事件已并入事件{record.merged_into}，不再单列"))

    def _count(self, record: IncidentRecord, mention: Mention) -> None:
        add_voice(record.voices, voice_of(mention))
        record.voice_periods = add_period(record.voice_periods, mention.voice)
        record.interactions += mention.interactions
        record.reads += mention.reads
        add_to_trend(record.buckets, mention.published_at, self._policy.incidents)
        media = self._policy.media
        tier = mention.media.tier if mention.media.tier in media.tiers else media.default_tier
        if record.tier not in media.tiers or media.tiers[tier].score > media.tiers[record.tier].score:
            record.tier = tier
        if mention.media.name is not None and mention.media.name not in record.media:
            record.media.append(mention.media.name)
        if mention.fingerprint not in record.fingerprints:
            record.fingerprints.append(mention.fingerprint)
            del record.fingerprints[:-MAX_FINGERPRINTS]

    def _judge(self, record: IncidentRecord, assessment: Assessment) -> None:
        vote(record.categories, assessment.category.level1)
        vote(record.natures, assessment.nature.value)
        units = (assessment.unit, *assessment.co_units)
        vote(record.charges, ",".join(unit.code for unit in units))
        for unit in units:
            record.unit_names.setdefault(unit.code, unit.name)
        if assessment.sensitivity > record.sensitivity or not record.sensitivity_reasons:
            record.sensitivity = max(record.sensitivity, assessment.sensitivity)
            record.sensitivity_reasons = list(assessment.sensitivity_reasons)
        if assessment.floor is not None:
            floor = Grade(assessment.floor)
            if record.floor is None or floor.rank < record.floor.rank:
                record.floor = floor
        record.response_required |= assessment.response_value.required
        rule = assessment.priority_rule
        if rule is not None and (record.priority_rule is None or self._order(rule) < self._order(record.priority_rule)):
            record.priority_rule = rule

    def _order(self, rule: str) -> int:
        return self._priority_order.get(rule, len(self._priority_order))

    def _narrow(self, record: IncidentRecord, region: str, assessment: Assessment) -> None:
        """A mention that names the county tells where a matter is of which only the city was known."""
        if assessment.region_reason.rule == SEVERAL and self._places.is_within(record.region, region):
            record.region = region
            record.spans_regions = True
        elif not record.spans_regions and self._places.is_within(region, record.region):
            record.region = region

    def _describe(self, record: IncidentRecord, mention: Mention, assessment: Assessment) -> None:
        limit = self._policy.incidents.max_features
        add_weights(record.terms, assessment.features)
        if len(record.terms) > 2 * limit:
            record.terms = strongest(record.terms, 2 * limit)
        add_weights(record.keywords, {keyword.word: keyword.weight for keyword in assessment.keywords})
        if len(record.keywords) > KEYWORDS_KEPT:
            record.keywords = strongest(record.keywords, KEYWORDS_KEPT)
        self.entitle(record, mention, assessment.nature)

    def _extract(self, extractor: Extractor, record: IncidentRecord, mention: Mention, assessment: Assessment) -> None:
        keywords = [keyword.word for keyword in assessment.keywords if keyword.word in record.keywords]
        places = assessment.region_reason.evidence
        extractor.keep(record.extracts, mention, record.mentions, record.sensitivity, keywords, places)

    def entitle(self, record: IncidentRecord, mention: Mention, nature: Nature) -> None:
        """Name the record after a mention if it has no title, or if that of the mention is clearly nearer."""
        title = clean_title(mention.title, mention.text)
        if not record.title:
            record.title, record.headline = title, bool(mention.title)
            return
        aside = nature in ASIDES and winner(record.natures) != nature
        if aside or title in ("", record.title):
            return
        present = overlap(record.title, record.terms) * (HEADLINE if record.headline else 1.0)
        if overlap(title, record.terms) * (HEADLINE if mention.title else 1.0) > STEADY * present:
            record.title, record.headline = title, bool(mention.title)

    def _category(self, record: IncidentRecord) -> str:
        known = {name: n for name, n in record.categories.items() if name != self._policy.categories.fallback}
        return winner(known or record.categories)

    def _evidence(self, record: IncidentRecord) -> Evidence:
        policy = self._policy
        tier = policy.media.tiers.get(record.tier or policy.media.default_tier)
        return Evidence(
            sensitivity=record.sensitivity,
            sensitivity_reasons=tuple(record.sensitivity_reasons),
            priority_rule=record.priority_rule,
            floor=record.floor,
            voices=count_voices(record.voices),
            voice_periods=len(record.voice_periods),
            interactions=record.interactions,
            reads=record.reads,
            rising=is_rising(record.buckets, record.last_at, policy.incidents),
            media=len(record.media),
            tier_score=tier.score if tier is not None else 0.0,
            tier_name=tier.name if tier is not None else "",
        )


def voice_of(mention: Mention) -> str:
    """The voice a mention counts as: one without author is a voice of its own."""
    return mention.voice if mention.voice is not None else f"?{mention.id}"


def _leads(charges: dict[str, int]) -> dict[str, int]:
    leads: dict[str, int] = {}
    for charge, count in charges.items():
        lead = charge.split(",")[0]
        leads[lead] = leads.get(lead, 0) + count
    return leads
