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


class Model:
    """What `Repeats` must do, in the simplest words: lists of what was seen, oldest first, looked through each time."""

    def __init__(self, window: timedelta, most: int) -> None:
        self._step = window / 24
        self._most = most
        self._ids: list[tuple[int, str, str]] = []
        self._wordings: list[tuple[int, str, str]] = []
        self._oldest = -(10**12)

    def mark(self, m: Mention) -> str | None:
        now = int(m.received_at.timestamp() // self._step.total_seconds())
        self._oldest = max(self._oldest, now - 24)
        self._ids = [seen for seen in self._ids if seen[0] >= self._oldest]
        self._wordings = [seen for seen in self._wordings if seen[0] >= self._oldest]
        if any(key == m.id for _, key, _ in self._ids):
            return "dropped"
        self._remember(self._ids, (now, m.id, ""))
        first = next((value for _, key, value in self._wordings if key == m.fingerprint), None)
        if first is None:
            self._remember(self._wordings, (now, m.fingerprint, m.id))
        return "new" if first in (None, m.id) else first

    def _remember(self, seen: list[tuple[int, str, str]], entry: tuple[int, str, str]) -> None:
        if entry[0] >= self._oldest:
            seen.append(entry)
            seen.sort(key=lambda known: known[0])
            del seen[: max(0, len(seen) - self._most)]


arrivals = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 4), st.integers(-40, 40)), max_size=40)


@given(arrivals, st.sets(st.integers(0, 40)), st.integers(1, 8))
def test_memory_is_as_a_simple_list_whatever_restarts_and_whatever_order_of_times(
    seen: list[tuple[int, int, int]], restarts: set[int], most: int
) -> None:
    store = DictStore()
    model = Model(WINDOW, most)
    repeats = Repeats(store, WINDOW, most=most)
    for at, (number, wording, days) in enumerate(seen):
        if at in restarts:
            repeats = Repeats(store, WINDOW, most=most)
        one = said(number, text=f"第{wording}种说法，" + LONG, received_at=T0 + timedelta(days=days))
        assert marks(repeats, one) == [model.mark(one)]
        assert len([key for key in store.entries if key.startswith("id/")]) <= most
        assert len([key for key in store.entries if key.startswith("fp/")]) <= most


def test_an_id_alone_in_its_partition_is_forgotten_after_its_window_too() -> None:
    repeats = Repeats(DictStore(), WINDOW)
    assert marks(repeats, said(1), said(1, received_at=T0 + WINDOW), said(1, received_at=T0 + WINDOW * 1.1)) == [
        "new",
        "dropped",
        "new",
    ]


def test_beyond_the_cap_the_oldest_go_first_and_are_counted() -> None:
    store = DictStore()
    repeats = Repeats(store, WINDOW, most=3)
    numbered = [said(n, text=f"第{n}封来信，" + LONG) for n in range(5)]
    assert marks(repeats, *numbered) == ["new"] * 5
    assert repeats.forgotten_early == 4, "two ids and two wordings"
    assert len(store.entries) == 6 + 2, "three of each, and how far time has come"
    assert marks(Repeats(store, WINDOW, most=3), numbered[4], numbered[2], numbered[0]) == ["dropped", "dropped", "new"]


def test_below_the_cap_nothing_is_forgotten_early() -> None:
    repeats = Repeats(DictStore(), WINDOW, most=3)
    marks(repeats, said(1), said(2), said(3), said(1))
    assert repeats.forgotten_early == 0


def test_a_correction_under_the_same_id_is_passed_over_and_counted() -> None:
    repeats = Repeats(DictStore(), WINDOW)
    changed = said(1, text="更正：已经停水三天，请尽快解决。")
    assert marks(repeats, said(1), said(1, likes=7), changed, said(2, text=changed.text)) == [
        "new",
        "dropped",
        "dropped",
        "new",
    ]
    assert repeats.corrections == 1


def test_what_an_older_version_remembered_is_still_known() -> None:
    store = DictStore()
    step = int(T0.timestamp() // (WINDOW.total_seconds() / 24))
    store.put("id/wenzheng:1", f"{step}|1".encode())
    store.put(f"fp/{said(1).fingerprint}", f"{step}|wenzheng:1".encode())
    repeats = Repeats(store, WINDOW, most=3)
    assert marks(repeats, said(1, text="内容改过的同一条留言。"), said(2)) == ["dropped", "wenzheng:1"]
    assert repeats.corrections == 0, "what its words were is not known"


@given(st.text(alphabet="停水了，。 !ab1", max_size=120), st.integers(0, 30))
def test_a_text_is_short_by_its_words_alone(text: str, least: int) -> None:
    marked = marks(Repeats(DictStore(), WINDOW, least), said(1, text), said(2, text))
    assert (marked[1] == "new") == (len(words_only(text)) < least)


def test_what_is_set_aside_is_nobody_s_original() -> None:
    repeats = Repeats(DictStore(), WINDOW)
    assert marks(repeats, said(1, set_aside="商业广告"), said(2), said(3)) == ["new", "new", "wenzheng:2"]


def test_what_was_set_aside_goes_its_way_when_it_comes_again_under_other_rules_even_after_a_restart() -> None:
    store = DictStore()
    assert marks(Repeats(store, WINDOW), said(1, set_aside="商业广告"), said(1, set_aside="商业广告")) == [
        "new",
        "dropped",
    ]
    repeats = Repeats(store, WINDOW)
    assert marks(repeats, said(1), said(1), said(1, set_aside="商业广告"), said(2)) == [
        "new",
        "dropped",
        "dropped",
        "wenzheng:1",
    ]
