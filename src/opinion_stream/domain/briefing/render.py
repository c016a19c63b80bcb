"""A brief as Markdown, in the order in which a leader reads it (工作制度 二（二）: 性质、走势、风险、处置意见)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from opinion_stream.models.base import Reason
from opinion_stream.models.brief import Brief, BriefMeasure, BriefStatus, Named

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~])")
PRACTICE = "工作惯例"
"""Said where a measure has no document behind it."""


def markdown(brief: Brief, zone: ZoneInfo) -> str:
    """The brief as one Markdown document, times in `zone`. Equal briefs give equal documents."""
    sections = (
        ("一、定性", _nature(brief)),
        ("二、基本情况（提及原文摘录，已脱敏，未经核实）", _happened(brief, zone)),
        ("三、依据", _evidence(brief)),
        ("四、走势", [brief.trend.text]),
        ("五、涉及面", _concerned(brief)),
        ("六、可能出现的风险", _risks(brief)),
        (f"七、处置建议（{brief.status.label}）", _measures(brief)),
        (f"八、回应口径建议（{brief.status.label}）", _answer(brief)),
    )
    lines = [
        f"# 研判专报：{_safe(brief.title)}",
        "",
        f"- 状态：**{brief.status.label}**{_decision(brief, zone)}",
        f"- 等级：{brief.grade.label}",
        f"- 编号：{brief.id}（第{brief.version}版，事件{brief.incident_id}第{brief.incident_version}版）",
        f"- 属地：{brief.region.name}",
        f"- 牵头单位：{brief.unit.name}；协办单位：{_names(unit.name for unit in brief.co_units)}",
        f"- 首次提及：{_time(brief.first_at, zone)}；最近提及：{_time(brief.last_at, zone)}",
    ]
    for title, body in sections:
        lines += ["", f"## {title}", "", *body]
    return "\n".join(lines) + "\n"


def _decision(brief: Brief, zone: ZoneInfo) -> str:
    if brief.status is BriefStatus.FOR_APPROVAL or not brief.decisions:
        return ""
    last = brief.decisions[-1]
    return f"（{_safe(last.by_role)}，{_time(last.at, zone)}：{_safe(last.reason)}）"


def _nature(brief: Brief) -> list[str]:
    nature = brief.nature
    lines = [nature.text]
    if nature.priority is not None:
        lines += ["", f"- 规则 {nature.priority.rule}：{nature.priority.text}（依据：{nature.priority.source}）"]
    return lines


def _happened(brief: Brief, zone: ZoneInfo) -> list[str]:
    if not brief.happened:
        return ["没有可摘录的陈述，请调阅事件的原文。"]
    return [
        f"{number}. “{_safe(each.text)}”（{_time(each.at, zone)}，提及 {_safe(each.mention_id)}）"
        for number, each in enumerate(brief.happened, 1)
    ]


def _evidence(brief: Brief) -> list[str]:
    evidence = brief.evidence
    lines = ["| 指标 | 数值 | 出处 |", "|---|---:|---|"]
    lines += [f"| {figure.label} | {figure.value} | {figure.source} |" for figure in evidence.figures]
    factors = evidence.factors
    lines += [
        "",
        f"- 内容 {factors.content.score:g} 分、公众反应 {factors.reaction.score:g} 分、"
        f"媒体介入 {factors.media.score:g} 分（均为0—100分）",
    ]
    return lines + [f"- {_reason(reason)}" for reason in evidence.reasons]


def _reason(reason: Reason) -> str:
    words = f"；词语：{_safe('、'.join(reason.evidence))}" if reason.evidence else ""
    return f"{_safe(reason.text)}（规则 {reason.rule}{words}）"


def _concerned(brief: Brief) -> list[str]:
    concerned = brief.concerned
    lines = [f"- 人群：{_named(group)}" for group in concerned.groups]
    lines += [f"- 地方：{_named(place)}" for place in concerned.places]
    return lines or ["摘录中没有提到特定人群和地方。"]


def _named(named: Named) -> str:
    words = "、".join(named.words)
    said = f"（“{words}”）" if words != named.name else ""
    return f"{named.name}{said}，见提及 {_safe('、'.join(named.mention_ids))}"


def _risks(brief: Brief) -> list[str]:
    lines = [
        f"{number}. {risk.text}（规则 {risk.rule}；适用理由：{_safe(risk.why)}；依据：{risk.source or PRACTICE}）"
        for number, risk in enumerate(brief.risks, 1)
    ]
    return lines or ["预案要点中没有适用的风险提示，请会商研判。"]


def _measures(brief: Brief) -> list[str]:
    lines = [f"{number}. {_measure(measure)}" for number, measure in enumerate(brief.measures, 1)]
    if brief.publications:
        lines += ["", f"建议发布方式：{_names(publication.name for publication in brief.publications)}。"]
    return lines or ["预案要点中没有适用的措施，请会商研判。"]


def _measure(measure: BriefMeasure) -> str:
    within = f"定级后{measure.within_hours:g}小时内" if measure.within_hours is not None else "及时"
    units = _names(unit.name for unit in measure.units)
    return f"{measure.text}（{units}，{within}；规则 {measure.rule}；依据：{measure.source or PRACTICE}）"


def _answer(brief: Brief) -> list[str]:
    lines = [f"- 答复应当：{brief.answer.must}"] if brief.answer.must else []
    lines += [f"- {line.text}（依据：{line.source or PRACTICE}）" for line in brief.answer.lines]
    return lines or ["没有针对这一性质的口径建议。"]


def _names(names: Iterable[str]) -> str:
    return "、".join(names) or "无"


def _time(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def _safe(text: str) -> str:
    """What the public wrote, with the signs of Markdown escaped, so that it cannot pose as ours."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))
