"""Whatever comes in, collection does not fall over: each record becomes a mention, a repeat or a dead letter.

`make fuzz` runs it with more records and another seed (FUZZ_RECORDS, FUZZ_SEED).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from pydantic_core import from_json

from builders import T0, raw_mention
from fuzzing import PLANTS, REAL, REPO, Fuzzed, Fuzzer, dumped, samples
from opinion_stream.adapters.seal import Sealer
from opinion_stream.agents.collection import CollectionDesk
from opinion_stream.agents.stage import Happening, Output, Record, Tools
from opinion_stream.domain.collection.pipeline import Collector, Received
from opinion_stream.domain.dead_letters.codes import CODES
from opinion_stream.domain.state import DictStore
from opinion_stream.errors import Rejected
from opinion_stream.models.control import DeadLetter
from opinion_stream.models.mention import Mention
from opinion_stream.policy import load_policy
from opinion_stream.topics import COLLECTED, INBOUND

RECORDS = int(os.environ.get("FUZZ_RECORDS", "20000"))
SEED = int(os.environ.get("FUZZ_SEED", "20261109"))
BATCH = 500
TOOLS = Tools(load_policy(REPO / "config"), Sealer(b"k" * 32), b"k" * 32)


def handled(desk: CollectionDesk, batch: Sequence[Fuzzed], start: int) -> list[Output]:
    """The desk's outputs; fails with the record that brings it down."""
    records = [Record(INBOUND, 0, start + n, None, fuzzed.value, T0) for n, fuzzed in enumerate(batch)]
    try:
        return desk.handle(records)
    except Exception as error:
        for number, record in enumerate(records):
            try:
                CollectionDesk(TOOLS, DictStore()).handle([record])
            except Exception:  # noqa: BLE001
                kind = batch[number].kind
                raise AssertionError(
                    f"record {start + number} ({kind}) brings it down: {record.value[:500]!r}"
                ) from error
        raise


def check_letter(value: bytes, batch: Sequence[Fuzzed], start: int) -> DeadLetter:
    letter = DeadLetter.model_validate_json(value)
    assert letter.kind in CODES
    assert letter.kind != "internal_error"
    assert any("\u4e00" <= char <= "\u9fff" for char in letter.reason), letter.reason
    assert TOOLS.sealer.open(letter.original_sealed) == batch[letter.offset - start].value
    told = letter.model_dump_json(exclude={"original_sealed"})
    assert not [datum for datum in PLANTS if datum in told]
    return letter


def check_mention(value: bytes) -> Mention:
    mention = Mention.model_validate_json(value)
    assert mention.to_bytes() == value, "what was written is not what is read"
    assert mention.text
    assert mention.text.isprintable() or not any(c < " " or "\u202a" <= c <= "\u202e" for c in mention.text)
    return mention


def planted(value: bytes) -> list[str]:
    """The personal data that stand, in words that tell what they are, in title or text of a record."""
    data = from_json(value.removeprefix(b"\xef\xbb\xbf"))
    held = [data.get("title") or "", data["text"]]
    return [datum for datum, words in PLANTS.items() if any(words in text for text in held)]


def run(count: int, seed: int) -> Counter[str]:
    """Fuzz with that many records; what became of them, by code of the dead letter, `mention` or `repeat`."""
    told: Counter[str] = Counter()
    store = DictStore()
    tools = Tools(TOOLS.policy, TOOLS.sealer, TOOLS.secret, count=lambda what, times: told.update({what.value: times}))
    desk = CollectionDesk(tools, store)
    recording = desk._collector = Recording(desk._collector)  # type: ignore[assignment]
    fuzzer = Fuzzer(seed, samples())
    ids: set[str] = set()
    for start in range(0, count, BATCH):
        batch = list(fuzzer.records(min(BATCH, count - start)))
        outputs = handled(desk, batch, start)
        letters = [check_letter(o.value, batch, start) for o in outputs if o.topic != COLLECTED]
        mentions = [check_mention(o.value) for o in outputs if o.topic == COLLECTED]
        told.update(letter.kind for letter in letters)
        failed = {letter.offset - start for letter in letters}
        assert len(failed) == len(letters)
        told["mention"] += len(mentions)
        told["repeat"] += len(batch) - len(letters) - len(mentions)
        assert len(letters) + len(mentions) <= len(batch)
        assert not ids & {mention.id for mention in mentions}, "an id came twice"
        ids |= {mention.id for mention in mentions}
        for fuzzed, result in zip(batch, recording.results, strict=True):
            if isinstance(result, Mention):
                # Every record that passed stands under its id, now or from before.
                assert result.id in ids
                check_plants(fuzzed.value, result)
    return told


class Recording:
    """A collector that remembers what became of the last batch."""

    def __init__(self, inner: Collector) -> None:
        self._inner = inner
        self.results: list[Mention | Rejected] = []

    def collect(self, records: Sequence[Received]) -> list[Mention | Rejected]:
        self.results = self._inner.collect(records)
        return self.results


def check_plants(value: bytes, mention: Mention) -> None:
    data = planted(value)
    if data:
        written = mention.model_dump_json()
        assert not [datum for datum in data if datum in written], f"{data}: {written} from {value!r}"


@pytest.mark.skipif(
    not REAL.is_file(), reason="needs the real messages: of the few of the scenario most are repeats of one another"
)
def test_every_fuzzed_record_is_accounted_for_and_tells_nobody() -> None:
    told = run(RECORDS, SEED)

    happenings = {what.value for what in Happening}
    assert sum(count for what, count in told.items() if what not in happenings) == RECORDS
    assert told["mention"] > RECORDS / 4, "too little gets through for the outputs to be tested"
    assert told["repeat"] > RECORDS / 100
    assert RECORDS < 20_000 or len(set(told) & set(CODES)) >= 18, "too few ways to fail are tried"
    print(f"\n{RECORDS} records, seed {SEED}: {dict(told.most_common())}")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(raw_mention())), JSON, max_size=4), st.binary(max_size=60))
def test_any_json_in_any_field_is_accounted_for(changes: dict[str, object], junk: bytes) -> None:
    desk = CollectionDesk(TOOLS, DictStore())
    batch = [
        Fuzzed("json", dumped({**raw_mention(), **changes})),
        Fuzzed("bytes", junk),
        Fuzzed("good", dumped(raw_mention(id="ok"))),
    ]

    outputs = handled(desk, batch, 0)

    letters = [check_letter(o.value, batch, 0) for o in outputs if o.topic != COLLECTED]
    mentions = [check_mention(o.value) for o in outputs if o.topic == COLLECTED]
    assert len(letters) + len(mentions) == 3
    assert mentions[-1].id == "wenzheng:ok"
