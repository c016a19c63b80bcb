"""Times as other systems write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opinion_stream.domain.collection.time_forms import USUAL, read_time

SHANGHAI = ZoneInfo("Asia/Shanghai")
HALF_PAST_NINE = datetime(2026, 3, 2, 9, 30, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    "written",
    [
        *("2026-03-02 09:30", "2026-03-02T09:30:00+08:00", "2026-03-02T01:30:00Z", "2026/3/2 9:30", "2026.03.02 09:30"),
        *("2026年3月2日 9时30分", "2026年3月2日9时30分", "２０２６年３月２日　０９：３０", "2026年3月2日 上午9:30"),
        *("2026年03月02日（星期一） 09:30", "2026年3月2日 周一 09:30:00", " 2026-3-2  9:30:00 "),
    ],
)
def test_the_usual_forms_are_read_without_being_declared(written: str) -> None:
    assert read_time(written, (), SHANGHAI) == HALF_PAST_NINE


def test_the_afternoon_is_twelve_hours_later() -> None:
    found = read_time("2026年3月2日下午9:30", (), SHANGHAI)

    assert found == HALF_PAST_NINE + timedelta(hours=12)


@pytest.mark.parametrize(
    "written",
    ["", "昨天", "2026-13-02", "20260302", "1772415000", "46083.4", "0", "NaN", "inf", "0001-01-01"],
)
def test_what_is_no_time_or_could_be_several_is_not_guessed(written: str) -> None:
    assert read_time(written, (), SHANGHAI) is None


@pytest.mark.parametrize(
    ("value", "form"),
    [
        *((1772415000, "unix"), ("1772415000", "unix"), (46083.395833333336, "excel")),
        *(
            ("46083.395833333336", "excel"),
            ("20260302 0930", "%Y%m%d %H%M"),
            ("2026年3月2日9点30", "%Y年%m月%d日%H点%M"),
        ),
    ],
)
def test_declared_forms(value: str | float, form: str) -> None:
    found = read_time(value, (form,), SHANGHAI)

    assert found is not None
    assert found.replace(microsecond=0) == HALF_PAST_NINE


def test_forms_are_tried_in_turn_and_numbers_tell_themselves_apart() -> None:
    forms = ("%Y-%m-%d", "excel", "unix", "unix_ms")

    for value in ("2026-03-02", 46083, 1772380800, 1772380800000):
        assert read_time(value, forms, SHANGHAI) == datetime(2026, 3, 2, tzinfo=SHANGHAI)


@given(st.integers(0, 4_000_000_000))
def test_excel_serial_days_give_back_the_second(seconds: int) -> None:
    moment = datetime(1960, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    serial = (moment - datetime(1899, 12, 30, tzinfo=UTC)) / timedelta(days=1)

    assert read_time(serial, ("excel",), ZoneInfo("UTC")) == moment


@given(
    st.text(max_size=40) | st.floats() | st.integers(), st.lists(st.sampled_from([*USUAL, "unix", "excel", "unix_ms"]))
)
def test_nothing_breaks_it_and_what_comes_out_has_a_zone(value: str | float, forms: list[str]) -> None:
    found = read_time(value, forms, SHANGHAI)

    assert found is None or found.tzinfo is not None
