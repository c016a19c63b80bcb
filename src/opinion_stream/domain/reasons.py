"""Why each result of the assessment is what it is: the rule's id, a sentence with the figures, the words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

from opinion_stream.domain.incidents.copies import CopyOf
from opinion_stream.domain.incidents.intake import Standing
from opinion_stream.models.assessment import Assessment, CategoryResult, ResponseValue
from opinion_stream.models.base import Reason
from opinion_stream.models.mention import Mention
from opinion_stream.policy.loader import Policy

_BY = {"lexicon": "按词表判为", "model": "按训练的模型判为", "both": "词表与训练的模型一致，判为"}
_GONE = "这条规则已不在现行规则中"


class Why(TypedDict):
    """One reason, ready for JSON. `rule` is an id of the policy, or names the step that decided."""

    rule: str
    text: str
    evidence: list[str]


def reasons_of(mention: Mention, assessment: Assessment, incident: Standing, policy: Policy) -> dict[str, list[Why]]:
    """The reasons of every result, by its name in the output of `assess`; at least one for each.

    `incident` is the incident as it stands after this mention.
    """
    return {
        "category": [_category(assessment.category, policy)],
        "region": [_of(assessment.region_reason)],
        "unit": [_unit(assessment)],
        "nature": [_of(assessment.nature_reason)],
        "sensitivity": _sensitivity(assessment),
        "response_value": [_response_value(assessment.response_value, policy)],
        "priority_rule": [_priority(assessment, policy)],
        "duplicate_of": [_repeat(mention, policy, incident.copy)],
        "incident": [_incident(mention, assessment, incident)],
        "grade": [_of(reason) for reason in incident.reasons],
        "watch": watch_reasons(mention, policy),
    }


def watch_reasons(mention: Mention, policy: Policy) -> list[Why]:
    """What the watch rules said of a mention when it was collected; `policy` lends the words to rules it still has."""
    if mention.set_aside is not None:
        reason = next((r.reason for r in policy.watch.exclusions if r.name == mention.set_aside), _GONE)
        text = f"按排除规则“{mention.set_aside}”另列，不立事：{reason}（规则版本 {mention.watch_version}）"
        return [_why(f"watch.exclusion.{mention.set_aside}", text)]
    if not mention.watch:
        return [_why("watch.none", "没有命中关注词规则")]
    known = {rule.name: rule.reason for rule in policy.watch.priority}
    return [
        _why(f"watch.{name}", f"命中关注词规则“{name}”：{known.get(name, _GONE)}（规则版本 {mention.watch_version}）")
        for name in mention.watch
    ]


def _why(rule: str, text: str, evidence: Iterable[str] = ()) -> Why:
    return {"rule": rule, "text": text, "evidence": list(evidence)}


def _of(reason: Reason) -> Why:
    return _why(reason.rule, reason.text, reason.evidence)


def _category(category: CategoryResult, policy: Policy) -> Why:
    words = f"，依据词语“{'、'.join(category.evidence)}”" if category.evidence else ""
    if category.source != "unsure":
        path = "/".join(name for name in (category.level1, category.level2, category.level3) if name is not None)
        text = f"{_BY.get(category.source, '判为')}“{path}”，置信度{category.confidence:g}{words}"
        return _why(f"category.{category.source}", text, category.evidence)
    if category.guess is None:
        text = "没有发现任何类别的词语，不能确定类别，转人工判定（置信度0）"
    elif category.threshold is not None and category.confidence < category.threshold:
        text = (
            f"最接近“{category.guess}”，置信度{category.confidence:g}低于{category.threshold:g}，"
            f"不以猜测代替结论，转人工判定{words}"
        )
    else:
        text = f"词表倾向的类别不在模型所学之内，词表自身也没有把握，转人工判定（模型猜“{category.guess}”{words}）"
    return _why("category.unsure", text, category.evidence)


def _unit(assessment: Assessment) -> Why:
    reason = assessment.unit_reason
    co_units = "、".join(unit.name for unit in assessment.co_units)
    text = f"{reason.text}；牵头{assessment.unit.name}，协办{co_units or '无'}"
    return _why(reason.rule, text, reason.evidence)


def _sensitivity(assessment: Assessment) -> list[Why]:
    reasons = assessment.sensitivity_reasons
    if not reasons:
        return [_why("sensitivity.none", "没有命中任何敏感规则，敏感度0分")]
    total = _why("sensitivity.total", f"命中{len(reasons)}条敏感规则，合计{assessment.sensitivity:g}分（100分封顶）")
    return [*map(_of, reasons), total]


def _response_value(value: ResponseValue, policy: Policy) -> Why:
    if value.rule.startswith("nature."):
        return _why(value.rule, value.text)
    least = policy.priority.required_from
    verdict = f"达到{least:g}分，需要回应" if value.required else f"未达到{least:g}分"
    return _why(value.rule, f"{value.text}；回应价值{value.score:g}分，{verdict}", value.evidence)


def _priority(assessment: Assessment, policy: Policy) -> Why:
    if assessment.priority_rule is None:
        return _why("priority.none", f"{len(policy.priority.rules)}条重点回应情形均未命中")
    return _why(assessment.priority_rule, assessment.response_value.text, assessment.response_value.evidence)


def _repeat(mention: Mention, policy: Policy, copy: CopyOf | None) -> Why:
    if mention.duplicate_of is None and copy is not None:
        return _why("repeat.near", f"{copy.text}，计入传播，不另立事项", (copy.original,))
    if mention.duplicate_of is None:
        return _why("repeat.none", f"最近{policy.collection.repeat_window_days:g}天内没有与之重复的提及")
    text = f"与提及{mention.duplicate_of}逐字相同（只比文字、数字，不比标点和空格），计入传播，不另立事项"
    return _why("repeat.exact", text, (mention.duplicate_of,))


def _incident(mention: Mention, assessment: Assessment, incident: Standing) -> Why:
    if incident.mentions == 1:
        return _why("incident.opened", incident.joined, [keyword.word for keyword in assessment.keywords])
    original = mention.duplicate_of or (incident.copy.original if incident.copy is not None else None)
    if original is not None:
        again = "，已关闭的事件重新打开" if incident.reopened else ""
        return _why("incident.repeat", f"随所重复的提及并入{again}，现有{incident.mentions}条提及", (original,))
    known = set(incident.keywords)
    words = [keyword.word for keyword in assessment.keywords if keyword.word in known]
    return _why("incident.similar", f"{incident.joined}，现有{incident.mentions}条提及", words)
