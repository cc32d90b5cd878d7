"""A key that is kept for somebody: only the key that wraps it gives it back, and only with its certificate."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from signing import (
    Identity,
    KeyUnavailable,
    SealingFailed,
    WrappedKey,
    make_wrapped_key,
    open_sealed,
    rewrap_key,
    seal,
    unwrap_key,
)
from tests.hsm import Hsm
from tests.signing.pki import AT, People


def test_what_is_sealed_for_it_opens_with_it_alone(people: People) -> None:
    desk = people.desks["p256"]
    key = make_wrapped_key("Hosted mailbox 1", wrapped_for=desk.certificate, at=AT)
    envelope = seal(b"form", recipients=[key.certificate])
    assert open_sealed(envelope, identity=unwrap_key(key, identity=desk)) == b"form"
    with pytest.raises(SealingFailed):
        open_sealed(envelope, identity=desk)
    with pytest.raises(SealingFailed):
        unwrap_key(key, identity=people.desks["p384"])
    assert key.certificate.public_bytes(Encoding.DER) not in key.wrapped


def test_the_mailbox_sealing_key_may_lie_in_a_token(hsm: Hsm) -> None:
    desk = hsm.load("seal", "p384")
    key = make_wrapped_key("Hosted mailbox 1", wrapped_for=desk.certificate, at=datetime.now(UTC))
    assert open_sealed(seal(b"form", recipients=[key.certificate]), identity=unwrap_key(key, identity=desk)) == b"form"


def test_it_is_wrapped_anew_when_the_sealing_key_changes(people: People) -> None:
    old, new = people.desks["p256"], people.desks["rsa3072"]
    key = make_wrapped_key("Hosted mailbox 1", wrapped_for=old.certificate, at=AT)
    anew = rewrap_key(key, identity=old, wrapped_for=new.certificate)
    envelope = seal(b"form", recipients=[key.certificate])
    assert open_sealed(envelope, identity=unwrap_key(anew, identity=new)) == b"form"
    with pytest.raises(SealingFailed):
        unwrap_key(anew, identity=old)


def test_another_certificate_and_what_is_no_key_are_refused(people: People) -> None:
    desk = people.desks["p256"]
    key = make_wrapped_key("Hosted mailbox 1", wrapped_for=desk.certificate, at=AT)
    other = make_wrapped_key("Hosted mailbox 2", wrapped_for=desk.certificate, at=AT)

    def refused(wrapped: WrappedKey, by: Identity = desk) -> str:
        with pytest.raises((KeyUnavailable, SealingFailed)) as refusal:
            unwrap_key(wrapped, identity=by)
        return refusal.value.code

    assert refused(WrappedKey(certificate=other.certificate, wrapped=key.wrapped)) == "certificate-missing"
    junk = seal(b"junk", recipients=[desk.certificate])
    assert refused(WrappedKey(certificate=key.certificate, wrapped=junk)) == "key-unreadable"
    altered = key.wrapped[:-1] + bytes([key.wrapped[-1] ^ 1])
    assert refused(WrappedKey(certificate=key.certificate, wrapped=altered)) == "cannot-open"
