"""Cleaning: from text as it was handed in to plain text on one line, and the fingerprint of its words."""

from __future__ import annotations

import functools
import hashlib
import html
import re
import unicodedata
from collections.abc import Callable

from opencc import OpenCC
from selectolax.lexbor import LexborHTMLParser

from opinion_stream.errors import Rejected
from opinion_stream.native import native

_MAX_TAGS = 5000
"""Nested blocks cost the HTML parser quadratic time: 5,000 take 0.06 s, 100,000 take 31 s."""

_INLINE = (
    "a abbr acronym b base bdi bdo big button center cite code data del dfn em embed font i iframe img input ins kbd "
    "label link map mark meta noscript object param picture q s samp script select small source span strike strong "
    "style sub sup svg template textarea time track tt u var video audio wbr o:p"
)
_BLOCK = (
    "address article aside blockquote body br caption col colgroup dd details div dl dt fieldset figcaption figure "
    "footer form frame frameset h[1-6] head header hgroup hr html legend li main nav ol optgroup option p pre section "
    "summary table tbody td tfoot th thead title tr ul"
)
_ATTRIBUTES = r"(?:\s+[A-Za-z_:@][^<>]*|\s*)/?"
_OR_BLOCK = "|".join(_BLOCK.split())
_TAG = rf"/?(?:{_OR_BLOCK}|{'|'.join(_INLINE.split())}){_ATTRIBUTES}>|!--|!DOCTYPE\s|!\[CDATA\[|\?xml\s"
_LOOKS_LIKE_HTML = re.compile(f"<(?:{_TAG})", re.IGNORECASE)
_NOT_A_TAG = re.compile(f"<(?!{_TAG})", re.IGNORECASE)
_BLOCK_TAG = re.compile(rf"(?=</?(?:{_OR_BLOCK})\b)", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_BARE_AMPERSAND = re.compile(f"&(?!{_ENTITY.pattern[1:]})")
_UNSEEN_ELEMENTS = ["script", "style", "noscript", "template", "iframe", "object", "svg", "head > meta"]

# Controls but white space, soft hyphen, joiners, direction marks, variation selectors, keycaps, fillers, tags.
_INVISIBLE = re.compile(
    "[\0-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u20e3\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffc\ufffe\uffff\U000e0000-\U000e0fff]+"
)


def _wide_forms() -> dict[int, str]:
    """Full-width and other presentation forms of letters and digits, and Han characters that PDF export disguises."""
    punctuation = {ord(c) for c in "＃％＆＊＋－．／＠＼＿"}
    ranges = (range(0xFF10, 0xFF5B), range(0x1D400, 0x1D800), range(0x2F00, 0x2FD6), range(0xF900, 0xFB00))
    table: dict[int, str] = {0x3000: " "}
    for code in (*punctuation, *(code for codes in ranges for code in codes)):
        narrow = unicodedata.normalize("NFKC", chr(code))
        if narrow != chr(code) and len(narrow) == 1 and (narrow.isalnum() or code in punctuation):
            table[code] = narrow
    return table


_NARROW = _wide_forms()
_WIDE = re.compile("[＃％＆＊＋－．／０-９＠Ａ-Ｚ＼＿ａ-ｚ\u2f00-\u2fd5\uf900-\ufaff\U0001d400-\U0001d7ff]")

# Traditional or variant in OpenCC's eyes, but in their own right in simplified text (names of persons and places).
_KEPT = frozenset("乾昇甯堃喆淼镕於徵著藉夥瞭")


_TRADITIONAL_SHARE = 0.15
"""Text in which fewer signs are traditional only is simplified text with strays; in traditional text a third are."""


@functools.cache
def _converter() -> OpenCC:
    return OpenCC("t2s")


@functools.cache
def _traditional() -> tuple[re.Pattern[str], dict[int, str]]:
    """Characters that only traditional text uses (not in GB 2312, the basic simplified set) and their simple forms."""
    every = [chr(code) for code in (*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000))]
    # One a line, so that no phrase is seen in what stands side by side.
    simple_forms = _converter().convert("\n".join(every)).split("\n")
    left = frozenset("".join(every).encode("gb2312", "ignore").decode("gb2312")) | _KEPT
    table = {
        ord(char): simple
        for char, simple in zip(every, simple_forms, strict=True)
        if simple != char and ord(simple) < 0x10000 and char not in left
    }
    return re.compile("[" + "".join(map(chr, table)) + "]"), table


def drop_invisible(text: str) -> str:
    """Without control, zero-width, direction and variation characters; white space stays."""
    return text if text.isascii() and text.isprintable() else _INVISIBLE.sub("", text)


def narrow(text: str) -> str:
    """Full-width letters, digits and signs of numbers and addresses become half-width; Chinese punctuation stays."""
    return text.translate(_NARROW) if _WIDE.search(text) else text


def strip_html(text: str) -> str:
    """The visible text of HTML: no tags, comments, scripts; entities decoded, also where they were escaped twice.

    Only known HTML elements count as tags: people write <某某办法> for 《某某办法》. Raises Rejected
    (`html_too_complex`) for more than 5,000 opening angle brackets, tags or not.
    """
    for _ in range(3):
        brackets = text.count("<")
        if brackets > _MAX_TAGS:
            # Before the search below, which takes 2 s for a megabyte of brackets that are no tags.
            raise Rejected("html_too_complex", f"正文或标题的 HTML 标记过多，“<”上限为 {_MAX_TAGS} 个")
        if brackets and _LOOKS_LIKE_HTML.search(text):
            source = _BARE_AMPERSAND.sub("&amp;", _NOT_A_TAG.sub("&lt;", text))
            tree = LexborHTMLParser(_BLOCK_TAG.sub(" ", source))
            tree.strip_tags(_UNSEEN_ELEMENTS)
            root = tree.root
            text = root.text(deep=True, separator="") if root else ""
        elif "&" in text and _ENTITY.search(text):
            text = _ENTITY.sub(lambda entity: html.unescape(entity[0]), text)
        else:
            break
        text = narrow(drop_invisible(text))
    return text


def simplify(text: str) -> str:
    """Traditional characters become simplified. Text without characters that only traditional text has stays as is.

    A few strays in simplified text are replaced one by one, since OpenCC's phrase rules take all text for
    traditional and would turn 打坏了 into 打坯了 there.
    """
    if text.isascii():
        return text
    pattern, table = _traditional()
    if pattern.search(text) is None:
        return text
    if len(pattern.findall(text)) < _TRADITIONAL_SHARE * len(text):
        return text.translate(table)
    simple: str = _converter().convert(text)
    return simple


def squeeze(text: str) -> str:
    """Every run of white space, line breaks too, is one space; none at the ends."""
    return " ".join(text.split())


# What most texts consist of; a text with nothing else needs neither of the first two steps.
_UNCOMMON = re.compile("[^ -~一-龥、-】“”‘’…—！，：；？（）]")
STEPS: tuple[Callable[[str], str], ...] = (drop_invisible, narrow, strip_html, simplify, squeeze)


def clean(text: str) -> str:
    """All `STEPS` in order. Raises Rejected where the HTML is too much to parse."""
    for step in STEPS if _UNCOMMON.search(text) else STEPS[2:]:
        text = step(text)
    return text


# Letters and digits: Latin, all living scripts of the region, Han. As ranges, since they are twice as fast as \\w.
_RANGES = (
    "09AZaz\u4e00\u9fff\u00aa\u00aa\u00b5\u00b5\u00ba\u00ba\u00c0\u00d6\u00d8\u00f6\u00f8\u02af\u0370\u1fff\u2c00\u2dff\u3005\u3007"
    "\u3041\u318f\u31a0\u31bf\u3400\u4dbf\ua000\ud7ff\uf900\ufdff\ufe70\ufefc\U00010000\U0001efff\U00020000\U0003ffff"
)
_WORDS = re.compile("[" + "".join(f"{_RANGES[at]}-{_RANGES[at + 1]}" for at in range(0, len(_RANGES), 2)) + "]+")


def plain_words_only(text: str) -> str:
    """`words_only` in Python."""
    return "".join(_WORDS.findall(text)).casefold()


def _kinds() -> bytes:
    """What becomes of each character below 65536 in `native/text.c`: kept as it is where it has no case for sure."""
    table = bytearray(0x10000)
    for at in range(0, len(_RANGES), 2):
        first, last = ord(_RANGES[at]), ord(_RANGES[at + 1])
        if first < 0x10000:
            table[first : last + 1] = b"\3" * (last + 1 - first)
    for first, last, kind in ((0x30, 0x39, 1), (0x41, 0x5A, 2), (0x61, 0x7A, 1), (0x3005, 0x9FFF, 1)):
        table[first : last + 1] = bytes(kind if kept else 0 for kept in table[first : last + 1])
    return bytes(table)


_native = native("text")
_KINDS = _kinds() if _native is not None else b""


def words_only(text: str) -> str:
    """Letters, digits and Chinese characters alone, case folded: blind to punctuation, symbols and spacing."""
    if _native is not None:
        words: str | None = _native.words_only(text, _KINDS)
        if words is not None:
            return words
    return plain_words_only(text)


def fingerprint(title: str, text: str) -> str:
    """BLAKE2b (16 bytes, hexadecimal) over the words of title and text.

    Taken from masked text, so that no personal datum can be guessed back from it.
    """
    return hashlib.blake2b(words_only(title + text).encode(), digest_size=16).hexdigest()
