"""Collects what is said of the certificates of a path, from the addresses that they name: OCSP first, else the list.

Only what counts now is kept. The addresses stand in certificates: whoever brings the `Fetch` decides where it may go.
Source: RFC 6960, A.1 (OCSP over HTTP); RFC 5280, 4.2.1.13, 4.2.2.1.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import pairwise
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID

from signing.algorithms import AlgorithmPolicy
from signing.certificates import UNREADABLE, SignerCertificate, read_certificate
from signing.errors import NotFetched, VerificationFailed
from signing.fetching import Fetch
from signing.revocation.judging import KnownData, RevocationRule, ValidationData, check_path
from signing.revocation.statements import MAX_LIST_BYTES, MAX_OCSP_BYTES

OCSP_REQUEST_TYPE: Final = "application/ocsp-request"
MAX_ADDRESSES: Final = 3  # of one kind in one certificate

_ANY: Final = RevocationRule(required=True)


def collect_revocation(
    path: Sequence[bytes], *, fetch: Fetch, at: datetime, algorithms: AlgorithmPolicy
) -> ValidationData:
    """The certificates of `path` with an OCSP answer or a list for each that can be revoked, as far as they are to be
    had; what is missing is found missing by `check_path`.

    at: now. A certificate that was revoked is collected like any other: its proof is the point.
    """
    certificates = [read_certificate(each) for each in path]
    ocsps: dict[bytes, None] = {}
    crls: dict[bytes, None] = {}
    for certificate, issuer in pairwise(certificates):
        if certificate.is_never_revoked:
            continue
        for found in _offered(certificate, issuer, fetch):
            if _counts(found, certificate, issuer, at, algorithms):
                ocsps |= dict.fromkeys(found.ocsps)
                crls |= dict.fromkeys(found.crls)
                break
    return ValidationData(certificates=tuple(path), ocsps=tuple(ocsps), crls=tuple(crls))


def _counts(
    found: ValidationData,
    certificate: SignerCertificate,
    issuer: SignerCertificate,
    at: datetime,
    algorithms: AlgorithmPolicy,
) -> bool:
    known = [KnownData(data=found, known_at=at)]
    try:
        check_path((certificate.der, issuer.der), known, at=at, rule=_ANY, algorithms=algorithms)
    except VerificationFailed as exc:
        return exc.code == "certificate-revoked"
    return True


def _offered(certificate: SignerCertificate, issuer: SignerCertificate, fetch: Fetch) -> Iterator[ValidationData]:
    """What the addresses of a certificate give, one by one as they are asked for."""
    responders, lists = _addresses(certificate)
    request = _request(certificate, issuer) if responders else b""
    for url in responders:
        with suppress(NotFetched):
            answer = fetch(url, body=request, content_type=OCSP_REQUEST_TYPE, max_bytes=MAX_OCSP_BYTES)
            yield ValidationData(ocsps=(answer,))
    for url in lists:
        with suppress(NotFetched):
            yield ValidationData(crls=(fetch(url, max_bytes=MAX_LIST_BYTES),))


def _request(certificate: SignerCertificate, issuer: SignerCertificate) -> bytes:
    """Named by SHA-1, which is all that every responder knows (RFC 5019, 2.1.1); it names, and proves nothing."""
    builder = ocsp.OCSPRequestBuilder().add_certificate(
        certificate.certificate,
        issuer.certificate,
        hashes.SHA1(),  # noqa: S303
    )
    return builder.build().public_bytes(Encoding.DER)


def _addresses(certificate: SignerCertificate) -> tuple[list[str], list[str]]:
    """Of OCSP responders, and of lists."""
    responders: list[str] = []
    lists: list[str] = []
    try:
        for extension in certificate.certificate.extensions:
            if isinstance(extension.value, x509.AuthorityInformationAccess):
                responders += _uris(
                    each.access_location
                    for each in extension.value
                    if each.access_method == AuthorityInformationAccessOID.OCSP
                )
            elif isinstance(extension.value, x509.CRLDistributionPoints):
                lists += _uris(name for point in extension.value for name in point.full_name or ())
    except UNREADABLE:
        return [], []
    return responders[:MAX_ADDRESSES], lists[:MAX_ADDRESSES]


def _uris(names: Iterable[x509.GeneralName]) -> list[str]:
    return [name.value for name in names if isinstance(name, x509.UniformResourceIdentifier)]
