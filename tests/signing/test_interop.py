"""Tools that nobody here wrote: xmlsec1, Java and OpenSSL verify and open what we make, and make what we take."""

import subprocess
from pathlib import Path
from typing import Final

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12

from signing import Identity, SealingFailed, build_container, identity_to_pem, open_sealed, seal, sign_xml, verify_xml
from signing.issuing import KeyKind
from tests.signing import forge as f
from tests.signing.pki import AT, DOCUMENT, NS, SEALING_KEYS, SIGNING_KEYS, People

JAVA_PROGRAM: Final = Path(__file__).parent / "interop" / "XmlSignatures.java"
MOMENT: Final = "2026-03-05 09:00:00"
EXC: Final = f.transform(f.EXC)


def run(*command: str, expect: bool = True) -> subprocess.CompletedProcess[bytes]:
    """Run a tool; one that is missing fails the test."""
    done = subprocess.run(command, capture_output=True, check=False, timeout=120)
    assert (done.returncode == 0) is expect, done.stderr.decode()
    return done


def xmlsec1(mode: str, *options: str, file: Path, expect: bool = True) -> None:
    ids = ("--id-attr:Id", f"{NS}:Content", "--id-attr:Id", f"{f.XADES}:SignedProperties")
    run("xmlsec1", mode, *ids, *options, str(file), expect=expect)


def pem(identity: Identity, folder: Path, name: str) -> Path:
    path = folder / name
    path.write_bytes(identity_to_pem(identity))
    return path


@pytest.mark.parametrize("kind", SIGNING_KEYS)
def test_xmlsec1_verifies_what_we_sign(people: People, kind: KeyKind, tmp_path: Path) -> None:
    anchor, file = tmp_path / "anchor.pem", tmp_path / "signed.xml"
    anchor.write_bytes(people.authority.certificate.public_bytes(Encoding.PEM))
    options = ("--trusted-pem", str(anchor), "--verification-gmt-time", MOMENT)
    signed = sign_xml(DOCUMENT, identity=people.signers[kind], at=AT)
    file.write_bytes(signed)
    xmlsec1("--verify", *options, file=file)
    file.write_bytes(signed.replace(b"85073003328", b"85073003329"))
    xmlsec1("--verify", *options, file=file, expect=False)


@pytest.mark.parametrize("kind", SIGNING_KEYS)
@pytest.mark.parametrize(
    ("uri", "transforms"),
    [
        ("#content", [EXC]),
        ("", [f.transform(f.ENVELOPED), EXC]),
        ("", [f.SUBTRACT, EXC]),
        ("", [f.NOT_INSIDE, EXC]),
    ],
    ids=["content", "enveloped", "filter-2", "xpath"],
)
def test_we_verify_what_xmlsec1_signs(
    people: People, kind: KeyKind, uri: str, transforms: list[str], tmp_path: Path
) -> None:
    identity = people.signers[kind]

    def edit(signature: f.Element) -> None:
        reference = f.every(signature, ".//ds:Reference")[0]
        reference.set("URI", uri)
        f.replace_transforms(reference, *transforms)

    def blank(root: f.Element) -> None:
        for value in (*f.every(root, ".//ds:Reference/ds:DigestValue"), f.one(root, ".//ds:SignatureValue")):
            value.text = None

    template, out = tmp_path / "template.xml", tmp_path / "signed.xml"
    template.write_bytes(f.forge(identity, edit=edit, after=blank))
    key = pem(Identity(identity.key, identity.certificate), tmp_path, "key.pem")
    xmlsec1("--sign", "--output", str(out), "--privkey-pem", str(key), file=template)
    verified = verify_xml(out.read_bytes(), trust=people.trust, at=AT)
    assert b"85073003328" in verified.content
    assert verified.signatures[0].certificate == identity.certificate


def test_java_verifies_what_we_sign(people: People, tmp_path: Path) -> None:
    files = {f"{kind}.xml": sign_xml(DOCUMENT, identity=people.signers[kind], at=AT) for kind in SIGNING_KEYS}
    twice = sign_xml(files["p256.xml"], identity=people.signers["p384"], at=AT)
    files |= {"twice.xml": twice, "tampered.xml": twice.replace(b"85073003328", b"85073003329")}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    done = run("java", str(JAVA_PROGRAM), "verify", *(str(tmp_path / name) for name in files))
    assert done.stdout.decode().split() == ["true"] * 5 + ["false"] * 2


@pytest.mark.parametrize(("kind", "uri"), [("p256", "#content"), ("rsa3072", "")])
def test_we_verify_what_java_signs(people: People, kind: KeyKind, uri: str, tmp_path: Path) -> None:
    identity = people.signers[kind]
    store, document, out = tmp_path / "key.p12", tmp_path / "in.xml", tmp_path / "out.xml"
    store.write_bytes(
        pkcs12.serialize_key_and_certificates(
            b"key", identity.key, identity.certificate, None, BestAvailableEncryption(b"secret")
        )
    )
    document.write_bytes(DOCUMENT)
    run("java", str(JAVA_PROGRAM), "sign", str(store), "secret", uri, str(document), str(out))
    verified = verify_xml(out.read_bytes(), trust=people.trust, at=AT)
    assert b"85073003328" in verified.content
    assert verified.signatures[0].signing_time == AT


@pytest.mark.parametrize("kind", SEALING_KEYS)
def test_openssl_opens_what_we_seal(people: People, kind: KeyKind, tmp_path: Path) -> None:
    desk = people.desks[kind]
    sealed, opened, key = tmp_path / "sealed.p7m", tmp_path / "opened", pem(desk, tmp_path, "key.pem")
    others = [other.certificate for other in people.desks.values()]
    for recipients in ([desk.certificate], others):
        sealed.write_bytes(seal(DOCUMENT, recipients=recipients))
        files = ("-in", str(sealed), "-out", str(opened), "-inkey", str(key), "-recip", str(key))
        run("openssl", "cms", "-decrypt", "-inform", "DER", "-binary", *files)
        assert opened.read_bytes() == DOCUMENT


@pytest.mark.parametrize("kind", SEALING_KEYS)
def test_we_open_what_openssl_seals(people: People, kind: KeyKind, tmp_path: Path) -> None:
    desk = people.desks[kind]
    key, payload, sealed = pem(desk, tmp_path, "key.pem"), tmp_path / "payload", tmp_path / "sealed.p7m"
    payload.write_bytes(DOCUMENT)
    rsa_options = ("rsa_padding_mode:oaep", "rsa_oaep_md:sha256", "rsa_mgf1_md:sha256")
    ec_options = (f"ecdh_kdf_md:{'sha384' if kind == 'p384' else 'sha256'}",)
    options = [part for option in (rsa_options if "rsa" in kind else ec_options) for part in ("-keyopt", option)]
    wrap = [] if "rsa" in kind else ["-aes256-wrap"]
    files = ("-in", str(payload), "-out", str(sealed), "-recip", str(key))
    run("openssl", "cms", "-encrypt", "-aes-256-gcm", "-binary", "-outform", "DER", *files, *options, *wrap)
    assert open_sealed(sealed.read_bytes(), identity=desk) == DOCUMENT


def test_what_openssl_seals_with_its_weak_defaults_is_refused(people: People, tmp_path: Path) -> None:
    """Without options OpenSSL takes PKCS#1 v1.5, or a key derivation with SHA-1."""
    payload, sealed = tmp_path / "payload", tmp_path / "sealed.p7m"
    payload.write_bytes(DOCUMENT)
    for kind in SEALING_KEYS:
        key = pem(people.desks[kind], tmp_path, "key.pem")
        files = ("-in", str(payload), "-out", str(sealed), "-recip", str(key))
        run("openssl", "cms", "-encrypt", "-aes-256-gcm", "-binary", "-outform", "DER", *files)
        with pytest.raises(SealingFailed) as failed:
            open_sealed(sealed.read_bytes(), identity=people.desks[kind])
        assert failed.value.code == "envelope-unreadable"


def test_unzip_reads_what_we_build(tmp_path: Path) -> None:
    file = tmp_path / "container.asice"
    file.write_bytes(build_container({"form.xml": DOCUMENT}))
    assert run("unzip", "-p", str(file), "form.xml").stdout == DOCUMENT
    run("unzip", "-t", str(file))
