"""Strikes faults, two at a time and sometimes into the recovery from the one before, and times each recovery."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aiokafka import TopicPartition

from faults.kinds import Fault, Scene, deck
from faults.patient import Lags, Watcher, done_until
from opinion_stream.topics import TOPICS, full_name, inputs_of

GIVE_UP_SECONDS = 900.0
SLOW_SECONDS = 30.0
"""A recovery that takes longer is told with its parts."""
LANES = 2
"""So many faults may be under way at once."""


@dataclass
class Struck:
    """A fault as it went.

    `recovered`: seconds from its end until all workers concerned consume and have done what there was then.
    """

    number: int
    at: float
    name: str
    stages: str
    detail: str
    lasted: float
    recovered: float | None


class Injector:
    """Plays the deck again and again until time and number are reached."""

    def __init__(self, scene: Scene, watcher: Watcher, far: Lags, say: Callable[[str], None], only: str = "") -> None:
        """`only`: strike those alone whose name contains it."""
        self._scene = scene
        self._watcher = watcher
        self._far = far
        self._say = say
        self._only = only
        self.struck: list[Struck] = []
        self._under_way = 0
        self._partitions: list[TopicPartition] = []

    async def run(self, seconds: float, at_least: int) -> None:
        """Strike for so many seconds and until at least so many faults were struck. Raises TimeoutError when the road
        does not recover from one."""
        # Asked for once: the client that knows them does not outlast the broker.
        every = [full_name(self._scene.load.settings.topic_prefix, topic) for topic in TOPICS]
        self._partitions = await self._watcher.partitions(every)
        started = time.monotonic()
        cards: list[Fault] = []

        async def lane() -> None:
            nonlocal cards
            while time.monotonic() - started < seconds or len(self.struck) + self._under_way < at_least:
                cards = cards or [card for card in deck(self._scene.dice, self._scene.long) if self._only in card.name]
                self._under_way += 1
                await self._strike(cards.pop(), started)
                self._under_way -= 1

        await asyncio.gather(*(lane() for _ in range(LANES)))

    async def _strike(self, fault: Fault, started: float) -> None:
        begun = time.monotonic()
        await fault.strike(self._scene)
        over = time.monotonic()
        ends = await self._ends(fault)
        # Now and then the next one strikes while the road still recovers from this one.
        waits = self._scene.dice.random() < 0.7
        if waits:
            await asyncio.wait_for(self._recovered(fault, ends), GIVE_UP_SECONDS)
        self.struck.append(
            Struck(
                number=len(self.struck) + 1,
                at=begun - started,
                name=fault.name,
                stages="all" if len(fault.stages) > 1 else fault.stages[0].value,
                detail=fault.detail,
                lasted=over - begun,
                recovered=time.monotonic() - over if waits else None,
            )
        )
        last = self.struck[-1]
        recovered = "next one at once" if last.recovered is None else f"recovered in {last.recovered:.1f} s"
        self._say(f"{last.at:6.0f} s  {last.number:3}  {last.name}  [{last.stages}: {last.detail}]  {recovered}")
        sys.stdout.flush()

    async def _recovered(self, fault: Fault, ends: Mapping[TopicPartition, int]) -> None:
        # Each by itself: at one and the same moment they may not be ready for long, as the other lane strikes on.
        waiting = {worker.name for stage in fault.stages for worker in self._scene.fleet.of(stage)}
        began = time.monotonic()
        while waiting:
            workers = [self._scene.fleet.workers[name] for name in waiting]
            waiting -= {worker.name for worker in workers if worker.ready or not worker.wanted}
            await asyncio.sleep(0.2)
        consuming = time.monotonic() - began
        await done_until(self._far, fault.stages, ends)
        if time.monotonic() - began > SLOW_SECONDS:
            self._say(f"          {fault.name} [{fault.detail}]: all consumed again after {consuming:.1f} s")

    async def _ends(self, fault: Fault) -> dict[TopicPartition, int]:
        prefix = self._scene.load.settings.topic_prefix
        topics = {full_name(prefix, topic) for stage in fault.stages for topic in inputs_of(stage)}
        return dict(await self._watcher.listed_ends([at for at in self._partitions if at.topic in topics]))
