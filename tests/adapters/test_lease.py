"""The lease runs on a clock that nobody sets, and counts from when a sign of life was sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from opinion_stream.adapters.faust_transport import Lease
from opinion_stream.errors import Fenced


def lease(session: float = 10) -> tuple[Lease, Callable[[float], None]]:
    times = [100.0]

    def move(to: float) -> None:
        times[0] = to

    return Lease(session, lambda: times[0]), move


def test_it_holds_for_less_than_a_session_after_what_the_broker_accepted_was_sent() -> None:
    held, move = lease()
    assert not held.holds
    held.renewed(100)
    assert held.holds
    move(107.9)
    assert held.holds
    move(108.1)
    assert not held.holds


def test_an_answer_that_comes_late_does_not_shorten_it() -> None:
    held, move = lease()
    held.renewed(105)
    held.renewed(101)
    move(112)
    assert held.holds


async def test_after_an_outage_it_waits_for_the_next_sign_of_life() -> None:
    held, _ = lease()
    waiting = asyncio.ensure_future(held.wait())
    await asyncio.sleep(0.03)
    assert not waiting.done()
    held.renewed(100)
    await asyncio.wait_for(waiting, 5)


async def test_it_gives_up_when_the_partitions_are_being_left() -> None:
    held, _ = lease()
    with pytest.raises(Fenced):
        await held.wait(lambda: True)


async def test_it_gives_up_after_two_sessions() -> None:
    held, move = lease()
    waiting = asyncio.ensure_future(held.wait())
    await asyncio.sleep(0)
    move(121)
    with pytest.raises(Fenced):
        await asyncio.wait_for(waiting, 5)


async def test_with_patience_it_outwaits_an_outage_of_many_sessions_and_says_nothing_meanwhile() -> None:
    times = [100.0]
    held = Lease(10, lambda: times[0], patience_seconds=600)
    waiting = asyncio.ensure_future(held.wait())
    for times[0] in (150, 400, 699):
        await asyncio.sleep(0.03)
        assert not waiting.done()
    held.renewed(699)
    await asyncio.wait_for(waiting, 5)


async def test_patience_ends_at_once_when_the_partitions_are_being_left() -> None:
    times, leaving = [100.0], [False]
    held = Lease(10, lambda: times[0], patience_seconds=600)
    waiting = asyncio.ensure_future(held.wait(lambda: leaving[0]))
    await asyncio.sleep(0.03)
    leaving[0] = True
    with pytest.raises(Fenced):
        await asyncio.wait_for(waiting, 5)
