"""A gap of the log itself is told from one that came of moving the reading."""

from __future__ import annotations

from types import SimpleNamespace

from faust.types import TP

from opinion_stream.adapters.course import Course, follows

HERE = TP("opinion.incidents", 0)


class Consumer:
    """As much of aiokafka's as the course looks at; seeking works once it has started."""

    def __init__(self) -> None:
        self.position = 0
        self._fetcher = SimpleNamespace(seek_to=self._seek_to)
        self._subscription = SimpleNamespace(subscription=SimpleNamespace(assignment=object()))

    async def start(self) -> None:
        """Nothing to do."""

    def _seek_to(self, tp: TP, offset: int) -> None:
        self.position = offset

    def seek(self, offset: int) -> None:
        self._fetcher.seek_to(HERE, offset)

    def dealt_out_anew(self) -> None:
        self._subscription.subscription.assignment = object()


async def watched() -> tuple[Consumer, Course]:
    consumer, course = Consumer(), Course()
    course.watch(consumer)
    await consumer.start()
    return consumer, course


def passed(consumer: Consumer, course: Course, *offsets: int) -> list[int]:
    """What each of these, fetched at once, follows on."""
    course.passed(consumer, {HERE: [SimpleNamespace(offset=offset) for offset in offsets]})
    messages = [SimpleNamespace(tp=HERE, offset=offset) for offset in offsets]
    for message in messages:
        course.mark(message)
    return [follows(message) for message in messages]


async def test_gaps_within_a_fetch_and_between_two_are_the_logs_own() -> None:
    consumer, course = await watched()
    assert passed(consumer, course, 5, 6, 9) == [5, 6, 7]
    assert passed(consumer, course, 15, 16) == [10, 16]


async def test_from_where_it_was_moved_to_a_gap_is_the_logs_own() -> None:
    consumer, course = await watched()
    passed(consumer, course, 5, 6)
    consumer.seek(2)
    assert consumer.position == 2
    assert passed(consumer, course, 4, 5) == [2, 5]


async def test_after_partitions_were_dealt_out_anew_nothing_is_known_of_what_lies_before() -> None:
    consumer, course = await watched()
    passed(consumer, course, 5, 6)
    consumer.dealt_out_anew()
    assert passed(consumer, course, 90, 92) == [90, 91]
