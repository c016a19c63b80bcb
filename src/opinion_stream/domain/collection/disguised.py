"""Numbers in disguise: Chinese and circled numerals, letters that look like digits; and the plain ones beside them."""

from __future__ import annotations

import re

from opinion_stream.domain.collection.numbers import ODD, REACH, X, find_in_run, plain_runs
from opinion_stream.domain.collection.spans import Span, Taken

CHINESE = dict(zip("〇零一二三四五六七八九幺壹贰叁肆伍陆柒捌玖两洞拐勾", "0012345678911234567892079", strict=True))
_SIGNED = dict(zip("⓪①②③④⑤⑥⑦⑧⑨⓿❶❷❸❹❺❻❼❽❾⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉", "0123456789" * 4, strict=True))
_SIGNED |= dict(zip("➀➁➂➃➄➅➆➇➈➊➋➌➍➎➏➐➑➒⑴⑵⑶⑷⑸⑹⑺⑻⑼⒈⒉⒊⒋⒌⒍⒎⒏⒐", "123456789" * 4, strict=True))
_LETTERS = {"O": "0", "o": "0", "l": "1", "I": "1"}
NUMERALS = "".join(CHINESE) + "".join(_SIGNED)
"""Signs other than 0-9 and letters that stand for one digit."""
LOOK_ALIKES = "".join(_LETTERS)
"""Letters that stand for a digit between digits."""
AS_DIGITS = str.maketrans(CHINESE | _SIGNED | _LETTERS)
"""What each of them stands for."""

_S = f"[{ODD}]{{0,3}}"
_ANY = f"[0-9{NUMERALS}{LOOK_ALIKES}]"
# No condition on what follows: after a failed one the regex engine would read the run again from its second digit.
_RUN = re.compile(f"{_ANY}(?:(?:{_S}|[,，、]){_ANY}){{6,}}")
# Most texts hold nothing that any of the searches could find.
_ANY_RUN = re.compile(f"{_ANY}(?:[{ODD},，、;；。]{{0,3}}{_ANY}){{6}}")
_DISGUISED = re.compile(f"[{NUMERALS}{LOOK_ALIKES}]")
_LETTER = re.compile("[A-Za-z]")
_SHORTEST = 10
_MOST_LETTERS = 0.65
"""Words such as Illinois are no numbers: of a number with look-alike letters, a third at least are digits."""
_AFTER = 6
_CUTS = 4


def _shadows() -> dict[int, str]:
    """Letters in circles and squares, and pictures: a mouse for @, the others for a sign between two parts."""
    table = {code: "·" for block in (range(0x1F300, 0x1FB00), range(0x2190, 0x2200)) for code in block}
    table |= {ord(sign): "·" for sign in "☀☁☂☎☏☑☕☘☞☟☺☹♀♂♠♣♦♪♫♬✅✉✍✎✏✔✨✿❀❁❄❋❗❣➡➜➤⭐〰"}
    table |= {ord(sign): "@" for sign in "🐭🐁🐀🖱"}
    for first, count in ((0x24B6, 26), (0x1F130, 26), (0x1F150, 26), (0x1F170, 26)):
        table |= {first + at: chr(ord("A") + at) for at in range(count)}
    table |= {0x24D0 + at: chr(ord("a") + at) for at in range(26)}
    for cue in "🐧ⓐⒶ":
        del table[ord(cue)]
    return table


_SHADOWS = _shadows()
_SHADOWED = re.compile("[\u2190-\u21ff\u24b6-\u24e9\u2600-\u27bf\u2b50\u3030\U0001f130-\U0001faff]")


def plainer(text: str) -> str:
    """The text, sign for sign, with letters in circles as letters, and pictures as the signs they stand for."""
    return text.translate(_SHADOWS) if _SHADOWED.search(text) else text


def find_numbers(text: str) -> list[Span]:
    """Where the personal numbers stand in `text` (half-width), without overlap; kinds as in `numbers`."""
    if _ANY_RUN.search(text) is None:
        return []
    taken = Taken()
    for run in _RUN.finditer(text):
        if _DISGUISED.search(run[0]):
            for span in _in_disguise(text, *run.span()):
                taken.add(span)
    spans = list(taken.spans)
    done = 0
    for start, end in plain_runs(text):
        found = find_in_run(text, start, end, done, taken)
        if found:
            done = found[-1].end
            spans += found
    return spans


def _in_disguise(text: str, start: int, end: int) -> list[Span]:
    """Numbers of the run [start, end) that are not in plain digits alone."""
    if sum(c in LOOK_ALIKES for c in text[start:end]) > _MOST_LETTERS * (end - start):
        return []
    begins = start + 1 if _in_word(text, start, start - 1) else start
    stops = end - 1 if _in_word(text, end - 1, end) else end
    # What follows may start with a numeral that is a word of its own, as in 一直 and 一个, also behind a comma.
    cuts = [stops]
    while len(cuts) < _CUTS and (text[cuts[-1] - 1] in CHINESE or text[cuts[-1] - 1] in ",，、"):
        cuts.append(cuts[-1] - 1)
    for cut in cuts:
        if cut - begins < _SHORTEST:
            break
        first = max(0, begins - REACH)
        ending = text[cut : cut + 1] if text[cut : cut + 1] in X else ""
        window = text[first:begins] + text[begins:cut].translate(AS_DIGITS) + text[cut : cut + _AFTER]
        here = [
            Span(span.start + first, span.end + first, span.kind)
            for span in find_in_run(window, begins - first, cut - first + len(ending))
            if _DISGUISED.search(text, span.start + first, span.end + first)
        ]
        if here:
            return here
    return []


def _in_word(text: str, at: int, beside: int) -> bool:
    """Whether the sign is a letter that has another letter beside it."""
    if not (text[at] in LOOK_ALIKES and 0 <= beside < len(text)) or (beside > at and text[beside] in X):
        return False
    return _LETTER.match(text[beside]) is not None
