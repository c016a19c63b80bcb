"""Web addresses: the address of an article stays, whatever points at a person is cut off."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote, urlsplit

_HOST = re.compile(r"[a-z0-9一-鿿](?:[a-z0-9一-鿿.-]*[a-z0-9一-鿿])?")
_PERSONAL_SEGMENT = re.compile(
    r"u|n|p?user|users|people|person|profile|profiles|member|members|space|uid.*|home|account|accounts|author|authors|i|id|"
    r"space-(?:uid|username)-.*|[~@].*|im|my|personal|u[0-9]{4,}",
    re.IGNORECASE,
)
_PERSONAL_HOST = re.compile(
    r"(?:space|home|i|u|my|user|me)\.|(?!www\.)[^.]+\.(?:blog|lofter|tumblr|t|weebly|blogspot|wordpress)\."
)
_ACCOUNT_NUMBER = re.compile(r"[0-9]{5,12}")
_DATE = re.compile(r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:[0-3][0-9])?")


def cut_url(url: str, has_personal_data: Callable[[str], bool]) -> str | None:
    """Scheme, host and path of an article's address: no user, query or fragment.

    A path that holds an account's home page or other personal data is cut to the host. None for anything
    but http and https, for a host that is itself an account's, and for what is no address at all.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(host) or has_personal_data(host):
        return None
    if _PERSONAL_HOST.match(host):
        return None
    base = f"{parts.scheme}://{host}" + (f":{port}" if port else "")
    if not parts.path or "\\" in parts.path or any(c.isspace() or not c.isprintable() for c in parts.path):
        return f"{base}/"
    path = unquote(parts.path)
    segments = [segment for segment in path.split("/") if segment]
    personal = any(_PERSONAL_SEGMENT.fullmatch(segment) for segment in segments) or (
        len(segments) > 1 and _ACCOUNT_NUMBER.fullmatch(segments[0]) and not _DATE.fullmatch(segments[0])
    )
    return f"{base}/" if personal or has_personal_data(path) else base + parts.path
