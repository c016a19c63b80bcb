"""Near copies: what is found to repeat an earlier mention, what is not, and what is remembered for it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import assessed, later, mention, small_policy
from opinion_stream.domain.incidents.book import IncidentBook
from opinion_stream.domain.incidents.copies import CopyIndex, CopyOf
from opinion_stream.domain.incidents.proper_names import NameJudge
from opinion_stream.domain.places import Places
from opinion_stream.domain.state import DictStore
from opinion_stream.models.mention import Mention

DAY = 86_400.0
TITLE = "金桂小区旁边工地夜间施工"
TEXT = (
    "我是金桂小区3栋的业主。小区北门外的工地每天晚上十一点以后还在浇筑混凝土，一直到凌晨四点。"
    "老人睡不好，孩子第二天上学没有精神。我们打过两次热线，工作人员来过之后停了两天又照旧。"
    "请问工地有没有夜间施工许可？希望住建部门到现场看一看，尽快给大家一个答复。"
)
COMMENT = "转发给大家看看，我们这边也是这样，真的没人管吗？"
OTHERS = (
    "文化路公交站台的雨棚坏了半年，下雨天等车的人没有地方躲，请公交公司安排维修，也请说明以后由谁负责日常检查和保养。",
    "医保卡在和平药店刷不了，工作人员说系统升级，已经一个星期了，老年人买降压药只能付现金，不知道什么时候能恢复正常使用。",
    "幼儿园春季学期多收了一笔兴趣班费用，没有提前征求家长意见，也没有收据，希望教育部门核实收费项目是否经过备案。",
    "村里通往镇上的水泥路被重车压坏，坑有半尺深，电动车晚上看不见容易摔倒，请交通部门尽早修补并限制超载车辆通行。",
)


def index(store: DictStore | None = None, **rules: float) -> CopyIndex:
    policy = small_policy()
    changed = policy.incidents.copies.model_copy(update=rules)
    names = NameJudge(policy, Places(policy))
    return CopyIndex(changed, names, store if store is not None else DictStore(), "copy/x/")


def said(number: int, text: str, title: str = "", **kw: object) -> Mention:
    return mention(source_id=str(number), title=title, text=text, **kw)


def take(copies: CopyIndex, item: Mention, at: float = 0.0) -> CopyOf | None:
    return copies.take(item, at, "990101", lambda region: True)


def original_of(text: str, title: str = TITLE) -> str | None:
    """What a text is found to repeat, after the original and some other mentions."""
    copies = index()
    for number, other in enumerate((TEXT, *OTHERS)):
        take(copies, said(number, other, TITLE if other is TEXT else ""))
    found = take(copies, said(9, text, title))
    return None if found is None else found.original


SENTENCES = TEXT.replace("？", "。").split("。")[:-1]


@pytest.mark.parametrize(
    ("title", "text"),
    [
        (TITLE, f"{COMMENT}{TEXT}"),
        (TITLE, f"{TEXT}{COMMENT}"),
        ("", f"{COMMENT}//{TITLE}：{TEXT}"),
        ("网友反映的情况", TEXT),
        (TITLE, TEXT[:70] + "…"),
        ("", "。".join(SENTENCES[1:4])),
        (TITLE, "。".join(reversed(SENTENCES))),
        (TITLE, TEXT.replace("3栋", "5栋").replace("十一点", "12点").replace("两次", "8次")),
        (TITLE, TEXT.replace("业主", "住户").replace("每天", "天天").replace("希望", "盼望").replace("尽快", "早日")),
        (TITLE, TEXT.replace("，", " ").replace("。", "!!")),
        ("", f"{COMMENT}{TEXT[:80].replace('业主', '住户').replace('3栋', '7栋')}"),
    ],
    ids=[
        "comment before",
        "comment after",
        "no title, comment",
        "other title",
        "cut",
        "sentences left out",
        "reordered",
        "other numbers",
        "reworded",
        "punctuation",
        "several",
    ],
)
def test_copies_lead_to_their_original(title: str, text: str) -> None:
    assert original_of(text, title) == "wenzheng:0"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("金桂小区", "银杏小区"),
        ("金桂小区", "柳树镇"),
        ("金桂小区", "望江花园"),
        ("金桂", "和顺"),
    ],
)
def test_the_same_words_about_another_place_are_no_copy(old: str, new: str) -> None:
    assert original_of(TEXT.replace(old, new), TITLE.replace(old, new)) is None


def test_townships_of_two_counties_are_other_places_and_a_county_with_its_township_is_not() -> None:
    def of(one: str, other: str) -> CopyOf | None:
        copies = index()
        take(copies, said(1, TEXT.replace("金桂小区", one)))
        return take(copies, said(2, TEXT.replace("金桂小区", other)))

    assert of("东河县", "西河县") is None
    assert of("东河县", "柳树镇") is not None


def test_a_number_is_a_name_before_a_road_only() -> None:
    route = (
        "每天早上乘坐公交3路上班，司机常常甩站，等车的人挥手也不停，已经反映过很多次，还是老样子，请公交公司加强管理。"
    )
    copies = index()
    take(copies, said(1, route))
    assert take(copies, said(2, route.replace("3路", "5路"))) is None
    assert take(copies, said(3, route.replace("很多次", "六次"))) == CopyOf("wenzheng:1", pytest.approx(0.9, abs=0.1))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("南东四路西", "白鹭路西"),
        ("中意路至万芙", "东篱路至万芙"),
        ("315路车", "322路车"),
        ("师范业主小区", "云溪小区"),
    ],
    ids=["cut with what follows", "cut with a preposition", "a line of buses", "a kind of estate before its ending"],
)
def test_a_name_counts_however_it_is_cut_into_words(one: str, other: str) -> None:
    words = (
        "{0}经常积水。下雨以后{0}的水没过脚面，老人小孩出行很不方便，电动车也熄火。打过两次热线，来人看过就没有下文，"
        "请有关部门尽快疏通管道，并说明什么时候能够完工，给大家一个答复。"
    )
    copies = index()
    assert take(copies, said(1, words.format(one))) is None
    assert take(copies, said(2, words.format(other))) is None
    assert take(copies, said(3, words.format(one).replace("尽快", "早日"))) is not None


def test_other_matters_and_short_texts_are_no_copies() -> None:
    assert original_of("小区北门外的工地每天晚上太吵。", "") is None
    assert (
        original_of("楼下烧烤店油烟很大，希望尽快给大家一个答复，老人睡不好，请城管部门到现场看一看油烟管道。", "")
        is None
    )
    copies = index()
    take(copies, said(1, "谢谢领导"))
    assert take(copies, said(2, "谢谢领导!")) is None
    assert len(copies) == 0


def test_a_copy_of_a_copy_leads_to_the_first_original_exact_ones_too() -> None:
    copies = index()
    take(copies, said(1, TEXT))
    cut = take(copies, said(2, TEXT[:80] + COMMENT))
    again = take(copies, said(3, TEXT[40:80] + COMMENT + "求扩散"))
    exact = take(copies, said(4, "…", duplicate_of="wenzheng:3"))
    assert [found and found.original for found in (cut, again, exact)] == ["wenzheng:1"] * 3
    assert cut is not None
    assert cut.says_more
    assert exact == CopyOf("wenzheng:1", 1.0, exact=True)


def test_the_reason_names_the_original_and_the_share() -> None:
    copies = index()
    take(copies, said(1, TEXT))
    near = take(copies, said(2, TEXT + COMMENT))
    assert near is not None
    assert "wenzheng:1" in near.text
    assert "100%" in near.text
    assert "完全相同" in CopyOf("wenzheng:1", 1.0, exact=True).text


def test_a_region_that_is_not_allowed_holds_no_original() -> None:
    copies = index()
    copies.take(said(1, TEXT), 0.0, "990101", lambda region: True)
    assert copies.take(said(2, TEXT + COMMENT), 0.0, "990102", lambda region: region != "990101") is None


def test_memory_ends_with_the_window_and_is_bounded_by_number() -> None:
    store = DictStore()
    copies = index(store, window_days=3, max_remembered=3)
    for number, text in enumerate(OTHERS):
        take(copies, said(number, text))
    assert len(copies) == len(store.entries) == 3
    assert take(copies, said(10, OTHERS[0] + "求扩散")) is None
    assert take(copies, said(11, OTHERS[3] + "求扩散")) is not None
    assert take(copies, said(12, OTHERS[3] + "帮忙顶一下"), 3.1 * DAY) is None
    assert len(copies) == len(store.entries) == 1


def test_near_copies_count_as_copies_and_voices_of_one_incident() -> None:
    book = IncidentBook(small_policy(), DictStore())
    items = [
        assessed(source_id="1", text=TEXT, title=TITLE, features={"施工": 1.0}),
        assessed(source_id="2", text=COMMENT + TEXT, title="", features={}, published_at=later(hours=1)),
        assessed(source_id="3", text=TEXT.replace("金桂", "和顺"), title="", features={}, published_at=later(hours=2)),
    ]
    incidents = book.take(items)
    counted = [(i.counts.mentions, i.counts.copies, i.counts.voices) for i in incidents]
    assert counted == [(2, 1, 2), (1, 0, 1)]
    assert [found and found.original for found in map(book.copy_of, items)] == [None, "wenzheng:1", None]


PIECES = [TEXT, *OTHERS, TEXT.replace("金桂", "和顺")]


@st.composite
def streams(draw: st.DrawFn) -> list[tuple[Mention, float]]:
    """Texts, their pieces with comments, other numbers, word-for-word repeats, gaps, the same id again."""
    made = []
    at = 0.0
    for place in range(draw(st.integers(0, 14))):
        at += draw(st.sampled_from([0.0, 600.0, DAY, 2 * DAY]))
        text = draw(st.sampled_from(PIECES))
        start = draw(st.integers(0, len(text) // 2))
        text = draw(st.sampled_from(["", COMMENT])) + text[start:] + draw(st.sampled_from(["", "求扩散"]))
        number = place if draw(st.booleans()) else draw(st.integers(0, 14))
        of = draw(st.none() | st.none() | st.integers(0, 14).map("wenzheng:{}".format))
        made.append((said(number, text, duplicate_of=of), at))
    return made


@settings(deadline=None, max_examples=40)
@given(streams(), st.integers(0, 14))
def test_a_restart_anywhere_changes_nothing(stream: list[tuple[Mention, float]], cut: int) -> None:
    whole, store = DictStore(), DictStore()
    copies = index(whole, max_remembered=6)
    expected = [take(copies, item, at) for item, at in stream]
    first, rest = stream[:cut], stream[cut:]
    before = index(store, max_remembered=6)
    found = [take(before, item, at) for item, at in first]
    after = index(store, max_remembered=6)
    found += [take(after, item, at) for item, at in rest]
    assert found == expected
    # Once all have expired a restart counts from zero again, so the numbers may differ, but not their order.
    assert [raw for _, raw in sorted(store.entries.items())] == [raw for _, raw in sorted(whole.entries.items())]


@settings(deadline=None, max_examples=40)
@given(streams())
def test_originals_are_no_copies_and_memory_is_bounded(stream: list[tuple[Mention, float]]) -> None:
    store = DictStore()
    copies = index(store, max_remembered=5)
    latest: dict[str, CopyOf | None] = {}
    for item, at in stream:
        found = take(copies, item, at)
        assert len(copies) == len(store.entries) <= 5
        if item.duplicate_of is None:
            # One that was forgotten and comes again is judged anew, so what was said of it last counts.
            assert found is None or (found.original != item.id and 0 < found.share <= 1)
            assert found is None or latest.get(found.original) is None
            latest[item.id] = found


def test_an_original_that_was_forgotten_and_comes_again_is_no_copy_of_its_copy() -> None:
    copies = index(window_days=3)
    assert take(copies, said(1, TEXT)) is None
    found = take(copies, said(2, TEXT + OTHERS[1]), 2 * DAY)
    assert found is not None
    assert found.original == "wenzheng:1"
    assert found.says_more
    assert take(copies, said(1, TEXT), 3.5 * DAY) is None


@settings(deadline=None, max_examples=30)
@given(st.permutations(OTHERS))
def test_the_order_of_other_mentions_does_not_matter(others: list[str]) -> None:
    copies = index()
    for number, other in enumerate((others[0], TEXT, *others[1:])):
        assert take(copies, said(number, other)) is None
    assert take(copies, said(9, COMMENT + TEXT)) == CopyOf("wenzheng:1", 1.0)
