"""The collector as a whole: from bytes to mentions that tell nobody."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from builders import CST, T0, raw_mention, small_policy
from opinion_stream.domain.collection.pipeline import Collector, Received
from opinion_stream.errors import Rejected
from opinion_stream.models.mention import Mention

KEY = b"k" * 32
COLLECTOR = Collector(small_policy(), KEY)
SHARED = Path(__file__).parents[4] / "shared" / "data"


def received(**changes: Any) -> Received:
    return Received(json.dumps(raw_mention(**changes), ensure_ascii=False).encode(), T0)


def collect(**changes: Any) -> Mention:
    [result] = COLLECTOR.collect([received(**changes)])
    assert isinstance(result, Mention), result
    return result


def rejection(**changes: Any) -> Rejected:
    [result] = COLLECTOR.collect([received(**changes)])
    assert isinstance(result, Rejected)
    return result


def test_a_mention_is_clean_masked_and_pseudonymous() -> None:
    mention = collect(
        title="<b>求助</b>　電話13800138000",
        text="我叫李小明，家住丽景小区3栋501，電話138-0013-8000。",
        author="李小明",
        region_hint="东河县  柳树镇",
        url="https://example.cn/a/1.html?uid=李小明",
        media={"name": "安平晚报", "tier": "central"},
        lang="zh-CN",
        reads=7,
    )
    assert mention.title == "求助 电话〔手机号〕"
    assert mention.text == "我叫〔姓名〕，家住丽景小区〔门牌号〕，电话〔手机号〕。"
    assert mention.masked == {"phone": 2, "name": 1, "house_number": 1}
    assert mention.url == "https://example.cn/a/1.html"
    assert (mention.media.name, mention.media.tier) == ("安平晚报", "city")
    assert (mention.region_hint, mention.lang, mention.reads) == ("东河县 柳树镇", "zh-CN", 7)
    for leak in ("13800138000", "138-0013-8000", "李小明", "3栋501"):
        assert leak not in mention.to_bytes().decode()


def test_times_are_local() -> None:
    mention = collect(published_at="2026-03-02T00:30:00Z")
    assert mention.published_at.isoformat() == "2026-03-02T08:30:00+08:00"
    assert mention.received_at == T0


def test_the_id_is_the_sources_own_where_it_is_plain() -> None:
    mention = collect(source="wenzheng", id=360114)
    assert (mention.id, mention.source_id) == ("wenzheng:360114", "360114")


@pytest.mark.parametrize(
    "source_id", ["13800138000", "李小明", "a b", "x" * 65, "110101199003078070", "a:b", "a@b.com", "张三-1"]
)
def test_an_id_that_may_tell_somebody_gives_way_to_a_hash(source_id: str) -> None:
    mention = collect(id=source_id)
    assert mention.source_id is None
    assert mention.id.startswith("h")
    assert len(mention.id) == 25
    assert source_id not in mention.to_bytes().decode()
    assert mention.id == collect(id=source_id, text="同一编号，内容改了。").id
    assert mention.id != collect(id=source_id, source="other").id


def test_a_source_that_is_somebodys_number_is_masked_everywhere() -> None:
    mention = collect(source="13800138000", channel="13900139000", region_hint="13700137000")
    assert mention.source == "〔手机号〕"
    assert not any(number in mention.to_bytes().decode() for number in ("13800138000", "13900139000", "13700137000"))


def test_without_an_id_the_content_makes_one() -> None:
    one = collect(id=None)
    assert one.id == collect(id=None, likes=5, title="柳树镇,又停水了!").id
    assert one.id == collect(id=" ").id
    assert len({one.id, collect(id=None, author="b").id, collect(id=None, text="别的内容").id}) == 3
    assert one.id != collect(id=None, published_at=(T0 - timedelta(hours=1)).isoformat()).id
    assert one.id == collect(id=None, published_at="2026-03-02T01:00:00Z").id
    assert one.source_id is None


def test_ids_and_voices_cannot_be_recomputed_without_the_key() -> None:
    [other] = Collector(small_policy(), b"another key").collect([received(id="13800138000")])
    assert isinstance(other, Mention)
    mine = collect(id="13800138000")
    assert (other.id, other.voice) != (mine.id, mine.voice)
    assert other.id != mine.id
    assert other.voice != mine.voice


@pytest.mark.parametrize("name", ["匿名", " （匿名） ", "【匿名网友】", "Ａｎｏｎｙｍｏｕｓ", "***", "N/A"])
def test_who_gives_no_name_is_no_voice_that_many_share(name: str) -> None:
    assert collect(id=1, author=name).voice is None


@pytest.mark.parametrize("name", ["网友123456", "匿名的风", "市民王先生", "****a"])
def test_a_name_that_tells_writers_apart_is_a_voice(name: str) -> None:
    assert collect(id=1, author=name).voice is not None


def test_the_same_unnamed_words_handed_in_again_are_the_same_mention() -> None:
    unnamed = collect(id=None, author="匿名")

    assert unnamed.id == collect(id=None, author="匿名").id
    assert unnamed.id != collect(id=None, author="someone").id


def test_the_same_author_keeps_a_voice_and_no_author_has_none() -> None:
    assert collect(id=1, author="a").voice == collect(id=2, author="a").voice
    assert collect(author="a").voice != collect(author="b").voice
    assert collect(author="a").voice != collect(author="a", source="other").voice
    assert collect(author=None).voice is None
    assert collect(author="  ").voice is None


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"text": ""}, "empty_text"),
        ({"text": " \u3000\t\u200b"}, "empty_text"),
        ({"text": "<p><br></p>&nbsp;"}, "empty_text"),
        ({"text": "长" * 20_001}, "text_too_long"),
        ({"title": "长" * 301}, "title_too_long"),
        ({"source": "\u200b"}, "empty_field"),
        ({"text": "<div>" * 6000 + "x"}, "html_too_complex"),
        ({"published_at": (T0 + timedelta(hours=25)).isoformat()}, "implausible_time"),
        ({"published_at": "9999-12-31T23:59:59Z"}, "implausible_time"),
        ({"published_at": "1999-12-31T23:59:59+08:00"}, "implausible_time"),
    ],
)
def test_what_cannot_be_a_mention_is_rejected(changes: dict[str, Any], kind: str) -> None:
    found = rejection(**changes)
    assert found.kind == kind
    assert found.reason


def test_clocks_may_differ_by_as_much_as_the_policy_allows() -> None:
    assert collect(published_at=(T0 + timedelta(hours=23)).isoformat())


def test_long_markup_around_a_short_text_is_no_long_text() -> None:
    assert collect(text="<p class='" + "x" * 30_000 + "'>停水了</p>").text == "停水了"


def test_results_stand_where_their_records_stood() -> None:
    results = COLLECTOR.collect([received(id=1), Received(b"{", T0), received(id=2, text=""), received(id=3)])
    assert [r.source_id if isinstance(r, Mention) else r.kind for r in results] == ["1", "not_json", "empty_text", "3"]


def test_working_on_a_record_again_gives_equal_bytes() -> None:
    records = [received(id=n, text=f"停水第{n}天，电话13800138000") for n in range(5)]
    first, again = COLLECTOR.collect(records), Collector(small_policy(), KEY).collect(records)
    assert [m.to_bytes() for m in first if isinstance(m, Mention)] == [
        m.to_bytes() for m in again if isinstance(m, Mention)
    ]


def test_a_collector_needs_a_key() -> None:
    with pytest.raises(ValueError, match="key is empty"):
        Collector(small_policy(), b"")


texts = st.text(max_size=30) | st.sampled_from(
    ["电话13800138000", "<p>停水</p>", "我叫李小明，男，", "&#0;", "\ufeff", "國"]
)
records = st.builds(
    raw_mention,
    id=st.none() | texts | st.integers(),
    source=texts,
    text=texts,
    title=st.none() | texts,
    channel=st.none() | texts,
    author=st.none() | texts,
    url=st.none() | texts | st.just("http://example.cn/u/1"),
    region_hint=st.none() | texts,
    lang=st.none() | texts,
    media=st.none() | st.builds(lambda n, k: {"name": n, "kind": k}, st.none() | texts, st.none() | texts),
    published_at=texts | st.datetimes().map(str) | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
).map(lambda raw: json.dumps(raw).encode())


@given(st.lists(records | st.binary(max_size=40), max_size=5))
def test_whatever_comes_is_collected_or_rejected_and_can_be_written(values: list[bytes]) -> None:
    results = COLLECTOR.collect([Received(value, T0) for value in values])
    assert len(results) == len(values)
    for result in results:
        if isinstance(result, Mention):
            assert Mention.model_validate_json(result.to_bytes()).id == result.id
            assert result.published_at.tzinfo == CST
        else:
            assert result.reason


def test_real_messages_are_all_collected() -> None:
    path = SHARED / "messages.jsonl"
    if not path.exists():
        pytest.skip("the real messages (../shared/data/messages.jsonl) are not on this machine")
    lines = path.read_bytes().splitlines()
    results = COLLECTOR.collect([Received(line, T0) for line in lines])
    assert [r for r in results if isinstance(r, Rejected)] == []
    assert len({m.id for m in results if isinstance(m, Mention)}) == len(lines)
    raw = [json.loads(line) for line in lines]
    # Cleaning leaves real text alone: where nothing was masked or of another script, it is the same.
    same = sum(m.text == r["text"] for m, r in zip(results, raw, strict=True) if isinstance(m, Mention))
    assert same > 0.9 * len(lines)
