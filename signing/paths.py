"""Whether a path leads from a certificate to an anchor (RFC 5280), by pyhanko_certvalidator and without any network.

Only who validates a path waits for that library, which takes as long to load as all else together.
"""

from collections.abc import Coroutine, Sequence
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Final, TypeVar

from asn1crypto import algos as asn1_algorithms
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.authority import CertTrustAnchor, TrustQualifiers
from pyhanko_certvalidator.errors import (
    DisallowedAlgorithmError,
    ExpiredError,
    NotYetValidError,
    PathError,
    ValidationError,
)
from pyhanko_certvalidator.name_trees import PKIXSubtrees, process_general_subtrees
from pyhanko_certvalidator.policy_decl import AlgorithmUsageConstraint, AlgorithmUsagePolicy, PKIXValidationParams

from signing.algorithms import AlgorithmPolicy
from signing.certificates import UNREADABLE, SignerCertificate, may_issue
from signing.errors import refusal
from signing.model import Path, remembered

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


def validate_path(
    signer: SignerCertificate,
    others: Sequence[SignerCertificate],
    *,
    anchors: Sequence[Certificate],
    algorithms: AlgorithmPolicy,
    at: datetime,
) -> Path:
    """The path from `signer` over `others` to one of `anchors`, as of `at`.

    An anchor that is no authority's leads to itself alone: who was registered with a certificate makes no others. What
    the certificate of an authority says of the length of paths and of names binds it as an anchor too (RFC 5937, 3.2).
    Raises VerificationFailed: certificate-expired, certificate-untrusted, algorithm-not-allowed.
    """
    # The messages of the validator name the subject, so they stay here: `from None`.
    try:
        with _ONE_AT_A_TIME:
            context = ValidationContext(
                trust_roots=[_anchor(each) for each in anchors if _may_lead(each, signer)],
                other_certs=[_asn1(other.der) for other in others],
                moment=at,
                allow_fetching=False,
                revocation_mode="soft-fail",
                time_tolerance=timedelta(0),
                algorithm_usage_policy=_PathAlgorithms(algorithms),
            )
            validator = CertificateValidator(_asn1(signer.der), validation_context=context)
            path = _finish(validator.async_validate_path())
            links = list(path.iter_certs(include_root=True))
            if links[-1].dump() != signer.der:
                raise refusal("certificate-untrusted", "the name and the key of an anchor, but not its certificate")
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
        raise refusal("certificate-untrusted", "no valid path leads from the signer to a configured anchor") from None
    except _LIBRARY_FAULTS:
        raise refusal("certificate-untrusted", "the path from the signer to an anchor cannot be read") from None


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


def _may_lead(anchor: Certificate, signer: SignerCertificate) -> bool:
    return _may_issue(anchor) or anchor == signer.certificate


@remembered
def _may_issue(anchor: Certificate) -> bool:
    try:
        return may_issue(anchor)
    except UNREADABLE:
        return False


@remembered
def _anchor(certificate: Certificate) -> CertTrustAnchor:
    cert = _asn1(certificate.public_bytes(Encoding.DER))
    names = cert.name_constraints_value
    bounds = None
    if names is not None:
        bounds = PKIXValidationParams(
            initial_permitted_subtrees=_subtrees(names["permitted_subtrees"]),
            initial_excluded_subtrees=_subtrees(names["excluded_subtrees"]),
        )
    longest = cert.max_path_length
    return CertTrustAnchor(
        cert, TrustQualifiers(max_path_length=longest, max_aa_path_length=longest, standard_parameters=bounds)
    )


def _subtrees(stated: Any) -> PKIXSubtrees | None:
    return process_general_subtrees(stated) if isinstance(stated, asn1_x509.GeneralSubtrees) else None


def _asn1(der: bytes) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(der)  # type: ignore[no-any-return]  # untyped library


def _der(certificate: asn1_x509.Certificate) -> bytes:
    return certificate.dump()  # type: ignore[no-any-return]  # untyped library


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
