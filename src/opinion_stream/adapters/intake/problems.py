"""Refusals of a whole request, as problem details (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.responses import Response

from opinion_stream.adapters.intake.contract import PROBLEM, Problem, RefusedItem
from opinion_stream.errors import OpinionStreamError

_KINDS = {
    401: ("unauthorized", "A valid bearer token is needed"),
    403: ("source-not-allowed", "The token is not bound to this source"),
    404: ("not-found", "No such resource"),
    405: ("method-not-allowed", "Method not allowed"),
    408: ("body-too-slow", "The body did not arrive in time"),
    409: ("implausible-time", "The publication time does not fit this server's clock"),
    413: ("too-large", "The request is too large"),
    415: ("unsupported-media-type", "Unsupported media type"),
    422: ("invalid", "The request cannot be processed"),
    429: ("too-many", "Too many mentions"),
    503: ("unavailable", "Not taken: the service cannot store it now"),
}
NAMES = tuple(_KINDS)
"""The statuses that problems may have."""


class Trouble(OpinionStreamError):
    """A request that is refused as a whole: status, what to tell the sender, and headers of the answer."""

    def __init__(
        self,
        status: int,
        detail: str,
        headers: Mapping[str, str] | None = None,
        refused: Sequence[RefusedItem] = (),
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})
        self.refused = list(refused)


def title(status: int) -> str:
    """The title of problems of a status."""
    return _KINDS.get(status, ("error", "Error"))[1]


def problem_response(trouble: Trouble, request: str) -> Response:
    """The answer to a request that is refused."""
    kind, name = _KINDS.get(trouble.status, ("error", "Error"))
    body = Problem(
        type=f"urn:opinion-stream:intake:{kind}",
        title=name,
        status=trouble.status,
        detail=trouble.detail,
        request=request,
        refused=trouble.refused,
    )
    headers = {**trouble.headers, "X-Request-Id": request, "Cache-Control": "no-store"}
    return Response(body.model_dump_json().encode(), trouble.status, headers, media_type=PROBLEM)
