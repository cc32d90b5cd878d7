"""The people of these tests, one day in March 2026, and the document that they sign."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from signing import Identity, TrustPolicy, issue, issue_authority
from signing.issuing import KeyKind

AT: Final = datetime(2026, 3, 5, 9, 0, tzinfo=UTC)
NS: Final = "urn:sealpost:be:example:1"

DOCUMENT: Final = (
    f'<f:ExampleForm xmlns:f="{NS}" xmlns:c="urn:sealpost:common:1">\n'
    '  <f:Content Id="content">\n'
    "    <f:Header><c:FormType>EXF</c:FormType></f:Header>\n"
    "    <f:Worker><c:NationalNumber>85073003328</c:NationalNumber></f:Worker>\n"
    "    <f:Decision>fit &amp; well</f:Decision>\n"
    "  </f:Content>\n"
    "</f:ExampleForm>\n"
).encode()

SIGNING_KEYS: Final[tuple[KeyKind, ...]] = ("p256", "p384", "rsa3072")
SEALING_KEYS: Final[tuple[KeyKind, ...]] = ("p256", "p384", "rsa2048", "rsa3072")


@dataclass(frozen=True, kw_only=True)
class People:
    """Made once: RSA keys are slow to find."""

    authority: Identity
    doctor: Identity
    signers: dict[KeyKind, Identity]
    rsa2048: Identity
    desks: dict[KeyKind, Identity]
    stranger: Identity

    @property
    def trust(self) -> TrustPolicy:
        """A fresh policy, with nothing remembered."""
        return TrustPolicy((self.authority.certificate,))


def make_people() -> People:
    authority = issue_authority("Example Authority", at=AT)
    signers = {
        kind: issue(authority, f"Signer {kind}", key=kind, serial_number="85073003328", at=AT) for kind in SIGNING_KEYS
    }
    return People(
        authority=authority,
        doctor=signers["p256"],
        signers=signers,
        rsa2048=issue(authority, "Old Card", key="rsa2048", at=AT),
        desks={kind: issue(authority, f"Desk {kind}", use="seal", key=kind, at=AT) for kind in SEALING_KEYS},
        stranger=issue(issue_authority("Example Authority", at=AT), "Signer p256", at=AT),
    )


def issue_authority_below(root: Identity, middle: Identity, *purposes: x509.ObjectIdentifier) -> Identity:
    """The authority `middle`, with a certificate that `root` issued for it, limited to these extended purposes if any
    are given."""
    old = middle.certificate
    builder = x509.CertificateBuilder(
        issuer_name=root.certificate.subject,
        subject_name=old.subject,
        public_key=middle.key.public_key(),
        serial_number=7,
        not_valid_before=old.not_valid_before_utc,
        not_valid_after=old.not_valid_after_utc,
    )
    for extension in (x509.BasicConstraints, x509.KeyUsage, x509.SubjectKeyIdentifier):
        found = old.extensions.get_extension_for_class(extension)
        builder = builder.add_extension(found.value, critical=found.critical)
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(root.key.public_key())
    certificate = builder.add_extension(issuer, critical=False).sign(root.key, hashes.SHA256())
    return Identity(middle.key, certificate)
