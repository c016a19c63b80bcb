"""Category, nature, sensitivity, response value, and the pipeline as a whole."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import mention, small_policy
from opinion_stream.domain.assessment.conditions import CompiledCondition
from opinion_stream.domain.assessment.pipeline import Assessor
from opinion_stream.models.assessment import Assessment, CategoryResult
from opinion_stream.models.base import Nature
from opinion_stream.policy.base import Condition

ASSESSOR = Assessor(small_policy())
TEXTS = st.text(alphabet="停水供暖气学校食堂中毒爆炸感谢建议请问听说死亡医院公交东西河县和平镇柳树，。a1", max_size=80)


def judge(title: str = "", text: str = "") -> Assessment:
    return ASSESSOR.assess([mention(title=title, text=text)])[0]


@pytest.mark.parametrize(
    ("text", "nature"),
    [
        ("建议在广场旁增加座椅", Nature.SUGGESTION),
        ("停水三天了没人管", Nature.DIFFICULTY),
        ("工地坍塌，有人死亡", Nature.SERIOUS_PROBLEM),
        ("凭什么规定六十岁才能办", Nature.MISUNDERSTANDING),
        ("网传自来水有毒，是不是真的", Nature.UNVERIFIED_CLAIM),
        ("请问如何办理落户", Nature.ENQUIRY),
        ("感谢社区工作人员，点赞", Nature.THANKS),
        ("今天天气晴", Nature.OTHER),
    ],
)
def test_nature(text: str, nature: Nature) -> None:
    found = judge(text=text)
    assert found.nature is nature
    assert nature is Nature.OTHER or all(sign in text for sign in found.nature_reason.evidence)


def test_equal_signs_go_to_the_nature_listed_first() -> None:
    assert judge(text="请问什么时候不再停水，没人管").nature is Nature.DIFFICULTY


def test_a_sign_counts_once_however_often_it_stands_there() -> None:
    assert judge(text="谢谢谢谢谢谢，停水没人管").nature is Nature.DIFFICULTY


def test_the_title_counts_more_than_the_text() -> None:
    found = judge(title="学校 老师", text="小区 物业")
    assert list(ASSESSOR._classifier.scores(ASSESSOR.read([mention(title="学校", text="小区")])[0])) == [
        "教育文体",
        "城乡建设",
    ]
    assert "学校" in found.category.evidence


def test_category_by_the_formula_of_the_lexicon() -> None:
    # 供暖: strong (3), once in the title that counts twice and once in the text; 学校: 1 in the text.
    found = judge(title="供暖", text="供暖、学校").category
    best, second = 3 * (1 + math.log(3)), 1.0
    assert found.confidence == pytest.approx((best - second) / (best + 3), abs=1e-4)
    assert found.evidence == ("供暖",)


def test_two_categories_of_like_weight_are_unsure() -> None:
    found = judge(text="学校门口的小区").category
    assert (found.source, found.level1, found.level2) == ("unsure", "其他事项", None)
    assert found.confidence < small_policy().categories.min_confidence


def test_sensitivity_names_rules_words_and_floor() -> None:
    found = judge(text="小区爆炸，多人受伤")
    assert found.sensitivity == 90
    assert found.floor == "II"
    assert {r.rule: r.evidence for r in found.sensitivity_reasons} == {"casualties": ("受伤",), "explosion": ("爆炸",)}


def test_sensitivity_is_cut_at_100() -> None:
    assert judge(text="学校食堂爆炸死亡中毒全村上百人").sensitivity == 100


def test_all_words_asks_for_one_of_each_group() -> None:
    assert judge(text="学校食堂吃了呕吐").floor == "III"
    assert judge(text="学校食堂不错").floor is None


def test_none_words_keep_a_rule_away() -> None:
    assert judge(text="全小区停水").sensitivity == 20
    assert judge(text="全小区感谢").sensitivity == 0


def test_response_value_names_the_first_rule_that_applies() -> None:
    found = judge(text="小区爆炸，多人受伤")
    assert found.priority_rule == "emergency"
    assert found.response_value.required
    assert "国办发〔2016〕61号" in found.response_value.text


def test_response_value_without_a_rule_follows_the_nature() -> None:
    thanks = judge(text="感谢司机师傅").response_value
    assert (thanks.required, thanks.score, thanks.rule) == (False, 5, "nature.thanks")
    assert judge(text="建议增加座椅").response_value.required


@given(
    st.sets(st.sampled_from("abcdef")),
    st.sets(st.sampled_from("abcdef")),
    st.lists(st.sets(st.sampled_from("abcdef"), min_size=1), max_size=3),
    st.sets(st.sampled_from("abcdef")),
)
def test_a_condition_holds_as_its_definition_says(
    found: set[str], any_words: set[str], all_words: list[set[str]], none_words: set[str]
) -> None:
    condition = Condition(
        any_words=tuple(sorted(any_words)),
        all_words=tuple(tuple(sorted(group)) for group in all_words),
        none_words=tuple(sorted(none_words)),
    )
    expected = (not any_words or bool(any_words & found)) and all(g & found for g in all_words)
    expected = expected and not none_words & found
    words = CompiledCondition(condition).evaluate(frozenset(found), "城乡建设", "other")
    assert (words is not None) == expected
    assert words is None or set(words) <= found


def test_a_condition_asks_for_category_nature_and_sensitivity() -> None:
    condition = CompiledCondition(Condition(categories=("甲",), natures=("thanks",), min_sensitivity=10))
    assert condition.evaluate(frozenset(), "甲", "thanks", 10) == ()
    assert condition.evaluate(frozenset(), "乙", "thanks", 10) is None
    assert condition.evaluate(frozenset(), "甲", "other", 10) is None
    assert condition.evaluate(frozenset(), "甲", "thanks", 9) is None


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=6))
def test_a_mention_is_assessed_alike_in_any_batch(texts: list[tuple[str, str]]) -> None:
    mentions = [mention(title=title, text=text) for title, text in texts]
    together = ASSESSOR.assess(mentions)
    assert together == [ASSESSOR.assess([item])[0] for item in mentions]
    policy = small_policy()
    for found in together:
        assert policy.region(found.region.code).level != "township"
        assert policy.unit(found.unit.code).name == found.unit.name
        assert found.unit not in found.co_units
        assert found.region_reason.text
        assert found.unit_reason.text
        assert found.nature_reason.text
        assert found.response_value.text


def test_another_classifier_takes_the_place_of_the_lexicon() -> None:
    class Always:
        def classify(self, documents: list[object]) -> list[CategoryResult]:
            return [CategoryResult(level1="交通运输", confidence=1, source="model") for _ in documents]

    found = Assessor(small_policy(), classifier=Always()).assess([mention(title="学校", text="安平市")])[0]  # type: ignore[arg-type]
    assert (found.category.source, found.unit.code) == ("model", "transport")
