"""A road of one's own for each test: topics under a unique prefix, workers, logs and state in a temporary folder."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path

import pytest

from opinion_stream.demo.road import EMBEDDED, Road
from opinion_stream.settings import load_settings
from opinion_stream.topics import Stage

REPO = Path(__file__).parents[2]
KEY = "a key for the tests only, not a secret"


@pytest.fixture
def new_road(
    bootstrap: str, real_kafka: bool, unique_prefix: str, tmp_path: Path
) -> Iterator[Callable[..., Awaitable[Road]]]:
    """Brings up a road with the given settings over the defaults; all are taken down after the test."""
    roads: list[Road] = []

    async def bring_up(stages: Sequence[Stage] = tuple(Stage), metrics: bool = False, **settings: object) -> Road:
        defaults = {
            "kafka_bootstrap": bootstrap,
            "topic_prefix": unique_prefix,
            "pseudonym_key": KEY,
            "config": REPO / "config",
            "commit_seconds": 0.2,
            **({"session_seconds": 6} if real_kafka else EMBEDDED),
        }
        road = Road(load_settings(**{**defaults, **settings}), tmp_path / "run", stages=stages, metrics=metrics)
        roads.append(road)
        await asyncio.to_thread(road.start)
        return road

    yield bring_up
    for road in roads:
        road.stop()
