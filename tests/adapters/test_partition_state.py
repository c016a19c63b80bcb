"""A batch's writes are valid as a whole or not at all, wherever the process dies."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.changelog_model import Log, Worker
from opinion_stream.adapters.partition_state import MARKER, DictBackend
from opinion_stream.errors import Fenced


def test_what_was_committed_is_there_after_a_restart() -> None:
    log = Log()
    worker = Worker(log)
    worker.put({"a": b"1"})
    worker.commit(inbound=7)

    again = Worker(log)

    assert again.state.get("a") == b"1"
    assert again.state.applied("inbound", 6)
    assert not again.state.applied("inbound", 7)


def test_a_batch_without_its_marker_is_taken_back() -> None:
    log = Log()
    worker = Worker(log)
    worker.put({"kept": b"old", "deleted later": b"x"})
    worker.commit(inbound=1)
    worker.put({"kept": b"new", "fresh": b"y", "deleted later": None})
    worker.stage({"inbound": 2})
    worker.flush()

    again = Worker(log)

    assert again.content == {"kept": b"old", "deleted later": b"x"}
    assert not again.state.applied("inbound", 1)


def test_leftovers_of_a_dead_batch_do_not_become_valid_with_the_next() -> None:
    log = Log()
    worker = Worker(log)
    worker.put({"a": b"1"})
    worker.commit()
    worker.put({"a": b"dead", "b": b"dead"})
    worker.stage({})
    worker.flush()
    second = Worker(log)
    second.put({"c": b"3"})
    second.commit()

    assert Worker(log).content == {"a": b"1", "c": b"3"}


def test_this_machine_knows_no_batch_that_the_changelog_does_not() -> None:
    log, disk = Log(), DictBackend()
    worker = Worker(log, disk)
    worker.put({"a": b"1"})
    worker.commit(inbound=1)
    worker.put({"a": b"2"})
    worker.stage({"inbound": 2})
    worker.state.wrote(worker.flush())
    worker.seal()  # and dies before the marker is written

    assert Worker(log, disk).content == Worker(log).content == {"a": b"1"}
    assert not Worker(log, disk).state.applied("inbound", 1)


def test_the_changelog_alone_rebuilds_what_the_disk_holds() -> None:
    log, disk = Log(), DictBackend()
    worker = Worker(log, disk)
    for number in range(5):
        worker.put({f"k{number % 3}": str(number).encode()})
        if number == 3:
            worker.put({"k1": None})
        worker.commit(t=number + 1)

    copy = Worker(log)

    assert copy.backend.entries == disk.entries
    assert copy.content == worker.content


def test_empty_values_and_absent_ones_differ() -> None:
    log = Log()
    worker = Worker(log)
    worker.put({"empty": b""})
    worker.commit()

    assert Worker(log).state.get("empty") == b""
    assert Worker(log).state.get("absent") is None


def test_what_was_not_said_is_kept_for_the_next_owner_and_only_for_it() -> None:
    log = Log()
    worker = Worker(log)
    worker.state.wrote([log.append(k, v, None) for k, v in worker.state.stage({"t": 1}, [b"first", b"second"]).items()])
    worker.seal()
    worker.state.wrote(worker.flush())

    second = Worker(log)
    second.commit()
    said = second.state.unsaid()
    second.commit()

    assert said == [b"first", b"second"]
    assert Worker(log).state.unsaid() == []


def test_what_was_said_is_not_missed_when_the_next_batch_died_over_it() -> None:
    log = Log()
    worker = Worker(log)
    worker.state.wrote([log.append(k, v, None) for k, v in worker.state.stage({"t": 1}, [b"one", b"two"]).items()])
    worker.seal()
    worker.state.wrote(worker.flush())
    worker.state.finish()
    for key, value in worker.state.stage({"t": 2}, [b"three"]).items():
        log.append(key, value, None)  # and dies before its marker

    second = Worker(log)
    second.commit()

    assert second.state.unsaid() == []
    assert second.state.applied("t", 0)
    assert not second.state.applied("t", 1)


def test_a_worker_that_wakes_after_another_has_taken_over_is_stopped_at_its_next_write() -> None:
    log = Log()
    sleeper = Worker(log)
    sleeper.put({"a": b"1"})
    sleeper.commit(t=1)
    sleeper.put({"a": b"of the sleeper"})
    sleeper.stage({"t": 2})
    owner = Worker(log)
    owner.put({"a": b"2"})
    owner.commit(t=2)

    with pytest.raises(Fenced):
        sleeper.state.wrote(sleeper.flush())

    assert Worker(log).content == {"a": b"2"}
    with pytest.raises(Fenced):
        owner.commit(t=3)  # it cannot know that the stray does not count; the log does


def test_of_two_that_claim_a_partition_one_goes_on() -> None:
    log = Log()
    Worker(log).commit()
    first, second = Worker(log), Worker(log)
    first.put({"a": b"first"})
    first.commit()
    second.put({"a": b"second"})

    with pytest.raises(Fenced):
        second.commit()

    assert Worker(log).content == {"a": b"first"}


def test_a_stray_is_made_good_before_compaction_can_make_it_the_last_word() -> None:
    log = Log()
    sleeper = Worker(log)
    sleeper.put({"a": b"1", "b": b"1"})
    sleeper.commit()
    sleeper.put({"a": b"stray", "new": b"stray", "b": None})
    sleeper.stage({})
    owner = Worker(log)
    owner.put({"a": b"2"})
    owner.commit()
    sleeper.flush()
    sleeper.seal()
    sleeper.flush()

    healer = Worker(log)
    healer.commit()
    log.compact(log.end)

    assert Worker(log).content == {"a": b"2", "b": b"1"}


KEYS = st.sampled_from(["a", "b", "c", "ab"])
WRITES = st.dictionaries(KEYS, st.none() | st.binary(max_size=3), max_size=4)
ENDS = st.sampled_from(["commit", "commit", "commit", "die before", "die staged", "die half written", "die marked"])


def after(before: dict[str, bytes], writes: dict[str, bytes | None]) -> dict[str, bytes]:
    return {key: value for key, value in {**before, **writes}.items() if value is not None}


@settings(max_examples=200)
@given(st.lists(st.tuples(WRITES, ENDS, st.booleans()), max_size=12))
def test_any_sequence_of_batches_and_deaths_equals_the_committed_batches_alone(
    batches: list[tuple[dict[str, bytes | None], str, bool]],
) -> None:
    log, disk = Log(), DictBackend()
    worker = Worker(log, disk)
    model: dict[str, bytes] = {}
    for writes, end, same_disk in batches:
        worker.put(writes)
        if end == "commit":
            worker.commit()
            model = after(model, writes)
        elif end != "die before":
            worker.stage({})
            worker.flush(len(worker.waiting) // 2 if end == "die half written" else None)
            if end == "die marked":
                worker.seal()
                worker.flush()
                model = after(model, writes)
        if end != "commit":
            disk = disk if same_disk else DictBackend()
            worker = Worker(log, disk)
        assert worker.content == model
        assert all(worker.state.get(key) == model.get(key) for key in ("a", "b", "c", "ab"))
        assert MARKER not in {key.encode() for key in worker.content}


STEPS = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.sampled_from(["take over", "write", "stage", "flush one", "flush all", "flush all", "seal", "compact"]),
        WRITES,
    ),
    min_size=10,
    max_size=40,
)


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_whatever_sleepers_write_late_the_log_tells_one_story(
    steps: list[tuple[int, str, dict[str, bytes | None]]],
) -> None:
    """Two machines take a partition over from each other and wake at any time. Batches that a worker was told are
    valid are all there in order, and nothing else is; compaction comes when the next owner has made strays good."""
    log = Log()
    disks = [DictBackend() for _ in range(2)]
    workers: dict[int, Worker] = {}
    phase: dict[int, str] = {}
    written: dict[int, dict[str, bytes | None]] = {}
    model: dict[str, bytes] = {}

    for name, step, writes in steps:
        try:
            if step == "compact":
                Worker(log).commit()
                log.compact(log.end)
            elif step == "take over" or name not in workers:
                workers[name], phase[name] = Worker(log, disks[name]), "idle"
                workers[name].commit()
            elif step == "write" and phase[name] == "idle":
                workers[name].put(writes)
                workers[name].commit()
                model = after(model, writes)
            elif step == "stage" and phase[name] == "idle":
                workers[name].put(writes)
                workers[name].stage({})
                phase[name], written[name] = "staged", writes
            elif step.startswith("flush") and phase[name] in ("staged", "sealed"):
                worker = workers[name]
                worker.state.wrote(worker.flush(1 if step == "flush one" else None))
                if phase[name] == "sealed" and not worker.waiting:
                    worker.state.finish()
                    phase[name] = "idle"
                    model = after(model, written[name])
            elif step == "seal" and phase[name] == "staged" and not workers[name].waiting:
                workers[name].seal()
                phase[name] = "sealed"
        except Fenced:
            del workers[name]  # it stops; what it had sent is in the log all the same
        assert Worker(log).content == model
    for disk in disks:
        assert Worker(log, disk).content == model
