"""Segmentation, keywords and the vector by which incidents are grouped."""

from __future__ import annotations

import math

import jieba.analyse
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import mention, small_policy
from opinion_stream.domain.assessment.features import FeatureMaker
from opinion_stream.domain.assessment.idf import idf_table
from opinion_stream.domain.assessment.lexicon import Lexicon, WordSet
from opinion_stream.domain.assessment.pipeline import Assessor
from opinion_stream.domain.assessment.segment import Terms, segment
from opinion_stream.models.mention import Mention

ASSESSOR = Assessor(small_policy())


def features(**kw: str) -> dict[str, float]:
    return ASSESSOR.assess([mention(**kw)])[0].features


def cosine(one: dict[str, float], two: dict[str, float]) -> float:
    return sum(weight * two.get(term, 0.0) for term, weight in one.items())


@given(st.text(max_size=200))
def test_segmentation_loses_nothing(text: str) -> None:
    assert "".join(segment(text)) == text


def test_keywords_have_the_weights_of_jieba() -> None:
    words = ["自来水", "公司", "停水", "停水", "通知", "小区", "物业", "通知", "自来水", "自来水"]

    class AsGiven:
        def cut(self, text: str) -> list[str]:
            return text.split()

    extractor = jieba.analyse.TFIDF()
    extractor.tokenizer = AsGiven()
    expected = dict(extractor.extract_tags(" ".join(words), topK=None, withWeight=True))
    terms = Terms(())
    found = terms.keywords(terms.telling(words), 10)
    assert dict(found) == pytest.approx(expected)
    assert [weight for _, weight in found] == sorted((weight for _, weight in found), reverse=True)


def test_the_idf_table_is_that_of_jieba() -> None:
    table, extractor = idf_table(), jieba.analyse.TFIDF()
    assert len(table.values) == len(extractor.idf_freq)
    assert all(table.values.get(word, -1.0) == value for word, value in extractor.idf_freq.items())
    assert table.median == extractor.median_idf


def test_stop_words_numbers_and_single_characters_are_no_features() -> None:
    found = features(title="", text="您好，我们 2024 年 12 月 停水了，请问领导")
    assert "停水" in found
    assert not found.keys() & {"您好", "我们", "领导", "2024", "12", "年", "了"}


def test_a_mention_without_words_has_no_features() -> None:
    assert features(title="", text="！！！ 123") == {}


@given(
    st.text(alphabet="停水供暖学校食堂公交线路柳树镇的了，。 12ab", max_size=60),
    st.text(alphabet="停水供暖学校食堂公交线路柳树镇的了，。 12ab", max_size=400),
)
def test_features_are_a_bounded_unit_vector(title: str, text: str) -> None:
    found = features(title=title, text=text)
    assert len(found) <= small_policy().incidents.max_features
    assert all(weight >= 0 for weight in found.values())
    if found:
        assert math.sqrt(cosine(found, found)) == pytest.approx(1, abs=2e-3)


def test_max_features_keeps_the_heaviest_terms() -> None:
    policy = small_policy().incidents.model_copy(update={"max_features": 8})
    item: Mention = mention(title="供暖", text="供热公司锅炉房管道漏水维修物业通知业主暖气片温度测量记录投诉热线")
    document = ASSESSOR.read([item])[0]
    few = FeatureMaker(policy, Terms(())).features(document)
    all_terms = FeatureMaker(small_policy().incidents, Terms(())).features(document)
    assert set(few) == set(list(all_terms)[:8])


def test_rewording_stays_near_and_another_matter_is_far() -> None:
    one = features(title="锦绣家园暖气不热", text="锦绣家园三号楼暖气一直不热，家里只有十二度，供热公司不管。")
    same = features(title="锦绣家园暖气冰凉", text="锦绣家园暖气冰凉，供热公司推给物业，室内温度很低。")
    other = features(title="小学食堂饭菜太差", text="第二小学食堂的饭菜又贵又难吃，学生吃不饱。")
    assert cosine(one, same) > 0.3 > 0.1 > cosine(one, other)


def test_lexicon_finds_overlapping_words_and_either_case() -> None:
    hits = Lexicon(["高速公路", "公路", "KTV"]).scan("高速公路旁的ktv")
    assert hits.words == {"高速公路", "公路", "KTV"}
    assert [word for _, word in hits.longest(WordSet(["高速公路", "公路", "KTV"]))] == ["高速公路", "KTV"]


def test_lexicon_places_survive_letters_that_grow_in_upper_case() -> None:
    assert Lexicon(["停水"]).scan("ßß停水").spans == ((2, 4, "停水"),)
