"""属地管理 and 谁主管谁负责: the region and the unit of a mention, with the reason."""

from __future__ import annotations

import pytest

from builders import mention, small_policy
from opinion_stream.domain.assessment.pipeline import Assessor
from opinion_stream.models.assessment import Assessment

ASSESSOR = Assessor(small_policy())


def judge(title: str = "", text: str = "", hint: str | None = None) -> Assessment:
    return ASSESSOR.assess([mention(title=title, text=text, region_hint=hint)])[0]


@pytest.mark.parametrize(
    ("title", "text", "hint", "region"),
    [
        ("东河县停水", "两天没水了", None, "990101"),
        ("停水两天", "东河这边两天没水了", None, "990101"),
        ("停水", "我们西河县昨天起停水", None, "990102"),
        ("", "北原省安平市东河县停水", None, "990101"),
        ("停水", "两天没水了", "东河县", "990101"),
        ("停水", "西河县两天没水了", "东河县", "990102"),
        ("停水", "两天没水了", None, "990100"),
        ("停水", "安平市区停水", None, "990100"),
        ("停水", "北原省都停水", None, "990100"),
        ("东河县停水", "听说西河县早就修好了", None, "990101"),
        ("停水", "东河县和西河县都停水", None, "990100"),
        ("东河县和西河县停水", "", None, "990100"),
    ],
)
def test_region(title: str, text: str, hint: str | None, region: str) -> None:
    assert judge(title, text, hint).region.code == region


def test_a_township_leads_to_its_county_and_stands_in_the_reason() -> None:
    found = judge("停水", "柳树镇停水两天")
    assert (found.region.code, found.region_reason.rule) == ("990101", "region.named")
    assert "柳树镇" in found.region_reason.text
    assert "东河县" in found.region_reason.text


@pytest.mark.parametrize(
    ("text", "hint", "region"),
    [
        ("和平镇停水两天", None, "990100"),
        ("西河县和平镇停水两天", None, "990102"),
        ("柳树镇和和平镇都停水", None, "990101"),
        ("和平镇停水两天", "西河县", "990102"),
        ("希望大家和平相处，西河县停水", None, "990102"),
        ("大家和平相处", None, "990100"),
        ("路边一排柳树倒了", None, "990100"),
    ],
)
def test_an_ambiguous_name_counts_only_beside_a_sure_sign_of_its_county(
    text: str, hint: str | None, region: str
) -> None:
    assert judge("", text, hint).region.code == region


def test_a_short_name_inside_other_words_is_no_place() -> None:
    # 市区 is a short name of the whole city; 东河 one of a county, and here no word begins with it.
    assert judge("", "京东河北仓库的快递停发了").region.code == "990100"


def test_several_counties_name_all_of_them_in_the_reason() -> None:
    found = judge("公交停运", "东河县到西河县的公交线路停运")
    assert found.region_reason.rule == "region.several"
    assert all(name in found.region_reason.text for name in ("东河县", "西河县", "安平市"))
    assert found.unit.code == "transport"


def test_a_heating_complaint_without_county_goes_to_the_competent_unit_of_the_city() -> None:
    found = judge("暖气不热", "供暖以来家里暖气一直不热，没人管")
    assert found.category.level1 == "城乡建设"
    assert (found.category.level2, found.category.level3) == ("城市建设和市政管理", "冬季采暖")
    assert found.unit.code == "housing"
    assert "冬季采暖" in found.unit_reason.text


def test_a_county_matter_is_led_by_the_county_with_the_city_unit_beside_it() -> None:
    found = judge("东河县暖气不热", "供暖以来家里暖气一直不热")
    assert found.unit.code == "gov-donghe"
    assert [unit.code for unit in found.co_units] == ["housing"]
    assert "属地" in found.unit_reason.text


def test_the_unit_of_a_lower_category_takes_over() -> None:
    assert judge("", "楼板坍塌，有隐患").unit.code == "emergency"


def test_co_units_of_the_category_take_part() -> None:
    found = judge("", "小学食堂饭菜不卫生，小学食堂没人管")
    assert (found.unit.code, [u.code for u in found.co_units]) == ("education", ["health"])


def test_a_body_named_in_the_text_goes_before_the_category() -> None:
    found = judge("暖气不热", "供暖的事教育局说归他们管，教育局一直不答复")
    assert found.unit.code == "education"
    assert found.unit_reason.rule == "unit.named"
    assert "教育局" in found.unit_reason.evidence


def test_a_body_named_in_a_county_matter_stands_beside_the_county() -> None:
    found = judge("东河县暖气不热", "供暖的事找住建局没有答复")
    assert (found.unit.code, [u.code for u in found.co_units]) == ("gov-donghe", ["housing"])


def test_a_city_body_named_in_full_leads_even_in_a_county_matter() -> None:
    found = judge("东河县暖气不热", "安平市住房和城乡建设局说供暖正常")
    assert found.unit.code == "housing"
    assert "gov-donghe" in {unit.code for unit in found.co_units}


def test_the_office_and_bodies_above_are_not_charged_for_being_named() -> None:
    assert judge("暖气不热", "供暖的事反映到市政府和省政府办公厅都没用").unit.code == "housing"


def test_what_no_category_fits_goes_to_a_person_at_the_office() -> None:
    found = judge("东河县", "一二三四五")
    assert (found.category.level1, found.category.source) == ("其他事项", "unsure")
    assert found.unit.code == "office"
    assert [unit.code for unit in found.co_units] == ["gov-donghe"]
