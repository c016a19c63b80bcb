"""Builders for tests: the policy of the made-up city 安平市, and records with sane defaults.

Each builder takes keyword overrides of the model's fields. Units and regions may be given by their
code in `tests/small_policy/` instead of a `UnitRef` or `RegionRef`.
"""

from __future__ import annotations

import functools
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from opinion_stream.models.assessment import AssessedMention, Assessment, CategoryResult, ResponseValue
from opinion_stream.models.base import Grade, Nature, Reason, RegionRef, UnitRef
from opinion_stream.models.escalation import (
    Escalation,
    EscalationKind,
    EscalationStatus,
    Instruction,
    Receipt,
    ReceiptKind,
    Recipient,
    ReferralRef,
)
from opinion_stream.models.incident import (
    Direction,
    Factor,
    GradeChange,
    GradeFactors,
    Incident,
    IncidentCounts,
    Trend,
)
from opinion_stream.models.mention import Media, Mention
from opinion_stream.models.task import CommandKind, PublicResponse, TaskCommand
from opinion_stream.policy import Policy, load_policy

SMALL_POLICY = Path(__file__).parent / "small_policy"
CST = ZoneInfo("Asia/Shanghai")
T0 = datetime(2026, 3, 2, 9, 0, tzinfo=CST)
"""A Monday morning; the week that follows has five working days."""


@functools.cache
def small_policy() -> Policy:
    """The policy in `tests/small_policy/`, read once."""
    return load_policy(SMALL_POLICY)


def later(**kw: float) -> datetime:
    """`T0` and so much more: `later(hours=5)`."""
    return T0 + timedelta(**kw)


def region_ref(code: str) -> RegionRef:
    """Reference to a region of the small policy."""
    return RegionRef(code=code, name=small_policy().region(code).name)


def unit_ref(code: str) -> UnitRef:
    """Reference to a unit of the small policy."""
    return UnitRef(code=code, name=small_policy().unit(code).name)


def reason(text: str = "因为", rule: str = "test") -> Reason:
    """A reason with that sentence."""
    return Reason(rule=rule, text=text)


def counts(**kw: int) -> IncidentCounts:
    """One mention by one voice, unless told otherwise."""
    return IncidentCounts(**{"mentions": 1, "copies": 0, "voices": 1, "interactions": 0, "reads": 0, "media": 0, **kw})


def raw_mention(**kw: Any) -> dict[str, Any]:
    """A valid inbound record as a plain dict, ready for JSON."""
    return {
        "id": "1",
        "source": "wenzheng",
        "channel": "message_board",
        "title": "柳树镇又停水了",
        "text": "东河县柳树镇已经停水两天，请尽快解决一下。",
        "published_at": T0.isoformat(),
        "author": "a-1",
        "likes": 0,
        "dislikes": 0,
        **kw,
    }


def mention(**kw: Any) -> Mention:
    """A collected mention. `id` follows `source` and `source_id`; `voice` and `fingerprint` follow `source_id`."""
    source_id = kw.get("source_id", "1")
    source = kw.get("source", "wenzheng")
    published = kw.get("published_at", T0)
    defaults: dict[str, Any] = {
        "id": f"{source}:{source_id}",
        "source": source,
        "source_id": source_id,
        "channel": "message_board",
        "title": "柳树镇又停水了",
        "text": "东河县柳树镇已经停水两天，请尽快解决一下。",
        "published_at": published,
        "received_at": published,
        "voice": f"v-{source_id}",
        "url": None,
        "media": Media(),
        "region_hint": None,
        "lang": None,
        "likes": 0,
        "dislikes": 0,
        "reposts": 0,
        "comments": 0,
        "reads": 0,
        "fingerprint": f"fp-{source_id}",
    }
    return Mention(**{**defaults, **kw})


def assessment(**kw: Any) -> Assessment:
    """An assessment of the default mention. `category` may be the name of level 1."""
    defaults: dict[str, Any] = {
        "category": "城乡建设",
        "region": "990101",
        "region_reason": reason("文中提到东河县"),
        "unit": "housing",
        "unit_reason": reason("类别主管"),
        "nature": Nature.DIFFICULTY,
        "nature_reason": reason("文中提到停水"),
        "sensitivity": 10,
        "response_value": ResponseValue(required=True, score=60, rule="base", text="实际困难"),
        "features": {"停水": 0.8, "柳树镇": 0.6},
    }
    return Assessment(**_with_refs({**defaults, **kw}))


def assessed(**kw: Any) -> AssessedMention:
    """An assessed mention. Overrides go to the mention or to the assessment, wherever the field is.

    `mention=` and `assessment=` take ready-made parts.
    """
    ready_mention = kw.pop("mention", None)
    ready_assessment = kw.pop("assessment", None)
    of_mention = {k: kw.pop(k) for k in list(kw) if k in Mention.model_fields}
    return AssessedMention(
        mention=ready_mention or mention(**of_mention), assessment=ready_assessment or assessment(**kw)
    )


def incident(**kw: Any) -> Incident:
    """An open grade III incident of one mention."""
    grade = Grade(kw.get("grade", Grade.III))
    first_at = kw.get("first_at", T0)
    defaults: dict[str, Any] = {
        "id": "inc-1",
        "version": 1,
        "region": "990101",
        "category": "城乡建设",
        "title": "柳树镇又停水了",
        "keywords": ("停水", "柳树镇"),
        "status": "open",
        "nature": Nature.DIFFICULTY,
        "unit": "housing",
        "co_units": (),
        "response_required": True,
        "priority_rule": None,
        "grade": grade,
        "score": 40,
        "reasons": (reason("涉及群众切身利益"),),
        "factors": GradeFactors(content=Factor(score=40), reaction=Factor(score=40), media=Factor(score=40)),
        "history": (GradeChange(at=first_at, grade=grade, score=40, reason="首次定级"),),
        "trend": Trend(direction=Direction.LEVEL, window_hours=6, recent=1, before=1),
        "counts": counts(),
        "first_at": first_at,
        "last_at": kw.get("last_at", first_at),
        "mention_ids": ("wenzheng:1",),
    }
    return Incident(**_with_refs({**defaults, **kw}))


def recipient(**kw: Any) -> Recipient:
    """The duty officer of the lead unit."""
    defaults: dict[str, Any] = {"unit": "housing", "role": "duty_officer", "channel": "duty-desk", "level": "lead"}
    return Recipient(**_with_refs({**defaults, **kw}))


def escalation(**kw: Any) -> Escalation:
    """A first report of the default incident to its lead unit, issued at `T0`, receipt due in two hours."""
    issued = kw.get("issued_at", T0)
    defaults: dict[str, Any] = {
        "id": "esc-1",
        "version": 1,
        "incident_id": "inc-1",
        "incident_version": 1,
        "kind": EscalationKind.FIRST,
        "grade": Grade.III,
        "region": "990101",
        "category": "城乡建设",
        "nature": Nature.DIFFICULTY,
        "title": "柳树镇又停水了",
        "reasons": ("涉及群众切身利益",),
        "counts": counts(),
        "response_required": True,
        "priority_rule": None,
        "unit": "housing",
        "co_units": (),
        "recipient": recipient(),
        "route": "iii-lead",
        "chain_step": 0,
        "first_at": issued,
        "issued_at": issued,
        "receipt_due_at": issued + timedelta(minutes=120),
        "status": EscalationStatus.ISSUED,
        "status_at": issued,
    }
    return Escalation(**_with_refs({**defaults, **kw}))


def instruction(
    receipt_id: str,
    due_at: datetime | None = None,
    publications: tuple[str, ...] = (),
    grade: Grade | None = None,
    open_task: bool = False,
) -> Instruction:
    """What the first responsible of the office wrote on the default escalation."""
    return Instruction(
        receipt_id=receipt_id,
        escalation_id="esc-1",
        by_role="first_responsible",
        by_unit=unit_ref("office"),
        by_level="own",
        at=T0,
        text="请抓紧办理",
        due_at=due_at,
        publications=publications,
        open_task=open_task,
        grade=grade,
    )


def referral(name: str, due_at: datetime) -> ReferralRef:
    """A matter that the office above has handed down."""
    return ReferralRef(id=name, kind="handed_down", from_body="北原省人民政府办公厅", due_at=due_at)


def receipt(**kw: Any) -> Receipt:
    """The duty officer acknowledges the default escalation ten minutes after `T0`."""
    defaults: dict[str, Any] = {
        "id": "rcp-1",
        "escalation_id": "esc-1",
        "incident_id": "inc-1",
        "kind": ReceiptKind.ACKNOWLEDGED,
        "role": "duty_officer",
        "at": later(minutes=10),
    }
    return Receipt(**{**defaults, **kw})


def public_response(**kw: Any) -> PublicResponse:
    """The answer of the default task's unit on its website, published at `T0`."""
    defaults: dict[str, Any] = {
        "id": "r-1",
        "task_id": "task-1",
        "incident_id": "inc-1",
        "unit": "housing",
        "nature": Nature.DIFFICULTY,
        "title": "关于“停水”的回应",
        "text": "管道已于当日修复。",
        "publication": "website",
        "url": None,
        "published_at": T0,
        "grade": Grade.III,
    }
    return PublicResponse(**_with_refs({**defaults, **kw}))


def command(**kw: Any) -> TaskCommand:
    """The duty officer of the lead unit accepts the task. `id` follows `kind`, so different kinds differ."""
    kind = CommandKind(kw.get("kind", CommandKind.ACCEPT))
    defaults: dict[str, Any] = {
        "id": f"cmd-{kind}",
        "task_id": "task-1",
        "kind": kind,
        "role": "duty_officer",
        "unit": "housing",
        "at": later(minutes=20),
    }
    return TaskCommand(**{**defaults, **kw})


def _with_refs(fields: dict[str, Any]) -> dict[str, Any]:
    """Codes and names given as text become the references the models want."""
    for key, value in fields.items():
        if key == "region" and isinstance(value, str):
            fields[key] = region_ref(value)
        elif key == "unit" and isinstance(value, str):
            fields[key] = unit_ref(value)
        elif key in ("co_units", "consult_units"):
            fields[key] = tuple(unit_ref(v) if isinstance(v, str) else v for v in value)
        elif key == "category" and isinstance(value, str) and "region_reason" in fields:
            fields[key] = CategoryResult(level1=value, confidence=0.9)
    return fields
