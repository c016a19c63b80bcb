"""How people disguise what they write, or just write it: spaces, other digits, other signs, look-alike letters."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

WIDE = str.maketrans({chr(c): chr(c + 0xFEE0) for c in range(0x21, 0x7F)})
_CHINESE = str.maketrans("0123456789", "零一二三四五六七八九")
_YAO = str.maketrans("0123456789", "〇幺二三四五六七八九")
_BANKERS = str.maketrans("0123456789", "零壹贰叁肆伍陆柒捌玖")
_CIRCLED = str.maketrans("0123456789", "⓪①②③④⑤⑥⑦⑧⑨")
_SIGNS = [" ", "-", ".", "*", "_", "·", " - ", "—", "  "]
_GROUPS = {
    11: [(3, 4, 4), (3, 8), (7, 4), (4, 4, 3), (3, 3, 5), (1,) * 11],
    16: [(4, 4, 4, 4), (6, 10), (1,) * 16],
    18: [(6, 8, 4), (3, 3, 4, 4, 4), (6, 4, 4, 4), (1,) * 18],
    19: [(4, 4, 4, 4, 3), (6, 13), (1,) * 19],
}

Disguise = Callable[[Random, str], str]


def grouped(rng: Random, text: str) -> str:
    """In groups with one sign between them."""
    sizes = rng.choice(_GROUPS.get(len(text), [(2, len(text) - 2), (len(text) // 2, len(text) - len(text) // 2)]))
    sign, at, parts = rng.choice(_SIGNS), 0, []
    for size in sizes:
        parts.append(text[at : at + size])
        at += size
    return sign.join(parts)


def wide(rng: Random, text: str) -> str:
    """Full-width signs."""
    return text.translate(WIDE)


def wide_and_grouped(rng: Random, text: str) -> str:
    """Full-width digits in groups."""
    return grouped(rng, text).translate(WIDE)


def chinese(rng: Random, text: str) -> str:
    """Chinese numerals of one of three sorts, or circled ones."""
    return text.translate(rng.choice([_CHINESE, _YAO, _BANKERS, _CIRCLED]))


def half_chinese(rng: Random, text: str) -> str:
    """A part in Chinese numerals, the rest in plain digits."""
    at = rng.randrange(2, max(3, len(text) - 2))
    table = rng.choice([_CHINESE, _YAO, _BANKERS])
    return text[:at].translate(table) + text[at:] if rng.random() < 0.5 else text[:at] + text[at:].translate(table)


def chinese_and_grouped(rng: Random, text: str) -> str:
    """Chinese numerals in groups."""
    return chinese(rng, grouped(rng, text))


def letters(rng: Random, text: str) -> str:
    """O for 0, l or I for 1, at least once where there is one; the first sign stays."""
    head, tail = text[:1], text[1:]
    found = [m.start() for m in re.finditer("[01]", tail)]
    for at in rng.sample(found, min(len(found), rng.randrange(1, 4))):
        tail = tail[:at] + (rng.choice("Oo") if tail[at] == "0" else rng.choice("lI")) + tail[at + 1 :]
    return head + tail


def _hidden_at(rng: Random, text: str) -> str:
    user, host = text.split("@")
    at = rng.choice([" @ ", "＠", "(at)", "[at]", "#at#", "艾特", " at "])
    dot = rng.choice([".", "。", "点", "(dot)", " . "]) if at != "＠" else "."
    return user + at + host.replace(".", dot)


def _plate_spaced(rng: Random, text: str) -> str:
    sign = rng.choice(["·", " ", ".", "-", "•", " · "])
    tail = " ".join(text[2:]) if rng.random() < 0.3 else text[2:]
    return text[:2] + sign + tail


def _plate_lower(rng: Random, text: str) -> str:
    return text.lower()


def _document(rng: Random, text: str) -> str:
    head, tail = re.fullmatch(r"([A-Z]+)([0-9]+)", text).groups()  # type: ignore[union-attr]
    sign = rng.choice([" ", "-", ""])
    half = len(tail) // 2
    tail = rng.choice([tail, f"{tail[:half]} {tail[half:]}", " ".join(tail)])
    return (head.lower() if rng.random() < 0.3 else head) + sign + tail


_HOME_CHINESE = str.maketrans("0123456789", "零一二三四五六七八九")


def _tens(text: str) -> str:
    value = int(text)
    if value < 10 or value > 99:
        return text.translate(_HOME_CHINESE)
    ten, one = divmod(value, 10)
    return (
        ("" if ten == 1 else str(ten).translate(_HOME_CHINESE))
        + "十"
        + ("" if one == 0 else str(one).translate(_HOME_CHINESE))
    )


def _home_chinese(rng: Random, text: str) -> str:
    return re.sub("[0-9]+", lambda m: _tens(m[0]), text)


def _home_hash(rng: Random, text: str) -> str:
    return re.sub("号楼|栋|幢", "#", text)


def _home_spaced(rng: Random, text: str) -> str:
    return re.sub("(号楼|栋|幢|单元)", rng.choice([r"\1 ", r" \1 ", r"\1，", r"\1-"]), text)


def _name_spaced(rng: Random, text: str) -> str:
    return rng.choice([" ", "  ", "·", "."]).join(text)


NUMBERS: tuple[Disguise, ...] = (grouped, wide, wide_and_grouped, chinese, half_chinese, chinese_and_grouped, letters)
DISGUISES: dict[str, tuple[Disguise, ...]] = {
    "phone": NUMBERS,
    "landline": (
        lambda rng, text: text.replace("-", rng.choice([" ", "", "—", ".", "·", "_", " - "])),
        lambda rng, text: "（" + text.replace("-", "）"),
        wide,
        chinese,
        lambda rng, text: " ".join((text[:-4], text[-4:])),
        letters,
    ),
    "id_card": (*NUMBERS, lambda rng, text: text.lower(), lambda rng, text: text.replace("X", "×")),
    "bank_card": NUMBERS,
    "email": (_hidden_at, _hidden_at, wide, lambda rng, text: text.upper()),
    "plate": (
        _plate_spaced,
        _plate_spaced,
        wide,
        _plate_lower,
        lambda rng, text: _plate_lower(rng, _plate_spaced(rng, text)),
    ),
    "qq": (grouped, wide, chinese, half_chinese, lambda rng, text: " ".join(text), letters),
    "wechat": (
        wide,
        lambda rng, text: text.upper(),
        lambda rng, text: re.sub("([a-z])([0-9_-])", r"\1 \2", text, count=1),
        letters,
    ),
    "passport": (_document, wide, _document),
    "permit": (_document, wide, _document),
    "house_number": (
        _home_chinese,
        _home_hash,
        _home_spaced,
        wide,
        lambda rng, text: _home_hash(rng, _home_spaced(rng, text)),
    ),
    "name": (_name_spaced,),
}
"""For each kind of datum the disguises it is met in."""
