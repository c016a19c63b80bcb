"""What was seen before: resubmissions and word-for-word copies."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import hypothesis.strategies as st
from hypothesis import given

from builders import T0, mention
from opinion_stream.domain.collection.clean import fingerprint, words_only
from opinion_stream.domain.collection.repeats import Repeats
from opinion_stream.domain.state import DictStore
from opinion_stream.models.mention import Mention

WINDOW = timedelta(days=30)
LONG = "柳树镇已经停水两天，请尽快解决。"


def said(number: int, text: str = LONG, **kw: Any) -> Mention:
    return mention(source_id=str(number), title="", text=text, fingerprint=fingerprint("", text), **kw)


def marks(repeats: Repeats, *mentions: Mention) -> list[str | None]:
    """dropped, new, or the id that is repeated."""
    return ["dropped" if m is None else m.duplicate_of or "new" for m in repeats.mark(mentions)]


def test_an_id_seen_before_is_on_the_road_already() -> None:
    repeats = Repeats(DictStore(), WINDOW)
    assert marks(repeats, said(1), said(1)) == ["new", "dropped"]
    assert marks(repeats, said(1, text="内容改过的同一条留言。")) == ["dropped"]


def test_a_copy_names_the_first_of_its_wording_whatever_its_source() -> None:
    repeats = Repeats(DictStore(), WINDOW)
    assert marks(repeats, said(1), said(2, source="weibo"), said(3)) == ["new", "wenzheng:1", "wenzheng:1"]


def test_other_words_are_no_copy() -> None:
    assert marks(Repeats(DictStore(), WINDOW), said(1), said(2, text=LONG + "急！急急")) == ["new", "new"]


def test_two_people_who_say_thanks_are_two_mentions() -> None:
    repeats = Repeats(DictStore(), WINDOW)
    assert marks(repeats, said(1, text="谢谢！"), said(2, text="谢谢！")) == ["new", "new"]
    assert marks(Repeats(DictStore(), WINDOW, min_chars=2), said(1, text="谢谢！"), said(2, text="谢谢！")) == [
        "new",
        "wenzheng:1",
    ]


def test_after_the_window_a_repeat_is_new_again() -> None:
    repeats = Repeats(DictStore(), WINDOW)
    later = T0 + WINDOW * 1.1
    assert marks(repeats, said(1), said(2, received_at=later, text="另外一条完全不同的留言内容")) == ["new", "new"]
    assert marks(repeats, said(1, received_at=later), said(3, received_at=later)) == ["new", "wenzheng:1"]


def test_memory_survives_a_restart() -> None:
    store = DictStore()
    Repeats(store, WINDOW).mark([said(1)])
    assert marks(Repeats(store, WINDOW), said(1), said(2)) == ["dropped", "wenzheng:1"]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), max_size=25), st.integers(0, 25))
def test_each_id_passes_once_and_each_wording_has_one_first(seen: list[tuple[int, int]], restart: int) -> None:
    store = DictStore()
    mentions = [said(number, text=f"第{wording}种说法，" + LONG) for number, wording in seen]
    results = Repeats(store, WINDOW).mark(mentions[:restart]) + Repeats(store, WINDOW).mark(mentions[restart:])
    passed = [m for m in results if m is not None]
    assert len({m.id for m in passed}) == len(passed) == len({m.id for m in mentions})
    firsts = {m.fingerprint: m.id for m in passed if m.duplicate_of is None}
    assert all(firsts[m.fingerprint] == m.duplicate_of for m in passed if m.duplicate_of)


@given(st.text(alphabet="停水了，。 !ab1", max_size=120), st.integers(0, 30))
def test_a_text_is_short_by_its_words_alone(text: str, least: int) -> None:
    marked = marks(Repeats(DictStore(), WINDOW, least), said(1, text), said(2, text))
    assert (marked[1] == "new") == (len(words_only(text)) < least)
