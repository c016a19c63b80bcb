"""Each answer of the intake: what is taken, what is refused and why, and that nothing passes that should not."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest
import structlog

from intake_support import AUTH, Shelf, app_on, client_of, mention

NDJSON = {"Content-Type": "application/x-ndjson"}


def is_problem(response: httpx.Response, status: int) -> dict[str, object]:
    """The problem, after a look at its form."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == status
    assert body["type"].startswith("urn:opinion-stream:intake:")
    assert body["title"]
    assert body["detail"]
    assert body["request"] == response.headers["x-request-id"]
    return body


async def test_a_mention_is_taken_and_answered_with_its_id() -> None:
    shelf = Shelf()
    async with client_of(app_on(shelf)) as client:
        response = await client.post("/v1/mentions", json=mention(secret_note="家住何处"))

    assert response.status_code == 202
    assert response.json() == {"accepted": [{"index": 0, "id": "n1"}], "refused": []}
    [value] = shelf.values()
    assert value == mention(), "a field outside the contract is not kept"


async def test_the_same_mention_again_gets_the_same_answer_and_the_same_record() -> None:
    shelf = Shelf()
    async with client_of(app_on(shelf)) as client:
        answers = [await client.post("/v1/mentions", json=mention()) for _ in range(2)]

    assert answers[0].content == answers[1].content
    first, second = shelf.records
    assert (first.key, first.value) == (second.key, second.value)


@pytest.mark.parametrize("form", ["array", "ndjson"])
async def test_of_many_the_sound_ones_are_taken_and_the_others_explained(form: str) -> None:
    items = [
        mention(1),
        mention(2, text=" "),
        mention(3, published_at="昨天"),
        mention(4, source="newspaper"),
        mention(5),
    ]
    shelf = Shelf()
    async with client_of(app_on(shelf)) as client:
        if form == "array":
            response = await client.post("/v1/mentions:bulk", json=items)
        else:
            lines = "\r\n".join(json.dumps(item, ensure_ascii=False) for item in items) + "\r\n\r\n"
            response = await client.post("/v1/mentions:bulk", content=lines.encode(), headers=NDJSON)

    assert response.status_code == 202
    answer = response.json()
    assert [(item["index"], item["id"]) for item in answer["accepted"]] == [(0, "n1"), (4, "n5")]
    found = [(r["index"], r["id"], r["faults"][0]["field"], r["faults"][0]["code"]) for r in answer["refused"]]
    assert found == [
        (1, "n2", "text", "empty_field"),
        (2, "n3", "published_at", "bad_time"),
        (3, "n4", "source", "source_not_allowed"),
    ]
    assert all(fault["reason"] and fault["cure"] for r in answer["refused"] for fault in r["faults"])
    assert [value["id"] for value in shelf.values()] == ["n1", "n5"]


async def test_a_line_that_is_no_json_is_refused_alone() -> None:
    shelf = Shelf()
    body = b"{oops\n" + json.dumps(mention()).encode()
    async with client_of(app_on(shelf)) as client:
        answer = (await client.post("/v1/mentions:bulk", content=body, headers=NDJSON)).json()

    assert [item["index"] for item in answer["accepted"]] == [1]
    assert answer["refused"][0]["faults"][0]["code"] == "not_json"


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"text": None}, "text", "wrong_type"),
        ({"text": "<p> </p>"}, "text", "empty_text"),
        ({"text": "很" * 20_001}, "text", "field_too_long"),
        ({"title": "很" * 301}, "title", "field_too_long"),
        ({"author": "甲\0"}, "author", "nul_character"),
        ({"likes": -1}, "likes", "negative_count"),
        ({"reads": 10**13}, "reads", "implausible_count"),
        ({"likes": "3"}, "likes", "wrong_type"),
        ({"media": {"name": 3}}, "media.name", "wrong_type"),
        ({"id": "x" * 201}, "id", "field_too_long"),
        ({"published_at": "2026-03-02T09:30:00"}, "published_at", "bad_time"),
        ({"published_at": "2026-02-30T09:30:00Z"}, "published_at", "bad_time"),
    ],
)
async def test_an_unsound_mention_is_told_field_reason_and_cure(
    change: dict[str, object], field: str, code: str
) -> None:
    shelf = Shelf()
    async with client_of(app_on(shelf)) as client:
        problem = is_problem(await client.post("/v1/mentions", json=mention(**change)), 422)

    [refused] = problem["refused"]  # type: ignore[misc]
    assert [(fault["field"], fault["code"]) for fault in refused["faults"]] == [(field, code)]
    assert shelf.records == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"3", b'"x"', b"\xff\xfe", b'{"text": "\\ud800"}', b"[" * 5000])
@pytest.mark.parametrize("path", ["/v1/mentions", "/v1/mentions:bulk"])
async def test_what_is_no_mention_is_refused_without_being_quoted(body: bytes, path: str) -> None:
    shelf = Shelf()
    async with client_of(app_on(shelf)) as client:
        is_problem(await client.post(path, content=body, headers={"Content-Type": "application/json"}), 422)
    assert shelf.records == []


@pytest.mark.parametrize("published", ["1999-01-01T00:00:00Z", "2999-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59"])
async def test_a_time_that_cannot_be_is_a_conflict_with_the_clock(published: str) -> None:
    shelf = Shelf()
    async with client_of(app_on(shelf)) as client:
        problem = is_problem(await client.post("/v1/mentions", json=mention(published_at=published)), 409)
    assert problem["refused"][0]["faults"][0]["field"] == "published_at"  # type: ignore[index]
    assert shelf.records == []


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        "Basic osi_a-token-for-tests",
        "osi_a-token-for-tests",
        "Bearer \xe9",
    ],
)
@pytest.mark.parametrize("path", ["/v1/mentions", "/v1/mentions:bulk"])
async def test_without_the_right_token_nothing_passes(header: str | None, path: str) -> None:
    shelf = Shelf()
    async with client_of(app_on(shelf)) as client:
        del client.headers["Authorization"]
        headers = [] if header is None else [(b"Authorization", header.encode("latin-1"))]
        body = mention() if path == "/v1/mentions" else [mention()]
        response = await client.post(path, json=body, headers=headers)
        twice = await client.post(path, json=body, headers=[*AUTH.items(), *AUTH.items()])

    is_problem(response, 401)
    is_problem(twice, 401)
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert shelf.records == []


@pytest.mark.parametrize("source", ["newspaper", "Hotline", " hotline", "hotline ", "hot\u200bline"])
async def test_nobody_writes_in_the_name_of_another_body(source: str) -> None:
    shelf = Shelf()
    async with client_of(app_on(shelf)) as client:
        is_problem(await client.post("/v1/mentions", json=mention(source=source)), 403)
        is_problem(await client.post("/v1/mentions:bulk", json=[mention(source=source)] * 3), 403)
    assert shelf.records == []


async def test_bodies_that_are_too_large_or_of_another_kind_are_refused() -> None:
    shelf = Shelf()
    app = app_on(shelf, intake_max_body_bytes=2000, intake_max_items=3)
    json_type = {"Content-Type": "application/json"}

    async def pieces() -> object:
        for _ in range(5):
            yield b" " * 1000

    async with client_of(app) as client:
        large = await client.post("/v1/mentions", content=b" " * 2001, headers=json_type)
        streamed = await client.post("/v1/mentions", content=pieces(), headers=json_type)  # type: ignore[arg-type]
        many = await client.post("/v1/mentions:bulk", json=[mention(n) for n in range(4)])
        many_lines = await client.post("/v1/mentions:bulk", content=b"{}\n" * 4, headers=NDJSON)
        form = await client.post("/v1/mentions", data={"text": "x"})
        lines_to_single = await client.post("/v1/mentions", content=b"{}", headers=NDJSON)
        packed = await client.post("/v1/mentions", content=b"{}", headers={**json_type, "Content-Encoding": "gzip"})

    for response in (large, streamed, many, many_lines):
        is_problem(response, 413)
    for response in (form, lines_to_single, packed):
        is_problem(response, 415)
    assert shelf.records == []


async def test_who_hands_in_too_fast_is_told_when_to_come_again() -> None:
    async with client_of(app_on(Shelf(), intake_rate=1, intake_max_items=5)) as client:
        first = await client.post("/v1/mentions:bulk", json=[mention(n) for n in range(5)])
        await client.post("/v1/mentions:bulk", json=[mention(n) for n in range(5)])
        third = await client.post("/v1/mentions", json=mention(9))
    assert first.status_code == 202
    is_problem(third, 429)
    assert int(third.headers["retry-after"]) >= 1


async def test_unknown_paths_and_methods_are_problems_too() -> None:
    async with client_of(app_on(Shelf())) as client:
        is_problem(await client.get("/v1/other"), 404)
        wrong = await client.get("/v1/mentions")
    is_problem(wrong, 405)
    assert wrong.headers["allow"] == "POST"


async def test_metrics_count_by_client_and_are_for_this_machine_or_a_token() -> None:
    app = app_on(Shelf())
    async with client_of(app) as client:
        await client.post("/v1/mentions:bulk", json=[mention(1), mention(2, text="")])
        figures = (await client.get("/metrics", headers={"Authorization": ""})).text
    async with client_of(app_on(Shelf()), "192.0.2.7") as client:
        with_token = await client.get("/metrics")
        without = await client.get("/metrics", headers={"Authorization": ""})

    assert 'opinion_intake_accepted_total{client="hotline-office"} 1.0' in figures
    assert 'opinion_intake_refused_total{client="hotline-office",code="empty_field"} 1.0' in figures
    assert with_token.status_code == 200
    is_problem(without, 401)


async def test_the_log_has_ids_and_counts_and_no_word_of_what_was_said() -> None:
    with structlog.testing.capture_logs() as lines:
        async with client_of(app_on(Shelf())) as client:
            items = [mention(1, author="王某某"), mention(2, text="绝密的话", likes=-1)]
            await client.post("/v1/mentions:bulk", json=items)
            await client.post("/v1/mentions", json=items[1])
    text = json.dumps(lines, ensure_ascii=False)
    assert "'accepted': 1" in str(lines)
    assert "王某某" not in text
    assert "绝密" not in text
    assert "路灯" not in text


async def test_many_requests_share_few_writes() -> None:
    shelf = Shelf()
    async with client_of(app_on(shelf)) as client:
        answers = await asyncio.gather(*(client.post("/v1/mentions", json=mention(n)) for n in range(60)))
    assert {answer.status_code for answer in answers} == {202}
    assert {value["id"] for value in shelf.values()} == {f"n{n}" for n in range(60)}
    assert len(shelf.writes) < 30
