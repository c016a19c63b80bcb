"""Mentions become incidents: what groups, what does not, and what an incident then says."""

from __future__ import annotations

from typing import Any

import pytest

from builders import assessed, later, mention, reason, small_policy
from opinion_stream.domain.assessment.pipeline import Assessor
from opinion_stream.domain.incidents.book import IncidentBook
from opinion_stream.domain.state import DictStore
from opinion_stream.models.assessment import AssessedMention, ResponseValue
from opinion_stream.models.base import Grade, Nature
from opinion_stream.models.incident import Direction, Incident
from opinion_stream.models.mention import Media
from opinion_stream.policy import Policy
from opinion_stream.policy.places import RegionLevel

ASSESSOR = Assessor(small_policy())
SCHOOL = {"食堂": 0.8, "饭菜": 0.6}


def city_sharded() -> Policy:
    policy = small_policy()
    grouping = policy.incidents.model_copy(update={"shard_level": RegionLevel.CITY})
    return policy.model_copy(update={"incidents": grouping})


def book(policy: Policy | None = None) -> IncidentBook:
    return IncidentBook(policy or small_policy(), DictStore())


def item(number: int, hours: float = 0, **kw: Any) -> AssessedMention:
    """Mention `number`, published so many hours after T0."""
    return assessed(source_id=str(number), published_at=later(hours=hours), **kw)


def read(number: int, title: str, text: str) -> AssessedMention:
    said = mention(source_id=str(number), title=title, text=text)
    return AssessedMention(mention=said, assessment=ASSESSOR.assess([said])[0])


def test_the_first_mention_opens_an_incident() -> None:
    (found,) = book().take([item(1)])
    assert found.id.startswith("i-")
    assert len(found.id) == 18
    assert (found.version, found.status, found.title) == (1, "open", "柳树镇又停水了")
    assert (found.region.code, found.category, found.unit.code) == ("990101", "城乡建设", "housing")
    assert (found.counts.mentions, found.counts.voices, found.counts.copies) == (1, 1, 0)
    assert [change.reason[:4] for change in found.history] == ["首次定级"]
    assert found.mention_ids == ("wenzheng:1",)
    assert found.reasons


def test_near_identical_texts_group_and_other_matters_do_not() -> None:
    said = [
        read(1, "东河县柳树镇停水", "东河县柳树镇停水两天，自来水公司没有通知，请解决一下。"),
        read(2, "东河县柳树镇又停水了", "东河县柳树镇停水三天了，自来水公司一直没有通知，大家用水困难。"),
        read(3, "东河县第二小学食堂", "东河县第二小学食堂饭菜不卫生，学生家长很担心。"),
    ]
    found = book().take(said)
    assert [incident.counts.mentions for incident in found] == [2, 1]
    assert found[0].version == 2


def test_the_same_words_about_another_place_are_another_matter() -> None:
    found = book().take(
        [
            read(1, "东河县停水", "东河县县城停水两天，自来水公司没有通知"),
            read(2, "西河县停水", "西河县县城停水两天，自来水公司没有通知"),
        ]
    )
    assert [incident.region.code for incident in found] == ["990101", "990102"]


def test_even_exact_words_do_not_join_across_places() -> None:
    same = {"fingerprint": "same", "duplicate_of": None}
    policy = city_sharded()
    found = book(policy).take([item(1, **same), item(2, region="990102", **{**same, "duplicate_of": "wenzheng:1"})])
    assert len(found) == 2


def test_in_county_shards_a_mention_of_the_city_stays_apart() -> None:
    assert len(book().take([item(1), item(2, region="990100")])) == 2


def test_in_city_shards_a_mention_of_the_city_joins_and_the_county_is_kept() -> None:
    (found,) = book(city_sharded()).take([item(1, region="990100"), item(2), item(3, region="990100")])
    assert (found.counts.mentions, found.region.code) == (3, "990101")


def test_in_city_shards_the_second_county_does_not_join() -> None:
    found = book(city_sharded()).take([item(1, region="990100"), item(2), item(3, region="990102")])
    assert [(i.region.code, i.counts.mentions) for i in found] == [("990101", 2), ("990102", 1)]


def test_a_matter_across_counties_stays_with_the_city() -> None:
    several = {"region": "990100", "region_reason": reason(rule="region.several")}
    (found,) = book(city_sharded()).take([item(1), item(2, **several), item(3), item(4, region="990102")])
    assert (found.region.code, found.counts.mentions) == ("990100", 4)


def test_shard_of_follows_the_policy() -> None:
    assert book().shard_of(item(1)) == "990101"
    assert book(city_sharded()).shard_of(item(1)) == "990100"


def test_copies_join_their_original_as_voices() -> None:
    first = item(1, features={})
    copy = item(2, features={}, duplicate_of="wenzheng:1")
    worded_alike = item(3, features={}, fingerprint="fp-1", voice="v-1")
    other = item(4, features={})
    found = book().take([first, copy, worded_alike, other])
    assert [(i.counts.mentions, i.counts.copies, i.counts.voices) for i in found] == [(3, 2, 2), (1, 0, 1)]


def test_a_mention_without_author_is_a_voice_of_its_own() -> None:
    (found,) = book().take([item(1, voice=None), item(2, voice=None)])
    assert found.counts.voices == 2


def test_a_mention_seen_before_changes_nothing() -> None:
    kept = book()
    assert len(kept.take([item(1), item(1)])) == 1
    assert kept.take([item(1), item(1, title="别的标题")]) == []
    (found,) = kept.take([item(2)])
    assert (found.version, found.counts.mentions) == (2, 2)


def test_only_the_latest_snapshot_in_the_order_of_first_change() -> None:
    found = book().take([item(1), item(2, features=SCHOOL), item(3)])
    assert [(i.mention_ids[0], i.version) for i in found] == [("wenzheng:1", 2), ("wenzheng:2", 1)]


def test_a_quiet_matter_closes_once_and_a_mention_of_it_opens_it_again() -> None:
    kept = book()
    kept.take([item(1)])
    (closed, opened) = kept.take([item(2, hours=73, features=SCHOOL)])
    assert (closed.status, closed.version, closed.mention_ids) == ("closed", 2, ("wenzheng:1",))
    assert opened.status == "open"
    assert len(kept) == 1
    (again,) = kept.take([item(3, hours=74)])
    assert (again.id, again.version, again.status) == (closed.id, 3, "open")


def test_a_matter_that_is_spoken_of_stays_open() -> None:
    kept = book()
    for number in range(8):
        (found,) = kept.take([item(number, hours=40 * number)])
        assert found.status == "open"
    assert found.counts.mentions == 8


def test_a_quiet_matter_closes_in_its_own_shard_only() -> None:
    kept = book()
    kept.take([item(1)])
    found = kept.take([item(2, hours=500, region="990102")])
    assert [i.status for i in found] == ["open"]


def test_a_late_mention_joins_and_does_not_turn_back_the_clock() -> None:
    kept = book()
    kept.take([item(1, hours=100), item(2, hours=90)])
    (found,) = kept.take([item(3, hours=20)])
    assert (found.first_at, found.last_at) == (later(hours=20), later(hours=100))
    assert (found.counts.mentions, found.trend.recent) == (3, 1)


def test_a_very_late_matter_of_its_own_is_not_closed_at_once() -> None:
    kept = book()
    kept.take([item(1, hours=1000)])
    kept.take([item(2, hours=0, features=SCHOOL)])
    found = kept.take([item(3, hours=1001)])
    assert [i.status for i in found] == ["open"]
    assert len(kept) == 2


def test_counts_and_media_raise_the_grade_and_history_says_why() -> None:
    kept = book()
    (first,) = kept.take([item(1)])
    assert first.grade is Grade.IV
    paper = Media(name="人民日报", kind="newspaper", tier="central")
    loud = item(2, media=paper, reposts=90_000, likes=5000, reads=10**7, sensitivity=50)
    (found,) = kept.take([loud])
    assert found.grade is Grade.I
    assert (found.counts.interactions, found.counts.reads, found.counts.media) == (95_000, 10**7, 1)
    assert [change.grade for change in found.history] == [Grade.IV, Grade.I]
    assert found.history[-1].reason.startswith("升级")
    assert found.trend.direction is Direction.RISING
    assert "中央媒体" in "".join(r.text for r in found.reasons)


def test_a_floor_holds_for_the_incident() -> None:
    (found,) = book().take([item(1, floor="II"), item(2, floor="III"), item(3)])
    assert found.grade is Grade.II


def test_the_reasons_are_those_of_the_most_sensitive_mention() -> None:
    (found,) = book().take(
        [item(1), item(2, sensitivity=50, sensitivity_reasons=(reason("涉及人员伤亡", "casualties"),)), item(3)]
    )
    assert found.factors.content.score == 50
    assert found.factors.content.reasons[0].rule == "casualties"


def test_most_mentions_decide_nature_category_and_unit() -> None:
    (found,) = book().take(
        [
            item(1, nature=Nature.SUGGESTION, category="其他事项", unit="office"),
            item(2, category="其他事项", unit="gov-donghe", co_units=("housing",)),
            item(3, unit="gov-donghe", co_units=("housing",)),
        ]
    )
    assert found.nature is Nature.DIFFICULTY
    assert found.category == "城乡建设"
    assert (found.unit.code, [u.code for u in found.co_units]) == ("gov-donghe", ["housing"])


def test_an_answer_once_required_stays_required_by_the_first_rule() -> None:
    none = ResponseValue(required=False, score=5, rule="nature.thanks", text="感谢")
    (found,) = book().take(
        [item(1, priority_rule="livelihood"), item(2, priority_rule="emergency"), item(3, response_value=none)]
    )
    assert found.response_required
    assert found.priority_rule == "emergency"


def test_the_title_is_that_of_the_mention_nearest_to_the_matter() -> None:
    terms = {"停水": 0.7, "柳树镇": 0.7}
    (found,) = book().take(
        [item(1, title="求助！！", features=terms), item(2, title="柳树镇停水。", features=terms), item(3, title="急")]
    )
    assert found.title == "柳树镇停水"


def test_mention_ids_are_the_first_and_the_latest() -> None:
    kept = small_policy().incidents.kept_mention_ids
    (found,) = book().take([item(number) for number in range(kept + 10)])
    assert len(found.mention_ids) == kept
    assert found.mention_ids[0] == "wenzheng:0"
    assert found.mention_ids[-1] == f"wenzheng:{kept + 9}"


def test_a_region_that_the_policy_no_longer_knows_falls_to_the_jurisdiction() -> None:
    gone = item(1).model_copy(
        update={"assessment": item(1).assessment.model_copy(update={"region": reason_region("999999")})}
    )
    store = DictStore()
    (found,) = IncidentBook(small_policy(), store).take([gone])
    assert found.region.code == "990100"
    assert len(IncidentBook(small_policy(), store)) == 1


def reason_region(code: str) -> Any:
    return item(1).assessment.region.model_copy(update={"code": code})


def test_memory_of_one_incident_is_bounded() -> None:
    store = DictStore()
    kept = IncidentBook(small_policy(), store)
    sizes = []
    for number in range(1500):
        words = {f"词{number}": 0.5, "停水": 0.8, "柳树镇": 0.3}
        kept.take([item(number, hours=number / 100, features=words, title=f"柳树镇停水{number}")])
        sizes.append(max(len(value) for _, value in store.items("incident/")))
    assert len(kept) == 1
    assert sizes[-1] < 1.2 * sizes[900]
    assert sizes[-1] < 30_000


def test_place_gives_the_incident_of_a_mention() -> None:
    kept = book()
    first = kept.place(item(1))
    other = kept.place(item(2, hours=73, features=SCHOOL))
    assert (first.mention_ids, other.mention_ids, other.status) == (("wenzheng:1",), ("wenzheng:2",), "open")
    assert kept.place(item(2, hours=73, features=SCHOOL)) == other
    assert (kept.place(item(1)).id, kept.place(item(1)).status) == (first.id, "closed")
    forgetful = small_policy().incidents.model_copy(update={"max_closed": 0})
    kept = book(small_policy().model_copy(update={"incidents": forgetful}))
    kept.take([item(1), item(2, hours=73, features=SCHOOL)])
    with pytest.raises(LookupError):
        kept.place(item(1))


def test_following_tells_what_the_snapshots_tell_and_remembers_the_same() -> None:
    items = [
        item(1),
        item(2, hours=1),
        item(3, hours=2, features=SCHOOL, title=""),
        item(2, hours=1),
        item(4, hours=90),
    ]
    placed, followed = (IncidentBook(small_policy(), DictStore()) for _ in range(2))
    snapshots = [placed.place(each) for each in items]
    standings = followed.follow(items)
    assert [tuple(standing)[:6] for standing in standings] == [
        (found.id, found.title, found.grade, found.reasons, found.counts.mentions, found.keywords)
        for found in snapshots
    ]
    assert placed._store.entries == followed._store.entries


def test_a_snapshot_is_a_valid_record_on_the_wire() -> None:
    (found,) = book().take([item(1)])
    assert Incident.model_validate_json(found.to_bytes()) == found


def test_a_run_over_a_file_stores_no_records_and_tells_the_same() -> None:
    items = [item(number, hours=number * 400, features=SCHOOL) for number in range(8)]  # it closes and opens again
    kept, plain = IncidentBook(small_policy(), DictStore()), IncidentBook(small_policy(), DictStore(), decided=False)
    assert plain.follow(items) == kept.follow(items)
    assert {key.split("/")[0] for key in kept._store.entries} >= {"essence", "incident", "seen"}
    assert {key.split("/")[0] for key in plain._store.entries} == {"clock", "seen"}


def test_a_matter_tells_over_how_many_pseudonym_periods_its_voices_were_counted() -> None:
    voices = ["2026q1-aa", "2026q1-bb", "2026q2-aa", None]
    texts = {"title": "东河县柳树镇停水", "text": "东河县柳树镇停水两天，自来水公司没有通知，请解决一下。"}
    found = book()
    said = [
        AssessedMention(mention=one, assessment=ASSESSOR.assess([one])[0])
        for one in (mention(source_id=str(n), voice=voice, **texts) for n, voice in enumerate(voices))
    ]
    *_, last = found.take(said)
    assert (last.counts.voices, last.counts.voice_periods) == (4, 2)
    assert any("跨2个化名周期" in reason.text for reason in last.reasons)
