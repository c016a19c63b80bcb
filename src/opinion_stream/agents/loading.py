"""Tells in the log how far a desk has read its state: a large one takes seconds and must not look like a standstill."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from opinion_stream.adapters.partition_state import PartitionState
from opinion_stream.agents.stage import Desk

log = structlog.get_logger(__name__)
TELL_SECONDS = 3.0


def loaded(
    state: PartitionState,
    partition: int,
    make: Callable[[PartitionState], Desk],
    clock: Callable[[], float] = time.monotonic,
) -> Desk:
    """The desk that `make` makes of the state. `desk_loading` is logged every three seconds, `desk_loaded` at the end.

    Raises what `make` raises.
    """
    entries, started = state.size()[0], clock()
    done, told = 0, started

    def tell(read: int) -> None:
        nonlocal done, told
        done += read
        now = clock()
        if now - told >= TELL_SECONDS:
            told = now
            # The count of entries is the database's estimate.
            left = round((now - started) * max(entries - done, 0) / done, 1)
            log.info("desk_loading", partition=partition, done=done, entries=entries, seconds_left=left)

    state.on_read = tell
    try:
        desk = make(state)
    finally:
        state.on_read = None
    log.info("desk_loaded", partition=partition, entries=done, seconds=round(clock() - started, 2))
    return desk
