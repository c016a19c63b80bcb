"""Made-up personal data and account names for the scenario: valid in form, belonging to nobody.

Phones have four zeros in the middle, identity cards are of people born before 1910, bank cards and QQ numbers are
nearly all zeros, e-mail addresses end in example.com (RFC 2606). Check digits follow GB 11643-1999 and Luhn.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

PHONE_PREFIXES = ("138", "139", "150", "159", "177", "186", "199")
COUNTY_CODES = ("621002", "621021", "621022", "621023", "621024", "621025", "621026", "621027")
NAMES = ("张朔禾", "李塬笙", "王陇麦", "刘庆黍", "陈槐序", "杨泾舟", "赵荞月", "周柏峁", "马岷荻", "郭黛川")
NICK_HEADS = ("塬上", "黄土", "子午岭", "泾水", "柔远河", "麦田", "窑洞", "苹果", "荞麦", "山梁", "香包", "陇东")
NICK_TAILS = ("听风", "看云", "的老王家", "小石头", "过客", "阿强哥", "橘子汽水", "赶路人", "一棵树", "晚灯", "小米粥")


def id_card(area: str, born: str, sequence: int) -> str:
    """An 18-character identity number with its check character (GB 11643-1999). `born` is YYYYMMDD."""
    body = f"{area}{born}{sequence:03d}"
    total = sum(int(digit) * (2 ** (17 - i) % 11) for i, digit in enumerate(body))
    return body + "10X98765432"[total % 11]


def bank_card(number: int) -> str:
    """A 19-digit card number with its Luhn check digit."""
    body = f"622848{number:012d}"
    doubled = (int(digit) * (2 - i % 2) for i, digit in enumerate(reversed(body)))
    return body + str(-sum(value // 10 + value % 10 for value in doubled) % 10)


def wide(text: str) -> str:
    """ASCII as full-width forms."""
    return "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text)


@dataclass
class PersonalData:
    """Hands out one new datum after another; each kind counts on its own, so that texts can be added anywhere."""

    counts: Counter[str] = field(default_factory=Counter)

    def make(self, kind: str, style: str) -> tuple[str, list[str]]:
        """The datum as it stands in a text, and every form of it that must not survive collection.

        `kind`: phone | id | card | email | plate | qq | wechat | house | name. `style`: "" | spaced | dashed |
        wide | dot. KeyError for another kind.
        """
        self.counts[kind] += 1
        n = self.counts[kind]
        plain, groups = {
            "phone": lambda: (f"{PHONE_PREFIXES[n % 7]}0000{(n * 271 + 1029) % 10000:04d}", (3, 4, 4)),
            "id": lambda: (id_card(COUNTY_CODES[n % 8], f"190{n % 9}{n % 12 + 1:02d}{n % 28 + 1:02d}", n), (6, 8, 4)),
            "card": lambda: (bank_card(n * 37), (4, 4, 4, 4, 3)),
            "email": lambda: (f"fictional.qy{n:02d}@example.com", ()),
            "plate": lambda: (f"甘M{'ABCDE'[n % 5]}00{n:02d}", (2, 5)),
            "qq": lambda: (f"10000000{n:02d}", ()),
            "wechat": lambda: (f"wx_madeup{n:04d}", ()),
            "house": lambda: (f"{n % 9 + 1}号楼{n % 3 + 1}单元{n + 8}0{n % 4 + 1}室", ()),
            "name": lambda: (NAMES[n - 1], ()),
        }[kind]()
        raw = self._styled(plain, style, groups)
        forms = [raw] if raw == plain else [raw, plain]
        if kind == "house":
            forms.append(plain.split("号楼")[1])
        return raw, forms

    @staticmethod
    def _styled(plain: str, style: str, groups: tuple[int, ...]) -> str:
        if style == "":
            return plain
        if style == "wide":
            return wide(plain)
        cuts = [sum(groups[:i]) for i in range(len(groups) + 1)]
        parts = [plain[a:b] for a, b in pairwise(cuts)]
        return {"spaced": " ", "dashed": "-", "dot": "·"}[style].join(parts)


@dataclass
class Authors:
    """Account names. One in eight posts of a theme is by somebody who has spoken in it before."""

    rng: random.Random
    known: dict[str, str] = field(default_factory=dict)

    def make(self, theme: str, via: str, *, new: bool = False) -> str | None:
        """An account name: a caller's number (or nobody) on the hotline, a number or a nickname elsewhere."""
        if via == "news" or (via == "hotline" and self.rng.random() < 0.6):
            return None
        earlier = [name for name, where in self.known.items() if where == f"{theme}/{via}"]
        if earlier and not new and self.rng.random() < 0.125:
            return self.rng.choice(earlier)
        name = ""
        while not name or name in self.known:
            number = self.rng.randrange(10**4)
            name = {
                "hotline": f"1330000{number:04d}",
                "board": f"用户30{number:04d}{self.rng.randrange(100):02d}",
            }.get(via, f"{self.rng.choice(NICK_HEADS)}{self.rng.choice(NICK_TAILS)}{number:04d}")
        self.known[name] = f"{theme}/{via}"
        return name
