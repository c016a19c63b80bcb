"""The title of an incident: that of the mention nearest to what all of them are about."""

from __future__ import annotations

import math
import re
from functools import lru_cache

from opinion_stream.domain.assessment.segment import segment
from opinion_stream.models.base import Nature

MAX_TITLE = 60
"""Characters of a title."""

STEADY = 1.1
"""A new title must be so many times nearer than the present one, since a matter that changes its name confuses."""

HEADLINE = 1.3
"""A title that its writer gave counts so many times as near as one cut from a text."""

ASIDES = (Nature.THANKS, Nature.UNVERIFIED_CLAIM)
"""Thanks for the repair and rumours about the accident do not name a matter, unless it consists of them."""

_EDGES = " 　,，.。;；:：!！?？~～…-—_、\"'“”‘’"
_FIRST_CLAUSE = re.compile(r"[^。！？!?；;\n]+")
_GREETING = re.compile(r"^(尊敬的)?[^，,：:！!。]{0,12}(您好|你好)[，,：:！!。\s]*")


def clean_title(title: str, text: str) -> str:
    """`title` without outer punctuation; where there is none, the first clause of `text` after a greeting.

    At most MAX_TITLE characters; empty if neither holds a word.
    """
    cleaned = " ".join(title.split()).strip(_EDGES)
    if not cleaned:
        clause = _FIRST_CLAUSE.search(_GREETING.sub("", " ".join(text.split())))
        cleaned = clause.group().strip(_EDGES) if clause else ""
    return cleaned if len(cleaned) <= MAX_TITLE else cleaned[: MAX_TITLE - 1] + "…"


def centrality(title: str, centroid: dict[str, float]) -> float:
    """How near a title is to the incident's terms: the cosine of its words with the centroid's weights, 0-1."""
    norm = math.sqrt(sum([weight * weight for weight in centroid.values()]))
    return overlap(title, centroid) / norm if norm else 0.0


def overlap(title: str, centroid: dict[str, float]) -> float:
    """`centrality` times the length of the centroid: enough to compare titles of one incident."""
    words = _words(title)
    return sum([centroid.get(word, 0.0) for word in words]) / math.sqrt(len(words)) if words else 0.0


@lru_cache(4096)
def _words(title: str) -> tuple[str, ...]:
    return tuple(sorted({word for word in segment(title) if len(word) > 1}))


def fallback_title(region: str, keywords: tuple[str, ...]) -> str:
    """A title from region and keywords, for mentions that are not words enough for one."""
    return f"{region}：{'、'.join(keywords[:3])}" if keywords else f"{region}：未命名事项"
