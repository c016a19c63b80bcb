"""Dwellings: the numbers that lead to one door. Roads, estates, buildings and units stay, so that help finds them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from opinion_stream.domain.collection.disguised import AS_DIGITS
from opinion_stream.domain.collection.spans import Span, reader

_FIGURES = "零〇一二三四五六七八九幺壹贰叁肆伍陆柒捌玖"
_COUNTING = _FIGURES + "十百拾两"
_N = rf"(?:[A-Za-z]{{0,2}}[0-9]{{1,3}}[A-Za-z]?|[①-⑳㉑-㉟]|[{_COUNTING}]{{1,4}}|[【\[(（][0-9]{{1,2}}[】\])）])"
_BUILDING = (
    rf"(?:{_N}\s?(?:号\s?(?:(?:公寓|住宅)?[楼搂]|lou)|dong|号栋|号院|[栋幢座]|#[楼栋]?|[hH][lL楼])|[A-Za-z]\s?[栋幢座])"
)
_NUMBERED = r"(?:(?<![0-9年月〔\[(（第])[0-9]{1,5}\s?号)"
_UNIT = (
    rf"(?:{_N}#?\s?(?:[单単]\s?(?:[元圆园]|yuan|(?=[0-9{_FIGURES}]{{3}}))|danyuan|dy|DY|号?门|口|梯)"
    r"|[A-Fa-f甲乙丙丁东西南北中]\s?单\s?元)"
)
_FLOOR = rf"(?:{_N}\s?(?:层|楼))"
_NOT_A_ROOM = "(?![屋款价产租贷源补改管地东间])"
_SUFFIX = rf"(?:号?房间|号?房{_NOT_A_ROOM}|号?室(?![内外])|号)"
_ROOM_NO = rf"(?:[0-9]{{1,2}}[-—]?[0-9Oo]{{2}}[A-Za-z]?|[{_FIGURES}]{{3,4}})"
# On a floor with two or three doors people say the side.
_SIDE = r"(?:[东西南北中左右](?:边户?|侧户?|户|手|门)|对门)"
_ROOM = rf"(?:{_ROOM_NO}\s?{_SUFFIX}|{_FLOOR}\s?{_SIDE})"
_FOLLOWER = (
    r"(?:(?=[\s,，。;；!！?？、:：()（）〔]|\.(?![0-9])|业主|住户|房主|户主|租户|租客|居民|的|楼上|楼下|家[里中]|是)|$)"
)
# Without a suffix a number is a room only where nothing countable follows.
_BARE_ROOM = rf"(?:(?:[0-9]{{3,4}}[A-Za-z]?|[一二三四五六七八九]{{1,2}}[零〇][一二三四五六七八九]){_FOLLOWER})"
# Behind a unit a number that can be a floor with a door is one, unless something is counted.
_COUNTED = "[0-9A-Za-z年月日元块万千百米平个户人家多余%％.:：号台间时分岁次级度件路套栋幢亩辆]"
_FLOOR_AND_DOOR = rf"[1-9][0-9]?(?:[0Oo][1-9]|[1-3][0-9])(?!{_COUNTED}|[-—~至][0-9])"
_ROOM_OF_UNIT = (
    rf"(?:[1-3][0-9]0[1-9]户|{_FLOOR_AND_DOOR}|[1-9](?: [0-9]){{2,3}}(?! ?[0-9])"
    rf"|[一二三四五六七八九幺壹贰叁肆伍陆柒捌玖][{_FIGURES}]?[零〇一二三壹贰叁][{_FIGURES}](?!{_COUNTED}|[十{_FIGURES}]))"
)
_PLAIN_DOOR = "[1-9][0-9]?(?:0[1-9]|[1-3][0-9])"
_EMERGENCY = "(?!1(?:10|19|20|22)(?![0-9]))"
_COMMA = r"[\s,，、\-—()（）【】\[\]第]{0,2}"
_INSIDE = rf"{_COMMA}(?:{_UNIT}{_COMMA})?(?:{_FLOOR}{_COMMA})?"
_DOOR = re.compile(
    rf"(?<![A-Za-z0-9])(?:{_BUILDING}{_INSIDE}(?:{_ROOM}|{_BARE_ROOM})|{_NUMBERED}{_INSIDE}{_ROOM}"
    r"|[0-9]{1,3}\s?#[-—\s]?[0-9]{1,2}[-—][0-9]{3,4}(?![0-9-])"
    # Before a unit even what sounds like a building is one, and a number that says only 号.
    rf"|(?:(?:{_BUILDING}|{_N}\s?[楼号冻动懂洞]){_COMMA})?{_UNIT}{_COMMA}(?:{_FLOOR}{_COMMA})?"
    rf"(?:{_ROOM}|{_BARE_ROOM}|{_ROOM_OF_UNIT})"
    r"|楼号[:： ]?[0-9]{1,3}[,，、 ]{0,2}单元号?[:： ]?[0-9]{1,2}[,，、 ]{0,2}(?:房间?号|室)[:： ]?[0-9]{3,4}"
    rf"|{_BUILDING}{_COMMA}[0-9]{{1,2}}[-—]{_FLOOR_AND_DOOR}"
    rf"|(?:(?:{_BUILDING}|{_N}\s?楼){_COMMA})?{_UNIT}{_COMMA}{_FLOOR}{_COMMA}(?:[0-9]{{1,2}}|[{_FIGURES}])\s?号(?![楼线院])"
    rf"|{_BUILDING}\s?[【\[(（][0-9]{{1,2}}[】\])）]\s?{_FLOOR_AND_DOOR}"
    rf"|{_BUILDING}{_COMMA}{_EMERGENCY}{_FLOOR_AND_DOOR}(?!商|门面|铺))"
    # 201、202、401室: more doors of the same house.
    rf"(?:[、/][0-9]{{3,4}}(?![0-9年月日元万米平个户人家多余%.-]){_SUFFIX}?)*"
)
_DOOR_HINT = re.compile(
    rf"[栋幢座楼搂院#元圆园单门口梯号层yYn】\])）]{_COMMA}"
    rf"(?:[0-9]{{1,2}}[-—]?[0-9Oo]{{2}}|[{_FIGURES}]{{3}}|[1-9](?: [0-9]){{2}})"
    rf"|[楼层]\s?{_SIDE}|[楼层]\s?(?:[0-9]{{1,2}}|[{_FIGURES}])\s?号"
)
_BEFORE_HINT, _AFTER_HINT = 24, 100

_ESTATES = "区园苑城府湾庭居邸郡里庄宅厦村寓寨期都晶岸岭墅景院"
_IN_ESTATE = re.compile(
    rf"(?:(?!院)[{_ESTATES}]|院(?=\s?[0-9]{{1,2}}[^0-9]{{1,2}}[0-9]{{1,2}}[^0-9]))\s?"
    rf"(?P<n>[A-Za-z]?[0-9]{{1,2}}(?:[-—][0-9]{{1,2}})?[-—][0-9]{{3,4}}(?![-—0-9])(?:\s?{_SUFFIX}|{_FOLLOWER})"
    rf"|[0-9]{{1,2}}[-—~～#_*]{{1,2}}[0-9]{{1,2}}[-—~～#_*]{_FLOOR_AND_DOOR}"
    rf"|[A-Z][-—][0-9]{{1,2}}[-—]{_FLOOR_AND_DOOR}"
    # A date may be written with these signs, so no year.
    rf"|[0-9]{{1,2}}(?P<sign>[./·、 ])[0-9]{{1,2}}(?P=sign)(?!(?:19|20)[0-9]{{2}}){_FLOOR_AND_DOOR}"
    rf"|[0-9]{{3,4}}(?:号房(?![屋间])|室(?![内外])|房{_NOT_A_ROOM}))"
)
_IN_PARTS = re.compile(
    # 5-2-1103: building, unit, room. A year may end a date, so the 19th and 20th floor are left out.
    rf"(?<![0-9A-Za-z.\-—])[1-9][0-9]?[-—](?:[1-9][-—](?!19|20){_PLAIN_DOOR}(?![0-9A-Za-z.\-—年月日元万])"
    rf"|{_PLAIN_DOOR}(?=的?(?:业主|住户|租户|租客|户主|房东|居民)))"
)
# The same in words, with other signs, with 一 for the dash, in brackets: the signs, and what comes after the building.
_RESTS = (
    ("-—~～", re.compile(rf"[-—~～][{_COUNTING}]{{1,2}}[-—~～][{_FIGURES}]{{3,4}}(?![{_COUNTING}])")),
    ("~～", re.compile(rf"[~～][0-9]{{1,2}}[~～]{_FLOOR_AND_DOOR}")),
    ("·•", re.compile(rf"[·•][0-9]{{1,2}}[·•]{_FLOOR_AND_DOOR}")),
    ("一", re.compile(rf"一[0-9]{{1,2}}一{_FLOOR_AND_DOOR}")),
    (
        "])】）",
        re.compile(rf"[\])】）]\s?[\[(【（][0-9]{{1,2}}[\])】）]\s?[\[(【（]{_PLAIN_DOOR}(?=[\])】）])"),
    ),
)
_FIRST = re.compile(rf"(?:(?<![0-9.])[0-9]{{1,2}}|[{_COUNTING}]{{1,3}})$")
# Rows of a housing area, and the groups of a village: 14排2号, 后官寨村三组21号.
_IN_ROW = re.compile(r"[排组社队]\s?(?P<n>[0-9]{1,3}\s?号)(?![座位线机球令文井])")
_ROW = re.compile(r"(?<![座位票场厅影馆第0-9])[0-9]{1,3}\s?$")
_VILLAGE = re.compile(r"[村镇乡区屯寨庄湾沟塬](?:[0-9]{1,2}|[一二三四五六七八九十]{1,3})(?:村民)?小?$")
_HOME = re.compile(
    r"[^,，。;；!！?？〔〕\n]{0,30}?(?<![0-9第〔])(?P<n>[0-9]{1,5}(?:-[0-9]{1,3})?号(?:附[0-9]{1,3}号)?)"
    r"(?![楼栋线文令病路院])(?!公路|国道|省道|台风|地块)"
)
_HOME_WORDS = "家住 住在 现住 住址 家庭地址 户籍地址 住于 本人住 我家在 我家是 我家住"
_AT_HOME = re.compile(
    rf"(?:在|的|是)?\s?(?P<n>[1-9][0-9]?(?:[-—]|楼|(?P<sign>[-—~～/.· ])[1-9](?P=sign)){_FLOOR_AND_DOOR})"
)
_LIVES = re.compile(rf"[一-鿿]{{0,12}}?(?P<n>[1-9][0-9]?[-—]{_FLOOR_AND_DOOR})")
_AT_HOME_WORDS = "我们 咱们 我家 咱家 快递给 送到 送给 楼上 楼下 隔壁 邻居 我住"
HOME_CUES = {
    **dict.fromkeys(_AT_HOME_WORDS.split(), reader("house_number", _AT_HOME)),
    "住": reader("house_number", _LIVES),
    **dict.fromkeys(_HOME_WORDS.split(), reader("house_number", _HOME)),
}
_CIRCLED = "⓪①②③④⑤⑥⑦⑧⑨"
_ANY_CIRCLED = re.compile(f"[{_CIRCLED}]")
_UNCIRCLED = {ord(sign): AS_DIGITS[ord(sign)] for sign in _CIRCLED}
_HINT = re.compile(
    r"[栋幢座楼搂院#元圆园单门口梯号层yYn】\])）区苑城府湾庭居邸郡里庄宅厦村寓寨期都晶岸岭墅景]"
    rf"(?=.?[0-9A-Za-z{_FIGURES}]|(?<=[楼层])\s?{_SIDE})"
)


def find_dwellings(text: str) -> Iterator[Span]:
    """Where door numbers stand: building with room, unit with room, estate with room.

    Kind: house_number. House numbers after a word of residence are found by `HOME_CUES`.
    """
    if _ANY_CIRCLED.search(text):
        text = text.translate(_UNCIRCLED)
    if "-" in text or "—" in text:
        yield from (Span(*match.span(), "house_number") for match in _IN_PARTS.finditer(text))
    for signs, pattern in _RESTS:
        if any(sign in text for sign in signs):
            for rest in pattern.finditer(text):
                first = _FIRST.search(text, max(0, rest.start() - 3), rest.start())
                if first:
                    yield Span(first.start(), rest.end(), "house_number")
    for match in _IN_ROW.finditer(text):
        row = text[match.start()] == "排"
        before = (_ROW if row else _VILLAGE).search(text, max(0, match.start() - 8), match.start())
        if before:
            yield Span(before.start() if row else match.start("n"), match.end(), "house_number")
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
        estate = _IN_ESTATE.match(text, at) if text[at] in _ESTATES else None
        if estate:
            yield Span(*estate.span("n"), "house_number")
