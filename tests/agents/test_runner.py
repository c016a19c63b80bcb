"""A batch is durable when `process` returns, one bad record stops nothing, and a restart repeats nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest

from builders import small_policy
from fake_broker import FakeBroker
from opinion_stream.adapters.changelog import MemoryJournal
from opinion_stream.adapters.replica import Entry, Replica
from opinion_stream.adapters.seal import Sealer
from opinion_stream.agents.guard import Guard
from opinion_stream.agents.metrics import StageMetrics
from opinion_stream.agents.runner import Runner
from opinion_stream.agents.stage import Output, Record, StageSpec, Tools
from opinion_stream.domain.dead_letters.attempt import Attempt
from opinion_stream.domain.state import Store
from opinion_stream.errors import DeliveryError, Fenced, StateError
from opinion_stream.models.control import DeadLetter, DeadLetterState
from opinion_stream.topics import COLLECTED, DEAD_LETTERS, INBOUND, INCIDENTS, RECEIPTS, Stage

NOW = datetime(2026, 11, 9, tzinfo=UTC)
SECRET = b"a key of sixteen and more bytes"


class CountingDesk:
    """Writes the running number of each record; falls over records that say `boom`."""

    def __init__(self, tools: Tools, store: Store) -> None:
        self._store = store
        self._count = int(store.get("count") or b"0")

    def handle(self, records: Sequence[Record]) -> list[Output]:
        outputs = []
        for record in records:
            if record.value == b"boom":
                raise ZeroDivisionError
            self._count += 1
            self._store.put("count", str(self._count).encode())
            outputs.append(Output(COLLECTED, record.value, f"{record.value.decode()}={self._count}".encode()))
        return outputs

    def tick(self, now: datetime) -> list[Output]:
        return [Output(COLLECTED, b"tick", now.isoformat().encode())]


class LogJournal(MemoryJournal):
    """Reads what a broker took of the changelog."""

    def __init__(self, broker: FakeBroker) -> None:
        super().__init__()
        self.broker = broker

    async def open(self, partition: int, wanted: Callable[[], bool]) -> Replica:
        replica = await super().open(partition, wanted)
        log = [
            r for r in self.broker.before + self.broker.written if (r.topic, r.partition) == ("changelog", partition)
        ]
        rest = [Entry(n, r.key or b"", r.value) for n, r in enumerate(log) if n >= replica.position]
        replica.apply(rest, len(log))
        return replica


def runner(broker: FakeBroker, stage: Stage = Stage.COLLECTION) -> Runner:
    return Runner(
        spec=StageSpec(stage, CountingDesk),
        tools=Tools(small_policy(), Sealer(SECRET), SECRET),
        sender=broker,
        journal=LogJournal(broker),
        topic_name=lambda topic: topic.name,
        changelog="changelog",
        metrics=StageMetrics(stage),
    )


def after(broker: FakeBroker) -> FakeBroker:
    """The same broker, as the next worker meets it."""
    return FakeBroker(before=broker.before + broker.written)


def records(*values: str, partition: int = 0, start: int = 0) -> list[Record]:
    return [
        Record(INBOUND, partition, start + number, None, value.encode(), NOW) for number, value in enumerate(values)
    ]


async def test_records_of_several_partitions_are_judged_apart() -> None:
    broker = FakeBroker()

    await runner(broker).process(records("a", "b") + records("c", partition=1))

    assert broker.to("mentions.collected") == [b"a=1", b"b=2", b"c=1"]


async def test_one_bad_record_goes_to_the_dead_letters_and_the_rest_go_on() -> None:
    broker = FakeBroker()

    await runner(broker).process(records("a", "b", "boom", "c", "boom", "d"))

    assert broker.to("mentions.collected") == [b"a=1", b"b=2", b"c=3", b"d=4"]
    letters = [DeadLetter.model_validate_json(value) for value in broker.to("dead-letters")]
    assert [letter.offset for letter in letters] == [2, 4]
    assert {letter.kind for letter in letters} == {"internal_error"}
    assert Sealer(SECRET).open(letters[0].original_sealed) == b"boom"


def replay(value: str, number: int = 1, letter_of: str | None = None) -> Record:
    """A record that was put back by an operator."""
    letter = Guard(Stage.COLLECTION, Sealer(SECRET)).letter_id((letter_of or value).encode())
    headers = Attempt(letter, number, 2 * number + 1).headers()
    return Record(INBOUND, 0, 7, b"key", value.encode(), NOW, headers)


async def test_a_replayed_record_that_fails_again_is_parked() -> None:
    broker = FakeBroker()
    one = runner(broker)

    await one.process([*records("boom"), replay("boom", number=2)])

    first, second = (DeadLetter.model_validate_json(value) for value in broker.to("dead-letters"))
    assert (first.state, first.attempts, first.version) == (DeadLetterState.OPEN, 0, 1)
    assert (second.state, second.attempts, second.version) == (DeadLetterState.PARKED, 2, 5)
    assert first.id == second.id
    assert first.key_sealed is None
    assert Sealer(SECRET).open(second.key_sealed or "") == b"key"
    value = one.metrics.registry.get_sample_value
    for state in ("open", "parked"):
        labels = {"stage": "collection", "code": "internal_error", "state": state}
        assert value("opinion_dead_letters_total", labels) == 1


async def test_a_replayed_record_that_passes_resolves_its_dead_letter() -> None:
    broker = FakeBroker()
    one = runner(broker)

    await one.process([replay("a"), *records("b", start=8)])

    [letter] = [DeadLetter.model_validate_json(value) for value in broker.to("dead-letters")]
    assert (letter.state, letter.version, letter.original_sealed) == (DeadLetterState.RESOLVED, 3, "")
    assert letter.id == Guard(Stage.COLLECTION, Sealer(SECRET)).letter_id(b"a")
    assert broker.to("mentions.collected") == [b"a=1", b"b=2"]
    labels = {"stage": "collection", "code": "", "state": "resolved"}
    assert one.metrics.registry.get_sample_value("opinion_dead_letters_total", labels) == 1


async def test_headers_that_name_the_dead_letter_of_another_record_are_passed_over() -> None:
    broker = FakeBroker()

    await runner(broker).process([replay("a", letter_of="b")])

    assert broker.to("dead-letters") == []


async def test_a_restart_goes_on_where_the_last_batch_ended() -> None:
    first = FakeBroker()
    await runner(first).process(records("a", "b"))
    broker = after(first)

    await runner(broker).process(records("a", "b", "c"))

    assert broker.to("mentions.collected") == [b"c=3"]


@pytest.mark.parametrize("fail_at", [1, 2, 3])
async def test_a_batch_the_broker_refused_is_done_again_with_the_same_result(fail_at: int) -> None:
    first = FakeBroker()
    await runner(first).process(records("a"))
    second = FakeBroker(before=first.written, fail_at=fail_at)
    with pytest.raises(DeliveryError):
        await runner(second).process(records("b", "c", start=1))
    broker = after(second)

    await runner(broker).process(records("b", start=1))
    await runner(broker).process(records("c", start=2))

    assert broker.to("mentions.collected") == [b"b=2", b"c=3"]


async def test_the_marker_that_makes_a_batch_valid_is_written_last() -> None:
    broker = FakeBroker()

    await runner(broker).process(records("a"))

    assert [record.key for record in broker.written] == [b"\x00marker", b"count", b"a", b"\x00marker"]


RECEIPT, INCIDENT = (Record(topic, 0, 0, None, topic.name.encode(), NOW) for topic in (RECEIPTS, INCIDENTS))


async def test_a_stage_of_several_topics_says_nothing_before_its_batch_is_valid() -> None:
    broker = FakeBroker()

    await runner(broker, Stage.REPORTING).process([RECEIPT, INCIDENT])

    said = [record.value for record in broker.written if record.topic == "mentions.collected"]
    assert said == [b"incidents=1", b"escalations.receipts=2"]
    assert [r.key for r in broker.written if r.topic == "changelog"][-1] == b"\x00marker"
    assert [r.topic for r in broker.written[-2:]] == ["mentions.collected"] * 2


async def test_what_it_had_to_say_when_it_died_is_said_in_the_same_words_whatever_comes_first_now() -> None:
    first = FakeBroker(fail_at=4)  # after the claim: values, marker, and then what it says
    with pytest.raises(DeliveryError):
        await runner(first, Stage.REPORTING).process([INCIDENT, RECEIPT])
    broker = after(first)

    second = runner(broker, Stage.REPORTING)
    await second.process([RECEIPT])
    await second.process([INCIDENT])

    assert first.to("mentions.collected") == []
    assert broker.to("mentions.collected") == [b"incidents=1", b"escalations.receipts=2"]


async def test_a_worker_that_left_in_peace_leaves_nothing_to_be_repeated() -> None:
    first = FakeBroker()
    leaving = runner(first, Stage.REPORTING)
    await leaving.process([INCIDENT])
    await leaving.release({0})
    broker = after(first)

    await runner(broker, Stage.REPORTING).process([RECEIPT])

    assert broker.to("mentions.collected") == [b"escalations.receipts=2"]


async def test_a_worker_that_slept_through_its_replacement_says_nothing_more() -> None:
    broker = FakeBroker()
    sleeper, owner = runner(broker, Stage.REPORTING), runner(broker, Stage.REPORTING)
    await sleeper.open({0})
    await owner.process([INCIDENT])

    with pytest.raises(Fenced):
        await sleeper.process([RECEIPT])

    assert broker.to("mentions.collected") == [b"incidents=1"]
    later = after(broker)
    await runner(later, Stage.REPORTING).process([RECEIPT])
    assert later.to("mentions.collected") == [b"incidents=1", b"escalations.receipts=2"]


async def test_nothing_is_said_when_the_lease_has_run_out() -> None:
    broker = FakeBroker()
    worker = runner(broker, Stage.REPORTING)

    async def run_out() -> None:
        raise Fenced("not ours any more")

    worker.lease = run_out
    with pytest.raises(Fenced):
        await worker.process([INCIDENT])

    assert broker.to("mentions.collected") == []


async def test_a_failing_disk_stops_the_worker_and_kills_no_record() -> None:
    class Unreadable(CountingDesk):
        def handle(self, records: Sequence[Record]) -> list[Output]:
            raise StateError("the disk is full")

    broker = FakeBroker()
    worker = runner(broker)
    worker.spec = StageSpec(Stage.COLLECTION, Unreadable)

    with pytest.raises(StateError):
        await worker.process(records("a"))

    assert broker.to("dead-letters") == []


async def test_a_record_delivered_twice_in_one_batch_counts_once() -> None:
    broker = FakeBroker()

    await runner(broker).process(records("a", "b") + records("b", start=1))

    assert broker.to("mentions.collected") == [b"a=1", b"b=2"]


async def test_time_passes_on_each_partition() -> None:
    broker = FakeBroker()

    await runner(broker).tick({0, 1}, NOW)

    assert len(broker.to("mentions.collected")) == 2


async def test_a_dead_letter_of_the_same_bytes_has_the_same_id_wherever_it_stood() -> None:
    first, second = FakeBroker(), FakeBroker()
    await runner(first).process(records("boom"))
    await runner(second).process(records("boom", partition=3, start=99))

    ids = {DeadLetter.model_validate_json(b.to(DEAD_LETTERS.name)[0]).id for b in (first, second)}
    assert len(ids) == 1
