"""An issuer that tells what it revoked, for demonstrations and tests: an OCSP responder and lists, as bytes.

Its clock and its place in a network are the caller's. Of what it never revoked it says that it is good.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from signing.algorithms import algorithm_for
from signing.model import Identity

LIFETIME = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class RevocationAuthority:
    """identity: the issuer. responder: whom it appointed to answer; None: it answers itself.

    revoked: serial number -> when and why.
    """

    identity: Identity
    responder: Identity | None = None
    revoked: Mapping[int, tuple[datetime, x509.ReasonFlags]] = field(default_factory=dict)
    lifetime: timedelta = LIFETIME

    def answer(self, request: bytes, *, at: datetime) -> bytes:
        """The OCSP answer to a request about one certificate, both in DER. Source: RFC 6960, 4."""
        try:
            asked = ocsp.load_der_ocsp_request(request)
            serial_number, algorithm = asked.serial_number, asked.hash_algorithm
            names = asked.issuer_name_hash, asked.issuer_key_hash
        except (ValueError, NotImplementedError):
            refused = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.MALFORMED_REQUEST)
            return refused.public_bytes(Encoding.DER)
        revoked_at, reason = self.revoked.get(serial_number, (None, None))
        is_revoked = revoked_at is not None and revoked_at <= at
        signer = self.responder or self.identity
        builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
            *names,
            serial_number=serial_number,
            algorithm=algorithm,
            cert_status=ocsp.OCSPCertStatus.REVOKED if is_revoked else ocsp.OCSPCertStatus.GOOD,
            this_update=at,
            next_update=at + self.lifetime,
            revocation_time=revoked_at if is_revoked else None,
            revocation_reason=reason if is_revoked else None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, signer.certificate)
        if self.responder is not None:
            builder = builder.certificates([self.responder.certificate])
        digest = algorithm_for(signer.key).digest
        return builder.sign(signer.key, digest).public_bytes(Encoding.DER)

    def list_revoked(self, *, at: datetime) -> bytes:
        """The list of all that was revoked by `at`, in DER. Source: RFC 5280, 5."""
        builder = x509.CertificateRevocationListBuilder(
            issuer_name=self.identity.certificate.subject, last_update=at, next_update=at + self.lifetime
        )
        for serial_number, (revoked_at, reason) in self.revoked.items():
            if revoked_at <= at:
                entry = x509.RevokedCertificateBuilder(serial_number, revoked_at)
                builder = builder.add_revoked_certificate(
                    entry.add_extension(x509.CRLReason(reason), critical=False).build()
                )
        builder = builder.add_extension(x509.CRLNumber(int(at.timestamp())), critical=False)
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self.identity.key.public_key()), critical=False
        )
        digest = algorithm_for(self.identity.key).digest
        return builder.sign(self.identity.key, digest).public_bytes(Encoding.DER)  # type: ignore[arg-type]  # SHA-2
