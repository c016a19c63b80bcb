"""How the records of a partition follow on each other in the log itself, as opposed to what comes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer, ConsumerRecord
    from faust.types import TP, Message

_FOLLOWS = "follows"


class Course:
    """Seen where the records leave the fetcher.

    Behind the fetcher records can be lost, so that a gap there says nothing. Here it is one of the log's own, as long
    as nobody has moved the reading in between. Kept in the thread of the consumer, read in that of the app.
    """

    def __init__(self) -> None:
        self._read_to: dict[TP, int] = {}
        self._assignment: object = None
        self._gaps: dict[tuple[TP, int], int] = {}

    def watch(self, consumer: AIOKafkaConsumer) -> None:
        """Hear of every change of place; a test on a broker fails if the names used here change."""
        start = consumer.start

        async def start_watched() -> None:
            await start()
            fetcher = consumer._fetcher
            seek_to = fetcher.seek_to

            def seek_watched(tp: TP, offset: int) -> None:
                seek_to(tp, offset)
                self._same(consumer)
                self._read_to[tp] = offset

            fetcher.seek_to = seek_watched

        consumer.start = start_watched

    def passed(self, consumer: AIOKafkaConsumer, fetched: Mapping[TP, Sequence[ConsumerRecord[bytes, bytes]]]) -> None:
        """These records left the fetcher just now, without anything having been awaited since."""
        self._same(consumer)
        for tp, records in fetched.items():
            due = self._read_to.get(tp, records[0].offset)
            for record in records:
                if record.offset > due:
                    self._gaps[tp, record.offset] = due
                due = record.offset + 1
            self._read_to[tp] = due

    def mark(self, message: Message) -> None:
        """Write on a message what it follows; once for each record that passed."""
        if self._gaps and (due := self._gaps.pop((message.tp, message.offset), None)) is not None:
            setattr(message, _FOLLOWS, due)

    def _same(self, consumer: AIOKafkaConsumer) -> None:
        subscription = consumer._subscription.subscription
        assignment = subscription and subscription.assignment
        if assignment is not self._assignment:
            # Another has read on meanwhile, perhaps.
            self._assignment = assignment
            self._read_to.clear()
            self._gaps.clear()


def follows(message: Message) -> int:
    """The offset that a record follows on directly: its own, unless the log has a gap before it."""
    return cast("int", getattr(message, _FOLLOWS, message.offset))
