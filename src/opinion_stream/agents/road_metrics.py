"""What goes through the stages, in figures: delays, categories, confidence, reports, answers; never content."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable, Sequence
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Histogram

from opinion_stream.adapters.clock import Clock
from opinion_stream.agents.closed_lists import OTHER, UNSURE, ClosedLists
from opinion_stream.agents.outputs import Result
from opinion_stream.models.assessment import AssessedMention
from opinion_stream.models.base import Grade, Nature
from opinion_stream.models.escalation import Escalation, EscalationKind, EscalationStatus
from opinion_stream.models.mention import Mention
from opinion_stream.models.task import PublicResponse, ResponseTask, SupervisionNotice
from opinion_stream.topics import Stage

MINUTE, HOUR, DAY = 60, 3600, 86_400
_FROM_PUBLICATION = (1, 5, 15, MINUTE, 300, 900, HOUR, 4 * HOUR, 12 * HOUR, DAY, 3 * DAY, 7 * DAY)
_FROM_COLLECTION = (0.1, 0.25, 0.5, 1, 2.5, 5, 15, MINUTE, 300, 900, HOUR, 6 * HOUR, DAY)
_TO_REPORT = (MINUTE, 300, 900, 1800, HOUR, 2 * HOUR, 5 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY)
_TO_ANSWER = (
    HOUR,
    5 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    3 * DAY,
    5 * DAY,
    7 * DAY,
    10 * DAY,
    15 * DAY,
    21 * DAY,
    30 * DAY,
)
_CONFIDENCE = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)
_SIMULATED = " With clock=topic: against the latest such time the worker has seen."
EXHAUSTED = "exhausted"
"""Status under which a report is counted that lapsed with nobody left to turn to."""
_SOURCES = ("lexicon", "model", "both", UNSURE, OTHER)
_STATUSES = (*(status.value for status in EscalationStatus), EXHAUSTED)


class RoadMetrics:
    """An `Observer` that counts into a registry. It has those metrics alone that its stage can fill."""

    def __init__(
        self, stage: Stage, lists: ClosedLists, registry: CollectorRegistry, clock: Clock, *, simulated: bool = False
    ) -> None:
        """`simulated`: records bear the times of a simulation, with which `clock` has nothing to do."""
        self._lists = lists
        self._clock = clock
        self._simulated = simulated
        self._latest: dict[str, datetime] = {}
        match stage:
            case Stage.COLLECTION | Stage.ASSESSMENT | Stage.INCIDENTS:
                self._register_delays(stage, registry)
                if stage is Stage.ASSESSMENT:
                    self._register_assessment(registry)
            case Stage.REPORTING:
                self._register_reporting(registry)
            case Stage.RESPONSE:
                self._register_response(registry)

    def _register_delays(self, stage: Stage, registry: CollectorRegistry) -> None:
        self._published = Histogram(
            "opinion_delay_from_publication_seconds",
            "From a mention's publication until the stage was done with it." + _SIMULATED,
            ["stage"],
            buckets=_FROM_PUBLICATION,
            registry=registry,
        ).labels(stage=stage.value)
        self._received = Histogram(
            "opinion_delay_from_collection_seconds",
            "From a mention's arrival on the inbound topic until the stage was done with it." + _SIMULATED,
            ["stage"],
            buckets=_FROM_COLLECTION,
            registry=registry,
        ).labels(stage=stage.value)

    def _register_assessment(self, registry: CollectorRegistry) -> None:
        self._confidence = Histogram(
            "opinion_assessment_confidence_ratio",
            "Confidence of the category, 0 to 1, also where it was too low to be used.",
            buckets=_CONFIDENCE,
            registry=registry,
        )
        self._sources = Counter(
            "opinion_assessments_total",
            "Mentions assessed, by what gave the category: lexicon, model, both, or unsure (left to a person).",
            ["source"],
            registry=registry,
        )
        self._categories = Counter(
            "opinion_mentions_by_category_total",
            "Mentions assessed, by level-1 category (unsure: left to a person) and nature of the concern.",
            ["category", "nature"],
            registry=registry,
        )
        self._regions = Counter(
            "opinion_mentions_by_region_total",
            "Mentions assessed, by region (county, or the level above where several are meant) and nature.",
            ["region", "region_name", "nature"],
            registry=registry,
        )
        self._tiers = Counter(
            "opinion_mentions_by_media_tier_total",
            "Mentions assessed, by tier of the medium and nature of the concern.",
            ["tier", "nature"],
            registry=registry,
        )
        for source in _SOURCES:
            self._sources.labels(source)
        for nature in Nature:
            for category in self._lists.categories:
                self._categories.labels(category, nature.value)
            for region, name in self._lists.regions.items():
                self._regions.labels(region, name, nature.value)
            for tier in self._lists.tiers:
                self._tiers.labels(tier, nature.value)

    def _register_reporting(self, registry: CollectorRegistry) -> None:
        self._escalations = Counter(
            "opinion_escalations_total",
            "Reports by grade and what became of them: issued, acknowledged, instructed, returned, lapsed (no receipt "
            "in time, the next is addressed), exhausted (lapsed with nobody left to address).",
            ["grade", "status"],
            registry=registry,
        )
        self._to_report = Histogram(
            "opinion_report_delay_seconds",
            "From the first mention of a matter in public to its first report, by the clock in use.",
            ["grade"],
            buckets=_TO_REPORT,
            registry=registry,
        )
        for grade in Grade:
            self._to_report.labels(grade.value)
            for status in _STATUSES:
                self._escalations.labels(grade.value, status)

    def _register_response(self, registry: CollectorRegistry) -> None:
        self._answers = Counter(
            "opinion_answers_total", "Public responses, by grade of the matter.", ["grade"], registry=registry
        )
        self._to_answer = Histogram(
            "opinion_answer_delay_seconds",
            "From the opening of a task to its first public response, by the clock in use.",
            ["grade"],
            buckets=_TO_ANSWER,
            registry=registry,
        )
        self._notices = Counter(
            "opinion_supervision_notices_total",
            "Reminders and supervision orders on deadlines, by level of the policy.",
            ["level"],
            registry=registry,
        )
        for grade in Grade:
            self._answers.labels(grade.value)
            self._to_answer.labels(grade.value)
        for level in self._lists.notice_levels:
            self._notices.labels(level)

    def mentions(self, mentions: Sequence[Mention]) -> None:
        """See `Observer`."""
        if not mentions:
            return
        published = self._now("published", (mention.published_at for mention in mentions))
        received = self._now("received", (mention.received_at for mention in mentions))
        for mention in mentions:
            # A clock that is ahead elsewhere must not take the sums down.
            self._published.observe(max(0.0, (published - mention.published_at).total_seconds()))
            self._received.observe(max(0.0, (received - mention.received_at).total_seconds()))

    def _now(self, what: str, times: Iterable[datetime]) -> datetime:
        if not self._simulated:
            return self._clock.now()
        known = self._latest.get(what)
        latest = self._latest[what] = max(times) if known is None else max(known, *times)
        return latest

    def assessed(self, assessed: Sequence[AssessedMention]) -> None:
        """See `Observer`."""
        self.mentions([item.mention for item in assessed])
        lists = self._lists
        sources, categories, regions, tiers = (Tally[tuple[str, ...]]() for _ in range(4))
        for item in assessed:
            judged, nature = item.assessment, item.assessment.nature.value
            category = judged.category
            self._confidence.observe(category.confidence)
            sources[(_listed(category.source, _SOURCES),)] += 1
            name = UNSURE if category.source == UNSURE else _listed(category.level1, lists.categories)
            categories[name, nature] += 1
            regions[self._region(judged.region.code), nature] += 1
            tiers[_listed(item.mention.media.tier, lists.tiers), nature] += 1
        for (source,), number in sources.items():
            self._sources.labels(source).inc(number)
        for (category_name, nature), number in categories.items():
            self._categories.labels(category_name, nature).inc(number)
        for (region, nature), number in regions.items():
            self._regions.labels(region, lists.regions[region], nature).inc(number)
        for (tier, nature), number in tiers.items():
            self._tiers.labels(tier, nature).inc(number)

    def _region(self, code: str) -> str:
        return self._lists.shard_of.get(code, OTHER)

    def results(self, results: Sequence[Result]) -> None:
        """See `Observer`."""
        tasks = {result.id: result for result in results if isinstance(result, ResponseTask)}
        for result in results:
            match result:
                case Escalation():
                    self._escalation(result)
                case PublicResponse():
                    self._answer(result, tasks.get(result.task_id))
                case SupervisionNotice():
                    self._notices.labels(_listed(result.level, self._lists.notice_levels)).inc()
                case _:
                    continue

    def _escalation(self, escalation: Escalation) -> None:
        status = EXHAUSTED if escalation.exhausted else escalation.status.value
        self._escalations.labels(escalation.grade.value, status).inc()
        first = escalation.kind is EscalationKind.FIRST and escalation.chain_step == 0 and not escalation.reminder
        if first and escalation.status is EscalationStatus.ISSUED:
            delay = (escalation.issued_at - escalation.first_at).total_seconds()
            self._to_report.labels(escalation.grade.value).observe(max(0.0, delay))

    def _answer(self, response: PublicResponse, task: ResponseTask | None) -> None:
        grade = (response.grade or Grade.IV) if task is None else task.grade
        self._answers.labels(grade.value).inc()
        if task is not None and task.response_ids[:1] == (response.id,):
            delay = (response.published_at - task.opened_at).total_seconds()
            self._to_answer.labels(grade.value).observe(max(0.0, delay))


def _listed(value: str, known: Sequence[str]) -> str:
    return value if value in known else OTHER
