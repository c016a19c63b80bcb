"""The parts of an incident: voices, trend, titles, and the search for the nearest one."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import later, small_policy
from opinion_stream.domain.incidents.nearest import OpenIncidents
from opinion_stream.domain.incidents.titles import MAX_TITLE, centrality, clean_title, fallback_title
from opinion_stream.domain.incidents.trend import add_to_trend, buckets_kept, trend_at
from opinion_stream.domain.incidents.voices import KEPT, add_voice, count_voices
from opinion_stream.models.incident import Direction
from opinion_stream.policy.judgement import Matching

GROUPING = small_policy().incidents


def heard(names: list[str]) -> list[int]:
    hashes: list[int] = []
    for name in names:
        add_voice(hashes, name)
    return hashes


@given(st.lists(st.text(max_size=5), max_size=60))
def test_few_voices_are_counted_exactly_in_any_order(names: list[str]) -> None:
    assert count_voices(heard(names)) == len(set(names))
    assert heard(names) == heard(names[::-1])


def test_many_voices_are_estimated_in_bounded_memory_and_never_fall() -> None:
    hashes: list[int] = []
    before = 0
    for number in range(20_000):
        add_voice(hashes, f"v{number}")
        if number % 97 == 0:
            assert before <= count_voices(hashes)
            before = count_voices(hashes)
    assert len(hashes) == KEPT
    assert count_voices(hashes) == pytest.approx(20_000, rel=4 / math.sqrt(KEPT))
    add_voice(hashes, "v1")
    assert count_voices(hashes) == pytest.approx(20_000, rel=4 / math.sqrt(KEPT))


def direction(hours: list[float], now: float) -> Direction:
    buckets: dict[int, int] = {}
    for hour in hours:
        add_to_trend(buckets, later(hours=hour), GROUPING)
    return trend_at(buckets, later(hours=now), GROUPING).direction


@pytest.mark.parametrize(
    ("hours", "now", "expected"),
    [
        ([0], 0, Direction.LEVEL),
        ([0, 0.5], 0.5, Direction.RISING),
        ([0, 1, 7, 8], 8.5, Direction.LEVEL),
        ([0, 7, 8, 9], 9, Direction.RISING),
        ([0, 1, 2, 9], 9, Direction.FADING),
        ([0, 1, 2], 9, Direction.FADING),
        ([], 9, Direction.LEVEL),
    ],
)
def test_trend_compares_the_last_window_with_the_one_before(
    hours: list[float], now: float, expected: Direction
) -> None:
    assert direction(hours, now) is expected


@given(st.lists(st.floats(-1000, 1000), max_size=100))
def test_trend_memory_is_bounded_whatever_the_order_of_times(hours: list[float]) -> None:
    buckets: dict[int, int] = {}
    for hour in hours:
        add_to_trend(buckets, later(hours=hour), GROUPING)
        assert len(buckets) <= buckets_kept(GROUPING)
    if hours:
        trend = trend_at(buckets, later(hours=max(hours)), GROUPING)
        assert 1 <= trend.recent <= len(hours)


@pytest.mark.parametrize(
    ("title", "text", "expected"),
    [
        ("  柳树镇  又停水了！！", "", "柳树镇 又停水了"),
        ("", "尊敬的领导您好：柳树镇停水两天了。请解决", "柳树镇停水两天了"),
        ("……", "柳树镇停水", "柳树镇停水"),
        ("", "", ""),
        ("", "。。。", ""),
    ],
)
def test_clean_title(title: str, text: str, expected: str) -> None:
    assert clean_title(title, text) == expected


def test_a_long_title_is_cut() -> None:
    assert len(clean_title("停水" * 100, "")) == MAX_TITLE


def test_the_central_title_shares_the_words_of_the_incident() -> None:
    centroid = {"停水": 3.0, "柳树镇": 2.0, "水压": 1.0}
    assert (
        centrality("柳树镇停水", centroid) > centrality("请领导关心一下停水", centroid) > centrality("求助", centroid)
    )
    assert centrality("", centroid) == centrality("停水", {}) == 0


def test_fallback_title() -> None:
    assert fallback_title("东河县", ("停水", "水压")) == "东河县：停水、水压"
    assert fallback_title("东河县", ()) == "东河县：未命名事项"


def anywhere(_: str) -> bool:
    return True


def test_nearest_finds_the_one_that_shares_rare_terms() -> None:
    known = OpenIncidents(Matching())
    for number in range(50):
        known.put(f"i-{number:02}", {"小区": 0.9, f"楼盘{number}": 0.5})
    mention = {"小区": 0.8, "楼盘7": 0.6}
    found = known.nearest(mention, anywhere)
    assert found is not None
    assert found.incident_id == "i-07"
    other = known.nearest({"小区": 0.8, "楼盘77": 0.6}, anywhere)
    assert other is None or other.score < found.score / 2
    elsewhere = known.nearest(mention, lambda i: i != "i-07")
    assert elsewhere is None or elsewhere.score < found.score / 2
    known.remove("i-07")
    gone = known.nearest(mention, anywhere)
    assert gone is None or gone.incident_id != "i-07"
    assert len(known) == 49


def test_nearest_of_nothing() -> None:
    known = OpenIncidents(Matching())
    assert known.nearest({}, anywhere) is None
    assert known.nearest({"停水": 1.0}, anywhere) is None
    known.put("i-1", {})
    assert known.nearest({"停水": 1.0}, anywhere) is None
    known.remove("i-2")


def test_equally_near_incidents_go_by_their_ids() -> None:
    for order in (("i-1", "i-2"), ("i-2", "i-1")):
        known = OpenIncidents(Matching())
        for incident_id in order:
            known.put(incident_id, {"停水": 1.0}, length=1.0)
        found = known.nearest({"停水": 1.0}, anywhere)
        assert found is not None
        assert found.incident_id == "i-1"


TERMS = st.dictionaries(st.sampled_from("甲乙丙丁戊己庚辛"), st.floats(0.01, 1), min_size=1, max_size=6)


@given(st.lists(st.tuples(st.integers(0, 6), TERMS | st.none()), max_size=30), TERMS)
def test_a_search_built_again_answers_alike(
    steps: list[tuple[int, dict[str, float] | None]], query: dict[str, float]
) -> None:
    known = OpenIncidents(Matching())
    kept: dict[str, tuple[dict[str, float], float]] = {}
    for number, terms in steps:
        incident_id = f"i-{number}"
        if terms is None:
            known.remove(incident_id)
            kept.pop(incident_id, None)
        else:
            kept[incident_id] = terms, known.put(incident_id, terms)
    again = OpenIncidents(Matching())
    for incident_id, (terms, length) in reversed(kept.items()):
        again.put(incident_id, terms, length)
    found = known.nearest(query, anywhere)
    assert found == again.nearest(query, anywhere)
    assert found is None or 0 < found.score <= 1
