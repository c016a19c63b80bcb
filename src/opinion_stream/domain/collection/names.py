"""Names of private persons: only where they introduce themselves or stand beside other personal data.

A name elsewhere is left: it is often that of an official or a public figure, and part of the matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from opinion_stream.domain.collection.spans import Reader, Span
from opinion_stream.domain.collection.surnames import (
    COMMON_WORDS,
    DOUBLE_SURNAMES,
    NOT_IN_GIVEN_NAMES,
    SURNAMES,
    TITLES,
)

_SURNAME = f"(?:{DOUBLE_SURNAMES}|[{SURNAMES}])"
_GIVEN = f"(?![{NOT_IN_GIVEN_NAMES}])[一-鿿]"
_NAME = f"(?:{_SURNAME}(?:{_GIVEN}){{1,2}})"
_SPACED = f"(?:{_SURNAME}(?:[ ·.・]{{1,2}}{_GIVEN}){{1,2}})"
"""A name drawn out, as in forms (王 伟) and as a disguise (王·小·明); only right beside a cue word or a datum."""
_PUNCTUATION = r"[\s,，。.、;；:：!！()（）*〔]"
_END = rf"(?={_PUNCTUATION}|$)"

# A party of a matter says or is asked who they are.
_SAID = "我叫 我名叫 本人叫 名字叫 名叫 本人姓名 联系人 申请人 投诉人 举报人 具报人 反映人"
_ASKED = "姓名 报修人 来电人 来信人 留言人 求助人 收件人 署名"
_INTRODUCED = re.compile(
    rf"[:：是为叫\s]{{0,2}}(?P<n>{_SPACED}|{_NAME}|{_SURNAME}(?={TITLES}))(?:{TITLES})?"
    rf"(?=$|{_PUNCTUATION}|[男女今住家是的来现系因于在就想已有和0-9]|电话|手机|身份证|联系|年龄|籍贯|微信)"
)

_DATUM = re.compile(
    r"〔(?:手机号|座机号|身份证号|银行卡号|邮箱|QQ号|微信号|护照号|通行证号)〕|[0-9]{1,10}\*{4,}[0-9]{0,4}|\*{5,}"
)
_CUE = (
    "(?:的)?(?:本人)?(?:联系|家庭|办公)?(?:手机号码?|手机|电话号码?|电话|座机|身份证号码?|身份证|微信号?|[Qq]{2}号?"
    "|扣扣|邮箱|护照号?|银行卡号?|卡号|账号|方式|[Tt][Ee][Ll])?(?:号码?)?[是为:： ]{0,3}"
)
_SEX = "[,，、 ]{0,2}[男女](?:士|性)?[,，、 ]{0,2}"
_BRACKET = r"[\s,，、:：()（）\-—]{0,2}"
_BEFORE_DATUM = re.compile(
    rf"(?:(?P<t>{_SURNAME})(?:{TITLES})|(?P<n>{_NAME}|{_SPACED})(?:{TITLES})?){_BRACKET}(?:{_SEX})?{_CUE}{_BRACKET}$"
)
_HAS_CUE = re.compile("[一-鿿A-Za-z]")
# Where a bare name can start: after a sign, or after what tells that a person follows.
_LEAD = re.compile(
    "(?:^|[^一-鿿]|联系|找|业主|户主|房东|老板|代表|村民|居民|市民|家长|学生|师傅|教练|司机|民警|[人员长总监任记工])$"
)
_AFTER_DATUM = re.compile(
    rf"(?:[\s(（:：]{{0,2}}(?:联系人|找|姓名)?[:： ]?(?:(?P<t>{_SURNAME})(?={TITLES})|(?P<n>{_NAME}){_END}))"
    rf"|[,，](?P<m>{_SURNAME})(?={TITLES})"
)
_REACH = 32

_SEX_OF = re.compile(r"[男女]性?[,，、\s。;；（(]")
_BEFORE_SEX = re.compile(rf"(?P<n>{_NAME})[,，、\s]{{1,2}}$")

_NOT_A_PERSON = re.compile("[局委办厅院所站队部处科室会社司店厂校班组村镇乡县市区省街路桥河山楼园人]$")
_AROUND = 6


def _out_of_words(text: str, start: int, end: int) -> int | None:
    """Where the name in [start, end) begins, behind the end of an everyday word that lies across its start.

    None: there is none, as in 对方收款 and 申领. By the dictionary alone: the model that finds unknown words would
    find some that are none.
    """
    # Its dictionary takes a fifth of a second to load, and most who mask never meet such a name.
    import rjieba

    first = max(0, start - _AROUND)
    at, begin = first, start
    for word, tag in rjieba.tag(text[first:end], False):
        after = at + len(word)
        if len(word) > 1 and at == start and tag[:1] in "vdcpr":
            return None
        if len(word) > 1 and start < at and begin > start:
            return None
        if at < start < after:
            begin = after
        at = after
    return begin if end - begin > 1 else None


class NameFinder:
    """Finds names. `not_a_name`: words of the policy that look like a surname with a title, but are none."""

    def __init__(self, not_a_name: frozenset[str] = frozenset()) -> None:
        self._not_a_name = not_a_name

    def cues(self) -> dict[str, Reader]:
        """Words with which people introduce themselves, and what reads the name after them. Kind: name."""

        def read(text: str, cue: re.Match[str]) -> Span | None:
            match = _INTRODUCED.match(text, cue.end())
            return next(self._names(text, *match.span("n")), None) if match else None

        def read_after_sign(text: str, cue: re.Match[str]) -> Span | None:
            # 姓名 may be the heading of anything, 姓名：张三 is not.
            span = read(text, cue)
            return span if span and span.start > cue.end() else None

        return {**dict.fromkeys(_SAID.split(), read), **dict.fromkeys(_ASKED.split(), read_after_sign)}

    def find(self, text: str) -> Iterator[Span]:
        """Names beside markers and asterisks of other personal data, and before their sex (张三，男，). Kind: name."""
        if "〕" in text or "****" in text:
            for datum in _DATUM.finditer(text):
                at = max(0, datum.start() - _REACH)
                before = _BEFORE_DATUM.search(text[at : datum.start()])
                if before and self._stands_alone(text, at, before):
                    start, end = before.span(before.lastgroup or 0)
                    yield from self._names_out_of_words(text, at + start, at + end, titled=before["t"] is not None)
                after = _AFTER_DATUM.match(text, datum.end())
                if after:
                    yield from self._names_out_of_words(
                        text, *after.span(after.lastgroup or 0), titled=after["n"] is None
                    )
        if "男" in text or "女" in text:
            for sex in _SEX_OF.finditer(text):
                at = max(0, sex.start() - 6)
                before = _BEFORE_SEX.search(text[at : sex.start()])
                if before:
                    yield from self._names_out_of_words(text, at + before.start("n"), at + before.end("n"))

    def _stands_alone(self, text: str, at: int, match: re.Match[str]) -> bool:
        """Whether a title or a cue word such as 电话 sets the name off, or else what stands before it does."""
        if match["t"] or _HAS_CUE.search(match.string, match.end("n")):
            return True
        start = at + match.start("n")
        return _LEAD.search(text[max(0, start - 2) : start]) is not None

    def _names_out_of_words(self, text: str, start: int, end: int, *, titled: bool = False) -> Iterator[Span]:
        begin = start if titled else _out_of_words(text, start, end)
        if begin is not None:
            yield from self._names(text, begin, end)

    def _names(self, text: str, start: int, end: int) -> Iterator[Span]:
        if not self._is_word(text, start, end):
            yield Span(start, end, "name")

    def _is_word(self, text: str, start: int, end: int) -> bool:
        """Whether it is a common word, the name of a body, or a word of the policy lies across it."""
        found = text[start:end]
        if found[:2] in COMMON_WORDS or (len(found) > 2 and _NOT_A_PERSON.search(found)):
            return True
        for word in self._not_a_name:
            at = text.find(word, max(0, start - len(word) + 1), end + len(word) - 1)
            if at >= 0:
                return True
        return False
