"""The broker that tests run on: a real Kafka where one is named, else the embedded one."""

from __future__ import annotations

import gc
import os
import secrets
from collections.abc import Iterator

import pytest

from opinion_stream.adapters.embedded_broker import EmbeddedBroker
from opinion_stream.errors import BrokerError

# As the command line does: collecting the tests makes millions of objects that stay; looking through them took a
# seventh of the time.
gc.set_threshold(50_000, 20, 50)


@pytest.fixture(scope="session")
def real_kafka() -> bool:
    """Whether the tests run on a real Kafka (`make test-kafka` names it in OPINION_TEST_KAFKA)."""
    return bool(os.environ.get("OPINION_TEST_KAFKA"))


@pytest.fixture(scope="session")
def bootstrap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """HOST:PORT of the broker. Without one the test is skipped; in CI it fails."""
    named = os.environ.get("OPINION_TEST_KAFKA")
    if named:
        yield named
        return
    broker = EmbeddedBroker(tmp_path_factory.mktemp("broker") / "broker.log")
    try:
        broker.start()
    except BrokerError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))
    yield broker.bootstrap
    broker.stop()


@pytest.fixture
def unique_prefix() -> str:
    """A prefix for topics and groups that no other test uses."""
    return f"test-{secrets.token_hex(4)}"
