"""A worker that reads a large state says so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from opinion_stream.adapters.partition_state import DictBackend, PartitionState
from opinion_stream.adapters.replica import Replica
from opinion_stream.agents.loading import loaded
from opinion_stream.agents.stage import Desk, Output, Record


class Nothing:
    """A desk that only read its store."""

    def __init__(self, state: PartitionState) -> None:
        self.read = [key for prefix in ("a/", "b/") for key, _ in state.items(prefix)]

    def handle(self, records: list[Record]) -> list[Output]:
        return []

    def tick(self, now: object) -> list[Output]:
        return []


def state_of(entries: int) -> PartitionState:
    """A partition's memory with so many valid entries under each of two prefixes."""
    state = PartitionState(Replica(DictBackend()))
    for prefix in ("a/", "b/"):
        for number in range(entries):
            state.put(f"{prefix}{number:06d}", b"x")
    state.stage({})
    state.seal()
    state.finish()
    return state


def clock(step: float) -> Iterator[float]:
    """A clock that goes on by `step` seconds each time it is looked at."""
    now = 0.0
    while True:
        now += step
        yield now


def lines(entries: int, step: float) -> list[dict[str, object]]:
    """What is logged while a desk reads a state of so many entries twice."""
    state, time = state_of(entries), clock(step)
    with capture_logs() as logs:
        loaded(state, 3, _desk, lambda: next(time))
    assert state.on_read is None
    return [dict(line) for line in logs]


def _desk(state: PartitionState) -> Desk:
    desk: Desk = Nothing(state)  # type: ignore[assignment]
    return desk


def test_a_long_reading_tells_how_far_it_is_and_how_long_it_will_take() -> None:
    told = lines(entries=25_000, step=3.0)

    loading = [line for line in told if line["event"] == "desk_loading"]
    assert [line["done"] for line in loading] == [10_000, 20_000, 25_000, 35_000, 45_000, 50_000]
    assert all(line["partition"] == 3 for line in loading)
    left = [float(str(line["seconds_left"])) for line in loading]
    assert left == sorted(left, reverse=True)
    assert left[-1] == 0


@pytest.mark.parametrize("entries", [0, 3, 25_000])
def test_a_short_one_only_tells_that_it_is_done(entries: int) -> None:
    (line,) = lines(entries, step=0.001)

    assert (line["event"], line["entries"]) == ("desk_loaded", 2 * entries)
