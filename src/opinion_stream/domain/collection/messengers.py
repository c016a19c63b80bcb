"""QQ and WeChat: the ids after their cue words, in whatever disguise the one or the other comes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from opinion_stream.domain.collection.disguised import CHINESE, LOOK_ALIKES, NUMERALS
from opinion_stream.domain.collection.numbers import ODD
from opinion_stream.domain.collection.spans import Span, reader

_GAP = r"[是为:：()（）【】\[\]「」“”\"'· ]{0,4}"
_DIGIT = f"[0-9{NUMERALS}{LOOK_ALIKES}]"
_QQ_NUMBER = re.compile(
    rf"(?:群|邮箱)?(?:号码?)?{_GAP}(?:(?P<n>[1-9lI{NUMERALS}](?:[{ODD}]{{0,3}}{_DIGIT}){{4,10}}+)(?![0-9A-Za-z])"
    r"|(?P<m>[1-9](?:[、，,][0-9]){4,10}(?![、，,]?[0-9])))"
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
    start, end = match.span(match.lastgroup or 0)
    if text[end - 1] in CHINESE and text[end - 2].isascii() and text[end : end + 1].isalpha():
        end -= 1
    digits = [c for c in text[start:end] if c.isalnum()]
    if not 5 <= len(digits) <= 11 or sum(c in LOOK_ALIKES for c in digits) > 0.7 * len(digits):
        return None
    return Span(start, end, "qq")


def _read_qq_after_a_word(text: str, cue: re.Match[str]) -> Span | None:
    """As `_read_qq`, but for an everyday word: 被扣20000 and 扣973.32 are sums, 扣6分 is a penalty."""
    if cue.start() and cue[0] == "扣" and _HAN.match(text[cue.start() - 1]) and text[cue.start() - 1] not in "加的":
        return None
    span = _read_qq(text, cue)
    if span is None or span.end - span.start < 6 or _COUNTED.match(text, span.end):
        return None
    return None if _SUM.search(text[span.start : span.end]) else span


_DATED = re.compile("(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])[0-3][0-9]")


def _read_qq_after_a_letter(text: str, cue: re.Match[str]) -> Span | None:
    """As `_read_qq`, but for a letter that kinds of steel and numbers of files begin with as well."""
    span = _read_qq(text, cue)
    if span is None or span.start != cue.end() or span.end - span.start < 6 or _DATED.match(text, span.start):
        return None
    return span


_ID_SIGNS = f"(?:[A-Za-z0-9_.{NUMERALS}-]|下划线|[中横]?杠)"
_CALLED = r"(?:信?(?:群|账号|帐号|号码?|[Ii][Dd]|联系|搜索?|加|找))?(?:我|叫|一下)?"
_NOT_COUNTED = r"(?!\s?[元块万年0-9])"
_WITH_A_DIGIT = (
    # Without a sign between, an id is told from a word by its digit or underscore.
    rf"[A-Za-z](?=(?:[A-Za-z.·-]|下划线|[中横]?杠)*[0-9_{NUMERALS}])(?:{_ID_SIGNS}|·(?=[0-9])){{5,19}}"
    rf"(?: [0-9]{{2,4}}{_NOT_COUNTED})?"
    r"|[1-9][0-9]{5,11}(?: [0-9]{2,4})?(?!\s?[元块万])"
    rf"|[A-Za-z]{{2,15}}(?:\s[A-Za-z_-]{{2,15}})?\s?[_-]?[0-9]{{2,10}}{_NOT_COUNTED}"
    r"|[A-Za-z](?= [A-Za-z_0-9] (?:[A-Za-z_-] )*[0-9_])(?: [A-Za-z0-9_-]){5,19}"
)
_WECHAT_ID = re.compile(
    rf"{_CALLED}{_GAP}(?P<n>{_WITH_A_DIGIT})(?![A-Za-z0-9_])"
    r"|\s?(?:(?:账号|帐号|号码?|[Ii][Dd])[是为:： ]{0,3}|[:：]\s?)(?P<m>[A-Za-z][A-Za-z0-9_-]{5,19})(?![A-Za-z0-9_])"
)
# After a word that is in disguise itself, letters alone are an id too.
_WECHAT_HIDDEN = re.compile(rf"{_CALLED}{_GAP}(?P<n>{_WITH_A_DIGIT}|[A-Za-z]{{6,20}})(?![A-Za-z0-9_])")
_WXID = re.compile(r"wxid\s?_\s?[a-z0-9]{8,20}", re.IGNORECASE)
# A word of the language too: only an id in small letters counts, or what is called one.
_WECHAT_WORD = re.compile(
    rf"(?:号|[:：]){_GAP}(?P<n>[A-Za-z][A-Za-z0-9_-]{{5,19}}|[1-9][0-9]{{5,11}}(?!\s?[元块万]))(?![A-Za-z0-9_])"
    rf"|(?P<m>[a-z](?=[a-z-]*[0-9_])[a-z0-9_{NUMERALS}-]{{5,19}})(?![A-Za-z0-9_])"
)


# What sounds or looks like the first half of 微信, and like its second half.
_FIRST_HALVES = "微薇威维徽葳溦嶶"
_SECOND_HALVES = ("❤", "♥", "x", "X", "v", "V", "亻言", "芯", *(sign + half for sign in "*._-/|·" for half in "信芯"))
_HIDDEN = " ".join(
    f"{adding}{first}{second}" for adding in ("", "加") for first in _FIRST_HALVES for second in _SECOND_HALVES
)
_CUE_WORDS = {
    "QQ qq Qq qQ 扣扣 球球 企鹅号 Q号 q号 加QQ 加qq 加Q 加q +Q +q +QQ +qq Q: Q： q: q：": _read_qq,
    "蔻蔻 寇寇 抠抠 叩叩 口口 秋秋 Q扣 扣Q 小企鹅 🐧 加Q_Q 加q_q q.q Q.Q Q-Q q-q": _read_qq,
    "扣 企鹅 Q_Q q_q": _read_qq_after_a_word,
    "Q q": _read_qq_after_a_letter,
    "微信 薇信 威信 维信 葳信 溦信 加微信 加薇信 加威信 加维信 微号 微_号 微_信 加微 加薇": reader(
        "wechat", _WECHAT_ID
    ),
    "V❤ v❤ V♥ v♥ V信 v信 V芯 v芯 加V信 加v信 微心 薇心 ✌信 ✌x wei信 WX号 vx号": reader("wechat", _WECHAT_ID),
    "加V 加v +V +v V: V： v: v： ➕v ➕V ➕微 ➕薇 v_x V_X v.x V.X v_._x v-x V-X": reader("wechat", _WECHAT_ID),
    "WeChat wechat Wechat weixin WeiXin Weixin": reader("wechat", _WECHAT_ID),
    "卫星": reader("wechat", _WECHAT_WORD),
    "薇: 薇： 微: 微： 威： 徽信 嶶信 ❤信 ♥信 绿色软件 绿泡泡 绿泡": reader("wechat", _WECHAT_HIDDEN),
    "vx VX Vx vX wx WX Wx wX w_x W_X w.x W.X w❤x v❤x W❤X V❤X": reader("wechat", _WECHAT_HIDDEN),
    _HIDDEN: reader("wechat", _WECHAT_HIDDEN),
}
MESSENGER_CUES = {cue.replace("_", " "): read for cues, read in _CUE_WORDS.items() for cue in cues.split()}


def find_messengers(text: str) -> Iterator[Span]:
    """QQ numbers before their cue word, and ids that need none. What stands after one is found by `MESSENGER_CUES`.

    Kinds: qq, wechat.
    """
    if "wx" in text or "WX" in text:
        yield from (Span(*match.span(), "wechat") for match in _WXID.finditer(text))
    if "QQ" in text or "qq" in text:
        yield from (Span(*match.span(), "qq") for match in _QQ_AFTER.finditer(text))
