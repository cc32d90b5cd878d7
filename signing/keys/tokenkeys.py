"""Private keys that never leave their token, with the interface of `cryptography`'s own keys.

That interface is what everything in this package asks of a key, so whatever signs, seals or opens takes either. A key
in a file is still the library's own object: it costs nothing more because there are tokens.
Every method raises KeyUnavailable where the token cannot or does not answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, NoReturn, TypeVar

import pkcs11
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import NoDigestInfo, Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pkcs11 import KDF, MGF, Attribute, KeyType, Mechanism, exceptions
from pkcs11.types import DecryptMixin, DeriveMixin, SignMixin

from signing.errors import KeyUnavailable
from signing.keys.sessions import Login

T = TypeVar("T")
K = TypeVar("K")

_RSA_SIGNING: Final[Mapping[str, Mechanism]] = MappingProxyType(
    {
        "sha256": Mechanism.SHA256_RSA_PKCS,
        "sha384": Mechanism.SHA384_RSA_PKCS,
        "sha512": Mechanism.SHA512_RSA_PKCS,
    }
)
_OAEP: Final[Mapping[str, tuple[Mechanism, MGF]]] = MappingProxyType(
    {
        "sha1": (Mechanism.SHA_1, MGF.SHA1),
        "sha256": (Mechanism.SHA256, MGF.SHA256),
        "sha384": (Mechanism.SHA384, MGF.SHA384),
        "sha512": (Mechanism.SHA512, MGF.SHA512),
    }
)
# Modules differ in what they say of a ciphertext that does not open; SoftHSM says "general error".
_NOT_FOR_US: Final = (
    exceptions.DataInvalid,
    exceptions.EncryptedDataInvalid,
    exceptions.EncryptedDataLenRange,
    exceptions.FunctionFailed,
    exceptions.GeneralError,
)


@dataclass(frozen=True, kw_only=True)
class Handle:
    """How a private key is reached. asks_again: it wants the PIN at each signature, as cards for people do."""

    login: Login
    label: str | None
    id: bytes | None
    asks_again: bool

    def use(self, work: Callable[[pkcs11.PrivateKey], T]) -> T:
        """Do `work` with the key in a session of its token."""
        return self.login.run(lambda lent: work(lent.key(self.label, self.id)))

    def sign(self, data: bytes, mechanism: Mechanism) -> bytes:
        """A signature in the token's own form."""
        pin = {"pin": self.login.pin} if self.asks_again else {}
        return self.use(lambda key: _as(SignMixin, key).sign(data, mechanism=mechanism, **pin))


def _as(kind: type[K], key: pkcs11.PrivateKey) -> K:
    """The key, if its token lets it do that: python-pkcs11 leaves the method out otherwise."""
    if not isinstance(key, kind):
        raise KeyUnavailable("token-cannot", "the token does not let the key do this")
    return key


class TokenEllipticKey(ec.EllipticCurvePrivateKey):
    """A key on an elliptic curve. Signs by CKM_ECDSA over a digest made here: not every token digests too."""

    def __init__(self, handle: Handle, public: ec.EllipticCurvePublicKey) -> None:
        self._handle = handle
        self._public = public

    def public_key(self) -> ec.EllipticCurvePublicKey:
        return self._public

    @property
    def curve(self) -> ec.EllipticCurve:
        return self._public.curve

    @property
    def key_size(self) -> int:
        return self._public.curve.key_size

    def sign(self, data: Any, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:
        digest = signature_algorithm.algorithm
        random = isinstance(signature_algorithm, ec.ECDSA) and not signature_algorithm.deterministic_signing
        if not random or isinstance(digest, Prehashed):
            raise UnsupportedAlgorithm("a key in a token makes random ECDSA signatures over a digest of its own")
        value = self._handle.sign(hashlib.new(digest.name, data).digest(), Mechanism.ECDSA)
        half = (self.key_size + 7) // 8
        if len(value) != 2 * half:
            raise KeyUnavailable("token-unavailable", "the token made a signature of another size than the key has")
        return encode_dss_signature(int.from_bytes(value[:half], "big"), int.from_bytes(value[half:], "big"))

    def exchange(self, algorithm: ec.ECDH, peer_public_key: ec.EllipticCurvePublicKey) -> bytes:
        if peer_public_key.curve.name != self.curve.name:
            raise ValueError("the two keys are on different curves")
        # The point was checked to be on the curve when the key was read: nothing else may reach the token.
        point = peer_public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        size = (self.key_size + 7) // 8

        def work(key: pkcs11.PrivateKey) -> bytes:
            derived = _as(DeriveMixin, key).derive_key(
                KeyType.GENERIC_SECRET,
                8 * size,
                mechanism=Mechanism.ECDH1_DERIVE,
                mechanism_param=(KDF.NULL, None, point),
                template={Attribute.SENSITIVE: False, Attribute.EXTRACTABLE: True},
            )
            try:
                return bytes(derived[Attribute.VALUE])
            finally:
                derived.destroy()

        return self._handle.use(work)

    def private_numbers(self) -> NoReturn:
        raise _kept()

    def private_bytes(self, encoding: object, format: object, encryption_algorithm: object) -> NoReturn:
        raise _kept()

    def __copy__(self) -> TokenEllipticKey:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> TokenEllipticKey:
        return self


class TokenRsaKey(rsa.RSAPrivateKey):
    """An RSA key. Signs with PKCS#1 v1.5, opens OAEP."""

    def __init__(self, handle: Handle, public: rsa.RSAPublicKey) -> None:
        self._handle = handle
        self._public = public

    def public_key(self) -> rsa.RSAPublicKey:
        return self._public

    @property
    def key_size(self) -> int:
        return self._public.key_size

    def sign(
        self,
        data: bytes,
        padding: padding.AsymmetricPadding,
        algorithm: Prehashed | hashes.HashAlgorithm | NoDigestInfo,
    ) -> bytes:
        mechanism = _RSA_SIGNING.get(algorithm.name) if isinstance(algorithm, hashes.HashAlgorithm) else None
        if mechanism is None or padding.name != "EMSA-PKCS1-v1_5":
            raise UnsupportedAlgorithm("a key in a token signs with PKCS#1 v1.5 and SHA-2")
        return self._handle.sign(data, mechanism)

    def decrypt(self, ciphertext: bytes, padding: padding.AsymmetricPadding) -> bytes:
        parameters = _oaep_parameters(padding)

        def work(key: pkcs11.PrivateKey) -> bytes | None:
            try:
                opens = _as(DecryptMixin, key)
                return opens.decrypt(ciphertext, mechanism=Mechanism.RSA_PKCS_OAEP, mechanism_param=parameters)  # type: ignore[return-value]  # bytes for bytes
            except _NOT_FOR_US:
                return None

        opened = self._handle.use(work)
        if opened is None:
            raise ValueError("Decryption failed")  # as the library says it
        return opened

    def private_numbers(self) -> NoReturn:
        raise _kept()

    def private_bytes(self, encoding: object, format: object, encryption_algorithm: object) -> NoReturn:
        raise _kept()

    def __copy__(self) -> TokenRsaKey:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> TokenRsaKey:
        return self


def _oaep_parameters(scheme: padding.AsymmetricPadding) -> tuple[Mechanism, MGF, None]:
    same = isinstance(scheme, padding.OAEP) and padding.OAEP(
        mgf=padding.MGF1(scheme.algorithm), algorithm=scheme.algorithm, label=None
    )
    if not isinstance(scheme, padding.OAEP) or scheme != same or scheme.algorithm.name not in _OAEP:
        raise UnsupportedAlgorithm("a key in a token opens OAEP with one digest throughout and no label")
    return (*_OAEP[scheme.algorithm.name], None)


def _kept() -> KeyUnavailable:
    return KeyUnavailable("key-not-exportable", "the key stays in its token")
