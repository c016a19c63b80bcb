"""Writes the scenario: `mentions.jsonl` (three simulated days) and `planted.json` (what must never leave collection).

The words are written by hand in `texts/*.yaml`; this only fills slots, spreads posts over their hours, makes copies
and plants personal data. Same texts, same bytes: the seed is fixed. Run: `python make_scenario.py [--out DIR]`.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from synthetic import Authors, PersonalData

HERE = Path(__file__).parent
ZONE = ZoneInfo("Asia/Shanghai")
END = datetime(2026, 11, 12, 7, 0, tzinfo=ZONE)
THEMES = ("accident", "school_meal", "water_cut", "heating", "policy", "rumour", "small", "noise")
SOURCES = {  # how a post comes in: source, channel, usual likes, reposts, comments, reads
    "weibo": ("weibo", "weibo", 12, 5, 4, 300),
    "douyin": ("douyin", "douyin", 40, 6, 6, 900),
    "wechat": ("wechat", "wechat", 2, 0, 1, 60),
    "board": ("wenzheng", "message_board", 2, 0, 1, 50),
    "hotline": ("12345", "hotline", 0, 0, 0, 0),
    "news": ("news", "news", 30, 10, 20, 2000),
}
SLOT = re.compile(r"\{([^{}]*\|[^{}]*)\}")
MARK = re.compile(r"<<(\w+)(?: (\w+))?>>")

Record = dict[str, Any]


@dataclass(order=True)
class Line:
    """One line of the file. Sorts by time, then by the order of making."""

    at: datetime
    number: int
    raw: bytes = field(compare=False)
    record: Record = field(compare=False)
    via: str = field(compare=False)


class Scenario:
    """Collects lines and planted data while the texts are read."""

    def __init__(self, seed: int = 20261109) -> None:
        self.rng = random.Random(seed)
        self.personal = PersonalData()
        self.authors = Authors(self.rng)
        self.lines: list[Line] = []
        self.planted: list[dict[str, Any]] = []
        self.texts: set[str] = set()

    def add_theme(self, theme: dict[str, Any]) -> None:
        """All posts of one theme file, each phase spread over its hours."""
        number = 0
        for phase, posts in zip(theme["phases"], theme["posts"], strict=True):
            start, end = _time(phase["from"]), _time(phase["to"])
            expanded = [post for item in posts for post in _expand(item)]
            self.rng.shuffle(expanded)
            for i, post in enumerate(expanded):
                spread = start + (end - start) * ((i + self.rng.random()) / len(expanded))
                at = _time(post["at"]) if "at" in post else spread.replace(microsecond=0)
                number += 1
                self._add_post(theme, phase, post, at, f"{theme['theme']}-{number:03d}")

    def _add_post(self, theme: dict[str, Any], phase: dict[str, Any], post: Record, at: datetime, name: str) -> None:
        via = post["via"]
        title, text = self._fresh_words(post)
        tag = theme.get("tag")
        if tag and via in ("weibo", "douyin") and "key" not in post and self.rng.random() < 0.75:
            text = f"#{tag}# {text}" if via == "weibo" else f"{text} #{tag}"
        source, channel, *usual = SOURCES[via]
        record: Record = {"id": post.get("key", name), "source": source, "channel": channel}
        if not phase.get("ids", True):
            del record["id"]
        record |= {"title": title, "text": text, "published_at": at.isoformat()}
        author = self.authors.make(theme["theme"], via)
        if author is not None:
            record["author"] = author
        if "media" in post:
            record["media"] = post["media"]
        if via == "hotline" and "region_hint" in theme:
            record["region_hint"] = theme["region_hint"]
        if via in ("board", "news"):
            record["url"] = f"https://{via}.example/{record['id']}"
        elif post.get("key") == "accident-witness":  # addresses of posts often carry the account's name
            record["url"] = f"https://weibo.example/n/{author}/{record['id']}"
        for key, base in zip(("likes", "reposts", "comments", "reads"), usual, strict=True):
            record[key] = post.get(key, int(base * phase["heat"] * (0.1 + 2 * self.rng.random() ** 3)))
        if post.get("account"):
            self._plant("account", post["media"]["name"], [post["media"]["name"]])
        self._add(at, record, via)

    def _fresh_words(self, post: Record) -> tuple[str, str]:
        """Title and text with slots filled, never the same words twice; then personal data is planted."""
        for _ in range(200):
            title, text = (self._fill(post.get(key, "")) for key in ("title", "text"))
            if text not in self.texts:
                self.texts.add(text)
                return self._with_personal_data(title), self._with_personal_data(text)
        raise ValueError(f"too few slots for so many posts: {post['text']}")

    def _fill(self, template: str) -> str:
        return SLOT.sub(lambda match: self.rng.choice(match[1].split("|")), template)

    def _with_personal_data(self, text: str) -> str:
        return MARK.sub(lambda match: self._plant(match[1], *self.personal.make(match[1], match[2] or "")), text)

    def _plant(self, kind: str, raw: str, forms: list[str]) -> str:
        """Remembers a datum for the line that is added next."""
        self.planted.append({"kind": kind, "raw": raw, "forms": forms, "of": len(self.lines)})
        return raw

    def _add(self, at: datetime, record: Record, via: str, raw: bytes | None = None) -> None:
        raw = raw or json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()
        self.lines.append(Line(at, len(self.lines), raw, record, via))

    def add_copies(self, plan: dict[str, Any]) -> None:
        """Exact and near copies by other accounts, and the same record handed in again."""
        holders = {entry["of"] for entry in self.planted}
        originals = [
            line for line in self.lines if line.number not in holders and line.via in ("weibo", "douyin", "wechat")
        ]
        by_id = {line.record["id"]: line for line in self.lines if "id" in line.record}
        for manner in ("exact", "near"):
            for theme, times in plan[manner].items():
                pool = [line for line in originals if line.record.get("id", "").startswith(f"{theme.split('-')[0]}-")]
                for original in self.rng.sample(pool, times):
                    self._add_copy(original, theme, manner, plan)
        for name in plan["resubmit"]:
            original = by_id[name]
            grown = {**original.record, "likes": original.record["likes"] + self.rng.randrange(2) * 7}
            self._add(original.at, grown, original.via)

    def _add_copy(self, original: Line, theme: str, manner: str, plan: dict[str, Any]) -> None:
        via = self.rng.choice(("weibo", "wechat", "douyin"))
        source, channel, *_ = SOURCES[via]
        at = min(original.at + timedelta(seconds=self.rng.randrange(300, 9000)), END - timedelta(minutes=5))
        text = original.record["text"]
        if manner == "near" and self.rng.random() < 0.6:
            text = self.rng.choice(plan["leads"]) + text
        elif manner == "near":
            text = text[: -self.rng.randrange(4, 12)] + self.rng.choice(plan["tails"])
        record = {"id": f"{manner}-{len(self.lines):03d}", "source": source, "channel": channel, "title": ""}
        record |= {"text": text, "published_at": at.isoformat()}
        record["author"] = self.authors.make(theme, via, new=True)
        record |= {key: self.rng.randrange(9) for key in ("likes", "reposts", "comments")}
        self._add(at, record, via)

    def add_malformed(self, items: list[dict[str, Any]]) -> None:
        """Records that collection must refuse, as raw lines at their place in the file."""
        for item in items:
            text = self._with_personal_data(item["raw"])
            piece, times = item.get("repeat", ("", 0))
            raw = text.replace("@@", piece * times).encode(item.get("encoding", "utf-8"))
            self._add(_time(item["at"]), {"malformed": item["kind"]}, "malformed", raw)

    def write(self, folder: Path) -> None:
        """`mentions.jsonl` in the order of time, and `planted.json`, which names the line (from 1) of each datum."""
        ordered = sorted(self.lines)
        (folder / "mentions.jsonl").write_bytes(b"".join(line.raw + b"\n" for line in ordered))
        place = {line.number: i for i, line in enumerate(ordered, start=1)}
        planted = {
            "malformed": [
                {"line": place[line.number], "kind": line.record["malformed"]}
                for line in ordered
                if line.via == "malformed"
            ],
            "data": [
                {
                    "kind": entry["kind"],
                    "raw": entry["raw"],
                    "forms": entry["forms"],
                    "line": place[entry["of"]],
                    "malformed": self.lines[entry["of"]].via == "malformed",
                }
                for entry in self.planted
            ],
            "authors": sorted(self.authors.known),
        }
        text = json.dumps(planted, ensure_ascii=False, indent=1)
        (folder / "planted.json").write_text(text + "\n", encoding="utf-8", newline="\n")


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def _expand(item: dict[str, Any]) -> list[Record]:
    """A post in full, or the short form `{"weibo*3": text}`; text is [title, text] where the kind has titles."""
    if "via" in item:
        return [item]
    [(head, words)] = item.items()
    via, _, times = head.partition("*")
    title, text = words if isinstance(words, list) else ("", words)
    return [{"via": via, "title": title, "text": text}] * int(times or 1)


def _read(name: str) -> Any:
    return yaml.safe_load((HERE / "texts" / f"{name}.yaml").read_text(encoding="utf-8"))


def main() -> None:
    """Write both files to the folder of `--out`, by default this one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE)
    folder = parser.parse_args().out
    scenario = Scenario()
    for theme in THEMES:
        scenario.add_theme(_read(theme))
    scenario.add_copies(_read("copies"))
    scenario.add_malformed(_read("malformed"))
    scenario.write(folder)
    print(f"{len(scenario.lines)} lines, {len(scenario.planted)} planted data, {len(scenario.authors.known)} authors")


if __name__ == "__main__":
    main()
