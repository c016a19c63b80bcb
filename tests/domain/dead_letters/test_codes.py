"""Reason codes are a closed list: whatever the code refuses with stands on it."""

from __future__ import annotations

import re
from pathlib import Path

from opinion_stream.domain.dead_letters.codes import CODES, code_of
from opinion_stream.topics import INBOUND, Stage, inputs_of

PACKAGE = Path(__file__).parents[3] / "src" / "opinion_stream"
REFUSAL = re.compile(r"Rejected\(\s*\"([a-z_]+)\"(?: if \w+ else \"([a-z_]+)\")?")


def test_every_code_that_is_used_stands_on_the_list_and_every_one_on_the_list_is_used() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py"))
    used = {code for pair in REFUSAL.findall(text) for code in pair if code}
    read = {topic for stage in Stage for topic in inputs_of(stage)} - {INBOUND}
    assert used | {f"invalid_{topic.model.__name__.lower()}" for topic in read} == set(CODES)


def test_a_code_of_nobodys_counts_as_other() -> None:
    assert code_of("bad_time") == "bad_time"
    assert code_of("something else 13812345678") == "other"
