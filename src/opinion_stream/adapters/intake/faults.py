"""Faults in words: the validator's findings become a reason and a cure that never quote what the field held."""

from __future__ import annotations

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from opinion_stream.adapters.intake.contract import Fault, MediaIn, MentionIn
from opinion_stream.errors import Rejected

TIME = "implausible_time"
"""The one code that hangs on the clock and not on the form of the item."""
SOURCE_NOT_ALLOWED = Fault(
    field="source",
    code="source_not_allowed",
    reason="本令牌不得以这一来源的名义报送",
    cure="改用令牌所绑定的来源名称，或请管理员为令牌加上这一来源",
)
NOT_JSON = Fault(field="", code="not_json", reason="这一行不是合法的 UTF-8 JSON", cure="每行写一个完整的 JSON 对象")

_ZONED = "写成带时区的 RFC 3339 时间，如 2026-03-02T09:30:00+08:00"
_BY_TYPE = {
    "missing": ("missing_field", "缺少必填字段", "补上这一字段"),
    "string_type": ("wrong_type", "应为文字", "写成 JSON 字符串"),
    "int_type": ("wrong_type", "应为整数", "写成不带引号和小数点的整数"),
    "int_from_float": ("wrong_type", "应为整数", "写成不带引号和小数点的整数"),
    "int_parsing_size": ("wrong_type", "数字过大", "核对数字"),
    "greater_than_equal": ("negative_count", "是负数", "写成不小于 0 的整数；不知道就不写"),
    "less_than_equal": ("implausible_count", "大得不可信", "核对数字；不知道就不写"),
    "empty": ("empty_field", "是空的，或只有空白和看不见的字符", "写上内容"),
    "nul_character": ("nul_character", "含有空字符（U+0000）", "去掉空字符"),
    "bad_time": ("bad_time", "不是能识别的时间", _ZONED),
    "model_type": ("wrong_type", "应为 JSON 对象", "写成花括号里的字段"),
    "string_unicode": ("bad_encoding", "含有不成对的代理字符", "改正编码，用 UTF-8 发送"),
}
_NAMES = frozenset(
    (*MentionIn.model_fields, *(f"media.{name}" for name in MediaIn.model_fields)),
)


def faults_of(error: ValidationError) -> list[Fault]:
    """Each field that is wrong, once, in the order of the contract.

    Where a field may have several types, the fault within the type that was given says more than that it is not of
    the others.
    """
    found: dict[str, Fault] = {}
    for detail in error.errors(include_input=False, include_url=False):
        field = _path(detail)
        fault = _fault(field, detail)
        if field not in found or found[field].code == "wrong_type":
            found[field] = fault
    return list(found.values())


def limit(field: str, code: str, reason: str, cure: str) -> Fault:
    """A fault of the policy's limits."""
    return Fault(field=field, code=code, reason=reason, cure=cure)


def rejected(rejection: Rejected) -> Fault:
    """What the collection stage would reject, said at the door."""
    field = next((name for name in ("published_at", "text", "title") if f"（{name}）" in rejection.reason), "")
    cure = _ZONED if field == "published_at" else "按原因改正后重新报送"
    return Fault(field=field, code=rejection.kind, reason=rejection.reason, cure=cure)


def _fault(field: str, detail: ErrorDetails) -> Fault:
    kind = detail["type"]
    if kind in ("string_too_long", "too_long"):
        code, reason, cure = "field_too_long", f"过长，上限为 {detail['ctx']['max_length']} 个字符", "缩短"
    else:
        code, reason, cure = _BY_TYPE.get(kind, ("wrong_type", "类型不对", "按接口文档改正"))
    return Fault(field=field, code=code, reason=reason, cure=cure)


def _path(detail: ErrorDetails) -> str:
    """The field, as in `media.name`; parts that are branches of a union are left out."""
    parts = [str(part) for part in detail["loc"]]
    while parts and ".".join(parts) not in _NAMES:
        parts.pop()
    return ".".join(parts)
