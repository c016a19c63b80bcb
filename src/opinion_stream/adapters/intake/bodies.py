"""Bodies: the media type told, the bytes read within bounds, and the items in them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping

from pydantic_core import from_json
from starlette.requests import Request

from opinion_stream.adapters.intake.contract import JSON, NDJSON
from opinion_stream.adapters.intake.problems import Trouble

READ_SECONDS = 30.0
"""A body that has not arrived by then is given up, so that slow senders cannot hold memory."""


class Broken:
    """A line that is no JSON; it stands where its item would stand."""


def media_type(headers: Mapping[str, str], allowed: tuple[str, ...]) -> str:
    """The media type of the body. Raises Trouble (415) for one that is not allowed, or for a compressed body."""
    given = headers.get("content-type", "").partition(";")[0].strip().lower()
    if given not in allowed:
        raise Trouble(415, f"Content-Type 须为 {' 或 '.join(allowed)}", {"Accept-Post": ", ".join(allowed)})
    if headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise Trouble(415, "不接受压缩的正文（Content-Encoding）", {"Accept-Encoding": "identity"})
    return given


def declared_length(headers: Mapping[str, str], most: int) -> int:
    """How many bytes the body may have: as declared, else `most`. Raises Trouble (413) when more is declared."""
    given = headers.get("content-length", "")
    if not given.isascii() or not given.isdigit():
        return most
    if len(given) > 18 or int(given) > most:
        raise too_large(most)
    return int(given)


def too_large(most: int) -> Trouble:
    """413, naming the limit."""
    return Trouble(413, f"请求正文超过 {most} 字节；请分成几次报送", {"Connection": "close"})


async def read_body(request: Request, most: int) -> bytes:
    """The body. Raises Trouble: 413 past `most` bytes, 408 when it does not arrive in time."""
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(READ_SECONDS):
            async for part in request.stream():
                size += len(part)
                if size > most:
                    raise too_large(most)
                parts.append(part)
    except TimeoutError:
        raise Trouble(408, f"请求正文在 {READ_SECONDS:.0f} 秒内没有传完", {"Connection": "close"}) from None
    return b"".join(parts)


def one_item(body: bytes) -> object:
    """The item of a single body. Raises Trouble (422) when it is no JSON."""
    try:
        return _decoded(body)
    except ValueError as error:
        raise Trouble(422, f"正文不是合法的 UTF-8 JSON{_where(error)}") from None


def many_items(body: bytes, kind: str, most: int) -> list[object]:
    """The items of a bulk body; in NDJSON, blank lines are left out and a line that is no JSON is `Broken`.

    Raises Trouble: 422 for no JSON, no array, or no items at all; 413 for more than `most` items.
    """
    if kind == NDJSON:
        items: list[object] = list(_lines(body, most))
    else:
        held = one_item(body)
        if not isinstance(held, list):
            raise Trouble(422, f"批量报送的正文须为 JSON 数组（{JSON}），或每行一个对象（{NDJSON}）")
        items = held
    if not items:
        raise Trouble(422, "正文里一条记录也没有")
    if len(items) > most:
        raise Trouble(413, f"一次最多报送 {most} 条；请分成几次")
    return items


def _lines(body: bytes, most: int) -> Iterator[object]:
    count = 0
    for line in body.split(b"\n"):
        if not line.strip():
            continue
        count += 1
        if count > most + 1:
            return
        try:
            yield _decoded(line)
        except ValueError:
            yield Broken()


def _decoded(data: bytes) -> object:
    found: object = from_json(data.removeprefix(b"\xef\xbb\xbf"), allow_inf_nan=False, cache_strings="keys")
    return found


def _where(error: ValueError) -> str:
    """The place that the parser names; the rest of its words may quote the body."""
    _, found, place = str(error).rpartition(" at line ")
    line, _, column = place.partition(" column ")
    return f"（第 {line} 行第 {column} 列附近）" if found and line.isdigit() and column.isdigit() else ""
