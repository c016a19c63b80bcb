"""The door: says of one item whether it is taken, and if not, which field is wrong, why, and what cures it."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from opinion_stream.adapters.inbound import inbound_key
from opinion_stream.adapters.intake.bodies import Broken
from opinion_stream.adapters.intake.contract import Fault, MentionIn, RefusedItem
from opinion_stream.adapters.intake.faults import NOT_JSON, SOURCE_NOT_ALLOWED, TIME, faults_of, limit, rejected
from opinion_stream.domain.collection.clean import clean
from opinion_stream.domain.collection.parse import parse
from opinion_stream.errors import Rejected
from opinion_stream.policy import Policy


@dataclass(frozen=True, slots=True)
class Taken:
    """An item that may pass: its id as given, and the record for the inbound topic."""

    index: int
    id: str | None
    key: bytes
    value: bytes


class Door:
    """Checks items by the contract and by the limits of `collection.yaml`, as the collection stage will."""

    def __init__(self, policy: Policy, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._limits = policy.collection
        self._zone = ZoneInfo(policy.jurisdiction.timezone)
        self._ahead = timedelta(hours=policy.collection.max_ahead_hours)
        self._now = now
        clean("一")  # its tables are made at the first text, which else the first sender would wait for

    def check(self, index: int, item: object, sources: Container[str]) -> Taken | RefusedItem:
        """Judge one decoded item. `sources`: those the sender may name.

        What is taken holds the fields of the contract and nothing else, in one order: equal items give equal bytes.
        """
        if isinstance(item, Broken):
            return RefusedItem(index=index, id=None, faults=[NOT_JSON])
        try:
            mention = MentionIn.model_validate(item)
        except ValidationError as error:
            return RefusedItem(index=index, id=_id_of(item), faults=faults_of(error))
        name = None if mention.id is None else str(mention.id)
        value = mention.model_dump_json(exclude_unset=True).encode()
        faults = self._judge(mention, value, sources)
        if faults:
            return RefusedItem(index=index, id=name, faults=faults)
        return Taken(index, name, inbound_key(value), value)

    def _judge(self, mention: MentionIn, value: bytes, sources: Container[str]) -> list[Fault]:
        if mention.source not in sources:
            return [SOURCE_NOT_ALLOWED]
        try:
            raw = parse(value, self._limits, self._zone)
            text, title = clean(raw.text), clean(raw.title or "")
        except Rejected as rejection:
            return [rejected(rejection)]
        faults = []
        if not text:
            faults.append(limit("text", "empty_text", "去掉空白和网页标记后没有内容", "写上所说的话"))
        for field, held, most in (
            ("text", text, self._limits.max_text_chars),
            ("title", title, self._limits.max_title_chars),
        ):
            if len(held) > most:
                faults.append(limit(field, "field_too_long", f"{len(held)} 个字，上限为 {most} 个字", "缩短或分条报送"))
        if raw.published_at > self._now() + self._ahead:
            hours = f"{self._limits.max_ahead_hours:g}"
            faults.append(limit("published_at", TIME, f"比现在晚 {hours} 小时以上", "核对时间、时区和本机时钟"))
        return faults


def _id_of(item: object) -> str | None:
    given = item.get("id") if isinstance(item, dict) else None
    if isinstance(given, str) and len(given) <= 200:
        return given
    return str(given) if isinstance(given, int) and not isinstance(given, bool) and 0 <= given < 2**63 else None
