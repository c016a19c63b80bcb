"""A 12345 hotline interface of our own making: it pages in four ways, limits, fails, and grows while it is read."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

FORM = "%Y-%m-%d %H:%M:%S"


@dataclass
class Order:
    """What the interface serves."""

    number: int
    at: datetime

    def as_json(self) -> dict[str, Any]:
        return {
            "no": f"Q{self.number:05d}",
            "seq": self.number,
            "at": self.at.strftime(FORM),
            "appeal": f"第 {self.number} 号诉求：路灯不亮",
            "phone": "13800000000",
        }


@dataclass
class OrderApi:
    """Serves `orders` on 127.0.0.1. `weather` gives the status of each request, 200 when it has nothing to say."""

    orders: list[Order]
    size: int = 3
    newest_first: bool = True
    token: str | None = None
    weather: Iterator[int] = field(default_factory=lambda: iter(()))
    after_each: Callable[[OrderApi], None] = lambda _: None
    asked: list[dict[str, str]] = field(default_factory=list)
    refuse_tokens_once: bool = False
    repeats_last_page: bool = False
    envelope: Callable[[dict[str, Any]], Any] = lambda answer: answer

    async def __aenter__(self) -> OrderApi:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()[:2]
        self.url = f"http://{host}:{port}/orders"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        content = await reader.readexactly(int(headers.get("content-length", 0)))
        status, extra, answer = self._answer(method, target, headers, content)
        body = json.dumps(answer, ensure_ascii=False).encode()
        made = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", "Connection: close", *extra]
        writer.write("\r\n".join(made).encode() + b"\r\n\r\n" + body)
        await writer.drain()
        writer.close()

    def _answer(
        self, method: str, target: str, headers: dict[str, str], content: bytes
    ) -> tuple[int, list[str], dict[str, Any]]:
        if target == "/robots.txt":
            return 404, [], {}
        query = dict(parse_qsl(urlsplit(target).query))
        if method == "POST":
            query |= {name: str(value) for name, value in json.loads(content)["page"].items()}
        self.asked.append(query)
        if self.token is not None and headers.get("authorization") != f"Bearer {self.token}":
            return 401, [], {}
        status = next(self.weather, 200)
        if status != 200:
            return status, ["Retry-After: 7"] if status == 429 else [], {}
        if self.refuse_tokens_once and "cursor" in query:
            self.refuse_tokens_once = False
            return 410, [], {}
        found = sorted(
            (order for order in self.orders if self._wanted(order, query)),
            key=lambda order: (order.at, order.number),
            reverse=self.newest_first,
        )
        start = int(query.get("offset", query.get("cursor", (int(query.get("page", 1)) - 1) * self.size)))
        if self.repeats_last_page and start >= len(found):
            start = (len(found) - 1) // self.size * self.size
        part = found[start : start + self.size]
        answer: dict[str, Any] = {"code": 0, "data": {"total": len(found), "list": [order.as_json() for order in part]}}
        extra: list[str] = []
        if start + self.size < len(found):
            answer["next"] = str(start + self.size)
            since = f"&since={query['since'].replace(' ', '+')}" if "since" in query else ""
            answer["link"] = f"/orders?offset={start + self.size}{since}"
            extra = [f'Link: </orders?page=1>; rel="first", <{answer["link"]}>; rel="next"']
        self.after_each(self)
        return 200, extra, self.envelope(answer)

    def _wanted(self, order: Order, query: dict[str, str]) -> bool:
        if "since" in query and order.at.strftime(FORM) < query["since"]:
            return False
        return "after" not in query or order.number > int(query["after"])


def growing(every: int, until: int, late: timedelta) -> Callable[[OrderApi], None]:
    """After every so many requests two orders are added, one of them dated `late` before the newest."""
    asked = 0

    def grow(api: OrderApi) -> None:
        nonlocal asked
        asked += 1
        if asked % every == 0 and len(api.orders) < until:
            newest = max(order.at for order in api.orders)
            number = max(order.number for order in api.orders)
            api.orders.append(Order(number + 1, newest + timedelta(minutes=1)))
            api.orders.append(Order(number + 2, newest - late))

    return grow
