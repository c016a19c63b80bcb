"""The OpenAPI document: the same served and exported, true to the routes, and the command that hands out tokens."""

from __future__ import annotations

import hashlib

import orjson
import pytest
from starlette.routing import Route
from typer.testing import CliRunner

from intake_support import Shelf, app_on, client_of, mention
from opinion_stream.adapters.intake.contract import MentionIn
from opinion_stream.adapters.intake.tokens import read_tokens
from opinion_stream.cli.main import build
from opinion_stream.errors import SettingsError
from opinion_stream.models.mention import RawMention

runner = CliRunner(env={"COLUMNS": "200", "TERM": "dumb"})


async def test_the_document_is_the_same_served_and_exported_and_names_every_route() -> None:
    app = app_on(Shelf())
    async with client_of(app) as client:
        served = (await client.get("/openapi.json", headers={"Authorization": ""})).json()
    exported = runner.invoke(build(("intake", "check")), ["intake", "--openapi"])

    assert orjson.loads(exported.stdout) == served
    routes = {route.path for route in app.routes if isinstance(route, Route)}
    assert routes == {*served["paths"], "/metrics", "/openapi.json"}


def test_the_contract_names_the_fields_of_a_raw_mention_and_no_others() -> None:
    assert set(MentionIn.model_fields) == set(RawMention.model_fields)


async def test_a_mention_with_every_field_passes_unchanged() -> None:
    full = mention(
        id=17, title="路灯", channel="app", author="某人", url="https://example.org/1", region_hint="南街", lang="zh",
        media={"name": "某报", "kind": "newspaper", "tier": 1}, likes=1, dislikes=2, reposts=3, comments=4, reads=5,
    )  # fmt: skip
    shelf = Shelf()
    async with client_of(app_on(shelf)) as client:
        answer = await client.post("/v1/mentions", json=full)

    assert set(full) == set(MentionIn.model_fields)
    assert answer.json()["accepted"] == [{"index": 0, "id": "17"}]
    assert shelf.values() == [full]


def test_a_new_token_is_printed_once_and_its_lines_are_a_file_of_tokens() -> None:
    result = runner.invoke(build(("intake", "check")), ["intake", "--new-token", "office", "--source", "论坛"])

    token, _, lines = result.stdout.partition("\n")
    client = read_tokens(lines).client_of(token.encode())
    assert client is not None
    assert client.name == "office"
    assert client.sources == {"论坛"}
    assert token not in lines
    assert hashlib.sha256(token.encode()).hexdigest() in lines


@pytest.mark.parametrize("arguments", [["--new-token", "office"], ["--new-token", "no good", "--source", "s"], []])
def test_what_is_missing_is_named(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPINION_INTAKE_TOKENS", "OPINION_INTAKE_TOKENS_FILE"):
        monkeypatch.delenv(name, raising=False)
    result = runner.invoke(build(("intake", "check")), ["intake", *arguments])
    assert isinstance(result.exception, SettingsError)
