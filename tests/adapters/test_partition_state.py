"""A batch's writes are valid as a whole or not at all, wherever the process dies."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from opinion_stream.adapters.partition_state import MARKER, DictBackend, PartitionState


def commit(state: PartitionState, **offsets: int) -> None:
    state.stage(offsets)
    state.finish()


def test_what_was_committed_is_there_after_a_restart() -> None:
    backend = DictBackend()
    state = PartitionState(backend)
    state.put("a", b"1")
    commit(state, inbound=7)

    again = PartitionState(backend)

    assert again.get("a") == b"1"
    assert again.applied("inbound", 6)
    assert not again.applied("inbound", 7)


def test_a_batch_that_was_staged_but_not_finished_is_taken_back() -> None:
    backend = DictBackend()
    state = PartitionState(backend)
    state.put("kept", b"old")
    state.put("deleted later", b"x")
    commit(state, inbound=1)
    state.put("kept", b"new")
    state.put("fresh", b"y")
    state.delete("deleted later")
    state.stage({"inbound": 2})

    again = PartitionState(backend)

    assert dict(again.items("")) == {"kept": b"old", "deleted later": b"x"}
    assert not again.applied("inbound", 1)


def test_leftovers_of_a_dead_batch_do_not_become_valid_with_the_next() -> None:
    backend = DictBackend()
    state = PartitionState(backend)
    state.put("a", b"1")
    commit(state)
    state.put("a", b"dead")
    state.put("b", b"dead")
    state.stage({})
    second = PartitionState(backend)
    second.put("c", b"3")
    commit(second)

    third = PartitionState(backend)

    assert dict(third.items("")) == {"a": b"1", "c": b"3"}


def test_the_changelog_alone_rebuilds_the_same_state() -> None:
    backend, copy = DictBackend(), DictBackend()
    state = PartitionState(backend)
    for number in range(5):
        state.put(f"k{number % 3}", str(number).encode())
        if number == 3:
            state.delete("k1")
        copy.write(state.stage({"t": number + 1}))
        copy.write(dict([state.finish()]))

    assert copy.entries == backend.entries
    assert dict(PartitionState(copy).items("")) == dict(state.items(""))


def test_empty_values_and_absent_ones_differ() -> None:
    backend = DictBackend()
    state = PartitionState(backend)
    state.put("empty", b"")
    commit(state)

    assert PartitionState(backend).get("empty") == b""
    assert PartitionState(backend).get("absent") is None


KEYS = st.sampled_from(["a", "b", "c", "ab"])
WRITES = st.lists(st.tuples(KEYS, st.none() | st.binary(max_size=3)), max_size=6)


@settings(max_examples=200)
@given(st.lists(st.tuples(WRITES, st.sampled_from(["commit", "die staged", "die half written", "die before"]))))
def test_any_sequence_of_batches_and_deaths_equals_the_committed_batches_alone(
    batches: list[tuple[list[tuple[str, bytes | None]], str]],
) -> None:
    backend = DictBackend()
    model: dict[str, bytes] = {}
    state = PartitionState(backend)
    for writes, end in batches:
        after = dict(model)
        for key, value in writes:
            if value is None:
                state.delete(key)
                after.pop(key, None)
            else:
                state.put(key, value)
                after[key] = value
        if end == "commit":
            commit(state)
            model = after
        elif end == "die staged":
            state.stage({})
            state = PartitionState(backend)
        elif end == "die half written":
            before = dict(backend.entries)
            entries = state.stage({})
            backend.entries = before
            half = dict(list(entries.items())[: len(entries) // 2])
            backend.write(half)
            state = PartitionState(backend)
        else:
            state = PartitionState(backend)
        assert dict(state.items("")) == model
        assert all(state.get(key) == model.get(key) for key in ("a", "b", "c", "ab"))
        assert MARKER not in {key.encode() for key, _ in state.items("")}
