"""A document of the exchange is read as what it is only: another kind, or one without its namespace, is not taken."""

from datetime import UTC, datetime
from typing import Final

import pytest

from gateway.errors import Unreadable
from gateway.exchange import EVIDENCE, RECEIPT
from gateway.model import instant_text
from signing import TrustPolicy, issue, issue_authority, sign_xml

AT: Final = datetime(2026, 6, 1, 9, tzinfo=UTC)
AUTHORITY: Final = issue_authority("Example Authority", at=AT)
DESK: Final = issue(AUTHORITY, "Receiving desk", at=AT)
TRUST: Final = TrustPolicy((AUTHORITY.certificate,))
NUMBER: Final = "018f0000-0003-7000-8000-000000000001"
DIGEST: Final = f"sha256:{'0' * 64}"
FIELDS: Final = (
    ("DeliveryId", NUMBER),
    ("SubmissionId", NUMBER),
    ("EnvelopeDigest", DIGEST),
    ("DocumentDigest", DIGEST),
    ("Outcome", "accepted"),
    ("Party", "employer"),
    ("ReceivedAt", instant_text(AT)),
)


def _in_namespace(declared: str) -> bytes:
    inner = "".join(f"<{name}>{text}</{name}>" for name, text in FIELDS)
    raw = f'<Receipt{declared}><Content Id="content">{inner}</Content></Receipt>'.encode()
    return sign_xml(raw, identity=DESK, at=AT)


def test_a_receipt_is_read_from_what_was_signed() -> None:
    reader, signature = RECEIPT.read(_in_namespace(f' xmlns="{RECEIPT.namespace}"'), trust=TRUST, at=AT)
    assert [reader.text(name) for name, _ in FIELDS] == [text for _, text in FIELDS]
    assert reader.instant("ReceivedAt") == AT
    assert reader.optional("Reason") is None
    assert signature.certificate == DESK.certificate


@pytest.mark.parametrize("declared", ["", ' xmlns="urn:example:other:1"', f' xmlns="{EVIDENCE.namespace}"'])
def test_the_same_words_in_another_namespace_or_in_none_are_no_receipt(declared: str) -> None:
    with pytest.raises(Unreadable) as refused:
        RECEIPT.read(_in_namespace(declared), trust=TRUST, at=AT)
    assert refused.value.code == "not-a-receipt"


def test_a_receipt_that_lacks_what_its_schema_demands_is_none() -> None:
    raw = RECEIPT.build(FIELDS[:-1], identity=DESK, at=AT)
    with pytest.raises(Unreadable) as refused:
        RECEIPT.read(raw, trust=TRUST, at=AT)
    assert refused.value.code == "not-a-receipt"
