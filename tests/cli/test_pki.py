"""The demo PKI: everybody has keys that fit the form kinds, and nobody else can read them."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.x509 import KeyUsage

from gateway.demo.cast import CAST
from gateway.demo.pki import DemoFolder, create_demo_folder, party_record
from signing import (
    VerificationFailed,
    fingerprint,
    load_identity,
    open_sealed,
    seal,
    sign_xml,
    trust_from_pem,
    verify_xml,
)

FORM = b'<f:R xmlns:f="urn:r"><f:Content Id="content">text</f:Content></f:R>'


def test_only_the_owner_can_read_what_is_secret(folder: DemoFolder) -> None:
    readable_by_others = {
        path.name for path in folder.root.rglob("*") if path.is_file() and stat.S_IMODE(path.stat().st_mode) != 0o600
    }
    assert readable_by_others <= {"anchors.pem", "gateway.pem", "gateway.toml"}, "fewer where the umask is strict"
    folders = [folder.root, *(path for path in folder.root.rglob("*") if path.is_dir())]
    assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {0o700}


def test_no_private_key_is_in_a_public_file(folder: DemoFolder) -> None:
    for path in (folder.anchors, folder.gateway_certificate, folder.config):
        assert b"PRIVATE KEY" not in path.read_bytes()


@pytest.mark.parametrize("party_id", [member.id for member in CAST])
def test_every_party_signs_and_opens_with_its_own_two_keys(folder: DemoFolder, party_id: str) -> None:
    now = datetime.now(UTC)
    signing, sealing = load_identity(folder.signing(party_id)), load_identity(folder.sealing(party_id))
    trust = trust_from_pem(folder.anchors.read_bytes())
    verified = verify_xml(sign_xml(FORM, identity=signing, at=now), trust=trust, at=now)
    assert fingerprint(verified.signatures[0].certificate) == signing.fingerprint
    assert open_sealed(seal(b"secret", recipients=[sealing.certificate]), identity=sealing) == b"secret"
    assert signing.fingerprint != sealing.fingerprint


@pytest.mark.parametrize("party_id", [member.id for member in CAST])
def test_a_sealing_key_does_not_sign(folder: DemoFolder, party_id: str) -> None:
    usage = load_identity(folder.sealing(party_id)).certificate.extensions.get_extension_for_class(KeyUsage).value
    assert not usage.digital_signature
    assert not usage.content_commitment


def test_the_gateway_seal_alone_can_be_trusted(folder: DemoFolder) -> None:
    now = datetime.now(UTC)
    trust = trust_from_pem(folder.gateway_certificate.read_bytes())
    assert verify_xml(sign_xml(FORM, identity=load_identity(folder.service), at=now), trust=trust, at=now)
    forged = sign_xml(FORM, identity=load_identity(folder.signing("service")), at=now)
    with pytest.raises(VerificationFailed) as failure:
        verify_xml(forged, trust=trust, at=now)
    assert failure.value.code == "certificate-untrusted"


def test_a_record_says_what_the_cast_says(folder: DemoFolder) -> None:
    for member in CAST:
        record = party_record(folder, member.id)
        assert record["roles"] == list(member.roles)
        assert record["identifiers"] == member.identifiers
        assert json.loads(json.dumps(record)) == record


def test_an_existing_demonstration_is_never_overwritten(tmp_path: Path) -> None:
    made = create_demo_folder(tmp_path, at=datetime.now(UTC), port=1)
    before = {path: path.read_bytes() for path in made.root.rglob("*") if path.is_file()}
    with pytest.raises(FileExistsError):
        create_demo_folder(tmp_path, at=datetime.now(UTC), port=2)
    assert {path: path.read_bytes() for path in made.root.rglob("*") if path.is_file()} == before
