"""The figures of a run, computed from what stands on the topics and from nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from opinion_stream.domain.dead_letters.standing import Standings
from opinion_stream.models.assessment import AssessedMention
from opinion_stream.models.base import Grade
from opinion_stream.models.brief import Brief
from opinion_stream.models.control import DeadLetter, DeadLetterState
from opinion_stream.models.effect import ResponseEffect
from opinion_stream.models.escalation import Escalation, EscalationStatus, Receipt
from opinion_stream.models.incident import Incident, IncidentStatus
from opinion_stream.models.mention import Mention
from opinion_stream.models.task import ClockState, PublicResponse, ResponseTask, SupervisionNotice, TaskState
from opinion_stream.models.warning import EarlyWarning

MENTION_STAGES = ("collection", "assessment")
"""Stages at which a mention can end as a dead letter; at the later ones it has been assessed already."""


@dataclass(frozen=True)
class OnTopics:
    """Everything a run left on the topics, decoded; repeats of a record (same id and version) do no harm.

    `inbound_ids`: for each inbound record, in any order, the id of the mention or dead letter it must become.
    """

    inbound_ids: tuple[str, ...] = ()
    set_aside: tuple[Mention, ...] = ()
    """Collected mentions that an exclusion of `watch.yaml` sets aside."""
    assessed: tuple[AssessedMention, ...] = ()
    dead_letters: tuple[DeadLetter, ...] = ()
    incidents: tuple[Incident, ...] = ()
    escalations: tuple[Escalation, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    tasks: tuple[ResponseTask, ...] = ()
    responses: tuple[PublicResponse, ...] = ()
    notices: tuple[SupervisionNotice, ...] = ()
    briefs: tuple[Brief, ...] = ()
    warnings: tuple[EarlyWarning, ...] = ()
    effects: tuple[ResponseEffect, ...] = ()


@dataclass(frozen=True)
class Summary:
    """The figures of a run.

    `mentions_in` = `assessed` + `duplicates` + `set_aside` + `dead_letters`, or something is lost.
    """

    records_in: int
    mentions_in: int
    resubmitted: int
    assessed: int
    duplicates: int
    set_aside: int
    """Kept on the topic of collected mentions, marked with the exclusion that set them aside."""
    set_aside_rules: dict[str, int]
    """The same by exclusion."""
    dead_letters: int
    dead_letter_reasons: dict[str, int]
    refused: dict[str, int]
    """Records that later stages refused (illegal commands, receipts for nothing), by reason."""
    lost: tuple[str, ...]
    """Ids that came in and stand nowhere; must be empty."""
    incidents: tuple[Incident, ...]
    incidents_by_grade: dict[str, int]
    escalations: int
    escalations_by_status: dict[str, int]
    receipts: int
    tasks: tuple[ResponseTask, ...]
    tasks_by_state: dict[str, int]
    deadlines: dict[str, int]
    responses: tuple[PublicResponse, ...]
    notices: tuple[SupervisionNotice, ...] = field(default=())
    briefs: tuple[Brief, ...] = ()
    """The latest on each incident."""
    warnings: tuple[EarlyWarning, ...] = ()
    """Each as it was when it was opened."""
    effects: tuple[ResponseEffect, ...] = ()


def summarise(found: OnTopics) -> Summary:
    """Reduce what stands on the topics to the figures of the run."""
    letters = Standings()
    for letter in found.dead_letters:
        letters.take(letter)
    failed = [s.letter for s in letters.by_id.values() if s.state is not DeadLetterState.RESOLVED]
    mention_letters = {d.id: d for d in failed if d.stage in MENTION_STAGES}
    other_letters = {d.id: d for d in failed if d.stage not in MENTION_STAGES}
    mentions = {a.mention.id: a.mention for a in found.assessed}
    copies = {m.id for m in mentions.values() if m.duplicate_of is not None}
    # One that was set aside and, under other rules, sent again has been assessed and is counted there.
    aside = {m.id: m.set_aside for m in found.set_aside if m.set_aside is not None and m.id not in mentions}
    came_in = set(found.inbound_ids)
    # What was merged lives on in its survivor, counts and all.
    incidents = [i for i in latest(found.incidents) if i.status != IncidentStatus.MERGED]
    tasks = latest(found.tasks)
    escalations = latest(found.escalations)
    clocks = Counter(clock.state for task in tasks for clock in task.clocks)
    grades = Counter(i.grade for i in incidents)
    states = Counter(t.state for t in tasks)
    statuses = Counter(e.status for e in escalations)
    return Summary(
        records_in=len(found.inbound_ids),
        mentions_in=len(came_in),
        resubmitted=len(found.inbound_ids) - len(came_in),
        assessed=len(mentions) - len(copies),
        duplicates=len(copies),
        set_aside=len(aside),
        set_aside_rules=dict(Counter(aside.values()).most_common()),
        dead_letters=len(mention_letters),
        dead_letter_reasons=_by_reason(mention_letters.values()),
        refused=_by_reason(other_letters.values()),
        lost=tuple(sorted(came_in - set(mentions) - set(aside) - set(mention_letters))),
        incidents=tuple(incidents),
        incidents_by_grade={grade.value: grades.get(grade, 0) for grade in Grade},
        escalations=len(escalations),
        escalations_by_status={s.value: statuses[s] for s in EscalationStatus if s in statuses},
        receipts=len({r.id for r in found.receipts}),
        tasks=tuple(tasks),
        tasks_by_state={s.value: states[s] for s in TaskState if s in states},
        deadlines={state.value: clocks.get(state, 0) for state in ClockState},
        responses=tuple({r.id: r for r in found.responses}.values()),
        notices=tuple({n.id: n for n in found.notices}.values()),
        briefs=tuple(latest(found.briefs)),
        warnings=tuple(sorted((w for w in found.warnings if w.version == 1), key=lambda w: (w.opened_at, w.id))),
        effects=tuple(sorted({e.id: e for e in found.effects}.values(), key=lambda e: (e.measured_at, e.id))),
    )


class Versioned(Protocol):
    """A record of which later versions replace earlier ones."""

    @property
    def id(self) -> str: ...

    @property
    def version(self) -> int: ...


V = TypeVar("V", bound=Versioned)


def latest(records: Iterable[V]) -> list[V]:
    """The record of the highest version of each id, in order of first appearance."""
    newest: dict[str, V] = {}
    for record in records:
        known = newest.get(record.id)
        if known is None or record.version >= known.version:
            newest[record.id] = record
    return list(newest.values())


def _by_reason(letters: Iterable[DeadLetter]) -> dict[str, int]:
    return dict(Counter(letter.reason for letter in letters).most_common())
