"""The collector: every source at its own pace, none stopped by another, cursors only after the broker's word."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from builders import small_policy
from opinion_stream.adapters.sources.base import Cursor, Failure, Page, Surroundings
from opinion_stream.adapters.sources.collector import Collector, Reading
from opinion_stream.adapters.sources.cursors import CursorStore
from opinion_stream.adapters.sources.journal import PollJournal
from opinion_stream.adapters.sources.records import Stamp
from opinion_stream.errors import SourceError
from opinion_stream.models.source import PollOutcome
from opinion_stream.policy.notify import QuietHours
from opinion_stream.policy.source import Schedule, SourceBase
from opinion_stream.topics import INBOUND
from site_server import QuickTime, SimulatedTime
from source_desk import DEFAULTS, NOW, Broker


@dataclass
class Numbers:
    """A source that counts: each poll gives the next number. `fault` is raised instead, as often as it is there."""

    faults: list[Exception] = field(default_factory=list)
    polled: int = 0

    async def poll(self, cursor: Cursor) -> AsyncGenerator[Page]:
        """See `Connector`."""
        self.polled += 1
        if self.faults:
            raise self.faults.pop(0)
        last = cursor.get("last", 0)
        assert isinstance(last, int)
        record = {"id": str(last + 1), "text": "停水", "published_at": NOW}
        yield Page((record,), {"last": last + 1})


class Kept:
    """A `SourceLog` in memory."""

    def __init__(self) -> None:
        self.outcomes: list[PollOutcome] = []

    def record(self, outcome: PollOutcome) -> None:
        """See `SourceLog`."""
        self.outcomes.append(outcome)

    def of(self, source: str) -> list[PollOutcome]:
        """The outcomes of one source."""
        return [outcome for outcome in self.outcomes if outcome.source == source]


def reading(name: str, connector: Numbers, every: float = 10, quiet: QuietHours | None = None) -> Reading:
    source = SourceBase(name=name, title=name, licence="测试用的来源")
    return Reading(source, connector, Stamp(source, small_policy()), Schedule(every_minutes=every, quiet_hours=quiet))


Make = Callable[..., Collector]


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def make(broker: Broker, kept: Kept, tmp_path: Path) -> Make:
    def made(time: QuickTime, *readings: Reading) -> Collector:
        around = Surroundings(clock=time, zone=ZoneInfo("Asia/Shanghai"), sleep=time.sleep, chance=lambda: 0.0)
        return Collector(readings, broker, "inbound", CursorStore(tmp_path), kept, DEFAULTS, around)

    return made


async def simulate(make: Make, hours: float, *readings: Reading) -> SimulatedTime:
    time = SimulatedTime(NOW, NOW + timedelta(hours=hours))
    driver = asyncio.create_task(time.drive(len(readings)))
    await asyncio.wait_for(make(time, *readings).run(time.over), 20)
    await driver
    return time


async def test_each_source_is_asked_at_its_own_pace(make: Make, broker: Broker) -> None:
    often, seldom = Numbers(), Numbers()
    await simulate(make, 2, reading("often", often, 10), reading("seldom", seldom, 60))
    assert (often.polled, seldom.polled) == (13, 3)
    assert len(broker.taken) == 16


async def test_a_failing_source_is_asked_ever_less_often_and_stops_no_other(make: Make, kept: Kept) -> None:
    failing, sound = Numbers([SourceError("http_500", "broken")] * 1000), Numbers()
    await simulate(make, 12, reading("failing", failing), reading("sound", sound))
    assert sound.polled == 12 * 6 + 1
    times = [outcome.at for outcome in kept.of("failing")]
    waits = [(after - before).total_seconds() for before, after in pairwise(times)]
    assert waits[:4] == [15, 30, 60, 120]
    assert waits == sorted(waits)
    assert max(waits) == 1800, "an hour at most, halved by chance at the least"
    assert all(outcome.error == "http_500: broken" and not outcome.ok for outcome in kept.of("failing"))


async def test_after_a_failure_the_usual_pace_comes_back_and_nothing_is_missed(make: Make, broker: Broker) -> None:
    source = Numbers([SourceError("timeout", "x")] * 3)
    await simulate(make, 1, reading("s", source))
    assert broker.ids == [str(number) for number in range(1, len(broker.ids) + 1)]
    assert len(broker.ids) >= 5


@pytest.mark.parametrize(
    "fault", [ValueError("张三 13812345678"), KeyError("x"), AssertionError(), OSError(28, "disk full")]
)
async def test_a_fault_in_a_connector_is_told_without_quoting_and_stops_nothing(
    make: Make, kept: Kept, fault: Exception
) -> None:
    source, sound = Numbers([fault]), Numbers()
    await simulate(make, 1, reading("s", source), reading("sound", sound))
    first = kept.of("s")[0]
    assert not first.ok
    assert first.error is not None
    assert "138" not in first.error
    assert kept.of("s")[1].ok
    assert sound.polled == 7


async def test_a_source_that_asks_for_rest_gets_it(make: Make, kept: Kept) -> None:
    await simulate(make, 3, reading("s", Numbers([SourceError("http_429", "x", retry_after=7200)])))
    first, second = kept.outcomes[:2]
    assert second.at - first.at >= timedelta(hours=2)


async def test_quiet_hours_are_kept_across_midnight(make: Make, kept: Kept) -> None:
    quiet = QuietHours.model_validate({"start": "22:00", "end": "06:00"})
    await simulate(make, 24, reading("s", Numbers(), 30, quiet))
    hours = {outcome.at.astimezone(ZoneInfo("Asia/Shanghai")).hour for outcome in kept.outcomes}
    assert hours == set(range(6, 22))


async def test_a_stop_lets_the_page_being_sent_be_finished(make: Make, tmp_path: Path, time: QuickTime) -> None:
    stop, sending = asyncio.Event(), asyncio.Event()

    class Slow(Broker):
        async def send_all(self, records: object, /) -> list[int]:
            sending.set()
            await asyncio.sleep(0.05)
            return await super().send_all(records)  # type: ignore[arg-type]

    slow = Slow()
    around = Surroundings(clock=time, zone=ZoneInfo("Asia/Shanghai"), sleep=time.sleep, chance=lambda: 0.0)
    service = Collector(
        [reading("s", Numbers())], slow, "inbound", CursorStore(tmp_path), PollJournal(tmp_path), DEFAULTS, around
    )
    running = asyncio.create_task(service.run(stop))
    await sending.wait()
    stop.set()
    await asyncio.wait_for(running, 5)
    assert slow.ids == ["1"]
    assert CursorStore(tmp_path).load("s") == {"last": 1}


async def test_a_source_is_read_by_one_process_at_a_time(
    make: Make, tmp_path: Path, kept: Kept, time: QuickTime
) -> None:
    service = make(time, reading("s", Numbers()))
    with CursorStore(tmp_path).held("s"):
        (outcome,) = await service.once()
    assert outcome.error is not None
    assert outcome.error.startswith("locked")
    (outcome,) = await service.once()
    assert outcome.ok


async def test_a_record_too_large_for_the_topic_is_counted_and_holds_nothing_up(
    make: Make, broker: Broker, time: QuickTime
) -> None:
    class Large:
        async def poll(self, cursor: Cursor) -> AsyncGenerator[Page]:
            large = {"id": "1", "text": "水" * INBOUND.max_message_bytes, "published_at": NOW}
            small = {"id": "2", "text": "水", "published_at": NOW}
            yield Page((large, small, b"not json"), {"done": True}, (Failure("http_404", "x"),))

    source = SourceBase(name="s", title="s", licence="测试用的来源")
    service = make(time, Reading(source, Large(), Stamp(source, small_policy()), DEFAULTS.schedule))
    (outcome,) = await service.once()
    assert (outcome.ok, outcome.fetched, outcome.sent, outcome.failed) == (True, 3, 2, 2)
    assert broker.taken[1] == b"not json"


async def test_broken_characters_are_mended_and_do_not_stop_a_page(make: Make, broker: Broker, time: QuickTime) -> None:
    class Broken:
        async def poll(self, cursor: Cursor) -> AsyncGenerator[Page]:
            yield Page(({"id": "1", "text": "停\ud800水", "media": {"name": "\udfff"}},), {})

    source = SourceBase(name="s", title="s", licence="测试用的来源")
    service = make(time, Reading(source, Broken(), Stamp(source, small_policy()), DEFAULTS.schedule))
    assert (await service.once())[0].sent == 1
    assert broker.records[0]["text"] == "停?水"


def test_a_damaged_cursor_is_an_error_with_the_way_out(tmp_path: Path) -> None:
    store = CursorStore(tmp_path)
    store.save("s", {"etag": "x", "seen": ["停水"]})
    assert store.load("s") == {"etag": "x", "seen": ["停水"]}
    (tmp_path / "s.json").write_text("{")
    with pytest.raises(SourceError, match=r"s\.json is not readable; remove it"):
        store.load("s")


def test_a_crash_while_writing_a_cursor_leaves_the_old_one(tmp_path: Path) -> None:
    store = CursorStore(tmp_path)
    store.save("s", {"n": 1})
    (tmp_path / ".s.json.tmp").write_text('{"version": 1, "cur')
    assert store.load("s") == {"n": 1}


def test_the_journal_keeps_the_newest_outcomes_across_restarts_and_cut_lines(tmp_path: Path) -> None:
    for number in range(25):
        outcome = PollOutcome(source="s", at=datetime(2026, 1, 1, 0, number, tzinfo=UTC), ok=True, sent=number)
        PollJournal(tmp_path, kept=5, folded=0).record(outcome)
    assert [outcome.sent for outcome in PollJournal(tmp_path).outcomes("s")][-5:] == [20, 21, 22, 23, 24]
    with (tmp_path / "s.polls.jsonl").open("a") as file:
        file.write('{"source": "s", "at"')
    assert PollJournal(tmp_path).outcomes("s")[-1].sent == 24
    assert (tmp_path / "s.polls.jsonl").read_text().count("\n") < 10
    assert PollJournal(tmp_path).outcomes("never") == []
