"""The intake's OpenAPI document: made from the models of the contract, served and exported alike."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from opinion_stream import __version__
from opinion_stream.adapters.intake.contract import JSON, NDJSON, PROBLEM, Answer, Health, MentionIn, Problem
from opinion_stream.adapters.intake.problems import title

_REF = "#/components/schemas/{model}"
_MODELS: tuple[type[BaseModel], ...] = (MentionIn, Answer, Problem, Health)
_RETRY = {"Retry-After": {"description": "Seconds until it is worth trying again.", "schema": {"type": "string"}}}
_REQUEST = {"X-Request-Id": {"description": "Id of the request in the log.", "schema": {"type": "string"}}}


def document() -> dict[str, Any]:
    """The document, OpenAPI 3.1. `/metrics` is left out: it is for operators, not for those who hand in mentions."""
    _, schemas = models_json_schema([(model, "validation") for model in _MODELS], ref_template=_REF)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "opinion-stream intake",
            "version": __version__,
            "summary": "监测收集·接口报送: hand in what was said in public",
            "description": "Answers 202 once the mentions are stored durably. Errors are problem details (RFC 9457).",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": {
            "/v1/mentions": {
                "post": _taking(
                    "postMention",
                    "Hand in one mention",
                    "Idempotent by `source` and `id`: the same again gets the same answer and counts once.",
                    _of(MentionIn),
                )
            },
            "/v1/mentions:bulk": {
                "post": _taking(
                    "postMentions",
                    "Hand in many mentions",
                    "Item by item: sound items are accepted, the others listed with the reason. An error answer means "
                    f"that no item was accepted. Also takes `{NDJSON}`: one object a line.",
                    {"type": "array", "minItems": 1, "items": _of(MentionIn)},
                )
            },
            "/healthz": {"get": _state("health", "Is the process alive?")},
            "/readyz": {"get": _state("ready", "Can mentions be stored?", 503)},
        },
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "One token per body."}},
        },
    }


def _of(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _REF.format(model=model.__name__)}


def _problems(*statuses: int) -> dict[str, Any]:
    return {
        str(status): {
            "description": title(status),
            "headers": _REQUEST | (_RETRY if status in (429, 503) else {}),
            "content": {PROBLEM: {"schema": _of(Problem)}},
        }
        for status in statuses
    }


def _taking(name: str, summary: str, description: str, body: dict[str, Any]) -> dict[str, Any]:
    taken = {
        "description": "Stored: the broker has acknowledged every accepted item.",
        "headers": _REQUEST,
        "content": {JSON: {"schema": _of(Answer)}},
    }
    return {
        "operationId": name,
        "summary": summary,
        "description": description,
        "security": [{"token": []}],
        "requestBody": {"required": True, "content": {JSON: {"schema": body}}},
        "responses": {"202": taken, **_problems(401, 403, 408, 409, 413, 415, 422, 429, 503)},
    }


def _state(name: str, summary: str, *problems: int) -> dict[str, Any]:
    fine = {"description": "Yes.", "content": {JSON: {"schema": _of(Health)}}}
    return {
        "operationId": name,
        "summary": summary,
        "security": [],
        "responses": {"200": fine, **_problems(*problems)},
    }
