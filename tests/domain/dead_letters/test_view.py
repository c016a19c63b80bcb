"""A refused record can be looked at without reading what collection would have masked."""

from __future__ import annotations

import json

import pytest

from builders import raw_mention, small_policy
from fuzzing import PLANTS, Fuzzer, samples
from opinion_stream.domain.collection.pipeline import Collector
from opinion_stream.domain.dead_letters.view import Viewer, fields_of
from opinion_stream.models.mention import RawMention

VIEWER = Viewer(Collector(small_policy(), b"k" * 32).masked, fields_of(RawMention))


def view(value: bytes | dict[str, object]) -> dict[str, str]:
    return dict(VIEWER.view(value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False).encode()))


def test_known_fields_are_shown_masked_and_who_spoke_is_not() -> None:
    seen = view(raw_mention(text="停水了，请打13812345678", author="张三", published_at="昨天", likes=-1, id="7"))
    assert seen["text"] == "停水了，请打〔手机号〕"
    assert seen["published_at"] == "昨天"
    assert (seen["likes"], seen["id"]) == ("-1", "7")
    assert seen["author"] == "〔文字，2 个字符〕"


def test_unknown_fields_numbers_and_names_of_accounts_show_their_shape_alone() -> None:
    seen = view(
        {"用户": {"手机": "13812345678"}, "likes": 13812345678, "media": {"name": "李小明的号", "kind": "微博"}}
    )
    assert seen == {
        "〔未知字段，2 个字符〕.〔未知字段，2 个字符〕": "〔文字，11 个字符〕",
        "likes": "〔数字，11 位〕",
        "media.name": "〔文字，5 个字符〕",
        "media.kind": "微博",
    }


def test_what_is_broken_off_is_shown_as_far_as_it_goes() -> None:
    seen = view('{"source":"weibo","title":"请打13812345678","text":"柳树镇停水，请打1381234'.encode())
    assert seen == {"source": "weibo", "title": "请打〔手机号〕"}


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("张三 13812345678 abc", "〔2字〕 〔11位〕 〔3字母〕"),
        ('{"a": 张三}', '{"〔1字母〕": 〔2字〕}'),
        ("李小明", "〔3字〕"),
    ],
)
def test_text_outside_of_fields_shows_its_shape_alone(text: str, shape: str) -> None:
    assert list(view(text.encode()).values()) == [shape]


def test_gb18030_is_seen_to_be_no_utf8() -> None:
    assert "停水" not in str(view('{"text": "停水了"}'.encode("gb18030")))


def test_nothing_moves_the_cursor() -> None:
    seen = view(b'{"text": "a\\u001b[2Jb\\u202ec\\u2028d", "x\\u001b": 1}')
    assert all(char.isprintable() for line in seen.items() for part in line for char in part)


def test_long_and_deep_records_are_cut() -> None:
    assert len(view({"text": "停水了。" * 4000})["text"]) < 400
    assert view({"text": "长" * 50_000})["text"] == "〔文字，50000 个字符〕"
    assert len(VIEWER.view(json.dumps({"title": [[str(n)] * 20 for n in range(20)]}).encode())) <= 61
    assert VIEWER.view(b'{"text":' + b"[" * 5000 + b"]" * 5000 + b"}")


def test_no_fuzzed_record_shows_a_planted_datum() -> None:
    told = {datum for datum in PLANTS if datum != "李小明"}
    for fuzzed in Fuzzer(5, samples()).records(1500):
        shown = "\n".join(f"{field}: {value}" for field, value in VIEWER.view(fuzzed.value))
        assert not [datum for datum in told if datum in shown], (fuzzed.kind, shown)
