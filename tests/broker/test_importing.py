"""From an exported file to mentions and dead letters: `import` on a broker, then the collection core."""

from __future__ import annotations

import asyncio
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from builders import SMALL_POLICY
from opinion_stream.adapters.admin import apply_topics
from opinion_stream.adapters.reading import reader
from opinion_stream.cli.import_file import import_file
from opinion_stream.domain.collection.pipeline import Collector, Received
from opinion_stream.errors import Rejected
from opinion_stream.models.mention import Mention
from opinion_stream.policy import load_policy
from opinion_stream.settings import load_settings
from opinion_stream.topics import INBOUND, full_name

pytestmark = pytest.mark.broker

MAPPING = """
title: 测试用
fields: {id: 编号, text: 内容, published_at: {path: 时间}, author: 代号}
"""


async def test_every_row_of_a_file_becomes_a_mention_or_a_rejection_with_its_row(
    bootstrap: str, unique_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = Path(shutil.copytree(SMALL_POLICY, tmp_path / "policy"))
    (config / "mappings").mkdir()
    (config / "mappings" / "board.yaml").write_text(MAPPING, encoding="utf-8")
    lines = [f"{n},路灯不亮第 {n} 天,2026-03-02 09:30,U{n}" for n in range(1200)]
    lines[700] = "700,路灯不亮,上周,U700"
    file = tmp_path / "a.csv"
    file.write_bytes("\n".join(["编号,内容,时间,代号", *lines]).encode("gb18030"))
    monkeypatch.setenv("OPINION_TOPIC_PREFIX", unique_prefix)
    settings = load_settings(kafka_bootstrap=bootstrap, pseudonym_key="k" * 20)
    await apply_topics(settings)

    await asyncio.to_thread(import_file, file, "board", "message-board", False, bootstrap, config)

    async with reader(bootstrap) as read:
        stored = await read.read_to_end([full_name(unique_prefix, INBOUND)])
    now = datetime(2026, 3, 3, tzinfo=UTC)
    results = Collector(load_policy(config), b"k" * 20).collect([Received(r.value or b"", now) for r in stored])
    mentions = {result.id for result in results if isinstance(result, Mention)}
    rejected = [result.reason for result in results if isinstance(result, Rejected)]
    assert mentions == {f"message-board:{n}" for n in range(1200) if n != 700}
    assert rejected == ["按映射 board 无法转换，第 702 行：发布时间（published_at）不是映射所声明的时间形式"]
