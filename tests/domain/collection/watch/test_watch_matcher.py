"""The compiled rules say what a naive reading of the tree says, for any queries on any text."""

from __future__ import annotations

import time

import hypothesis.strategies as st
import pytest
from hypothesis import example, given

from opinion_stream.domain.collection.watch.matcher import Matcher, holds_for_nothing
from opinion_stream.domain.collection.watch.parse import parse
from opinion_stream.domain.collection.watch.query import And, Near, Not, Or, Query, Term, both, either

WORDS = st.sampled_from(["停水", "停", "水", "学校", "校园", "食堂", "A", "a水"])
TEXTS = st.text(alphabet="停水学校园食堂Aa。", max_size=24)
SIDES = st.lists(WORDS, min_size=1, max_size=2).map(tuple)
TREES: st.SearchStrategy[Query] = st.recursive(
    st.builds(Term, WORDS) | st.builds(Near, SIDES, SIDES, st.integers(0, 8)),
    lambda inner: st.one_of(st.builds(Not, inner), st.builds(both, inner, inner), st.builds(either, inner, inner)),
    max_leaves=6,
)


def places(word: str, text: str) -> list[tuple[int, int]]:
    word, text = word.upper(), text.upper()
    return [(at, at + len(word)) for at in range(len(text)) if text.startswith(word, at)]


def naive(query: Query, title: str, text: str) -> bool:
    """Holds, by looking at every pair of places."""
    match query:
        case Term(word):
            return bool(places(word, title) or places(word, text))
        case Not(part):
            return not naive(part, title, text)
        case And(parts):
            return all(naive(part, title, text) for part in parts)
        case Or(parts):
            return any(naive(part, title, text) for part in parts)
        case Near(left, right, within):
            return any(
                0 <= max(s2 - e1, s1 - e2) <= within
                for part in (title, text)
                for one in left
                for other in right
                for s1, e1 in places(one, part)
                for s2, e2 in places(other, part)
            )


def holds(query: Query, title: str, text: str) -> bool:
    # A word that is always there lets any query be compiled, those that hold for the empty text too.
    matcher = Matcher([And((Term("¤"), query)) if not isinstance(query, And) else And((Term("¤"), *query.parts))])
    return bool(matcher.holding(matcher.find(title, f"{text}¤")))


@given(st.lists(TREES, min_size=1, max_size=5), TEXTS, TEXTS)
@example([parse("停水 near/0 停水")], "", "停水停水")
@example([parse("停水 near/3 水")], "", "停水")
@example([parse("食堂 near/8 学校")], "学校", "食堂")
def test_compiled_rules_agree_with_the_naive_reading(queries: list[Query], title: str, text: str) -> None:
    sound = [query for query in queries if not holds_for_nothing(query)]
    matcher = Matcher(sound)
    expected = {number for number, query in enumerate(sound) if naive(query, title, text)}
    assert matcher.holding(matcher.find(title, text)) == expected


@given(TREES, TREES, TEXTS)
def test_de_morgan(one: Query, other: Query, text: str) -> None:
    assert holds(Not(either(one, other)), "", text) == holds(both(Not(one), Not(other)), "", text)
    assert holds(Not(both(one, other)), "", text) == holds(either(Not(one), Not(other)), "", text)


@given(TREES, TEXTS)
def test_a_query_or_its_contrary_holds(query: Query, text: str) -> None:
    assert holds(query, "", text) != holds(Not(query), "", text)


@given(SIDES, SIDES, st.integers(0, 8), TEXTS)
def test_near_knows_no_order_and_grows_with_its_distance(
    left: tuple[str, ...], right: tuple[str, ...], within: int, text: str
) -> None:
    assert holds(Near(left, right, within), "", text) == holds(Near(right, left, within), "", text)
    assert holds(Near(left, right, within), "", text) <= holds(Near(left, right, within + 1), "", text)


@pytest.mark.parametrize(
    ("query", "title", "text", "expected"),
    [
        ("学校 near/4 食堂", "", "学校的新建食堂", True),
        ("学校 near/2 食堂", "", "学校的新建食堂", False),
        ("食堂 near/3 学校", "", "学校的新建食堂", True),
        ("学校 near/200 食堂", "学校", "食堂", False),
        ("wifi", "", "小区WiFi坏了", True),
        ("停水 and not 通知", "停水", "没有人来修", True),
        ("停水 and not 通知", "停水通知", "没有人来修", False),
    ],
)
def test_examples(query: str, title: str, text: str, expected: bool) -> None:
    matcher = Matcher([parse(query)])
    assert bool(matcher.holding(matcher.find(title, text))) is expected


@pytest.mark.parametrize("query", ["not 甲", "甲 or not 乙", "not 甲 and not 乙"])
def test_what_would_hold_for_nearly_every_text_is_refused(query: str) -> None:
    with pytest.raises(ValueError, match="empty text"):
        Matcher([parse(query)])


def test_a_text_that_repeats_a_word_thousands_of_times_costs_no_square() -> None:
    matcher = Matcher([parse("停 near/0 电")])

    def seconds(times: int) -> float:
        text = "停水" * times + "。" * 300 + "电" * times
        started = time.process_time()
        assert not matcher.holding(matcher.find("", text))
        return time.process_time() - started

    small = min(seconds(500) for _ in range(5))
    large = min(seconds(5000) for _ in range(3))
    assert large < 40 * small
