"""Which open incident a mention fits, by which signs, and the sentence that tells it."""

from __future__ import annotations

from opinion_stream.domain.incidents.nearest import Match, OpenIncidents
from opinion_stream.domain.incidents.why import why_joined, why_opened
from opinion_stream.policy.judgement import Matching


def test_a_mention_as_near_to_many_incidents_as_to_one_fits_less() -> None:
    mention = {"夜间": 0.6, "施工": 0.6, "城东": 0.52}
    alone = OpenIncidents(Matching())
    alone.put("i-0", {"夜间": 0.6, "施工": 0.6, "城西": 0.52})
    crowd = OpenIncidents(Matching())
    for k in range(4):
        crowd.put(f"i-{k}", {"夜间": 0.6, "施工": 0.6, f"楼盘{k}": 0.52})
    one, among = alone.nearest(mention, lambda _: True), crowd.nearest(mention, lambda _: True)
    assert one is not None
    assert among is not None
    assert 0.0 <= among.score < one.score <= 1.0


def test_fragments_of_one_matter_do_not_weaken_each_other() -> None:
    mention = {"丽江苑": 0.7, "停车": 0.714}
    single, split = OpenIncidents(Matching()), OpenIncidents(Matching())
    single.put("i-0", dict(mention))
    for k in range(2):
        split.put(f"i-{k}", dict(mention))
    one, two = single.nearest(mention, lambda _: True), split.nearest(mention, lambda _: True)
    assert one is not None
    assert two is not None
    assert abs(one.score - two.score) < 0.1


def test_an_incident_elsewhere_is_not_found_and_nothing_shared_is_nothing() -> None:
    incidents = OpenIncidents(Matching())
    incidents.put("i-0", {"丽江苑": 1.0})
    assert incidents.nearest({"丽江苑": 1.0}, lambda _: False) is None
    assert incidents.nearest({"别处": 1.0}, lambda _: True) is None


def test_the_reason_names_score_threshold_and_words_once() -> None:
    match = Match("i-0", 0.43, 0.31, ("丽江", "丽江苑", "停车"))
    assert why_joined(match, 0.2) == "与事件吻合度0.43（阈值0.20，词语相似度0.31）：共同词“丽江苑”、“停车”"
    assert "0.43" in why_opened(match, 0.5)
    assert "另立新事件" in why_opened(None, 0.5)


def test_name_and_topic_must_meet_in_one_mention() -> None:
    parking = {"丽江苑": 0.6, "停车": 0.8}
    bus = {"公交": 0.6, "绕行": 0.8}
    mixed = {"丽江苑": 0.6, "停车": 0.8, "公交": 0.6, "绕行": 0.8}
    mention = {"丽江苑": 0.6, "绕行": 0.8}
    scores: list[float] = []
    for samples in ((parking, bus), (parking, mention)):
        known = OpenIncidents(Matching())
        for k in range(20):
            known.put(f"i-{k}", {"停车": 0.6, "绕行": 0.6, "公交": 0.6, f"楼盘{k}": 0.6})
        known.put("i-mixed", mixed, taken=2, samples=samples)
        found = known.nearest(mention, lambda incident_id: incident_id == "i-mixed")
        assert found is not None
        scores.append(found.score)
    assert scores[0] < scores[1]
