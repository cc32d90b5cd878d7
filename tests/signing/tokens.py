"""Makes time stamps of any kind, also forbidden ones, with asn1crypto: written apart from signing/.

Everything is cryptographically right unless a test says otherwise, so that only the rule under test can refuse it.
"""

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate
from cryptography.x509.oid import ExtendedKeyUsageOID

from signing import Identity, issue
from tests.signing.pki import AT

POLICY = "2.999.3161"
Edit = Callable[[Any], None]


def _nothing(_: Any) -> None:
    pass


def forge_token(
    identity: Identity,
    data: bytes,
    *,
    stamped_at: datetime = AT,
    imprint: tuple[str, bytes] | None = None,
    policy: str = POLICY,
    digest: str = "sha256",
    edit_info: Edit = _nothing,
    edit_attributes: Edit = _nothing,
    edit_signer: Edit = _nothing,
    edit_signed_data: Edit = _nothing,
    certificates: Sequence[Certificate] | None = None,
    bound_to: Certificate | None = None,
    essv1: bool = False,
    content: Callable[[bytes], bytes] = lambda info: info,
) -> bytes:
    """A token over `data`. The edits change the structures before they are digested or signed.

    bound_to: whose digest the ESSCertIDv2 has, instead of the signer's. content: replaces the TSTInfo after signing.
    """
    name, value = imprint or ("sha256", hashlib.sha256(data).digest())
    info = tsp.TSTInfo(
        {
            "version": "v1",
            "policy": policy,
            "message_imprint": {"hash_algorithm": {"algorithm": name}, "hashed_message": value},
            "serial_number": 1,
            "gen_time": stamped_at,
        }
    )
    edit_info(info)
    raw = info.dump()
    bound = (bound_to or identity.certificate).public_bytes(Encoding.DER)
    attributes = [
        ("content_type", [cms.ContentType("tst_info")]),
        ("message_digest", [hashlib.new(digest, raw).digest()]),
    ]
    if essv1:
        ess = tsp.SigningCertificate({"certs": [tsp.ESSCertID({"cert_hash": hashlib.sha1(bound).digest()})]})
        attributes.append(("signing_certificate", [ess]))
    else:
        v2 = tsp.SigningCertificateV2({"certs": [tsp.ESSCertIDv2({"cert_hash": hashlib.sha256(bound).digest()})]})
        attributes.append(("signing_certificate_v2", [v2]))
    edit_attributes(attributes)
    signed = cms.CMSAttributes([cms.CMSAttribute({"type": kind, "values": values}) for kind, values in attributes])
    certificate = asn1_x509.Certificate.load(identity.certificate.public_bytes(Encoding.DER))
    signer = cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                {
                    "issuer_and_serial_number": cms.IssuerAndSerialNumber(
                        {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
                    )
                }
            ),
            "digest_algorithm": algos.DigestAlgorithm({"algorithm": digest}),
            "signed_attrs": signed,
            "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": _algorithm(identity, digest)}),
            "signature": _sign(identity, signed.dump(), digest),
        }
    )
    edit_signer(signer)
    shown = [identity.certificate, *identity.chain] if certificates is None else certificates
    signed_data = cms.SignedData(
        {
            "version": "v3",
            "digest_algorithms": [{"algorithm": digest}],
            "encap_content_info": {"content_type": "tst_info", "content": core.ParsableOctetString(content(raw))},
            "certificates": [asn1_x509.Certificate.load(each.public_bytes(Encoding.DER)) for each in shown],
            "signer_infos": [signer],
        }
    )
    edit_signed_data(signed_data)
    token: bytes = cms.ContentInfo({"content_type": "signed_data", "content": signed_data}).dump()
    return token


def _algorithm(identity: Identity, digest: str) -> str:
    return f"{digest}_rsa" if isinstance(identity.key, rsa.RSAPrivateKey) else f"{digest}_ecdsa"


def _sign(identity: Identity, data: bytes, digest: str) -> bytes:
    chosen = {"sha1": hashes.SHA1(), "sha256": hashes.SHA256(), "sha384": hashes.SHA384()}[digest]
    if isinstance(identity.key, rsa.RSAPrivateKey):
        return identity.key.sign(data, padding.PKCS1v15(), chosen)
    return identity.key.sign(data, ec.ECDSA(chosen))


def unit_with_usages(
    authority: Identity, usages: Sequence[x509.ObjectIdentifier], *, critical: bool, common_name: str = "Odd unit"
) -> Identity:
    """A time-stamping unit whose extended key usage is another than the rule has; none at all without usages."""
    plain = issue(authority, common_name, use="stamp", at=AT)
    old = plain.certificate
    builder = x509.CertificateBuilder(
        issuer_name=old.issuer,
        subject_name=old.subject,
        public_key=plain.key.public_key(),
        serial_number=old.serial_number,
        not_valid_before=old.not_valid_before_utc,
        not_valid_after=old.not_valid_after_utc,
    )
    for extension in old.extensions:
        if not isinstance(extension.value, x509.ExtendedKeyUsage):
            builder = builder.add_extension(extension.value, critical=extension.critical)
    if usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=critical)
    return Identity(plain.key, builder.sign(authority.key, hashes.SHA256()))


TIME_STAMPING = ExtendedKeyUsageOID.TIME_STAMPING
