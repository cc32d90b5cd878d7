"""What one OCSP answer, or one list, says of one certificate, when who signed it may say so.

Whether it is fresh, and whether its algorithms count, is judged elsewhere: that depends on the time. What is not well
formed, of somebody else or signed by nobody entitled says nothing. Only whole lists are read: no delta lists, no lists
of some reasons, no lists for other issuers.
Source: RFC 6960, 4.2.2; RFC 5280, 5 and 6.3.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from signing import der as asn1
from signing.algorithms import describe_key
from signing.certificates import UNREADABLE, SignerCertificate, key_usage, read_certificate
from signing.errors import VerificationFailed
from signing.model import PublicKey

MAX_OCSP_BYTES: Final = 64 * 1024
MAX_LIST_BYTES: Final = 8 * 1024 * 1024
# A verdict keeps the bytes that it is about: senders who bring large ones may not fill the memory.
MAX_VERDICTS_OF_ANSWERS: Final = 1024
MAX_VERDICTS_OF_LISTS: Final = 16
_CERT_ID_DIGESTS: Final = (hashes.SHA1, hashes.SHA256, hashes.SHA384, hashes.SHA512)  # they name, and prove nothing
_KNOWN_LIST_EXTENSIONS: Final = (x509.IssuingDistributionPoint,)
_UNREADABLE: Final = (*UNREADABLE, InvalidSignature, UnsupportedAlgorithm, VerificationFailed, asn1.DerError)


@dataclass(frozen=True, kw_only=True)
class Statement:
    """revoked_at: None while the certificate is good. reason: as RFC 5280 names it, e.g. `keyCompromise`.

    signer: whose signature this is: the issuer, or a responder that it appointed.
    key, digest: kind and bits of the signer's key; name of the digest.
    """

    source: str
    this_update: datetime
    next_update: datetime | None
    revoked_at: datetime | None
    reason: str | None
    signer: SignerCertificate
    key: tuple[str, int]
    digest: str


@lru_cache(maxsize=MAX_VERDICTS_OF_ANSWERS)
def read_ocsp(der: bytes, subject: bytes, issued_by: bytes) -> Statement | None:
    """What an OCSP answer says of a certificate; None if nothing that counts. The last verdicts are remembered.

    subject, issued_by: the certificate and that of its issuer, in DER, both readable.
    """
    certificate, issuer = read_certificate(subject), read_certificate(issued_by)
    if len(der) > MAX_OCSP_BYTES:
        return None
    try:
        answer = ocsp.load_der_ocsp_response(der)
        if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            return None
        single = next((each for each in answer.responses if _is_about(each, certificate, issuer)), None)
        if single is None or single.certificate_status is ocsp.OCSPCertStatus.UNKNOWN:
            return None
        signer = _find_responder(answer, issuer)
        digest = answer.signature_hash_algorithm
        if signer is None or digest is None or any(extension.critical for extension in answer.extensions):
            return None
        _verify(signer.key, answer.signature, answer.tbs_response_bytes, digest)
        is_revoked = single.certificate_status is ocsp.OCSPCertStatus.REVOKED
        reason = single.revocation_reason
        return Statement(
            source="ocsp",
            this_update=single.this_update_utc,
            next_update=single.next_update_utc,
            revoked_at=single.revocation_time_utc if is_revoked else None,
            reason=None if reason is None else reason.value,
            signer=signer,
            key=describe_key(signer.key),
            digest=digest.name,
        )
    except _UNREADABLE:
        return None


@lru_cache(maxsize=MAX_VERDICTS_OF_LISTS)
def read_list(der: bytes, subject: bytes, issued_by: bytes) -> Statement | None:
    """The same of a list of revoked certificates."""
    certificate, issuer = read_certificate(subject), read_certificate(issued_by)
    if len(der) > MAX_LIST_BYTES:
        return None
    try:
        found = x509.load_der_x509_crl(der)
        usage = key_usage(issuer.certificate)
        digest = found.signature_hash_algorithm
        if (
            found.issuer != certificate.certificate.issuer
            or found.issuer != issuer.certificate.subject
            or (usage is not None and not usage.crl_sign)
            or digest is None
            or not _is_whole(found, certificate)
            or not found.is_signature_valid(issuer.key)
        ):
            return None
        entry = found.get_revoked_certificate_by_serial_number(certificate.certificate.serial_number)
        reason = None
        if entry is not None:
            if any(extension.critical for extension in entry.extensions):
                return None  # of another issuer, or something that is not known here
            reasons = [each.value for each in entry.extensions if isinstance(each.value, x509.CRLReason)]
            reason = reasons[0].reason.value if reasons else None
        return Statement(
            source="crl",
            this_update=found.last_update_utc,
            next_update=found.next_update_utc,
            revoked_at=None if entry is None else entry.revocation_date_utc,
            reason=reason,
            signer=issuer,
            key=describe_key(issuer.key),
            digest=digest.name,
        )
    except _UNREADABLE:
        return None


def _is_about(single: ocsp.OCSPSingleResponse, certificate: SignerCertificate, issuer: SignerCertificate) -> bool:
    algorithm = single.hash_algorithm
    return (
        isinstance(algorithm, _CERT_ID_DIGESTS)
        and single.serial_number == certificate.certificate.serial_number
        and single.issuer_name_hash == _hash(algorithm, certificate.certificate.issuer.public_bytes())
        and single.issuer_key_hash == _hash(algorithm, _key_bits(issuer))
    )


def _find_responder(answer: ocsp.OCSPResponse, issuer: SignerCertificate) -> SignerCertificate | None:
    """The issuer itself, or one that it issued for this: RFC 6960, 4.2.2.2. A responder that could be revoked without
    our noticing (no id-pkix-ocsp-nocheck) is nobody."""
    appointed = [read_certificate(each.public_bytes(Encoding.DER)) for each in answer.certificates[:4]]
    for signer in (issuer, *appointed):
        named_by_name = answer.responder_name is not None and answer.responder_name == signer.certificate.subject
        named_by_key = answer.responder_key_hash is not None and answer.responder_key_hash == _hash(
            hashes.SHA1(),  # noqa: S303  # RFC 6960, 4.2.1: it names, and proves nothing
            _key_bits(signer),
        )
        if (named_by_name or named_by_key) and (signer is issuer or _is_appointed(signer, issuer)):
            return signer
    return None


def _is_appointed(responder: SignerCertificate, issuer: SignerCertificate) -> bool:
    extensions = responder.certificate.extensions
    try:
        usages = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        extensions.get_extension_for_class(x509.OCSPNoCheck)
        responder.certificate.verify_directly_issued_by(issuer.certificate)
        usage = key_usage(responder.certificate)
    except (x509.ExtensionNotFound, InvalidSignature, ValueError, TypeError):
        return False
    signs = usage is None or usage.digital_signature or usage.content_commitment
    return signs and ExtendedKeyUsageOID.OCSP_SIGNING in usages


def _is_whole(found: x509.CertificateRevocationList, certificate: SignerCertificate) -> bool:
    for extension in found.extensions:
        value = extension.value
        if isinstance(value, x509.DeltaCRLIndicator):
            return False
        if extension.critical and not isinstance(value, _KNOWN_LIST_EXTENSIONS):
            return False
        if isinstance(value, x509.IssuingDistributionPoint) and (
            value.indirect_crl
            or value.only_some_reasons
            or value.only_contains_attribute_certs
            or (value.only_contains_user_certs and certificate.is_authority)
            or (value.only_contains_ca_certs and not certificate.is_authority)
            or not _is_distributed_at(value, certificate)
        ):
            return False
    return True


def _is_distributed_at(point: x509.IssuingDistributionPoint, certificate: SignerCertificate) -> bool:
    """A list of one distribution point speaks of the certificates that name that point: RFC 5280, 6.3.3 (b)."""
    if not point.full_name:
        return point.relative_name is None
    try:
        stated = certificate.certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return False
    return any(name in point.full_name for each in stated for name in each.full_name or ())


def _verify(key: PublicKey, signature: bytes, data: bytes, digest: hashes.HashAlgorithm) -> None:
    if isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, data, ec.ECDSA(digest))
    elif isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, data, padding.PKCS1v15(), digest)


def _hash(algorithm: hashes.HashAlgorithm, data: bytes) -> bytes:
    digest = hashes.Hash(algorithm)
    digest.update(data)
    return digest.finalize()


def _key_bits(certificate: SignerCertificate) -> bytes:
    """The BIT STRING of the subject's public key, without its count of unused bits."""
    info = asn1.Reader(certificate.key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    fields = info.enter(asn1.SEQUENCE)
    fields.take(asn1.SEQUENCE)
    return fields.take(asn1.BIT_STRING)[1:]
