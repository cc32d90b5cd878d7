"""Whom we believe: anchors and algorithms as frozen data, and the judgement of one certificate against them.

Paths are validated (paths.py) without any network: what is not in the document or in the policy does not exist.
Revocation is judged apart (revocation/).
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from datetime import time as clock_time
from functools import cached_property, partial
from threading import Lock
from typing import Final, TypeAlias

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate

from signing.algorithms import ALGORITHMS, AlgorithmPolicy
from signing.certificates import UNREADABLE, Purpose, SignerCertificate, issues_for, read_certificate
from signing.errors import KeyUnavailable, VerificationFailed, refusal
from signing.model import Identity, Path

VERDICT_LIFETIME: Final = timedelta(minutes=5)
MAX_VERDICTS: Final = 4096
MAX_ISSUERS: Final = 5
MAX_NAMESAKES: Final = 16  # that bear the name of an issuer: to tell which of them it is costs a verification each

_Question: TypeAlias = tuple[Purpose | None, tuple[bytes, ...]]
"""For what a path was looked for, from which certificate, over which others."""


class _Verdicts:
    """Certificates found trusted, for minutes: a path costs ten times a signature.

    Only good verdicts are kept, so nobody without a certificate of ours can push others out.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._until: OrderedDict[_Question, tuple[datetime, datetime, Path]] = OrderedDict()

    def find(self, key: _Question, at: datetime) -> Path | None:
        with self._lock:
            found = self._until.get(key)
            if found is None or not found[0] <= at < found[1]:
                return None
            self._until.move_to_end(key)
            return found[2]

    def keep(self, key: _Question, since: datetime, until: datetime, path: Path) -> None:
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
        return self.find_path(signer, others=others, at=at, purpose=Purpose.SIGNING)

    def find_path(
        self,
        signer: SignerCertificate,
        *,
        others: Sequence[SignerCertificate] = (),
        at: datetime,
        purpose: Purpose | None = None,
    ) -> Path:
        """A path from `signer` to an anchor, as of `at`; what the certificate itself is for is not asked.

        purpose: what every authority of the path must leave room for; None: whatever.
        Raises VerificationFailed: certificate-expired, certificate-untrusted, algorithm-not-allowed,
        certificate-not-for-signing (of an authority).
        """
        question = (purpose, (signer.der, *(other.der for other in others)))
        found = self._verdicts.find(question, at)
        if found is None:
            found = self._validate_path(signer, others, at, purpose)
            # Dates of algorithms begin at midnight (UTC): no verdict outlives the day on which it was given.
            midnight = datetime.combine(at.date() + timedelta(days=1), clock_time.min, tzinfo=at.tzinfo)
            ends = [each.until for each in self._dated_above([signer, *others], at) if each.until is not None]
            self._verdicts.keep(question, at, min([at + VERDICT_LIFETIME, midnight, found.until, *ends]), found)
        return found

    def path_of(self, identity: Identity, *, at: datetime) -> tuple[bytes, ...]:
        """The path from an identity's own certificate to an anchor, in DER. Raises VerificationFailed, as above."""
        own, *chain = (
            read_certificate(each.public_bytes(Encoding.DER)) for each in (identity.certificate, *identity.chain)
        )
        return self.find_path(own, others=chain, at=at).certificates

    def _validate_path(
        self, signer: SignerCertificate, others: Sequence[SignerCertificate], at: datetime, purpose: Purpose | None
    ) -> Path:
        from signing.paths import validate_path  # here: who only names anchors does not wait for its library

        line = _issuers(signer, others)
        anchors = [*self.anchors, *(each.certificate for each in self._dated_above([signer, *line], at))]
        if not anchors:
            raise refusal("certificate-untrusted", "no anchor is known that was in force at this time")
        validate = partial(validate_path, signer, algorithms=self.algorithms, at=at)
        fitting = [each for each in line if _leaves_room(each.certificate, purpose)]
        leading = [each for each in anchors if each == signer.certificate or _leaves_room(each, purpose)]
        try:
            return validate(fitting, anchors=leading)
        except VerificationFailed:
            if (fitting, leading) == (line, anchors):
                raise
        validate(line, anchors=anchors)
        raise refusal("certificate-not-for-signing", "an authority of the path is for other purposes only")


def trust_from_pem(data: bytes) -> TrustPolicy:
    """A policy whose anchors are the certificates in a PEM text.

    Raises KeyUnavailable (anchors-unreadable).
    """
    try:
        return TrustPolicy(anchors=tuple(x509.load_pem_x509_certificates(data)))
    except ValueError:
        raise KeyUnavailable("anchors-unreadable", "no certificate can be read from this PEM text") from None


def _issuers(signer: SignerCertificate, others: Sequence[SignerCertificate]) -> list[SignerCertificate]:
    """Those of `others` that issued `signer`, that issued these, and so on: a path is made of nothing else.

    Raises VerificationFailed (limit-exceeded): path building tries their permutations.
    """
    line = [signer]
    for below in line:  # grows while it is read
        named = [each for each in others if each not in line and _is_named(below, by=each)]
        if len(named) > MAX_NAMESAKES:
            raise refusal("limit-exceeded", f"more than {MAX_NAMESAKES} certificates with the name of one issuer")
        line += [each for each in named if _is_issued(below, by=each)]
        if len(line) > 1 + MAX_ISSUERS:
            raise refusal("limit-exceeded", f"more than {MAX_ISSUERS} certificates above one")
    return line[1:]


def _is_named(certificate: SignerCertificate, *, by: SignerCertificate) -> bool:
    try:
        return certificate.certificate.issuer == by.certificate.subject
    except ValueError:
        return False


def _is_issued(certificate: SignerCertificate, *, by: SignerCertificate) -> bool:
    try:
        certificate.certificate.verify_directly_issued_by(by.certificate)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _leaves_room(certificate: Certificate, purpose: Purpose | None) -> bool:
    try:
        return purpose is None or issues_for(certificate, purpose)
    except UNREADABLE:  # an anchor that leads nowhere
        return False


def _names(certificate: x509.Certificate) -> Sequence[bytes]:
    """The DER names of issuer and subject; none where they are damaged: no path leads through such a certificate."""
    try:
        return certificate.issuer.public_bytes(), certificate.subject.public_bytes()
    except ValueError:
        return ()
