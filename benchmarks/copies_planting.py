"""Plants copies of known originals, and other matters in the same words, into real messages; used by `copies.py`.

Everything is drawn from a seeded generator. A copy's text is made from the raw message, so that it goes through the
whole of cleaning and masking like any other.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass

from opencc import OpenCC

Raw = dict[str, object]

COMMENTS = (
    "转发，大家都来看看！", "说得太对了，我们家也是这样",
    "支持楼主，希望早点有人管", "已经好几个月了，没人理，帮忙扩散一下",
    "顶！", "同问，有没有人知道进展？",
    "这事我也反映过，石沉大海，今天看到有人发出来，忍不住转过来让更多的人看到，希望重视起来",
    "//@user：太不像话了//@user：转", "朋友圈看到的，不知道是不是真的，求证",
    "每天上下班路过都能看到，真的很无奈，盼回复",
)  # fmt: skip
REWORDINGS = (
    ("尽快", "早日"), ("希望", "盼望"), ("非常", "十分"), ("严重", "极大"), ("没有", "没"), ("解决", "处理"),
    ("业主", "住户"),
    ("领导", "负责同志"), ("请问", "想问问"), ("多次", "好几次"), ("反映", "反应"), ("导致", "造成"), ("已经", "早已"),
    ("但是", "可是"), ("居民", "群众"), ("什么时候", "何时"), ("相关部门", "有关部门"), ("现在", "如今"),
    ("因为", "由于"),
    ("一直", "始终"), ("无法", "没法"), ("不能", "不可以"), ("晚上", "夜里"), ("建议", "提议"), ("影响", "妨碍"),
    ("需要", "要"), ("怎么", "为何"), ("目前", "眼下"), ("进行", "开展"), ("我们", "咱们"),
)  # fmt: skip
FILLERS = ("真的", "确实", "其实", "可以说", "说实话", "目前来看")
STEMS = (
    "金桂",
    "银杏",
    "紫云",
    "望江",
    "和顺",
    "锦绣",
    "龙泉",
    "凤鸣",
    "青松",
    "翠竹",
    "云溪",
    "白鹭",
    "东篱",
    "朝阳",
    "永兴",
    "长乐",
)
ENDINGS = "小区|花园|家园|社区|村|路|街道|小学|中学|幼儿园|医院|公园|公司|广场|镇|学院|驾校|国际城|新城"
COUNTIES = ("A1区", "A2区", "A3区", "A4区", "A5区", "A6区", "A7县", "A8县")
"""Counties of the city in the data; the planted text names another of them."""
NO_NAME = re.compile(
    "[在和与的市区县]|我们|咱们|本|该|整个|附近|周边|旁边|各|全|新建|这个|那个|住宅|老旧|农|城中|高速|一条|马|道|公|铁|线|有限|开发|物业"
)
SENTENCE = re.compile(r"[^。！？!?；;]*[。！？!?；;]?")
NUMBER = re.compile(r"\d+(?:\.\d+)?")
PLACE_CODE = re.compile(r"[A-Z]\d*(?=[市区县])|[A-Za-z]\d+")
_TRADITIONAL = OpenCC("s2t")


def letters(text: str) -> int:
    """Number of characters that are no punctuation."""
    return sum(char.isalnum() for char in text)


def sentences(text: str) -> list[str]:
    """The sentences of a text."""
    return [part for part in SENTENCE.findall(text) if part.strip()]


@dataclass
class Forger:
    """Makes copies and other matters. Each method takes (title, text), gives the new ones, or None if it cannot."""

    rng: random.Random

    def comment_before(self, title: str, text: str) -> tuple[str, str] | None:
        """Comment, then the original."""
        return title, self.rng.choice(COMMENTS) + " " + text

    def comment_after(self, title: str, text: str) -> tuple[str, str] | None:
        """The original, then a comment."""
        return title, text + " " + self.rng.choice(COMMENTS)

    def repost_without_title(self, title: str, text: str) -> tuple[str, str] | None:
        """Two comments around the original, its title put into the text."""
        one, two = self.rng.sample(COMMENTS, 2)
        return "", f"{one}【{title}】{text}{two}"

    def new_title(self, title: str, text: str) -> tuple[str, str] | None:
        """Another title over the same text."""
        return self.rng.choice(
            ("看到一个帖子，大家怎么看", "求关注！！", "转：网友反映的情况", "这件事到底有没有人管")
        ), text

    def cut_tail(self, title: str, text: str) -> tuple[str, str] | None:
        """The first 35-80 % of a text, with an ellipsis."""
        keep = int(len(text) * self.rng.uniform(0.35, 0.8))
        return (title, text[:keep] + "…") if keep >= 25 else None

    def cut_out(self, title: str, text: str) -> tuple[str, str] | None:
        """Some sentences left out: 40-80 % of them stay."""
        parts = sentences(text)
        keep = max(2, round(len(parts) * self.rng.uniform(0.4, 0.8)))
        if len(parts) < 4:
            return None
        chosen = sorted(self.rng.sample(range(len(parts)), keep))
        result = "".join(parts[i] for i in chosen)
        return (title, result) if letters(result) >= 25 else None

    def reordered(self, title: str, text: str) -> tuple[str, str] | None:
        """The sentences in another order."""
        parts = sentences(text)
        if len(parts) < 3:
            return None
        mixed = parts[:]
        while mixed == parts:
            self.rng.shuffle(mixed)
        return title, "".join(mixed)

    def numbers(self, title: str, text: str) -> tuple[str, str] | None:
        """Other numbers: how many, how long, when, which house; not those in the coded names of places."""
        held = [m.span() for m in PLACE_CODE.finditer(text)]
        named = re.compile(r"(?:号线|路|国道|省道|区|县|市|小|中|医院)")

        def other(match: re.Match[str]) -> str:
            if any(a <= match.start() < b for a, b in held) or named.match(text, match.end()):
                return match[0]
            return str(self.rng.randint(2, 98)) if len(match[0]) < 4 else str(self.rng.randint(1000, 99999))

        changed = NUMBER.sub(other, text)
        return (title, changed) if changed != text else None

    def reworded(self, title: str, text: str) -> tuple[str, str] | None:
        """Up to six words replaced by words of the same meaning, and one put in."""
        able = [pair for pair in REWORDINGS if pair[0] in text]
        if len(able) < 2:
            return None
        for old, new in self.rng.sample(able, min(len(able), self.rng.randint(2, 6))):
            text = text.replace(old, new, 1)
        parts = sentences(text)
        at = self.rng.randrange(len(parts))
        parts[at] = self.rng.choice(FILLERS) + parts[at]
        return title, "".join(parts)

    def typing(self, title: str, text: str) -> tuple[str, str] | None:
        """Full-width letters and digits, other punctuation, spaces, emoji, a hash tag."""
        wide = {ord(c): chr(ord(c) + 0xFEE0) for c in "0123456789ABCDEFGHXabcde"}
        text = (
            text.translate(wide)
            .replace("，", self.rng.choice((" ", ",", "、")))
            .replace("。", self.rng.choice(("!", "~")))
        )
        return title, text + self.rng.choice(("😡😡", "[怒]", " #求关注#", "👍"))

    def traditional(self, title: str, text: str) -> tuple[str, str] | None:
        """In traditional characters."""
        return _TRADITIONAL.convert(title), _TRADITIONAL.convert(text)

    def several(self, title: str, text: str) -> tuple[str, str] | None:
        """Cut, other numbers, some words and a comment together."""
        for step in (self.cut_tail, self.numbers, self.reworded, self.comment_before):
            title, text = step(title, text) or (title, text)
        return title, text

    def other_region(self, title: str, text: str) -> tuple[str, str] | None:
        """The same words about another county: its coded name is another throughout."""
        codes = sorted({code for code in COUNTIES if code in title + text})
        if not any(code in title for code in codes):
            return None
        free = [code for code in COUNTIES if code not in codes]
        self.rng.shuffle(free)
        for code in codes:
            new = free.pop()
            title, text = title.replace(code, new), text.replace(code, new)
        return title, text

    def other_name(self, title: str, text: str) -> tuple[str, str] | None:
        """The same words about another estate, road, village, school or firm: its name is another throughout."""
        found = re.findall(rf"[一-龥]{{2,4}}(?:{ENDINGS})", title)
        for whole in found:
            match = re.fullmatch(rf"([一-龥]{{2,4}}?)({ENDINGS})", whole)
            if match and not NO_NAME.search(match[1]) and match[0] in text:
                new = self.rng.choice(STEMS) + match[2]
                stem = new[: -len(match[2])]
                return title.replace(match[1], stem), text.replace(match[1], stem)
        return None

    def other_number_name(self, title: str, text: str) -> tuple[str, str] | None:
        """The same words about another line, trunk road or numbered school."""
        pattern = re.compile(r"(\d+)(?=号线|国道|省道|路公交|路车|中学)")
        numbers = sorted(set(pattern.findall(title)) & set(pattern.findall(text)))
        if not numbers:
            return None
        new = {number: str(int(number) + self.rng.randint(1, 9)) for number in numbers}
        return tuple(pattern.sub(lambda m: new.get(m[1], m[1]), part) for part in (title, text))  # type: ignore[return-value]


TEMPLATES = (
    ("{a}{what}问题何时解决", "尊敬的领导：您好！我是{a}的住户，{a}{what}已经三个多月了，给大家的生活带来很大不便，"
        "多次向物业和社区反映都没有结果，请领导尽快安排处理，谢谢！"),
    ("咨询{a}{what}", "您好，请问{a}{what}的事情现在由哪个部门负责？什么时候可以办好？盼回复，谢谢。"),
    ("投诉{a}{what}", "我要投诉{a}，{what}的情况长期存在，投诉后检查人员一来"
        "就好几天，走了又照旧，严重影响周边居民休息，请有关部门依法查处，还居民一个安静的环境。"),
)  # fmt: skip
MATTERS = (
    "夜间施工噪音扰民",
    "电梯经常停运",
    "自来水浑浊",
    "地下车库积水",
    "路灯不亮",
    "垃圾无人清运",
    "燃气没有开通",
    "不动产证办理",
)


def templates(rng: random.Random, count: int) -> list[tuple[str, str]]:
    """Short messages after few patterns, each with another name, some with another matter."""
    kinds = ("小区", "花园", "家园", "小学", "村", "公寓", "医院", "广场")
    names = [f"{stem}{kind}" for stem in STEMS for kind in kinds]
    rng.shuffle(names)
    made = []
    for number in range(count):
        title, text = TEMPLATES[number % len(TEMPLATES)]
        words = {"a": names[number], "what": rng.choice(MATTERS)}
        made.append((title.format(**words), text.format(**words)))
    return made


Step = Callable[[str, str], tuple[str, str] | None]


def copies(forger: Forger) -> dict[str, Step]:
    """The kinds of copies by name."""
    f = forger
    return {
        "comment before": f.comment_before,
        "comment after": f.comment_after,
        "comments around, no title": f.repost_without_title,
        "another title": f.new_title,
        "cut short": f.cut_tail,
        "sentences left out": f.cut_out,
        "sentences reordered": f.reordered,
        "other numbers": f.numbers,
        "some words replaced": f.reworded,
        "punctuation, full-width": f.typing,
        "traditional characters": f.traditional,
        "several of these": f.several,
    }


def others(forger: Forger) -> dict[str, Step]:
    """The kinds of other matters in the same words by name."""
    f = forger
    return {
        "same words, other county": f.other_region,
        "same words, other name": f.other_name,
        "same words, other line or number": f.other_number_name,
    }
