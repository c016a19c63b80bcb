"""A day of six sources, three of which fail, against a real web server in simulated time: what was missed is told."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from pathlib import Path

from builders import CST, SMALL_POLICY
from opinion_stream.adapters.producer import Outgoing
from opinion_stream.adapters.sources.base import Surroundings
from opinion_stream.adapters.sources.collector import Collector, Reading
from opinion_stream.adapters.sources.cursors import FOLDER, CursorStore
from opinion_stream.adapters.sources.journal import PollJournal
from opinion_stream.adapters.sources.records import Stamp
from opinion_stream.adapters.sources.registry import connector_of
from opinion_stream.adapters.sources.service import CollectService
from opinion_stream.adapters.sources.status import statuses
from opinion_stream.adapters.sources.watch import SourceWatch
from opinion_stream.adapters.sources.web_client import WebClient
from opinion_stream.models.source import PollOutcome, SourceHealth, SourceState
from opinion_stream.policy import Policy, load_policy
from site_pages import item, rss
from site_server import Answer, SimulatedTime, Site, serving_of

START = datetime(2026, 11, 3, 0, 0, tzinfo=CST)
"""A Tuesday, midnight."""
TOPIC = "test.source-health"
NAMES = ("steady", "night-owl", "down", "limited", "quiet")
POLICY = """
defaults:
  schedule: {every_minutes: 10}
  http: {contact: "mailto:desk@anping.example", per_host_seconds: 0, attempts: 1}
  backoff_seconds: 30
  backoff_longest_minutes: 20
  health: {check_seconds: 300, settle_minutes: 60}
sources:
"""


def hours(number: float) -> datetime:
    return START + timedelta(hours=number)


DOWN = (hours(9), hours(12))
LIMITED = [hours(13) + timedelta(minutes=70 * n) for n in range(4)]
SILENT_FROM = hours(10)


@dataclass
class Clockwork(Site):
    """A site whose pages and troubles follow the simulated time."""

    time: SimulatedTime | None = None
    published: dict[str, list[datetime]] = field(default_factory=dict)
    limits: list[datetime] = field(default_factory=lambda: list(LIMITED))

    def answer(self, path: str, headers: Mapping[str, str]) -> Answer:
        assert self.time is not None
        name, now = path.strip("/").removesuffix(".xml"), self.time.now()
        if name not in self.published:
            return Answer(b"not here", 404)
        if name == "down" and DOWN[0] <= now < DOWN[1]:
            return Answer(b"", 503)
        if name == "limited":
            self.time.value += timedelta(seconds=20)  # slow
            if self.limits and now >= self.limits[0]:
                self.limits.pop(0)
                return Answer(b"", 429, {"Retry-After": "2400"})
        there = [(number, at) for number, at in enumerate(self.published[name]) if at <= now]
        items = [item(n, date=format_datetime(at)).replace("guid-", f"{name}-") for n, at in there[::-1][:20]]
        self.put(path, rss(items), "application/rss+xml")
        return super().answer(path, headers)


def rhythm(name: str) -> list[datetime]:
    """When a source publishes in the day: every 20 minutes from 7 to 23, the night owl all round the clock."""
    times = [START + timedelta(minutes=20 * n + 3) for n in range(72)]
    day = times if name == "night-owl" else [at for at in times if 7 <= at.hour < 23]
    return [at for at in day if at < SILENT_FROM] if name == "quiet" else day


def history(name: str) -> list[PollOutcome]:
    """Eight days of polls before the day, with the same rhythm."""
    found: list[PollOutcome] = []
    for number in range(8 * 144):
        at = START - timedelta(minutes=10 * (8 * 144 - number))
        news = number % 2 == 0 and (name == "night-owl" or 7 <= at.hour < 23)
        latest = at - timedelta(minutes=2) if news else None
        found.append(
            PollOutcome(source=name, at=at, ok=True, fetched=int(news), sent=int(news), latest_published_at=latest)
        )
    return found


@dataclass
class Topics:
    """A broker in memory."""

    records: list[Outgoing] = field(default_factory=list)

    async def send_all(self, records: list[Outgoing], /) -> list[int]:
        self.records += records
        return list(range(len(records)))

    @property
    def ids(self) -> list[str]:
        return [json.loads(r.value or b"")["id"] for r in self.records if r.topic != TOPIC]

    @property
    def told(self) -> list[SourceHealth]:
        return [SourceHealth.model_validate_json(r.value or b"") for r in self.records if r.topic == TOPIC]


@dataclass
class Day:
    """What was there after the day."""

    policy: Policy
    folder: Path
    site: Clockwork
    topics: Topics
    watch: SourceWatch

    def told(self, name: str) -> list[SourceHealth]:
        return [health for health in self.topics.told if health.id == name]

    def metric(self, name: str, source: str, **labels: str) -> float | None:
        return self.watch.metrics.registry.get_sample_value(f"opinion_source_{name}", {"source": source, **labels})

    def status(self, at: datetime) -> dict[str, dict[str, object]]:
        found = statuses(self.folder, self.policy, self.policy.sources.sources, at)
        return {one.source.name: one.as_json() for one in found}


async def there(stop: asyncio.Event, patient: bool) -> bool:
    return True


async def _live(folder: Path, site: Clockwork, until: float, restarts: tuple[float, ...] = ()) -> Day:
    policy_folder = Path(shutil.copytree(SMALL_POLICY, folder / "policy"))
    lines = [
        f'  - {{name: {n}, title: 来源{n}, kind: rss, url: "{site.url}/{n}.xml", licence: 公开订阅, enabled: true}}\n'
        for n in NAMES
    ]
    (policy_folder / "sources.yaml").write_text(POLICY + "".join(lines), encoding="utf-8")
    policy = load_policy(policy_folder)
    state, topics = folder / FOLDER, Topics()
    journal = PollJournal(state)
    site.published = {name: rhythm(name) for name in NAMES}
    for name in NAMES:
        for outcome in history(name):
            journal.record(outcome)
    sources, now = policy.sources.sources, START
    for end in (*restarts, until):
        site.time = time = SimulatedTime(now, hours(end))
        around = Surroundings(clock=time, zone=CST, sleep=time.sleep, chance=lambda: 0.0)
        watch = SourceWatch(sources, policy.sources, PollJournal(state), topics, TOPIC, state, around)
        async with WebClient(policy.sources.defaults.http, around) as client:
            readings = [
                Reading(
                    source,
                    connector_of(source, policy.mappings, client, around),
                    Stamp(source, policy),
                    policy.sources.schedule_of(source),
                )
                for source in sources
            ]
            collector = Collector(
                readings, topics, "inbound", CursorStore(state), watch, policy.sources.defaults, around
            )
            driver = asyncio.create_task(time.drive(len(readings) + 1))
            await asyncio.wait_for(CollectService(collector, watch, there).run(time.over), 280)
            await driver
        now = hours(end)
        time.value = now
    return Day(policy, folder, site, topics, watch)


async def test_what_was_missed_and_caught_up_in_a_day_is_told_exactly(tmp_path: Path) -> None:
    with serving_of(Clockwork()) as site:
        day = await _live(tmp_path, site, 24)
    served = [f"{name}-{number}" for name in NAMES for number in range(len(site.published[name]))]
    assert sorted(day.topics.ids) == sorted(served), "nothing lost, nothing twice"
    status = day.status(hours(24))

    for name in ("steady", "night-owl"):
        assert [health.state for health in day.told(name)] == [SourceState.OK], "a quiet night is no silence"
        assert (status[name]["healthy"], status[name]["missed_polls"], status[name]["error_rate"]) == (True, 0, 0)
        assert day.metric("polls_missed_total", name) == day.metric("polls_total", name, result="failed") == 0

    outcomes = {name: PollJournal(day.folder / FOLDER).outcomes(name)[-300:] for name in NAMES}
    for name, faults in (("down", 1), ("limited", len(LIMITED))):
        good = [outcome for outcome in outcomes[name] if outcome.ok and outcome.at >= START]
        missed = caught_up = holes = 0
        for before, after in pairwise(good):
            due = [before.at + n * timedelta(minutes=10) for n in range(1, 200)]
            late = [at for at in due if at <= after.at]
            if len(late) > 1:
                holes, missed = holes + 1, missed + len(late) - 1
                caught_up += sum(before.at < at <= after.at for at in site.published[name])
        assert holes == faults
        assert (status[name]["missed_polls"], status[name]["caught_up"]) == (missed, caught_up)
        assert day.metric("polls_missed_total", name) == missed
        assert day.metric("records_caught_up_total", name) == caught_up > 0
        assert day.metric("state", name, state="ok") == 1
        assert status[name]["healthy"]

    failing = day.told("down")
    assert [health.state for health in failing] == [SourceState.OK, SourceState.FAILING, SourceState.OK]
    assert "对方服务器出错（503）" in failing[1].reason
    assert failing[1].since < DOWN[0] + timedelta(minutes=15)
    assert DOWN[1] <= failing[2].since < DOWN[1] + timedelta(minutes=30)
    assert f"漏读{status['down']['missed_polls']}次，恢复后补回{status['down']['caught_up']}条" in failing[2].reason
    (outage,) = status["down"]["outages"]  # type: ignore[misc]
    assert outage["error_kind"] == "http_503"  # type: ignore[index]

    late = day.told("limited")
    assert "对方限制访问频率" in late[1].reason
    states = [health.state for health in late]
    assert states == [SourceState.OK, SourceState.LATE, SourceState.OK], "what comes and goes is told of once"

    silent = day.told("quiet")
    assert [health.state for health in silent] == [SourceState.OK, SourceState.SILENT]
    assert timedelta(hours=1) < silent[1].since - SILENT_FROM < timedelta(hours=4)
    assert status["quiet"]["state"] == "silent"
    assert status["quiet"]["error_rate"] == 0
    ratios = [day.metric("silence_ratio", name) for name in ("quiet", "night-owl")]
    assert None not in ratios
    assert (ratios[0] or 0) > 1 > (ratios[1] or 0)
    assert day.metric("state", "quiet", state="silent") == 1
    assert day.metric("failures_consecutive", "quiet") == 0
    versions = [health.version for health in silent]
    assert versions == sorted(set(versions))
