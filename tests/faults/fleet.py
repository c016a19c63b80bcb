"""The workers of a run: some per stage, each with its own state folder, started again whenever they fall."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from opinion_stream.topics import Stage

BACKOFF_SECONDS = 0.5
MOST_BACKOFF_SECONDS = 5.0


@dataclass
class Worker:
    """One worker, through all its lives."""

    name: str
    stage: Stage
    folder: Path
    process: subprocess.Popen[bytes] | None = None
    wanted: bool = True
    falls: int = 0
    """Ends that nobody had asked for since it was last ready."""
    due: float = 0.0
    exits: Counter[int] = field(default_factory=Counter)

    @property
    def ready_file(self) -> Path:
        """Exists while it consumes."""
        return self.folder / "ready"

    @property
    def state(self) -> Path:
        """Its state folder."""
        return self.folder / "state"

    @property
    def log(self) -> Path:
        """Its log."""
        return self.folder.parent / f"{self.name}.log"

    @property
    def clock(self) -> Path:
        """What its clock is off by, for libfaketime."""
        return self.folder.parent / f"{self.name}.clock"

    @property
    def alive(self) -> bool:
        """Whether its process runs."""
        return self.process is not None and self.process.poll() is None

    @property
    def ready(self) -> bool:
        """Whether it consumes."""
        return self.alive and self.ready_file.exists()


class Fleet:
    """Starts workers and keeps them running; what happens to them in between is the faults' business."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self.folder = folder
        self._env = {**os.environ, **env}
        self.workers: dict[str, Worker] = {}
        self._lock = threading.RLock()
        self._end = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    def start(self) -> None:
        """One worker per stage."""
        for stage in Stage:
            self.add(stage)
        self._watcher.start()

    def add(self, stage: Stage) -> Worker:
        """One more worker of a stage."""
        with self._lock:
            number = sum(worker.stage is stage for worker in self.workers.values()) + 1
            name = f"{stage.value}-{number}"
            worker = Worker(name, stage, self.folder / name)
            worker.state.mkdir(parents=True, exist_ok=True)
            worker.clock.write_text("+0\n")
            self.workers[name] = worker
            self._spawn(worker)
            return worker

    def of(self, stage: Stage) -> list[Worker]:
        """The workers of a stage that are meant to run."""
        return [worker for worker in self.workers.values() if worker.stage is stage and worker.wanted]

    def leave(self, worker: Worker) -> None:
        """Have a worker stop in order, for good."""
        with self._lock:
            worker.wanted = False
            if worker.process is not None:
                worker.process.terminate()

    def _spawn(self, worker: Worker) -> None:
        worker.ready_file.unlink(missing_ok=True)
        command = [sys.executable, "-m", "opinion_stream", "worker", worker.stage.value]
        command += ["--ready-file", str(worker.ready_file), "--parent", str(os.getpid())]
        own = {"OPINION_STATE_DIR": str(worker.state), **faked_time(worker.clock)}
        with worker.log.open("ab") as log:
            worker.process = subprocess.Popen(
                command,
                env={**self._env, **own},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _watch(self) -> None:
        while not self._end.wait(0.1):
            with self._lock:
                for worker in self.workers.values():
                    self._look_at(worker)

    def _look_at(self, worker: Worker) -> None:
        process, now = worker.process, time.monotonic()
        if process is not None:
            if worker.falls and worker.ready:
                worker.falls = 0
            if process.poll() is None:
                return
            worker.exits[process.returncode] += 1
            worker.process = None
            worker.due = now + min(MOST_BACKOFF_SECONDS, BACKOFF_SECONDS * 2**worker.falls) * bool(worker.falls)
            worker.falls += 1
        if worker.wanted and now >= worker.due:
            self._spawn(worker)

    def wait_ready(self, seconds: float = 600) -> None:
        """Wait until all that are meant to run consume. Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while waiting := [w for w in self.workers.values() if w.wanted and not w.ready]:
            if time.monotonic() > deadline:
                raise TimeoutError(f"not ready after {seconds:.0f} s: {', '.join(w.name for w in waiting)}")
            time.sleep(0.1)

    def stop(self, seconds: float = 120) -> dict[str, int]:
        """Stop all in order; the exit code of each that was running."""
        self._end.set()
        self._watcher.join()
        running = [worker for worker in self.workers.values() if worker.alive and worker.process is not None]
        for worker in running:
            os.kill(worker.process.pid, signal.SIGCONT)
            worker.process.terminate()
        codes: dict[str, int] = {}
        deadline = time.monotonic() + seconds
        for worker in running:
            try:
                codes[worker.name] = worker.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                worker.process.kill()
                codes[worker.name] = worker.process.wait()
        return codes


def faketime_library() -> Path | None:
    """libfaketime (Debian package of that name), or None."""
    return next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))), None)


def faked_time(clock: Path) -> dict[str, str]:
    """The environment in which a process reads from a file what its clock is off by; the monotonic clock is true."""
    library = faketime_library()
    if library is None:
        return {}
    return {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }
