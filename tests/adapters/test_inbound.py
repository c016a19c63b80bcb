"""The key of a raw record: repeats meet in one partition, and nothing has none."""

from __future__ import annotations

import json

import pytest

from builders import raw_mention
from fuzzing import Fuzzer, samples
from opinion_stream.adapters.inbound import inbound_key


def key(**changes: object) -> bytes:
    return inbound_key(json.dumps(raw_mention(**changes), ensure_ascii=False).encode())


@pytest.mark.parametrize(
    "text", ["<p>柳树镇停水，请解决！</p>", "柳樹鎮停水，請解決", "柳树镇　停\u200b水请解决", "柳树镇停水&nbsp;请解决"]
)
def test_the_same_words_have_the_same_key_whatever_their_markup(text: str) -> None:
    assert key(title="", text=text, id=1) == key(title="", text="柳树镇停水，请解决。", id=2)


def test_other_words_have_another_key() -> None:
    assert key(text="停水了") != key(text="停电了")


def test_every_record_has_a_key() -> None:
    for fuzzed in Fuzzer(3, samples()).records(500):
        assert len(inbound_key(fuzzed.value)) == 32
