"""Runs the pure core once more, undisturbed and in one go, over the records as the changelogs say they were taken."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from aiokafka import ConsumerRecord

from faults.changelogs import Story
from opinion_stream.agents.guard import Guard
from opinion_stream.agents.stage import Desk, Output, Record, Tools
from opinion_stream.bootstrap import desk_of
from opinion_stream.domain.state import DictStore
from opinion_stream.errors import Rejected
from opinion_stream.topics import Stage, Topic, inputs_of

Partition = Mapping[Topic, Sequence[ConsumerRecord[bytes, bytes]]]
"""The records of one partition of a stage's topics."""


class Rerun:
    """One stage, one partition."""

    def __init__(self, stage: Stage, tools: Tools) -> None:
        self.stage = stage
        self.store = DictStore()
        self.outputs: dict[Topic, set[tuple[bytes, bytes]]] = defaultdict(set)
        self._tools = tools
        self._guard = Guard(stage, tools.sealer)
        self._desk: Desk = desk_of(stage)(tools, self.store)

    def follow(self, story: Story, partition: Partition) -> None:
        """Take the batches of a story."""
        at = {topic: {record.offset: record for record in records} for topic, records in partition.items()}
        for batch in story.batches:
            if batch.tick is not None:
                self._keep(self._desk.tick(datetime.fromisoformat(batch.tick)))
            records = [
                self._record(topic, at[topic][offset])
                for topic in inputs_of(self.stage)
                for offset in range(batch.before.get(topic.name, 0), batch.after.get(topic.name, 0))
                if offset in at[topic]
            ]
            if records:
                self._keep(self._handle(records))

    def all(self, records: Sequence[ConsumerRecord[bytes, bytes]], topic: Topic) -> None:
        """Take all records of one topic, as a stage without state does."""
        for at in range(0, len(records), 500):
            self._keep(self._handle([self._record(topic, record) for record in records[at : at + 500]]))

    def _keep(self, outputs: Sequence[Output]) -> None:
        for output in outputs:
            self.outputs[output.topic].add((output.key, output.value))

    def _handle(self, records: list[Record]) -> list[Output]:
        before = dict(self.store.entries)
        try:
            return self._desk.handle(records)
        except Exception as error:  # noqa: BLE001  as the runner: halve until the record that does it is alone
            self.store.entries.clear()
            self.store.entries.update(before)
            self._desk = desk_of(self.stage)(self._tools, self.store)
            if len(records) == 1:
                reason = f"处理时发生内部错误（{type(error).__name__}），请联系维护人员"
                return [self._guard.dead_letter(records[0], Rejected("internal_error", reason))]
        middle = len(records) // 2
        return self._handle(records[:middle]) + self._handle(records[middle:])

    @staticmethod
    def _record(topic: Topic, record: ConsumerRecord[bytes, bytes]) -> Record:
        at = datetime.fromtimestamp(record.timestamp / 1000, UTC)
        return Record(topic, record.partition, record.offset, record.key, record.value or b"", at)
