"""What can go wrong, one class each: struck, perhaps held for a while, and taken back."""

from __future__ import annotations

import asyncio
import os
import random
import resource
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from e2e.malformed import KINDS as MALFORMED
from faults.fleet import Fleet, Worker, faketime_library
from faults.load import POISON, Load
from faults.node import Node
from opinion_stream.adapters.producer import Outgoing
from opinion_stream.topics import STATEFUL, Stage, full_name, inputs_of

DISK_BYTES = 48 * 1024 * 1024
"""Size of a worker's state disk where the suite may mount one."""


@dataclass
class Scene:
    """What a fault may touch. `long` are the seconds of the long outage, `session` those of a worker's session."""

    node: Node
    fleet: Fleet
    load: Load
    dice: random.Random
    session: float
    long: float
    pulse: int
    broker: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by who has the broker down."""

    def worker(self, stage: Stage) -> Worker:
        """One that runs, preferably one that is ready."""
        running = [worker for worker in self.fleet.of(stage) if worker.alive]
        ready = [worker for worker in running if worker.ready]
        return self.dice.choice(ready or running or self.fleet.of(stage))

    async def joined(self, stage: Stage) -> Worker:
        """A further worker of the stage that consumes, with work in hand."""
        worker = self.fleet.add(stage)
        while not worker.ready:
            await asyncio.sleep(0.1)
        await self.work()
        return worker

    async def work(self) -> None:
        """See that there is work in hand."""
        await self.load.pulse(self.pulse)

    async def hold(self, seconds: float) -> None:
        """Let the fault last; meanwhile there is more to do now and then."""
        for _ in range(max(1, int(seconds / 4))):
            await asyncio.sleep(min(4.0, seconds))
            with suppress(asyncio.CancelledError):
                asyncio.ensure_future(self.work())  # noqa: RUF006  it waits for the broker as long as that takes


async def kill(worker: Worker) -> None:
    """SIGKILL, and wait until it is gone."""
    if worker.process is not None:
        worker.process.kill()
        await asyncio.to_thread(worker.process.wait)


class Fault:
    """Base: `name` for the table, `stages` whose recovery is measured."""

    name = ""
    stages: Sequence[Stage] = tuple(Stage)
    detail = ""

    async def strike(self, scene: Scene) -> None:
        """Do it, and take it back; returns when recovery may begin."""
        raise NotImplementedError


class Kill(Fault):
    """SIGKILL of a worker with work in hand."""

    name = "worker killed (SIGKILL)"

    def __init__(self, stage: Stage) -> None:
        self.stages = (stage,)

    async def strike(self, scene: Scene) -> None:
        await scene.work()
        await asyncio.sleep(scene.dice.random() * 2)
        worker = scene.worker(self.stages[0])
        self.detail = worker.name
        await kill(worker)


class Join(Fault):
    """A further worker joins, takes over partitions, and later leaves or is killed: two rebalances."""

    name = "second worker joins and leaves (rebalance)"

    def __init__(self, stage: Stage) -> None:
        self.stages = (stage,)

    async def strike(self, scene: Scene) -> None:
        worker = scene.fleet.add(self.stages[0])
        await scene.work()
        while not worker.ready:
            await asyncio.sleep(0.1)
        await scene.work()
        await asyncio.sleep(scene.dice.random() * 3)
        scene.fleet.leave(worker)
        self.detail = f"{worker.name}, left in order"
        if scene.dice.random() < 0.4 and worker.process is not None:
            worker.process.kill()
            self.detail = f"{worker.name}, left by SIGKILL"


class Overlap(Fault):
    """A worker is killed while the partitions are being shared out anew: one rebalance begins before the last ended."""

    name = "worker killed during a rebalance"

    def __init__(self, stage: Stage) -> None:
        self.stages = (stage,)

    async def strike(self, scene: Scene) -> None:
        stage = self.stages[0]
        second = await scene.joined(stage)
        # It leaves in order, so that the others share at once; one of them dies before, while or after they do.
        scene.fleet.leave(second)
        third = scene.fleet.add(stage)
        await asyncio.sleep(scene.dice.random() * 4)
        victim = scene.dice.choice([worker for worker in scene.fleet.of(stage) if worker is not second])
        await kill(victim)
        await scene.work()
        self.detail = f"{second.name} left, {third.name} joined, {victim.name} killed"
        await scene.hold(scene.session)
        scene.fleet.leave(third)


class Outage(Fault):
    """The broker is stopped, stays away, and comes back on its data."""

    name = "broker stopped and started"

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.detail = f"away for {seconds:.0f} s"

    async def strike(self, scene: Scene) -> None:
        await scene.work()
        async with scene.broker:
            await asyncio.to_thread(scene.node.stop)
            await scene.hold(self._seconds)
            await asyncio.to_thread(scene.node.again)


class Crash(Fault):
    """The broker is killed with work in hand, and comes back at once."""

    name = "broker killed (SIGKILL)"

    async def strike(self, scene: Scene) -> None:
        await scene.work()
        await asyncio.sleep(scene.dice.random())
        async with scene.broker:
            await asyncio.to_thread(scene.node.kill)
            await asyncio.to_thread(scene.node.again)


class FullDisk(Fault):
    """The disk with a worker's state takes no more bytes, then does again.

    Where the suite may mount, each worker has a small disk of its own, which is filled to the last byte; elsewhere the
    kernel is told that the process may not make any file longer (RLIMIT_FSIZE).
    """

    name = "state disk full"

    def __init__(self, stage: Stage) -> None:
        self.stages = (stage,)

    async def strike(self, scene: Scene) -> None:
        worker = scene.worker(self.stages[0])
        falls = sum(worker.exits.values())
        if os.path.ismount(worker.state):
            self.detail = f"{worker.name}, tmpfs filled"
            ballast = worker.state / "ballast"
            subprocess.run(["dd", "if=/dev/zero", f"of={ballast}", "bs=64k"], capture_output=True, check=False)
            subprocess.run(["dd", "if=/dev/zero", f"of={ballast}-2", "bs=1"], capture_output=True, check=False)
        elif worker.process is not None:
            self.detail = f"{worker.name}, RLIMIT_FSIZE"
            resource.prlimit(worker.process.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
        for _ in range(15):
            await scene.work()
            await asyncio.sleep(2)
            if sum(worker.exits.values()) > falls:
                break
        self.detail += f", {sum(worker.exits.values()) - falls} falls"
        for file in worker.state.glob("ballast*"):
            file.unlink()


class Sleep(Fault):
    """A worker is stopped past its session while another takes over, and then wakes with work half done."""

    name = "worker paused past its session (SIGSTOP), then woken"

    def __init__(self, stage: Stage) -> None:
        self.stages = (stage,)

    async def strike(self, scene: Scene) -> None:
        stage = self.stages[0]
        second = await scene.joined(stage)
        await asyncio.sleep(scene.dice.random() * 2)
        sleeper = scene.worker(stage)
        pid = sleeper.process.pid if sleeper.process is not None else 0
        os.kill(pid, signal.SIGSTOP)
        await scene.hold(scene.session * 1.7)
        os.kill(pid, signal.SIGCONT)
        await scene.work()
        await asyncio.sleep(scene.dice.random() * 3)
        self.detail = f"{sleeper.name}, {scene.session * 1.7:.0f} s"
        scene.fleet.leave(second)


class ClockStep(Fault):
    """A worker's clock jumps hours ahead or back, while its monotonic clock goes on."""

    name = "clock step"

    def __init__(self, stage: Stage) -> None:
        self.stages = (stage,)

    async def strike(self, scene: Scene) -> None:
        worker = scene.worker(self.stages[0])
        hours = scene.dice.choice([-20, -5, -1, 1, 5, 20])
        self.detail = f"{worker.name}, {hours:+} h"
        worker.clock.write_text(f"{hours:+}h\n")
        await scene.work()
        await asyncio.sleep(3)


class Poison(Fault):
    """Records that nobody can read, on all inputs of a stage."""

    name = "poison records"

    def __init__(self, stage: Stage) -> None:
        self.stages = (stage,)

    async def strike(self, scene: Scene) -> None:
        prefix = scene.load.settings.topic_prefix
        number = scene.dice.randrange(3000)
        names = scene.dice.sample(sorted(MALFORMED), 6)
        out = [
            Outgoing(full_name(prefix, topic), POISON + b"%d" % number, MALFORMED[name](number))
            for topic in inputs_of(self.stages[0])
            for name in names
        ]
        self.detail = f"{len(out)} on {', '.join(topic.name for topic in inputs_of(self.stages[0]))}"
        await scene.load.producer.send_all(out)


def deck(dice: random.Random, long: float) -> list[Fault]:
    """All kinds on all stages, shuffled: about 36 faults."""
    faults: list[Fault] = [Crash(), Crash(), Crash(), Outage(long), Outage(max(5.0, long / 3))]
    for stage in Stage:
        faults += [Kill(stage), Kill(stage), Join(stage), Poison(stage)]
        faults += [Sleep(stage)]
        faults += [Overlap(stage)] if stage in STATEFUL else []
        faults += [FullDisk(stage)] if stage is not Stage.ASSESSMENT else []
        faults += [ClockStep(stage)] if faketime_library() else []
    dice.shuffle(faults)
    return faults
