"""The real servers of the proof: PostgreSQL with the reader's role, the ledger's service, Prometheus with our rules."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import psycopg
import yaml

from opinion_stream.adapters.embedded_broker import free_port
from opinion_stream.errors import OpinionStreamError

ROOT = Path(__file__).parents[2]
SCRAPE_SECONDS = 1
READER, PASSWORD = "grafana", "observability"
_SECONDS = 60


def _said(script: str, *arguments: str) -> str:
    """The last line that a script below deploy/ prints. Ends the program with the script's exit code when it fails."""
    done = subprocess.run(["bash", str(ROOT / "deploy" / script), *arguments], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(done.returncode)
    return (done.stdout.strip().splitlines() or [""])[-1]


class Child:
    """A process of ours: logs into a file, ended by its id."""

    def __init__(self, name: str, command: list[str], folder: Path, env: Mapping[str, str] | None = None) -> None:
        self.log = folder / f"{name}.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def check(self) -> None:
        """Raises OpinionStreamError when it has ended."""
        if (code := self.process.poll()) is not None:
            raise OpinionStreamError(f"{self.log.stem} ended with exit code {code}; its log: {self.log}")

    def stop(self) -> None:
        """Ask it to end, and wait."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Postgres:
    """A cluster of its own; `url` is its owner's address, `reader_url` that of the role that Grafana has."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.url = _said("postgres/postgres.sh", "start", str(folder))
        self.reader_url = re.sub(r"//[^@]*@", f"//{READER}:{PASSWORD}@", self.url)
        self._make_reader()

    def _make_reader(self) -> None:
        text = (ROOT / "deploy" / "postgres" / "reader.sql").read_text(encoding="utf-8")
        for name, value in (("reader", READER), ("owner", "postgres")):
            text = text.replace(f':"{name}"', f'"{value}"')
        with psycopg.connect(self.url, autocommit=True) as db:
            db.execute(text.replace(":'password'", f"'{PASSWORD}'"))  # type: ignore[arg-type]

    def stop(self) -> None:
        """Stop the cluster."""
        _said("postgres/postgres.sh", "stop", str(self._folder))


def ledger(url: str, env: Mapping[str, str], folder: Path, port: int) -> Child:
    """The ledger's service, writing into that database; its figures on that port of this machine."""
    command = [sys.executable, "-m", "opinion_stream", "ledger", "run"]
    own = {"OPINION_LEDGER_URL": url, "OPINION_METRICS_PORT": str(port)}
    return Child("ledger", command, folder, {**env, **own})


class Prometheus:
    """A server that scrapes these processes every second, with the shipped rules and their waiting times shortened."""

    def __init__(self, stages: Mapping[str, int], services: Mapping[str, int], folder: Path, wait_seconds: int) -> None:
        """`stages` and `services`: the ports of their figures."""
        program = str(Path(_said("prometheus/prometheus.sh", "get")) / "prometheus")
        port = free_port()
        self.address = f"http://127.0.0.1:{port}"
        rules = self._rules(folder, wait_seconds)
        config = {
            "global": {"scrape_interval": f"{SCRAPE_SECONDS}s", "scrape_timeout": f"{SCRAPE_SECONDS}s"},
            "rule_files": [str(path) for path in rules],
            "scrape_configs": [
                {
                    "job_name": job,
                    "honor_labels": True,
                    "static_configs": [
                        {"targets": [f"127.0.0.1:{number}"], "labels": {label: name}}
                        for name, number in targets.items()
                    ],
                }
                for job, label, targets in (
                    ("opinion-workers", "stage", stages),
                    ("opinion-services", "service", services),
                )
            ],
        }
        config["global"]["evaluation_interval"] = f"{SCRAPE_SECONDS}s"  # type: ignore[index]
        path = folder / "prometheus.yml"
        path.write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
        command = [program, f"--config.file={path}", f"--storage.tsdb.path={folder / 'prometheus'}"]
        self._child = Child("prometheus", [*command, f"--web.listen-address=127.0.0.1:{port}"], folder)
        self._client = httpx.Client(base_url=self.address, timeout=30, trust_env=False)
        until("Prometheus is ready", self._ready, check=self._child.check)

    @staticmethod
    def _rules(folder: Path, wait_seconds: int) -> list[Path]:
        paths = []
        for source in sorted((ROOT / "deploy" / "prometheus" / "rules").glob("*.yml")):
            text = re.sub(r"^(\s+for:) .*$", rf"\1 {wait_seconds}s", source.read_text(encoding="utf-8"), flags=re.M)
            path = folder / f"rules-{source.name}"
            path.write_text(text, encoding="utf-8")
            paths.append(path)
        return paths

    def _ready(self) -> bool:
        try:
            return self._client.get("/-/ready").status_code == 200
        except httpx.TransportError:
            return False

    def get(self, path: str, **parameters: Any) -> Any:
        """The data of an answer. Raises OpinionStreamError with Prometheus's own words for a wrong query."""
        answer = self._client.get(f"/api/v1/{path}", params=parameters).json()
        if answer["status"] != "success":
            raise OpinionStreamError(f"{answer.get('error')} in {parameters}")
        return answer["data"]

    def firing(self) -> set[tuple[str, str]]:
        """(alert, stage) of all that fire."""
        alerts = self.get("alerts")["alerts"]
        return {(a["labels"]["alertname"], a["labels"].get("stage", "")) for a in alerts if a["state"] == "firing"}

    def stop(self) -> None:
        """End it."""
        self._client.close()
        self._child.stop()


def until(what: str, holds: Callable[[], bool], check: Callable[[], None] = lambda: None) -> float:
    """Wait until it holds; the seconds it took. Raises OpinionStreamError after a minute."""
    started = time.monotonic()
    while not holds():
        check()
        if time.monotonic() - started > _SECONDS:
            raise OpinionStreamError(f"not within {_SECONDS} s: {what}")
        time.sleep(0.2)
    return time.monotonic() - started


class Paused:
    """Inside it a process stands still (SIGSTOP), as one does that hangs."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def __enter__(self) -> None:
        os.kill(self._pid, signal.SIGSTOP)

    def __exit__(self, *_: object) -> None:
        os.kill(self._pid, signal.SIGCONT)
