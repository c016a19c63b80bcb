"""The sentences of an early warning, as the duty staff read them."""

from __future__ import annotations

from opinion_stream.models.base import Grade
from opinion_stream.models.incident import Expected, Trend


def burst_reason(region: str, category: str, hours: float, observed: int, usual: Expected) -> str:
    """西峰区“城乡建设”近6小时41条，平常同时段约3.2条（0—7），约为平常的13倍."""
    times = f"，约为平常的{observed / usual.value:.0f}倍" if usual.value >= 0.5 else ""
    return f"{region}“{category}”近{hours:g}小时{observed}条，平常同时段{_usual(usual)}{times}"


def burst_over(region: str, category: str, hours: float, observed: int, usual: Expected) -> str:
    """Why a burst is closed."""
    return f"{region}“{category}”近{hours:g}小时{observed}条，已回到平常水平（{_usual(usual)}），预警关闭"


def growth_reason(title: str, trend: Trend, grade: Grade) -> str:
    """“柳树镇停水”近6小时12条，前6小时3条，约3小时翻一番；预计24小时内新增58条（20—110），目前为Ⅳ级."""
    hours = f"{trend.window_hours:g}小时"
    doubling = "" if trend.doubling_hours is None else f"，约{trend.doubling_hours:g}小时翻一番"
    coming = trend.expected_24h
    expected = "" if coming is None else f"；预计24小时内新增约{coming.value:.0f}条（{coming.low}—{coming.high}）"
    return f"“{title}”近{hours}{trend.recent}条，前{hours}{trend.before}条{doubling}{expected}，目前为{grade.label}"


def growth_quiet(title: str, hours: float) -> str:
    """Why the warning of an incident that fell silent is closed."""
    return f"“{title}”已有{hours:g}小时没有新的提及，预警关闭"


def growth_graded(title: str, grade: Grade) -> str:
    """Why the warning of an incident that is now graded high is closed."""
    return f"“{title}”已定为{grade.label}，按等级报送，预警关闭"


def _usual(usual: Expected) -> str:
    about = f"约{usual.value:g}条" if usual.value >= 0.1 else "几乎没有"
    return f"{about}（{usual.low}—{usual.high}）"
