"""From a record of a topic to the rows of the ledger. Nothing here looks at the database, nor at a clock."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import orjson
import sqlalchemy as sa

from opinion_stream import topics as t
from opinion_stream.adapters.ledger import schema as s
from opinion_stream.adapters.reading import Stored
from opinion_stream.domain.ledger import acts
from opinion_stream.domain.ledger.chain import Entry
from opinion_stream.models.assessment import AssessedMention
from opinion_stream.models.base import Grade, Reason, RegionRef, UnitRef, WireModel
from opinion_stream.models.brief import Brief
from opinion_stream.models.control import DeadLetter
from opinion_stream.models.effect import ResponseEffect
from opinion_stream.models.escalation import Escalation, Receipt
from opinion_stream.models.incident import Incident
from opinion_stream.models.mention import Mention
from opinion_stream.models.sharing import ReferralReply, TaskOutcome
from opinion_stream.models.task import CommandKind, PublicResponse, ResponseTask, SupervisionNotice, TaskClock
from opinion_stream.models.warning import EarlyWarning

Row = dict[str, object]
M = TypeVar("M", bound=WireModel)

_CODE = re.compile(r"[a-z0-9][a-z0-9_.-]*")
OTHER = "（其他）"
"""What stands for a role or unit that an outside body wrote in words of its own: it might name a person."""


@dataclass
class Change:
    """What one record says: a row of `table`, the rows below it, and the acts to be audited.

    Without `version` the record is final: it is written once, and a repeat of it changes nothing. With it the highest
    version stands, and `children` are replaced with it. `life`: children of another life of the same id stay.
    """

    table: sa.Table
    row: Row
    version: int | None = None
    children: Callable[[], Mapping[sa.Table, list[Row]]] = dict
    """Made when asked for: of the versions in a batch only the last is written."""
    life: int | None = None
    acts: Sequence[tuple[str, list[Entry]]] = ()

    @property
    def id(self) -> str:
        """The id of the row."""
        return str(self.row["id"])


def _json(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _unit(unit: UnitRef) -> Row:
    return {"unit_code": unit.code, "unit_name": unit.name}


def _units(units: Iterable[UnitRef]) -> str:
    return _json([{"code": unit.code, "name": unit.name} for unit in units])


def _region(region: RegionRef) -> Row:
    return {"region_code": region.code, "region_name": region.name}


def _grade(grade: Grade) -> Row:
    return {"grade": grade.value, "grade_rank": grade.rank}


def _reasons(reasons: Iterable[Reason]) -> list[Row]:
    return [{"rule": reason.rule, "text": reason.text, "evidence": list(reason.evidence)} for reason in reasons]


def _plain(record: WireModel, *names: str) -> Row:
    return {name: getattr(record, name) for name in names}


def _code(text: str) -> str:
    return text if _CODE.fullmatch(text) else OTHER


def _mention_row(mention: Mention) -> Row:
    return {
        **_plain(mention, "id", "source", "channel", "title", "text", "published_at", "received_at", "url"),
        **_plain(mention, "region_hint", "lang", "likes", "dislikes", "reposts", "comments", "reads", "duplicate_of"),
        "media_name": mention.media.name,
        "media_kind": mention.media.kind,
        "media_tier": mention.media.tier,
        "masked": _json(mention.masked),
    }


def mention(record: Mention, _: Stored) -> list[Change]:
    """A collected mention, without voice and fingerprint."""
    return [Change(s.MENTIONS, _mention_row(record))]


def assessed(record: AssessedMention, stored: Stored) -> list[Change]:
    """The mention, which its own topic keeps for a shorter time, and its assessment: the one written last stands."""
    mention, found = record.mention, record.assessment
    why = [found.region_reason, found.unit_reason, found.nature_reason, *found.sensitivity_reasons]
    value = found.response_value
    version = int(stored.at.timestamp() * 1000)
    row: Row = {
        "id": mention.id,
        "version": version,
        "published_at": mention.published_at,
        "category": found.category.level1,
        "category2": found.category.level2,
        "category3": found.category.level3,
        "confidence": found.category.confidence,
        "category_source": found.category.source,
        "category_guess": found.category.guess,
        **_region(found.region),
        **_unit(found.unit),
        "co_units": _units(found.co_units),
        "nature": found.nature.value,
        "sensitivity": found.sensitivity,
        "floor": found.floor,
        "response_required": value.required,
        "response_score": value.score,
        "response_rule": value.rule,
        "priority_rule": found.priority_rule,
        "reasons": _json(
            [*_reasons(why), {"rule": value.rule, "text": value.text, "evidence": list(value.evidence)}],
        ),
    }
    return [Change(s.MENTIONS, _mention_row(mention)), Change(s.ASSESSMENTS, row, version)]


def incident(record: Incident, _: Stored) -> list[Change]:
    """The incident with its kept mentions, its grades and its life."""
    trend, counts, factors, override = record.trend, record.counts, record.factors, record.override
    row: Row = {
        **_plain(record, "id", "version", "category", "title", "status", "response_required", "priority_rule"),
        **_plain(record, "score", "first_at", "last_at", "merged_into"),
        **_region(record.region),
        **_unit(record.unit),
        **_grade(record.grade),
        **_plain(counts, "mentions", "copies", "voices", "interactions", "reads", "media"),
        "nature": record.nature.value,
        "co_units": _units(record.co_units),
        "keywords": _json(list(record.keywords)),
        "natures": _json(record.natures),
        "content_score": factors.content.score,
        "reaction_score": factors.reaction.score,
        "media_score": factors.media.score,
        "reasons": _json(_reasons(record.reasons)),
        "direction": trend.direction.value,
        **_plain(trend, "recent", "before", "window_hours", "doubling_hours"),
        "expected_6h": trend.expected_6h.value if trend.expected_6h else None,
        "expected_24h": trend.expected_24h.value if trend.expected_24h else None,
        "rule_grade": record.rule_grade.value if record.rule_grade else None,
        "override_grade": override.grade.value if override else None,
        "override_by": override.by_role if override else None,
        "override_reason": override.reason if override else None,
        "override_until": override.until if override else None,
    }
    return [Change(s.INCIDENTS, row, record.version, partial(_of_incident, record), acts=[*acts.of_incident(record)])]


def _of_incident(record: Incident) -> dict[sa.Table, list[Row]]:
    key = record.id
    return {
        s.INCIDENT_MENTIONS: [
            {"incident_id": key, "n": n, "mention_id": name} for n, name in enumerate(record.mention_ids, 1)
        ],
        s.INCIDENT_GRADES: [
            {
                "incident_id": key,
                "n": n,
                "of_incident": acts.origin(key, change.reason),
                **_grade(change.grade),
                "by_role": change.by,
                **_plain(change, "at", "score", "reason"),
            }
            for n, change in enumerate(record.history, 1)
        ],
        s.INCIDENT_EVENTS: [
            {
                "incident_id": key,
                "n": n,
                "of_incident": acts.origin(key, event.reason),
                "action": event.action.value,
                "by_role": event.by,
                **_plain(event, "at", "reason", "cause"),
            }
            for n, event in enumerate(record.events, 1)
        ],
    }


def brief(record: Brief, _: Stored) -> list[Change]:
    """The main points of a brief; the whole of it stands on its topic, which keeps it for ever."""
    row: Row = {
        **_plain(record, "id", "version", "incident_id", "incident_version", "title", "first_at", "last_at"),
        "status": record.status.value,
        **_grade(record.grade),
        **_region(record.region),
        **_unit(record.unit),
        "nature_text": record.nature.text,
        "trend_text": record.trend.text,
    }
    return [Change(s.BRIEFS, row, record.version, acts=[*acts.of_brief(record)])]


def warning(record: EarlyWarning, _: Stored) -> list[Change]:
    """A warning as it stands."""
    row: Row = {
        **_plain(record, "id", "version", "category", "opened_at", "at", "window_hours", "observed", "factor"),
        **_plain(record, "p_value", "title", "reason"),
        "kind": record.kind.value,
        "status": record.status.value,
        **_region(record.region),
        "usual": record.usual.value if record.usual else None,
        "grade": record.grade.value if record.grade else None,
        "incident_id": record.incidents[0].id if record.incidents else None,
    }
    return [Change(s.WARNINGS, row, record.version)]


def escalation(record: Escalation, _: Stored) -> list[Change]:
    """A report as it stands, and this status of it."""
    to, said, matter = record.recipient, record.instruction, record.referral
    row: Row = {
        **_plain(record, "id", "version", "incident_id", "incident_version", "category", "title", "response_required"),
        **_plain(record, "route", "chain_step", "issued_at", "receipt_due_at", "status_at", "reminder", "exhausted"),
        **_plain(record, "stopped", "hop", "decided"),
        "kind": record.kind.value,
        "nature": record.nature.value,
        "status": record.status.value,
        **_grade(record.grade),
        **_region(record.region),
        **_unit(record.unit),
        "to_unit_code": to.unit.code,
        "to_unit_name": to.unit.name,
        "to_role": to.role,
        "to_level": to.level,
        "to_post": to.post,
        "to_seat": to.seat,
        "channel": to.channel,
        "returned_by": record.returned_by.code if record.returned_by else None,
        "because": _json(list(record.because)),
        "instruction": said.text if said else None,
        "instruction_by": said.by_role if said else None,
        "instruction_due_at": said.due_at if said else None,
        "referral_id": matter.id if matter else None,
        "referral_from": matter.from_body if matter else None,
        "referral_due_at": matter.due_at if matter else None,
    }
    status: Row = {
        "escalation_id": record.id,
        "status": record.status.value,
        **_plain(record, "version", "status_at", "exhausted", "stopped"),
    }
    return [Change(s.ESCALATIONS, row, record.version), Change(s.ESCALATION_STATUSES, status)]


def receipt(record: Receipt, _: Stored) -> list[Change]:
    """A receipt without its words: an outside body wrote them, and nobody has masked them yet."""
    row: Row = {
        **_plain(record, "id", "escalation_id", "incident_id", "at", "due_at", "open_task"),
        "kind": record.kind.value,
        "role": _code(record.role),
        "to_unit": _code(record.to_unit) if record.to_unit else None,
        "grade": record.grade.value if record.grade else None,
        "note_length": len(record.note),
    }
    return [Change(s.RECEIPTS, row)]


def task(record: ResponseTask, _: Stored) -> list[Change]:
    """A task with every transition and every deadline of its present life."""
    life = record.first_round
    row: Row = {
        **_plain(record, "id", "version", "incident_id", "title", "category", "opened_at", "updated_at", "hops"),
        **_plain(record, "closed_ground", "pauses", "paused_until", "closed_at", "archived_at"),
        "life": life,
        **_region(record.region),
        "nature": record.nature.value,
        **_grade(record.grade),
        **_unit(record.unit),
        "co_units": _units(record.co_units),
        "state": record.state.value,
        "responses": len(record.response_ids),
        "eased_from": record.eased_from.value if record.eased_from else None,
    }
    return [Change(s.TASKS, row, record.version, partial(_of_task, record), life, [*acts.of_task(record)])]


def _of_task(record: ResponseTask) -> dict[sa.Table, list[Row]]:
    key: Row = {"task_id": record.id, "life": record.first_round}
    return {
        s.TASK_EVENTS: [
            {
                **key,
                "n": n,
                "from_state": event.from_state.value if event.from_state else None,
                "to_state": event.to_state.value,
                **_plain(event, "at", "action", "role", "cause", "note", "unit", "approver", "ground"),
            }
            for n, event in enumerate(record.history, 1)
        ],
        s.TASK_CLOCKS: [{**key, **_clock(clock)} for clock in record.clocks],
        s.TASK_CLOCK_CHANGES: [
            {
                **key,
                "clock": clock.key,
                "n": n,
                **_plain(change, "at", "change", "due_before", "due_after", "role", "approver", "cause", "note"),
            }
            for clock in record.clocks
            for n, change in enumerate(clock.changes, 1)
        ],
    }


def _clock(clock: TaskClock) -> Row:
    own = meets(clock.met_by) if clock.met_by else (None, None)
    return {
        "clock": clock.key,
        **_plain(clock, "kind", "round", "name", "source", "started_at", "start_event", "due_at", "met_at"),
        "paused_at": clock.paused_at,
        "state": clock.state.value,
        "fired": _json(list(clock.fired)),
        "own_accept": own[0],
        "own_answer": own[1],
    }


def meets(actions: Iterable[str]) -> tuple[bool, bool]:
    """Whether a deadline that these actions meet is one of accepting, and whether it is one of answering.

    As the bulletin counts them (domain/supervision/figures.py); a test holds the two against each other.
    """
    known = set(actions)
    answers = {CommandKind.PUBLISH.value, CommandKind.CLOSE.value}
    answer = bool(known & answers) or any(action.startswith("publish:") for action in known)
    return CommandKind.ACCEPT.value in known, answer


def response(record: PublicResponse, _: Stored) -> list[Change]:
    """What was published."""
    row: Row = {
        **_plain(record, "id", "task_id", "incident_id", "title", "text", "publication", "url", "published_at"),
        **_unit(record.unit),
        "nature": record.nature.value,
        "grade": record.grade.value if record.grade else None,
    }
    return [Change(s.RESPONSES, row, acts=[*acts.of_response(record)])]


def notice(record: SupervisionNotice, _: Stored) -> list[Change]:
    """A reminder or a supervision order."""
    row: Row = {
        **_plain(record, "id", "task_id", "incident_id", "clock", "level", "round", "due_at", "at", "to_role", "text"),
        **_unit(record.unit),
        **_grade(record.grade),
    }
    return [Change(s.SUPERVISION_NOTICES, row)]


def effect(record: ResponseEffect, _: Stored) -> list[Change]:
    """How a matter went after it was answered."""
    row: Row = {
        **_plain(record, "id", "response_id", "task_id", "incident_id", "hours", "published_at", "measured_at"),
        **_plain(record, "before", "after", "critical_before", "critical_after", "enough", "text"),
        **_unit(record.unit),
    }
    return [Change(s.EFFECTS, row)]


def reply(record: ReferralReply, _: Stored) -> list[Change]:
    """What was reported back to the body that referred a matter."""
    row: Row = {
        **_plain(record, "id", "referral_id", "from_body", "incident_id", "at", "in_time", "text", "publication"),
        **_plain(record, "url", "legal_ground"),
        **_unit(record.unit),
        "status": record.status.value,
    }
    return [Change(s.REFERRAL_REPLIES, row)]


def outcome(record: TaskOutcome, _: Stored) -> list[Change]:
    """That a task was closed or taken up again."""
    row: Row = {
        **_plain(record, "id", "task_id", "incident_id", "at", "text", "legal_ground"),
        **_unit(record.unit),
        "kind": record.kind.value,
    }
    return [Change(s.TASK_OUTCOMES, row)]


def dead_letter(record: DeadLetter, _: Stored) -> list[DeadLetter]:
    """The record without the sealed bytes, only whether it has them: what it does depends on those before it."""
    return [record.model_copy(update={"original_sealed": SEALED if record.original_sealed else "", "key_sealed": None})]


SEALED = "sealed"

Said = Change | DeadLetter
Mapper = Callable[[bytes, Stored], Sequence[Said]]


def _of(model: type[M], rows: Callable[[M, Stored], Sequence[Said]]) -> Mapper:
    validate = model.model_validate_json
    return lambda value, stored: rows(validate(value), stored)


MAPPERS: dict[str, Mapper] = {
    t.COLLECTED.name: _of(Mention, mention),
    t.ASSESSED.name: _of(AssessedMention, assessed),
    t.INCIDENTS.name: _of(Incident, incident),
    t.BRIEFS.name: _of(Brief, brief),
    t.WARNINGS.name: _of(EarlyWarning, warning),
    t.ESCALATIONS.name: _of(Escalation, escalation),
    t.RECEIPTS.name: _of(Receipt, receipt),
    t.TASKS.name: _of(ResponseTask, task),
    t.RESPONSES.name: _of(PublicResponse, response),
    t.SUPERVISION.name: _of(SupervisionNotice, notice),
    t.EFFECTS.name: _of(ResponseEffect, effect),
    t.REFERRAL_REPLIES.name: _of(ReferralReply, reply),
    t.TASK_OUTCOMES.name: _of(TaskOutcome, outcome),
    t.DEAD_LETTERS.name: _of(DeadLetter, dead_letter),
}
"""What to make of the records of each topic. Commands are not among them: what they did stands in the histories of
incidents and tasks, masked by the stage that obeyed them, while their own topics hold what persons wrote unmasked."""

SOURCES = tuple(t.BY_NAME[name] for name in MAPPERS)
"""The topics that the ledger takes in."""
