"""The field mapping: what each way of naming a field gives, and that nothing unfit passes unmarked."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue, ValidationError

from builders import small_policy
from opinion_stream.domain.collection.mapping import FAULTS, Mapped, Mapper
from opinion_stream.domain.collection.parse import parse
from opinion_stream.errors import Rejected
from opinion_stream.models.mention import RawMention
from opinion_stream.policy import load_policy
from opinion_stream.policy.mapping import FieldMapping

SHANGHAI = ZoneInfo("Asia/Shanghai")
LIMITS = small_policy().collection
CONFIG = Path(__file__).resolve().parents[3] / "config"


def mapper(**fields: object) -> Mapper:
    base: dict[str, object] = {"text": "body", "published_at": "at"}
    return Mapper(FieldMapping.model_validate({"title": "t", "fields": base | fields}), "sample", SHANGHAI)


def mapped(record: JsonValue, **fields: object) -> Mapped:
    return mapper(**fields).map(record, row=7)


def refusal(made: Mapped) -> str | None:
    try:
        collected(made)
    except Rejected as rejection:
        return rejection.kind
    return None


def record(**parts: JsonValue) -> dict[str, JsonValue]:
    return {"body": "路灯不亮", "at": "2026-03-02 09:30:00", **parts}


def collected(made: Mapped) -> RawMention:
    return parse(orjson.dumps({"source": "s", **made.record}), LIMITS, SHANGHAI)


def test_dotted_paths_lists_and_columns_with_dots_in_their_names() -> None:
    found = mapped(
        record(a={"b": [{"c": "first"}, {"c": "second"}]}, **{"x.y": "plain"}),
        id="a.b.1.c",
        title="x.y",
        author="a.b.9.c",
    )

    assert (found.record["id"], found.record["title"]) == ("second", "plain")
    assert "author" not in found.record
    assert not found.faults


def test_the_first_place_that_holds_something_counts() -> None:
    found = mapped(record(old=" - ", new="2026-03-03 08:00", at=None), published_at=["at", "old", "new"])

    assert found.record["published_at"] == "2026-03-03T08:00:00+08:00"


def test_joins_leave_out_what_is_empty_and_templates_need_every_part() -> None:
    fields = {
        "text": {"join": ["body", "more", "extra"], "with": "；"},
        "url": {"template": "https://board.example/{no}?p={page}"},
    }

    whole = mapped(record(more="无", extra="三天了", no=12, page=1), **fields).record
    parts = mapped(record(no=12), **fields).record

    assert whole["text"] == "路灯不亮；三天了"
    assert whole["url"] == "https://board.example/12?p=1"
    assert "url" not in parts


def test_value_maps_defaults_and_constants() -> None:
    channel = {"path": "way", "map": {"1": "hotline"}, "default": "mail"}
    made = [mapped(record(way=way), channel=channel).record["channel"] for way in (1, "1", 9, None)]

    assert made == ["hotline", "hotline", "mail", "mail"]
    assert mapped(record(), channel={"value": "board"}).record["channel"] == "board"
    assert mapped(record(way=9), channel={"path": "way", "map": {"1": "hotline"}}).faults[0].kind == "not_in_map"


@pytest.mark.parametrize(
    ("written", "count"),
    [(3, 3), ("1,203", 1203), ("1.13万", 11300), ("2万+", 20000), ("3.5w", 35000), (12.0, 12), ("0", 0), ("7.0", 7)],
)
def test_counts_as_people_write_them(written: JsonValue, count: int) -> None:
    assert mapped(record(n=written), likes="n").record["likes"] == count


@pytest.mark.parametrize("written", ["很多", -1, "-3", 1.5, "1.5", True, [1], "1万2", float("inf"), float("nan")])
def test_a_count_that_cannot_be_read_is_a_fault_not_a_zero(written: JsonValue) -> None:
    found = mapped(record(n=written), likes="n")

    assert [(fault.field, fault.kind) for fault in found.faults] == [("likes", "bad_count")]


def test_a_long_number_that_a_spreadsheet_has_rounded_is_no_id() -> None:
    found = mapped(record(no=2.0260302093000123e19), id="no")

    assert found.faults[0].kind == "rounded"
    assert mapped(record(no=1001.0), id="no").record["id"] == "1001"


@pytest.mark.parametrize(
    ("spoilt", "kind", "said"),
    [
        ({"body": None}, "missing", "正文（text）没有取到值"),
        ({"at": "大概昨天"}, "bad_time", "发布时间（published_at）不是映射所声明的时间形式"),
        ({"body": {"html": "x"}}, "not_text", "正文（text）应为文字"),
    ],
)
def test_what_does_not_fit_becomes_a_rejection_that_names_mapping_row_and_field(
    spoilt: dict[str, JsonValue], kind: str, said: str
) -> None:
    found = mapped(record(**spoilt))

    assert [fault.kind for fault in found.faults] == [kind]
    with pytest.raises(Rejected) as caught:
        collected(found)
    assert caught.value.kind == "unmapped"
    assert caught.value.reason.startswith("按映射 sample 无法转换，第 7 行：")
    assert said in caught.value.reason
    assert "大概昨天" not in caught.value.reason


def test_a_stranger_cannot_write_his_own_reason() -> None:
    note = {"mapping": "张三 13800000000", "row": "13800000000", "fields": {"13800000000": "missing", "id": ["x"]}}

    with pytest.raises(Rejected) as caught:
        parse(orjson.dumps({"source": "s", "unmapped": note}), LIMITS, SHANGHAI)

    assert "138" not in caught.value.reason


def test_words_about_mapping_in_a_text_are_words() -> None:
    assert collected(mapped(record(body='他写道 "unmapped": {"row": 1}'))).text.startswith("他写道")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abn"), inner, max_size=3),
    max_leaves=8,
)


@given(json_values | st.dictionaries(st.sampled_from(["body", "at", "n", "a", "no"]), json_values))
def test_whatever_comes_it_is_a_mention_or_a_rejection_with_the_same_faults(value: JsonValue) -> None:
    found = mapped(value, likes="n", id="no", title="a.b", **{"media.name": "a.n"})

    assert {fault.kind for fault in found.faults} <= FAULTS.keys()
    # What the mapping lets pass, collection may still find too long, too early or too big a number.
    assert (refusal(found) == "unmapped") == bool(found.faults)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"text": "a"}, "published_at must be mapped"),
        ({"text": "a", "published_at": {"path": "b", "value": "c"}}, "exactly one of"),
        ({"text": "a", "published_at": {}}, "exactly one of"),
        ({"text": {"template": "plain"}, "published_at": "b"}, "names no place"),
        ({"text": "a", "published_at": {"path": "b", "zone": "Mars/Olympus"}}, "no time zone"),
        ({"text": {"path": "a", "time": "iso"}, "published_at": "b"}, "for published_at alone"),
        ({"text": "a", "published_at": "b", "phone": "c"}, "phone"),
    ],
)
def test_a_wrong_mapping_is_refused_with_the_reason(fields: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        FieldMapping.model_validate({"title": "t", "fields": fields})


def test_the_shipped_hotline_mapping_reads_an_order() -> None:
    order: JsonValue = {
        "order": {
            "code": "Q2026030200017",
            "subject": "路灯不亮",
            "appeal": "南大街路灯不亮。",
            "supplement": "已有三天。",
            "created_at": "2026-03-02 09:30:00",
            "caller_ref": "C-77",
            "way": 1,
            "caller_phone": "13800000000",
        },
        "area": {"county": "西峰区", "town": "南街街道"},
    }
    mapping = load_policy(CONFIG).mappings.files["hotline_12345_api"]

    found = Mapper(mapping, "hotline_12345_api", SHANGHAI).map(order)
    raw = collected(found)

    assert (raw.id, raw.text, raw.channel) == ("Q2026030200017", "南大街路灯不亮。\n已有三天。", "hotline")
    assert raw.published_at.isoformat() == "2026-03-02T09:30:00+08:00"
    assert raw.region_hint == "西峰区南街街道"
    assert b"13800000000" not in orjson.dumps(found.record)
