"""`opinion-stream collect` from a real web server to the inbound topic of a real broker."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from builders import SMALL_POLICY
from opinion_stream.adapters.admin import apply_topics
from opinion_stream.adapters.reading import reader
from opinion_stream.settings import load_settings
from opinion_stream.topics import INBOUND, full_name
from site_pages import article, item, listing, rss
from site_server import Answer, Site, serving

pytestmark = pytest.mark.broker

POLICY = """
defaults:
  schedule: {{every_minutes: 0.02}}
  backoff_seconds: 0.2
  http: {{contact: "mailto:desk@anping.example", per_host_seconds: 0, retry_seconds: 0.01}}
sources:
  - {{name: feed, title: 订阅, kind: rss, url: "{url}/feed.xml", licence: 公开订阅, enabled: true}}
  - {{name: site, title: 网站, kind: web, pages: ["{url}/list"], licence: 主动公开, enabled: true}}
  - {{name: broken, title: 坏的, kind: rss, url: "{url}/gone.xml", licence: 公开订阅, enabled: true}}
"""


async def test_collect_sends_what_the_sources_serve_once_and_over_restarts(
    bootstrap: str, unique_prefix: str, tmp_path: Path
) -> None:
    with serving() as site:
        policy = Path(shutil.copytree(SMALL_POLICY, tmp_path / "policy"))
        (policy / "sources.yaml").write_text(POLICY.format(url=site.url), encoding="utf-8")
        _publish(site, 3)
        environment = {
            **os.environ,
            "OPINION_KAFKA_BOOTSTRAP": bootstrap,
            "OPINION_TOPIC_PREFIX": unique_prefix,
            "OPINION_CONFIG": str(policy),
            "OPINION_STATE_DIR": str(tmp_path / "state"),
            "COLUMNS": "200",
        }
        settings = load_settings(kafka_bootstrap=bootstrap, topic_prefix=unique_prefix)
        await apply_topics(settings)
        command = [sys.executable, "-m", "opinion_stream", "collect"]

        async def ids() -> list[str]:
            async with reader(bootstrap) as read:
                records = await read.read_to_end([full_name(unique_prefix, INBOUND)])
            return sorted(f"{data['source']}:{data['id']}" for data in (json.loads(r.value or b"") for r in records))

        def served(count: int) -> list[str]:
            feed = [f"feed:guid-{n}" for n in range(count)]
            return sorted([*feed, *(f"site:{site.url}/a/{n}.html" for n in range(count))])

        for _ in range(2):
            once = await asyncio.to_thread(
                subprocess.run, [*command, "--once"], env=environment, capture_output=True, text=True, timeout=120
            )
            assert once.returncode == 1, once.stderr
            assert "http_404" in once.stdout
            assert "1 个来源失败" in once.stdout
            assert await ids() == served(3)
        sound = await asyncio.to_thread(
            subprocess.run, [*command, "feed", "--once"], env=environment, capture_output=True, text=True, timeout=120
        )
        assert sound.returncode == 0, sound.stderr

        service = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        try:
            site.trouble("/feed.xml", Answer(status=500), Answer(drop=True))
            _publish(site, 6)
            async with asyncio.timeout(60):
                while await ids() != served(6):
                    assert service.poll() is None
            service.send_signal(signal.SIGTERM)
            _, log = await asyncio.to_thread(service.communicate, timeout=30)
        finally:
            if service.poll() is None:
                service.kill()
        assert service.returncode == 0, log
        lines = [json.loads(line) for line in log.splitlines()]
        assert {line["source"] for line in lines} == {"feed", "site", "broken"}
        assert "停水" not in log, "what was read is never in the log"


def _publish(site: Site, count: int) -> None:
    site.put("/feed.xml", rss([item(n) for n in range(count)]))
    site.put("/list", listing([f"/a/{n}.html" for n in range(count)]))
    for number in range(count):
        site.put(f"/a/{number}.html", article(number))
