"""Whom we believe: anchors and algorithms as frozen data, and the judgement of one certificate against them.

Paths are validated by pyhanko_certvalidator (RFC 5280) without any network: what is not in the document or in the
policy does not exist. Revocation is judged apart (revocation/).
"""

from collections import OrderedDict
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from datetime import time as clock_time
from functools import cached_property
from threading import Lock
from typing import Any, Final, TypeVar

from asn1crypto import algos as asn1_algorithms
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import (
    DisallowedAlgorithmError,
    ExpiredError,
    NotYetValidError,
    PathError,
    ValidationError,
)
from pyhanko_certvalidator.policy_decl import AlgorithmUsageConstraint, AlgorithmUsagePolicy

from signing.algorithms import ALGORITHMS, AlgorithmPolicy
from signing.certificates import SignerCertificate, read_certificate
from signing.errors import KeyUnavailable, refusal
from signing.model import Identity

VERDICT_LIFETIME: Final = timedelta(minutes=5)
MAX_VERDICTS: Final = 4096
MAX_ISSUERS: Final = 5

# What asn1crypto and the validator were seen to raise on odd certificates, beside their own errors.
_LIBRARY_FAULTS: Final = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    AssertionError,
    NotImplementedError,
    RecursionError,
)

# asn1crypto reads a certificate piece by piece when it is asked, which two threads must not do to one object at once: a
# good certificate was then found untrusted. A path is validated once in minutes, so nobody waits long.
_ONE_AT_A_TIME: Final = Lock()

_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class Path:
    """A valid path, as of one moment.

    certificates: DER, from the certificate that was judged up to the anchor.
    until: when the first of them, the anchor aside, expires.
    """

    certificates: tuple[bytes, ...]
    until: datetime


class _Verdicts:
    """Certificates found trusted, for minutes: a path costs ten times a signature.

    Only good verdicts are kept, so nobody without a certificate of ours can push others out.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._until: OrderedDict[tuple[bytes, ...], tuple[datetime, datetime, Path]] = OrderedDict()

    def find(self, key: tuple[bytes, ...], at: datetime) -> Path | None:
        with self._lock:
            found = self._until.get(key)
            if found is None or not found[0] <= at < found[1]:
                return None
            self._until.move_to_end(key)
            return found[2]

    def keep(self, key: tuple[bytes, ...], since: datetime, until: datetime, path: Path) -> None:
        with self._lock:
            self._until[key] = (since, until, path)
            self._until.move_to_end(key)
            if len(self._until) > MAX_VERDICTS:
                self._until.popitem(last=False)


@dataclass(frozen=True, kw_only=True)
class DatedAnchor:
    """An anchor from `since` until before `until`; None: no end is set. A path counts as of a moment in between."""

    certificate: Certificate
    since: datetime | None = None
    until: datetime | None = None

    def is_in_force(self, at: datetime) -> bool:
        """Whether it makes anybody count at that moment."""
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)


@dataclass(frozen=True)
class TrustPolicy:
    """The anchors that make a signer's certificate count, and the algorithms that do.

    dated: anchors that count for a time only, thousands of them where trusted lists are used.
    """

    anchors: tuple[Certificate, ...]
    algorithms: AlgorithmPolicy = ALGORITHMS
    dated: tuple[DatedAnchor, ...] = ()
    _verdicts: _Verdicts = field(default_factory=_Verdicts, init=False, repr=False, compare=False)

    @cached_property
    def _roots(self) -> list[asn1_x509.Certificate]:
        return [_asn1(anchor.public_bytes(Encoding.DER)) for anchor in self.anchors]

    @cached_property
    def _dated_by_name(self) -> dict[bytes, list[DatedAnchor]]:
        found: dict[bytes, list[DatedAnchor]] = {}
        for each in self.dated:
            found.setdefault(each.certificate.subject.public_bytes(), []).append(each)
        return found

    def _dated_above(self, line: Sequence[SignerCertificate], at: datetime) -> list[DatedAnchor]:
        """The dated anchors that can be the end of a path of these certificates: an issuer, or one of them itself."""
        if not self.dated:
            return []
        names = {name for each in line for name in _names(each.certificate)}
        found = (each for name in names for each in self._dated_by_name.get(name, ()))
        return [each for each in found if each.is_in_force(at)]

    def judge(self, signer: SignerCertificate, *, others: Sequence[SignerCertificate] = (), at: datetime) -> Path:
        """Check that `signer` may sign and that a path leads from it to an anchor, all as of `at`.

        others: further certificates of the document, of which the path may be made; not trusted themselves.
        Raises VerificationFailed: certificate-expired, certificate-not-for-signing, certificate-untrusted,
        algorithm-not-allowed.
        """
        if not signer.valid_from <= at <= signer.valid_until:
            raise refusal("certificate-expired", "the certificate of the signer is not valid at this time")
        if not signer.may_sign:
            raise refusal(
                "certificate-not-for-signing", "the certificate of the signer is not meant for signing content"
            )
        return self.find_path(signer, others=others, at=at)

    def find_path(self, signer: SignerCertificate, *, others: Sequence[SignerCertificate] = (), at: datetime) -> Path:
        """A path from `signer` to an anchor, as of `at`; what the certificate is for is not asked.

        Raises VerificationFailed: certificate-expired, certificate-untrusted, algorithm-not-allowed.
        """
        key = (signer.der, *(other.der for other in others))
        found = self._verdicts.find(key, at)
        if found is None:
            with _ONE_AT_A_TIME:
                found = self._validate_path(signer, others, at)
            # Dates of algorithms begin at midnight (UTC): no verdict outlives the day on which it was given.
            midnight = datetime.combine(at.date() + timedelta(days=1), clock_time.min, tzinfo=at.tzinfo)
            ends = [each.until for each in self._dated_above([signer, *others], at) if each.until is not None]
            self._verdicts.keep(key, at, min([at + VERDICT_LIFETIME, midnight, found.until, *ends]), found)
        return found

    def path_of(self, identity: Identity, *, at: datetime) -> tuple[bytes, ...]:
        """The path from an identity's own certificate to an anchor, in DER. Raises VerificationFailed, as above."""
        own, *chain = (
            read_certificate(each.public_bytes(Encoding.DER)) for each in (identity.certificate, *identity.chain)
        )
        return self.find_path(own, others=chain, at=at).certificates

    def _validate_path(self, signer: SignerCertificate, others: Sequence[SignerCertificate], at: datetime) -> Path:
        line = _issuers(signer, others)
        dated = self._dated_above([signer, *line], at)
        roots = [*self._roots, *(_asn1(each.certificate.public_bytes(Encoding.DER)) for each in dated)]
        if not roots:
            raise refusal("certificate-untrusted", "no anchor is known that was in force at this time")
        # The messages of the validator name the subject, so they stay here: `from None`.
        try:
            context = ValidationContext(
                trust_roots=roots,
                other_certs=[_asn1(other.der) for other in line],
                moment=at,
                allow_fetching=False,
                revocation_mode="soft-fail",
                time_tolerance=timedelta(0),
                algorithm_usage_policy=_PathAlgorithms(self.algorithms),
            )
            validator = CertificateValidator(_asn1(signer.der), validation_context=context)
            path = _finish(validator.async_validate_path())
            links = list(path.iter_certs(include_root=True))
            return Path(
                certificates=tuple(_der(link) for link in reversed(links)),
                until=min([signer.valid_until, *(link.not_valid_after for link in links[1:])]),
            )
        except DisallowedAlgorithmError:
            raise refusal(
                "algorithm-not-allowed",
                "a certificate of the path is signed with an algorithm or key that does not count",
            ) from None
        except (ExpiredError, NotYetValidError):
            raise refusal("certificate-expired", "a certificate of the path is not valid at this time") from None
        except (PathError, ValidationError):
            raise refusal(
                "certificate-untrusted", "no valid path leads from the signer to a configured anchor"
            ) from None
        except _LIBRARY_FAULTS:
            raise refusal("certificate-untrusted", "the path from the signer to an anchor cannot be read") from None


def trust_from_pem(data: bytes) -> TrustPolicy:
    """A policy whose anchors are the certificates in a PEM text.

    Raises KeyUnavailable (anchors-unreadable).
    """
    try:
        return TrustPolicy(anchors=tuple(x509.load_pem_x509_certificates(data)))
    except ValueError:
        raise KeyUnavailable("anchors-unreadable", "no certificate can be read from this PEM text") from None


class _PathAlgorithms(AlgorithmUsagePolicy):
    """Our algorithm table in the validator's words, for the signatures between certificates."""

    def __init__(self, policy: AlgorithmPolicy) -> None:
        self._policy = policy

    def digest_algorithm_allowed(
        self, algo: asn1_algorithms.DigestAlgorithm, moment: datetime | None
    ) -> AlgorithmUsageConstraint:
        allowed = moment is not None and self._policy.accepts_digest(algo["algorithm"].native, at=moment)
        return AlgorithmUsageConstraint(allowed=allowed)

    def signature_algorithm_allowed(
        self,
        algo: asn1_algorithms.SignedDigestAlgorithm,
        moment: datetime | None,
        public_key: asn1_keys.PublicKeyInfo | None,
    ) -> AlgorithmUsageConstraint:
        if moment is None or public_key is None:
            return AlgorithmUsageConstraint(allowed=False)
        kind = public_key.curve[1] if public_key.algorithm == "ec" else public_key.algorithm
        allowed = self._policy.accepts_key(kind, public_key.bit_size, at=moment) and self._policy.accepts_digest(
            algo.hash_algo, at=moment
        )
        return AlgorithmUsageConstraint(allowed=allowed)


def _issuers(signer: SignerCertificate, others: Sequence[SignerCertificate]) -> list[SignerCertificate]:
    """Those of `others` that issued `signer`, that issued these, and so on: a path is made of nothing else.

    Raises VerificationFailed (limit-exceeded): path building tries their permutations.
    """
    line = [signer]
    for below in line:  # grows while it is read
        line += [each for each in others if each not in line and _is_issued(below, by=each)]
        if len(line) > 1 + MAX_ISSUERS:
            raise refusal("limit-exceeded", f"more than {MAX_ISSUERS} certificates above one")
    return line[1:]


def _is_issued(certificate: SignerCertificate, *, by: SignerCertificate) -> bool:
    try:
        certificate.certificate.verify_directly_issued_by(by.certificate)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _asn1(der: bytes) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(der)  # type: ignore[no-any-return]  # untyped library


def _der(certificate: asn1_x509.Certificate) -> bytes:
    return certificate.dump()  # type: ignore[no-any-return]  # untyped library


def _names(certificate: x509.Certificate) -> Sequence[bytes]:
    """The DER names of issuer and subject; none where they are damaged: no path leads through such a certificate."""
    try:
        return certificate.issuer.public_bytes(), certificate.subject.public_bytes()
    except ValueError:
        return ()


def _finish(coroutine: Coroutine[Any, Any, _T]) -> _T:
    """The result of a coroutine that never waits: the validator is written for fetching, which is off.

    Works inside a running event loop too, where asyncio.run would not.
    """
    try:
        coroutine.send(None)
    except StopIteration as finished:
        result: _T = finished.value
        return result
    coroutine.close()
    raise refusal("certificate-untrusted", "path validation would have to wait for something")
