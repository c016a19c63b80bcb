"""Runs each stage as a process of its own: started, watched, restarted when it falls, stopped cleanly."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from opinion_stream.errors import OpinionStreamError
from opinion_stream.topics import Stage

_PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """On Linux: have this process told to stop when its parent dies, however it dies; elsewhere nothing."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass
class _Child:
    stage: Stage
    process: subprocess.Popen[bytes]
    ready_file: Path
    log_file: Path
    restarts: int = 0


class WorkerPool:
    """The workers of one machine, for `demo` and the tests; in production an init system does this."""

    def __init__(
        self,
        run_dir: Path,
        env: Mapping[str, str],
        stages: Sequence[Stage] = tuple(Stage),
        metrics_ports: Mapping[Stage, int] | None = None,
        max_restarts: int = 5,
    ) -> None:
        self._run_dir = run_dir
        self._env = {**os.environ, **env}
        self._stages = stages
        self._metrics_ports = metrics_ports or {}
        self._max_restarts = max_restarts
        self._children: dict[Stage, _Child] = {}
        self._stopping = threading.Event()
        self._watcher: threading.Thread | None = None
        self._lock = threading.Lock()
        self.failed: str | None = None

    def start(self) -> None:
        """Start one process per stage and begin to watch them."""
        self._run_dir.mkdir(parents=True, exist_ok=True)
        for stage in self._stages:
            self._spawn(stage, restarts=0)
        self._watcher = threading.Thread(target=self._watch, daemon=True, name="worker-watcher")
        self._watcher.start()

    def _spawn(self, stage: Stage, restarts: int) -> None:
        ready_file = self._run_dir / f"{stage.value}.ready"
        ready_file.unlink(missing_ok=True)
        log_file = self._run_dir / f"{stage.value}.log"
        command = [sys.executable, "-m", "opinion_stream", "worker", stage.value]
        command += ["--ready-file", str(ready_file), "--parent", str(os.getpid())]
        with log_file.open("ab") as log:
            process = subprocess.Popen(  # noqa: S603  our own module with fixed arguments
                command,
                env={**self._env, "OPINION_METRICS_PORT": str(self._metrics_ports.get(stage, 0))},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches only the parent, which stops the children in order.
            )
        self._children[stage] = _Child(stage, process, ready_file, log_file, restarts)

    def _watch(self) -> None:
        while not self._stopping.wait(0.2):
            with self._lock:
                for child in list(self._children.values()):
                    if self._stopping.is_set() or child.process.poll() is None:
                        continue
                    if child.restarts >= self._max_restarts:
                        self.failed = (
                            f"the {child.stage.value} worker ended {child.restarts + 1} times "
                            f"(last exit code {child.process.returncode}); its log: {child.log_file}"
                        )
                        return
                    self._spawn(child.stage, child.restarts + 1)

    def wait_ready(self, seconds: float) -> None:
        """Wait until every worker consumes. Raises OpinionStreamError when one fails or time runs out."""
        deadline = time.monotonic() + seconds
        while True:
            self.check()
            waiting = [c for c in list(self._children.values()) if not c.ready_file.exists()]
            if not waiting:
                return
            if time.monotonic() > deadline:
                names = ", ".join(f"{c.stage.value} (log: {c.log_file})" for c in waiting)
                raise OpinionStreamError(f"not ready after {seconds:.0f} s: {names}")
            time.sleep(0.05)

    def check(self) -> None:
        """Raises OpinionStreamError when a worker fell too often to be restarted again."""
        if self.failed is not None:
            raise OpinionStreamError(self.failed)

    def kill(self, stage: Stage) -> None:
        """SIGKILL one worker, as a test of the promise that nothing is lost; it is restarted."""
        with self._lock:
            self._children[stage].process.kill()
            self._children[stage].process.wait()

    def pid(self, stage: Stage) -> int:
        """Process id of the stage's present worker."""
        return self._children[stage].process.pid

    def restarts(self, stage: Stage) -> int:
        """How many times the stage's worker was started again."""
        return self._children[stage].restarts

    def logs(self) -> list[Path]:
        """The log files of all workers."""
        return [child.log_file for child in self._children.values()]

    def stop(self, seconds: float = 20) -> bool:
        """Ask all workers to stop and wait for them; True when all ended by themselves with code 0."""
        self._stopping.set()
        if self._watcher is not None:
            self._watcher.join()
        with self._lock:
            children = list(self._children.values())
            for child in children:
                if child.process.poll() is None:
                    child.process.terminate()
            deadline = time.monotonic() + seconds
            clean = True
            for child in children:
                try:
                    clean &= child.process.wait(max(0.1, deadline - time.monotonic())) == 0
                except subprocess.TimeoutExpired:
                    child.process.kill()
                    child.process.wait()
                    clean = False
            self._children.clear()
        return clean
