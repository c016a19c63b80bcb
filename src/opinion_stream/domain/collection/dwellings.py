"""Dwellings: the numbers that lead to one door. Roads, estates, buildings and units stay, so that help finds them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from opinion_stream.domain.collection.spans import Span, reader

_N = r"(?:[A-Za-z]{0,2}[0-9]{1,3}[A-Za-z]?|[一二三四五六七八九十百零〇]{1,4})"
_BUILDING = rf"(?:{_N}\s?(?:号楼|号栋|号院|[栋幢座]|#[楼栋]?)|[A-Za-z]\s?[栋幢座])"
_NUMBERED = r"(?:(?<![0-9年月〔\[(（第])[0-9]{1,5}\s?号)"
_UNIT = rf"(?:{_N}\s?(?:单元|号?门|梯))"
_FLOOR = rf"(?:{_N}\s?(?:层|楼))"
_NOT_A_ROOM = "(?![屋款价产租贷源补改管地东间])"
_SUFFIX = rf"(?:号?房间|号?房{_NOT_A_ROOM}|号?室(?![内外])|号)"
_ROOM_NO = r"(?:[0-9]{1,2}[-—]?[0-9]{2}[A-Za-z]?|[零〇一二三四五六七八九]{3,4})"
_ROOM = rf"(?:{_ROOM_NO}\s?{_SUFFIX})"
_FOLLOWER = (
    r"(?:(?=[\s,，。;；!！?？、:：()（）〔]|\.(?![0-9])|业主|住户|房主|户主|租户|租客|居民|的|楼上|楼下|家[里中]|是)|$)"
)
# Without a suffix a number is a room only where nothing countable follows.
_BARE_ROOM = rf"(?:[0-9]{{3,4}}[A-Za-z]?{_FOLLOWER})"
# Behind a unit a number that can be a floor with a door is one, unless something is counted.
_COUNTED = "[0-9A-Za-z年月日元块万千百米平个户人家多余%％.:：号台间时分岁次级度件]"
_ROOM_OF_UNIT = (
    rf"(?:[1-9][0-9]?(?:0[1-9]|[1-3][0-9])(?!{_COUNTED}|[-—~至][0-9])"
    rf"|[一二三四五六七八九]{{1,2}}[零〇一二三][一二三四五六七八九零〇](?!{_COUNTED}|[十零〇一二三四五六七八九]))"
)
_COMMA = r"[\s,，、\-—]?"
_INSIDE = rf"{_COMMA}(?:{_UNIT}{_COMMA})?(?:{_FLOOR}{_COMMA})?"
_DOOR = re.compile(
    rf"(?<![A-Za-z0-9])(?:{_BUILDING}{_INSIDE}(?:{_ROOM}|{_BARE_ROOM})|{_NUMBERED}{_INSIDE}{_ROOM}"
    rf"|(?:{_BUILDING}{_COMMA})?{_UNIT}{_COMMA}(?:{_FLOOR}{_COMMA})?(?:{_ROOM}|{_BARE_ROOM}|{_ROOM_OF_UNIT}))"
    # 201、202、401室: more doors of the same house.
    rf"(?:[、/][0-9]{{3,4}}(?![0-9年月日元万米平个户人家多余%.-]){_SUFFIX}?)*"
)
_DOOR_HINT = re.compile(
    rf"[栋幢座楼院#元门梯号层]{_COMMA}(?:[0-9]{{1,2}}[-—]?[0-9]{{2}}|[零〇一二三四五六七八九]{{3}})"
)
_BEFORE_HINT, _AFTER_HINT = 24, 100

_ESTATES = "[区园苑城府湾庭居邸郡里庄宅厦村寓寨期]"
_IN_ESTATE = re.compile(
    rf"{_ESTATES}\s?(?P<n>[A-Za-z]?[0-9]{{1,2}}(?:[-—][0-9]{{1,2}})?[-—][0-9]{{3,4}}(?![-—0-9])(?:\s?{_SUFFIX}|{_FOLLOWER})"
    rf"|[0-9]{{3,4}}(?:号房(?![屋间])|室(?![内外])|房{_NOT_A_ROOM}))"
)
_IN_PARTS = re.compile(
    # 5-2-1103: building, unit, room. A year may end a date, so the 19th and 20th floor are left out.
    r"(?<![0-9A-Za-z.\-—])[1-9][0-9]?[-—](?:[1-9][-—](?!19|20)[1-9][0-9]?(?:0[1-9]|[1-3][0-9])(?![0-9A-Za-z.\-—年月日元万])"
    r"|[1-9][0-9]?(?:0[1-9]|[1-3][0-9])(?=的?(?:业主|住户|租户|租客|户主|房东|居民)))"
)
_HOME = re.compile(
    r"[^,，。;；!！?？〔〕\n]{0,30}?(?<![0-9第〔])(?P<n>[0-9]{1,5}(?:-[0-9]{1,3})?号(?:附[0-9]{1,3}号)?)"
    r"(?![楼栋线文令病路院])(?!公路|国道|省道|台风|地块)"
)
_HOME_WORDS = "家住 住在 现住 住址 家庭地址 户籍地址 住于 本人住 我家在 我家是 我家住"
HOME_CUES = dict.fromkeys(_HOME_WORDS.split(), reader("house_number", _HOME))
_HINT = re.compile("[栋幢座楼院#元门梯号层区园苑城府湾庭居邸郡里庄宅厦村寓寨期](?=.?[0-9A-Za-z零〇一二三四五六七八九])")


def find_dwellings(text: str) -> Iterator[Span]:
    """Where door numbers stand: building with room, unit with room, estate with room.

    Kind: house_number. House numbers after a word of residence are found by `HOME_CUES`.
    """
    if "-" in text or "—" in text:
        yield from (Span(*match.span(), "house_number") for match in _IN_PARTS.finditer(text))
    done = 0
    for hint in _HINT.finditer(text):
        at = hint.start()
        if at >= done and _DOOR_HINT.match(text, at):
            for match in _DOOR.finditer(text, max(done, at - _BEFORE_HINT), at + _AFTER_HINT):
                if match.end() > at:
                    if match.start() <= at:
                        yield Span(*match.span(), "house_number")
                        done = match.end()
                    break
        estate = _IN_ESTATE.match(text, at)
        if estate:
            yield Span(*estate.span("n"), "house_number")
