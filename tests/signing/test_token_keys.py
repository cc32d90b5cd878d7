"""Keys in a token do all that keys in a file do, and every way in which a token fails has its name."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pkcs11
import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Name, NameAttribute, load_pem_x509_csr
from cryptography.x509.oid import NameOID
from pkcs11 import Attribute, KeyType

from signing import (
    Identity,
    KeyUnavailable,
    SealingFailed,
    TokenAddress,
    TrustPolicy,
    identity_to_pem,
    issue,
    key_place,
    load_identity,
    open_sealed,
    seal,
    sign_xml,
    verify_xml,
)
from signing.algorithms import algorithm_for
from signing.cms import build_signed_data, read_signed_data
from signing.keys.provisioning import TokenKeyKind, make_token_key, request_certificate, store_certificates
from signing.keys.sessions import Login, login
from signing.keys.tokens import load_token_identity
from tests.hsm import LABEL, PIN, TWINS, Hsm
from tests.signing.pki import DOCUMENT, People

ROOT = Path(__file__).parents[2]
CONTENT_TYPE = "1.2.840.113549.1.7.1"


@pytest.fixture(scope="session")
def signer(hsm: Hsm) -> Identity:
    return hsm.load("sign")


@pytest.fixture(scope="session")
def desk(hsm: Hsm) -> Identity:
    return hsm.load("seal")


@pytest.mark.parametrize("kind", get_args(TokenKeyKind))
def test_it_signs_what_a_file_key_signs(hsm: Hsm, kind: TokenKeyKind) -> None:
    identity, now = hsm.load("sign", kind), datetime.now(UTC)
    verified = verify_xml(
        sign_xml(DOCUMENT, identity=identity, at=now), trust=TrustPolicy((hsm.authority.certificate,)), at=now
    )
    assert verified.signatures[0].certificate == identity.certificate
    cms = read_signed_data(
        build_signed_data(b"content", content_type=CONTENT_TYPE, identity=identity), content_type=CONTENT_TYPE
    )
    algorithm, public = algorithm_for(identity.key), identity.certificate.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        public.verify(cms.value, cms.signed, padding.PKCS1v15(), algorithm.digest)
    else:
        assert isinstance(public, ec.EllipticCurvePublicKey)
        public.verify(cms.value, cms.signed, algorithm.ecdsa)


@pytest.mark.parametrize("kind", ["p256", "p384"])
def test_it_opens_what_was_sealed_for_it(hsm: Hsm, people: People, kind: TokenKeyKind) -> None:
    identity = hsm.load("seal", kind)
    sealed = seal(b"what nobody else may read", recipients=[people.desks["rsa3072"].certificate, identity.certificate])
    assert open_sealed(sealed, identity=identity) == b"what nobody else may read"
    altered = sealed[:-1] + bytes([sealed[-1] ^ 1])
    with pytest.raises(SealingFailed) as failed:
        open_sealed(altered, identity=identity)
    assert failed.value.code == "cannot-open"


def test_an_agreement_is_the_same_as_in_software(desk: Identity) -> None:
    """Two hundred, so that a secret that begins with a zero is among them more often than not."""
    assert isinstance(desk.key, ec.EllipticCurvePrivateKey)
    for _ in range(200):
        other = ec.generate_private_key(ec.SECP256R1())
        assert desk.key.exchange(ec.ECDH(), other.public_key()) == other.exchange(ec.ECDH(), desk.key.public_key())
    with pytest.raises(ValueError):
        desk.key.exchange(ec.ECDH(), ec.generate_private_key(ec.SECP384R1()).public_key())


def test_a_token_that_cannot_open_by_oaep_with_sha_256_says_so(hsm: Hsm) -> None:
    """SoftHSM knows OAEP with SHA-1 only: that shows the way in, and what the profile needs shows the refusal."""
    identity = hsm.load("seal", "rsa3072")
    assert isinstance(identity.key, rsa.RSAPrivateKey)
    sha1 = padding.OAEP(mgf=padding.MGF1(hashes.SHA1()), algorithm=hashes.SHA1(), label=None)
    wrapped = identity.key.public_key().encrypt(b"key", sha1)
    assert identity.key.decrypt(wrapped, sha1) == b"key"
    with pytest.raises(ValueError):
        identity.key.decrypt(wrapped[:-1] + bytes([wrapped[-1] ^ 1]), sha1)
    with pytest.raises(KeyUnavailable) as refused:
        open_sealed(seal(b"form", recipients=[identity.certificate]), identity=identity)
    assert refused.value.code == "token-cannot"


def test_a_token_that_knows_oaep_with_sha_256_opens_by_it(tmp_path: Path) -> None:
    """NSS's, in a process of its own: what is sealed for an RSA key is opened where the key lies, nothing else is."""
    program = [sys.executable, "-m", "tests.softokn", str(tmp_path)]
    done = subprocess.run(program, capture_output=True, timeout=60, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout) == {
        "opened": "what nobody else may read",
        "key": "TokenRsaKey",
        "sha1": "Decryption failed",
        "flipped": "Decryption failed",
        "altered": "cannot-open",
    }


def test_what_a_key_in_a_token_does_not_do_is_refused(hsm: Hsm, signer: Identity, desk: Identity) -> None:
    large = hsm.load("sign", "rsa3072")
    signing, rsa_key, agreeing = signer.key, large.key, desk.key
    assert isinstance(signing, ec.EllipticCurvePrivateKey)
    assert isinstance(rsa_key, rsa.RSAPrivateKey)
    assert isinstance(agreeing, ec.EllipticCurvePrivateKey)
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    labelled = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=b"x")
    mixed = padding.OAEP(mgf=padding.MGF1(hashes.SHA1()), algorithm=hashes.SHA256(), label=None)
    asked: tuple[Callable[[], object], ...] = (
        lambda: signing.sign(b"", ec.ECDSA(hashes.SHA256(), deterministic_signing=True)),
        lambda: rsa_key.sign(b"", pss, hashes.SHA256()),
        lambda: rsa_key.sign(b"", padding.PKCS1v15(), hashes.SHA1()),
        lambda: rsa_key.decrypt(b"", labelled),
        lambda: rsa_key.decrypt(b"", mixed),
    )
    for ask in asked:
        with pytest.raises(UnsupportedAlgorithm):
            ask()
    used: tuple[tuple[Callable[[], object], str], ...] = (
        (lambda: identity_to_pem(signer), "key-not-exportable"),
        (signing.private_numbers, "key-not-exportable"),
        (rsa_key.private_numbers, "key-not-exportable"),
        (lambda: identity_to_pem(large), "key-not-exportable"),
        (lambda: agreeing.sign(b"", ec.ECDSA(hashes.SHA256())), "token-cannot"),
        (lambda: signing.exchange(ec.ECDH(), agreeing.public_key()), "token-cannot"),
    )
    for use, code in used:
        with pytest.raises(KeyUnavailable) as refused:
            use()
        assert refused.value.code == code
    assert copy.copy(signing) is copy.deepcopy(signing) is signing
    assert copy.copy(rsa_key) is copy.deepcopy(rsa_key) is rsa_key


def test_the_certificate_may_lie_in_a_file_and_must_be_of_the_key(hsm: Hsm, people: People, tmp_path: Path) -> None:
    name, now = "bare", datetime.now(UTC)
    key = make_token_key(hsm.address(name), kind="p256", purpose="sign")
    with pytest.raises(KeyUnavailable) as missing:
        load_identity(hsm.uri(name))
    assert missing.value.code == "certificate-missing"
    file = tmp_path / "certificates.pem"
    own, chain = issue(hsm.authority, "Bare", at=now, holder_key=key).certificate, hsm.authority.certificate
    stranger = people.stranger.certificate
    file.write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in (own, stranger, chain)))
    identity = load_identity(hsm.uri(name, x_certificates=str(file)))
    assert (identity.certificate, identity.chain) == (own, (chain,))
    for content in (stranger.public_bytes(Encoding.PEM), b"nothing"):
        file.write_bytes(content)
        with pytest.raises(KeyUnavailable) as wrong:
            load_identity(hsm.uri(name, x_certificates=str(file)))
        assert wrong.value.code == "certificate-missing"


def test_a_request_for_a_certificate_is_signed_in_the_token(hsm: Hsm) -> None:
    key = make_token_key(hsm.address("asking"), kind="p384", purpose="sign")
    name = Name([NameAttribute(NameOID.COMMON_NAME, "Counter"), NameAttribute(NameOID.COUNTRY_NAME, "BE")])
    request = load_pem_x509_csr(request_certificate(key, name))
    assert request.is_signature_valid
    assert (request.subject, request.public_key()) == (name, key.public_key())


def test_a_key_is_never_overwritten(hsm: Hsm) -> None:
    make_token_key(hsm.address("once"), kind="p256", purpose="sign")
    with pytest.raises(KeyUnavailable) as refused:
        make_token_key(hsm.address("once"), kind="p256", purpose="sign")
    assert refused.value.code == "key-exists"


def test_a_key_that_wants_its_pin_each_time_gets_it(hsm: Hsm) -> None:
    """As the signature key of an identity card does."""
    name = "card"
    with login(hsm.address(name), PIN)._module.token({"token": LABEL}).open(rw=True) as session:
        private = ec.generate_private_key(ec.SECP256R1())
        numbers = private.private_numbers()
        session.create_object(
            {
                Attribute.CLASS: 3,
                Attribute.KEY_TYPE: KeyType.EC,
                Attribute.TOKEN: True,
                Attribute.PRIVATE: True,
                Attribute.LABEL: name,
                Attribute.ID: b"card",
                Attribute.SIGN: True,
                Attribute.ALWAYS_AUTHENTICATE: True,
                Attribute.EC_PARAMS: bytes.fromhex("06082a8648ce3d030107"),
                Attribute.VALUE: numbers.private_value.to_bytes(32, "big"),
            }
        )
    store_certificates(
        hsm.address(name), [issue(hsm.authority, "Card", at=datetime.now(UTC), holder_key=private).certificate]
    )
    identity = load_identity(hsm.uri(name))
    for _ in range(2):
        sign_xml(DOCUMENT, identity=identity, at=datetime.now(UTC))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda hsm: hsm.uri("nobody"), "key-missing"),
        (lambda hsm: hsm.uri("any", token="Elsewhere"), "token-missing"),
        (lambda hsm: hsm.uri("any", token=TWINS), "token-ambiguous"),
        (lambda hsm: hsm.uri("any", x_sessions="2"), "token-address"),
        (lambda hsm: hsm.uri("any").replace(str(hsm.module), "/lib/none.so"), "module-unusable"),
        (lambda hsm: hsm.uri("any").replace(str(hsm.module), str(hsm.pin)), "module-unusable"),
        (lambda hsm: hsm.uri("any", pin=hsm.pin.with_name("none")), "pin-missing"),
        (lambda hsm: hsm.uri("any").partition("&pin-source")[0], "pin-missing"),
        (lambda hsm: hsm.uri("any").replace("object=any", "object=any;id=%01"), "key-missing"),
    ],
)
def test_what_cannot_be_used_says_why(hsm: Hsm, change: Callable[[Hsm], str], code: str) -> None:
    with pytest.raises(KeyUnavailable) as refused:
        load_identity(change(hsm))
    assert refused.value.code == code
    assert PIN not in str(refused.value)


def test_two_keys_of_one_name_are_told_apart_by_id_or_refused(hsm: Hsm) -> None:
    held = login(hsm.address("two"), PIN)
    held.run(lambda _: None)  # logs in, for all sessions of the process
    with held._module.token({"token": LABEL}).open(rw=True) as session:
        for number in (1, 2):
            session.generate_keypair(KeyType.RSA, 2048, store=True, label="two", id=bytes([number]))
    with pytest.raises(KeyUnavailable) as refused:
        load_identity(hsm.uri("two"))
    assert refused.value.code == "key-ambiguous"
    with pytest.raises(KeyUnavailable) as found:
        load_identity(hsm.uri("two").replace("object=two", "id=%02"))
    assert found.value.code == "certificate-missing"


def test_a_wrong_pin_is_said_once_to_the_token(hsm: Hsm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three tries lock a card for good, and a gateway signs hundreds of times a second."""
    hsm.restart()  # nobody is logged in now
    (tmp_path / "pin").write_text("0000")
    address = hsm.address("any", pin=tmp_path / "pin")
    tried: list[str] = []
    log_in = Login._log_in

    def try_to_log_in(self: Login, token: pkcs11.Token) -> pkcs11.Session:
        tried.append(self.pin)
        return log_in(self, token)

    monkeypatch.setattr(Login, "_log_in", try_to_log_in)
    for _ in range(4):
        with pytest.raises(KeyUnavailable) as refused:
            load_identity(address)
        assert refused.value.code == "pin-refused"
        assert "0000" not in str(refused.value)
    assert tried == ["0000"]


def test_a_pin_comes_from_the_caller_where_the_address_names_no_file(hsm: Hsm) -> None:
    uri = hsm.make().partition("&pin-source")[0]
    assert load_identity(uri, password=PIN.encode()).certificate
    address = key_place(uri)
    assert isinstance(address, TokenAddress)
    with pytest.raises(KeyUnavailable) as refused:
        load_token_identity(address, pin=b"\xff")
    assert refused.value.code == "pin-missing"


def test_what_was_lost_is_opened_anew(hsm: Hsm, signer: Identity, desk: Identity) -> None:
    hsm.restart()
    sign_xml(DOCUMENT, identity=signer, at=datetime.now(UTC))
    hsm.restart()
    assert open_sealed(seal(b"form", recipients=[desk.certificate]), identity=desk) == b"form"


def test_a_token_that_is_gone_is_named_and_taken_up_again_when_it_is_back(hsm: Hsm, signer: Identity) -> None:
    def gone() -> None:
        for _ in range(2):
            with pytest.raises(KeyUnavailable) as lost:
                sign_xml(DOCUMENT, identity=signer, at=datetime.now(UTC))
            assert lost.value.code == "token-missing"
            assert lost.value.is_temporary

    hsm.without_tokens(gone)
    sign_xml(DOCUMENT, identity=signer, at=datetime.now(UTC))


def test_a_module_that_does_not_work_is_named(hsm: Hsm, signer: Identity) -> None:
    module = pkcs11.lib(str(hsm.module))
    module.finalize()
    try:
        with pytest.raises(KeyUnavailable) as stopped:
            sign_xml(DOCUMENT, identity=signer, at=datetime.now(UTC))
    finally:
        module.initialize()
    assert stopped.value.code == "token-unavailable"
    assert stopped.value.is_temporary
    sign_xml(DOCUMENT, identity=signer, at=datetime.now(UTC))


def test_many_threads_share_one_key(hsm: Hsm, signer: Identity, desk: Identity) -> None:
    """SoftHSM ends the process when two threads call it at once; a login that is lost meanwhile is found again."""
    done: list[int] = []
    sealed = seal(b"form", recipients=[desk.certificate])

    def work() -> None:
        for number in range(30):
            sign_xml(DOCUMENT, identity=signer, at=datetime.now(UTC))
            assert open_sealed(sealed, identity=desk) == b"form"
            done.append(number)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 6 * 30


def test_sessions_are_kept_not_opened_for_each_use(hsm: Hsm, signer: Identity) -> None:
    kept = login(hsm.address("any"), PIN)
    sign_xml(DOCUMENT, identity=signer, at=datetime.now(UTC))
    before = [id(lent.session) for lent in kept._free]
    for _ in range(5):
        sign_xml(DOCUMENT, identity=signer, at=datetime.now(UTC))
    assert [id(lent.session) for lent in kept._free] == before
    assert len(before) == 1
