"""Making a key inside a token, asking an authority to certify it, and laying the certificate beside it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Final, Literal

import pkcs11
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate, Name
from pkcs11 import Attribute, CertificateType, KeyType, MechanismFlag, ObjectClass
from pkcs11.util.ec import encode_named_curve_parameters

from signing import der
from signing.errors import KeyUnavailable
from signing.keys.addresses import TokenAddress
from signing.keys.sessions import Lent, login
from signing.keys.tokenkeys import Handle, TokenEllipticKey, TokenRsaKey
from signing.keys.tokens import pin_of
from signing.model import PrivateKey, PublicKey

Purpose = Literal["sign", "open"]
TokenKeyKind = Literal["p256", "p384", "rsa3072"]

_CURVES: Final[dict[str, ec.EllipticCurve]] = {"p256": ec.SECP256R1(), "p384": ec.SECP384R1()}
_CERTIFICATES: Final[dict[Attribute, object]] = {Attribute.CLASS: ObjectClass.CERTIFICATE}
_CAPABILITIES: Final = {
    ("ec", "sign"): MechanismFlag.SIGN | MechanismFlag.VERIFY,
    ("ec", "open"): MechanismFlag.DERIVE,
    ("rsa", "sign"): MechanismFlag.SIGN | MechanismFlag.VERIFY,
    ("rsa", "open"): MechanismFlag.DECRYPT | MechanismFlag.ENCRYPT,
}


def make_token_key(
    address: TokenAddress, *, kind: TokenKeyKind, purpose: Purpose, pin: bytes | None = None
) -> PrivateKey:
    """A new key at `address`, which never leaves the token and does one thing only.

    address: names the key by `object`; an `id` is made up if it has none.
    Raises KeyUnavailable: key-exists, and as `load_identity` does.
    """
    label = address.label
    if label is None:
        raise KeyUnavailable("token-address", "a new key needs a name: object")
    id_ = address.id or secrets.token_bytes(8)
    logged_in = login(address, pin_of(address, pin))

    def work(lent: Lent) -> PublicKey:
        taken = {Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.LABEL: label}
        if lent.find(taken):
            raise KeyUnavailable("key-exists", "the token holds a key of that name already; nothing was changed")
        with lent.session.token.open(rw=True) as session:
            return _generate(session, kind, purpose, label, id_)

    public = logged_in.run(work)
    handle = Handle(login=logged_in, label=label, id=id_, asks_again=False)
    if isinstance(public, rsa.RSAPublicKey):
        return TokenRsaKey(handle, public)
    return TokenEllipticKey(handle, public)


def store_certificates(address: TokenAddress, certificates: Sequence[Certificate], *, pin: bytes | None = None) -> None:
    """Lay the certificate of the key at `address`, and those that lead on from it, into the token.

    certificates: the key's own first. Raises KeyUnavailable: key-missing, and as `load_identity` does.
    """

    def work(lent: Lent) -> None:
        id_ = bytes(lent.key(address.label, address.id)[Attribute.ID])
        held = {bytes(each[Attribute.VALUE]) for each in lent.find(_CERTIFICATES)}
        with lent.session.token.open(rw=True) as session:
            for position, certificate in enumerate(certificates):
                if certificate.public_bytes(Encoding.DER) not in held:
                    session.create_object(_certificate(certificate, id_ if position == 0 else b"", address.label or ""))

    login(address, pin_of(address, pin)).run(work)


def request_certificate(key: PrivateKey, name: Name) -> bytes:
    """What an authority wants to see before it certifies a key: a request in PEM, signed by the key (PKCS#10)."""
    digest = hashes.SHA384() if key.key_size == 384 else hashes.SHA256()
    return x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, digest).public_bytes(Encoding.PEM)


def _generate(session: pkcs11.Session, kind: TokenKeyKind, purpose: Purpose, label: str, id_: bytes) -> PublicKey:
    if kind == "rsa3072":
        made, _ = session.generate_keypair(
            KeyType.RSA, 3072, store=True, label=label, id=id_, capabilities=_CAPABILITIES["rsa", purpose]
        )
        numbers = (int.from_bytes(made[name], "big") for name in (Attribute.PUBLIC_EXPONENT, Attribute.MODULUS))
        return rsa.RSAPublicNumbers(*numbers).public_key()
    curve = _CURVES[kind]
    parameters = session.create_domain_parameters(
        KeyType.EC, {Attribute.EC_PARAMS: encode_named_curve_parameters(curve.name)}, local=True
    )
    made, _ = parameters.generate_keypair(store=True, label=label, id=id_, capabilities=_CAPABILITIES["ec", purpose])
    point = der.Reader(bytes(made[Attribute.EC_POINT])).take(der.OCTET_STRING)
    return ec.EllipticCurvePublicKey.from_encoded_point(curve, point)


def _certificate(certificate: Certificate, id_: bytes, label: str) -> dict[Attribute, object]:
    """Source: PKCS#11 2.40, 4.6.3."""
    return _CERTIFICATES | {
        Attribute.CERTIFICATE_TYPE: CertificateType.X_509,
        Attribute.TOKEN: True,
        Attribute.LABEL: label,
        Attribute.ID: id_,
        Attribute.SUBJECT: certificate.subject.public_bytes(),
        Attribute.ISSUER: certificate.issuer.public_bytes(),
        Attribute.SERIAL_NUMBER: der.integer(certificate.serial_number),
        Attribute.VALUE: certificate.public_bytes(Encoding.DER),
    }
