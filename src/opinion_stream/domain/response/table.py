"""The transition table of a response task: which action is legal in which state, its guards, its effect, its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from opinion_stream.domain.response import effects, guards
from opinion_stream.domain.response.effects import Effect
from opinion_stream.domain.response.guards import Guard, text_needed
from opinion_stream.models.task import CommandKind, TaskState

_S = TaskState
_K = CommandKind
_DRAFTING = (_S.DRAFTED, _S.CONSULTING, _S.UNDER_REVIEW, _S.APPROVED)
_OPEN = (_S.PENDING, _S.ACCEPTED, _S.HANDLING, *_DRAFTING)


@dataclass(frozen=True)
class Row:
    """One action. `moves`: state before to state after; in a state it does not list the action is illegal.

    All `guards` must hold. `source` is the rule the action carries out.
    """

    moves: Mapping[TaskState, TaskState]
    guards: tuple[Guard, ...]
    effect: Effect
    source: str


def _stay(*states: TaskState) -> dict[TaskState, TaskState]:
    return {state: state for state in states}


_HANDLE = "工作制度 二（四）网上问题、网下解决；受理、转办、反馈"
_VOICE = "工作制度 二（五）谁主管谁发声；涉及其他行政机关的沟通确认"
_REVIEW = "工作制度 三（一）专人采编、领导审核把关"
_OPENNESS = "工作制度 一（一）公开为原则，不公开为例外；《政府信息公开条例》第十四至十六条"
_SUPERVISE = "工作制度 三（三）督查指导；deadlines.yaml 各时限的依据"

ROWS: dict[CommandKind, Row] = {
    _K.ACCEPT: Row({_S.PENDING: _S.ACCEPTED}, (guards.LEAD,), effects.NOTHING, _HANDLE),
    # Work on the spot is recorded at any time before the task is closed, by the co-handling units too.
    _K.RECORD: Row(
        {_S.ACCEPTED: _S.HANDLING, **_stay(_S.HANDLING, _S.PAUSED, *_DRAFTING, _S.PUBLISHED)},
        (text_needed("办理记录"), guards.WORKS_ON_IT),
        effects.NOTHING,
        _HANDLE,
    ),
    _K.TRANSFER: Row(
        dict.fromkeys((_S.PENDING, _S.ACCEPTED, _S.HANDLING), _S.PENDING),
        (text_needed("转办理由"), guards.TO_UNIT, guards.LEAD_OR_OFFICE, guards.HOPS),
        effects.TRANSFER,
        _HANDLE,
    ),
    _K.RETURN: Row(
        dict.fromkeys((_S.PENDING, _S.ACCEPTED, _S.HANDLING), _S.PENDING),
        (text_needed("退回理由"), guards.LEAD, guards.RETURNABLE),
        effects.RETURN,
        _HANDLE,
    ),
    # An enquiry may be answered from the desk, so drafting does not wait for a record of handling.
    _K.DRAFT: Row(
        dict.fromkeys((_S.ACCEPTED, _S.HANDLING, _S.DRAFTED, _S.CONSULTING), _S.DRAFTED),
        (text_needed("回应文稿"), guards.LEAD),
        effects.DRAFT,
        _REVIEW,
    ),
    _K.CONSULT: Row(
        dict.fromkeys((_S.DRAFTED, _S.CONSULTING), _S.CONSULTING),
        (guards.CONSULT_UNITS, guards.LEAD, guards.OTHERS),
        effects.CONSULT,
        _VOICE,
    ),
    _K.CONFIRM: Row(_stay(_S.CONSULTING), (guards.ASKED,), effects.CONFIRM, _VOICE),
    _K.SUBMIT: Row(
        dict.fromkeys((_S.DRAFTED, _S.CONSULTING), _S.UNDER_REVIEW),
        (guards.LEAD, guards.CONFIRMED),
        effects.NOTHING,
        _REVIEW,
    ),
    _K.APPROVE: Row({_S.UNDER_REVIEW: _S.APPROVED}, (guards.LEAD_OR_OFFICE, guards.REVIEWER), effects.NOTHING, _REVIEW),
    _K.REJECT: Row(
        {
            _S.DRAFTED: _S.HANDLING,
            **dict.fromkeys((_S.CONSULTING, _S.UNDER_REVIEW, _S.APPROVED), _S.DRAFTED),
        },
        (text_needed("退回理由"), guards.LEAD_OR_OFFICE),
        effects.REJECT,
        _REVIEW,
    ),
    _K.PUBLISH: Row(
        dict.fromkeys((_S.APPROVED, _S.PUBLISHED), _S.PUBLISHED),
        (guards.PUBLICATION, guards.LEAD),
        effects.PUBLISH,
        _VOICE,
    ),
    _K.CLOSE: Row(
        dict.fromkeys((*_OPEN, _S.PAUSED, _S.PUBLISHED), _S.CLOSED),
        (guards.LEGAL_GROUND, guards.LEAD_OR_OFFICE, guards.PUBLISHED_OR_LAWFUL),
        effects.CLOSE,
        _OPENNESS,
    ),
    _K.REOPEN: Row(
        dict.fromkeys((_S.PUBLISHED, _S.CLOSED), _S.HANDLING),
        (text_needed("重新办理的理由"), guards.REOPEN_GROUND, guards.LEAD_OR_OFFICE),
        effects.REOPEN,
        "工作制度 一（四）双向互动；二（四）反馈",
    ),
    _K.EXTEND: Row(
        _stay(*_OPEN),
        (text_needed("延期理由"), guards.LEAD_OR_OFFICE, guards.APPROVED, guards.EXTENDABLE),
        effects.EXTEND,
        _SUPERVISE,
    ),
    _K.PAUSE: Row(
        {_S.HANDLING: _S.PAUSED},
        (text_needed("暂停理由"), guards.PAUSE_GROUND, guards.LEAD_OR_OFFICE, guards.APPROVED, guards.PAUSABLE),
        effects.PAUSE,
        _SUPERVISE,
    ),
    _K.RESUME: Row({_S.PAUSED: _S.HANDLING}, (guards.LEAD_OR_OFFICE,), effects.RESUME, _SUPERVISE),
    _K.REGRADE: Row(
        _stay(*_OPEN, _S.PUBLISHED),
        (text_needed("降低等级的理由"), guards.TO_GRADE, guards.OFFICE, guards.APPROVED, guards.LOWER),
        effects.REGRADE,
        "工作制度 二（二）分析研判；一（二）分级负责",
    ),
    _K.ARCHIVE: Row(
        {_S.CLOSED: _S.ARCHIVED},
        (guards.LEAD_OR_OFFICE, guards.NOTHING_OWED),
        effects.ARCHIVE,
        "工作制度 三（一）政务舆情信息管理制度",
    ),
}
"""One row per action; there is an action for each kind of command."""

TABLE: dict[CommandKind, Mapping[TaskState, TaskState]] = {kind: row.moves for kind, row in ROWS.items()}
"""State before to state after, by command; what is not listed is illegal."""


def allowed_in(state: TaskState) -> list[CommandKind]:
    """The actions that the table lists for a state, in its order; guards may still refuse them."""
    return [kind for kind in ROWS if state in TABLE[kind]]


def as_markdown() -> str:
    """The table for the documents: one line per action, then what each state allows."""
    lines = ["| 操作 | 命令 | 原状态 → 新状态 | 条件（全部满足） | 结果 | 依据 |", "|---|---|---|---|---|---|"]
    for kind, row in ROWS.items():
        moves = "；".join(f"{'、'.join(befores)} → {after}" for after, befores in _by_target(row).items())
        conditions = "；".join(guard.says for guard in row.guards)
        lines.append(
            f"| {kind.label} | `{kind.value}` | {moves} | {conditions} | {row.effect.says or '—'} | {row.source} |"
        )
    lines += ["", "| 状态 | 代码 | 可以进行的操作 |", "|---|---|---|"]
    for state in TaskState:
        actions = "、".join(kind.label for kind in allowed_in(state)) or "—"
        lines.append(f"| {state.label} | `{state.value}` | {actions} |")
    return "\n".join(lines) + "\n"


def _by_target(row: Row) -> dict[str, list[str]]:
    """State after (or 不变) to the states before, by label, in the order of the states."""
    found: dict[str, list[str]] = {}
    for state in TaskState:
        if state in row.moves:
            after = row.moves[state]
            found.setdefault("不变" if after is state else after.label, []).append(state.label)
    return found
