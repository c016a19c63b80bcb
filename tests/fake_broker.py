"""A broker that is a list: what workers write is kept, with the offsets a real one would give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from opinion_stream.adapters.producer import Outgoing
from opinion_stream.errors import DeliveryError


@dataclass
class FakeBroker:
    """Takes records; can be told to refuse the n-th call, or all."""

    written: list[Outgoing] = field(default_factory=list)
    fail_at: int | None = None
    works: bool = True
    calls: int = 0
    before: list[Outgoing] = field(default_factory=list)
    """What an earlier one has taken."""
    ends: Mapping[str, int] = field(default_factory=dict)
    """Topic -> its next offset before all this."""

    async def send_all(self, records: Sequence[Outgoing]) -> list[int]:
        """As `BatchProducer.send_all`."""
        self.calls += 1
        if not self.works or self.calls == self.fail_at:
            raise DeliveryError("refused")
        offsets: list[int] = []
        for record in records:
            place = record.topic, record.partition
            there = sum((r.topic, r.partition) == place for r in self.before + self.written)
            offsets.append(self.ends.get(record.topic, 0) + there)
            self.written.append(record)
        return offsets

    def to(self, topic: str) -> list[bytes]:
        """The values on a topic, in order; b"" for a deletion."""
        return [record.value or b"" for record in self.written if record.topic == topic]
