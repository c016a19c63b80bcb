"""How a task is shown: one line in a list, or all there is to know, in Chinese or as plain data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from opinion_stream.domain.response.machine import allowed_now
from opinion_stream.domain.roles import role_name
from opinion_stream.models.task import ClockState, CommandKind, ResponseTask, TaskClock, TaskEvent
from opinion_stream.policy import Policy

CLOCKS = {
    ClockState.RUNNING: "计时中",
    ClockState.PAUSED: "暂停中",
    ClockState.MET: "按期完成",
    ClockState.MISSED: "逾期",
    ClockState.WAIVED: "不再要求",
}
_BY_RULE = {
    "open": "建立任务",
    "raise": "等级升高",
    "order": "批示、交办",
    "reassign": "改由其他单位承办",
    "auto_resume": "自动恢复计时",
    "auto_archive": "自动归档",
}


def span(length: timedelta) -> str:
    """A length of time in days, hours and minutes: 1天3小时, 45分."""
    minutes = int(abs(length).total_seconds() // 60)
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = ((days, "天"), (hours, "小时"), (0 if days else minutes, "分"))
    return "".join(f"{number}{unit}" for number, unit in parts if number) or "不到1分"


def remaining(clock: TaskClock, now: datetime) -> str:
    """What is left of a deadline, or by how much it has passed."""
    if clock.state is ClockState.RUNNING:
        left = clock.due_at - now
        return f"剩{span(left)}" if left > timedelta(0) else f"已超{span(left)}"
    if clock.state is ClockState.PAUSED and clock.paused_at is not None:
        return f"停时还剩{span(clock.due_at - clock.paused_at)}"
    if clock.state is ClockState.MISSED:
        late = (clock.met_at or now) - clock.due_at
        return f"迟{span(late)}完成" if clock.met_at else f"已超{span(late)}"
    return ""


def next_deadline(task: ResponseTask) -> TaskClock | None:
    """The deadline that ends first of those that are not done: running or missed."""
    owed = [c for c in task.clocks if c.met_at is None and c.state in (ClockState.RUNNING, ClockState.MISSED)]
    return min(owed, key=lambda clock: clock.due_at, default=None)


def overdue(task: ResponseTask, now: datetime) -> bool:
    """Whether a deadline has passed and what it asks for is still not done."""
    clock = next_deadline(task)
    return clock is not None and clock.due_at <= now


def as_text(task: ResponseTask, policy: Policy, now: datetime) -> str:
    """Everything about a task: state, deadlines with the time that is left, history, what can be done now."""
    return "\n".join(_lines(task, policy, now))


def _lines(task: ResponseTask, policy: Policy, now: datetime) -> Iterator[str]:
    zone = ZoneInfo(policy.jurisdiction.timezone)

    def at(moment: datetime) -> str:
        return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"

    yield f"{task.id} 《{task.title}》"
    yield f"状态：{task.state.label}（{task.state.value}），第{task.version}版，{at(task.updated_at)}更新"
    co = f"；协办：{'、'.join(unit.name for unit in task.co_units)}" if task.co_units else ""
    yield f"承办：{task.unit.name}{co}；已转办{task.hops}次"
    yield f"事项：{task.incident_id}，{task.region.name}，{task.category}，{task.nature.label}，{task.grade.label}"
    asked = {unit.code: unit.name for unit in (*task.named_units, *task.consult_units)}
    if asked:
        signs = [f"{name}（{'已确认' if code in task.confirmed_units else '待确认'}）" for code, name in asked.items()]
        yield f"会商：{'、'.join(signs)}"
    if task.advice:
        yield f"文稿提示（仅供参考）：{'；'.join(task.advice)}"
    if task.closed_ground is not None:
        yield f"不予公开的依据：{policy.response.legal_grounds[task.closed_ground].text}"
    yield "时限："
    for clock in task.clocks:
        again = f"（第{clock.round}轮）" if clock.round > 1 else ""
        left = remaining(clock, now)
        yield (
            f"  {clock.name}{again}：{CLOCKS[clock.state]}{f'，{left}' if left else ''}；"
            f"{at(clock.started_at)}起，{at(clock.due_at)}止；依据 {clock.source}"
        )
        for change in clock.changes:
            approver = f"，{role_name(policy, change.approver)}批准" if change.approver else ""
            yield f"    {at(change.at)} {_CHANGES.get(change.change, change.change)}：{at(change.due_before)} → " + (
                f"{at(change.due_after)}（{role_name(policy, change.role)}{approver}）{change.note}"
            )
    yield "经过："
    for event in task.history:
        who = role_name(policy, event.role) + (f"·{event.unit}" if event.unit else "")
        yield f"  {at(event.at)} {_action(event)}（{who}）→ {event.to_state.label}　{event.note}".rstrip()
    yield "现在可以："
    for kind, problem in allowed_now(task, policy, now).items():
        yield f"  {kind.value} {kind.label}{f'——还不行：{problem}' if problem else ''}"


_CHANGES = {
    "extended": "延期",
    "paused": "暂停",
    "resumed": "恢复",
    "waived": "不再要求",
    "restarted": "重新计算",
    "ordered": "批示、交办",
}


def _action(event: TaskEvent) -> str:
    known = {kind.value for kind in CommandKind}
    return CommandKind(event.action).label if event.action in known else _BY_RULE.get(event.action, event.action)


def as_data(task: ResponseTask, policy: Policy, now: datetime) -> Mapping[str, object]:
    """The task as it stands on the topic, with `allowed_now` (action to hindrance or null) and `remaining_seconds`."""
    left = {
        clock.key: int((clock.due_at - now).total_seconds())
        for clock in task.clocks
        if clock.state is ClockState.RUNNING
    }
    allowed = {kind.value: problem for kind, problem in allowed_now(task, policy, now).items()}
    return {**task.model_dump(mode="json"), "allowed_now": allowed, "remaining_seconds": left}
