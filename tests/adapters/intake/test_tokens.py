"""Tokens: only hashes are kept, each client has its sources, and a wrong file says what is wrong without quoting."""

from __future__ import annotations

import hashlib
import socket
from pathlib import Path

import pytest

from intake_support import settings
from opinion_stream.adapters.intake.rate import Rates
from opinion_stream.adapters.intake.server import checked_tokens
from opinion_stream.adapters.intake.tokens import new_token, read_tokens
from opinion_stream.errors import SettingsError


def entry(token: str, name: str = "office", sources: str = "[hotline]") -> str:
    return f"  - {{name: {name}, sha256: {hashlib.sha256(token.encode()).hexdigest()}, sources: {sources}}}\n"


GOOD = "clients:\n" + entry("one") + entry("two", "paper", "[paper, 论坛]")


def test_a_token_is_known_by_its_hash_alone() -> None:
    tokens = read_tokens(GOOD)

    paper = tokens.client_of(b"two")
    assert paper is not None
    assert paper.sources == {"paper", "论坛"}
    assert tokens.client_of(b"three") is None
    assert tokens.client_of(b"") is None
    assert tokens.client_of(hashlib.sha256(b"one").hexdigest().encode()) is None


def test_two_hashes_let_a_token_be_changed_without_a_gap() -> None:
    hashes = [hashlib.sha256(token).hexdigest() for token in (b"old", b"new")]
    tokens = read_tokens(f"clients: [{{name: a, sha256: [{', '.join(hashes)}], sources: [s]}}]")
    assert tokens.client_of(b"old") == tokens.client_of(b"new") is not None


def test_new_tokens_are_long_and_never_the_same() -> None:
    made = [new_token() for _ in range(50)]
    assert len({token for token, _ in made}) == 50
    assert all(len(token) >= 43 and hashlib.sha256(token.encode()).hexdigest() == digest for token, digest in made)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "--new-token"),
        ("clients: [", "YAML"),
        ("clients: []", "clients"),
        ("clients: [{name: a, sha256: plain-secret, sources: [s]}]", "sha256"),
        ("clients:\n" + entry("x", sources="[]"), "sources"),
        ("clients:\n" + entry("x") + entry("x", "other"), "twice"),
        ("clients:\n" + entry("x").replace("name", "nmae"), "nmae"),
    ],
)
def test_a_wrong_file_of_tokens_names_the_place_and_quotes_nothing(text: str, named: str) -> None:
    with pytest.raises(SettingsError) as error:
        read_tokens(text)
    assert named in str(error.value)
    assert "plain-secret" not in str(error.value)


def test_a_public_address_needs_tls_or_a_proxy_and_any_address_needs_tokens(tmp_path: Path) -> None:
    tokens = {"OPINION_INTAKE_TOKENS": GOOD}
    cert = tmp_path / "cert.pem"
    cert.touch()

    assert checked_tokens(settings(), tokens)
    assert checked_tokens(settings(intake_host="::1"), tokens)
    assert checked_tokens(settings(intake_host="0.0.0.0", intake_behind_proxy=True), tokens)
    assert checked_tokens(settings(intake_host="0.0.0.0", intake_tls_cert=cert, intake_tls_key=cert), tokens)
    for host in ("0.0.0.0", "::", "192.0.2.1", socket.gethostname() + ".example"):
        with pytest.raises(SettingsError, match="behind-proxy"):
            checked_tokens(settings(intake_host=host), tokens)
    with pytest.raises(SettingsError, match="INTAKE_TOKENS_FILE"):
        checked_tokens(settings(), {})
    with pytest.raises(SettingsError, match="go together"):
        checked_tokens(settings(intake_tls_cert=cert), tokens)
    with pytest.raises(SettingsError, match="no such file"):
        checked_tokens(settings(intake_tls_cert=tmp_path / "a", intake_tls_key=cert), tokens)


def test_the_rate_holds_over_time_and_one_client_does_not_touch_another() -> None:
    now = [0.0]
    rates = Rates(10, 5, lambda: now[0])
    taken = 0
    for _ in range(1000):
        if rates.wait("a", 3) == 0:
            taken += 3
        now[0] += 0.1
    assert 1000 <= taken <= 1000 + 20
    assert rates.wait("b", 500) == 0
    assert rates.wait("b", 1) == 49
