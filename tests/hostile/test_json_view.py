"""JSON from outside: refused with a code and a place, never with anything of what it held."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from gateway.forms.findings import JsonRejected, NotViewable
from gateway.forms.jsonview import looks_like_json
from gateway.forms.parsing import FORM_LIMITS
from gateway.forms.reports.text import to_text
from tests.schemas.cases import catalogue, samples_of, validator

SECRET = "ZZGEHEIMZZ"
DAY = date(2026, 6, 30)
KIND = catalogue().kinds[0]


def view() -> dict[str, Any]:
    return validator().json_of((samples_of(KIND) / "valid-full.xml").read_bytes())[1]


def codes(raw: bytes) -> list[str]:
    with pytest.raises(JsonRejected) as caught:
        validator().xml_of(raw)
    report = validator().validate(raw, received_on=DAY)
    if looks_like_json(raw):  # anything else is judged as XML
        assert not report.acceptable
        assert [finding.code for finding in report.findings] == [finding.code for finding in caught.value.findings]
    said = json.dumps([report.to_json(language) for language in ("en", "nl", "fr", "de")]) + to_text(report, "nl")
    assert SECRET not in said + str(caught.value) + repr(caught.value.__context__) + repr(caught.value.__cause__)
    return [finding.code for finding in caught.value.findings]


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b'{"$form": "ZZGEHEIMZZ"' + b" " * FORM_LIMITS.max_bytes + b"}", "JSON-001"),
        (b'{"$form": "ZZGEHEIMZZ"', "JSON-002"),
        (b'{"$form": "\xff ZZGEHEIMZZ"}', "JSON-002"),
        ('{"$form": "ZZGEHEIMZZ"}'.encode("utf-16"), "JSON-002"),
        (b'{"$form": NaN}', "JSON-002"),
        (b'{"$form": -Infinity}', "JSON-002"),
        (b'{"$form": ' + b"9" * 10_000 + b"}", "JSON-002"),
        (b'{"$form": ' + b"[" * 200_000 + b"}", "JSON-002"),
        (b'["ZZGEHEIMZZ"]', "JSON-002"),
        (b"null", "JSON-002"),
        (b"", "JSON-002"),
        (b'{"$form": "be/appeal", "$form": "ZZGEHEIMZZ", "$version": "1.0"}', "JSON-003"),
        (b'{"$form": "be/appeal", "$version": "1.0", "Content": {"ZZGEHEIMZZ": 1, "ZZGEHEIMZZ": 2}}', "JSON-003"),
        (b'{"Content": "ZZGEHEIMZZ"}', "JSON-004"),
        (b'{"$form": "be/appeal", "$version": 1.0}', "JSON-004"),
        (b'{"$form": "be/ZZGEHEIMZZ", "$version": "1.0"}', "JSON-008"),
        (b'{"$form": "be/appeal", "$version": "9.0"}', "JSON-008"),
    ],
)
def test_what_is_no_view_is_refused_by_its_code(raw: bytes, code: str) -> None:
    assert codes(raw) == [code]


@pytest.mark.parametrize(
    ("place", "value", "code"),
    [
        ("DocumentId", 17, "JSON-006"),
        ("DocumentId", None, "JSON-006"),
        ("DocumentId", {"value": SECRET}, "JSON-006"),
        ("DocumentId", [SECRET], "JSON-006"),
        ("DocumentId", f"{SECRET}\u0000", "JSON-007"),
        ("DocumentId", f"{SECRET}\ud800", "JSON-007"),
        ("DocumentId", f"{SECRET}\uffff", "JSON-007"),
        (SECRET, "x", "JSON-005"),
        ("$form", "x", "JSON-005"),
        ("@Id", "x", "JSON-005"),
        ("RelatedDocument", {"Relation": SECRET}, "JSON-006"),
    ],
)
def test_what_has_no_place_is_named_by_its_place(place: str, value: object, code: str) -> None:
    broken = view()
    broken["Content"]["Header"][place] = value
    raw = json.dumps(broken).encode()
    assert codes(raw) == [code]
    with pytest.raises(JsonRejected) as caught:
        validator().xml_of(raw)
    path = caught.value.findings[0].path
    assert path is not None
    assert path.startswith(f"/f:{KIND.root}/f:Content/f:Header")
    report = validator().validate(raw, received_on=DAY)
    assert next(finding.pointer for finding in report.findings).startswith("/Content/Header")  # type: ignore[union-attr]


def test_everything_that_has_no_place_is_said_at_once() -> None:
    broken = view()
    broken["Content"]["Header"]["DocumentId"] = 1
    broken["Content"]["Header"]["Extra"] = "x"
    broken["Extra"] = "x"
    assert sorted(codes(json.dumps(broken).encode())) == ["JSON-005", "JSON-005", "JSON-006"]


def test_a_text_that_looks_like_markup_stays_text() -> None:
    told = view()
    told["Content"]["Header"]["CaseReference"] = "A"
    text = "]]><!DOCTYPE x><?pi?>&amp;<x/>"
    shown = json.dumps(told).replace('"A"', json.dumps(text)).encode()
    _, draft = validator().xml_of(shown)
    report = validator().validate(draft, received_on=DAY)
    assert {finding.code for finding in report.findings} == {"XSD-PATTERN"}


def test_a_finding_in_a_view_has_a_pointer_and_no_line() -> None:
    told = view()
    told["Content"]["Header"]["IssuedOn"] = SECRET
    report = validator().validate(json.dumps(told).encode(), received_on=DAY)
    (finding, *_) = report.findings
    assert (finding.pointer, finding.line) == ("/Content/Header/IssuedOn", None)
    assert report.to_json()["findings"][0]["pointer"] == "/Content/Header/IssuedOn"
    assert SECRET not in json.dumps(report.to_json())


def test_a_form_that_its_schema_refuses_has_no_view() -> None:
    raw = (samples_of(KIND) / "valid-full.xml").read_bytes().replace(b"<c:IssuedOn>", b"<c:IssuedOn>x")
    with pytest.raises(NotViewable) as caught:
        validator().json_of(raw)
    assert caught.value.findings
