"""Reads a changelog for the checker, by its documented form alone; shares no code with the workers.

A value: 8 bytes batch number, 4 bytes length of the current value (-1: deleted), 4 bytes length of the previous value
plus one (0: none), current value, previous value. A marker (key `\\0marker`): JSON with `batch` and `offsets`. A
deletion carries its batch number in the header `batch`. In the log batch numbers only grow; what falls back, or comes
after the marker of its batch, does not count. A value of a batch without marker counts as the one before it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from aiokafka import ConsumerRecord

MARKER = b"\x00marker"


@dataclass(frozen=True)
class Batch:
    """A valid batch: the next offsets by topic before and after it, and the time it let pass, if any."""

    number: int
    before: dict[str, int]
    after: dict[str, int]
    tick: str | None


@dataclass
class Story:
    """What a changelog partition tells."""

    batches: list[Batch] = field(default_factory=list)
    state: dict[str, bytes] = field(default_factory=dict)
    strays: int = 0
    epochs: int = 0
    taken_back: int = 0
    problems: list[str] = field(default_factory=list)


def _value(raw: bytes) -> tuple[int, bytes | None, bytes | None]:
    number = int.from_bytes(raw[:8], "big")
    length = int.from_bytes(raw[8:12], "big", signed=True)
    previous = int.from_bytes(raw[12:16], "big")
    end = 16 + max(length, 0)
    return number, None if length < 0 else raw[16:end], None if previous == 0 else raw[end : end + previous - 1]


def read(records: Sequence[ConsumerRecord[bytes, bytes]]) -> Story:
    """The story of one partition, from all its records in order."""
    story = Story()
    held: dict[bytes, tuple[int, bytes | None, bytes | None]] = {}
    offsets: dict[str, int] = {}
    top = marked = 0
    epochs: set[int] = set()
    for record in records:
        key = record.key or b""
        if key == MARKER:
            data = json.loads(record.value or b"")
            number = int(data["batch"])
        elif record.value is None:
            found = [value for name, value in record.headers if name == "batch"]
            number = int.from_bytes(found[0], "big") if found else 0
        else:
            number = int.from_bytes(record.value[:8], "big")
        if number < top or number <= marked:
            story.strays += 1
            continue
        top = number
        epochs.add(number >> 40)
        if key == MARKER:
            marked = number
            after = {**offsets, **{str(k): int(v) for k, v in data["offsets"].items()}}
            if any(after[name] < offsets.get(name, 0) for name in after):
                story.problems.append(f"batch {number} goes back from {offsets} to {after}")
            story.batches.append(Batch(number, offsets, after, data.get("tick")))
            offsets = after
        elif record.value is None:
            held.pop(key, None)
        else:
            held[key] = _value(record.value)
    for key, (number, current, previous) in held.items():
        value = current if number <= marked else previous
        story.taken_back += number > marked
        if value is not None and not key.startswith(b"\x00"):
            story.state[key.decode()] = value
    story.epochs = len(epochs)
    return story
