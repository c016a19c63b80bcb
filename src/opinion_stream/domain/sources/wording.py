"""Why a source is said to stand as it does: Chinese sentences with the figures, for duty staff."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from opinion_stream.domain.sources.health import Diagnosis, Quiet
from opinion_stream.models.source import SourceState
from opinion_stream.policy.source_health import HealthRules

_KINDS = {
    "timeout": "对方没有在时限内答复",
    "connection": "连不上对方网站",
    "robots": "对方 robots.txt 不允许读取，或者读不到 robots.txt",
    "redirects": "对方网址跳转异常",
    "too_large": "内容过大",
    "too_complex": "页面过于复杂",
    "bad_feed": "订阅源不完整或者不是订阅源",
    "bad_selector": "选择器写错",
    "no_text": "文章页没有正文",
    "not_html": "不是网页",
    "locked": "另一个进程正在读取这个来源",
    "cursor": "读取进度文件损坏",
    "broker": "消息系统不可用，与来源无关",
    "state": "状态目录写不进去，与来源无关",
    "fault": "连接器内部出错",
    "http_429": "对方限制访问频率（429）",
    "http_401": "对方要求登录或者口令失效（401）",
    "http_403": "对方拒绝访问（403）",
    "http_404": "网址已不存在（404）",
    "http_410": "网址已不存在（410）",
}


def kind_in_words(kind: str | None) -> str:
    """An error's slug in words; slugs that are not known stay as they are."""
    if kind is None:
        return "原因不明"
    if kind in _KINDS:
        return _KINDS[kind]
    if re.fullmatch(r"http_5\d\d", kind):
        return f"对方服务器出错（{kind[5:]}）"
    return f"对方答复 {kind[5:]}" if re.fullmatch(r"http_\d{3}", kind) else kind


def reason_of(diagnosis: Diagnosis, rules: HealthRules, zone: ZoneInfo, now: datetime, every_minutes: float) -> str:
    """Why the source stands so, in one sentence; then what was missed and caught up within the window."""
    figures = diagnosis.figures
    parts = [_main(diagnosis, rules, zone, now, every_minutes)]
    if diagnosis.state is not SourceState.OFF and figures.missed:
        open_one = bool(figures.outages) and figures.outages[-1].until is None
        told = f"近{_number(rules.window_hours)}小时漏读{figures.missed}次"
        closed = sum(outage.until is not None for outage in figures.outages)
        if closed:
            told += f"，{'其间' if open_one else ''}恢复后补回{figures.caught_up}条"
        parts.append(told)
    return "；".join(parts)


def _main(diagnosis: Diagnosis, rules: HealthRules, zone: ZoneInfo, now: datetime, every_minutes: float) -> str:
    figures = diagnosis.figures
    match diagnosis.rule:
        case "enabled":
            return "没有启用，不读取"
        case "never_polled":
            return "还没有成功读取过"
        case "failing_polls":
            return (
                f"连续{figures.failures_in_a_row}次读取失败：{kind_in_words(figures.error_kind)}；"
                f"{_last_success(diagnosis, zone)}"
            )
        case "error_rate":
            rate = figures.error_rate or 0
            return (
                f"近{_number(rules.window_hours)}小时读取{figures.polls}次，失败{figures.failed}次（{rate:.0%}）；"
                f"{_last_success(diagnosis, zone)}"
            )
        case "late_polls":
            cause = f"，最近一次失败：{kind_in_words(figures.error_kind)}" if figures.error_kind else ""
            since = figures.last_success_at
            passed = f"已有{lasting(now - since)}没有成功读取" if since else "一直没有成功读取"
            return f"每{lasting(timedelta(minutes=every_minutes))}应读一次，{passed}{cause}"
        case "late_hours":
            latest = figures.latest_published_at
            newest = f"，最新一条发布于{local(latest, zone)}" if latest else ""
            return f"新取到的内容都已发布{_number(rules.late_hours)}小时以上{newest}"
        case "forgotten":
            return "长期没有新内容，以往的规律已无从比较"
        case _:
            pass
    if figures.quiet is None:
        return "读取正常；规律还在学习，暂不判断是否静默"
    quiet = _quiet(figures.quiet, figures.last_new_at is None, zone)
    return f"打得开，但{quiet}" if diagnosis.state is SourceState.SILENT else f"读取正常；{quiet}"


def _quiet(quiet: Quiet, never: bool, zone: ZoneInfo) -> str:
    by = "来源设定" if quiet.by_rhythm == 0 else "以往各时段的规律" if quiet.by_rhythm == 1 else "以往规律和来源设定"
    since = f"从{local(quiet.since, zone)}{'开始读取' if never else ''}起"
    return f"{since}{lasting(quiet.lasting)}没有新内容，按{by}最迟应在{local(quiet.until, zone)}有"


def _last_success(diagnosis: Diagnosis, zone: ZoneInfo) -> str:
    at = diagnosis.figures.last_success_at
    return f"最近一次成功是{local(at, zone)}" if at else "没有成功过"


def local(at: datetime, zone: ZoneInfo) -> str:
    """A time as duty staff write it."""
    return f"{at.astimezone(zone):%m月%d日%H:%M}"


def lasting(length: timedelta) -> str:
    """A length of time in the two largest units that matter: 3天4小时, 2小时10分, 5分, 30秒."""
    seconds = max(0, int(length.total_seconds()))
    days, rest = divmod(seconds, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, seconds = divmod(rest, 60)
    if days:
        return f"{days}天{hours}小时" if hours else f"{days}天"
    if hours:
        return f"{hours}小时{minutes}分" if minutes else f"{hours}小时"
    return f"{minutes}分" if minutes else f"{seconds}秒"


def _number(value: float) -> str:
    return f"{value:g}"
