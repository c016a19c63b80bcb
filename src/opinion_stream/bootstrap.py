"""The one place of wiring: settings and policy in, a Faust app for one stage out."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

import faust
import structlog
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError
from faust.types import TP, AppT, EventT, StreamT

from opinion_stream.adapters.changelog import QUIET_SECONDS, Interrupted, Journal, KafkaJournal, MemoryJournal
from opinion_stream.adapters.clock import Clock, SystemClock
from opinion_stream.adapters.connection import METADATA_SECONDS, faust_credentials
from opinion_stream.adapters.course import follows
from opinion_stream.adapters.faust_transport import Lease, use_our_consumer
from opinion_stream.adapters.producer import BatchProducer
from opinion_stream.adapters.reading_on import ReadingOn
from opinion_stream.adapters.seal import Sealer
from opinion_stream.adapters.waiting import connected
from opinion_stream.agents.closed_lists import ClosedLists
from opinion_stream.agents.in_order import InOrder
from opinion_stream.agents.looking import lags, views
from opinion_stream.agents.metrics import StageMetrics
from opinion_stream.agents.road_metrics import RoadMetrics
from opinion_stream.agents.runner import Runner, Sender
from opinion_stream.agents.stage import DeskFactory, Record, StageSpec, Tools
from opinion_stream.agents.worker_metrics import describe_process, describe_worker
from opinion_stream.domain.assessment.category import Classifier
from opinion_stream.errors import DeliveryError, Fenced, StateError
from opinion_stream.policy import Policy
from opinion_stream.settings import Settings
from opinion_stream.topics import STATEFUL, Stage, changelog_name, full_name, group_id, inputs_of

if TYPE_CHECKING:
    from faust.tables.manager import TableManager

    from opinion_stream.adapters.watch_file import Outcome, WatchFile
    from opinion_stream.domain.collection.watch.watcher import Watcher

log = structlog.get_logger(__name__)


MIB = 1024 * 1024
SAMPLE_SECONDS = 5.0
"""How often the state is looked at for the metrics; a third of the usual scrape interval."""
STANDBY_SECONDS = 1.0
STUCK_SECONDS = 60.0
STOP_SECONDS = 15.0
"""So long each step of an orderly stop may take while the broker is away; what is then not done is done again later."""


def desk_of(stage: Stage) -> DeskFactory:
    """How the stage's desks are made. Imported here and not above: a worker loads only what its stage needs."""
    match stage:
        case Stage.COLLECTION:
            from opinion_stream.agents.collection import CollectionDesk

            return CollectionDesk
        case Stage.ASSESSMENT:
            from opinion_stream.agents.assessment import AssessmentDesk

            return AssessmentDesk
        case Stage.INCIDENTS:
            from opinion_stream.agents.incidents import IncidentsDesk

            return IncidentsDesk
        case Stage.REPORTING:
            from opinion_stream.agents.reporting import ReportingDesk

            return ReportingDesk
        case Stage.RESPONSE:
            from opinion_stream.agents.response import ResponseDesk

            return ResponseDesk


def tools_of(settings: Settings, policy: Policy, stage: Stage, metrics: StageMetrics | None = None) -> Tools:
    """What every desk may use. Raises SettingsError when there is no key, ModelError when the model is not sound."""
    secret = settings.secret_key()
    classifier: Classifier | None = None
    if stage is Stage.ASSESSMENT and settings.model is not None:
        from opinion_stream.adapters.model_store import load_classifier

        classifier = load_classifier(
            settings.model, policy.categories, lambda text: log.warning("model_older_than_lexicon", detail=text)
        )
    watcher: Callable[[], Watcher] | None = None
    if stage is Stage.COLLECTION:
        watcher = _watch_file(settings, policy, metrics)
    tools = Tools(
        policy=policy,
        sealer=Sealer(secret),
        secret=secret,
        classifier=classifier,
        watcher=watcher,
    )
    return tools if metrics is None else replace(tools, count=metrics.happened, watched=metrics.watched)


def _watch_file(settings: Settings, policy: Policy, metrics: StageMetrics | None) -> WatchFile:
    from opinion_stream.adapters.watch_file import WatchFile

    def told(outcome: Outcome) -> None:
        if metrics is not None:
            metrics.watch_file(outcome)
            metrics.watch_rules(file.version)

    file = WatchFile(settings.config / "watch.yaml", policy.watch, every=settings.watch_seconds, told=told)
    if metrics is not None:
        metrics.watch_rules(file.version)
    return file


def stop_at_once(error: BaseException) -> None:
    """End the process without acknowledging anything more: what is not committed is done again at the start."""
    log.critical("worker_stops", error=type(error).__name__, detail=str(error))
    os._exit(70)


class StageApp:
    """A Faust app that runs one stage: subscription, batches, rebalances, timers."""

    def __init__(
        self,
        stage: Stage,
        settings: Settings,
        policy: Policy,
        *,
        clock: Clock | None = None,
        journal: Journal | None = None,
        sender: Sender | None = None,
        on_fatal: Callable[[BaseException], None] = stop_at_once,
    ) -> None:
        """`journal`, `sender`, `clock` and `on_fatal` are for tests; left out, they are the changelog with RocksDB
        beside it, Kafka, the system's clock and the end of the process."""
        self.stage = stage
        self.settings = settings
        self.clock = clock or SystemClock()
        lists = ClosedLists.of(policy)
        self.metrics = StageMetrics(stage, lists.figures)
        self._consumes = False
        simulated = settings.clock == "topic"
        observer = RoadMetrics(stage, lists, self.metrics.registry, self.clock, simulated=simulated)
        self.lease = Lease(settings.session_seconds, patience_seconds=settings.broker_wait_seconds)
        self._on_fatal = on_fatal
        self._own_producer: BatchProducer | None = None
        self._own_journal: KafkaJournal | None = None
        prefix = settings.topic_prefix
        if sender is None:
            self._own_producer = BatchProducer(
                settings.broker(),
                client_id=f"{group_id(prefix, stage)}-out",
                patience_seconds=max(60.0, settings.broker_wait_seconds),
            )
            sender = self._own_producer
        if journal is None and stage in STATEFUL:
            journal = self._own_journal = self._kafka_journal()
        self.app = _faust_app(stage, settings)
        self._topics = {full_name(prefix, topic): topic for topic in inputs_of(stage)}
        self.reading = ReadingOn(self.app, stage, self._topics, InOrder())
        use_our_consumer(self.app, settings.fetch_wait_seconds, self.lease, self.reading.order.due.get)
        self.runner = Runner(
            spec=StageSpec(stage, desk_of(stage)),
            tools=replace(tools_of(settings, policy, stage, self.metrics), observer=observer),
            sender=sender,
            journal=journal or MemoryJournal(),
            topic_name=lambda topic: full_name(prefix, topic),
            changelog=changelog_name(prefix, stage),
            metrics=self.metrics,
        )
        if self._own_producer is not None:
            self.runner.lease = lambda: self.lease.wait(lambda: self.runner.revoking)
        self._register()
        if settings.metrics_port:
            describe_process(self.metrics.registry, stage.value, policy)
            describe_worker(self.metrics.registry, stage.value, self.ready, settings.state_dir)
            self.app.timer(SAMPLE_SECONDS)(self._sample)

    def _kafka_journal(self) -> KafkaJournal:
        from opinion_stream.adapters.rocks import RocksBackend

        return KafkaJournal(
            self.settings.broker(),
            changelog_name(self.settings.topic_prefix, self.stage),
            _state_dir(self.stage, self.settings),
            RocksBackend,
            self.metrics.recovering,
            max(QUIET_SECONDS, self.settings.broker_wait_seconds),
        )

    def _register(self) -> None:
        source = self.app.topic(
            *self._topics, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw"
        )
        self.agent = self.app.agent(source, name=self.stage.value)(self._consume)
        self.app.on_partitions_revoked.connect(self._revoked)  # type: ignore[arg-type]  # positional in Faust's own calls
        self.app.on_partitions_assigned.connect(self._assigned)  # type: ignore[arg-type]  # as above
        if self.settings.clock == "system" and self.stage in (Stage.REPORTING, Stage.RESPONSE):
            self.app.timer(self.settings.tick_seconds)(self._tick)

    async def _consume(self, stream: StreamT[bytes]) -> None:
        batches = cast("faust.Stream[bytes]", stream).noack_take(
            self.settings.batch_size, within=self.settings.batch_seconds
        )
        async for events in batches:
            await self.take(cast("Sequence[EventT[bytes]]", events))

    async def take(self, events: Sequence[EventT[bytes]]) -> None:
        """One batch: judge, write, and only then acknowledge, in order.

        Events that were fetched before a rebalance are passed over unacknowledged, and so are those before which one is
        missing: they are read again, by whoever owns their partition then (see `in_order`).
        """
        async with self.runner.lock:
            await self._open()
            taken = self.reading.order.take(
                (event, event.message.tp, event.message.offset, follows(event.message))
                for event in events
                if event.message.generation_id == self.app.consumer_generation_id
            )
            if await self._guarded(self.runner.process([self._record(event) for event in taken.now])):
                self.reading.order.done(taken.due)
                for event in taken.before + taken.now:
                    event.ack()

    async def _open(self) -> None:
        """Make ready what was assigned and is not yet, where that is possible now. Hold the runner's lock."""
        if self._settled() and not self._taken_up():
            await self._guarded(self._begin())

    async def _begin(self) -> None:
        await self.runner.open(self._partitions())
        await self.reading.begin()

    async def _guarded(self, work: Coroutine[None, None, None]) -> bool:
        """Do work that writes; True if it was done. What must not be survived ends the process."""
        try:
            await work
        except Interrupted:
            return False
        except (DeliveryError, Fenced, StateError) as error:
            self._on_fatal(error)
            return False
        return True

    def _record(self, event: EventT[bytes]) -> Record:
        message = event.message
        return Record(
            topic=self._topics[message.topic],
            partition=message.partition,
            offset=message.offset,
            key=message.key,
            value=message.value or b"",
            at=datetime.fromtimestamp(message.timestamp, UTC),
            headers=_headers(message.headers),
        )

    async def _tick(self) -> None:
        if not self._settled():
            return
        async with self.runner.lock:
            if self._settled():
                await self._guarded(self.runner.tick(self._partitions(), self.clock.now()))

    def _partitions(self) -> set[int]:
        return {tp.partition for tp in self.reading.places()}

    async def _sample(self) -> None:
        """Look at the state of the partitions and at what waits for them, for the metrics."""
        if not self._taken_up():
            return
        ends = await self.reading.ends()
        if ends is None:
            return
        async with self.runner.lock:
            if self._taken_up():
                self.metrics.figures.look(views(self.runner, lags(self._topics, ends, self.reading.order.due)))

    async def _revoked(self, app: AppT, revoked: set[TP], **_: object) -> None:
        # Waiting for the batch in hand keeps this worker from writing after another has taken over.
        self.runner.revoking = True
        async with self.runner.lock:
            partitions = {tp.partition for tp in revoked}
            if self.lease.holds:
                await self._guarded(self.runner.release(partitions))
            self.runner.drop(partitions)
            self.reading.order.forget(revoked)
            self.runner.revoking = False

    async def _assigned(self, app: AppT, assigned: set[TP], **_: object) -> None:
        # A rebalance that begins while another ends may find partitions opened once more that were revoked already.
        async with self.runner.lock:
            self.runner.drop(set(self.runner.slots))
            self.reading.order.forget(self.reading.order.due)

    async def run(self, stop: asyncio.Event, on_ready: Callable[[], None] = lambda: None) -> None:
        """Run until `stop` is set, then leave the group cleanly.

        `on_ready` is called once, when state is recovered and the first partitions are consumed. A broker that does
        not answer yet is waited for; raises BrokerError when it does not within `broker_wait_seconds`.
        """
        if self._own_producer is not None:
            broker, limit = self.settings.broker(), self.settings.broker_wait_seconds
            if not await connected(self._connect, broker, stop, limit):
                await self._disconnect()
                return
        try:
            await self.app.start()
        except KafkaError as error:
            self._on_fatal(DeliveryError(f"the broker went away at the start: {error!r}"))
            raise
        beside = [self._beside(work) for work in (self._take_up(on_ready), self._read_on(), self._stand_by())]
        waits = [asyncio.ensure_future(stop.wait()), asyncio.ensure_future(self.app.wait_until_stopped())]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        crashed = self.app.crash_reason
        for task in (*beside, *waits):
            task.cancel()
        self._consumes = False
        if crashed is None:
            self.runner.revoking = True
            await self._in_time("release", self._release_all())
        await self._in_time("leave", self.app.stop())
        await self._in_time("disconnect", self._disconnect())
        if crashed is not None:
            self._on_fatal(crashed)

    def _beside(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Work for as long as the app runs, without which it must not go on."""

        def ended(task: asyncio.Task[None]) -> None:
            if not task.cancelled() and (error := task.exception()) is not None:
                self._on_fatal(error)

        task = asyncio.ensure_future(work)
        task.add_done_callback(ended)
        return task

    async def _connect(self) -> None:
        try:
            for ours in (self._own_producer, self._own_journal):
                if ours is not None:
                    await ours.start()
            if self._own_producer is not None:
                for name in self._topics:
                    # Who joins a group before its topics are there is told of them minutes after they are made.
                    if not await self._own_producer.partitions(name):
                        raise UnknownTopicOrPartitionError(name)
        except BaseException:
            await self._disconnect()
            raise

    async def _disconnect(self) -> None:
        for ours in (self._own_producer, self._own_journal):
            if ours is not None:
                await ours.stop()

    async def _release_all(self) -> None:
        async with self.runner.lock:
            await self._guarded(self.runner.release(set(self.runner.slots)))

    async def _in_time(self, step: str, work: Coroutine[None, None, None]) -> None:
        """A step of an orderly stop, which does not wait for a broker that is away: nothing is lost, as in a crash."""
        try:
            await asyncio.wait_for(work, STOP_SECONDS)
        except TimeoutError:
            log.warning("stopped_without_broker", stage=self.stage.value, step=step)

    def ready(self) -> bool:
        """Whether state is recovered and partitions are consumed: false while starting, rebalancing and stopping.

        To be asked from any thread. What Faust makes when it is first looked at (consumer, tables) is not touched: made
        in the thread of a probe, it belongs to no loop, and the worker never joins its group.
        """
        return self._consumes and not (self.app.should_stop or self.app.rebalancing or self.runner.revoking)

    async def _take_up(self, on_ready: Callable[[], None]) -> None:
        """Open the partitions as soon as they are assigned, now and after each rebalance."""
        told = False
        settled_at = time.monotonic()
        while True:
            await asyncio.sleep(0.05)
            if self._settled():
                settled_at = time.monotonic()
            elif time.monotonic() - settled_at > max(STUCK_SECONDS, 9 * self.settings.session_seconds):
                # Seen under faults: a rebalance of Faust that never ends, while heartbeats keep the partitions ours.
                self._on_fatal(Fenced("a rebalance did not come to its end"))
                return
            if self._settled() and not self._taken_up():
                async with self.runner.lock:
                    await self._open()
            self._consumes = self._taken_up()
            if not told and self._consumes:
                told = True
                log.info("worker_ready", stage=self.stage.value)
                on_ready()

    def _taken_up(self) -> bool:
        return self._settled() and self._partitions() <= self.runner.slots.keys() and self.reading.begun()

    async def _read_on(self) -> None:
        going = True
        while going:
            await asyncio.sleep(0.05)
            if self.ready() and self.lease.holds:
                going = await self._guarded(self.reading.check(busy=self.runner.lock.locked()))
            else:
                self.reading.rest()

    async def _stand_by(self) -> None:
        """Follow the partitions of others, where that is wished, until something fails that cannot be waited out."""
        journal = self._own_journal
        while journal is not None and self.settings.standby:
            await asyncio.sleep(STANDBY_SECONDS)
            if not self._settled():
                continue
            for partition in set(range(self.settings.partitions)) - self._partitions():
                try:
                    while await journal.follow(partition) and self._settled():
                        await asyncio.sleep(0)
                except StateError as error:
                    log.warning("standby_ended", stage=self.stage.value, detail=str(error))
                    return

    def _settled(self) -> bool:
        tables = cast("TableManager", self.app.tables)
        return tables.recovery.completed.is_set() and not self.app.rebalancing and not self.runner.revoking


def _headers(headers: object) -> tuple[tuple[str, bytes], ...]:
    pairs = headers.items() if isinstance(headers, Mapping) else headers or ()
    return tuple((name, value) for name, value in pairs if isinstance(value, bytes))  # type: ignore[attr-defined]


def _state_dir(stage: Stage, settings: Settings) -> Path:
    return Path(settings.state_dir).absolute() / group_id(settings.topic_prefix, stage)


def _faust_app(stage: Stage, settings: Settings) -> faust.App:
    prefix = settings.topic_prefix
    state_dir = _state_dir(stage, settings)
    state_dir.mkdir(parents=True, exist_ok=True)
    return faust.App(
        group_id(prefix, stage),
        broker=[f"kafka://{host}" for host in (settings.kafka_bootstrap or "127.0.0.1:9092").split(",")],
        broker_credentials=faust_credentials(settings.broker()) if settings.kafka_bootstrap else None,
        store="memory://",
        datadir=str(state_dir),
        autodiscover=False,
        processing_guarantee="at_least_once",
        topic_partitions=settings.partitions,
        topic_replication_factor=settings.replication,
        topic_allow_declare=False,  # `topics apply` makes them; a worker has no right to
        topic_disable_leader=True,
        table_standby_replicas=0,
        web_enabled=False,
        stream_buffer_maxsize=settings.batch_size * 2,
        stream_wait_empty=False,
        stream_recovery_delay=0.1,
        broker_commit_interval=settings.commit_seconds,
        broker_session_timeout=settings.session_seconds,
        broker_heartbeat_interval=max(1.0, settings.session_seconds / 5),
        broker_rebalance_timeout=settings.session_seconds * 3,
        broker_max_poll_records=settings.batch_size * 2,
        consumer_auto_offset_reset="earliest",
        consumer_metadata_max_age_ms=int(METADATA_SECONDS * 1000),
        consumer_max_fetch_size=4 * MIB,
        producer_max_request_size=20 * MIB,
    )
