"""The language: what binds how, what it reads in Chinese, and that every mistake is told with its place and cure."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from opinion_stream.domain.collection.watch.parse import MAX_CHARS, parse
from opinion_stream.domain.collection.watch.query import And, Near, Not, Or, Query, Term, both, either, show
from opinion_stream.errors import QueryError

A, B, C = Term("甲"), Term("乙"), Term("丙")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("甲", A),
        ("甲 or 乙 and 丙", Or((A, And((B, C))))),
        ("(甲 or 乙) and 丙", And((Or((A, B)), C))),
        ("not 甲 and 乙", And((Not(A), B))),
        ("not (甲 and 乙)", Not(And((A, B)))),
        ("not 甲 near/5 乙", Not(Near(("甲",), ("乙",), 5))),
        ("甲 and 乙 near/5 丙", And((A, Near(("乙",), ("丙",), 5)))),
        ("(甲 or 乙) near/0 丙", Near(("甲", "乙"), ("丙",), 0)),
        ("甲 and (乙 and 丙)", And((A, B, C))),
        ("甲 与 乙 或 非 丙", Or((And((A, B)), Not(C)))),
        ("（甲 或 乙） 近/10 丙", Near(("甲", "乙"), ("丙",), 10)),
        ("甲 ＯＲ 乙", None),
        ("甲 OR 乙 AND 丙", Or((A, And((B, C))))),
        ('"a b" or “and”', Or((Term("a b"), Term("and")))),
        ("甲\n  or 乙", Or((A, B))),
        ("繁體 or ＡＢＣ", Or((Term("繁体"), Term("ABC")))),
        ("或许 or 非法", Or((Term("或许"), Term("非法")))),
    ],
)
def test_what_a_query_means(text: str, tree: Query | None) -> None:
    if tree is None:
        with pytest.raises(QueryError):
            parse(text)
        return
    assert parse(text) == tree


@pytest.mark.parametrize(
    ("text", "at", "says"),
    [
        ("", 0, "缺少一个词"),
        ("甲 and", 5, "缺少一个词"),
        ("and 甲", 0, "缺少一个词"),
        ("甲 or or 乙", 5, "缺少一个词"),
        ("甲 乙", 2, "缺少连接词"),
        ("甲 not 乙", 2, "and not"),
        ("甲 (乙)", 2, "缺少连接词"),
        ("甲 and (乙 or 丙", 6, "右括号"),
        ("甲) and 乙", 1, "右括号"),
        ("()", 1, "缺少一个词"),
        ('甲 and "乙', 6, "引号没有成对"),
        ('甲 and ""', 7, "引号里没有字"),
        ("甲 near 乙", 2, "near/10"),
        ("甲 near/ 乙", 2, "near/10"),
        ("甲 near/五 乙", 2, "near/10"),
        ("甲 near/999 乙", 2, "0 到 200"),
        ("甲 near/5 乙 near/5 丙", 11, "near 的两边"),
        ("甲 near/5 (乙 and 丙)", 9, "near 的两边"),
        ("甲 near/5 not 乙", 9, "near 的两边"),
        ("甲|乙", 1, "不是连接词"),
        ("甲,乙", 1, "不是连接词"),
        ("甲" * 61, 0, "过长"),
        ("甲 or " * 2000, MAX_CHARS, "过长"),
        ("(" * 30 + "甲" + ")" * 30, 20, "超过 20 层"),
        ("not " * 30 + "甲", 80, "超过 20 层"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_its_cure(text: str, at: int, says: str) -> None:
    with pytest.raises(QueryError) as told:
        parse(text)
    assert told.value.at == at
    assert says in str(told.value)
    assert "改法：" in str(told.value)


def test_the_caret_stands_below_the_place_in_columns_of_a_terminal() -> None:
    with pytest.raises(QueryError) as told:
        parse("学校 and 食堂 or\n停水 停电")
    _, line, caret = str(told.value).split("\n")
    assert line.strip() == "停水 停电"
    assert caret.index("^") == 4 + len("停水") * 2 + 1


WORDS = st.sampled_from(["甲", "乙", "丙丁", "a b", "and", "near/5", "近水", "或", "x(y)", "3|4", "WiFi"])
TERMS = st.builds(Term, WORDS)
SIDES = st.lists(WORDS, min_size=1, max_size=3).map(tuple)
NEARS = st.builds(Near, SIDES, SIDES, st.integers(0, 200))
TREES: st.SearchStrategy[Query] = st.recursive(
    TERMS | NEARS,
    lambda inner: st.one_of(st.builds(Not, inner), st.builds(both, inner, inner), st.builds(either, inner, inner)),
    max_leaves=8,
)


@given(TREES)
def test_what_is_shown_reads_back_as_the_same(tree: Query) -> None:
    assert parse(show(tree)) == tree


@given(st.text(alphabet='甲乙 ()（）"“”andornot与或非near/近1590|，\n', max_size=60))
def test_any_text_is_read_or_refused_with_a_place_inside_it(text: str) -> None:
    read: Query | QueryError
    try:
        read = parse(text)
    except QueryError as error:
        read = error
    if isinstance(read, QueryError):
        assert 0 <= read.at <= len(text)
    else:
        assert parse(show(read)) == read
