"""The trained model: what it learns from a few texts, when it is sure, and when it leaves the word to the lexicon."""

from __future__ import annotations

import dataclasses
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import mention, small_policy
from opinion_stream.domain.assessment.category import LexiconClassifier
from opinion_stream.domain.assessment.pipeline import Assessor
from opinion_stream.domain.learning.calibration import Target, choose_threshold, fit_temperature, wilson_low
from opinion_stream.domain.learning.combined import CombinedClassifier
from opinion_stream.domain.learning.features import Sample, sample_of, usable
from opinion_stream.domain.learning.model import softmax
from opinion_stream.domain.learning.scores import calibration_error, score
from opinion_stream.domain.learning.training import Learned, Recipe, learn
from opinion_stream.errors import ModelError

ASSESSOR = Assessor(small_policy())
LEXICON = LexiconClassifier(small_policy().categories)
NAMES = [category.name for category in small_policy().categories.categories]
WORDS = {
    "城乡建设": ["电梯", "屋顶", "漏水", "围墙", "绿化", "楼道", "开发商"],
    "教育文体": ["作业", "班主任", "考试", "课程", "操场", "图书馆", "学费"],
    "卫生计生": ["护士", "药品", "挂号", "病房", "体检", "手术", "输液"],
}
FILLER = ["希望", "部门", "尽快", "处理", "昨天", "情况", "我们"]


def texts(per_class: int, seed: int = 0) -> tuple[list[str], list[str]]:
    """Made-up texts, none of whose words stands in the small policy's lexicon, and their labels."""
    dice = random.Random(seed)
    rows = [
        ("，".join([*dice.sample(words, 3), *dice.sample(FILLER, 3)]), name)
        for name, words in WORDS.items()
        for _ in range(per_class)
    ]
    return [text for text, _ in rows], [name for _, name in rows]


def samples_of(rows: list[str]) -> list[Sample]:
    return [sample_of(document, LEXICON) for document in ASSESSOR.read([mention(title="", text=text) for text in rows])]


@pytest.fixture(scope="module")
def learned() -> Learned:
    rows, labels = texts(12)
    return learn(samples_of(rows), labels, NAMES, 0.4, Recipe(folds=3, repeats=1))


def classify(learned: Learned, text: str) -> tuple[str, str]:
    classifier = CombinedClassifier(learned.model, small_policy().categories)
    result = classifier.classify(ASSESSOR.read([mention(title="", text=text)]))[0]
    return result.level1, result.source


def test_it_learns_words_that_the_lexicon_does_not_have(learned: Learned) -> None:
    rows, labels = texts(5, seed=1)

    assert [classify(learned, row)[0] for row in rows] == labels
    assert learned.validation.macro_f1 == 1.0


def test_it_names_the_words_it_rests_on(learned: Learned) -> None:
    classifier = CombinedClassifier(learned.model, small_policy().categories)

    result = classifier.classify(ASSESSOR.read([mention(title="", text="希望护士换药品，自来水公司来人")]))[0]

    assert {"护士", "药品"} <= set(result.evidence)


def test_agreement_with_the_lexicon_is_named_and_gives_the_lower_levels(learned: Learned) -> None:
    classifier = CombinedClassifier(learned.model, small_policy().categories)

    result = classifier.classify(ASSESSOR.read([mention(title="", text="学校食堂的课程和作业，班主任，考试")]))[0]

    assert (result.level1, result.level2, result.source) == ("教育文体", "中小学教育", "both")


def test_where_it_knows_nothing_it_is_unsure_and_files_under_the_fallback(learned: Learned) -> None:
    model = dataclasses.replace(learned.model, threshold=0.9)

    verdict = CombinedClassifier(model, small_policy().categories).judge(
        ASSESSOR.read([mention(title="", text="一二三四")])
    )[0]

    assert (verdict.result.level1, verdict.result.source) == ("其他事项", "unsure")
    assert verdict.guess in WORDS


def test_a_category_it_was_not_trained_on_is_the_lexicons_to_name(learned: Learned) -> None:
    assert classify(learned, "公交线路改了，公交车站没有班车，作业")[0:2] == ("交通运输", "lexicon")
    assert classify(learned, "堵车，作业")[1] == "unsure"


def test_equal_input_gives_an_equal_model() -> None:
    rows, labels = texts(6)
    one, two = (learn(samples_of(rows), labels, NAMES, 0.4, Recipe(folds=2, repeats=1)) for _ in range(2))

    assert np.array_equal(one.model.word_weights, two.model.word_weights)
    assert (one.model.temperature, one.model.threshold) == (two.model.temperature, two.model.threshold)


def test_two_categories_are_enough_and_one_is_not() -> None:
    rows, labels = texts(6)

    model = learn(samples_of(rows[:12]), labels[:12], NAMES, 0.4, Recipe(folds=2, repeats=1)).model

    assert model.probabilities(samples_of(rows[:12])).argmax(axis=1).tolist() == [
        model.classes.index(label) for label in labels[:12]
    ]
    with pytest.raises(ModelError, match="two categories"):
        learn(samples_of(rows[:6]), labels[:6], NAMES, 0.4, Recipe())


def test_a_category_with_too_few_texts_is_named() -> None:
    rows, labels = texts(5)

    with pytest.raises(ModelError, match="卫生计生"):
        learn(samples_of(rows[:12]), labels[:12], NAMES, 0.4, Recipe(folds=5))


def test_numbers_and_single_characters_are_no_features() -> None:
    assert [word for word in ("护士", "水", "138001", "A7", "。，", "2号") if usable(word)] == ["护士"]


@given(st.lists(st.lists(st.floats(-50, 50), min_size=3, max_size=3), min_size=1, max_size=5), st.floats(0.05, 20))
def test_probabilities_add_up_to_one(rows: list[list[float]], temperature: float) -> None:
    found = softmax(np.array(rows), temperature)

    assert np.allclose(found.sum(axis=1), 1)
    assert (found >= 0).all()


def test_the_temperature_undoes_overconfidence() -> None:
    dice = np.random.default_rng(0)
    honest = dice.normal(size=(4000, 3)) * 2
    places = np.array([dice.choice(3, p=row) for row in softmax(honest, 1.0)])

    assert fit_temperature(honest * 3, places) == pytest.approx(3.0, rel=0.1)


@given(st.integers(0, 10_000), st.sampled_from([0.1, 0.2, 0.4]))
def test_the_threshold_keeps_both_promises_or_the_share(seed: int, most: float) -> None:
    dice = np.random.default_rng(seed)
    confidences = dice.uniform(0.3, 1, 800)
    right = (dice.uniform(size=800) < confidences).tolist()
    none = np.zeros(800, dtype=bool)

    low = choose_threshold(confidences, right, none, none, Target(0.8, most))

    assert float((confidences < low).mean()) <= most


def test_the_threshold_is_no_higher_than_it_must_be() -> None:
    confidences = np.linspace(0.5, 1, 1000)
    none = np.zeros(1000, dtype=bool)

    assert choose_threshold(confidences, [True] * 1000, none, none, Target(0.9, 0.2)) == pytest.approx(0.5)
    assert wilson_low(95, 100) < 0.95


def test_scores_count_the_best_guess_and_leave_the_unsure_out_only_of_the_rest() -> None:
    found = score(["a", "a", "b", "b"], ["a", "b", "b", "c"], [True, False, True, False])

    assert found.accuracy == 0.5
    assert found.unsure_share == 0.5
    assert found.accuracy_on_rest == 1.0
    assert found.confusion == {"a": {"a": 1, "b": 1}, "b": {"b": 1, "c": 1}}
    assert found.macro_f1 == pytest.approx((2 / 3 + 0.5) / 2)
    assert found.per_class.keys() == {"a", "b"}


def test_calibration_error_is_the_distance_of_confidence_and_accuracy() -> None:
    assert calibration_error(np.array([0.9] * 10), [True] * 9 + [False]) == pytest.approx(0)
    assert calibration_error(np.array([1.0] * 10), [True] * 5 + [False] * 5) == pytest.approx(0.5)
