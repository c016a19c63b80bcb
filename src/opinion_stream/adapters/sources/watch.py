"""Watches over the sources while they are read: keeps their outcomes, sets metrics, tells of faults and recoveries."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import structlog

from opinion_stream.adapters.producer import Outgoing
from opinion_stream.adapters.sources.base import SourceLog, Surroundings
from opinion_stream.adapters.sources.collector import RecordSender
from opinion_stream.adapters.sources.journal import PollJournal
from opinion_stream.adapters.sources.metrics import SourceMetrics
from opinion_stream.adapters.sources.standings import StandingStore
from opinion_stream.domain.sources.health import Diagnosis, diagnose
from opinion_stream.domain.sources.history import History
from opinion_stream.domain.sources.missed import missed_between, outages
from opinion_stream.domain.sources.standing import Standing, settle
from opinion_stream.domain.sources.wording import reason_of
from opinion_stream.errors import DeliveryError
from opinion_stream.models.source import PollOutcome
from opinion_stream.policy.source import SourceBase
from opinion_stream.policy.sources import SourcesPolicy

log = structlog.get_logger("opinion_stream.collect")

PATIENCE_SECONDS = 15.0
"""A broker that does not take what is told within so long is asked again at the next check."""


def history_of(source: SourceBase, sources: SourcesPolicy, folder: Path, around: Surroundings) -> History:
    """What the journal in `folder` remembers of the source."""
    outcomes = PollJournal(folder).outcomes(source.name)
    silence = sources.defaults.health.silence
    return History(sources.schedule_of(source), silence, around.zone, outcomes)


@dataclass
class _Watched:
    source: SourceBase
    history: History
    standing: Standing
    missed: int = field(default=0)
    """Polls missed in the outage that goes on and counted in the metrics already."""


class SourceWatch:
    """A `SourceLog` that writes to another one, and looks through all its sources every `check_seconds`."""

    def __init__(
        self,
        chosen: Sequence[SourceBase],
        sources: SourcesPolicy,
        journal: SourceLog,
        sender: RecordSender,
        topic: str,
        folder: Path,
        around: Surroundings,
    ) -> None:
        """`chosen`: those that this process reads. Besides, those that were disabled after a fault are told of.

        `topic`: full name of the topic of source health. `folder`: where cursors and outcomes are.
        """
        self._rules = sources.defaults.health
        self._journal = journal
        self._sender = sender
        self._topic = topic
        self._standings = StandingStore(folder)
        self._around = around
        self._watched: dict[str, _Watched] = {}
        names = {source.name for source in chosen}
        for source in sources.sources:
            standing = self._standings.load(source.name)
            was_fault = standing.told is not None and standing.told.state.is_fault
            if source.name in names or (was_fault and not source.enabled):
                history = history_of(source, sources, folder, around)
                self._watched[source.name] = _Watched(source, history, standing, _missed_before(history))
        self.metrics = SourceMetrics(list(self._watched))

    def record(self, outcome: PollOutcome) -> None:
        """See `SourceLog`."""
        watched = self._watched.get(outcome.source)
        if watched is not None:
            watched.history.add(outcome)
            self.metrics.polled(outcome)
            if outcome.ok:
                self._made_good(watched, outcome)
        self._journal.record(outcome)

    async def run(self) -> NoReturn:
        """Look through the sources again and again until cancelled."""
        while True:
            await self._around.sleep(self._rules.check_seconds)
            await self.check()

    async def check(self) -> list[Diagnosis]:
        """Look through the sources once: set the metrics, write what has changed. A failure is logged, and mended
        by a later check."""
        found: list[Diagnosis] = []
        for watched in self._watched.values():
            found.append(await self._look_at(watched))
            await asyncio.sleep(0)  # learning a rhythm takes some milliseconds: let the sources be read in between
        return found

    async def _look_at(self, watched: _Watched) -> Diagnosis:
        source, history, now = watched.source, watched.history, self._around.clock.now()
        diagnosis = diagnose(source, history, self._rules, now)
        figures = diagnosis.figures
        self.metrics.stands(source.name, diagnosis.state, figures)
        if source.enabled and figures.outages and figures.outages[-1].until is None:
            self._count_missed(watched, figures.outages[-1].missed)
        reason = reason_of(diagnosis, self._rules, self._around.zone, now, history.schedule.every_minutes)
        standing, told = settle(watched.standing, diagnosis, reason, self._rules, now)
        if standing == watched.standing:
            return diagnosis
        try:
            if told is not None:
                # Kept first, so that after a crash in between the same version is written again.
                pending = Standing(told=watched.standing.told, other=told.state, other_since=told.since)
                await self._keep(watched, pending)
                record = Outgoing(self._topic, source.name.encode(), told.to_bytes())
                await asyncio.wait_for(self._sender.send_all([record]), PATIENCE_SECONDS)
                log.info("source state changed", source=source.name, state=told.state.value, version=told.version)
            await self._keep(watched, standing)
        except (DeliveryError, TimeoutError, OSError) as error:
            log.error("source state not told", source=source.name, state=diagnosis.state.value, error=str(error))
        return diagnosis

    async def _keep(self, watched: _Watched, standing: Standing) -> None:
        if standing != watched.standing:
            await asyncio.to_thread(self._standings.save, watched.source.name, standing)
            watched.standing = standing

    def _made_good(self, watched: _Watched, outcome: PollOutcome) -> None:
        history = watched.history
        for outage in outages(history.around(outcome.at), history.schedule, history.zone, outcome.at):
            self._count_missed(watched, outage.missed)
            self.metrics.caught_up(outcome.source, outage.caught_up)
        watched.missed = 0

    def _count_missed(self, watched: _Watched, missed: int) -> None:
        self.metrics.missed(watched.source.name, max(0, missed - watched.missed))
        watched.missed = max(missed, watched.missed)


def _missed_before(history: History) -> int:
    """Polls missed before the last one that was tried: the process that tried it has counted them."""
    outcomes = history.outcomes
    if not outcomes or outcomes[-1].ok:
        return 0
    began = next((outcome.last_began for outcome in reversed(outcomes) if outcome.ok), None)
    return missed_between(began, outcomes[-1].at, history.schedule, history.zone) if began else 0
