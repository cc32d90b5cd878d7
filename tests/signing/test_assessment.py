"""Outcomes in the words of EN 319 102-1, for each signature by itself, and as a TS 119 102-2 report."""

from datetime import timedelta

import pytest
from lxml import etree

from signing import (
    DocumentAssessment,
    Indication,
    RevocationRule,
    Subindication,
    ValidationPolicy,
    archive_xml,
    assess_xml,
    build_report,
    sign_xml,
    stamp_xml,
)
from signing.formats.report import REPORT
from signing.model import sha256
from tests.signing import test_revocation as r
from tests.signing.pki import AT, DOCUMENT, People
from tests.signing.stamping import TIME_TRUST, stamper

NAMES = {"vr": REPORT, "ds": "http://www.w3.org/2000/09/xmldsig#"}
LATER = AT + timedelta(days=30)


def assessed(people: People, raw: bytes, rule: RevocationRule | None = None) -> DocumentAssessment:
    policy = ValidationPolicy(
        signers=people.trust, timestamps=TIME_TRUST, revocation=rule or RevocationRule(required=False)
    )
    return assess_xml(raw, policy=policy, validation_time=LATER)


def texts(report: bytes, path: str) -> list[str]:
    return [str(found.text) for found in etree.fromstring(report).findall(path, NAMES)]


def test_a_signature_that_passes(people: People, signed: bytes) -> None:
    raw = archive_xml(stamp_xml(signed, timestamper=stamper(AT), at=AT), timestamper=stamper(LATER), at=LATER)
    found = assessed(people, raw)
    assert found.indication is Indication.TOTAL_PASSED
    report = build_report(found)
    assert texts(report, ".//vr:MainIndication") == ["urn:etsi:019102:mainindication:total-passed"]
    assert texts(report, ".//vr:SubIndication") == []
    assert texts(report, ".//vr:POETime") == ["2026-03-05T09:00:00.000Z"]
    assert texts(report, ".//vr:TimeStampValue") == ["2026-03-05T09:00:00.000Z", "2026-04-04T09:00:00.000Z"]
    assert texts(report, ".//vr:SignatureValidationProcessID") == ["urn:etsi:019102:validationprocess:LTA"]
    root = etree.fromstring(report)
    named = {str(each.get("VOReference")) for each in root.iter() if each.get("VOReference")}
    assert named == {str(each.get("id")) for each in root.iter(f"{{{REPORT}}}ValidationObject")}
    assert f"certificate-{sha256(r.der(people.doctor)).removeprefix('sha256:')}" in named


def test_each_signature_is_judged_by_itself(people: People, signed: bytes) -> None:
    found = assessed(people, sign_xml(signed, identity=people.stranger, at=AT))
    assert [each.indication for each in found.signatures] == [Indication.TOTAL_PASSED, Indication.INDETERMINATE]
    assert found.signatures[1].subindication is Subindication.NO_CERTIFICATE_CHAIN_FOUND
    assert found.indication is Indication.INDETERMINATE
    report = build_report(found)
    assert texts(report, ".//vr:SubIndication") == ["urn:etsi:019102:subindication:NO_CERTIFICATE_CHAIN_FOUND"]
    assert texts(report, ".//vr:ReportData/vr:Value") == ["certificate-untrusted"]
    assert len(texts(report, ".//ds:SignatureValue")) == 2


@pytest.mark.parametrize(
    ("raw", "code"),
    [(b"?", "unreadable"), (DOCUMENT, "no-signature"), (b"<a/>", "unsigned-content")],
)
def test_a_document_that_cannot_be_judged(people: People, raw: bytes, code: str) -> None:
    found = assessed(people, raw)
    assert (found.indication, found.signatures[0].subindication) == (
        Indication.TOTAL_FAILED,
        Subindication.FORMAT_FAILURE,
    )
    assert found.signatures[0].code == code
    assert texts(build_report(found), ".//vr:ReportData/vr:Value") == [code]


def test_one_failure_outweighs_all(people: People, signed: bytes) -> None:
    altered = signed.replace(b"85073003328", b"85073003329")
    found = assessed(people, altered)
    assert found.indication is Indication.TOTAL_FAILED
    assert found.signatures[0].subindication is Subindication.HASH_FAILURE


def test_a_later_revocation_is_told(people: People) -> None:
    raw = r.lasting(r.stamped(), r.answered(revoked_at=r.SOON, reason=r.REASON.superseded))
    found = assess_xml(raw, policy=r.policy(), validation_time=r.SOON + r.HOUR)
    report = build_report(found)
    assert found.indication is Indication.TOTAL_PASSED
    assert texts(report, ".//vr:RevocationTime") == ["2026-03-05T09:10:00.000Z"]
    assert texts(report, ".//vr:RevocationReason") == ["urn:etsi:019102:revocationReason:superseded"]
    unknown = assess_xml(r.stamped(), policy=r.policy(), validation_time=r.SOON)
    assert unknown.signatures[0].subindication is Subindication.TRY_LATER


def test_a_report_holds_no_value_of_the_document(people: People, signed: bytes) -> None:
    for raw in (signed, signed.replace(b"85073003328", b"85073003329")):
        report = build_report(assessed(people, raw))
        for value in (b"8507300332", b"fit &amp; well", b"Signer p256"):
            assert value not in report


def test_a_naive_time_is_the_callers_fault(people: People, signed: bytes) -> None:
    with pytest.raises(ValueError, match="aware"):
        assess_xml(signed, policy=r.policy(), validation_time=LATER.replace(tzinfo=None))
