"""`dlq` before it meets a broker: what it asks for, and what it does not take. The rest is in tests/e2e."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from builders import SMALL_POLICY
from opinion_stream.cli.main import build
from opinion_stream.errors import BrokerError, OpinionStreamError

ENV = {
    "OPINION_KAFKA_BOOTSTRAP": "127.0.0.1:1",
    "OPINION_PSEUDONYM_KEY": "a key of sixteen and more characters",
    "OPINION_CONFIG": str(SMALL_POLICY),
}


def refusal(*words: str, **env: str) -> str:
    done = CliRunner().invoke(build(("dlq",)), ["dlq", *words], env={**ENV, **env})
    assert isinstance(done.exception, OpinionStreamError), done.output
    assert not isinstance(done.exception, BrokerError)
    return str(done.exception)


@pytest.mark.parametrize("command", ["list", "show", "replay", "discard"])
def test_help_has_an_example(command: str) -> None:
    done = CliRunner().invoke(build(("dlq",)), ["dlq", command, "--help"])
    assert done.exit_code == 0
    assert f"opinion-stream dlq {command}" in done.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("list", "--reason", "nonsense"), "bad_time"),
        (("list", "--topic", "nonsense"), "mentions.inbound"),
        (("list", "--since", "yesterday"), "12h"),
        (("replay",), "--all"),
        (("replay", "--all", "--role", "张三"), "--role"),
        (("discard", "d-1", "--role", "operator", "--note", " \u200b"), "--note"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_cure(words: tuple[str, ...], said: str) -> None:
    assert said in refusal(*words)


def test_a_silent_broker_is_named() -> None:
    done = CliRunner().invoke(build(("dlq",)), ["dlq", "list", "--since", "3d"], env=ENV)
    assert isinstance(done.exception, BrokerError)
