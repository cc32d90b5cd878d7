"""Trusted lists: who may sign one, what is read of it, whom it makes count and when, and what is qualified."""

from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import (
    Identity,
    QualificationLevel,
    ServiceType,
    TimestampTrust,
    TrustedLists,
    TrustPolicy,
    VerificationFailed,
    issue,
    issue_authority,
    sha256,
    sign_xml,
    stamp_xml,
    validate_xml,
    verify_timestamp,
    verify_xml,
)
from signing import ValidationPolicy as Policy
from signing.lists.reading import read_list
from tests.signing import listing
from tests.signing.forge import as_last_child, forge
from tests.signing.pki import AT, DOCUMENT
from tests.signing.stamping import TIME_ROOT, UNIT, stamper

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BEFORE = AT - 300 * DAY
OJ = issue_authority("Commission", at=AT)
NEXT = issue_authority("Commission, next", at=AT)
BE = issue_authority("Belgian operator", at=AT)
FR = issue_authority("French operator", at=AT)
STRANGER = issue_authority("Belgian operator", at=AT)
CITIZENS = issue_authority("Citizen CA", at=AT - 400 * DAY)
DOCTOR = issue(CITIZENS, "Dr. An Toonbeeld", serial_number="88021520444", at=AT - 10 * DAY)

LOTL = listing.list_of_lists(10, OJ, EU=[OJ, NEXT], BE=[BE], FR=[FR])
GRANTED = listing.service(CITIZENS, since=BEFORE, extensions=listing.purpose("ForeSignatures"))
NOTHING = TrustedLists(scheme=(OJ.certificate,))
STARTED = NOTHING.admit(LOTL, at=AT)


def der(identity: Identity) -> bytes:
    return identity.certificate.public_bytes(Encoding.DER)


def belgium(*services: str, sequence: int = 1, lists: TrustedLists = STARTED) -> TrustedLists:
    return lists.admit(listing.national_list("BE", sequence, BE, *services), at=AT)


def refused(raw: bytes, *, lists: TrustedLists = STARTED, at: datetime = AT) -> str:
    with pytest.raises(VerificationFailed) as failed:
        lists.admit(raw, at=at)
    return failed.value.code


# whose lists are taken in


def test_a_list_is_kept_with_its_date_digest_and_signer() -> None:
    (snapshot,) = STARTED.snapshots
    assert (snapshot.digest, snapshot.added_at, snapshot.signer) == (sha256(LOTL), AT, OJ.fingerprint)
    assert (snapshot.info.territory, snapshot.info.sequence) == ("EU", 10)
    assert (snapshot.is_stale(AT + 100 * DAY), snapshot.is_stale(AT + 200 * DAY)) == (False, True)


def test_the_list_of_lists_may_be_signed_by_whom_an_earlier_one_named() -> None:
    second = listing.list_of_lists(11, NEXT, EU=[NEXT], BE=[BE])
    assert refused(second, lists=NOTHING) == "list-by-a-stranger"
    lists = STARTED.admit(second, at=AT)
    assert lists.newest("EU") is not None
    assert [each.info.sequence for each in lists.snapshots] == [10, 11]
    assert [each.info.sequence for each in lists.current] == [11]


@pytest.mark.parametrize("named", [[NEXT], [NEXT, OJ]])
def test_whom_the_newest_list_of_lists_names_no_more_signs_the_next_one_no_more(named: list[Identity]) -> None:
    """Whoever stole a withdrawn key would else name itself for any territory."""
    lists = STARTED.admit(listing.list_of_lists(11, OJ, EU=[OJ, NEXT, BE], BE=[BE]), at=AT)
    lists = lists.admit(listing.list_of_lists(12, NEXT, EU=named, BE=[BE]), at=AT)
    for number, signer in enumerate((OJ, NEXT, BE)):
        raw = listing.list_of_lists(13 + number, signer, EU=[signer], BE=[signer])
        if signer in named:
            assert lists.admit(raw, at=AT).newest("EU") is not None
        else:
            assert refused(raw, lists=lists) == "list-by-a-stranger"


def test_a_national_list_is_signed_by_whom_the_list_of_lists_names_for_it() -> None:
    raw = listing.national_list("BE", 1, BE, GRANTED)
    assert refused(raw, lists=NOTHING) == "list-by-a-stranger"
    assert STARTED.admit(raw, at=AT).newest("BE") is not None
    for operator in (FR, OJ, STRANGER):
        assert refused(listing.national_list("BE", 1, operator, GRANTED)) == "list-by-a-stranger"
    withdrawn = STARTED.admit(listing.list_of_lists(12, OJ, EU=[OJ], FR=[FR]), at=AT)
    assert refused(raw, lists=withdrawn) == "list-by-a-stranger"


def test_an_older_list_or_the_same_again_is_not_taken_in() -> None:
    lists = belgium(GRANTED, sequence=5)
    for sequence in (4, 5):
        assert refused(listing.national_list("BE", sequence, BE), lists=lists) == "list-older"
    assert lists.admit(listing.national_list("BE", 6, BE), at=AT)


def test_a_list_is_judged_as_of_when_it_came() -> None:
    late = AT + timedelta(days=365 * 11)
    assert refused(LOTL, lists=NOTHING, at=late) == "certificate-expired"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ((b"<TSLSequenceNumber>1<", b"<TSLSequenceNumber>9<"), "digest-mismatch"),
        ((b"granted", b"withdrawn"), "digest-mismatch"),
        ((b"<TrustServiceStatusList ", b"<!DOCTYPE a><TrustServiceStatusList "), "list-unreadable"),
        ((b"<SchemeTerritory>", b"<SchemeTerritory>F</SchemeTerritory><SchemeTerritory>"), "list-unreadable"),
        ((b"</TrustServiceStatusList>", b""), "list-unreadable"),
    ],
)
def test_a_changed_list(change: tuple[bytes, bytes], code: str) -> None:
    raw = listing.national_list("BE", 1, BE, GRANTED)
    assert change[0] in raw
    assert refused(raw.replace(*change, 1)) == code


def test_a_list_whose_signature_covers_something_else() -> None:
    inner = listing.document(listing.scheme("BE", 1))
    assert refused(inner.encode()) == "list-unreadable"
    twice = listing.signed(inner, BE)
    signature = twice[twice.index(b"<ds:Signature") : twice.index(b"</ds:Signature>") + len(b"</ds:Signature>")]
    assert refused(twice.replace(b"</TrustServ", signature + b"</TrustServ")) in {"repeated-id", "list-unreadable"}
    moved = twice.replace(signature, b"").replace(b"</SchemeInformation>", signature + b"</SchemeInformation>")
    assert refused(moved) == "list-unreadable"
    without = forge(BE, document=inner.encode(), place=as_last_child)  # over something named #content
    assert refused(without) == "list-unreadable"


def test_a_list_that_is_none() -> None:
    for raw in (b"", b"<a/>", DOCUMENT, b"\xff\xfe", listing.signed(listing.document("<x/>"), BE)):
        assert refused(raw) == "list-unreadable"


LIST = listing.national_list("BE", 1, BE, GRANTED)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(LIST) - 1), st.integers(0, 255), st.booleans())
def test_no_changed_byte_changes_what_is_believed(place: int, byte: int, cut: bool) -> None:
    """Either it is refused by one of our codes, or it says the same as before."""
    raw = LIST[:place] + (b"" if cut else bytes((byte,))) + LIST[place + 1 :]
    try:
        lists = STARTED.admit(raw, at=AT)
    except VerificationFailed:
        return
    assert lists.snapshots[-1].said == STARTED.admit(LIST, at=AT).snapshots[-1].said


# whom it makes count, and when


def trusting(lists: TrustedLists) -> TrustPolicy:
    return TrustPolicy((), dated=lists.anchors(ServiceType.CERTIFICATES))


def test_a_listed_authority_makes_its_certificates_count() -> None:
    signed = sign_xml(DOCUMENT, identity=DOCTOR, at=AT)
    found = verify_xml(signed, trust=trusting(belgium(GRANTED)), at=AT).signatures[0]
    assert found.path == (der(DOCTOR), der(CITIZENS))
    with pytest.raises(VerificationFailed, match="certificate-untrusted"):
        verify_xml(signed, trust=trusting(STARTED), at=AT)


def test_an_authority_that_was_withdrawn_counts_for_what_was_signed_before() -> None:
    withdrawn = listing.service(CITIZENS, since=AT + HOUR, status="withdrawn", history=[("granted", BEFORE)])
    trust = trusting(belgium(withdrawn))
    raw = sign_xml(DOCUMENT, identity=DOCTOR, at=AT)
    assert verify_xml(raw, trust=trust, at=AT + HOUR - timedelta(seconds=1))
    with pytest.raises(VerificationFailed, match="certificate-untrusted"):
        verify_xml(raw, trust=trust, at=AT + HOUR)
    stamped = stamp_xml(raw, timestamper=stamper(AT + HOUR / 2), at=AT + HOUR / 2)
    times = TimestampTrust(anchors=TrustPolicy((TIME_ROOT.certificate,)))
    policy = Policy(signers=trust, timestamps=times)
    assert validate_xml(stamped, policy=policy, validation_time=AT + 30 * DAY)


def test_a_time_stamp_of_a_unit_that_is_listed_itself() -> None:
    lists = belgium(listing.service(UNIT, since=AT - DAY, kind=listing.QTST), GRANTED)
    trust = TimestampTrust(anchors=TrustPolicy((), dated=lists.anchors(ServiceType.TIMESTAMPS)))
    stamp = stamper(AT, trust=trust).stamp(b"data", at=AT)
    assert verify_timestamp(stamp.token, b"data", trust=trust, at=AT).path.certificates == (der(UNIT),)
    with pytest.raises(VerificationFailed, match="certificate-untrusted"):
        verify_xml(sign_xml(DOCUMENT, identity=DOCTOR, at=AT), trust=TrustPolicy((), dated=trust.anchors.dated), at=AT)


def test_what_is_not_known_and_critical_takes_a_service_out_of_force() -> None:
    unknown = '<Extension Critical="true"><x:New xmlns:x="urn:x"/></Extension>'
    assert trusting(belgium(listing.service(CITIZENS, since=BEFORE, extensions=unknown))).dated == ()
    harmless = unknown.replace("true", "false")
    assert trusting(belgium(listing.service(CITIZENS, since=BEFORE, extensions=harmless))).dated
    criterion = listing.qualification("QCForESig", "<q:New/>")
    assert trusting(belgium(listing.service(CITIZENS, since=BEFORE, extensions=criterion))).dated == ()


def test_other_services_are_not_read() -> None:
    other = listing.service(CITIZENS, since=BEFORE, kind="http://uri.etsi.org/TrstSvc/Svctype/CA/PKC")
    assert belgium(other).services == ()


def test_periods_follow_each_other() -> None:
    raw = listing.service(
        CITIZENS, since=AT, status="withdrawn", history=[("granted", AT - 2 * DAY), ("undersupervision", AT - 9 * DAY)]
    )
    (service,) = belgium(raw).services
    assert [each.is_in_force for each in service.periods] == [True, True, False]
    for at, count in ((AT - 10 * DAY, 0), (AT - 9 * DAY, 1), (AT, 1)):
        assert sum(each.covers(at) for each in service.periods) == count


# what is qualified


def level(lists: TrustedLists, identity: Identity, at: datetime = AT) -> QualificationLevel:
    return lists.qualify((der(identity), der(CITIZENS)), at=at).level


CARD = listing.with_statements(DOCTOR, CITIZENS)
SOFT = listing.with_statements(DOCTOR, CITIZENS, device=False)
SEAL = listing.with_statements(DOCTOR, CITIZENS, purposes=(listing.ESEAL,))
BOTH_KINDS = listing.service(
    CITIZENS, since=BEFORE, extensions=listing.purpose("ForeSignatures") + listing.purpose("ForeSeals")
)


def test_a_card_makes_qualified_signatures() -> None:
    lists = belgium(GRANTED)
    assert level(lists, CARD) is QualificationLevel.QESIG
    assert level(lists, SOFT) is QualificationLevel.ADESIG_QC
    assert level(lists, DOCTOR) is QualificationLevel.ADES
    assert lists.qualify((der(CARD), der(CITIZENS)), at=AT).issuer == der(CITIZENS)


def test_a_seal_and_a_website_are_no_signature_of_a_person() -> None:
    lists = belgium(BOTH_KINDS)
    assert level(lists, SEAL) is QualificationLevel.QESEAL
    assert level(lists, listing.with_statements(DOCTOR, CITIZENS, purposes=(listing.WEB,))) is QualificationLevel.ADES
    two = listing.with_statements(DOCTOR, CITIZENS, purposes=(listing.ESIGN, listing.ESEAL))
    assert level(lists, two) is QualificationLevel.ADES
    assert level(belgium(GRANTED), SEAL) is QualificationLevel.ADES, "supervised for signatures only"


def test_an_issuer_that_no_list_knows() -> None:
    assert level(STARTED, CARD) is QualificationLevel.UNKNOWN


def test_it_must_be_supervised_when_the_certificate_was_issued_and_when_it_was_used() -> None:
    late = belgium(listing.service(CITIZENS, since=AT - DAY))
    assert level(late, CARD) is QualificationLevel.ADES
    gone = belgium(listing.service(CITIZENS, since=AT, status="withdrawn", history=[("granted", BEFORE)]))
    assert level(gone, CARD, AT - HOUR) is QualificationLevel.QESIG
    assert level(gone, CARD, AT) is QualificationLevel.ADES


@pytest.mark.parametrize(
    ("qualifier", "criteria", "identity", "expected"),
    [
        ("NotQualified", listing.key_usage("nonRepudiation"), CARD, QualificationLevel.ADES),
        ("NotQualified", listing.key_usage("nonRepudiation", "false"), CARD, QualificationLevel.QESIG),
        ("NotQualified", listing.policies("1.2.3"), CARD, QualificationLevel.QESIG),
        ("QCWithQSCD", listing.key_usage("nonRepudiation"), SOFT, QualificationLevel.QESIG),
        ("QCNoQSCD", listing.key_usage("nonRepudiation"), CARD, QualificationLevel.ADESIG_QC),
        ("QCStatement", listing.key_usage("nonRepudiation"), DOCTOR, QualificationLevel.ADES),
        ("QCForLegalPerson", listing.key_usage("nonRepudiation"), CARD, QualificationLevel.ADES),
        ("NotQualified", "", CARD, QualificationLevel.QESIG),
    ],
)
def test_what_the_list_says_beyond_the_certificate(
    qualifier: str, criteria: str, identity: Identity, expected: QualificationLevel
) -> None:
    said = listing.purpose("ForeSignatures") + listing.qualification(qualifier, criteria)
    assert level(belgium(listing.service(CITIZENS, since=BEFORE, extensions=said)), identity) is expected


@pytest.mark.parametrize(("quantifier", "applies"), [("all", False), ("atLeastOne", True), ("none", False)])
def test_criteria_together(quantifier: str, applies: bool) -> None:
    criteria = listing.key_usage("nonRepudiation") + listing.policies("1.2.3")
    said = listing.qualification("NotQualified", criteria, quantifier=quantifier)
    lists = belgium(listing.service(CITIZENS, since=BEFORE, extensions=said))
    assert (level(lists, CARD) is QualificationLevel.ADES) is applies


def test_policies_of_a_certificate_are_read() -> None:
    policy = x509.PolicyInformation(x509.ObjectIdentifier("1.2.3"), None)
    card = listing.reissued(CARD, CITIZENS, x509.CertificatePolicies([policy]))
    said = listing.qualification("NotQualified", listing.policies("1.2.3"))
    lists = belgium(listing.service(CITIZENS, since=BEFORE, extensions=said))
    assert (level(lists, card), level(lists, CARD)) == (QualificationLevel.ADES, QualificationLevel.QESIG)


def test_two_services_that_say_different_things_claim_nothing() -> None:
    other = listing.service(
        CITIZENS, since=BEFORE, extensions=listing.qualification("QCNoQSCD", listing.key_usage("nonRepudiation"))
    )
    assert level(belgium(GRANTED, other), CARD) is QualificationLevel.ADES
    assert level(belgium(GRANTED, GRANTED), CARD) is QualificationLevel.QESIG


def test_statements_that_are_not_well_formed_state_nothing() -> None:
    broken = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.5.5.7.1.3"), b"\x30\x80\x00\x00")
    assert level(belgium(GRANTED), listing.reissued(DOCTOR, CITIZENS, broken)) is QualificationLevel.ADES


def test_only_signed_bytes_are_read() -> None:
    """A comment that splits a value for some readers is not in the canonical form that is read."""
    raw = LIST.replace(b"<TSLSequenceNumber>1<", b"<TSLSequenceNumber>1<!-- 2 --><")
    assert belgium(GRANTED).snapshots[-1].info.sequence == 1
    assert STARTED.admit(raw, at=AT).snapshots[-1].info.sequence == 1
    assert read_list(LOTL).services == ()
