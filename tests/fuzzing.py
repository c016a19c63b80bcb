"""Bad input on purpose: records of the inbound topic, sound ones mutated in many ways, the same for the same seed."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builders import raw_mention

REPO = Path(__file__).parents[1]
REAL = REPO.parent / "shared" / "data" / "messages.jsonl"
OWN = REPO / "examples" / "qingyang-three-days" / "mentions.jsonl"

PLANTS = {
    "13812345678": "，请打手机13812345678，",
    "11010519491231002X": "，身份证号11010519491231002X，",
    "6222021234567890128": "，银行卡号6222021234567890128，",
    "fuzz.person@example.com": "，邮箱fuzz.person@example.com，",
    "甘M12345": "，车牌号甘M12345，",
    "李小明": "，我叫李小明，手机13912345678，",
    "fuzz_person_88": "，微信号fuzz_person_88，",
}
"""A personal datum to the words in which it is planted."""

STRANGE = (
    "\u202e\u202d\u2066\u2069\u200b\u200d\ufeff\u00ad\ufe0f\u20e3\U000e0041\u3164"
    "\ud7ff\ue000\uffff\U0010ffff\u0300\u0489ﷺ🏳️\u200d🌈𝟏𝟑𝟖㈠Ⅷ①㎡\x7f\x85\x1b\t\r\n\v\f\u2028\u3000‘“〔〕<>&;@{}[]\\\"'"
)
BOMBS: tuple[str, ...] = (
    *(
        "1",
        "13",
        "a",
        "A@",
        "<",
        "<p",
        "<p>",
        "</",
        "&amp;",
        "&#",
        "&#x26;",
        "@",
        "http://",
        "://a",
        "我叫",
        "一二三",
        "1-",
        "〔",
    ),
    *(
        "〔手机号〕",
        "先生",
        "号楼",
        "3栋",
        "微信",
        "qq:",
        ".",
        " ",
        "\u200b",
        "𝟏",
        "（",
        "a.b@",
        "甘A",
        "姓名：",
        "<!--",
        "<![CDATA[",
    ),
)
FIELDS = (
    *("id", "source", "channel", "title", "text", "published_at", "author", "url", "media", "region_hint", "lang"),
    *("likes", "dislikes", "reposts", "comments", "reads"),
)
NUMBERS = (
    "NaN",
    "Infinity",
    "-Infinity",
    "1e400",
    "-1e400",
    "1" * 400,
    "-0",
    "0.1",
    "1e2",
    "9223372036854775808",
    "1E-400",
)
TIMES = (
    *(
        "昨天",
        "2026-13-01",
        "2026-11-09",
        "2026-11-09T25:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
    ),
    *(
        "2026-11-09T08:00:00+99:99",
        "99999999999999999999",
        "-1",
        "NaN",
        "2026年11月9日",
        "2026-11-09 08:00:00",
        "",
        "PT1H",
    ),
    *("2026-11-09T08:00:00.123456789+08:00", "1762646400", "1762646400000", "2016-12-31T23:59:60Z"),
)
DEPTHS = (*(5, 100, 199, 201, 1000) * 4, 50_000)
URLS = (
    *(
        "http://",
        "https://[::1",
        "http://a:99999/",
        "javascript:alert(1)",
        "//x",
        "http://\u202e.cn",
        "http://u:p@h.cn/x?t=1",
    ),
    *(
        "https://weibo.com/u/1234567890",
        "http://例子.cn/路?phone=13812345678",
        "http://a/%ff%fe%00",
        "http://h:８０/",
        "x" * 3999,
    ),
)


@dataclass(frozen=True)
class Fuzzed:
    """One input: what was done to it, and its bytes."""

    kind: str
    value: bytes


def samples() -> list[dict[str, Any]]:
    """Sound records: real ones where they are at hand, else those of the shipped scenario; and some of our own."""
    path = REAL if REAL.is_file() else OWN
    lines = path.read_bytes().splitlines()[:2000]
    own = [
        raw_mention(),
        raw_mention(id=None, url="https://example.cn/a/1.html?uid=1", media={"name": "安平晚报", "tier": "central"}),
        raw_mention(title=None, author=None, text="<p>停水了<br>&nbsp;快解决</p>", lang="zh-CN", reads=7, reposts=1),
    ]
    return [*filter(None, map(_sound, lines)), *own * 20]


def _sound(line: bytes) -> dict[str, Any] | None:
    # The scenario has broken lines on purpose.
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) and isinstance(record.get("text"), str) else None


class Fuzzer:
    """Makes records without end; the same `seed` and samples give the same records."""

    def __init__(self, seed: int, sound: Sequence[dict[str, Any]]) -> None:
        self._random = random.Random(seed)
        self._sound = sound
        self._past: list[bytes] = []
        self._number = 0
        self._kinds: dict[str, Callable[[dict[str, Any]], bytes]] = {
            name.removeprefix("_do_"): getattr(self, name) for name in sorted(dir(self)) if name.startswith("_do_")
        }

    def records(self, count: int) -> Iterator[Fuzzed]:
        """So many of them."""
        names = list(self._kinds)
        for _ in range(count):
            self._number += 1
            name = self._random.choice(names)
            value = self._kinds[name](self._fresh())
            if self._random.random() < 0.1:
                name, value = f"{name}+flip", self._flip(value)
            if len(value) < 5000 and len(self._past) < 500:
                self._past.append(value)
            yield Fuzzed(name, value)

    def _fresh(self) -> dict[str, Any]:
        record = dict(self._random.choice(self._sound))
        if record.get("id") is not None and self._random.random() < 0.9:
            record["id"] = f"f{self._number}"
        if self._random.random() < 0.5:
            plant = self._random.choice(list(PLANTS.values()))
            field = "text" if self._random.random() < 0.8 else "title"
            text = str(record.get(field) or "")
            at = self._random.randint(0, len(text))
            record[field] = text[:at] + plant + text[at:]
        return record

    def _text(self, length: int) -> str:
        choice = self._random.choice
        ranges = ((0x20, 0x7E), (0x4E00, 0x9FA5), (0xA0, 0x2FFF), (0xE000, 0xFFFF), (0x10000, 0x10FFFF))
        made = [
            choice(STRANGE) if self._random.random() < 0.3 else chr(self._random.randint(*choice(ranges)))
            for _ in range(length)
        ]
        return "".join(made)

    def _spliced(self, text: str, part: str) -> str:
        at = self._random.randint(0, len(text))
        return text[:at] + part + text[at:]

    def _flip(self, value: bytes) -> bytes:
        flipped = bytearray(value or b"x")
        # Mostly within ASCII, or nearly all would fail as broken UTF-8 and nothing be learned beyond it.
        gentle = self._random.random() < 0.7
        for _ in range(self._random.randint(1, 8)):
            at = self._random.randrange(len(flipped))
            if not gentle:
                flipped[at] = self._random.randrange(256)
            elif flipped[at] < 128:
                flipped[at] = self._random.randrange(32, 127)
        return bytes(flipped)

    def _do_nothing(self, record: dict[str, Any]) -> bytes:
        return dumped(record)

    def _do_flip_bytes(self, record: dict[str, Any]) -> bytes:
        return self._flip(dumped(record))

    def _do_truncate(self, record: dict[str, Any]) -> bytes:
        value = dumped(record)
        return value[: self._random.randrange(len(value))]

    def _do_insert_bytes(self, record: dict[str, Any]) -> bytes:
        value = dumped(record)
        at = self._random.randrange(len(value))
        return value[:at] + self._random.randbytes(self._random.randint(1, 30)) + value[at:]

    def _do_cut_out(self, record: dict[str, Any]) -> bytes:
        value = dumped(record)
        first, second = sorted(self._random.randrange(len(value)) for _ in range(2))
        return value[:first] + value[second:]

    def _do_wrong_type(self, record: dict[str, Any]) -> bytes:
        wrong = (None, True, 7, -7, 0.5, [], {}, ["a", 1], {"a": {"b": None}}, "text", "", " ", 10**30)
        return dumped({**record, self._random.choice(FIELDS): self._random.choice(wrong)})

    def _do_missing_fields(self, record: dict[str, Any]) -> bytes:
        gone = set(self._random.sample(FIELDS, self._random.randint(1, 4)))
        return dumped({name: value for name, value in record.items() if name not in gone})

    def _do_unknown_fields(self, record: dict[str, Any]) -> bytes:
        return dumped({**record, self._text(5): self._text(20), "user": {"phone": "13812345678"}})

    def _do_deep_objects(self, record: dict[str, Any]) -> bytes:
        depth = self._random.choice(DEPTHS)
        return dumped(record)[:-1] + b', "x": ' + b'{"a":' * depth + b"1" + b"}" * depth + b"}"

    def _do_deep_arrays(self, record: dict[str, Any]) -> bytes:
        depth = self._random.choice(DEPTHS)
        return self._with_raw(record, self._random.choice(FIELDS), "[" * depth + "]" * depth)

    def _do_strange_numbers(self, record: dict[str, Any]) -> bytes:
        return self._with_raw(record, self._random.choice(FIELDS), self._random.choice(NUMBERS))

    def _do_lone_surrogates(self, record: dict[str, Any]) -> bytes:
        half = self._random.choice(("\\ud800", "\\udfff x", "\\ude00\\ud83d", "\\uD83D", "\\ud83d\\u0041"))
        return self._with_raw(record, self._random.choice(FIELDS), f'"停水{half}了"')

    def _do_raw_surrogates(self, record: dict[str, Any]) -> bytes:
        text = self._spliced(str(record.get("text") or ""), self._random.choice(("\ud800", "\udc80\ud800")))
        return json.dumps({**record, "text": text}, ensure_ascii=False).encode("utf-8", "surrogatepass")

    def _do_nul(self, record: dict[str, Any]) -> bytes:
        field = self._random.choice(FIELDS)
        value = dumped({**record, field: self._spliced(str(record.get(field) or ""), "\0")})
        return value.replace(b"\\u0000", b"\0") if self._random.random() < 0.3 else value

    def _do_strange_characters(self, record: dict[str, Any]) -> bytes:
        for field in self._random.sample(("title", "text", "source", "channel", "author", "region_hint", "id"), 3):
            text = str(record.get(field) or "")
            for _ in range(self._random.randint(1, 5)):
                text = self._spliced(text, self._random.choice(STRANGE))
            record[field] = text
        return dumped(record)

    def _do_random_text(self, record: dict[str, Any]) -> bytes:
        field = self._random.choice(("text", "title", "source", "channel", "author", "url", "lang", "region_hint"))
        return dumped({**record, field: self._text(self._random.choice((1, 10, 99, 101, 300, 2000)))})

    def _do_broken_utf8(self, record: dict[str, Any]) -> bytes:
        value = dumped(record)
        at = self._random.randrange(len(value))
        return (
            value[:at] + self._random.choice((b"\xc3", b"\xed\xa0\x80", b"\xf8\x88", b"\xc0\x80", b"\xff")) + value[at:]
        )

    def _do_other_encoding(self, record: dict[str, Any]) -> bytes:
        name = self._random.choice(("gb18030", "utf-16", "utf-32", "big5", "utf-8-sig", "utf-7"))
        return json.dumps(record, ensure_ascii=False).encode(name, "replace")

    def _do_duplicate_keys(self, record: dict[str, Any]) -> bytes:
        other = json.dumps(self._random.choice((None, 7, "另一段话，请打手机13812345678，", ["x"])), ensure_ascii=False)
        return dumped(record)[:-1] + f', "{self._random.choice(FIELDS)}": {other}}}'.encode()

    def _do_long_text(self, record: dict[str, Any]) -> bytes:
        length = self._random.choice((299, 301, 301, 3000, 3000, 19_990, 20_001))
        bomb = self._random.choice(BOMBS)
        text = (bomb * (length // len(bomb) + 1))[:length]
        return dumped({**record, self._random.choice(("text", "text", "title")): text})

    def _do_enormous(self, record: dict[str, Any]) -> bytes:
        # Few of them, or the making would take longer than the test.
        if self._random.random() < 0.93:
            return self._do_nothing(record)
        length = self._random.choice((340_000, 999_000, 1_200_000))
        return dumped({**record, self._random.choice(FIELDS): self._random.choice("长a1<\x01") * length})

    def _do_bombs(self, record: dict[str, Any]) -> bytes:
        parts = [self._random.choice(BOMBS) * self._random.randint(1, 40) for _ in range(self._random.randint(1, 20))]
        return dumped({**record, self._random.choice(("text", "title")): "".join(parts)})

    def _do_html(self, record: dict[str, Any]) -> bytes:
        tags = (
            "<p>",
            "</div>",
            "<script>",
            "</script>",
            "<a href='x",
            "<!--",
            "&lt;p&gt;",
            "&#1;",
            "&#x110000;",
            "<br",
            "&nbsp",
        )
        text = str(record.get("text") or "")
        for _ in range(self._random.randint(1, 30)):
            text = self._spliced(text, self._random.choice(tags))
        return dumped({**record, "text": text})

    def _do_times(self, record: dict[str, Any]) -> bytes:
        return dumped(
            {**record, "published_at": self._random.choice((*TIMES, 1e308, -1, 0, 253402300800, 2**70, True))}
        )

    def _do_urls_and_media(self, record: dict[str, Any]) -> bytes:
        media = (
            {"name": self._text(20)},
            {"name": "x" * 201},
            {"tier": []},
            {"kind": "13812345678"},
            {"tier": 10**25},
            [],
        )
        return dumped({**record, "url": self._random.choice(URLS), "media": self._random.choice(media)})

    def _do_counts(self, record: dict[str, Any]) -> bytes:
        counts = (-1, 10**12, 10**12 + 1, 2**63, 2**64, 10**200, "7", 1.0, 1.5, True)
        return dumped({**record, self._random.choice(("likes", "reads", "comments")): self._random.choice(counts)})

    def _do_ids(self, record: dict[str, Any]) -> bytes:
        ids = (
            "13812345678",
            "李小明",
            " ",
            "a" * 64,
            "a" * 201,
            10**60,
            -1,
            "a:b",
            "../../x",
            "\u202e",
            "11010519491231002X",
            1.5,
        )
        return dumped(
            {**record, "id": self._random.choice(ids), "source": self._random.choice(("a", "a:b", "13812345678", " "))}
        )

    def _do_two_records(self, record: dict[str, Any]) -> bytes:
        return dumped(record) + self._random.choice((b"", b"\n", b",", b"\0")) + dumped(self._fresh())

    def _do_no_object(self, record: dict[str, Any]) -> bytes:
        whole = (
            "null",
            "[]",
            '"text"',
            "7",
            "",
            " \n",
            "\ufeff",
            "[1,2",
            "{}",
            "{",
            "true",
            "-",
            '{"a":1}}',
            "[" * 20_000,
        )
        return self._random.choice(whole).encode()

    def _do_random_bytes(self, record: dict[str, Any]) -> bytes:
        return self._random.randbytes(self._random.randint(0, 400))

    def _do_repeat(self, record: dict[str, Any]) -> bytes:
        return self._random.choice(self._past) if self._past else dumped(record)

    def _do_correction(self, record: dict[str, Any]) -> bytes:
        return dumped({**record, "id": f"f{self._random.randint(1, self._number)}"})

    def _with_raw(self, record: dict[str, Any], field: str, raw: str) -> bytes:
        rest = {name: value for name, value in record.items() if name != field}
        return dumped(rest)[:-1] + f', "{field}": {raw}}}'.encode()


def dumped(record: dict[str, Any]) -> bytes:
    """As JSON; what UTF-8 cannot hold is escaped."""
    try:
        return json.dumps(record, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(record).encode()
