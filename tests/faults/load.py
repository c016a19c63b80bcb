"""What goes on while faults strike: the shipped scenario in simulated time, again and again, real messages between."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import orjson

from faults.patient import Lags, Producer, Watcher, patiently
from opinion_stream.adapters.inbound import inbound_key
from opinion_stream.adapters.producer import Outgoing
from opinion_stream.adapters.reading import Stored
from opinion_stream.demo.driver import Driver
from opinion_stream.demo.scenario import Step, load_routine, load_steps
from opinion_stream.settings import Settings
from opinion_stream.topics import INBOUND, Stage, full_name, inputs_of

ROOT = Path(__file__).parents[2]
SCENARIO = ROOT / "examples" / "qingyang-three-days"
REAL = ROOT.parent / "shared" / "data" / "messages.jsonl"
POISON = b"poison-"
"""What the keys of poison records begin with."""
APART = timedelta(days=4)
"""From the beginning of one round of the scenario to the next."""


def real_lines() -> list[bytes]:
    """The real messages where they are at hand, else none."""
    return REAL.read_bytes().splitlines() if REAL.is_file() else []


@dataclass
class Load:
    """Plays until it is told to stop; everything it sends derives from the seed and the files."""

    settings: Settings
    producer: Producer
    watcher: Watcher
    far: Lags
    seed: int
    per_step: int
    """Real messages (or, without them, copies of the scenario's) sent in each step."""
    stop: bool = False
    steps: int = 0
    sent: int = 0
    now: datetime | None = None
    _spare: Iterator[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self._spare = self._spares()

    async def play(self) -> None:
        """Rounds of the scenario until `stop` is set, the first one to its end; comes back with the road at rest."""
        driver = Patient(self.settings, self.producer, self.watcher, self.far, lambda: None, load_routine(SCENARIO))
        await patiently(lambda: self.watcher.seek(driver.watched(), from_beginning=True))
        steps = load_steps(SCENARIO, minutes=360)
        driver.expect(steps)
        for number in itertools.count():
            for step in steps:
                self.now = step.until + number * APART
                await driver.take(self._step(step, number))
                self.steps += 1
                if self.stop and (number or step is steps[-1]):
                    return

    def _step(self, step: Step, number: int) -> Step:
        lines = step.lines if number == 0 else tuple(filter(None, (_copy(line, number) for line in step.lines)))
        spare = tuple(itertools.islice(self._spare, self.per_step))
        self.sent += len(lines) + len(spare)
        actions = step.actions if number == 0 else ()
        return replace(step, until=step.until + number * APART, lines=lines + spare, actions=actions)

    def _spares(self) -> Iterator[bytes]:
        lines = real_lines() or SCENARIO.joinpath("mentions.jsonl").read_bytes().splitlines()
        random.Random(self.seed).shuffle(lines)
        yield from lines
        for number in itertools.count(1):
            yield from filter(None, (_copy(line, number, "again") for line in lines))

    async def pulse(self, count: int) -> None:
        """A few more mentions at once, so that there is work in hand when a fault strikes."""
        topic = full_name(self.settings.topic_prefix, INBOUND)
        at = int((self.now or datetime.fromtimestamp(0).astimezone()).timestamp() * 1000)
        lines = list(itertools.islice(self._spare, count))
        self.sent += len(lines)
        await self.producer.send_all([Outgoing(topic, inbound_key(line), line, timestamp_ms=at) for line in lines])


class Patient(Driver):
    """Plays step by step, and waits as long as recovery takes."""

    def expect(self, steps: Sequence[Step]) -> None:
        """Know which matters are to be acted upon by script."""
        self._coming = {action for step in steps for action in step.actions}

    def _note(self, records: Sequence[Stored]) -> None:
        super()._note([record for record in records if not is_poison(record.key)])

    async def take(self, step: Step) -> None:
        """One step, as `play` takes it."""
        topic, at = full_name(self._settings.topic_prefix, INBOUND), int(step.until.timestamp() * 1000)
        await self._send([Outgoing(topic, inbound_key(line), line, timestamp_ms=at) for line in step.lines])
        await self._send(self._acts(step.actions))
        if step.tick:
            await self._send(self._usual(step.until))
            await self._send(self._ticks(step.until))

    async def rest(self) -> None:
        """See `Driver`; without its haste, which costs the broker more than all the workers."""
        names = sorted({full_name(self._settings.topic_prefix, t) for stage in Stage for t in inputs_of(stage)})
        partitions = await self._read.partitions(names)
        calm = 0
        while calm < 2:
            while records := await patiently(lambda: self._read.next_batch(0)):
                self._note(records)
            ends = await self._read.listed_ends(partitions)
            behind = any((await self._far.lags(tuple(Stage), ends)).values())
            calm = 0 if behind else calm + 1
            await asyncio.sleep(0.3)


def is_poison(key: bytes | None) -> bool:
    """Whether a record was put on a topic to be refused."""
    return (key or b"").startswith(POISON)


def _copy(line: bytes, number: int, word: str = "round") -> bytes | None:
    """The same words from another source, later; None for a line that is not to be read."""
    try:
        data = orjson.loads(line)
        at = datetime.fromisoformat(data["published_at"]) + number * APART
        return orjson.dumps({**data, "source": f"{word}{number}-{data['source']}", "published_at": at.isoformat()})
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, OverflowError):
        return None
