"""Masking: personal data in text give way to readable markers, so that neither the datum nor its length leaks."""

from __future__ import annotations

import re
from collections.abc import Iterable

from opinion_stream.domain.collection.disguised import NUMERALS, find_numbers, plainer
from opinion_stream.domain.collection.dwellings import HOME_CUES, find_dwellings
from opinion_stream.domain.collection.handles import HANDLE_CUES, find_handles
from opinion_stream.domain.collection.messengers import MESSENGER_CUES, find_messengers
from opinion_stream.domain.collection.names import NameFinder
from opinion_stream.domain.collection.numbers import SIGNS, find_in_words
from opinion_stream.domain.collection.spans import Cues, Span
from opinion_stream.domain.collection.urls import cut_url

MARKERS = {
    "phone": "〔手机号〕",
    "landline": "〔座机号〕",
    "id_card": "〔身份证号〕",
    "bank_card": "〔银行卡号〕",
    "email": "〔邮箱〕",
    "qq": "〔QQ号〕",
    "wechat": "〔微信号〕",
    "account": "〔用户名〕",
    "plate": "〔车牌号〕",
    "passport": "〔护照号〕",
    "permit": "〔通行证号〕",
    "house_number": "〔门牌号〕",
    "name": "〔姓名〕",
    "url": "〔网址〕",
}
"""Kind of personal datum to the marker that stands in its place. No marker holds a digit or looks like a datum."""

_URL = re.compile(r"(https?://[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+)")
_MAYBE = re.compile(
    # Something of this stands in every text with personal data, and lets most short ones pass at once.
    r"[0-9@vw叫名人信男女艾护扣抠微薇绿楼栋单室组排❤♥〕*☆★◎⊙]|://|[(（\[【#{《<_ -]at[)）\]】#}》>_ -]"
    r"|[a-z]\s?(?:圈|小?老鼠|[(（]a|[#*&])"
    rf"|(?:[{NUMERALS}][{SIGNS},，、]{{0,3}}){{3}}",
    re.IGNORECASE,
)
_NO_DIGIT = re.compile("[^0-9]+")
_IN_URLS = re.compile(r"(?<![0-9])1[3-9][0-9]{9}(?![0-9])|[^/@]@[^/@]")


class Masker:
    """Masks personal data.

    `not_a_name`: words that look like a surname with a title and are none. `public_accounts`: names of media
    and public bodies, which are left standing after @. `public_numbers`: telephone numbers of public offices, in
    whatever spelling, which are nobody's own and stay.
    """

    def __init__(
        self,
        not_a_name: Iterable[str] = (),
        public_accounts: Iterable[str] = (),
        public_numbers: Iterable[str] = (),
    ) -> None:
        self._names = NameFinder(frozenset(not_a_name))
        self._public = frozenset(public_accounts)
        self._offices = frozenset(_NO_DIGIT.sub("", number) for number in public_numbers)
        self._cues = Cues({**HANDLE_CUES, **MESSENGER_CUES, **HOME_CUES, **self._names.cues()})

    def mask(self, text: str) -> tuple[str, dict[str, int]]:
        """The text (cleaned before) with `MARKERS` in place of personal data, and how many of each kind there were.

        Masking what was masked changes nothing.
        """
        counts: dict[str, int] = {}
        if not _MAYBE.search(text):
            return text, {}
        while True:
            # A marker may reveal a name beside it. Each round leaves fewer signs outside of markers, so it ends.
            masked = self._once(text, counts)
            if masked == text:
                return text, counts
            text = masked

    def _once(self, text: str, counts: dict[str, int]) -> str:
        if "://" not in text:
            return self._without_data(text, counts)
        parts = _URL.split(text)
        for i, part in enumerate(parts):
            if i % 2 == 0:
                parts[i] = self._without_data(part, counts)
                continue
            parts[i] = mask_url(part) or MARKERS["url"]
            if parts[i] != part:
                counts["url"] = counts.get("url", 0) + 1
        return "".join(parts)

    def _without_data(self, text: str, counts: dict[str, int]) -> str:
        seen = plainer(text)
        spans = find_numbers(seen)
        if self._offices:
            spans = [span for span in spans if _NO_DIGIT.sub("", seen[span.start : span.end]) not in self._offices]
        spans += find_in_words(seen)
        spans += self._cues.find(seen)
        spans += find_handles(seen, self._public)
        spans += find_messengers(seen)
        spans += find_dwellings(seen)
        text = _replace(text, spans, counts)
        return _replace(text, list(self._names.find(text)), counts)


def _replace(text: str, spans: list[Span], counts: dict[str, int]) -> str:
    """Put markers in the place of the spans; of spans that overlap, the first and longest gives the kind to all."""
    if not spans:
        return text
    pieces: list[str] = []
    done = 0
    spans.sort(key=lambda span: (span.start, -span.end))
    for span in spans:
        if span.start < done:
            # The tail of an overlapping datum must not stay behind.
            done = max(done, span.end)
            continue
        pieces += (text[done : span.start], MARKERS[span.kind])
        counts[span.kind] = counts.get(span.kind, 0) + 1
        done = span.end
    pieces.append(text[done:])
    return "".join(pieces)


_DEFAULT = Masker()


def mask(text: str) -> tuple[str, dict[str, int]]:
    """`Masker.mask` without the words of a policy."""
    return _DEFAULT.mask(text)


def mask_url(url: str) -> str | None:
    """`cut_url` for personal data as found in texts: an article's address without user, query and fragment, or None."""
    return cut_url(url, _tells_a_person)


def _tells_a_person(path: str) -> bool:
    # Long numbers in a path are most often article ids, so only the unmistakable kinds count.
    return _IN_URLS.search(path) is not None or any(span.kind == "id_card" for span in find_numbers(path))
