"""Whether an appeal suspends (Art. 69) and a deliberation does (Art. 62): every place that says so says the same."""

from __future__ import annotations

from itertools import product

import pytest
from lxml import etree

from gateway.cases import facts_of
from gateway.forms.cases import example
from gateway.forms.kinds import FormKind
from gateway.pseudonyms import RecordKeys
from tests.schemas.cases import catalogue

KEYS = RecordKeys(bytes(32))
AT_RISK = "<f:FunctionCategory>SpecificRisk</f:FunctionCategory>"
RISK_ACTIVITY = "<f:RiskActivity><f:Kind>SpecificRisk</f:Kind></f:RiskActivity>"
ALWAYS = ("SafetyFunction", "IncreasedVigilance", "IonisingRadiation")


def kind_of(name: str) -> FormKind:
    kind = catalogue().by_name(name)
    assert kind is not None
    return kind


def content_of(kind: FormKind, sample: str, **changes: dict[str, str]) -> etree._Element:
    content = kind.content_of(example(kind, {"base": sample, **changes}).root)
    assert content is not None
    return content


def is_said_not_to_suspend(notice: bytes) -> bool:
    return etree.fromstring(notice).findtext(".//{*}Suspensive") == "false"


@pytest.mark.parametrize("where", ["category", "activity", "nowhere"])
def test_remark_and_facts_of_an_assessment_agree_for_a_pregnant_worker(where: str) -> None:
    kind = kind_of("be/health-assessment")
    after = {"category": {"//f:ExaminationKind": AT_RISK}, "activity": {"//f:WorkStation": RISK_ACTIVITY}}
    content = content_of(kind, "valid-maternity", **({"after": after[where]} if where in after else {}))
    made = example(kind, {"base": "valid-maternity"})
    found = {each.rule for each in kind.rules.run(content, received_on=made.received_on)}
    assert ("HA-52" in found) is facts_of(kind, content, KEYS).holds("article-62") is (where != "nowhere")


@pytest.mark.parametrize(
    ("examination", "category"),
    list(product(["Maternity", "Periodic"], [*ALWAYS, "SpecificRisk"])),
)
def test_appeal_notice_and_notice_of_deliberation_agree_on_what_they_show_themselves(
    examination: str, category: str
) -> None:
    appeal, deliberation = kind_of("be/appeal"), kind_of("be/deliberation-notice")
    named = {"//f:ExaminationKind": f"<f:FunctionCategory>{category}</f:FunctionCategory>"}
    of_appeal = content_of(appeal, "valid-minimal", set={"//f:ExaminationKind": examination}, after=named)
    facts = facts_of(appeal, of_appeal, KEYS)
    (rule,) = appeal.notices
    notice = rule.transform(of_appeal, **{f"form-{name}": values[0] for name, values in facts.values.items()})

    suspensive = {"//f:ExaminationKind": examination, "//f:Suspensive": "true"}
    asked = content_of(deliberation, "valid-minimal", set=suspensive, after=named)
    found = deliberation.rules.run(asked, received_on=example(deliberation, {"base": "valid-minimal"}).received_on)
    assert is_said_not_to_suspend(notice) is ("DN-05" in {each.rule for each in found})
    assert is_said_not_to_suspend(notice) is (examination == "Maternity" or category != "SpecificRisk")


def test_the_notice_follows_the_contested_form_where_the_appeal_is_silent() -> None:
    kind = kind_of("be/appeal")
    content = content_of(kind, "valid-minimal")
    (rule,) = kind.notices
    assert not is_said_not_to_suspend(rule.transform(content, **{"form-article-62": "false"}))
    told = {"form-article-62": "false", "about-article-62": "true"}
    assert is_said_not_to_suspend(rule.transform(content, **told))
