"""What a recipient can rely on when an envelope opens, and what does not open."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.envelope import FORM, NOTE, Consignment, build_envelope, open_envelope
from gateway.errors import Unreadable
from gateway.model import DeliveryId, PartyId, SubmissionId, new_id
from signing import (
    ContainerRejected,
    Identity,
    SealingFailed,
    TrustPolicy,
    VerificationFailed,
    build_container,
    fingerprint,
    issuing,
    open_sealed,
    read_container,
    seal,
    sha256,
)
from tests.mutations import RANDOMS, mutate_xml

AT = datetime(2026, 5, 4, 8, tzinfo=UTC)
FORM_BYTES = b"<Form>as it was handed in</Form>"


def _made(use: issuing.Use, authority: Identity) -> Identity:
    return issuing.issue(authority, "Somebody Invented", use=use, at=AT)


@pytest.fixture(scope="module")
def authority() -> Identity:
    return issuing.issue_authority("Test Authority", at=AT)


@pytest.fixture(scope="module")
def service(authority: Identity) -> Identity:
    return _made("sign", authority)


@pytest.fixture(scope="module")
def recipient(authority: Identity) -> Identity:
    return _made("seal", authority)


@pytest.fixture
def consignment() -> Consignment:
    return a_consignment()


def a_consignment() -> Consignment:
    return Consignment(
        delivery_id=DeliveryId(new_id()),
        submission_id=SubmissionId(new_id()),
        kind="be/appeal",
        route="R14",
        article="Art. 65",
        role="MedicalInspector",
        party=PartyId("inspectorate"),
        copy=1,
        of=1,
        document_id="018f0000-0003-7000-8000-000000000001",
        document_digest=sha256(FORM_BYTES),
        sender=PartyId("worker"),
        accepted_at=AT,
    )


def trusting(authority: Identity) -> TrustPolicy:
    return TrustPolicy(anchors=(authority.certificate,))


def test_what_was_laid_in_comes_out(
    consignment: Consignment, service: Identity, recipient: Identity, authority: Identity
) -> None:
    sealed = build_envelope(consignment, FORM_BYTES, recipient=recipient.certificate, identity=service)
    opened = open_envelope(sealed, identity=recipient, trust=trusting(authority), at=AT)
    assert (opened.consignment, opened.form) == (consignment, FORM_BYTES)
    assert opened.envelope_digest == sha256(sealed)
    assert fingerprint(opened.issuer) == fingerprint(service.certificate)


def test_it_opens_with_the_recipients_key_only(
    consignment: Consignment, service: Identity, recipient: Identity, authority: Identity
) -> None:
    sealed = build_envelope(consignment, FORM_BYTES, recipient=recipient.certificate, identity=service)
    with pytest.raises(SealingFailed):
        open_envelope(sealed, identity=_made("seal", authority), trust=trusting(authority), at=AT)


def test_a_note_that_the_service_did_not_sign_is_refused(
    consignment: Consignment, service: Identity, recipient: Identity
) -> None:
    sealed = build_envelope(consignment, FORM_BYTES, recipient=recipient.certificate, identity=service)
    stranger = issuing.issue_authority("Nobody's Authority", at=AT)
    with pytest.raises(VerificationFailed) as failed:
        open_envelope(sealed, identity=recipient, trust=trusting(stranger), at=AT)
    assert failed.value.code == "certificate-untrusted"


@pytest.mark.parametrize("without", [FORM, NOTE])
def test_an_envelope_without_form_or_note_is_refused(
    consignment: Consignment, service: Identity, recipient: Identity, authority: Identity, without: str
) -> None:
    sealed = build_envelope(consignment, FORM_BYTES, recipient=recipient.certificate, identity=service)
    files = read_container(open_sealed(sealed, identity=recipient))
    poorer = build_container({name: data for name, data in files.items() if name != without})
    with pytest.raises(Unreadable) as refused:
        open_envelope(
            seal(poorer, recipients=[recipient.certificate]), identity=recipient, trust=trusting(authority), at=AT
        )
    assert refused.value.code == "envelope-incomplete"


def test_another_form_beside_a_genuine_note_is_refused(
    consignment: Consignment, service: Identity, recipient: Identity, authority: Identity
) -> None:
    about_another = replace(consignment, document_digest=sha256(b"<Form>another</Form>"))
    sealed = build_envelope(about_another, FORM_BYTES, recipient=recipient.certificate, identity=service)
    with pytest.raises(Unreadable) as refused:
        open_envelope(sealed, identity=recipient, trust=trusting(authority), at=AT)
    assert refused.value.code == "form-differs"


AUTHORITY = issuing.issue_authority("Test Authority", at=AT)
SERVICE, ANYBODY, RECIPIENT = (_made(use, AUTHORITY) for use in ("sign", "sign", "seal"))
CONSIGNED = a_consignment()
OTHERWISE = replace(CONSIGNED, article="Art. 1", document_digest=sha256(b"<Form>another</Form>"))


def laid_in(consigned: Consignment, by: Identity) -> dict[str, bytes]:
    sealed = build_envelope(consigned, FORM_BYTES, recipient=RECIPIENT.certificate, identity=by)
    return read_container(open_sealed(sealed, identity=RECIPIENT))


GENUINE, FOREIGN = laid_in(CONSIGNED, SERVICE), laid_in(OTHERWISE, ANYBODY)


@settings(max_examples=300, deadline=None)
@given(victim=st.sampled_from([FORM, NOTE]), random=RANDOMS)
def test_what_anybody_lays_in_is_the_same_or_refused(victim: str, random: Random) -> None:
    """Anybody can seal for a recipient; only the service signs the note that speaks of the form."""
    files = {**GENUINE, victim: mutate_xml(GENUINE[victim], random, [FOREIGN[NOTE]])}
    sealed = seal(build_container(files), recipients=[RECIPIENT.certificate])
    trust = TrustPolicy(anchors=(SERVICE.certificate,))
    with suppress(SealingFailed, ContainerRejected, VerificationFailed, Unreadable):
        opened = open_envelope(sealed, identity=RECIPIENT, trust=trust, at=AT)
        assert (opened.consignment, opened.form) == (CONSIGNED, FORM_BYTES)
