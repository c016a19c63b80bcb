"""The collector: asks sources when due, sends what they give, stores a cursor only after the broker's word."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from opinion_stream.adapters.inbound import inbound_key
from opinion_stream.adapters.producer import Outgoing
from opinion_stream.adapters.sources.base import Connector, Page, SourceLog, Surroundings
from opinion_stream.adapters.sources.cursors import CursorStore
from opinion_stream.adapters.sources.records import Stamp, published_at
from opinion_stream.errors import DeliveryError, SourceError
from opinion_stream.models.source import PollOutcome
from opinion_stream.policy.source import Schedule, SourceBase
from opinion_stream.policy.sources import SourceDefaults
from opinion_stream.topics import INBOUND

log = structlog.get_logger("opinion_stream.collect")

SPREAD_SECONDS = 15.0
"""First polls are spread over so long, so that a start is no burst."""


class RecordSender(Protocol):
    """What the collector needs of a `BatchProducer`."""

    async def send_all(self, records: Sequence[Outgoing], /) -> list[int]:
        """Write the records; returns when the broker has acknowledged all. Raises DeliveryError."""


@dataclass(frozen=True)
class Reading:
    """A source, and how it is read."""

    source: SourceBase
    connector: Connector
    stamp: Stamp
    schedule: Schedule


@dataclass
class _Tally:
    """What one poll has come to so far."""

    fetched: int = 0
    sent: int = 0
    failed: int = 0
    error: str | None = None
    latest: datetime | None = None


class Collector:
    """Reads each source in a task of its own. Whatever befalls one source, the others go on."""

    def __init__(
        self,
        readings: Sequence[Reading],
        sender: RecordSender,
        topic: str,
        cursors: CursorStore,
        ledger: SourceLog,
        defaults: SourceDefaults,
        around: Surroundings,
    ) -> None:
        """`topic`: full name of the inbound topic."""
        self._readings = readings
        self._sender = sender
        self._topic = topic
        self._cursors = cursors
        self._ledger = ledger
        self._defaults = defaults
        self._around = around

    async def once(self) -> list[PollOutcome]:
        """Ask every source once, all at the same time; the outcomes in the order of the sources."""
        return [outcome for outcome, _ in await asyncio.gather(*(self.poll(reading) for reading in self._readings))]

    async def run(self, stop: asyncio.Event) -> None:
        """Ask the sources again and again until `stop` is set; pages being sent are finished."""
        tasks = [asyncio.create_task(self._keep_reading(reading)) for reading in self._readings]
        stopped = asyncio.create_task(stop.wait())
        try:
            # A source's task never ends by itself; should one break all the same, that is our fault and is to be seen.
            await asyncio.wait([stopped, *tasks], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (*tasks, stopped):
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        for result in ended:
            if isinstance(result, Exception):
                raise result

    async def poll(self, reading: Reading) -> tuple[PollOutcome, float]:
        """Ask one source once. Returns what came of it, and for how many seconds the source asks to be left alone."""
        name, began = reading.source.name, self._around.clock.now()
        tally, ok, rest = _Tally(), False, 0.0
        try:
            with self._cursors.held(name):
                await self._read(reading, tally)
            ok = True
        except SourceError as error:
            tally.error, rest = f"{error.kind}: {error.reason}", error.retry_after or 0.0
        except DeliveryError as error:
            tally.error = f"broker: {error}"
        except OSError as error:
            tally.error = f"state: {error}"
        except Exception as error:  # noqa: BLE001  (a fault in one connector may not stop the other sources)
            # Only the kind: the text of an unforeseen error may quote what was read.
            tally.error = f"fault: {type(error).__name__}"
            log.error("connector broke", source=name, error=type(error).__name__, at=_where(error))
        outcome = PollOutcome(
            source=name,
            at=began,
            seconds=max(0.0, (self._around.clock.now() - began).total_seconds()),
            ok=ok,
            fetched=tally.fetched,
            sent=tally.sent,
            failed=tally.failed,
            error=tally.error,
            latest_published_at=tally.latest,
            rest_seconds=rest,
        )
        self._tell(outcome)
        return outcome, rest

    async def _read(self, reading: Reading, tally: _Tally) -> None:
        cursor = self._cursors.load(reading.source.name)
        # Closed at once when it breaks off, so that its connections are too.
        async with aclosing(reading.connector.poll(cursor)) as pages:
            async for page in pages:
                tally.fetched += len(page.records)
                for failure in page.failures:
                    tally.failed += 1
                    tally.error = f"{failure.kind}: {failure.reason}"
                delivery = asyncio.ensure_future(self._deliver(reading, page, tally))
                try:
                    await asyncio.shield(delivery)
                except asyncio.CancelledError:
                    # Stopped while sending: with the cursor stored, nothing is sent again after the restart.
                    await delivery
                    raise

    async def _deliver(self, reading: Reading, page: Page, tally: _Tally) -> None:
        outgoing: list[Outgoing] = []
        latest = tally.latest
        for record in page.records:
            value = reading.stamp.encoded(record)
            if len(value) > INBOUND.max_message_bytes - 1000:
                # The broker would refuse it for ever, and with it all that follows.
                tally.failed += 1
                tally.error = f"too_large: a record of {len(value)} bytes does not fit the inbound topic; left out"
                continue
            outgoing.append(Outgoing(self._topic, inbound_key(value), value))
            published = published_at(record, self._around.zone)
            if published is not None and (latest is None or published > latest):
                latest = published
        if outgoing:
            await self._sender.send_all(outgoing)
        tally.sent += len(outgoing)
        tally.latest = latest
        await asyncio.to_thread(self._cursors.save, reading.source.name, page.cursor)

    def _tell(self, outcome: PollOutcome) -> None:
        told = log.info if outcome.ok else log.warning
        figures: Mapping[str, object] = outcome.model_dump(mode="json", exclude={"at", "ok"})
        told("source polled" if outcome.ok else "source failed", **figures)
        try:
            self._ledger.record(outcome)
        except OSError as error:
            log.error("poll not written to the source log", source=outcome.source, error=str(error))

    async def _keep_reading(self, reading: Reading) -> None:
        around = self._around
        every = timedelta(minutes=reading.schedule.every_minutes)
        failures = 0
        due = around.clock.now() + timedelta(seconds=around.chance() * min(SPREAD_SECONDS, every.total_seconds()))
        while True:
            if reading.schedule.quiet_hours is not None:
                due = reading.schedule.quiet_hours.over(due, around.zone)
            await around.sleep(max(0.0, (due - around.clock.now()).total_seconds()))
            began = around.clock.now()
            outcome, rest = await self.poll(reading)
            now = around.clock.now()
            if outcome.ok:
                failures, due = 0, max(began + every, now)
            else:
                failures += 1
                due = now + timedelta(seconds=max(rest, self._backoff(failures)))

    def _backoff(self, failures: int) -> float:
        longest = self._defaults.backoff_longest_minutes * 60
        # The exponent is bounded since a source may fail for months.
        wait: float = min(longest, self._defaults.backoff_seconds * 2 ** min(failures - 1, 30))
        return wait * (0.5 + self._around.chance() / 2)


def _where(error: BaseException) -> str:
    """Module and line in which it was raised, without any of the data a traceback may quote."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}" if trace is not None else "?"
