"""The page on privacy names what the code has: every field, every topic with its retention, every kind of mark."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from opinion_stream.domain.collection.mask import MARKERS
from opinion_stream.models.mention import Media, Mention, RawMedia, RawMention
from opinion_stream.topics import TOPICS

PAGE = (Path(__file__).parents[1] / "docs" / "privacy.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| `")]
NAMED = {row[0].strip("`"): row[1:] for row in ROWS}


def fields(name: str, model: type[BaseModel], inner: type[BaseModel]) -> set[str]:
    return {f"{name}.{field}" for field in model.model_fields} | {f"{name}.media.{f}" for f in inner.model_fields}


MODELS = [("RawMention", RawMention, RawMedia), ("Mention", Mention, Media)]


@pytest.mark.parametrize(("name", "model", "inner"), MODELS)
def test_every_field_has_its_purpose_and_no_other_is_named(
    name: str, model: type[BaseModel], inner: type[BaseModel]
) -> None:
    assert {key for key in NAMED if key.startswith(f"{name}.")} == fields(name, model, inner)
    assert all(all(NAMED[key]) for key in NAMED if key.startswith(f"{name}."))


def test_every_topic_has_purpose_retention_and_ground() -> None:
    named = {key.removeprefix("topic "): cells for key, cells in NAMED.items()}
    for topic in TOPICS:
        purpose, retention, ground = named[topic.name]
        assert purpose
        assert retention == ("不限" if topic.retention_days is None else f"{topic.retention_days} 天"), topic.name
        assert re.search("第[一二三四五六七八九十]+条|无个人信息", ground), topic.name


def test_every_kind_of_mark_is_explained() -> None:
    assert {kind: NAMED[kind][0] for kind in MARKERS} == MARKERS


def test_the_page_says_who_must_confirm_it() -> None:
    assert "法律顾问" in PAGE
    assert "不是法律意见" in PAGE
