"""What counts as a leak, and what only looks like one."""

from __future__ import annotations

import pytest

from privacy_corpus.planting import leaks, worded

DATA = ["844875", "张小明", "13812345678"]


@pytest.mark.parametrize(
    "text",
    [
        "QQ844875",
        '{"id":844875}',
        "844875",
        "加我8448750",
        "a844875加我",
        "1.844875",
        "x=张小明",
        '"13812345678"',
        "a13812345678b",
        "0.138123456789",
    ],
)
def test_data_are_found_wherever_they_stand(text: str) -> None:
    assert len(leaks(text, DATA)) == 1


@pytest.mark.parametrize("text", ['"2026-11-23T19:22:56.844875Z"', "9f844875ab", "118448752", "无"])
def test_digits_of_times_hashes_and_longer_numbers_are_none(text: str) -> None:
    assert leaks(text, DATA) == []


def test_of_figures_everything_but_the_values_is_looked_at() -> None:
    figures = '# HELP a 张小明\nopinion_a_sum{source="844875"} 0.0844875\nopinion_b 844875.0\n'
    assert worded(figures) == '# HELP a 张小明\nopinion_a_sum{source="844875"}\nopinion_b\n'
    assert leaks(worded(figures), DATA) == ["844875", "张小明"]
