"""`pades-sign`: a rendition signed PAdES B-B, against pyhanko's own signer as it comes, on the same file and key."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko_certvalidator.registry import SimpleCertificateStore

from benchmarks.result import Result, compared
from benchmarks.turns import side_by_side
from gateway.forms.catalogue import Catalogue
from gateway.rendition import render
from signing import Identity, issue, issue_authority, sign_pdf

ROOT = Path(__file__).resolve().parents[1]
AT: Final = datetime(2026, 6, 1, 9, tzinfo=UTC)
FORM: Final = "samples/be/health-assessment/1/valid-typical.xml"


def sign() -> list[Result]:
    """An assessment in Dutch, signed with P-256 and RSA-3072: files a second of one core."""
    logging.getLogger("pyhanko").setLevel(logging.ERROR)
    pdf = render((ROOT / FORM).read_bytes(), catalogue=Catalogue.load(), language="nl")
    results = []
    for kind, name in (("p256", "P-256"), ("rsa3072", "RSA-3072")):
        authority = issue_authority("Example Authority", at=AT)
        identity = issue(authority, "Dr. An Toonbeeld", key=kind, at=AT)  # type: ignore[arg-type]  # both are kinds
        ours, stock = side_by_side(_ours(pdf, identity), _stock(pdf, identity))
        results.append(
            compared(f"pades-sign {name}", 1 / ours, "files/s a core", against="stock SimpleSigner", floor=1 / stock)
        )
    return results


def _ours(pdf: bytes, identity: Identity) -> Callable[[], object]:
    return lambda: sign_pdf(pdf, identity=identity, at=AT)


def _stock(pdf: bytes, identity: Identity) -> Callable[[], object]:
    """What the manual of pyhanko shows: SimpleSigner and sign_pdf, PAdES."""
    load_certificate: Any = asn1_x509.Certificate.load
    load_key: Any = asn1_keys.PrivateKeyInfo.load
    register: Any = SimpleCertificateStore.from_certs
    certificate = load_certificate(identity.certificate.public_bytes(Encoding.DER))
    key = load_key(identity.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
    signer = signers.SimpleSigner(signing_cert=certificate, signing_key=key, cert_registry=register([certificate]))
    settings = signers.PdfSignatureMetadata(
        field_name="Signature", md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES
    )

    def run() -> None:
        signers.sign_pdf(IncrementalPdfFileWriter(BytesIO(pdf + b"\n")), settings, signer=signer)

    return run
