"""Names that people go by on the net and on paper: e-mail, QQ, WeChat, accounts, plates, passports."""

from __future__ import annotations

import re
from collections.abc import Iterator

from opinion_stream.domain.collection.disguised import CHINESE, LOOK_ALIKES, NUMERALS
from opinion_stream.domain.collection.numbers import SIGNS
from opinion_stream.domain.collection.spans import Span, reader

# Patterns start with a literal or a character class wherever they can: the regex engine skips ahead to those.
_AT = r"\s?(?:@|[(（\[【#]at[)）\]】#]|\sat\s|艾特)\s?"
_DOT = r"\s?(?:[.。]|点|[(（\[【#]dot[)）\]】#]|\sdot\s)\s?"
_EMAIL = re.compile(
    rf"[A-Za-z0-9*][A-Za-z0-9._%+*-]{{0,63}}{_AT}[A-Za-z0-9-]{{1,63}}"
    rf"(?:{_DOT}[A-Za-z0-9-]{{1,63}}){{0,3}}{_DOT}[A-Za-z]{{2,18}}(?![A-Za-z])",
    re.IGNORECASE,
)

_ACCOUNT = re.compile(r"@(?<![A-Za-z0-9._%+*-]@)(?P<n>[\w一-鿿·-]{2,30})(?=[\s:：,，.。;；!！?？、/)）】\]@〔]|$)")

_GAP = r"[是为:：()（）“”\"' ]{0,4}"
_DIGIT = f"[0-9{NUMERALS}{LOOK_ALIKES}]"
_QQ_NUMBER = re.compile(
    rf"(?:群|邮箱)?(?:号码?)?{_GAP}(?P<n>[1-9{NUMERALS}](?:[{SIGNS}]{{0,3}}{_DIGIT}){{4,10}}+)(?![0-9A-Za-z])"
)
_QQ_AFTER = re.compile(r"[1-9][0-9]{4,10}(?=\s?[(（]\s?[Qq]{2})")
_COUNTED = re.compile(r"\s?(?:[元块万亿分个人点次岁年月日号度斤吨%％]|[.][0-9])")
_SUM = re.compile(r"000$|^[0-9]+[.][0-9]{1,2}$")
_HAN = re.compile("[一-鿿]")


def _read_qq(text: str, cue: re.Match[str]) -> Span | None:
    """The number after a cue for QQ. A numeral behind plain digits is the next word, as in 一起."""
    match = _QQ_NUMBER.match(text, cue.end() - (cue[0][-1] in ":："))
    if match is None:
        return None
    start, end = match.span("n")
    if text[end - 1] in CHINESE and text[end - 2].isascii() and text[end : end + 1].isalpha():
        end -= 1
    digits = [c for c in text[start:end] if c.isalnum()]
    if not 5 <= len(digits) <= 11 or sum(c in LOOK_ALIKES for c in digits) > len(digits) / 2:
        return None
    return Span(start, end, "qq")


def _read_qq_after_a_word(text: str, cue: re.Match[str]) -> Span | None:
    """As `_read_qq`, but for an everyday word: 被扣20000 and 扣973.32 are sums, 扣6分 is a penalty."""
    if cue.start() and cue[0] == "扣" and _HAN.match(text[cue.start() - 1]) and text[cue.start() - 1] != "加":
        return None
    span = _read_qq(text, cue)
    if span is None or span.end - span.start < 6 or _COUNTED.match(text, span.end):
        return None
    return None if _SUM.search(text[span.start : span.end]) else span


_WECHAT_ID = re.compile(
    # Without a sign between, an id is told from a word by its digit or underscore.
    rf"(?:信?(?:群|账号|帐号|号码?|[Ii][Dd]|联系|搜索?|加|找))?(?:我|叫|一下)?{_GAP}"
    r"(?P<n>[A-Za-z](?=[A-Za-z-]*[0-9_])[A-Za-z0-9_-]{5,19}|[1-9][0-9]{5,11}(?!\s?[元块万])"
    r"|[A-Za-z]{2,15}\s[_-]?[0-9]{4,10}(?!\s?[元块万年]))(?![A-Za-z0-9_])"
    r"|(?:(?:账号|帐号|号码?|[Ii][Dd])[是为:： ]{0,3}|[:：]\s?)(?P<m>[A-Za-z][A-Za-z0-9_-]{5,19})(?![A-Za-z0-9_])"
)

_LETTER = "[A-HJ-NP-Za-hj-np-z]"
_SIGN = "[A-HJ-NP-Za-hj-np-z0-9]"
_TWO_DIGITS = "(?=(?:[A-Za-z]*[0-9]){2})"
_PLATE = re.compile(
    # GA 36-2018: province, letter, five signs without I and O (two digits at least); new-energy vehicles have six.
    rf"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼]\s?{_LETTER}[·.•・ _—\-]{{0,3}}"
    rf"(?:{_TWO_DIGITS}(?:[0-9]{{5}}{_LETTER}|{_LETTER}{_SIGN}[0-9]{{4}}|{_SIGN}{{5}}|{_SIGN}{{4}}[挂学警港澳试超领使])"
    rf"|(?=(?:[A-Za-z] )?(?:[A-Za-z] )?[0-9] [0-9]){_SIGN}(?: {_SIGN}){{4,5}})(?![A-Za-z0-9])"
)
_ANY_PLATE = re.compile(
    # Beside a cue word the province need not be one we know.
    rf"(?:号码?)?[是为:：\s]{{0,3}}(?P<n>[一-鿿]?[A-Za-z][·.• \-]?{_TWO_DIGITS}[A-Za-z0-9]{{5,6}})(?![A-Za-z0-9])"
)

_NUMBER_GAP = r"(?:号码?)?[是为:：(（ ]{0,4}"
_DOCUMENT_SIGNS = "[A-Za-z][A-Za-z0-9]?[ -]?[0-9](?:[ -]?[0-9]){6,9}"
# A letter or two and seven digits are so seldom anything else that they may stand a little further off.
_DOCUMENT = re.compile(rf"[^0-9A-Za-z。；;〔〕]{{0,8}}(?P<n>{_DOCUMENT_SIGNS})(?![A-Za-z0-9])")
_PERMIT = re.compile(
    # A Taiwan resident's permit has digits alone; a day and a sum are none.
    rf"{_NUMBER_GAP}(?P<n>{_DOCUMENT_SIGNS}|(?!(?:19|20)[0-9]{{2}}[01][0-9][0-3][0-9](?![0-9]))[0-9]{{8}}(?:[0-9]{{2}})?)"
    r"(?![A-Za-z0-9]|\s?[元年万])"
)


def _read_document(text: str, cue: re.Match[str]) -> Span | None:
    """The number after 证件: passports begin with D, E, G, P or S (their other series are historical)."""
    match = _DOCUMENT.match(text, cue.end())
    if match is None:
        return None
    return Span(*match.span("n"), "passport" if match["n"][0] in "DEGPSdegps" else "permit")


_CUE_WORDS = {
    "QQ qq Qq qQ 扣扣 球球 企鹅号 Q号 q号 加QQ 加qq 加Q 加q +Q +q +QQ +qq Q: Q： q: q：": _read_qq,
    "扣 企鹅 Q_Q q_q": _read_qq_after_a_word,
    "微信 薇信 威信 徽信 微芯 微❤ 薇❤ V❤ v❤ V信 v信 加V信 加v信": reader("wechat", _WECHAT_ID),
    "vx VX Vx vX wx WX Wx wX 加V 加v +V +v V: V： v: v：": reader("wechat", _WECHAT_ID),
    "WeChat wechat Wechat weixin WeiXin Weixin": reader("wechat", _WECHAT_ID),
    "车牌 牌照 牌号 车号": reader("plate", _ANY_PLATE),
    "护照": reader("passport", _DOCUMENT),
    "通行证 回乡证 台胞证 旅行证": reader("permit", _PERMIT),
    "证件": _read_document,
}
HANDLE_CUES = {cue.replace("_", " "): read for cues, read in _CUE_WORDS.items() for cue in cues.split()}


def find_handles(text: str, public_accounts: frozenset[str]) -> Iterator[Span]:
    """Where e-mail addresses, account names after @ and plates stand, and QQ numbers before their cue word.

    Kinds: email, account, plate, qq. What stands after a cue word is found by `HANDLE_CUES`: qq, wechat, plate,
    passport, permit. Account names in `public_accounts` (media, public bodies) are left: they are nobody's own.
    """
    if "@" in text or "艾特" in text or "at" in text or "AT" in text:
        yield from (Span(*match.span(), "email") for match in _EMAIL.finditer(text))
    if "@" in text:
        for match in _ACCOUNT.finditer(text):
            if match["n"] not in public_accounts:
                yield Span(*match.span(), "account")
    if "QQ" in text or "qq" in text:
        yield from (Span(*match.span(), "qq") for match in _QQ_AFTER.finditer(text))
    yield from (Span(*match.span(), "plate") for match in _PLATE.finditer(text))
