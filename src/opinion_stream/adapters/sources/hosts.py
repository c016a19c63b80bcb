"""Turns at a host: how many requests run at once, and how far apart they begin."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from opinion_stream.adapters.sources.base import Surroundings
from opinion_stream.policy.sources import HttpManners


@dataclass
class _Host:
    seats: asyncio.Semaphore
    free_at: datetime = field(default=datetime.min.replace(tzinfo=UTC))


class Hosts:
    """Shared by all sources, since two of them may live on one host."""

    def __init__(self, manners: HttpManners, around: Surroundings) -> None:
        self._manners = manners
        self._around = around
        self._hosts: dict[str, _Host] = {}

    @asynccontextmanager
    async def turn(self, host: str, crawl_delay: float = 0) -> AsyncIterator[None]:
        """Wait for a turn at the host, and hold it. `crawl_delay`: seconds its robots.txt asks for."""
        known = self._known(host)
        async with known.seats:
            apart = max(self._manners.per_host_seconds, crawl_delay)
            now = self._around.clock.now()
            # Never longer than there can be reason for: the machine's clock may have been set back.
            longest = max(apart * self._manners.per_host_concurrency, self._manners.longest_wait_seconds)
            wait = min(max(0.0, (known.free_at - now).total_seconds()), longest)
            known.free_at = now + timedelta(seconds=wait + apart)
            if wait:
                await self._around.sleep(wait)
            yield

    def hold_off(self, host: str, seconds: float) -> None:
        """The host asked for a pause: no turn begins before."""
        known = self._known(host)
        known.free_at = max(known.free_at, self._around.clock.now() + timedelta(seconds=seconds))

    def _known(self, host: str) -> _Host:
        if host not in self._hosts:
            self._hosts[host] = _Host(asyncio.Semaphore(self._manners.per_host_concurrency))
        return self._hosts[host]
