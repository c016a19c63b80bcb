"""The ledger beside a demo that stays up: one more process, on a SQLite in the demo's folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType

from opinion_stream.adapters.embedded_broker import free_port
from opinion_stream.adapters.processes import end_with_parent
from opinion_stream.demo.road import environment
from opinion_stream.settings import Settings

MAX_RESTARTS = 3
STOP_SECONDS = 20


class DemoLedger:
    """A context manager: inside it the ledger runs. It reads all topics from their beginning, so it may come late.

    Never the ledger that OPINION_LEDGER_URL names: that one is not for a scenario.
    """

    def __init__(self, settings: Settings, run_dir: Path) -> None:
        self.path = run_dir / "state" / "ledger.sqlite"
        self.url = f"sqlite:///{self.path}"
        self.port = free_port()
        self.log_file = run_dir / "ledger.log"
        self.restarts = 0
        own = {"OPINION_LEDGER_URL": self.url, "OPINION_METRICS_PORT": str(self.port)}
        self._env = {**os.environ, **environment(settings, run_dir), **own}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> DemoLedger:
        self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    @property
    def pid(self) -> int | None:
        """Of the process that runs now; None: it fell too often and is not started again."""
        return self._process.pid if self._process is not None else None

    def check(self) -> bool:
        """Start it again if it has fallen. Whether it runs: the road goes on without it."""
        if self._process is not None and self._process.poll() is not None:
            self._process = None
            if self.restarts < MAX_RESTARTS:
                self.restarts += 1
                self._start()
        return self._process is not None

    def _start(self) -> None:
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "opinion_stream", "ledger", "run"],
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches only the parent
                preexec_fn=end_with_parent,
            )
