"""Brings up broker, topics and workers for a demo or a test, and takes them down again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from opinion_stream.adapters.admin import apply_topics
from opinion_stream.adapters.embedded_broker import EmbeddedBroker, free_port
from opinion_stream.adapters.processes import WorkerPool
from opinion_stream.adapters.reading import Progress, Reader, Stored
from opinion_stream.errors import OpinionStreamError
from opinion_stream.settings import PREFIX, Settings, load_settings
from opinion_stream.topics import Stage, full_name, inputs_of

READY_SECONDS = 90.0
EMBEDDED: dict[str, object] = {
    "fetch_wait_seconds": 0.05,
    "session_seconds": 4,
    "partitions": 2,
    "kafka_security": "plaintext",
}
"""Settings that suit the embedded broker, which listens on 127.0.0.1 alone: it notices new records late in a long
fetch (see `faust_transport`), and joining a group takes half a session."""


class Road:
    """Also a context manager: inside it all topics exist and the workers of `stages` consume.

    `settings.kafka_bootstrap` None starts the embedded broker. `run_dir` takes logs and state. With `metrics`
    each worker serves its figures on a free port of 127.0.0.1.
    """

    def __init__(
        self,
        settings: Settings,
        run_dir: Path,
        *,
        stages: Sequence[Stage] = tuple(Stage),
        metrics: bool = False,
        on_step: Callable[[str], None] = lambda step: None,
    ) -> None:
        self.run_dir = run_dir
        self.settings = settings
        self.metrics = {stage: free_port() for stage in stages} if metrics else {}
        self._stages = stages
        self._on_step = on_step
        self._broker: EmbeddedBroker | None = None
        self._pool: WorkerPool | None = None

    def start(self) -> None:
        """Bring all up. On an error everything is taken down again and the error is raised."""
        try:
            if self.settings.kafka_bootstrap is None:
                self._on_step("启动内置消息服务")
                self._broker = EmbeddedBroker(self.run_dir / "broker.log")
                self._broker.start()
                # One partition: hours of the scenario pass in a second, and what was said first must still come first.
                own = {"kafka_bootstrap": self._broker.bootstrap, **EMBEDDED, "partitions": 1}
                self.settings = load_settings(**{**self.settings.model_dump(), **own})
            self._on_step("建立主题")
            asyncio.run(apply_topics(self.settings))
            self._on_step("启动各环节进程")
            self._pool = WorkerPool(self.run_dir, environment(self.settings, self.run_dir), self._stages, self.metrics)
            self._pool.start()
            self._pool.wait_ready(READY_SECONDS)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> bool:
        """Take all down; True when every worker ended by itself with exit code 0."""
        pool, self._pool = self._pool, None
        clean = pool.stop() if pool is not None else True
        broker, self._broker = self._broker, None
        if broker is not None:
            broker.stop()
        return clean

    def __enter__(self) -> Road:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def workers(self) -> WorkerPool:
        """The running workers. Raises OpinionStreamError when they are not running."""
        if self._pool is None:
            raise OpinionStreamError("the workers are not running")
        return self._pool

    def logs(self) -> list[Path]:
        """All log files of this run."""
        return sorted(self.run_dir.glob("*.log"))


def environment(settings: Settings, run_dir: Path) -> Mapping[str, str]:
    """The settings as environment variables for worker processes; state goes below `run_dir`."""
    values = settings.model_dump()
    values["pseudonym_key"] = settings.secret_text()
    values["pseudonym_key_file"] = None
    if settings.kafka_password is not None:
        values["kafka_password"] = settings.kafka_password.get_secret_value()
    values["state_dir"] = run_dir / "state"
    # Workers do not write to the ledger; its password is none of theirs.
    values["ledger_url"] = values["ledger_url_file"] = None
    return {f"{PREFIX}{name.upper()}": str(value) for name, value in values.items() if value is not None}


async def wait_drained(
    settings: Settings,
    read: Reader,
    far: Progress,
    *,
    check: Callable[[], None],
    on_records: Callable[[Sequence[Stored]], None] = lambda records: None,
    stages: Sequence[Stage] = tuple(Stage),
    seconds: float = 300,
) -> None:
    """Wait until every stage has committed all there is on its topics.

    `read` must be set to read all these topics; what it reads goes to `on_records`. `check` is called now and
    then and may raise. Raises OpinionStreamError after `seconds`.
    """
    topics = sorted({full_name(settings.topic_prefix, topic) for stage in stages for topic in inputs_of(stage)})
    partitions = await read.partitions(topics)
    deadline = time.monotonic() + seconds
    calm = 0
    while calm < 2:
        check()
        # Reading on keeps the reader's view of the topics' ends fresh.
        while records := await read.next_batch(0):
            on_records(records)
        seen = read.seen_ends()
        lags = await far.lags(stages, {partition: seen.get(partition, 0) for partition in partitions})
        if not any(lags.values()):
            # Only then, for the broker works hard for this answer. And held against what was committed before it was
            # asked: what is on its way between two stages had not been committed by the first of them then.
            listed = await read.listed_ends(partitions)
            ends = {partition: max(listed[partition], seen.get(partition, 0)) for partition in partitions}
            lags = {stage: far.known_lag(stage, ends) for stage in stages}
        calm = calm + 1 if not any(lags.values()) else 0
        if time.monotonic() > deadline:
            behind = ", ".join(f"{stage.value}: {lag}" for stage, lag in lags.items() if lag)
            raise OpinionStreamError(f"the road did not come to rest within {seconds:.0f} s; behind: {behind}")
        if calm == 0:
            await asyncio.sleep(0.02)
