"""Records that our own code makes without a check: what the constructor would have made of the same fields."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime

import pytest
from pydantic import BaseModel

from builders import raw_mention, small_policy
from opinion_stream.domain.assessment.pipeline import Assessor
from opinion_stream.domain.collection.pipeline import Collector, Received
from opinion_stream.models.assessment import AssessedMention
from opinion_stream.models.base import Reason
from opinion_stream.models.mention import Mention

TEXTS = [
    "柳树镇停水三天了，老人孩子没有水喝，请自来水公司尽快解决！电话13812345678。",
    "谢谢。",
    "建议在县城学校食堂公开菜谱，食堂饭菜太差，听说有学生吃坏了肚子。",
]


def records() -> list[AssessedMention]:
    now = datetime(2026, 11, 9, tzinfo=UTC)
    values = [json.dumps(raw_mention(id=str(number), text=text)).encode() for number, text in enumerate(TEXTS)]
    mentions = Collector(small_policy(), b"a key of sixteen").collect([Received(value, now) for value in values])
    kept = [mention for mention in mentions if isinstance(mention, Mention)]
    assessments = Assessor(small_policy()).assess(kept)
    return [AssessedMention(mention=m, assessment=a) for m, a in zip(kept, assessments, strict=True)]


def parts(record: BaseModel) -> list[BaseModel]:
    """The record and all records in it."""
    found = [record]
    for value in record.__dict__.values():
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(each, BaseModel):
                found += parts(each)
    return found


@pytest.mark.parametrize("record", records(), ids=lambda record: record.id)
def test_every_field_is_there_in_order_and_of_its_type(record: AssessedMention) -> None:
    again = AssessedMention.model_validate_json(record.to_bytes())
    assert again == record
    assert again.to_bytes() == record.to_bytes()
    for part, other in zip(parts(record), parts(again), strict=True):
        assert list(part.__dict__) == list(type(part).model_fields)
        assert [type(value) for value in part.__dict__.values()] == [type(value) for value in other.__dict__.values()]


def test_it_can_be_copied_changed_and_hashed_like_any_other() -> None:
    made, checked = Reason.trusted(rule="r", text="因为", evidence=()), Reason(rule="r", text="因为")
    assert made == checked
    assert hash(made) == hash(checked)
    assert copy.deepcopy(made).model_copy(update={"text": "所以"}).text == "所以"
