"""Which item answers which examination, duration by duration and value by value: Art. 41, 49-53, 64, 36bis par. 6.

The rules say it in XPath; here it stands once more as the tables a lawyer would draw, and every combination is tried.
"""

from __future__ import annotations

from itertools import combinations_with_replacement

import pytest

from gateway.forms.kinds import FormKind
from gateway.forms.report import Report
from tests.schemas.cases import catalogue, changed, named, validate

SPECIAL = ("SafetyFunction", "IncreasedVigilance", "IonisingRadiation")
YOUNG = ("YoungPerson", "YoungPersonFirstEmployment", "Trainee")
OTHER = ("SpecificRisk", "Foodstuffs", "PersonWithDisability", "TemporaryWorker", "LocalEmploymentAgency")
CATEGORIES = [(), *((one,) for one in SPECIAL + YOUNG + OTHER), (SPECIAL[0], YOUNG[0]), OTHER]
# Examination -> items for a special function, for a young person or trainee, for any other worker. R: item C with the
# statement of Art. 41; "-": no item at all.
TABLE = {
    "PrecedingRecruitment": ("AB", "AE", "A"),
    "PrecedingChange": ("AB", "AE", "A"),
    "Periodic": ("B", "E", "C"),
    "Resumption": ("B", "E", "C"),
    "Additional": ("BC", "CE", "C"),
    "OwnInitiative": ("C", "CE", "C"),
    "Continued": ("C", "CE", "C"),
    "Extended": ("C", "CE", "C"),
    "Reintegration": ("R", "R", "R"),
    "Maternity": ("D", "D", "D"),
    "YoungPersonOrTrainee": ("E", "E", "E"),
    "PreResumptionConsultation": ("-", "-", "-"),
}
PERMANENT = "<f:Duration><c:Permanent/></f:Duration>"
TERM = "<f:Duration><c:Term><c:Period>P3M</c:Period></c:Term></f:Duration>"
DURATIONS = {"none": "", "permanent": PERMANENT, "term": TERM}
ITEMS = {
    "A": "<f:ItemA><f:Value>A1</f:Value></f:ItemA>",
    "B": "<f:ItemB><f:Value>B1</f:Value></f:ItemB>",
    "C": "<f:ItemC><f:Value>C1</f:Value></f:ItemC>",
    "R": "<f:ItemC><f:Value>C1</f:Value><f:ReintegrationStatement>R1</f:ReintegrationStatement></f:ItemC>",
    "D": "<f:ItemD><f:Statement><f:Value>D1A</f:Value></f:Statement></f:ItemD>",
    "E": "<f:ItemE><f:Value>E1</f:Value></f:ItemE>",
}
# Value -> the durations it may have, whether it needs measures (F), whether an appeal may lie against it.
VALUES = {
    "A1": ("none", False, False),
    "A2": ("permanent term", False, False),
    "B1": ("none", False, False),
    "B2F": ("permanent term", True, True),
    "B2S": ("permanent term", False, True),
    "C1": ("none", False, False),
    "C2": ("permanent", True, True),
    "C3": ("term", True, True),
    "C4": ("none", False, True),
    "C5": ("none permanent", False, True),  # permanent by its own words
    "D1A": ("none", False, False),
    "D1B": ("term", False, True),
    "D1C": ("term", False, True),
    "D2A": ("term", False, True),
    "D2B": ("term", False, True),
    "D3": ("none", False, True),
    "E1": ("none", False, False),
    "E2": ("none", True, True),
}
# Statement -> the item C it goes with, whether it needs measures, whether an appeal may lie against it.
STATEMENTS = {
    "R1": ("<f:Value>C1</f:Value>", False, False),
    "R2": ("<f:Value>C1</f:Value>", True, True),
    "R3": (f"<f:Value>C2</f:Value>{PERMANENT}", True, True),
    "R4": ("<f:Value>C5</f:Value>", False, True),
}
ABLE = {"A1", "B1", "C1", "D1A", "D1B", "D1C", "E1", "E2"}  # these carry a validity term
DENIED = {"A2", "B2F", "B2S", "C2", "C4", "C5", "D2A", "D2B", "D3"}  # these none
FLAGGED = {"B2S", "C4", "C5"}  # limiting values that refer to no measure and are flagged without one
EXAMINATION = {"A": "PrecedingChange", "B": "Periodic", "C": "Periodic", "D": "Maternity", "E": "YoungPersonOrTrainee"}


def _kind(name: str) -> FormKind:
    kind = catalogue().by_name(name)
    assert kind is not None
    return kind


def _assessment(
    examination: str, item: str | None, *, categories: tuple[str, ...] = (), measures: bool = True
) -> Report:
    """The report on the typical form with that examination, decision and categories."""
    raw, received_on = changed(
        _kind("be/health-assessment"),
        {
            "base": "valid-typical",
            "remove": [
                "//f:FunctionCategory",
                *(["//f:Decision"] if item is None else []),
                *([] if measures else ["//f:Recommendations"]),
            ],
            "set": {"//f:ExaminationKind": examination},
            "replace": {} if item is None else {"//f:ItemC": item},
        },
    )
    ticked = "".join(f"<f:FunctionCategory>{category}</f:FunctionCategory>" for category in categories)
    raw = raw.replace(b"</f:ExaminationKind>", b"</f:ExaminationKind>" + ticked.encode())
    if any(f"<f:Value>{value}<" in (item or "") for value in ABLE):
        raw = raw.replace(b"<f:ExaminationDate>", b"<f:ValidityTerm>P1Y</f:ValidityTerm><f:ExaminationDate>")
    return validate(raw, received_on=received_on)


def _item(value: str, inside: str) -> str:
    letter = value[0]
    if letter == "D":
        conditions = "<f:Proposals><f:Proposal>Zittend werk</f:Proposal></f:Proposals>"
        return f"<f:ItemD><f:Statement><f:Value>{value}</f:Value>{inside}</f:Statement>{conditions}</f:ItemD>"
    forbidden = "<f:EmploymentForbidden>true</f:EmploymentForbidden>" if value in {"B2F", "B2S"} else ""
    return f"<f:Item{letter}><f:Value>{value}</f:Value>{inside}{forbidden}</f:Item{letter}>"


def _of_value(value: str, inside: str, *, measures: bool = True) -> Report:
    letter = value[0]
    categories = SPECIAL[:1] if letter == "B" else ()
    return _assessment(EXAMINATION[letter], _item(value, inside), categories=categories, measures=measures)


@pytest.mark.parametrize("examination", TABLE)
def test_the_item_follows_examination_and_worker(examination: str) -> None:
    for_special, for_young, for_others = TABLE[examination]
    for categories in CATEGORIES:
        special, young = bool(set(categories) & set(SPECIAL)), bool(set(categories) & set(YOUNG))
        allowed = (for_special if special else "") + (for_young if young else "")
        allowed = allowed if special or young else for_others
        for item, xml in {**ITEMS, "-": None}.items():
            report = _assessment(examination, xml, categories=categories)
            assert report.acceptable is (item in allowed), (categories, item, named(report))
            flagged = report.acceptable and item == "A" and (special or young)
            assert ("SP-05" in named(report)) is flagged or not report.acceptable


@pytest.mark.parametrize("value", [value for value in VALUES if value[0] != "E"])
def test_a_value_has_its_durations_and_no_other(value: str) -> None:
    for name, xml in DURATIONS.items():
        report = _of_value(value, xml)
        assert report.acceptable is (name in VALUES[value][0].split()), (name, named(report))


@pytest.mark.parametrize("value", VALUES)
def test_a_limiting_value_that_refers_to_measures_needs_one(value: str) -> None:
    durations, needed, _ = VALUES[value]
    report = _of_value(value, DURATIONS[durations.split()[0]], measures=False)
    assert named(report) == ({"HA-07"} if needed else {"HA-09"} if value in FLAGGED else set())


@pytest.mark.parametrize("value", VALUES)
def test_a_value_that_lets_work_needs_a_validity_term_and_one_that_denies_it_has_none(value: str) -> None:
    category = SPECIAL[0] if value[0] == "B" else OTHER[0]
    raw, received_on = changed(
        _kind("be/health-assessment"),
        {
            "base": "valid-typical",
            "remove": ["//f:FunctionCategory"],
            "set": {"//f:ExaminationKind": EXAMINATION[value[0]]},
            "replace": {"//f:ItemC": _item(value, DURATIONS[VALUES[value][0].split()[0]])},
            "after": {
                "//f:ExaminationKind": f"<f:FunctionCategory>{category}</f:FunctionCategory>",
                "//f:Recommendations": "<f:ValidityTerm>P1Y</f:ValidityTerm>",
            },
        },
    )
    about = {"HA-30", "HA-31"}
    assert named(validate(raw, received_on=received_on)) & about == ({"HA-31"} if value in DENIED else set())
    without = raw.replace(b"<f:ValidityTerm>P1Y</f:ValidityTerm>", b"")
    assert named(validate(without, received_on=received_on)) & about == ({"HA-30"} if value in ABLE else set())


@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_statement_on_reintegration_that_asks_for_adjustments_needs_measures(statement: str) -> None:
    fitting, needed, _ = STATEMENTS[statement]
    for value, duration in (("C1", ""), ("C2", PERMANENT), ("C3", TERM), ("C5", "")):
        inside = f"<f:Value>{value}</f:Value>{duration}"
        item = f"<f:ItemC>{inside}<f:ReintegrationStatement>{statement}</f:ReintegrationStatement></f:ItemC>"
        found = named(_assessment("Reintegration", item, measures=False))
        assert ("HA-07" in found) is (needed or value in {"C2", "C3"})
        assert ("HA-09" in found) is (statement == "R4" or value == "C5")
        assert ("HA-24" in found) is not (inside == fitting or (statement, value) == ("R3", "C3"))


def test_two_statements_of_item_d_stand_together_only_as_not_able_and_removed() -> None:
    values = [value for value in VALUES if value[0] == "D"]
    for pair in combinations_with_replacement(values, 2):
        statements = "".join(
            f"<f:Statement><f:Value>{value}</f:Value>{DURATIONS[VALUES[value][0]]}</f:Statement>" for value in pair
        )
        proposals = "<f:Proposals><f:Proposal>Zittend werk</f:Proposal></f:Proposals>"
        report = _assessment("Maternity", f"<f:ItemD>{statements}{proposals}</f:ItemD>")
        contradictory = {"HA-31"} if set(pair) & ABLE and set(pair) & DENIED else set()
        assert named(report) == (set() if set(pair) == {"D2A", "D2B"} else {"HA-25"} | contradictory), pair


@pytest.mark.parametrize("value", [*VALUES, *STATEMENTS])
def test_an_appeal_lies_against_what_limits_or_denies_ability(value: str) -> None:
    appealable = VALUES[value][2] if value in VALUES else STATEMENTS[value][2]
    raw, received_on = changed(_kind("be/appeal"), {"base": "valid-typical", "set": {"//f:ContestedDecision": value}})
    report = validate(raw, received_on=received_on)
    refused_by = "AP-01" if value == "A2" else "AP-02"  # A2 limits, but follows a preceding assessment
    assert named(report) == (set() if appealable else {refused_by})
