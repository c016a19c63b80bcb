"""The services around the road, in the proof: a collector, the HTTP intake and a publisher, each with work to do."""

from __future__ import annotations

import csv
import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx
import yaml
from servers import ROOT, Child, until

from opinion_stream.adapters.embedded_broker import free_port
from opinion_stream.adapters.intake.tokens import new_token
from opinion_stream.errors import OpinionStreamError

SOURCE = {
    "name": "board",
    "title": "留言板导出文件夹",
    "kind": "folder",
    "mapping": "message_board_export",
    "enabled": True,
    "schedule": {"every_minutes": 0.05},
    "region_hint": "621000",
    "channel": "message_board",
    "licence": "自拟样例",
    "expected_every_hours": 6,
}


class Around:
    """`targets`: the service's name and the port of its figures, for Prometheus."""

    def __init__(self, env: Mapping[str, str], folder: Path) -> None:
        self._folder = folder
        self._inbox = folder / "inbox"
        self._inbox.mkdir()
        self._token, digest = new_token()
        policy = Path(shutil.copytree(ROOT / "config", folder / "policy"))
        declared = policy / "sources.yaml"
        sources = {**yaml.safe_load(declared.read_bytes()), "sources": [{**SOURCE, "path": str(self._inbox)}]}
        sources["defaults"]["health"]["check_seconds"] = 1  # the proof is shorter than the usual pause
        declared.write_text(yaml.safe_dump(sources, allow_unicode=True), encoding="utf-8")
        clients = {"clients": [{"name": "desk", "sha256": digest, "sources": ["desk"]}]}
        own: dict[str, dict[str, str]] = {
            "collect": {"OPINION_CONFIG": str(policy), "OPINION_STATE_DIR": str(folder / "collect-state")},
            "intake": {"OPINION_INTAKE_TOKENS": json.dumps(clients)},
            "publish": {
                "OPINION_PUBLISH_WEBSITE": str(folder / "website"),
                "OPINION_STATE_DIR": str(folder / "publish-state"),
            },
        }
        self.targets = {name: free_port() for name in own}
        words = {"intake": ["--port", str(self.targets["intake"])]}  # its figures stand on its own door
        self._children = [
            Child(
                name,
                [sys.executable, "-m", "opinion_stream", name, *words.get(name, [])],
                folder,
                {**env, **more, **({} if name in words else {"OPINION_METRICS_PORT": str(self.targets[name])})},
            )
            for name, more in own.items()
        ]

    def check(self) -> None:
        """Raises OpinionStreamError when one of them has ended."""
        for child in self._children:
            child.check()

    def work(self, number: int) -> None:
        """Hand in a few mentions by each way; `number` makes them different from those before."""
        rows = [
            {
                "留言编号": f"{number}-{n}",
                "留言标题": f"第{number}批第{n}件：公交站牌的字看不清",
                "留言内容": f"{number}路车第{n}站的站牌褪色，老人看不清站名，请更换。",
                "追加内容": "",
                "留言时间": "2026-11-09 10:00:00",
            }
            for n in range(3)
        ]
        with (self._inbox / f"export-{number}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        mention = {
            "id": f"desk-{number}",
            "source": "desk",
            "title": "人行道地砖松动",
            "text": f"南街{number}号门前的人行道地砖松动，下雨溅水，请修一修。",
            "published_at": "2026-11-09T10:00:00+08:00",
        }
        for body, expected in ((mention, 202), ({**mention, "source": "another"}, 403)):
            answer = httpx.post(
                f"http://127.0.0.1:{self.targets['intake']}/v1/mentions",
                json=body,
                headers={"Authorization": f"Bearer {self._token}"},
                trust_env=False,
            )
            if answer.status_code != expected:
                raise OpinionStreamError(f"the intake answered {answer.status_code}, not {expected}: {answer.text}")

    def taken(self) -> None:
        """Wait until the collector has taken all files that were laid into its folder."""

        def empty() -> bool:
            return not list(self._inbox.glob("export-*.csv"))

        until("the collector has read its folder", empty, self.check)

    def stop(self) -> None:
        """End them."""
        for child in self._children:
            child.stop()
