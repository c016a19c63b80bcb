"""Field mapping: a record of someone else's system becomes a raw mention, and what does not fit is named."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from pydantic import JsonValue

from opinion_stream.domain.collection.time_forms import read_time
from opinion_stream.policy.mapping import COUNTS, PLACE, REQUIRED, FieldMapping, FieldSpec

UNMAPPED = "unmapped"
"""The key under which a record that does not fit its mapping says why."""

FAULTS = {
    "missing": "没有取到值",
    "bad_time": "不是映射所声明的时间形式",
    "bad_count": "不是能识别的数",
    "not_text": "应为文字，却是列表或对象",
    "not_in_map": "这个值不在映射的对照表（map）里",
    "rounded": "位数过长，已被表格软件改成约数",
    "ragged": "单元格多于表头，内容可能错列",
    "not_an_object": "整条记录不是对象（花括号里的字段）",
}
"""Why a field could not be filled; none of them quotes the value, which may be personal data."""

_COUNT = re.compile(r"(\d+(?:\.\d+)?)\s*(万|千|亿|w|k|W|K)?\+?")
_UNITS = {"千": 10**3, "k": 10**3, "万": 10**4, "w": 10**4, "亿": 10**8}
_EXACT = 2**53
"""Whole numbers above are not all kept by a binary fraction of 64 bits, and so not by a spreadsheet."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A field that could not be filled: its name, the key of FAULTS, and the places that were looked at."""

    field: str
    kind: str
    places: tuple[str, ...] = ()

    def text(self) -> str:
        """For the person who mends the mapping or the file."""
        where = f"（列 {'、'.join(self.places)}）" if self.places else ""
        return f"{self.field}{where}：{FAULTS[self.kind]}"


@dataclass(frozen=True, slots=True)
class Mapped:
    """The raw mention as JSON, without `source`, and what could not be filled.

    A record with faults carries them under `unmapped` too, and collection refuses it with them: it becomes a dead
    letter and is not lost. It holds those fields that could be read and nothing else of the original.
    """

    record: dict[str, JsonValue]
    faults: tuple[Fault, ...] = ()


class _Fault(Exception):
    def __init__(self, kind: str) -> None:
        self.kind = kind


class Mapper:
    """Applies one mapping. `name`: that of its file, without the ending; `zone`: for times that state none."""

    def __init__(self, mapping: FieldMapping, name: str, zone: ZoneInfo) -> None:
        self._name = name
        self._empty = frozenset(mapping.empty)
        own = ZoneInfo(mapping.zone) if mapping.zone else zone
        self._fields = [
            (target, spec, spec.places, ZoneInfo(spec.zone) if spec.zone else own)
            for target, spec in mapping.fields.items()
        ]

    @property
    def name(self) -> str:
        """The mapping's name."""
        return self._name

    def columns(self) -> list[tuple[str, FieldSpec]]:
        """(field, its spec) for every field that looks at the record."""
        return [(target, spec) for target, spec, places, _ in self._fields if places]

    def map(self, record: JsonValue, *, row: int | None = None, faults: tuple[Fault, ...] = ()) -> Mapped:
        """The raw mention made of `record`. `row`: its place in a file, from 1; `faults`: what its reader found amiss.

        Raises nothing: what does not fit is in the result.
        """
        if not isinstance(record, dict):
            return self._marked({}, (*faults, Fault("record", "not_an_object")), row)
        made: dict[str, JsonValue] = {}
        found: list[Fault] = list(faults)
        for target, spec, places, zone in self._fields:
            try:
                value = self._value(record, target, spec, places, zone)
            except _Fault as fault:
                found.append(Fault(target, fault.kind, places))
                continue
            if value is None:
                if target in REQUIRED:
                    found.append(Fault(target, "missing", places))
            elif target.startswith("media."):
                media = made.setdefault("media", {})
                if isinstance(media, dict):
                    media[target.removeprefix("media.")] = value
            else:
                made[target] = value
        return self._marked(made, tuple(found), row) if found else Mapped(made)

    def _marked(self, made: dict[str, JsonValue], faults: tuple[Fault, ...], row: int | None) -> Mapped:
        fields: dict[str, JsonValue] = {fault.field: fault.kind for fault in faults}
        made[UNMAPPED] = {"mapping": self._name, "row": row, "fields": fields}
        return Mapped(made, faults)

    def _value(
        self, record: dict[str, JsonValue], target: str, spec: FieldSpec, places: tuple[str, ...], zone: ZoneInfo
    ) -> JsonValue:
        if spec.value is not None:
            return spec.value
        if spec.path is not None and (target in COUNTS or target == "published_at") and spec.map is None:
            plain = next((v for place in places if not self._nothing(v := at(record, place))), spec.default)
            return _count(plain) if target in COUNTS else _time(plain, spec, zone)
        text = self._text(record, spec, places)
        if text and spec.map is not None:
            if text not in spec.map and spec.default is None:
                raise _Fault("not_in_map")
            text = spec.map.get(text, spec.default)
        text = text or spec.default
        if not text:
            return None
        if target in COUNTS:
            return _count(text)
        return _time(text, spec, zone) if target == "published_at" else text

    def _text(self, record: dict[str, JsonValue], spec: FieldSpec, places: tuple[str, ...]) -> str | None:
        texts = (None if self._nothing(value := at(record, place)) else _as_text(value) for place in places)
        if spec.path is not None:
            return next((text for text in texts if text), None)
        found = list(texts)
        if spec.join is not None:
            return spec.with_.join(text for text in found if text)
        if not all(found):
            return None
        parts = iter(found)
        return PLACE.sub(lambda _: next(parts) or "", spec.template or "")

    def _nothing(self, value: JsonValue) -> bool:
        return value is None or (isinstance(value, str) and value.strip() in self._empty)


def at(record: JsonValue, place: str) -> JsonValue:
    """What stands at `place`, None where there is nothing: a key as it is, or a way down with dots."""
    if isinstance(record, Mapping) and place in record:
        return record[place]
    value: JsonValue = record
    for part in place.split("."):
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isdecimal():
            value = value[int(part)] if int(part) < len(value) else None
        else:
            return None
    return value


def _as_text(value: JsonValue) -> str:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, float):
        if abs(value) >= _EXACT:
            raise _Fault("rounded")
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "\n".join(str(item).strip() for item in value)
    if value is None or isinstance(value, (dict, list)):
        raise _Fault("not_text")
    return str(value).lower() if isinstance(value, bool) else str(value)


def _time(value: JsonValue, spec: FieldSpec, zone: ZoneInfo) -> JsonValue:
    if value is None:
        return None
    if isinstance(value, (dict, list, bool)):
        raise _Fault("bad_time")
    time = read_time(value, spec.time, zone)
    if time is None:
        raise _Fault("bad_time")
    return time.isoformat()


def _count(value: JsonValue) -> JsonValue:
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0):
        return value
    if isinstance(value, float) and value >= 0 and value.is_integer() and value < _EXACT:
        return int(value)
    found = _COUNT.fullmatch(value.replace(",", "").replace("，", "").strip()) if isinstance(value, str) else None
    if found is None or (not found[2] and "." in found[1] and not float(found[1]).is_integer()):
        raise _Fault("bad_count")
    # By way of a fraction of whole numbers: 1.13 × 10000 is 11299.999… in binary.
    whole, _, part = found[1].partition(".")
    unit = _UNITS.get((found[2] or "").lower(), 1)
    return int(whole + part) * unit // int(10 ** len(part))
