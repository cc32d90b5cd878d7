"""Writes CMS SignedData with one signer, in DER and in one pass: no library parses, copies or encodes it again."""

import hashlib
from collections.abc import Callable
from datetime import datetime

from cryptography.hazmat.primitives.serialization import Encoding

from signing import der
from signing.algorithms import DIGESTS, algorithm_for, sign_bytes
from signing.cms import names
from signing.cms.algorithms import digest_identifier, signature_identifier
from signing.model import Identity
from signing.recipients import issuer_and_serial


def content_info(kind: bytes, content: bytes) -> bytes:
    """ContentInfo around `content`. kind: its OBJECT IDENTIFIER, in DER."""
    return der.encode(der.SEQUENCE, kind, der.encode(der.context(0), content))


def build_signed_data(
    content: bytes,
    *,
    content_type: str,
    identity: Identity,
    with_certificates: bool = True,
    is_detached: bool = False,
    signing_time: datetime | None = None,
    stamp: Callable[[bytes], bytes] | None = None,
) -> bytes:
    """ContentInfo with SignedData over `content`, signed now by `identity`.

    is_detached: the content is signed but not inside. signing_time: what the signer claims; None: nothing.
    stamp: gives a time-stamp token over the signature value, which then stands among the unsigned attributes.
    Raises KeyUnavailable if the algorithm policy does not let the key sign; what `stamp` raises.
    """
    algorithm = algorithm_for(identity.key)
    digest = algorithm.digest.name
    own = identity.certificate.public_bytes(Encoding.DER)
    attributes = [
        _attribute(names.CONTENT_TYPE, der.oid(content_type)),
        _attribute(names.MESSAGE_DIGEST, der.encode(der.OCTET_STRING, DIGESTS[digest](content).digest())),
        _attribute(names.SIGNING_CERTIFICATE_V2, _signing_certificate(own)),
    ]
    if signing_time is not None:
        attributes.append(_attribute(names.SIGNING_TIME, der.utc_or_generalized_time(signing_time)))
    attributes.sort()
    value = sign_bytes(der.encode(der.SET, *attributes), key=identity.key, algorithm=algorithm, in_cms=True)
    token = b"" if stamp is None else der.encode(der.context(1), _attribute(names.SIGNATURE_TIME_STAMP, stamp(value)))
    encapsulated = b"" if is_detached else der.encode(der.context(0), der.encode(der.OCTET_STRING, content))
    certificates = sorted((own, *(each.public_bytes(Encoding.DER) for each in identity.chain)))
    digest_algorithm = digest_identifier(digest)
    signed_data = der.encode(
        der.SEQUENCE,
        der.integer(1 if content_type == names.DATA else 3),  # RFC 5652, 5.1
        der.encode(der.SET, digest_algorithm),
        der.encode(der.SEQUENCE, der.oid(content_type), encapsulated),
        der.encode(der.context(0), *certificates) if with_certificates else b"",
        der.encode(
            der.SET,
            der.encode(
                der.SEQUENCE,
                der.integer(1),
                issuer_and_serial(identity.certificate),
                digest_algorithm,
                der.encode(der.context(0), *attributes),
                signature_identifier(algorithm),
                der.encode(der.OCTET_STRING, value),
                token,
            ),
        ),
    )
    return content_info(der.oid(names.SIGNED_DATA), signed_data)


def _attribute(oid: str, value: bytes) -> bytes:
    return der.encode(der.SEQUENCE, der.oid(oid), der.encode(der.SET, value))


def _signing_certificate(certificate: bytes) -> bytes:
    """SigningCertificateV2 with one certificate by its SHA-256, which is the default and so not named."""
    digest = der.encode(der.OCTET_STRING, hashlib.sha256(certificate).digest())
    return der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, digest)))
