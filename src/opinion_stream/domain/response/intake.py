"""What a report does to a task: it opens it, raises it, gives it to another unit, or sets it a deadline by order."""

from __future__ import annotations

from datetime import datetime, timedelta

from opinion_stream.domain.ids import TASK_PREFIX
from opinion_stream.domain.response.clocks import ordered_clock
from opinion_stream.domain.response.deadlines import with_clocks
from opinion_stream.domain.response.effects import FRESH
from opinion_stream.domain.response.life import ORDER, RULE, Gone, going_on, orders_of, rule_event
from opinion_stream.models.base import Grade, Instant, WireModel
from opinion_stream.models.escalation import Escalation
from opinion_stream.models.sharing import ReferralKind
from opinion_stream.models.task import CommandKind, ResponseTask, TaskEvent, TaskState
from opinion_stream.policy import Policy

_ANSWERED = (CommandKind.PUBLISH.value, CommandKind.CLOSE.value)
_MOVABLE = (TaskState.PENDING, TaskState.ACCEPTED, TaskState.HANDLING)


class Order(WireModel):
    """What an instruction (批示) or a referral (交办) asks of a task beside the rules. It acts once, by `cause`.

    `publications`: keys of `response.yaml`, each with a deadline of its own; `due_at` None with publications: after
    `ordered_hours`; neither: it is noted and sets no deadline. `grade`: the graver grade ordered. `opens`: there
    must be a task.
    """

    cause: str
    name: str
    source: str
    role: str
    text: str = ""
    due_at: Instant | None = None
    publications: tuple[str, ...] = ()
    grade: Grade | None = None
    opens: bool = False


def task_id(incident_id: str) -> str:
    """`t-` and the part of the incident's id after its prefix: one task per incident."""
    _, dash, rest = incident_id.partition("-")
    return f"{TASK_PREFIX}{rest if dash else incident_id}"


def order_of(escalation: Escalation) -> Order | None:
    """The order that a report passes on, or None."""
    if escalation.instruction is not None:
        said = escalation.instruction
        return Order(
            cause=said.receipt_id,
            name="按批示办理",
            source=f"{said.by_unit.name}批示",
            role=said.by_role,
            text=said.text,
            due_at=said.due_at,
            publications=said.publications,
            grade=said.grade,
            opens=said.open_task,
        )
    if escalation.referral is not None:
        matter = escalation.referral
        kind = ReferralKind(matter.kind).label if matter.kind in set(ReferralKind) else "交办"
        return Order(
            cause=f"{matter.from_body}/{matter.id}",
            name=f"{kind}反馈",
            source=f"{matter.from_body}{kind}",
            role=matter.from_body,
            due_at=matter.due_at,
            opens=True,
        )
    return None


def opened(escalation: Escalation, now: datetime, policy: Policy, gone: Gone | None = None) -> ResponseTask:
    """The task that an escalation opens, with its clocks; its versions and rounds go on from one that is gone."""
    event = TaskEvent(
        at=now,
        action="open",
        from_state=None,
        to_state=TaskState.PENDING,
        role=RULE,
        cause=escalation.id,
        note=f"{escalation.grade.label}，{escalation.kind.label}，须公开回应",
    )
    task = ResponseTask(
        id=task_id(escalation.incident_id),
        version=gone.version + 1 if gone else 1,
        first_round=gone.round + 1 if gone else 1,
        orders_before=gone.orders if gone else (),
        incident_id=escalation.incident_id,
        title=escalation.title,
        keywords=escalation.keywords,
        region=escalation.region,
        category=escalation.category,
        nature=escalation.nature,
        grade=escalation.grade,
        unit=escalation.unit,
        co_units=escalation.co_units,
        state=TaskState.PENDING,
        opened_at=now,
        updated_at=now,
        history=(event,),
    )
    return with_clocks(task, now, policy)


def taken_up(task: ResponseTask, escalation: Escalation, now: datetime, policy: Policy, *, newer: bool) -> ResponseTask:
    """The task after a report on it: raised, given to the unit that now is in charge, given an order; or the same.

    `newer`: the report is of a later version of the incident than any that changed the task. The version is left
    alone.
    """
    order = order_of(escalation)
    if order is not None and order.cause in orders_of(task):
        order = None
    after = task
    if newer and _is_graver(escalation.grade, task):
        after = _raised(after, escalation.grade, escalation.id, now, policy)
    if order is not None and order.grade is not None and order.grade.rank < after.grade.rank:
        after = _raised(after, order.grade, escalation.id, now, policy)
    after = _reassigned(after, escalation, now, policy)
    return after if order is None else ordered(after, order, now, policy)


def ordered(task: ResponseTask, order: Order, now: datetime, policy: Policy) -> ResponseTask:
    """The task with what the order asks for; deadlines of its own, from `now`.

    The clocks it has stay as they are: an order may set an earlier time, never a later one.
    """
    names = {key: kind.name for key, kind in policy.response.publications.items()}
    wanted: list[tuple[str, tuple[str, ...]]] = [
        (f"{order.name}：{names[key]}", (f"publish:{key}",)) for key in order.publications if key in names
    ]
    if not wanted and order.due_at is not None:
        wanted = [(order.name, _ANSWERED)]
    due = order.due_at or now + timedelta(hours=policy.response.ordered_hours)
    clocks = tuple(
        ordered_clock(
            cause=order.cause,
            name=name,
            source=order.source,
            role=order.role,
            due=due,
            met_by=met_by,
            now=now,
            number=task.first_round,
        )
        for name, met_by in wanted
    )
    going = going_on(task, now, policy, cause=order.cause, note="上级有要求，恢复计时") if clocks else task
    said = "；".join(
        part for part in (order.source, order.text, *(f"{c.name}，{due:%m-%d %H:%M}前" for c in clocks)) if part
    )
    event = rule_event(task, ORDER, going.state, now, order.cause, said, order.role)
    return going.model_copy(
        update={"updated_at": now, "clocks": (*going.clocks, *clocks), "history": (*task.history, event)}
    )


def _is_graver(grade: Grade, task: ResponseTask) -> bool:
    """Graver than the task's grade, and than one that the office set aside."""
    return grade.rank < min(task.grade.rank, task.eased_from.rank if task.eased_from else 9)


def _raised(task: ResponseTask, grade: Grade, cause: str, now: datetime, policy: Policy) -> ResponseTask:
    """The task at the graver grade, with the clocks that brings; clocks it has stay: a raise never loosens."""
    going = going_on(task, now, policy, cause=cause, note="等级升高，恢复计时")
    event = rule_event(task, "raise", going.state, now, cause, f"等级由{task.grade.label}升为{grade.label}")
    update = {"grade": grade, "eased_from": None, "updated_at": now, "history": (*task.history, event)}
    return with_clocks(going.model_copy(update=update), now, policy)


def _reassigned(task: ResponseTask, escalation: Escalation, now: datetime, policy: Policy) -> ResponseTask:
    """The task in the hands of the new lead unit, if the one that has it returned the report (退回)."""
    before = escalation.returned_by
    done = any(event.action == "reassign" and event.cause == escalation.id for event in task.history)
    if (
        before is None
        or not escalation.reassigns
        or done
        or task.state not in _MOVABLE
        or task.unit.code != before.code
    ):
        return task
    note = f"{before.name}退回报送，改由{escalation.unit.name}承办"
    event = rule_event(task, "reassign", TaskState.PENDING, now, escalation.id, note)
    # Whom the office named cannot hand it back: the hops count as used up.
    hops = policy.response.max_hops + 1 if escalation.decided else task.hops
    return task.model_copy(
        update={
            **FRESH,
            "state": TaskState.PENDING,
            "unit": escalation.unit,
            "co_units": tuple(unit for unit in task.co_units if unit.code != escalation.unit.code),
            "passed_by": (*task.passed_by, before),
            "hops": max(hops, task.hops),
            "updated_at": now,
            "history": (*task.history, event),
        }
    )
