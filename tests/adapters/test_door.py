"""The HTTP door of a service: figures for who may read them, yes or no for who supervises it."""

from __future__ import annotations

import asyncio
import contextlib

import httpx
import pytest
from prometheus_client import CollectorRegistry, Counter

from opinion_stream.adapters.door import SILENCE_SECONDS, Pulse, application, open_door
from opinion_stream.adapters.embedded_broker import free_port
from opinion_stream.errors import SettingsError
from opinion_stream.settings import load_settings

TOKEN = "a token for the tests only"


def client(*, alive: bool = True, ready: bool = True, token: str | None = None) -> httpx.Client:
    registry = CollectorRegistry()
    Counter("seen_total", "Seen.", registry=registry).inc()
    app = application(registry, lambda: alive, lambda: ready, token)
    return httpx.Client(transport=httpx.WSGITransport(app), base_url="http://door")


@pytest.mark.parametrize(
    ("alive", "ready", "healthz", "readyz"),
    [(True, True, 200, 200), (True, False, 200, 503), (False, True, 503, 503)],
)
def test_health_and_readiness(alive: bool, ready: bool, healthz: int, readyz: int) -> None:
    door = client(alive=alive, ready=ready)
    assert door.get("/healthz").status_code == healthz
    assert door.get("/readyz").status_code == readyz


def test_figures_stand_open_where_no_token_is_set() -> None:
    answer = client().get("/metrics")
    assert answer.status_code == 200
    assert "seen_total 1.0" in answer.text


@pytest.mark.parametrize("given", [None, "Bearer wrong", f"Basic {TOKEN}", TOKEN])
def test_without_the_token_no_figures_pass(given: str | None) -> None:
    headers = {} if given is None else {"Authorization": given}
    answer = client(token=TOKEN).get("/metrics", headers=headers)
    assert answer.status_code == 401
    assert "seen_total" not in answer.text


def test_with_the_token_they_do() -> None:
    answer = client(token=TOKEN).get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200


def test_there_is_nothing_else_behind_the_door() -> None:
    assert client().get("/debug").status_code == 404


def test_an_address_others_can_reach_needs_a_token() -> None:
    registry = CollectorRegistry()
    open_to_all = load_settings(metrics_port=free_port(), metrics_host="0.0.0.0")
    with pytest.raises(SettingsError, match="OPINION_METRICS_TOKEN"):
        open_door(open_to_all, registry, lambda: True, lambda: True)
    assert open_door(load_settings(metrics_port=0), registry, lambda: True, lambda: True) is None


def test_a_port_that_is_taken_is_named() -> None:
    settings = load_settings(metrics_port=free_port())
    port = open_door(settings, CollectorRegistry(), lambda: True, lambda: True)
    assert httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200
    with pytest.raises(SettingsError, match="OPINION_METRICS_PORT"):
        open_door(settings, CollectorRegistry(), lambda: True, lambda: True)


async def test_a_loop_that_hangs_is_told_from_one_that_works() -> None:
    now = 0.0
    pulse = Pulse(lambda: now)
    beating = asyncio.create_task(pulse.beat())
    await asyncio.sleep(0)
    assert pulse.alive()
    now += SILENCE_SECONDS + 1
    assert not pulse.alive()
    beating.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await beating
