"""The intake as an ASGI application: its routes, and the road of one request from token to answer."""

from __future__ import annotations

import itertools
import secrets
import time
from asyncio import sleep
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_address

import orjson
import structlog
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from opinion_stream.adapters.intake.bodies import declared_length, many_items, media_type, one_item, read_body
from opinion_stream.adapters.intake.contract import JSON, NDJSON, AcceptedItem, Answer, Health, RefusedItem
from opinion_stream.adapters.intake.door import Door, Taken
from opinion_stream.adapters.intake.faults import SOURCE_NOT_ALLOWED, TIME
from opinion_stream.adapters.intake.gather import Gatherer, NotStored
from opinion_stream.adapters.intake.metrics import IntakeMetrics
from opinion_stream.adapters.intake.openapi import document
from opinion_stream.adapters.intake.problems import Trouble, problem_response, title
from opinion_stream.adapters.intake.rate import Rates
from opinion_stream.adapters.intake.tokens import Client, Tokens
from opinion_stream.settings import Settings

YIELD_EVERY = 50
"""Items checked in one go; then other requests have their turn."""
log = structlog.get_logger("opinion_stream.intake")


class Intake:
    """What the routes share. One instance serves one application."""

    def __init__(
        self, settings: Settings, tokens: Tokens, door: Door, gatherer: Gatherer, metrics: IntakeMetrics
    ) -> None:
        self._settings = settings
        self._tokens = tokens
        self._door = door
        self.gatherer = gatherer
        self.metrics = metrics
        self._rates = Rates(settings.intake_rate, settings.intake_max_items)
        self._reading = 0
        self._run = secrets.token_hex(4)
        self._numbers = itertools.count(1)

    def request_id(self) -> str:
        """An id of a request, for log and answer."""
        return f"{self._run}-{next(self._numbers)}"

    async def single(self, request: Request) -> Response:
        """POST /v1/mentions."""
        return await self._answer(request, "single", self._take_single)

    async def bulk(self, request: Request) -> Response:
        """POST /v1/mentions:bulk."""
        return await self._answer(request, "bulk", self._take_bulk)

    async def _answer(
        self, request: Request, route: str, take: Callable[[Request, Client, str], Awaitable[Answer]]
    ) -> Response:
        started, name = time.perf_counter(), self.request_id()
        client = None
        try:
            client = self.client_of(request)
            answer = await take(request, client, name)
            response = Response(answer.model_dump_json().encode(), 202, {"X-Request-Id": name}, media_type=JSON)
        except Trouble as trouble:
            log.info("request refused", request=name, client=client and client.name, status=trouble.status)
            if client is not None:
                self.metrics.mentions(client.name, 0, trouble.refused)
            response = problem_response(trouble, name)
        self.metrics.request(route, response.status_code, time.perf_counter() - started)
        return response

    def client_of(self, request: Request) -> Client:
        """Whose request it is. Raises Trouble (401)."""
        given = [value for name, value in request.scope["headers"] if name == b"authorization"]
        scheme, _, token = given[0].partition(b" ") if len(given) == 1 else (b"", b"", b"")
        client = self._tokens.client_of(token.strip()) if scheme.lower() == b"bearer" else None
        if client is None:
            error = ', error="invalid_token"' if given else ""
            raise Trouble(
                401,
                "令牌不对" if given else "缺少令牌：请在请求头写 Authorization: Bearer <令牌>",
                {"WWW-Authenticate": f'Bearer realm="opinion-stream intake"{error}', "Connection": "close"},
            )
        return client

    async def _body(self, request: Request) -> bytes:
        """The body, read within this request's limit and within the memory that all bodies together may take."""
        length = declared_length(request.headers, self._settings.intake_max_body_bytes)
        if self._reading + length > self._settings.intake_queue_bytes:
            raise Trouble(503, "同时到达的请求太多", {"Retry-After": "2"})
        self._reading += length
        try:
            return await read_body(request, self._settings.intake_max_body_bytes)
        finally:
            self._reading -= length

    async def _take_single(self, request: Request, client: Client, name: str) -> Answer:
        media_type(request.headers, (JSON,))
        item = one_item(await self._body(request))
        return await self._store([item], client, name)

    async def _take_bulk(self, request: Request, client: Client, name: str) -> Answer:
        kind = media_type(request.headers, (JSON, NDJSON))
        items = many_items(await self._body(request), kind, self._settings.intake_max_items)
        return await self._store(items, client, name)

    async def _store(self, items: list[object], client: Client, name: str) -> Answer:
        wait = self._rates.wait(client.name, len(items))
        if wait:
            most = f"{self._settings.intake_rate:g}"
            raise Trouble(429, f"报送过快：每个令牌每秒最多 {most} 条", {"Retry-After": str(wait)})
        taken: list[Taken] = []
        refused: list[RefusedItem] = []
        for index, item in enumerate(items):
            if index and index % YIELD_EVERY == 0:
                await sleep(0)
            result = self._door.check(index, item, client.sources)
            (taken if isinstance(result, Taken) else refused).append(result)  # type: ignore[arg-type]
        if not taken:
            raise _all_refused(refused)
        try:
            await self.gatherer.put(taken)
        except NotStored as error:
            unsure = "；其中有些可能已经写入" if error.maybe else "；一条也没有写入"
            detail = f"{error}{unsure}。请原样重发：编号相同的不会重复计入"
            raise Trouble(503, detail, {"Retry-After": str(error.seconds)}) from None
        self.metrics.mentions(client.name, len(taken), refused)
        note = log.info if refused or len(items) > 1 else log.debug
        note("mentions accepted", request=name, client=client.name, accepted=len(taken), refused=len(refused))
        return Answer(accepted=[AcceptedItem(index=item.index, id=item.id) for item in taken], refused=refused)

    async def health(self, _: Request) -> Response:
        """GET /healthz: the process answers."""
        return Response(Health(status="ok").model_dump_json().encode(), media_type=JSON)

    async def ready(self, _: Request) -> Response:
        """GET /readyz: mentions can be stored."""
        trouble = self.gatherer.trouble
        if trouble is not None:
            return problem_response(Trouble(503, trouble, {"Retry-After": "5"}), self.request_id())
        return Response(Health(status="ready").model_dump_json().encode(), media_type=JSON)

    async def figures(self, request: Request) -> Response:
        """GET /metrics: for this machine, and for whoever holds a token."""
        try:
            if not _is_local(request):
                self.client_of(request)
        except Trouble as trouble:
            return problem_response(trouble, self.request_id())
        return Response(generate_latest(self.metrics.registry), media_type=CONTENT_TYPE_LATEST)


def build_app(intake: Intake) -> Starlette:
    """The application; its lifespan connects to the broker, and drains at the end."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await intake.gatherer.start()
        yield
        await intake.gatherer.stop()

    description = orjson.dumps(document())

    async def described(_: Request) -> Response:
        return Response(description, media_type=JSON)

    async def other(request: Request, error: Exception) -> Response:
        known = error if isinstance(error, HTTPException) else HTTPException(500)
        trouble = Trouble(known.status_code, title(known.status_code), known.headers)
        return problem_response(trouble, intake.request_id())

    app = Starlette(
        routes=[
            Route("/v1/mentions", intake.single, methods=["POST"]),
            Route("/v1/mentions:bulk", intake.bulk, methods=["POST"]),
            Route("/healthz", intake.health),
            Route("/readyz", intake.ready),
            Route("/metrics", intake.figures),
            Route("/openapi.json", described),
        ],
        lifespan=lifespan,
        exception_handlers={HTTPException: other, Exception: other},
    )
    app.router.redirect_slashes = False
    return app


def _all_refused(refused: list[RefusedItem]) -> Trouble:
    """403 or 409 when the items are well formed and only the sender's rights or the clock stand against them."""
    codes = {fault.code for item in refused for fault in item.faults}
    if codes == {SOURCE_NOT_ALLOWED.code}:
        return Trouble(403, SOURCE_NOT_ALLOWED.reason, refused=refused)
    if codes <= {SOURCE_NOT_ALLOWED.code, TIME}:
        return Trouble(409, "发布时间与本机时钟不符，一条也没有收下", refused=refused)
    return Trouble(422, f"{len(refused)} 条都有错，一条也没有收下；见 refused", refused=refused)


def _is_local(request: Request) -> bool:
    try:
        return request.client is not None and ip_address(request.client.host).is_loopback
    except ValueError:
        return False
