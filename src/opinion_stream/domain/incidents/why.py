"""Why a mention is in its incident, in a sentence for the duty staff."""

from __future__ import annotations

from opinion_stream.domain.incidents.nearest import Match

WORDS = 4
"""Common words told."""


def why_joined(match: Match, threshold: float) -> str:
    """For a mention that joined the incident of `match`; `threshold` as in `Grouping.similarity`."""
    return _fits("与事件", match, threshold)


def why_reopened(match: Match | None, threshold: float) -> str:
    """For a mention that reopened a closed incident; `match` is None where it repeats one of its mentions."""
    if match is None:
        return "与已关闭事件中的提及内容相同，该事件重新打开"
    return f"{_fits('与已关闭事件', match, threshold)}，该事件重新打开"


def why_opened(match: Match | None, threshold: float) -> str:
    """For a mention that opened an incident of its own; `match` is what came nearest."""
    if match is None:
        return "未结事件中没有相近的，另立新事件"
    return f"与最相近的未结事件吻合度{match.score:.2f}，未达阈值{threshold:.2f}，另立新事件"


def _fits(with_what: str, match: Match, threshold: float) -> str:
    figures = f"吻合度{match.score:.2f}（阈值{threshold:.2f}，词语相似度{match.cosine:.2f}）"
    return f"{with_what}{figures}：共同词{_told(match.shared)}"


def _told(shared: tuple[str, ...]) -> str:
    chosen: list[str] = []
    for term in shared:
        if not any(term in other for other in chosen):
            chosen = [other for other in chosen if other not in term] + [term]
        if len(chosen) == WORDS:
            break
    return "、".join(f"“{term}”" for term in chosen)
