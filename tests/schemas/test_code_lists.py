"""The code lists of this project: how much they hold, from when until when; and the closed lists of the schemas."""

from __future__ import annotations

from datetime import date
from functools import cache

import pytest
from lxml import etree

from gateway.forms.catalogue import load_code_lists
from gateway.forms.findings import LANGUAGES
from gateway.identifiers import cas_is_valid, ec_is_valid
from tests.schemas.cases import SCHEMAS

LISTS = load_code_lists()
XS = "{http://www.w3.org/2001/XMLSchema}"

# Closed lists, by the type that holds them. What changes without the law being changed is a code list instead.
ENUMERATIONS = {
    "RelationType": "AnswersRequest Supersedes ContestsDecisionOf DecidesAppeal AnnouncedBy RepliesTo"
    " Concludes SameCase",
    "ExaminationKindType": "PrecedingRecruitment PrecedingChange Periodic Additional Resumption"
    " PreResumptionConsultation OwnInitiative Continued Reintegration Extended Maternity YoungPersonOrTrainee",
    "FunctionCategoryType": "SafetyFunction IncreasedVigilance IonisingRadiation SpecificRisk Foodstuffs"
    " PersonWithDisability YoungPersonFirstEmployment YoungPerson Trainee TemporaryWorker LocalEmploymentAgency",
    "RecruitmentCategoryType": "SafetyFunction IncreasedVigilance SpecificRisk Foodstuffs PersonWithDisability"
    " YoungPersonFirstEmployment",
    "ChangeCategoryType": "SafetyFunction IncreasedVigilance SpecificRisk Foodstuffs",
    "MaternityStatusType": "Pregnant Breastfeeding HasGivenBirth",
    "MaternityCircumstanceType": "SpecificRiskFunction ForbiddenExposure NightWork RequestsConsultation ResumesWork",
    "ItemAValueType": "A1 A2",
    "ItemBValueType": "B1 B2F B2S",
    "ItemCValueType": "C1 C2 C3 C4 C5",
    "ReintegrationStatementType": "R1 R2 R3 R4",
    "ItemDValueType": "D1A D1B D1C D2A D2B D3",
    "ItemEValueType": "E1 E2",
    "MeasureCodeType": "ReduceExposure AdaptWorkStation TrainOrInform AssessSimilarWorkers RepeatRiskAnalysis"
    " EndExposureOrTransfer EmploymentConditions LimitRiskFactors PermanentChangeEssential PreResumptionAdjustment",
    "AgentKindType": "Chemical Physical Biological Load Other",
    "DeliberationStatementType": "G1 G2 G3 G4",
    "ValidityTermType": "P6M P1Y P3Y P5Y",
    "PeriodicityBasisType": "DefaultYearly SpecialDecree ShorterByPhysician ExtendedOneYear ChangedByInspector",
    "FormReceivedMannerType": "Dispatched HandedOver",
    "NoticeMannerType": "HandedOverSignedForReceipt RegisteredWithAcknowledgement ElectronicRegistered",
    "CategoryType": "1 2 3 4",
    "OriginAssertionType": "Established Confirmed Presumed",
    "DecisionModeType": "Majority InspectorAlone",
    "be/appeal-decision OutcomeType": "Confirmed Amended Annulled",
    "be/deliberation-outcome OutcomeType": "WorkerAgreed NoReplyInTime JointDecision PhysiciansDisagree"
    " NotFinalisedInTerm",
    "AgreementType": "Agrees DoesNotAgree",
    "LanguageType": "nl fr de",
    "SexType": "Female Male Unknown",
    "ServiceKindType": "Internal External",
}
FORM_TYPES = frozenset(["HSR", "HAF", "APF", "ODR", "ADR", "DLN", "DLR", "DLO"])


@cache
def enumerations() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for path in sorted(SCHEMAS.rglob("*.xsd")):
        for simple in etree.parse(path).getroot().iter(f"{XS}simpleType"):
            values = {str(value.get("value")) for value in simple.iter(f"{XS}enumeration")}
            if values:
                kind = "/".join(path.relative_to(SCHEMAS).parts[:2])
                found[f"{kind} {simple.get('name')}"] = values
                found.setdefault(str(simple.get("name")), values)
    return found


@pytest.mark.parametrize("name", ENUMERATIONS)
def test_a_closed_list_of_the_law_is_in_the_schemas(name: str) -> None:
    assert enumerations()[name] == set(ENUMERATIONS[name].split())


def test_every_form_type_of_the_law_is_in_the_schemas() -> None:
    assert enumerations()["FormTypeType"] >= FORM_TYPES


@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_called_and_sourced_in_four_languages(name: str) -> None:
    assert set(LISTS[name].titles) == set(LANGUAGES)
    assert LISTS[name].legal
    assert LISTS[name].provenance
    assert [code for code, row in LISTS[name].entries.items() if set(row.titles) != set(LANGUAGES)] == []


@pytest.mark.parametrize(
    ("edition", "rows", "selectable"), [("2003", 158, 156), ("2022", 159, 157), ("2025", 165, 163)]
)
def test_the_european_schedule_has_as_many_rows_as_each_edition(edition: str, rows: int, selectable: int) -> None:
    schedule = LISTS["european-schedule"]
    assert sum(edition in row.editions for row in schedule.entries.values()) == rows
    assert sum(edition in held for held in schedule.codes.values()) == selectable


@pytest.mark.parametrize(
    ("code", "editions"),
    [
        ("408", {"2022", "2025"}),
        ("311", {"2025"}),
        ("2.308", {"2003", "2022"}),
        ("2.309", {"2025"}),
        ("301.11", {"2003", "2022", "2025"}),
        ("301", set()),
        ("134", set()),
    ],
)
def test_a_code_of_the_european_schedule_is_in_its_editions(code: str, editions: set[str]) -> None:
    assert {
        edition for edition in ("2003", "2022", "2025") if LISTS["european-schedule"].holds(code, edition)
    } == editions


def test_belgian_and_european_entries_for_the_same_chemical_agent_name_each_other() -> None:
    counterparts, belgian = LISTS["belgian-counterparts"], LISTS["belgian-list"]
    there = {code: counterparts.value(code, "belgian") for code in counterparts.entries}
    back = {belgian.value(code, "european"): code for code in belgian.entries if belgian.value(code, "european")}
    assert back == {code: other for code, other in there.items() if other.startswith("1.1")}


@pytest.mark.parametrize(
    ("name", "day", "edition"),
    [
        ("european-schedule", date(2022, 11, 29), "2003"),
        ("european-schedule", date(2022, 11, 30), "2022"),
        ("european-schedule", date(2025, 12, 21), "2022"),
        ("european-schedule", date(2025, 12, 22), "2025"),
        ("nace-bel-divisions", date(2024, 12, 31), "2008"),
        ("nace-bel-divisions", date(2025, 1, 1), "2025"),
    ],
)
def test_an_edition_is_in_force_on_its_days(name: str, day: date, edition: str) -> None:
    assert LISTS[name].edition_on(day) == edition


def test_divisions_of_nace_bel_move_between_the_versions() -> None:
    divisions = LISTS["nace-bel-divisions"]
    assert divisions.holds("45", "2008")
    assert not divisions.holds("45", "2025")
    assert (divisions.value("62", "section-2008"), divisions.value("62", "section-2025")) == ("J", "K")
    assert (divisions.value("99", "section-2008"), divisions.value("99", "section-2025")) == ("U", "V")
    assert not any(divisions.holds(code) for code in ("00", "04", "34", "40", "44", "54", "57", "67", "76", "83", "89"))


@pytest.mark.parametrize(
    ("postal", "languages"),
    [
        ("1050", "nl fr"),
        ("1348", "fr"),
        ("1640", "nl fr"),
        ("1700", "nl"),
        ("3500", "nl"),
        ("4000", "fr"),
        ("4700", "de fr"),
        ("4791", "de fr"),
        ("4960", "fr de"),
        ("6600", "fr"),
        ("7700", "fr nl"),
        ("9000", "nl"),
        ("9999", "nl"),
        ("0999", ""),
    ],
)
def test_a_postal_code_has_the_languages_of_its_place(postal: str, languages: str) -> None:
    assert LISTS["postal-languages"].value(postal, "languages") == languages


def test_every_belgian_postal_code_has_a_language() -> None:
    spoken = LISTS["postal-languages"]
    assert [code for code in range(1000, 10000) if not spoken.value(str(code), "languages")] == []


def test_chemical_agents_have_good_numbers_and_an_entry_of_the_schedule_where_there_is_one() -> None:
    agents = LISTS["chemical-agents"].entries.values()
    assert len(agents) > 100
    assert all(cas_is_valid(row.code) for row in agents)
    assert all(ec_is_valid(number) for row in agents for number in row.values.get("ec", ()))
    assert {row.code for row in agents if "ec" not in row.values} == {
        "12001-29-5",
        "12001-28-4",
        "12172-73-5",
    }  # asbestos
    assert {row.code for row in agents if "european" not in row.values} == {"75-21-8", "111-30-8"}


def test_every_entry_of_the_belgian_list_says_how_sure_it_is() -> None:
    belgian = LISTS["belgian-list"]
    assert not belgian.complete
    statuses = {row.status for row in belgian.entries.values()}
    assert statuses == {"found-in-decree", "found-in-decree-title-recalled", "found-in-notes", "recalled"}


def test_agents_of_every_kind_are_listed() -> None:
    kinds = [kind for row in LISTS["non-chemical-agents"].entries.values() for kind in row.values["kind"]]
    assert {kind: kinds.count(kind) for kind in sorted(set(kinds))} == {
        "Biological": 6,
        "Load": 8,
        "Other": 10,
        "Physical": 12,
    }
