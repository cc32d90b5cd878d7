"""Keys come in from PEM and PKCS#12, told apart by content, and every fault is KeyUnavailable with its code."""

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from signing import (
    Identity,
    KeyUnavailable,
    fingerprint,
    identity_from_pem,
    identity_from_pkcs12,
    identity_to_pem,
    issue,
    load_identity,
    sha256,
    subject_of,
    trust_from_pem,
)
from signing.errors import KEY_CODES
from signing.issuing import KeyKind
from tests.signing.pki import AT, SIGNING_KEYS, People


def with_chain(people: People, kind: KeyKind = "p256") -> Identity:
    return Identity(people.signers[kind].key, people.signers[kind].certificate, (people.authority.certificate,))


def same(one: Identity, other: Identity) -> bool:
    public = one.key.public_key() == other.key.public_key()
    return public and (one.certificate, one.chain) == (other.certificate, other.chain)


def to_pkcs12(identity: Identity, password: bytes | None) -> bytes:
    protection = BestAvailableEncryption(password) if password else NoEncryption()
    return pkcs12.serialize_key_and_certificates(
        b"name", identity.key, identity.certificate, list(identity.chain), protection
    )


@pytest.mark.parametrize("kind", SIGNING_KEYS)
@pytest.mark.parametrize("password", [None, b"secret"])
def test_pem_round_trip(people: People, kind: KeyKind, password: bytes | None) -> None:
    identity = with_chain(people, kind)
    pem = identity_to_pem(identity, password=password)
    assert (b"ENCRYPTED" in pem) is (password is not None)
    assert same(identity_from_pem(pem, password=password), identity)


@pytest.mark.parametrize("kind", SIGNING_KEYS)
@pytest.mark.parametrize("password", [None, b"secret"])
def test_pkcs12_round_trip(people: People, kind: KeyKind, password: bytes | None) -> None:
    identity = with_chain(people, kind)
    assert same(identity_from_pkcs12(to_pkcs12(identity, password), password=password), identity)


def test_certificates_may_stand_in_any_order(people: People) -> None:
    identity = with_chain(people)
    key = identity.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    pem = people.authority.certificate.public_bytes(Encoding.PEM) + identity.certificate.public_bytes(Encoding.PEM)
    assert same(identity_from_pem(pem + key), identity)


def test_a_file_is_told_apart_by_content(people: People, tmp_path: Path) -> None:
    identity = with_chain(people)
    (tmp_path / "key.p12").write_bytes(identity_to_pem(identity))
    (tmp_path / "key.pem").write_bytes(to_pkcs12(identity, b"secret"))
    assert same(load_identity(tmp_path / "key.p12"), identity)
    assert same(load_identity(str(tmp_path / "key.pem"), password=b"secret"), identity)


def test_what_cannot_be_used_says_why(people: People, tmp_path: Path) -> None:
    identity = with_chain(people)
    pem, locked = identity_to_pem(identity), identity_to_pem(identity, password=b"secret")
    foreign = identity_to_pem(Identity(identity.key, people.stranger.certificate))
    only_certificates = pkcs12.serialize_key_and_certificates(None, None, None, [identity.certificate], NoEncryption())
    odd_key = ed25519.Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    cases: list[tuple[Callable[[], object], str]] = [
        (lambda: identity_from_pem(b""), "key-unreadable"),
        (lambda: identity_from_pem(pem.replace(b"A", b"B")), "key-unreadable"),
        (lambda: identity_from_pem(locked), "password-wrong"),
        (lambda: identity_from_pem(locked, password=b"other"), "password-wrong"),
        (lambda: identity_from_pem(pem, password=b"needless"), "password-wrong"),
        (lambda: identity_from_pem(foreign), "certificate-missing"),
        (lambda: identity_from_pem(odd_key + identity.certificate.public_bytes(Encoding.PEM)), "key-not-allowed"),
        (lambda: identity_from_pkcs12(b"junk", password=None), "key-unreadable"),
        (lambda: identity_from_pkcs12(to_pkcs12(identity, b"secret"), password=b"other"), "key-unreadable"),
        (lambda: identity_from_pkcs12(only_certificates, password=None), "key-missing"),
        (lambda: load_identity(tmp_path / "absent.pem"), "key-unreadable"),
        (lambda: trust_from_pem(b"junk"), "anchors-unreadable"),
    ]
    for load, code in cases:
        with pytest.raises(KeyUnavailable) as unavailable:
            load()
        assert unavailable.value.code == code
        assert code in KEY_CODES


def test_the_key_does_not_show(people: People) -> None:
    assert "key" not in repr(people.doctor)


def test_fingerprint_is_the_digest_of_the_certificate(people: People) -> None:
    der = people.doctor.certificate.public_bytes(Encoding.DER)
    assert people.doctor.fingerprint == fingerprint(people.doctor.certificate) == sha256(der)
    assert sha256(b"") == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_subject_tells_what_a_register_can_match(people: People) -> None:
    seal = issue(
        people.authority,
        "Fictieve Brouwerij",
        organization="Fictieve Brouwerij Het Voorbeeld NV",
        organization_identifier="NTRBE-0123456749",
        at=AT,
    )
    subject = subject_of(seal.certificate)
    assert (subject.common_name, subject.serial_number) == ("Fictieve Brouwerij", None)
    assert subject.organization_identifier == "NTRBE-0123456749"
