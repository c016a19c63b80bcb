"""Rules that are looked up by the words in a text: none that applies is left out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from opinion_stream.domain.assessment.conditions import CompiledCondition, WordIndex
from opinion_stream.policy.base import Condition

WORDS = st.sampled_from("甲乙丙丁戊")
LISTS = st.lists(WORDS, max_size=3)
CONDITIONS = st.builds(
    Condition,
    any_words=LISTS.map(tuple),
    all_words=st.lists(LISTS.map(tuple), max_size=2).map(tuple),
    none_words=LISTS.map(tuple),
    categories=st.sampled_from([(), ("教育",)]),
    min_sensitivity=st.sampled_from([0, 50]),
)


@given(st.lists(CONDITIONS, max_size=8), st.frozensets(WORDS), st.sampled_from([0.0, 60.0]))
def test_every_rule_that_holds_is_among_the_possible_ones_in_order(
    conditions: list[Condition], found: frozenset[str], sensitivity: float
) -> None:
    rules = [CompiledCondition(condition) for condition in conditions]
    possible = WordIndex([rule.needs for rule in rules]).possible(found)
    assert possible == sorted(set(possible))
    holding = [n for n, rule in enumerate(rules) if rule.evaluate(found, "教育", "other", sensitivity) is not None]
    assert set(holding) <= set(possible)


def test_the_words_are_told_in_the_order_of_the_rule_each_once() -> None:
    rule = CompiledCondition(Condition(any_words=("丙", "甲"), all_words=(("乙", "甲"),)))
    assert rule.evaluate(frozenset("甲乙丙丁"), "教育", "other") == ("丙", "甲", "乙")
    assert rule.evaluate(frozenset("丙丁"), "教育", "other") is None
