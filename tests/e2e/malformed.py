"""Records that no collection stage can take, of many kinds."""

from __future__ import annotations

import json
from collections.abc import Callable

GOOD = {
    "id": "x",
    "source": "wenzheng",
    "title": "标题",
    "text": "正文内容",
    "published_at": "2026-11-09T08:00:00+08:00",
}


def _with(number: int, **changes: object) -> bytes:
    return json.dumps({**GOOD, "id": f"bad-{number}", **changes}, ensure_ascii=False).encode()


def _without(number: int, field: str) -> bytes:
    record = {**GOOD, "id": f"bad-{number}"}
    del record[field]
    return json.dumps(record, ensure_ascii=False).encode()


def _deep(number: int) -> bytes:
    depth = 2000 + number
    return b'{"source":"a","text":' + b"[" * depth + b"]" * depth + b"}"


KINDS: dict[str, Callable[[int], bytes]] = {
    "not JSON": lambda n: f"this is no JSON {n}".encode(),
    "cut off": lambda n: _with(n)[: -(3 + n % 20)],
    "an array": lambda n: f"[{n}, 2, 3]".encode(),
    "a number": lambda n: str(n).encode(),
    "a string": lambda n: f'"just text {n}"'.encode(),
    "no text": lambda n: _without(n, "text"),
    "no source": lambda n: _without(n, "source"),
    "no time": lambda n: _without(n, "published_at"),
    "text is a number": lambda n: _with(n, text=n),
    "text is a list": lambda n: _with(n, text=["a", str(n)]),
    "likes are words": lambda n: _with(n, likes="many"),
    "likes are negative": lambda n: _with(n, likes=-1 - n),
    "likes are a fraction": lambda n: _with(n, likes=0.5),
    "time is no time": lambda n: _with(n, published_at=f"yesterday {n}"),
    "year 9999": lambda n: _with(n, published_at="9999-12-31T23:59:59+08:00"),
    "year 1": lambda n: _with(n, published_at="0001-01-01T00:00:00+08:00"),
    "empty text": lambda n: _with(n, text="", title=""),
    "only white space": lambda n: _with(n, text=" \u3000\t\u200b ", title=""),
    "NUL character": lambda n: _with(n, text=f"正文\x00内容{n}"),
    "invalid UTF-8": lambda n: b'{"id":"bad-%d","source":"a","text":"\xff\xfe\xc3"}' % n,
    "GBK bytes": lambda n: _with(n).decode().encode("gb18030"),
    "lone surrogate": lambda n: (
        b'{"id":"bad-%d","source":"a","text":"\\ud800 x","published_at":"2026-11-09T08:00:00Z"}' % n
    ),
    "deep nesting": _deep,
    "media is text": lambda n: _with(n, media=f"weibo {n}"),
    "binary": lambda n: bytes([0, 159, 146, 150]) + n.to_bytes(4, "big"),
}


def malformed_records(count: int) -> list[bytes]:
    """So many different records, all kinds in turn, and three of 5 MB among them."""
    makers = list(KINDS.values())
    records = [makers[number % len(makers)](number) for number in range(count - 3)]
    records += [_with(number, text="长" * 1_700_000 + str(number)) for number in range(3)]
    return records
