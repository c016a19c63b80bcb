"""Numbers of persons: telephone, identity card, bank card, passport, also spaced out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import NamedTuple

from opinion_stream.domain.collection.spans import Span, Taken


def luhn(digits: str) -> bool:
    """Whether the digits pass the check of ISO/IEC 7812-1 annex B, as bank card numbers do."""
    doubled = sum(sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (doubled + sum(map(int, digits[::-2]))) % 10 == 0


def id_checksum(number: str) -> bool:
    """Whether the 18th sign fits the other 17 (GB 11643-1999, ISO 7064 MOD 11-2)."""
    total = sum(int(digit) * 2**power for digit, power in zip(number[:17], range(17, 0, -1), strict=True))
    return "10X98765432"[total % 11] == number[17].upper()


X = "Xx×Ⅹ✕叉"
"""What people write for the X at the end of an identity number."""
_X = str.maketrans(dict.fromkeys(X, "X"))

# GB 11643-1999: the first two digits are a province of GB/T 2260.
_PROVINCE = re.compile(r"1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]|91")


def _born(year: str, month_day: str) -> bool:
    try:
        return date(int(year), int(month_day[:2]), int(month_day[2:])).year >= 1880
    except ValueError:
        return False


def _is_id18(match: re.Match[str]) -> bool:
    number = re.sub("[^0-9X]", "", match[0].translate(_X))
    if not (_PROVINCE.match(number) and _born(number[6:10], number[10:14])):
        return False
    # A number with a slip of the pen still tells who it is; the checksum decides only where it is oddly spaced.
    shape = [len(group) for group in re.findall(f"[0-9{X}]+", match[0])]
    return shape in ([18], [6, 8, 4]) or id_checksum(number)


def _is_id15(match: re.Match[str]) -> bool:
    return _PROVINCE.match(match[0]) is not None and _born("19" + match[0][6:8], match[0][8:12])


def _is_card(match: re.Match[str]) -> bool:
    digits = re.sub("[^0-9]", "", match["n"])
    return 16 <= len(digits) <= 19 and luhn(digits)


_UNIT_AFTER = re.compile(r"[.][0-9]|\s?(?:[元万亿吨米度股票%％㎡]|块钱|平方|公里|千米|人民币|人次)")
_MONEY_BEFORE = re.compile(r"[¥￥$]\s?$|[0-9][.,]$")
_LIST_BEFORE = re.compile("[0-9][,，、] ?$")


def _is_mixed(match: re.Match[str]) -> bool:
    """Whether the signs between the digits are such as a disguise has and a list of figures hardly ever has."""
    signs = re.sub("[0-9]", "", match["n"])
    sorts = set(signs)
    few = len(signs) == 1 and signs in "-_*·"
    two = len(sorts) == 2 and (bool(sorts & set("_*·•・")) or not sorts & set("./~"))
    return (few or two or len(sorts) > 2) and _is_no_amount(match)


def _is_card_apart(match: re.Match[str]) -> bool:
    return re.sub("[^0-9]", "", match["n"]).startswith("62") and _is_card(match)


def _is_no_amount(match: re.Match[str]) -> bool:
    start, end = match.span("n")
    if _UNIT_AFTER.match(match.string, end):
        return False
    if any(sign in ",，、" for sign in match["n"]) and _LIST_BEFORE.search(match.string, max(0, start - 3), start):
        return False
    return _MONEY_BEFORE.search(match.string, max(0, start - 2), start) is None


def _is_no_day(match: re.Match[str]) -> bool:
    """Whether the digits are no day of our time, as they are in version and document numbers."""
    digits = match[0][-8:]
    return not (digits.isdigit() and digits[:2] in ("19", "20") and _born(digits[:4], digits[4:]))


class _Rule(NamedTuple):
    """A kind of number: group `n` of the pattern is masked where `holds` says so."""

    kind: str
    pattern: re.Pattern[str]
    holds: Callable[[re.Match[str]], bool]


SIGNS = r" \-‐‑‒–—―−_.·•・~/*"
"""Signs that people set between the digits of one number, as the inside of a character class."""
ODD = SIGNS + r"+|=:：…#^&\\<>《》【】\[\]()（）"
"""Further signs that only a disguise sets there; between figures some have another meaning, so more must agree."""
_S = f"[{SIGNS}]{{0,3}}"
_S1 = f"[{SIGNS}]{{1,3}}"
_LOOSE = rf"[{SIGNS},，、()（）+]{{0,3}}"
_IN_MOBILE = rf"(?:{_S}|[一,，、]?)"
_COUNTRY = rf"(?:[(（]?(?:\+|00)?86[)）]?{_S})?"
_AREA = r"0(?:10|2[0-9]|[3-9][0-9]{2})"
_MOBILE = (
    # Groupings that people use. Others, such as pairs, are more often lists of days or prices.
    rf"1[3-9][0-9]{_IN_MOBILE}[0-9]{{4}}{_IN_MOBILE}[0-9]{{4}}"
    rf"|1[3-9][0-9][ _\-—]{{1,3}}[0-9]{{8}}|1[3-9][0-9]{{5}}[ _\-—]{{1,3}}[0-9]{{4}}"
    rf"|1[3-9][0-9]{{2}}(?P<c>{_S1})[0-9]{{3}}(?P=c)[0-9]{{4}}"
    rf"|1[3-9][0-9]{{2}}(?P<a>{_S1})[0-9]{{4}}(?P=a)[0-9]{{3}}|1[3-9][0-9](?P<b>{_S1})[0-9]{{3}}(?P=b)[0-9]{{5}}"
    rf"|1{_S1}[3-9](?:{_S1}[0-9]){{9}}|(?:1[3-9][0-9]{{9}}){{2}}"
)
_ODD = f"[{ODD}]{{1,3}}"
_SAME = "(?P<s>[+|=:：…#^&\\\\,，、;；。]|[,，、;；] )"
_MOBILE_ODD = rf"1[3-9][0-9]{_ODD}[0-9]{{4}}{_ODD}[0-9]{{4}}(?!\s?[=+])|1[3-9][0-9][)）】\]]{_S}[0-9]{{8}}"
# One and the same sign between all digits: a list of eleven figures below ten is none that people write.
_MOBILE_APART = rf"1{_SAME}[3-9](?:(?P=s)[0-9]){{9}}(?!(?P=s)[0-9])"
_ID18_ODD = rf"[1-9][0-9]{{5}}(?:{_ODD}|[,，、])[0-9]{{8}}(?:{_ODD}|[,，、])[0-9]{{3}}[0-9{X}]"
_ID18_APART = rf"[1-9]{_SAME}[0-9](?:(?P=s)[0-9]){{15}}(?P=s)[0-9{X}]"
_CARD_ODD = rf"62[0-9]{{2}}(?:(?:{_ODD}|[,，、])[0-9]{{4}}){{3}}(?:(?:{_ODD}|[,，、])[0-9]{{1,3}})?(?!\s?[=+])"
_CARD_APART = rf"[3-69]{_SAME}[0-9](?:(?P=s)[0-9]){{14,17}}(?!(?P=s)[0-9])"
_LANDLINE = (
    rf"{_COUNTRY}[(（]?{_AREA}(?:[)）]?(?:{_S1}|一)|[)）])[1-9][0-9]{{2,3}}{_S}[0-9]{{4}}"
    rf"|(?:{_COUNTRY}{_AREA}|(?:(?:\+|00)86{_S}|86[\-—])[1-9][0-9]{{1,2}}{_S})[2-8][0-9]{{2,3}}{_S}[0-9]{{4}}"
)
_LANDLINE_APART = rf"0{_S1}(?:1{_S1}0|2{_S1}[0-9]|[3-9](?:{_S1}[0-9]){{2}})(?:{_S1}[0-9]){{7,8}}"
_LANDLINE_LOOSE = rf"0{_S}(?:1{_S}0|2{_S}[0-9]|[3-9](?:{_S}[0-9]){{2}})(?:{_S}[0-9]){{7,8}}"
_ID18 = rf"[1-9](?:{_S}[0-9]){{16}}{_S}[0-9{X}]"
_CARD = (
    rf"[3-69](?:[0-9]{{15,18}}|[0-9]{{5}}{_S1}[0-9]{{10,13}}"
    rf"|[0-9]{{3}}(?:{_S1}[0-9]{{4}}){{3}}(?:{_S1}[0-9]{{1,3}})?|(?:{_S1}[0-9]){{15,18}})"
)
_ID_CUE = r"身份证(?:件)?(?:号码?|编号)?[^0-9〔〕\n]{0,5}"
_CARD_CUE = r"(?:卡号|[账帐][号户]|银行卡?|储蓄卡|信用社|[工农中建交]行|户头|打款|转账|汇款)[^0-9〔〕\n]{0,8}"
_PHONE_CUE = r"(?:手机|电话|座机|固话|联系方式|联系|微信|致电|回电|拨打?|打给|请打|短信|[Tt][Ee][Ll]|[Mm]ob|[Pp]hone)"


def _rule(kind: str, holds: Callable[[re.Match[str]], bool], number: str, cue: str = "") -> _Rule:
    return _Rule(kind, re.compile(rf"{cue}(?<![0-9])(?P<n>{number})(?![0-9])"), holds)


_RULES = (
    _rule("passport", _is_no_day, "(?<![A-Za-z])(?:[EG][0-9]{8}|E[A-HJ-NP-Z][0-9]{7})(?![A-Za-z])"),
    _rule("id_card", _is_id18, _ID18),
    _rule("id_card", _is_id15, "[1-9][0-9]{14}"),
    _rule("bank_card", _is_card, _CARD),
    _rule("bank_card", _is_card_apart, rf"6{_S}2(?:{_S}[0-9]){{14,17}}(?!{_S}[0-9])"),
    _rule("phone", _is_no_amount, f"{_COUNTRY}0?(?:{_MOBILE})"),
    _rule("landline", _is_no_amount, _LANDLINE),
    _rule("landline", _is_no_amount, _LANDLINE_APART),
    _rule("phone", _is_mixed, rf"(?<![0-9][{SIGNS}])1{_S}[3-9](?:{_S}[0-9]){{9}}(?!{_S}[0-9])"),
    _rule("landline", _is_mixed, rf"(?<![0-9][{SIGNS}]){_LANDLINE_LOOSE}(?!{_S}[0-9])"),
    _rule("id_card", _is_id18, f"{_ID18_ODD}|{_ID18_APART}"),
    _rule("bank_card", _is_card, f"{_CARD_ODD}|{_CARD_APART}"),
    _rule("phone", _is_no_amount, f"{_COUNTRY}(?:{_MOBILE_ODD}|{_MOBILE_APART})"),
    _rule("id_card", _is_no_amount, rf"[1-9](?:{_S}[0-9]){{13,16}}{_S}[0-9{X}]", _ID_CUE),
    _rule(
        "bank_card",
        _is_no_amount,
        rf"(?=(?:{_S}[0-9]){{12,21}}(?!{_S}[0-9]))[0-9]{{3,}}(?:{_S1}[0-9]{{3,}}){{0,5}}",
        _CARD_CUE,
    ),
    _rule("bank_card", _is_card, rf"[3-69](?:{_S}[0-9]){{15,18}}", _CARD_CUE),
    _rule("landline", _is_no_amount, _LANDLINE_LOOSE, _PHONE_CUE + r"[^0-9〔〕。；;\n]{0,8}"),
    _rule("phone", _is_no_amount, rf"1{_LOOSE}[3-9](?:{_LOOSE}[0-9]){{9}}", _PHONE_CUE + r"[^0-9〔〕。；;\n]{0,8}"),
    _rule(
        "landline", _is_no_amount, rf"[2-8][0-9]{{2,3}}{_S}[0-9]{{4}}(?!{_S}[0-9])", _PHONE_CUE + r"[号码是为:： ]{0,4}"
    ),
)

_RUN = re.compile(rf"[0-9](?:[{ODD},，、;；。一]{{0,3}}[0-9]){{6,}}(?:[{ODD},，、;；。]{{0,3}}[{X}])?")
REACH = 20
"""How far before a run of digits a rule may start (cue words, country code)."""


_THEN = r"(?:[,，、；; ]{0,2}(?:再?加上?|中间|后[面边]?|然后|接着|最后|其[次余])(?:是|[三四五六七八]位)?[是:： ]{0,2})"
_TOLD = re.compile("[0-9][,，、；; ]{0,2}(?:再?加|中间|后|然后|接着|最后|其)[^0-9]{0,5}[0-9]{3}")
_IN_WORDS = (
    ("phone", re.compile(rf"1[3-9][0-9](?:{_THEN}[0-9]{{4}}{_THEN}[0-9]{{4}}|{_THEN}[0-9]{{8}})(?![0-9])")),
    ("id_card", re.compile(rf"(?<![0-9])[1-8][0-9]{{5}}{_THEN}[0-9]{{8}}{_THEN}[0-9]{{3}}[0-9{X}](?![0-9])")),
    ("bank_card", re.compile(rf"62[0-9]{{10,14}}{_THEN}[0-9]{{3,4}}(?![0-9])")),
)


def find_in_words(text: str) -> Iterator[Span]:
    """Numbers that are told in parts, with words between them: 138，中间四位1234，后四位5678."""
    if _TOLD.search(text):
        yield from (Span(*match.span(), kind) for kind, pattern in _IN_WORDS for match in pattern.finditer(text))


def plain_runs(text: str) -> Iterator[tuple[int, int]]:
    """Where runs of seven digits and more stand, with whatever signs between them."""
    return (run.span() for run in _RUN.finditer(text))


def find_in_run(text: str, start: int, end: int, done: int = 0, taken: Taken | None = None) -> list[Span]:
    """What the rules find in the run of digits at [start, end), in order and without overlap, also with `taken`.

    Cue words count from a little before `start`, but never from before `done`.

    Kinds: id_card, bank_card, passport, phone (mobile), landline (with area code, or beside a cue word). Short
    numbers, 400 and 800 numbers, amounts, dates and document numbers are none of these.
    """
    found = Taken()
    for rule in _RULES:
        for match in rule.pattern.finditer(text, max(done, start - REACH), end):
            span = Span(*match.span("n"), rule.kind)
            if rule.holds(match) and (taken is None or taken.is_free(span)):
                found.add(span)
    return found.spans
