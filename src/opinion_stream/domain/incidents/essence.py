"""The essence of each kept mention: what an incident took from it, so that a person can take it out again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache

import orjson
from pydantic import TypeAdapter

from opinion_stream.domain.state import Store
from opinion_stream.models.assessment import AssessedMention, Assessment, CategoryResult, Keyword, ResponseValue
from opinion_stream.models.base import Nature, Reason, RegionRef, UnitRef
from opinion_stream.models.mention import Media, Mention

PREFIX = "essence/"
_OPENING = 160
"""Characters of a text without title that are enough for the title cut from it."""

_Packed = tuple[
    str,  # title
    str,  # opening of the text, if there is no title
    datetime,  # published_at
    str | None,  # voice
    int,  # interactions
    int,  # reads
    str | None,  # medium
    str,  # tier
    str,  # fingerprint
    str,  # category
    Nature,
    list[tuple[str, str]],  # units, the lead first: code, name
    float,  # sensitivity
    list[tuple[str, str, tuple[str, ...]]],  # its reasons: rule, text, evidence
    str | None,  # floor
    bool,  # response required
    str | None,  # priority rule
    str,  # region
    str,  # rule that named the region
    dict[str, float],  # features
    list[tuple[str, float]],  # keywords
    bool,  # a copy
    bool,  # one that says more besides
]


@cache
def _adapter() -> TypeAdapter[_Packed]:
    """Made when an essence is first read or written: a run over a file has none."""
    return TypeAdapter(_Packed)


@dataclass(frozen=True, slots=True)
class Kept:
    """A mention as its incident took it in. Of `item` only what an incident takes note of is filled in."""

    item: AssessedMention
    region: str
    is_copy: bool
    says_more: bool = False


def pack(kept: Kept) -> bytes:
    """The essence as JSON, about 1.3 KB for a message of some hundred words. The store compresses its blocks itself."""
    mention, assessment = kept.item.mention, kept.item.assessment
    data = (
        mention.title,
        "" if mention.title else " ".join(mention.text[: 2 * _OPENING].split())[:_OPENING],
        mention.published_at,
        mention.voice,
        mention.interactions,
        mention.reads,
        mention.media.name,
        mention.media.tier,
        mention.fingerprint,
        assessment.category.level1,
        assessment.nature,
        [(unit.code, unit.name) for unit in (assessment.unit, *assessment.co_units)],
        assessment.sensitivity,
        [(reason.rule, reason.text, reason.evidence) for reason in assessment.sensitivity_reasons],
        assessment.floor,
        assessment.response_value.required,
        assessment.priority_rule,
        kept.region,
        assessment.region_reason.rule,
        assessment.features,
        [(keyword.word, keyword.weight) for keyword in assessment.keywords],
        kept.is_copy,
        kept.says_more,
    )
    return orjson.dumps(data)


def unpack(mention_id: str, raw: bytes) -> Kept:
    """What `pack` packed, with which `Intake.take` does what it did with the mention itself."""
    (title, opening, published_at, voice, interactions, reads, medium, tier, fingerprint, category, nature, units,
     sensitivity, reasons, floor, required, priority_rule, region, region_rule, features, keywords, is_copy, says_more,
     ) = _adapter().validate_json(raw)  # fmt: skip
    mention = Mention(
        id=mention_id,
        source="",
        source_id=None,
        channel=None,
        title=title,
        text=opening,
        published_at=published_at,
        received_at=published_at,
        voice=voice,
        url=None,
        media=Media(name=medium, tier=tier),
        region_hint=None,
        lang=None,
        likes=interactions,
        dislikes=0,
        reposts=0,
        comments=0,
        reads=reads,
        fingerprint=fingerprint,
    )
    nothing = Reason(rule="", text="")
    refs = [UnitRef(code=code, name=name) for code, name in units]
    assessment = Assessment(
        category=CategoryResult(level1=category, confidence=0),
        region=RegionRef(code=region, name=""),
        region_reason=Reason(rule=region_rule, text=""),
        unit=refs[0],
        unit_reason=nothing,
        co_units=tuple(refs[1:]),
        nature=nature,
        nature_reason=nothing,
        sensitivity=sensitivity,
        sensitivity_reasons=tuple(Reason(rule=rule, text=text, evidence=words) for rule, text, words in reasons),
        floor=floor,
        response_value=ResponseValue(required=required, score=0, rule="", text=""),
        priority_rule=priority_rule,
        keywords=tuple(Keyword(word=word, weight=weight) for word, weight in keywords),
        features=features,
    )
    return Kept(AssessedMention(mention=mention, assessment=assessment), region, is_copy, says_more)


class Essences:
    """The essences in a store, one entry per incident and kept mention. Written once per batch: see `flush`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._new: dict[tuple[str, str], Kept] = {}

    def keep(self, incident_id: str, kept: Kept) -> None:
        """Remember a mention of an incident; durable with the next `flush`, unless it is dropped before."""
        self._new[incident_id, kept.item.id] = kept

    def drop(self, incident_id: str, mention_id: str) -> None:
        """Forget a mention; no error if it is not known."""
        if self._new.pop((incident_id, mention_id), None) is None:
            self._store.delete(_key(incident_id, mention_id))

    def flush(self) -> None:
        """Write what was kept since the last time."""
        for (incident_id, mention_id), kept in self._new.items():
            self._store.put(_key(incident_id, mention_id), pack(kept))
        self._new.clear()

    def read(self, incident_id: str, mention_id: str) -> Kept | None:
        """The mention as it was taken in; None if it is no longer kept (or was taken in by an older version)."""
        kept = self._new.get((incident_id, mention_id))
        if kept is not None:
            return kept
        raw = self._store.get(_key(incident_id, mention_id))
        return None if raw is None else unpack(mention_id, raw)


class NoEssences(Essences):
    """Keeps nothing: for a run over a file, from which no person will take a mention out again."""

    def keep(self, incident_id: str, kept: Kept) -> None:
        """Nothing."""

    def drop(self, incident_id: str, mention_id: str) -> None:
        """Nothing."""


def _key(incident_id: str, mention_id: str) -> str:
    return f"{PREFIX}{incident_id}/{mention_id}"
