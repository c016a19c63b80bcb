"""From what a connector reads to the bytes on the inbound topic, with the source's own name, place and medium."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

import orjson

from opinion_stream.adapters.sources.base import Record
from opinion_stream.policy import Policy
from opinion_stream.policy.places import Regions
from opinion_stream.policy.source import SourceBase


class Stamp:
    """Adds to each record what is known of its source and the record does not say itself."""

    def __init__(self, source: SourceBase, policy: Policy) -> None:
        media = source.media.model_dump(exclude_none=True) if source.media else None
        hint = _hint(policy.regions, policy.jurisdiction.region, source.region_hint) if source.region_hint else None
        known = {
            "source": source.name,
            "region_hint": hint,
            "channel": source.channel,
            "media": media,
            "lang": source.lang,
        }
        self._known: dict[str, object] = {field: value for field, value in known.items() if value}

    def encoded(self, record: Record) -> bytes:
        """The record as JSON; bytes are left as they are. Fields that are None are left out."""
        if not isinstance(record, Mapping):
            return record
        given = {field: value for field, value in record.items() if value is not None}
        return orjson.dumps(_whole({**self._known, **given}))


def _whole(value: object) -> object:
    """The same without half characters (lone surrogates), which no JSON can carry: broken pages hold them."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode() if not value.isascii() else value
    if isinstance(value, Mapping):
        return {str(key): _whole(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_whole(item) for item in value]
    return value


def published_at(record: Record, zone: ZoneInfo) -> datetime | None:
    """The publication time a mapping states, with its zone; None where there is none to be read."""
    value = record.get("published_at") if isinstance(record, Mapping) else None
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo else value.replace(tzinfo=zone)


def _hint(regions: Regions, top: str, code: str) -> str:
    """The names from the jurisdiction down to the region, run together: a township's name alone may be ambiguous."""
    known = {region.code: region for region in regions.regions}
    names: list[str] = []
    at: str | None = code
    while at is not None:
        names.append(known[at].name)
        at = None if at == top else known[at].parent
    return "".join(reversed(names))
