"""The state machine of a response task: a table of legal transitions, guarded, each recorded in the history."""

from __future__ import annotations

from datetime import datetime

from opinion_stream.domain.response.deadlines import met, settled, with_clocks
from opinion_stream.domain.response.effects import changes, note, published
from opinion_stream.domain.response.guards import circumstance_problem, content_problem
from opinion_stream.errors import Rejected
from opinion_stream.models.task import (
    CommandKind,
    PublicResponse,
    ResponseTask,
    TaskCommand,
    TaskEvent,
    TaskState,
)
from opinion_stream.policy import Policy

COMMAND_NAMES = {
    CommandKind.ACCEPT: "受理",
    CommandKind.RECORD: "办理记录",
    CommandKind.TRANSFER: "转办",
    CommandKind.DRAFT: "拟稿",
    CommandKind.CONSULT: "会商",
    CommandKind.CONFIRM: "会商确认",
    CommandKind.SUBMIT: "送审",
    CommandKind.APPROVE: "批准",
    CommandKind.REJECT: "退回修改",
    CommandKind.PUBLISH: "发布",
    CommandKind.CLOSE: "办结",
    CommandKind.REOPEN: "重新办理",
}

_S = TaskState
_BEFORE_PUBLISHING = (
    _S.PENDING,
    _S.ACCEPTED,
    _S.HANDLING,
    _S.DRAFTED,
    _S.CONSULTING,
    _S.UNDER_REVIEW,
    _S.APPROVED,
)

TABLE: dict[CommandKind, dict[TaskState, TaskState]] = {
    CommandKind.ACCEPT: {_S.PENDING: _S.ACCEPTED},
    # 网上问题、网下解决 (seed 二（四）): work on the spot is recorded at any time before the task is closed.
    CommandKind.RECORD: {
        _S.ACCEPTED: _S.HANDLING,
        **{s: s for s in (*_BEFORE_PUBLISHING[2:], _S.PUBLISHED)},
    },
    CommandKind.TRANSFER: dict.fromkeys((_S.PENDING, _S.ACCEPTED, _S.HANDLING), _S.PENDING),
    # An enquiry may be answered from the desk, so drafting does not wait for a record of handling.
    CommandKind.DRAFT: dict.fromkeys((_S.ACCEPTED, _S.HANDLING, _S.DRAFTED, _S.CONSULTING), _S.DRAFTED),
    CommandKind.CONSULT: dict.fromkeys((_S.DRAFTED, _S.CONSULTING), _S.CONSULTING),
    CommandKind.CONFIRM: {_S.CONSULTING: _S.CONSULTING},
    CommandKind.SUBMIT: dict.fromkeys((_S.DRAFTED, _S.CONSULTING), _S.UNDER_REVIEW),
    CommandKind.APPROVE: {_S.UNDER_REVIEW: _S.APPROVED},
    CommandKind.REJECT: {
        _S.DRAFTED: _S.HANDLING,
        **dict.fromkeys((_S.CONSULTING, _S.UNDER_REVIEW, _S.APPROVED), _S.DRAFTED),
    },
    CommandKind.PUBLISH: dict.fromkeys((_S.APPROVED, _S.PUBLISHED), _S.PUBLISHED),
    CommandKind.CLOSE: dict.fromkeys((*_BEFORE_PUBLISHING, _S.PUBLISHED), _S.CLOSED),
    CommandKind.REOPEN: dict.fromkeys((_S.PUBLISHED, _S.CLOSED), _S.HANDLING),
}
"""State before to state after, by command; what is not listed is illegal. Sources: seed 二（四）受理、转办、反馈,
二（五）沟通确认、谁主管谁发声, 三（一）专人采编、领导审核."""


def apply(
    task: ResponseTask, command: TaskCommand, policy: Policy, now: datetime
) -> tuple[ResponseTask, list[PublicResponse]]:
    """The task after `command`, taken in at `now`, and what was published by it.

    The command counts from `command.at`, when the person acted, but not from before the task was opened nor
    from after `now`. A command id that the task's history knows changes nothing: the same task is returned.
    Raises Rejected: `invalid_command` if the command could not be carried out in any state (a reason is missing,
    a code is not in the policy); `illegal_command` if the task does not allow it as it now is. The reason says
    which states allow it.
    """
    if taken_in(task, command.id):
        return task, []
    problem = content_problem(task, command, policy)
    if problem:
        raise Rejected("invalid_command", problem)
    after = TABLE[command.kind].get(task.state)
    if after is None:
        raise Rejected("illegal_command", _refusal(command.kind, task.state))
    problem = circumstance_problem(task, command, policy)
    if problem:
        raise Rejected("illegal_command", problem)

    at = max(task.opened_at, min(command.at, now))
    responses = [published(task, command, at)] if command.kind is CommandKind.PUBLISH else []
    unpublished = command.kind is CommandKind.CLOSE and task.state is not TaskState.PUBLISHED
    update: dict[str, object] = {
        "version": task.version + 1,
        "state": after,
        "updated_at": now,
        "clocks": settled(task, at, now)
        if unpublished
        else met(task, command.kind, command.publication, at, now, policy),
        "response_ids": (*task.response_ids, *(response.id for response in responses)),
        "history": (
            *task.history,
            TaskEvent(
                at=at,
                action=command.kind.value,
                from_state=task.state,
                to_state=after,
                role=command.role,
                cause=command.id,
                note=note(task, command, policy),
            ),
        ),
    }
    done = task.model_copy(update=update | changes(task, command, policy))
    # A grade that rose while nothing was owed brings its clocks when the matter is taken up again.
    return with_clocks(done, now, policy) if command.kind is CommandKind.REOPEN else done, responses


_ACTIONS = frozenset(kind.value for kind in CommandKind)
"""Opening and raising are caused by escalations; a command id that equals one of theirs is not a repeat."""


def taken_in(task: ResponseTask, command_id: str) -> bool:
    """Whether a command of that id has already changed the task."""
    return any(event.cause == command_id and event.action in _ACTIONS for event in task.history)


def _refusal(kind: CommandKind, state: TaskState) -> str:
    allowed = "、".join(f"「{s.label}」" for s in TaskState if s in TABLE[kind])
    return f"任务现为「{state.label}」，不能{COMMAND_NAMES[kind]}；{COMMAND_NAMES[kind]}只能在以下状态进行：{allowed}"
