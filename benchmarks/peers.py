"""`peer-naive` and `peer-as2`: what a Python team would take instead, per message, beside ours in the same run.

`peer-naive`: the same steps by the libraries that one finds first, with a commit (synchronous=FULL) after each: the
signature verified by signxml; the schema by xmlschema and the rules by the XSLT that we publish, in lxml; the
acceptance signed by signxml; three copies with a note signed by signxml, sealed by cryptography's PKCS #7 (RSA-2048,
AES-128-CBC), and evidence of each, signed by signxml. It looks nobody up and has no cases, no terms and no journal;
ours has. Both have as many forms before them as wait at a busy desk: ours are judged side by side, theirs one by one.

`peer-as2`: AS2 with a signed MDN by pyas2lib: a message signed and encrypted, decrypted and verified, answered with a
signed MDN, which is verified. Ours: consignment note signed and sealed with the form, opened and verified, answered
with a signed receipt, which is verified. AS2's keys are RSA-2048, the kind its library has; ours are P-256.

Processor time in turns, without HTTP and without waiting for the disk, which burdens both alike. Asked for: ahead by 3.
"""

from __future__ import annotations

import io
import re
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from typing import Any
from unittest import mock

import xmlschema
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7EnvelopeBuilder, PKCS7Options
from lxml import etree

from benchmarks.bare import FORMS
from benchmarks.counter import KIND, SENDER, SIDE_BY_SIDE, Counter, a_counter, take_in
from benchmarks.result import Result, compared
from gateway.envelope import Consignment, build_envelope, open_envelope
from gateway.forms.catalogue import Catalogue
from gateway.model import DeliveryId, PartyId, SubmissionId, new_id
from gateway.publish.checks import checks_of
from gateway.publish.site import artefacts, library_for
from gateway.receipt import build_receipt, read_receipt
from gateway.stores.engine import sqlite
from signing import Identity, load_identity, sha256, trust_from_pem
from signing.issuing import issue, issue_authority

ROUNDS, WARM = 9, 64
COPIES = 3


def naive() -> list[Result]:
    """Submissions a second of a core: taken in by us, and by the four steps done naively."""
    with a_counter() as counter:
        gateway = counter.open()
        try:
            theirs = _one_by_one(_naive_steps(counter))
            ours_s, theirs_s = _in_turns(partial(take_in, gateway.intake), theirs, counter.form)
        finally:
            gateway.store.close()
    against = "signxml, xmlschema, XSLT and a commit for each step"
    return [compared("peer-naive", 1 / ours_s, "submissions/s a core", against=against, floor=1 / theirs_s)]


def as2() -> list[Result]:
    """Messages with signed receipts a second of a core: ours, and AS2 with a signed MDN."""
    with a_counter() as counter:
        ours_s, theirs_s = _in_turns(_one_by_one(_our_message(counter)), _one_by_one(_as2_message()), counter.form)
    against = "AS2 with signed MDN by pyas2lib"
    return [compared("peer-as2", 1 / ours_s, "messages/s a core", against=against, floor=1 / theirs_s)]


def _in_turns(
    ours: Callable[[Sequence[bytes]], None], theirs: Callable[[Sequence[bytes]], None], form: Callable[[], bytes]
) -> tuple[float, float]:
    """Median seconds of each, in turns, over forms of their own."""
    for _ in range(0, WARM, SIDE_BY_SIDE):
        _of(ours, form)
    theirs([form()])
    pairs = [(_of(ours, form), _of(theirs, form)) for _ in range(ROUNDS)]
    return statistics.median(pair[0] for pair in pairs), statistics.median(pair[1] for pair in pairs)


def _of(work: Callable[[Sequence[bytes]], None], form: Callable[[], bytes]) -> float:
    forms = [form() for _ in range(SIDE_BY_SIDE)]
    begun = time.process_time()
    work(forms)
    return (time.process_time() - begun) / len(forms)


def _one_by_one(work: Callable[[bytes], None]) -> Callable[[Sequence[bytes]], None]:
    def each(forms: Sequence[bytes]) -> None:
        for form in forms:
            work(form)

    return each


def _naive_steps(counter: Counter) -> Callable[[bytes], None]:
    from signxml.algorithms import DigestAlgorithm, SignatureConstructionMethod, SignatureMethod
    from signxml.signer import XMLSigner
    from signxml.verifier import SignatureConfiguration, XMLVerifier

    schema = xmlschema.XMLSchema(str(FORMS / KIND / "1" / "form.xsd"))
    connection = sqlite.connect(str(counter.folder.root / "naive.sqlite3"), isolation_level=None)
    for word in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL"):
        connection.execute(word)
    connection.execute("CREATE TABLE step (form TEXT, step TEXT, raw BLOB)")
    anchors = str(counter.folder.anchors)
    service = load_identity(counter.folder.service)
    certificate = service.certificate.public_bytes(Encoding.PEM).decode()
    recipient = issue(
        issue_authority("An Authority", at=datetime.now(UTC)), "R", key="rsa2048", at=datetime.now(UTC)
    ).certificate
    rules = _published_rules()
    expected = SignatureConfiguration(expect_references=2, location=".//")

    def note(form: str, step: str, *bodies: bytes) -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO step VALUES (?, ?, ?)", [(form, step, body) for body in bodies or (b"",)])
        connection.execute("COMMIT")

    def signed(name: str, digest: str) -> bytes:
        statement = etree.Element(name)
        etree.SubElement(statement, "Digest").text = digest
        signer = XMLSigner(
            method=SignatureConstructionMethod.enveloped,
            signature_algorithm=SignatureMethod.ECDSA_SHA256,
            digest_algorithm=DigestAlgorithm.SHA256,
        )
        return etree.tostring(signer.sign(statement, key=service.key, cert=certificate))

    def sealed(raw: bytes, note: bytes) -> bytes:
        builder = PKCS7EnvelopeBuilder().set_data(raw + note).add_recipient(recipient)
        return builder.encrypt(Encoding.DER, [PKCS7Options.Binary])

    def accept(raw: bytes) -> None:
        digest = sha256(raw)
        XMLVerifier().verify(raw, ca_pem_file=anchors, expect_config=expected)
        note(digest, "verified")
        schema.validate(io.BytesIO(raw))
        rules(etree.fromstring(raw))
        note(digest, "valid")
        note(digest, "accepted", signed("Acceptance", digest))
        note(digest, "stored", *[sealed(raw, signed("Note", digest)) for _ in range(COPIES)])
        note(digest, "consigned", *[signed("Consignment", digest) for _ in range(COPIES)])

    return accept


def _published_rules() -> etree.XSLT:
    catalogue = Catalogue.load()
    kind = catalogue.by_name(KIND)
    assert kind is not None
    library = library_for(catalogue, kind)
    published = dict(artefacts(catalogue, kind, library, checks_of(kind, library)))
    return etree.XSLT(etree.fromstring(published["rules.xsl"]))


def _our_message(counter: Counter) -> Callable[[bytes], None]:
    service, signing, sealing = (
        load_identity(file)
        for file in (counter.folder.service, counter.folder.signing("worker"), counter.folder.sealing("worker"))
    )
    gateway = trust_from_pem(counter.folder.gateway_certificate.read_bytes())
    everybody = trust_from_pem(counter.folder.anchors.read_bytes())

    def exchange(form: bytes) -> None:
        at = datetime.now(UTC)
        consignment = Consignment(
            delivery_id=DeliveryId(new_id()),
            submission_id=SubmissionId(new_id()),
            kind=KIND,
            route="R05",
            article="Art. 48 par. 4",
            role="Worker",
            party=PartyId("worker"),
            copy=2,
            of=COPIES,
            document_id=new_id(),
            document_digest=sha256(form),
            sender=PartyId(SENDER),
            accepted_at=at,
        )
        envelope = build_envelope(consignment, form, recipient=sealing.certificate, identity=service)
        opened = open_envelope(envelope, identity=sealing, trust=gateway, at=at)
        digest = opened.envelope_digest
        receipt = build_receipt(opened.consignment, envelope_digest=digest, identity=signing, at=at)
        read_receipt(receipt, trust=everybody, at=at)

    return exchange


def _as2_message() -> Callable[[bytes], None]:
    with _a_newer_openssl():
        library = import_module("pyas2lib")
    authority = issue_authority("An Authority", at=datetime.now(UTC))
    sender, receiver = (issue(authority, name, key="rsa2048", at=datetime.now(UTC)) for name in ("sender", "receiver"))
    password = "benchmark"

    def organization(name: str, identity: Identity) -> Any:
        pem = _pem_of(identity)
        return library.Organization(
            as2_name=name, sign_key=pem, sign_key_pass=password, decrypt_key=pem, decrypt_key_pass=password
        )

    def partner(name: str, identity: Identity) -> Any:
        certificate = identity.certificate.public_bytes(Encoding.PEM)
        return library.Partner(
            as2_name=name,
            verify_cert=certificate,
            encrypt_cert=certificate,
            validate_certs=False,
            sign=True,
            encrypt=True,
            digest_alg="sha256",
            enc_alg="aes_256_cbc",
            mdn_mode="SYNC",
            mdn_digest_alg="sha256",
        )

    us, them = organization("us", sender), organization("them", receiver)
    our_partner, their_partner = partner("them", receiver), partner("us", sender)

    def exchange(form: bytes) -> None:
        message = library.Message(us, our_partner)
        message.build(form, filename="form.xml", content_type="application/xml", disposition_notification_to="us")
        raw = message.headers_str + b"\r\n" + message.content
        received = library.Message()
        status, error, mdn = received.parse(raw, lambda _: them, lambda _: their_partner)
        if status != "processed":
            raise RuntimeError(f"AS2: {status}: {error}")
        answer = library.Mdn()
        status, detail = answer.parse(mdn.headers_str + b"\r\n" + mdn.content, lambda *_: message)
        if status != "processed":
            raise RuntimeError(f"MDN: {status}: {detail}")

    return exchange


def _pem_of(identity: Identity) -> bytes:
    key = identity.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return key + identity.certificate.public_bytes(Encoding.PEM)


@contextmanager
def _a_newer_openssl() -> Iterator[None]:
    """Let oscrypto, on which pyas2lib rests, read the version of an OpenSSL such as 3.0.17: it knows one digit each."""
    search = re.search

    def wider(pattern: Any, text: str, flags: int = 0) -> re.Match[str] | None:
        if isinstance(pattern, str):
            pattern = pattern.replace(r"\d\.\d\.\d[a-z]*", r"\d+\.\d+\.\d+[a-z]*")
        return search(pattern, text, flags)

    with mock.patch.object(re, "search", wider):
        yield
