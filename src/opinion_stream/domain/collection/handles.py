"""Names that people go by on the net and on paper: e-mail, accounts, plates, passports."""

from __future__ import annotations

import re
from collections.abc import Iterator

from opinion_stream.domain.collection.disguised import LOOK_ALIKES, NUMERALS
from opinion_stream.domain.collection.spans import Span, reader

# Patterns start with a literal or a character class wherever they can: the regex engine skips ahead to those.
_SURELY_AT = r"[(（【\[]?@+[)）】\]]?|[(（\[【#{《<_*-]at[)）\]】#}》>_*-]|\sat\s|[艾爱]特"
_AT = rf"\s?(?:{_SURELY_AT}|[ⓐⒶ]|[(（]a[)）]|圈[aA]?|小?老鼠|[☆★◎⊙])\s?"
_DOT = r"\s?(?:[.。·]|点|[,，](?=com|cn|net)|[(（\[【#{《<_*-]dot[)）\]】#}》>_*-]|\sdot\s)\s?"
_PROVIDERS = (
    "qq|vip|163|126|139|189|wo|gmail|sina|sohu|outlook|hotmail|foxmail|yeah|icloud|aliyun|yahoo|live|tom|21cn|88|188"
)
"""Hosts of most private addresses: before one of these a sign stands for @ that elsewhere is a word or a mark."""
_LOCAL = (
    rf"(?<![A-Za-z0-9._%+-])(?:[0-9]{{2,6}} ){{0,4}}[A-Za-z0-9*{NUMERALS}]"
    rf"(?:[A-Za-z0-9._%+*{NUMERALS}-]|下划线|[中横]杠|减号|(?<=[A-Za-z])\s?点\s?(?=[A-Za-z0-9])){{0,200}}"
)
_EMAIL = re.compile(
    rf"{_LOCAL}(?:{_AT}|\s?(?:[#*&$^~|=]|(?<=[0-9])at)\s?(?=(?:{_PROVIDERS})[^A-Za-z0-9]))(?:[A-Za-z0-9{NUMERALS}-]{{1,63}}|扣扣)"
    rf"(?:{_DOT}[A-Za-z0-9-]{{1,63}}){{0,3}}{_DOT}(?:c0m|[A-Za-z]{{2,18}})(?![A-Za-z])"
    # Said in short, without an ending; and every letter apart.
    rf"|{_LOCAL}\s?(?:{_SURELY_AT})\s?(?:qq|163|126|139|189|gmail|sina|sohu|outlook|hotmail|foxmail)(?:com|cn)?(?![A-Za-z0-9.])"
    r"|(?:[A-Za-z0-9._-] ){2,40}@(?: [A-Za-z0-9.-]){4,40}(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_EMAIL_SIGNS = ("@", "艾特", "at", "AT", "com", "COM", "cn", "CN", "net")
"""One of these is in every text with an address."""

_ACCOUNT = re.compile(r"@(?<![A-Za-z0-9._%+*-]@)(?P<n>[\w一-鿿·-]{2,30})(?=[\s:：,，.。;；!！?？、/)）】\]@〔]|$)")

_LETTER = "[A-HJ-NP-Za-hj-np-z]"
_FIGURE = f"[0-9{NUMERALS}{LOOK_ALIKES}]"
_SIGN = f"[A-Za-z0-9{NUMERALS}]"
_TWO_DIGITS = f"(?=(?:[A-Za-z]*[0-9{NUMERALS}]){{2}})"
_APART = "[·.•・ _—~*-]"
_PROVINCE = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_PLATE = re.compile(
    # GA 36-2018: province, letter, five signs without I and O (two digits at least); new-energy vehicles have six.
    rf"[{_PROVINCE}]{_APART}?{_LETTER}[·.•・ _—~*/:：()（）】\]-]{{0,3}}"
    rf"(?:{_TWO_DIGITS}(?:{_FIGURE}{{5}}{_LETTER}|{_LETTER}{_SIGN}{_FIGURE}{{4}}|{_SIGN}{{5}}"
    rf"|{_SIGN}{{4}}[挂学警港澳试超领使])"
    rf"|(?=(?:[A-Za-z]{_APART}?)*[0-9]{_APART}?(?:[A-Za-z]{_APART}?)*[0-9]){_SIGN}(?:{_APART}?{_SIGN}){{4,5}})(?![A-Za-z0-9])"
)
_ANY_PLATE = re.compile(
    # Beside a cue word the province need not be one we know.
    rf"(?:号码?)?[是为:：\s]{{0,3}}(?P<n>[一-鿿]?{_APART}?[A-Za-z]{_APART}?{_TWO_DIGITS}[A-Za-z0-9{NUMERALS}]{{5,6}})(?![A-Za-z0-9])"
)

_NUMBER_GAP = r"(?:号码?)?[是为:：(（ ]{0,4}"
_DOCUMENT_SIGNS = (
    f"[(（]?[A-Za-z](?:[ -]?[A-Za-z0-9])?[)）]?(?:字头?|开头)?[ .·_-]{{0,2}}{_FIGURE}(?:[ .·_-]{{0,2}}{_FIGURE}){{6,9}}"
)
# A letter or two and seven digits are so seldom anything else that they may stand a little further off.
_DOCUMENT = re.compile(
    rf"[^0-9A-Za-z。；;〔〕]{{0,8}}?(?:[Nn][Oo][.:： ]{{0,2}})?(?P<n>{_DOCUMENT_SIGNS})(?![A-Za-z0-9])"
)
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
    "车牌 牌照 牌号 车号": reader("plate", _ANY_PLATE),
    "护照 passport Passport PASSPORT 护_照 护罩 护兆 户照 hz号 HZ号": reader("passport", _DOCUMENT),
    "通行证 回乡证 台胞证 旅行证": reader("permit", _PERMIT),
    "证件": _read_document,
}
HANDLE_CUES = {cue.replace("_", " "): read for cues, read in _CUE_WORDS.items() for cue in cues.split()}


def find_handles(text: str, public_accounts: frozenset[str]) -> Iterator[Span]:
    """Where e-mail addresses, account names after @ and plates stand.

    Kinds: email, account, plate. What stands after a cue word is found by `HANDLE_CUES`: plate, passport, permit.
    Account names in `public_accounts` (media, public bodies) are left: they are nobody's own.
    """
    if any(sign in text for sign in _EMAIL_SIGNS):
        yield from (Span(*match.span(), "email") for match in _EMAIL.finditer(text))
    if "@" in text:
        for match in _ACCOUNT.finditer(text):
            if match["n"] not in public_accounts:
                yield Span(*match.span(), "account")
    yield from (Span(*match.span(), "plate") for match in _PLATE.finditer(text))
