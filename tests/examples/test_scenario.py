"""The shipped scenario: reproducible, large enough, full of what it claims, and its script fits its mentions."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from opinion_stream.models.escalation import ReceiptKind
from opinion_stream.models.mention import RawMention
from opinion_stream.models.task import CommandKind
from opinion_stream.policy import load_policy

ROOT = Path(__file__).parents[2]
SCENARIO = ROOT / "examples" / "qingyang-three-days"
START = datetime.fromisoformat("2026-11-09T07:00:00+08:00")
END = datetime.fromisoformat("2026-11-12T07:00:00+08:00")

LINES = (SCENARIO / "mentions.jsonl").read_bytes().splitlines()
PLANTED: dict[str, Any] = json.loads((SCENARIO / "planted.json").read_text(encoding="utf-8"))
ACTIONS: list[dict[str, Any]] = yaml.safe_load((SCENARIO / "actions.yaml").read_text(encoding="utf-8"))
CHECKS: list[dict[str, Any]] = yaml.safe_load((SCENARIO / "checks.yaml").read_text(encoding="utf-8"))
MALFORMED = {item["line"]: item["kind"] for item in PLANTED["malformed"]}
MENTIONS = {n: RawMention.model_validate_json(raw) for n, raw in enumerate(LINES, start=1) if n not in MALFORMED}


def _text(number: int) -> str:
    """A line as a reader of its encoding sees it."""
    encoding = "gb18030" if MALFORMED.get(number) == "invalid_utf8" else "utf-8"
    return LINES[number - 1].decode(encoding)


def test_generator_writes_the_committed_bytes(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(SCENARIO / "make_scenario.py"), "--out", str(tmp_path)], check=True)
    for name in ("mentions.jsonl", "planted.json"):
        assert (tmp_path / name).read_bytes() == (SCENARIO / name).read_bytes(), f"{name}: run make_scenario.py"


def test_enough_of_everything() -> None:
    assert len(MENTIONS) >= 400
    themes = Counter((m.id or "none").partition("-")[0] for m in MENTIONS.values())
    least = {"accident": 80, "school": 45, "water": 35, "heating": 45, "policy": 33, "rumour": 35, "small": 60}
    least |= {"noise": 30, "exact": 20, "near": 18, "none": 5}
    assert {name: themes[name] for name, number in least.items() if themes[name] < number} == {}
    channels = Counter(m.channel for m in MENTIONS.values())
    assert set(channels) == {"weibo", "douyin", "wechat", "message_board", "hotline", "news"}
    assert {m.media.kind for m in MENTIONS.values() if m.media} >= {"county_media", "city_media", "province_media"}


def test_in_order_of_time_within_three_days() -> None:
    times = [mention.published_at for mention in MENTIONS.values()]
    assert times == sorted(times)
    assert times[0] >= START
    assert times[-1] < END


def test_repeats_of_all_three_kinds() -> None:
    originals = {m.id: m.text for m in MENTIONS.values() if not (m.id or "").startswith("exact")}
    texts = Counter(originals.values())
    copies = [m for m in MENTIONS.values() if (m.id or "").startswith("exact")]
    assert all(texts[copy.text] == 1 for copy in copies), "an exact copy repeats one original"
    ids = Counter(f"{m.source}:{m.id}" for m in MENTIONS.values() if m.id)
    assert sum(1 for times in ids.values() if times == 2) == 5
    assert max(ids.values()) == 2


def test_malformed_records_differ_in_kind_and_cannot_be_read_as_mentions() -> None:
    assert len(MALFORMED) >= 14
    assert len(set(MALFORMED.values())) == len(MALFORMED)
    readable = {}
    for number, kind in MALFORMED.items():
        try:
            readable[kind] = RawMention.model_validate_json(LINES[number - 1])
        except ValueError:
            continue
    assert set(readable) == {"year_9999", "empty_text", "over_long"}, "only these are well-typed; rules refuse them"
    assert readable["year_9999"].published_at.year == 9999
    assert not readable["empty_text"].text.strip()
    assert len(readable["over_long"].text) >= 120_000


@pytest.mark.parametrize("datum", PLANTED["data"], ids=lambda d: f"{d['kind']}-{d['line']}")
def test_planted_datum_stands_in_its_line_and_in_no_other(datum: dict[str, Any]) -> None:
    assert datum["raw"] in _text(datum["line"])
    assert datum["malformed"] == (datum["line"] in MALFORMED)
    text = (SCENARIO / "actions.yaml").read_text(encoding="utf-8")
    for form in datum["forms"]:
        holders = [n for n in range(1, len(LINES) + 1) if form in _text(n) and n != datum["line"]]
        assert holders == [], "else finding it later would prove nothing"
        assert form not in text


def _is_id_card(number: str) -> bool:
    """GB 11643-1999: the weighted sum, check character included (X = 10), leaves 1 modulo 11 (ISO 7064 MOD 11-2)."""
    values = [10 if char == "X" else int(char) for char in number]
    born = datetime.strptime(number[6:14] + "+0800", "%Y%m%d%z")
    return len(number) == 18 and born.year < 1910 and sum(v * 2**i for i, v in enumerate(reversed(values))) % 11 == 1


def _is_bank_card(number: str) -> bool:
    """Luhn: from the right, every second digit doubled, the sum of all digits is a multiple of 10."""
    digits = [int(char) for char in reversed(number)]
    return len(number) == 19 and (sum(digits[::2]) + sum(sum(divmod(2 * d, 10)) for d in digits[1::2])) % 10 == 0


def test_planted_numbers_are_valid() -> None:
    plain = {kind: [d["forms"][-1] for d in PLANTED["data"] if d["kind"] == kind] for kind in ("id", "card", "phone")}
    assert len(plain["id"]) >= 4
    assert all(map(_is_id_card, plain["id"]))
    assert len(plain["card"]) >= 4
    assert all(map(_is_bank_card, plain["card"]))
    assert len(plain["phone"]) >= 20
    assert all(len(number) == 11 and number.isdecimal() and number[3:7] == "0000" for number in plain["phone"])


def test_planted_data_are_of_every_kind_and_disguise() -> None:
    kinds = {datum["kind"] for datum in PLANTED["data"]}
    assert kinds == {"phone", "id", "card", "email", "plate", "qq", "wechat", "house", "name", "account"}
    disguised = [datum["raw"] for datum in PLANTED["data"] if len(datum["forms"]) > 1 and datum["kind"] != "house"]
    assert len(disguised) >= 10
    assert any(" " in raw for raw in disguised)
    assert any("-" in raw for raw in disguised)
    assert any("０" in raw for raw in disguised)
    assert len({datum["line"] for datum in PLANTED["data"]}) >= 30
    assert sum(datum["malformed"] for datum in PLANTED["data"]) >= 3


def test_authors_are_planted_and_occur_only_as_authors() -> None:
    authors = {mention.author for mention in MENTIONS.values() if mention.author}
    assert authors == set(PLANTED["authors"])
    assert len(authors) >= 300
    words = "\n".join(f"{m.title}\n{m.text}\n{m.media.name if m.media else ''}" for m in MENTIONS.values())
    words += (SCENARIO / "actions.yaml").read_text(encoding="utf-8")
    assert [author for author in authors if author in words] == []
    assert sum((m.author or "?") in (m.url or "") for m in MENTIONS.values()) == 1


def test_actions_are_ordered_and_about_mentions_already_published() -> None:
    published = {f"{m.source}:{m.id}": m.published_at for m in MENTIONS.values() if m.id}
    times = [datetime.fromisoformat(action["at"]) for action in ACTIONS]
    assert times == sorted(times)
    assert times[-1] < END
    for action, at in zip(ACTIONS, times, strict=True):
        assert published[action["matter"]] < at, action
    assert {check["matter"] for check in CHECKS} == {action["matter"] for action in ACTIONS}


def test_actions_use_the_vocabulary_of_models_and_policy() -> None:
    policy = load_policy(ROOT / "config")
    units = {unit.code for unit in policy.units.units}
    for action in ACTIONS:
        if action["kind"] == "receipt":
            assert action["recipient_level"] in {"lead", "own", "above", "co"}
            assert ReceiptKind(action["receipt"])
            assert action["role"] in policy.routes.roles
            continue
        assert action["kind"] == "command"
        assert CommandKind(action["command"])
        named = {*action.get("consult_units", ()), *(action[key] for key in ("unit", "to_unit") if key in action)}
        assert named <= units
        assert action.get("publication", "website") in policy.response.publications
        assert action.get("legal_ground", "privacy") in policy.response.legal_grounds
    for check in CHECKS:
        assert set(check["published"]) <= set(policy.response.publications)


def test_drafts_say_what_was_done_by_when_and_where_to_ask() -> None:
    drafts = [action["text"] for action in ACTIONS if action.get("command") == "draft"]
    assert len(drafts) >= 9
    for draft in drafts:
        assert len(draft) >= 180
        assert any(place in draft for place in ("12345", "12333"))
        assert any(mark in draft for mark in ("日前", "时前", "小时内", "时完成", "24小时", "48小时"))
