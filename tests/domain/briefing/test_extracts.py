"""Sentences kept of an incident's mentions: as they stand, few, telling, never a greeting, an appeal or a person."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from builders import later, mention, small_policy
from opinion_stream.domain.briefing.extracts import Extract, Extractor, alike

EXTRACTION = small_policy().playbooks.extraction
EXTRACTOR = Extractor(EXTRACTION)
PIECES = [
    "停水两天了",
    "柳树镇",
    "，",
    "。",
    "！",
    "您好",
    "请尽快解决",
    "3个小区",
    "〔姓名〕",
    "#停水#",
    " ",
    "昨晚爆炸",
    "a",
    "\n",
]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=25).map("".join)


def passages(text: str, title: str = "") -> list[str]:
    return [passage.text for passage in EXTRACTOR.passages(mention(text=text, title=title))]


def keep(kept: list[Extract], number: int, text: str, mentions: int = 9, sensitivity: float = 0) -> None:
    said = mention(source_id=str(number), text=text, published_at=later(minutes=number))
    EXTRACTOR.keep(kept, said, mentions, sensitivity, ("停水", "柳树镇"), ("柳树镇",))


def test_greetings_appeals_thanks_and_questions_are_left_out_and_the_facts_stay() -> None:
    text = "您好，柳树镇停水两天了，请尽快解决。感谢政府！请问什么时候来水？自来水公司没有通知。"
    assert passages(text) == ["柳树镇停水两天了", "自来水公司没有通知"]


def test_a_clause_with_masked_personal_data_is_not_quoted() -> None:
    text = "柳树镇昨晚发生爆炸，伤者〔姓名〕电话〔手机号〕，救护车已经到了现场。"
    assert passages(text) == ["柳树镇昨晚发生爆炸"]


def test_hashtags_and_headings_at_the_beginning_are_cut_off() -> None:
    assert passages("#柳树镇停水# 【快讯】柳树镇停水两天了。") == ["柳树镇停水两天了"]


def test_without_a_text_the_title_speaks() -> None:
    assert passages(" ", title="柳树镇停水两天了") == ["柳树镇停水两天了"]


def test_the_lead_is_always_kept_and_later_mentions_only_when_it_pays() -> None:
    kept: list[Extract] = []
    keep(kept, 1, "柳树镇停水两天了。", mentions=1)
    keep(kept, 2, "西河县和平镇昨晚也开始停水。", mentions=2)
    assert [e.mention_id for e in kept] == ["wenzheng:1"]

    keep(kept, 2, "西河县和平镇昨晚也开始停水。", mentions=2, sensitivity=EXTRACTION.min_sensitivity)
    assert [e.mention_id for e in kept] == ["wenzheng:1", "wenzheng:2"]
    keep(kept, 3, "施工队挖断了东河县的主管道。", mentions=3)
    assert len(kept) == 3


def test_what_was_said_already_takes_no_second_place() -> None:
    kept: list[Extract] = []
    keep(kept, 1, "柳树镇停水两天了没人管。")
    keep(kept, 2, "柳树镇停水两天了没人管啊。")
    assert [e.mention_id for e in kept] == ["wenzheng:1"]


def test_a_more_telling_sentence_takes_the_place_of_the_weakest_but_never_of_the_lead() -> None:
    kept: list[Extract] = []
    for number, text in enumerate(["大家都在议论这个", "天气还是挺冷的啊", "街上的人越来越多", "超市里面排起长队"]):
        keep(kept, number, text)
    keep(kept, 9, "柳树镇停水影响3000户")
    assert len(kept) == EXTRACTION.kept
    assert kept[0].text == "大家都在议论这个"
    assert kept[1].text == "柳树镇停水影响3000户", "the oldest of the weakest goes"


@given(TEXTS)
def test_every_passage_stands_so_in_the_text_and_is_within_the_limits(text: str) -> None:
    for passage in passages(text):
        assert passage in text
        assert EXTRACTION.min_chars <= len(passage) <= EXTRACTION.max_chars
        assert not any(word in passage for word in (*EXTRACTION.not_facts, "〔"))


@given(st.lists(TEXTS, max_size=12))
def test_what_is_kept_is_bounded_named_and_without_near_repeats(texts: list[str]) -> None:
    kept: list[Extract] = []
    for number, text in enumerate(texts):
        keep(kept, number, text)
    assert len(kept) <= EXTRACTION.kept
    for extract in kept:
        number = int(extract.mention_id.split(":")[1])
        assert extract.text in (texts[number] if texts[number].strip() else mention().title)
    assert all(alike(a.text, b.text) < 1 for i, a in enumerate(kept) for b in kept[:i])
