"""The mentions of an incident that are kept as they are: the first and the latest, bounded; none in old records."""

from __future__ import annotations

from datetime import UTC, datetime

from opinion_stream.domain.incidents.record import IncidentRecord
from opinion_stream.domain.incidents.samples import SAMPLE_TERMS, SAMPLES, add_sample, bounded, samples_of, told_by

AT = datetime(2024, 5, 1, tzinfo=UTC)


def record(**fields: object) -> IncidentRecord:
    made = IncidentRecord(id="i-1", region="1", spans_regions=False, first_at=AT, last_at=AT)
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def test_one_mention_is_told_by_its_terms_and_kept_once_there_is_a_second() -> None:
    one = record(mentions=1, terms={"停水": 0.8, "城东": 0.6})
    assert samples_of(one) == [{"停水": 0.8, "城东": 0.6}]
    add_sample(one, {"停水": 1.0})
    assert one.samples == [{"停水": 0.8, "城东": 0.6}, {"停水": 1.0}]
    new = record()
    add_sample(new, {"停水": 1.0})
    assert new.samples == []
    assert samples_of(new) == []


def test_the_first_and_the_latest_are_kept_with_their_heaviest_terms() -> None:
    kept = bounded([{str(k): 1.0} for k in range(9)])
    assert [*kept[0], *kept[-1]] == ["0", "8"]
    assert len(kept) == SAMPLES
    long = record(mentions=1, terms={"停水": 1.0})
    add_sample(long, {f"t{k:03}": 1.0 - k / 1000 for k in range(200)})
    assert len(long.samples[1]) == SAMPLE_TERMS
    assert "t000" in long.samples[1]


def test_the_mean_stands_for_the_mentions_of_a_record_of_an_older_version() -> None:
    old = record(mentions=5, copies=1, terms={"停水": 2.0, "城东": 1.0})
    assert told_by(old) == 4
    assert samples_of(old) == [{"停水": 0.5, "城东": 0.25}]
    raw = old.to_bytes().replace(b'"samples":[],', b"")
    assert b"samples" not in raw
    assert IncidentRecord.from_bytes(raw) == old
