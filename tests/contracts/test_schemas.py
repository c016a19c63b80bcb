"""The generated contract: valid, complete, and equal to what stands in `contracts/`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from opinion_stream.contracts.asyncapi import document
from opinion_stream.contracts.files import broken_since, stale, write
from opinion_stream.contracts.schemas import field_docs, schema_of, schemas
from opinion_stream.errors import OpinionStreamError
from opinion_stream.models.escalation import Escalation
from opinion_stream.topics import BY_NAME, ESCALATIONS, RECEIPTS, TOPICS, Stage

FOLDER = Path(__file__).parents[2] / "contracts"
RELEASES = sorted(path for path in (FOLDER / "released").iterdir() if path.is_dir())
NAMES = [topic.name for topic in TOPICS]


def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(schema_of(BY_NAME[name]), format_checker=FormatChecker())


@pytest.mark.parametrize("name", NAMES)
def test_each_schema_is_valid_itself(name: str) -> None:
    Draft202012Validator.check_schema(schema_of(BY_NAME[name]))


@pytest.mark.parametrize("name", NAMES)
def test_the_golden_sample_holds_the_schema_and_the_model(name: str) -> None:
    raw = (FOLDER / "samples" / f"{name}.json").read_bytes()
    validator(name).validate(json.loads(raw))
    model = BY_NAME[name].model
    record = model.model_validate_json(raw)
    assert model.model_validate_json(record.model_dump_json()) == record


@pytest.mark.parametrize("name", [topic.name for topic in TOPICS if topic.writers])
def test_what_we_write_gives_every_field_of_the_sample(name: str) -> None:
    raw = json.loads((FOLDER / "samples" / f"{name}.json").read_bytes())
    written = json.loads(BY_NAME[name].model.model_validate(raw, strict=False).model_dump_json())
    assert written == raw


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.name)
@pytest.mark.parametrize("name", NAMES)
def test_records_of_a_release_can_still_be_read(release: Path, name: str) -> None:
    sample = release / "samples" / f"{name}.json"
    if not sample.is_file():
        pytest.skip(f"{release.name} had no topic {name}")
    BY_NAME[name].model.model_validate_json(sample.read_bytes())


def test_the_committed_contract_is_what_the_code_says() -> None:
    assert stale(FOLDER) == []


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.name)
def test_no_body_that_relies_on_a_release_is_broken(release: Path) -> None:
    assert [f"{b.topic} {b.at}" for b in broken_since(release)] == []


def test_a_folder_without_schemas_is_named(tmp_path: Path) -> None:
    with pytest.raises(OpinionStreamError, match=r"no schemas here"):
        broken_since(tmp_path)


def test_a_topic_that_is_gone_is_a_break(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "schemas" / "rumours.schema.json").write_text("{}", encoding="utf-8")
    assert [(b.topic, b.at.what) for b in broken_since(tmp_path / "schemas")] == [("rumours", "the topic is gone")]


def test_writing_again_changes_nothing(tmp_path: Path) -> None:
    assert len(write(tmp_path)) == len(TOPICS) + 1
    assert write(tmp_path) == []
    (tmp_path / "schemas" / "tasks.schema.json").write_text("{}", encoding="utf-8")
    assert stale(tmp_path) == ["schemas/tasks.schema.json"]


def test_what_upstream_reads_gives_all_fields_and_what_it_writes_only_the_needed() -> None:
    read, written = schema_of(ESCALATIONS), schema_of(RECEIPTS)
    assert set(read["required"]) == set(Escalation.model_fields)  # type: ignore[arg-type]
    assert "note" not in written["required"]  # type: ignore[operator]


def test_fields_carry_the_words_of_their_docstrings() -> None:
    assert field_docs(Escalation)["first_at"] == "When the matter was first mentioned in public."
    properties = schemas()["escalations"]["properties"]
    assert properties["first_at"]["description"] == "When the matter was first mentioned in public."  # type: ignore[index,call-overload]


def test_every_topic_has_an_operation_and_every_stage_its_own() -> None:
    found = document()
    operations, channels = found["operations"], found["channels"]
    assert isinstance(operations, dict)
    assert isinstance(channels, dict)
    used = {operation["channel"]["$ref"].removeprefix("#/channels/") for operation in operations.values()}  # type: ignore[index,call-overload,union-attr]
    assert used == set(channels)
    for stage in Stage:
        assert any(name.startswith(f"{stage.value}-receives-") for name in operations)


def test_the_prefix_of_an_installation_is_in_every_address() -> None:
    channels = document("xidi")["channels"]
    assert isinstance(channels, dict)
    assert all(channel["address"].startswith("xidi.") for channel in channels.values())  # type: ignore[index,call-overload,union-attr]
