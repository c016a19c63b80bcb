"""Says in Chinese what a run brought, and writes the same as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable

from opinion_stream.domain.summary import Summary
from opinion_stream.models.base import Grade
from opinion_stream.models.incident import Incident
from opinion_stream.models.task import ClockState, TaskState

SHOWN_PER_GRADE = {Grade.I: 99, Grade.II: 99, Grade.III: 8, Grade.IV: 4}
_ESCALATION = {
    "issued": "待签收",
    "acknowledged": "已签收",
    "instructed": "有批示",
    "returned": "退回",
    "lapsed": "逾期未签收（已转下一责任人）",
}


def as_json(summary: Summary, seconds: float, not_done: Iterable[str] = ()) -> str:
    """The figures as one JSON object; `seconds` from the cold start to the summary."""
    data = {
        "mentions_in": summary.mentions_in,
        "duplicates": summary.duplicates,
        "set_aside": summary.set_aside,
        "set_aside_rules": summary.set_aside_rules,
        "assessed": summary.assessed,
        "dead_letters": summary.dead_letters,
        "dead_letter_reasons": summary.dead_letter_reasons,
        "records_in": summary.records_in,
        "resubmitted": summary.resubmitted,
        "lost": list(summary.lost),
        "refused": summary.refused,
        "incidents": len(summary.incidents),
        "incidents_by_grade": summary.incidents_by_grade,
        "escalations": summary.escalations,
        "escalations_by_status": summary.escalations_by_status,
        "receipts": summary.receipts,
        "tasks": len(summary.tasks),
        "tasks_by_state": summary.tasks_by_state,
        "deadlines": summary.deadlines,
        "responses": len(summary.responses),
        "notices": len(summary.notices),
        "briefs": len(summary.briefs),
        "warnings": len(summary.warnings),
        "effects": len(summary.effects),
        "actions_not_done": list(not_done),
        "seconds": round(seconds, 1),
    }
    return json.dumps(data, ensure_ascii=False, indent=2)


def as_text(summary: Summary, seconds: float, not_done: Iterable[str] = ()) -> str:
    """The summary for a person; rich markup is escaped by the caller's console settings."""
    lines = [
        "━━━━━━━━ 运行小结 ━━━━━━━━",
        f"一、收集  进入 {summary.mentions_in} 条提及 = 研判 {summary.assessed} + 重复 {summary.duplicates}"
        f" + 另列 {summary.set_aside} + 死信 {summary.dead_letters}"
        + ("" if not summary.lost else f"；缺失 {len(summary.lost)} 条！"),
        f"    （收到记录 {summary.records_in} 条，其中同一编号重复投递 {summary.resubmitted} 条，只计一次）",
    ]
    lines += [f"    死信：{reason} × {count}" for reason, count in summary.dead_letter_reasons.items()]
    titles = {incident.id: incident.title for incident in summary.incidents}
    grades = "，".join(f"{Grade(g).label} {n} 件" for g, n in summary.incidents_by_grade.items())
    lines.append(f"二、研判  舆情事件 {len(summary.incidents)} 件：{grades}")
    for grade in Grade:
        lines += _incidents(summary, grade)
    lines += [
        f"    研判专报（{brief.status.label}）{brief.grade.label}《{titles.get(brief.incident_id, brief.incident_id)}》"
        for brief in summary.briefs
    ]
    lines += [f"    预警 {warning.opened_at:%m-%d %H:%M} {warning.reason}" for warning in summary.warnings]
    statuses = "，".join(f"{_ESCALATION[s]} {n}" for s, n in summary.escalations_by_status.items())
    lines.append(f"三、报送  报送 {summary.escalations} 件，收到签收批示 {summary.receipts} 件；{statuses or '无'}")
    states = "，".join(f"{TaskState(s).label} {n}" for s, n in summary.tasks_by_state.items())
    lines.append(f"四、回应  任务 {len(summary.tasks)} 件：{states or '无'}；公开回应 {len(summary.responses)} 条")
    lines += [
        f"    {response.published_at:%m-%d %H:%M} {response.unit.name}（{response.publication}）《{response.title}》"
        for response in summary.responses
    ]
    lines += [
        f"    效果：《{titles.get(effect.incident_id, effect.incident_id)}》{effect.text}"
        for effect in summary.effects
        if effect.enough
    ]
    met, missed = summary.deadlines["met"], summary.deadlines["missed"]
    lines.append(f"五、时限  按时 {met} 项，超时 {missed} 项，计时中 {summary.deadlines['running']} 项")
    lines += [
        f"    超时：{task.unit.name}《{task.title}》{clock.name}，应于 {clock.due_at:%m-%d %H:%M} 前完成"
        for task in summary.tasks
        for clock in task.clocks
        if clock.state is ClockState.MISSED
    ]
    lines.append(f"    发出提醒与督办 {len(summary.notices)} 件")
    lines += [f"    退回的操作：{reason} × {count}" for reason, count in summary.refused.items()]
    lines += [f"    未能执行的脚本动作：{text}" for text in not_done]
    lines.append(f"用时 {seconds:.1f} 秒")
    return "\n".join(lines)


def _incidents(summary: Summary, grade: Grade) -> list[str]:
    found = sorted(
        (i for i in summary.incidents if i.grade is grade), key=lambda i: (-i.score, -i.counts.mentions, i.id)
    )
    lines = [line for incident in found[: SHOWN_PER_GRADE[grade]] for line in _incident(incident)]
    if len(found) > SHOWN_PER_GRADE[grade]:
        lines.append(f"    {grade.label} 另有 {len(found) - SHOWN_PER_GRADE[grade]} 件")
    return lines


def _incident(incident: Incident) -> list[str]:
    head = (
        f"    {incident.grade.label}《{incident.title}》{incident.region.name} · 主办 {incident.unit.name}"
        f" · 提及 {incident.counts.mentions}，声音 {incident.counts.voices}，{incident.trend.direction.label}"
    )
    return [head, *(f"        - {reason.text}" for reason in incident.reasons[:5])]
