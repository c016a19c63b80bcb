"""The checker's own instruments: what they read equals what is documented, and they notice what is wrong."""

from __future__ import annotations

from types import SimpleNamespace

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.changelog_model import Log, Worker
from builders import T0
from faults.changelogs import Story, read
from faults.legality import illegal_steps, moves
from opinion_stream.domain.response.table import TABLE
from opinion_stream.errors import Fenced
from opinion_stream.models.task import TaskEvent, TaskState


def test_the_documented_table_is_read_whole() -> None:
    expected = {(k.value, a.value, b.value) for k, row in TABLE.items() for a, b in row.items()}
    assert moves() == expected


def event(action: str, before: TaskState | None, after: TaskState) -> TaskEvent:
    return TaskEvent(at=T0, action=action, from_state=before, to_state=after, role="r", cause="c")


def test_an_illegal_step_and_a_broken_chain_are_noticed() -> None:
    s = TaskState
    good = [event("open", None, s.PENDING), event("accept", s.PENDING, s.ACCEPTED)]
    leap = [*good, event("publish", s.ACCEPTED, s.PUBLISHED)]
    torn = [*good, event("draft", s.HANDLING, s.DRAFTED)]

    def task(history: list[TaskEvent], state: TaskState) -> object:
        return SimpleNamespace(id="t-1", history=tuple(history), state=state)

    assert illegal_steps(task(good, s.ACCEPTED)) == []  # type: ignore[arg-type]
    assert len(illegal_steps(task(leap, s.PUBLISHED))) == 1  # type: ignore[arg-type]
    assert len(illegal_steps(task(torn, s.DRAFTED))) == 1  # type: ignore[arg-type]
    assert len(illegal_steps(task(good, s.CLOSED))) == 1  # type: ignore[arg-type]


def story(log: Log) -> Story:
    return read(
        [
            SimpleNamespace(
                key=entry.key,
                value=entry.value,
                headers=[] if entry.batch is None else [("batch", entry.batch.to_bytes(8, "big"))],
            )
            for entry in log.entries
        ]  # type: ignore[arg-type]
    )


WRITES = st.dictionaries(st.sampled_from("abcd"), st.none() | st.binary(max_size=3), max_size=3)
STEPS = st.lists(st.tuples(st.integers(0, 1), st.sampled_from(["commit", "half", "over"]), WRITES), max_size=15)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_a_changelog_is_read_as_the_workers_read_it(steps: list[tuple[int, str, dict[str, bytes | None]]]) -> None:
    log = Log()
    workers: dict[int, Worker] = {}
    offset = 0
    for name, step, writes in steps:
        try:
            if step == "over" or name not in workers:
                workers[name] = Worker(log)
            workers[name].put(writes)
            if step == "half":
                workers[name].stage({})
                workers[name].flush(1)
                del workers[name]
            else:
                offset += 1
                workers[name].commit(t=offset)
        except Fenced:
            del workers[name]

    told = story(log)

    assert told.state == Worker(log).content
    assert told.problems == []
    assert all(a.after == b.before for a, b in zip(told.batches, told.batches[1:], strict=False))
