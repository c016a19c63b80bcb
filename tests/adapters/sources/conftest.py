"""What the tests of connectors share: a running site, and time that passes at once."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest

from opinion_stream.adapters.sources.base import Surroundings
from site_server import QuickTime, Site, serving
from source_desk import NOW


@pytest.fixture
def site() -> Iterator[Site]:
    """A running site without pages."""
    with serving() as running:
        yield running


@pytest.fixture
def time() -> QuickTime:
    """Time that passes at once."""
    return QuickTime(NOW)


@pytest.fixture
def around(time: QuickTime) -> Surroundings:
    """Surroundings of connectors in which nothing waits and chance is always the same."""
    return Surroundings(clock=time, zone=ZoneInfo("Asia/Shanghai"), sleep=time.sleep, chance=lambda: 0.5)
