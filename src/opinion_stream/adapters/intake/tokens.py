"""Tokens: who may hand in mentions, and in the name of which sources. Only hashes of tokens are known here."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Annotated

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from opinion_stream.errors import SettingsError

PREFIX = "osi_"
"""Marks a token, so that a scanner for leaked secrets can tell one."""


def _as_tuple(value: object) -> object:
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


class Client(BaseModel):
    """A body that hands in mentions. Two hashes at once let a token be changed without a gap."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    sha256: Annotated[
        tuple[Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$", to_lower=True)], ...],
        BeforeValidator(_as_tuple),
        Field(min_length=1),
    ]
    sources: Annotated[frozenset[Annotated[str, Field(min_length=1, max_length=100)]], Field(min_length=1)]


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    clients: Annotated[tuple[Client, ...], Field(min_length=1)]


class Tokens:
    """The clients by the hashes of their tokens."""

    def __init__(self, clients: tuple[Client, ...]) -> None:
        self._known = [(bytes.fromhex(digest), client) for client in clients for digest in client.sha256]

    def client_of(self, token: bytes) -> Client | None:
        """Whose token it is. Every hash is compared, each in constant time, so that time tells nothing."""
        digest = hashlib.sha256(token).digest()
        found = None
        for known, client in self._known:
            if hmac.compare_digest(known, digest):
                found = client
        return found


def read_tokens(text: str) -> Tokens:
    """Clients from YAML (or JSON). Raises SettingsError naming the key; never quotes a value."""
    place = "OPINION_INTAKE_TOKENS"
    if not text:
        raise SettingsError(
            f"{place}_FILE is not set: without tokens nobody may hand in mentions. Make a client with "
            "`opinion-stream intake --new-token NAME --source SOURCE`, put the lines it prints into a file that only "
            f"the service can read, and name the file in {place}_FILE."
        )
    try:
        clients = _File.model_validate(yaml.safe_load(text)).clients
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise SettingsError(f"{place}: no valid YAML" + (f" (line {mark.line + 1})" if mark else "")) from None
    except ValidationError as error:
        lines = [
            f"{place}: {'.'.join(map(str, detail['loc'])) or 'clients'}: {detail['msg']}"
            for detail in error.errors(include_input=False, include_url=False)
        ]
        raise SettingsError("\n".join(lines)) from None
    digests = [digest for client in clients for digest in client.sha256]
    if len(set(digests)) < len(digests):
        raise SettingsError(f"{place}: the same sha256 stands twice; each token belongs to one client")
    return Tokens(clients)


def new_token() -> tuple[str, str]:
    """A token of 256 random bits, and its SHA-256. So long a secret needs no slow hash: it cannot be guessed."""
    token = PREFIX + secrets.token_urlsafe(32)
    return token, hashlib.sha256(token.encode()).hexdigest()
