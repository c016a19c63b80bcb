"""No record is taken before the one that comes before it, whatever is lost between the broker and the agent."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import pytest
from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from opinion_stream.agents.in_order import ENOUGH, LAST_WAIT_SECONDS, QUIET_SECONDS, InOrder, Taken

HERE = TP("opinion.escalations", 0)
THERE = TP("opinion.escalations", 1)


def sorted_in(order: InOrder, *offsets: int, place: TP = HERE, follows: int | None = None) -> Taken[int]:
    return order.take((offset, place, offset, offset if follows is None else follows) for offset in offsets)


@pytest.fixture
def order() -> InOrder:
    order = InOrder()
    order.begin({HERE: 201})
    return order


def test_what_follows_directly_is_taken(order: InOrder) -> None:
    taken = sorted_in(order, 201, 202, 203)
    assert (taken.now, taken.before, taken.due) == ([201, 202, 203], [], {HERE: 204})


def test_what_is_behind_a_missing_record_is_passed_over_and_the_missing_one_asked_for(order: InOrder) -> None:
    taken = sorted_in(order, 208, 209)
    assert (taken.now, taken.before) == ([], [])
    assert order.wanted(0.0) == {HERE: 201}
    order.done(sorted_in(order, 201, 202).due)
    assert order.due == {HERE: 203}


def test_a_gap_in_the_middle_of_a_batch_ends_it_there(order: InOrder) -> None:
    taken = sorted_in(order, 201, 203)
    order.done(taken.due)
    assert taken.now == [201]
    assert order.wanted(0.0) == {HERE: 202}


def test_a_gap_of_the_log_itself_is_none(order: InOrder) -> None:
    assert sorted_in(order, 290, follows=201).now == [290]


def test_what_was_taken_before_is_only_acknowledged(order: InOrder) -> None:
    taken = sorted_in(order, 199, 200, 201, 201)
    assert (taken.now, taken.before) == ([201], [199, 200, 201])


def test_what_was_not_made_durable_is_asked_for_again(order: InOrder) -> None:
    sorted_in(order, 201, 202)  # and the batch failed
    sorted_in(order, 203)
    assert order.wanted(0.0) == {HERE: 201}


def test_a_partition_of_another_is_passed_over(order: InOrder) -> None:
    assert sorted_in(order, 0, place=THERE) == Taken([], [], {})
    order.forget([HERE])
    assert sorted_in(order, 201).now == []
    order.done({HERE: 300})
    assert order.due == {}


def test_beginning_again_does_not_go_back(order: InOrder) -> None:
    order.done({HERE: 300})
    order.begin({HERE: 201, THERE: 5})
    assert order.due == {HERE: 300, THERE: 5}


def test_a_request_is_repeated_less_and_less_often_until_reading_counts_as_broken(order: InOrder) -> None:
    sorted_in(order, 208)
    asked = [now / 2 for now in range(600) if not order.lost(now / 2) and order.wanted(now / 2)]
    assert len(asked) == ENOUGH
    assert all(later > earlier for earlier, later in itertools.pairwise(asked))
    assert order.lost(asked[-1] + LAST_WAIT_SECONDS) == [HERE]
    order.done({HERE: 202})
    assert order.lost(600.0) == []


def test_a_partition_that_stands_still_before_its_end_is_asked_for(order: InOrder) -> None:
    order.look({HERE: 210}, 0.0)
    order.look({HERE: 210}, QUIET_SECONDS - 1)
    assert order.wanted(QUIET_SECONDS - 1) == {}
    order.look({HERE: 210}, QUIET_SECONDS)
    assert order.wanted(QUIET_SECONDS) == {HERE: 201}


def test_one_that_moves_or_is_at_its_end_or_waits_for_the_broker_is_not_asked_for(order: InOrder) -> None:
    for second in range(0, 600, 5):
        order.look({HERE: 201}, second)
        assert order.wanted(second) == {}
    for second in range(600, 1200, 5):
        order.done({HERE: 201 + second})
        order.look({HERE: 9999}, second)
        assert order.wanted(second) == {}
    order.rest(1200 + QUIET_SECONDS)
    order.look({HERE: 9999}, 1200 + QUIET_SECONDS)
    assert order.wanted(1200 + QUIET_SECONDS) == {}


def test_a_marker_at_the_end_of_a_log_never_stops_the_worker(order: InOrder) -> None:
    asked = 0
    for second in range(0, 24 * 3600, 5):
        order.look({HERE: 202}, second)
        asked += len(order.wanted(second))
        assert order.lost(second) == []
    assert asked < 50


@dataclass
class Reader:
    """A log and a reader of it as Faust's is: it goes on from its position, and may lose what it has read."""

    log: list[int]
    position: int = 0
    read: list[tuple[int, int]] = field(default_factory=list)

    def fetch(self, number: int) -> None:
        for offset in [offset for offset in self.log if offset >= self.position][:number]:
            self.read.append((offset, self.position))
            self.position = offset + 1


@given(
    st.sets(st.integers(0, 60), min_size=1),
    st.lists(st.tuples(st.sampled_from(["fetch", "lose", "take", "fail", "ask"]), st.integers(1, 9)), max_size=60),
)
def test_the_log_is_taken_whole_and_in_its_order_whatever_is_lost(log: set[int], steps: list[tuple[str, int]]) -> None:
    reader, order, done = Reader(sorted(log)), InOrder(), list[int]()
    order.begin({HERE: 0})
    now = 0.0

    def take(*, well: bool = True) -> None:
        taken = order.take((offset, HERE, offset, follows) for offset, follows in reader.read)
        reader.read.clear()
        if well:
            order.done(taken.due)
            done.extend(taken.now)

    def ask() -> None:
        reader.position = order.wanted(now).get(HERE, reader.position)

    for step, number in [*steps, *[("fetch", 99), ("take", 1), ("ask", 1), ("look", 1)] * 4]:
        now += QUIET_SECONDS
        match step:
            case "fetch":
                reader.fetch(number)
            case "lose":
                del reader.read[:number]
            case "take":
                take()
            case "fail":
                take(well=False)
            case "ask":
                ask()
            case "look":
                order.look({HERE: max(log) + 1}, now)
        assert done == reader.log[: len(done)]
    assert done == reader.log
