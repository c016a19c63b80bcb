"""The closed list of reason codes of dead letters, with their Chinese names: metrics and filters use no other."""

from __future__ import annotations

CODES: dict[str, str] = {
    # the bytes
    "too_large": "记录过大",
    "empty_record": "空记录",
    "bad_encoding": "编码不对",
    "not_json": "不是 JSON",
    "control_character": "未转义的控制字符",
    "lone_surrogate": "不成对的代理字符",
    "too_deep": "嵌套过深",
    "not_an_object": "不是对象",
    # the fields of a raw mention
    "unmapped": "不合映射",
    "missing_field": "缺少字段",
    "empty_field": "字段为空",
    "field_too_long": "字段过长",
    "wrong_type": "类型不对",
    "bad_time": "时间格式不对",
    "negative_count": "负数",
    "implausible_count": "数字不可信",
    "implausible_time": "时间不可信",
    "nul_character": "空字符",
    # its text
    "empty_text": "正文为空",
    "text_too_long": "正文过长",
    "title_too_long": "标题过长",
    "html_too_complex": "HTML 过于复杂",
    # records of the later stages
    "invalid_mention": "提及无效",
    "invalid_assessedmention": "研判结果无效",
    "invalid_incident": "事件无效",
    "invalid_incidentcommand": "事件操作无效",
    "invalid_escalation": "报送无效",
    "invalid_receipt": "回执无效",
    "invalid_publicresponse": "公开回应无效",
    "invalid_taskcommand": "任务操作无效",
    "invalid_taskoutcome": "办结情况无效",
    "invalid_clocktick": "时钟记录无效",
    "invalid_command": "操作内容不对",
    "invalid_referral": "交办件不对",
    "illegal_command": "操作现在不允许",
    "illegal_receipt": "回执现在不允许",
    "unknown_incident": "没有这一事件",
    "unknown_escalation": "没有这一报送",
    "unknown_task": "没有这一任务",
    "wrong_key": "记录的键不对",
    # ours
    "internal_error": "内部错误",
}
OTHER = "other"


def code_of(kind: str) -> str:
    """The code that metrics count a dead letter's `kind` under: itself if it is on the list, else `other`."""
    return kind if kind in CODES else OTHER
