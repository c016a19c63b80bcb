"""What is refused at the door, and in which words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from builders import CST, raw_mention, small_policy
from opinion_stream.domain.collection.parse import parse, parse_all
from opinion_stream.errors import Rejected
from opinion_stream.models.mention import RawMention

LIMITS = small_policy().collection


def record(**changes: Any) -> bytes:
    return json.dumps(raw_mention(**changes), ensure_ascii=False).encode()


def without(field: str) -> bytes:
    return json.dumps({k: v for k, v in raw_mention().items() if k != field}).encode()


def with_literal(field: str, literal: bytes) -> bytes:
    """A record in which that field holds text that no JSON writer of ours would write."""
    return record(**{field: "@@"}).replace(b'"@@"', literal)


def rejection(value: bytes) -> Rejected:
    with pytest.raises(Rejected) as caught:
        parse(value, LIMITS, CST)
    return caught.value


@pytest.mark.parametrize(
    ("value", "kind", "says"),
    [
        pytest.param(b"", "empty_record", "空的", id="nothing"),
        pytest.param(b" \r\n\t ", "empty_record", "空的", id="white space"),
        pytest.param(b"hello", "not_json", "JSON", id="no JSON"),
        pytest.param(record()[:-9], "not_json", "中途断了", id="cut off"),
        pytest.param(record() + record(), "not_json", "JSON", id="two records in one"),
        pytest.param(b"{'id': 1}", "not_json", "JSON", id="single quotes"),
        pytest.param(b"[" + record() + b"]", "not_an_object", "数组", id="array"),
        pytest.param(b'"text"', "not_an_object", "对象", id="text alone"),
        pytest.param(b"17", "not_an_object", "对象", id="number alone"),
        pytest.param(b"null", "not_an_object", "对象", id="null"),
        pytest.param(record(text="停水").replace("停".encode(), b"\xff\xfe"), "bad_encoding", "UTF-8", id="bad bytes"),
        pytest.param(record(text="停水").decode().encode("gb18030"), "bad_encoding", "UTF-8", id="GB 18030"),
        pytest.param(record().decode().encode("utf-16"), "bad_encoding", "UTF-8", id="UTF-16"),
        pytest.param(with_literal("text", b'"\\ud800"'), "lone_surrogate", "代理", id="lone high surrogate"),
        pytest.param(with_literal("text", b'"\\udc00x"'), "lone_surrogate", "代理", id="lone low surrogate"),
        pytest.param(with_literal("text", b'"\xed\xa0\x80"'), "bad_encoding", "UTF-8", id="encoded surrogate"),
        pytest.param(with_literal("text", b'"a\x00b"'), "control_character", "控制字符", id="raw NUL"),
        pytest.param(record(text="a\0b"), "nul_character", "U+0000", id="NUL in the text"),
        pytest.param(record(author="a\0b"), "nul_character", "author", id="NUL in the author"),
        pytest.param(record(media={"name": "\0"}), "nul_character", "media.name", id="NUL in the medium"),
        pytest.param(b'{"x":' + b"[" * 10_000 + b"]" * 10_000 + b"}", "too_deep", "嵌套", id="deep nesting"),
        pytest.param(record(text="长" * 1_700_000), "too_large", "字节", id="5 MB"),
        pytest.param(without("text"), "missing_field", "text", id="no text"),
        pytest.param(b"{}", "missing_field", "published_at", id="empty object"),
        pytest.param(record(text=5), "wrong_type", "text", id="text is a number"),
        pytest.param(record(text=None), "wrong_type", "text", id="text is null"),
        pytest.param(record(text=["a"]), "wrong_type", "text", id="text is an array"),
        pytest.param(record(likes=True), "wrong_type", "likes", id="likes is a truth value"),
        pytest.param(record(likes="3"), "wrong_type", "likes", id="likes is text"),
        pytest.param(record(likes=0.5), "wrong_type", "likes", id="likes is a fraction"),
        pytest.param(with_literal("likes", b"NaN"), "wrong_type", "likes", id="likes is NaN"),
        pytest.param(with_literal("likes", b"1e999"), "wrong_type", "likes", id="likes is infinite"),
        pytest.param(with_literal("likes", b"1" + b"0" * 300), "implausible_count", "likes", id="likes is huge"),
        pytest.param(with_literal("likes", b"1" + b"0" * 9000), "not_json", "JSON", id="likes is no number at all"),
        pytest.param(record(dislikes=-1), "negative_count", "dislikes", id="negative count"),
        pytest.param(record(id=1.5), "wrong_type", "id", id="id is a fraction"),
        pytest.param(record(media="weibo"), "wrong_type", "media", id="media is text"),
        pytest.param(record(media={"tier": 1.5}), "wrong_type", "media.tier", id="tier is a fraction"),
        pytest.param(record(source=""), "empty_field", "source", id="empty source"),
        pytest.param(record(source="s" * 101), "field_too_long", "source", id="long source"),
        pytest.param(record(url="http://a/" + "x" * 4000), "field_too_long", "url", id="long address"),
        pytest.param(record(published_at="昨天下午"), "bad_time", "published_at", id="time in words"),
        pytest.param(record(published_at="2026-02-30"), "bad_time", "published_at", id="no such day"),
        pytest.param(record(published_at=1e300), "bad_time", "published_at", id="number beyond time"),
        pytest.param(record(published_at={}), "wrong_type", "published_at", id="time is an object"),
        pytest.param(record(published_at=None), "wrong_type", "published_at", id="time is null"),
        pytest.param(record(published_at="0001-01-01T00:00:00+14:00"), "implausible_time", "2000", id="year 1"),
    ],
)
def test_a_malformed_record_is_rejected_with_a_reason_a_person_understands(value: bytes, kind: str, says: str) -> None:
    found = rejection(value)
    assert found.kind == kind
    assert says in found.reason
    assert re.search("[一-鿿]", found.reason)


def test_a_reason_names_all_missing_fields_in_words() -> None:
    assert rejection(b'{"id": "1"}').reason == "缺少必填字段：来源（source）、正文（text）、发布时间（published_at）"


@pytest.mark.parametrize(
    "make",
    [
        lambda secret: record(text="x", likes=secret),
        lambda secret: record(published_at=f"{secret}号"),
        lambda secret: record(source=secret * 30),
        lambda secret: f'{{"text": "{secret}'.encode(),
        lambda secret: record(author=f"{secret}\0"),
        lambda secret: json.dumps([secret]).encode(),
        lambda secret: json.dumps({secret: secret}).encode(),
        lambda secret: record(media={"name": {secret: 1}}),
    ],
)
def test_a_reason_never_quotes_the_record(make: Callable[[str], bytes]) -> None:
    assert "13800138000" not in rejection(make("13800138000")).reason


def test_a_record_is_read() -> None:
    raw = parse(record(id=17, author=99, media={"name": "安平晚报", "tier": 1}, unknown=[1]), LIMITS, CST)
    assert (raw.id, raw.author, raw.text) == ("17", "99", raw_mention()["text"])
    assert raw.media is not None
    assert raw.media.name == "安平晚报"


def test_what_a_source_need_not_give_may_be_null() -> None:
    needed = {"source", "text", "published_at"}
    optional = {field: None for field in RawMention.model_fields if field not in needed}
    raw = parse(record(**optional), LIMITS, CST)
    assert (raw.id, raw.author, raw.likes) == (None, None, None)


def test_a_byte_order_mark_is_no_fault_of_the_record() -> None:
    assert parse(b"\xef\xbb\xbf" + record() + b"\r\n", LIMITS, CST).id == "1"


@pytest.mark.parametrize(
    ("stated", "meant"),
    [
        ("2026-03-02T09:00:00", datetime(2026, 3, 2, 9, tzinfo=CST)),
        ("2026-03-02 09:00", datetime(2026, 3, 2, 9, tzinfo=CST)),
        ("2026-03-02", datetime(2026, 3, 2, tzinfo=CST)),
        ("2026-03-02T01:00:00Z", datetime(2026, 3, 2, 9, tzinfo=CST)),
        (1772413200, datetime(2026, 3, 2, 9, tzinfo=CST)),
        (1772413200000, datetime(2026, 3, 2, 9, tzinfo=CST)),
    ],
)
def test_a_time_without_a_zone_is_local_and_numbers_count_from_1970(stated: str | int, meant: datetime) -> None:
    published = parse(record(published_at=stated), LIMITS, CST).published_at
    assert published == meant
    assert published.tzinfo is not None


def test_the_last_of_repeated_keys_counts() -> None:
    assert parse(record().replace(b'"likes": 0', b'"likes": 1, "likes": 2'), LIMITS, CST).likes == 2


def test_one_bad_record_spoils_no_other() -> None:
    results = parse_all([record(id=1), b"{", record(id=2), record(text="\0"), record(id=3)], LIMITS, CST)
    assert [r.id if isinstance(r, RawMention) else r.kind for r in results] == [
        "1",
        "not_json",
        "2",
        "nul_character",
        "3",
    ]


def test_halves_that_would_make_whole_records_together_are_rejected_each() -> None:
    first = record(id=1) + b',{"source":"s","published_at":"2026-03-02","text":"x'
    results = parse_all([first, b'y"}'], LIMITS, CST)
    assert [type(r) for r in results] == [Rejected, Rejected]


@given(st.lists(st.binary(max_size=60) | st.just(record()) | st.text(max_size=40).map(str.encode), max_size=6))
def test_whatever_comes_each_record_is_accounted_for(values: list[bytes]) -> None:
    results = parse_all(values, LIMITS, CST)
    assert len(results) == len(values)
    assert all(isinstance(result, RawMention | Rejected) for result in results)


@given(st.binary(min_size=1, max_size=3), st.integers(0, 400))
def test_a_record_with_a_few_bytes_overwritten_is_read_or_rejected(noise: bytes, at: int) -> None:
    good = record()
    at %= len(good)
    [result] = parse_all([good[:at] + noise + good[at + len(noise) :]], LIMITS, CST)
    assert isinstance(result, RawMention | Rejected)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from([*raw_mention(), "media", "url", "reads", "lang"]), json_values))
def test_a_record_with_any_values_in_its_fields_is_read_or_rejected(changes: dict[str, Any]) -> None:
    [result] = parse_all([json.dumps(raw_mention(**changes)).encode()], LIMITS, CST)
    assert isinstance(result, RawMention | Rejected)
