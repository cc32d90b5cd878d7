"""Verification: what the signatures of a document prove, or why they do not. No network, no disk, no clock.

The steps, in order; each raises VerificationFailed:

1. the document has the signed shape (document.py): nothing unsigned, nothing twice, signatures where they may stand;
2. the signature has the structure of the profile (structure.py): whole lists of references and transforms;
3. the signer's certificate is the one whose digest the signer signed;
4. every digest of the references is right;
5. the signature value over SignedInfo is right; digests, algorithm and key count at that time;
6. the certificate may sign, is in force, and a path leads to an anchor (trust.py);
7. the content is cut out of the very bytes whose digest was right, and is the same for all signatures.
"""

import hmac
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from lxml import etree

from signing.algorithms import DIGESTS, AlgorithmPolicy, verify_bytes
from signing.certificates import SignerCertificate, read_certificate
from signing.errors import refusal
from signing.formats.xades.document import SignedDocument, canonical, read_document
from signing.formats.xades.profile import CONTENT_ID, Coverage
from signing.formats.xades.structure import Reference, SignatureParts, read_signature
from signing.formats.xades.transforms import covered_bytes
from signing.model import VerifiedSignature, VerifiedXml
from signing.trust import TrustPolicy

T = TypeVar("T")


def verify_xml(raw: bytes, *, trust: TrustPolicy, at: datetime) -> VerifiedXml:
    """Verify every signature of a document; all must pass.

    raw: a document of the shape that document.py draws, with at least one XAdES signature of the profile.
    at: as of when certificates and algorithms are judged; aware.
    Returns the canonical bytes of `Content`, cut from what was signed, and who signed. Read those bytes; `raw` may
    hold more than they do.
    Raises VerificationFailed(indication, subindication, code, detail); codes in errors.py.
    Source: ETSI EN 319 102-1 (basic validation), EN 319 132-1 (B-B), W3C XML Signature 1.1.
    """
    if at.tzinfo is None:
        raise ValueError("`at` must be aware")
    document = read_document(raw)
    content, signatures = judge_all(
        document, lambda element: verify_signature(document, element, read_signature(document, element), trust, at=at)
    )
    return VerifiedXml(content=content, signatures=signatures)


def judge_all(
    document: SignedDocument, judge: Callable[[etree._Element], tuple[bytes, T]]
) -> tuple[bytes, tuple[T, ...]]:
    """The content that all signatures cover, and what `judge` says of each beside the content that it covers.

    Raises VerificationFailed: no-signature, and what `judge` raises.
    """
    if not document.signatures:
        raise refusal("no-signature", "the document holds no signature")
    judged = [judge(element) for element in document.signatures]
    content = judged[0][0]
    if any(other != content for other, _ in judged[1:]):
        # The shape of the document does not let this happen; if it ever did, nobody could say which one counts.
        raise refusal("unsigned-content", "the signatures do not cover the same content")
    return content, tuple(said for _, said in judged)


def verify_signature(
    document: SignedDocument,
    element: etree._Element,
    parts: SignatureParts,
    trust: TrustPolicy,
    *,
    at: datetime,
    certificates: Sequence[bytes] = (),
) -> tuple[bytes, VerifiedSignature]:
    """Steps 3 to 7 for one signature: the content that it covers, and whose it is.

    certificates: in DER, from elsewhere than KeyInfo, of which the path may be made.
    Raises VerificationFailed.
    """
    if parts.coverage is Coverage.CONTENT:
        if element.getparent() is not document.container:
            raise refusal("misplaced-signature", "a signature over the content stands outside Signatures")
        if document.content.get("Id") != CONTENT_ID:
            raise refusal("reference-not-allowed", "what is signed is not the content in its place")
    covered, signer, others = verify_value(document, element, parts, trust.algorithms, at=at)
    path = trust.judge(signer, others=[*others, *map(read_certificate, certificates)], at=at)
    return _cut_content(covered, parts.coverage), VerifiedSignature(
        certificate=signer.certificate,
        subject=signer.subject,
        signing_time=parts.signing_time,
        algorithm=parts.algorithm.name,
        path=path.certificates,
    )


def verify_value(
    document: SignedDocument,
    element: etree._Element,
    parts: SignatureParts,
    algorithms: AlgorithmPolicy,
    *,
    at: datetime,
) -> tuple[bytes, SignerCertificate, Sequence[SignerCertificate]]:
    """Steps 3 to 5: the bytes that a signature covers, the certificate of its key, and the others beside that one.

    Who that is, and whether its signature counts, is not asked. Raises VerificationFailed.
    """
    references = [parts.data, parts.properties, *([parts.key] if parts.key else [])]
    digests = {parts.certificate_digest[0], *(reference.digest_name for reference in references)}
    if not all(algorithms.accepts_digest(name, at=at) for name in digests):
        raise refusal("algorithm-not-allowed", "a digest algorithm that does not count at this time")
    signer, others = _find_signer(parts)
    covered = covered_bytes(document, element, parts.coverage)
    _check_digest(covered, parts.data)
    _check_digest(parts.signed_properties, parts.properties)
    if parts.key is not None and parts.key_info is not None:
        _check_digest(parts.key_info, parts.key)
    verify_bytes(parts.value, parts.signed_info, key=signer.key, algorithm=parts.algorithm, policy=algorithms, at=at)
    return covered, signer, others


def _find_signer(parts: SignatureParts) -> tuple[SignerCertificate, Sequence[SignerCertificate]]:
    name, digest = parts.certificate_digest
    matching = [der for der in parts.certificates if hmac.compare_digest(DIGESTS[name](der).digest(), digest)]
    if len(set(matching)) != 1:
        raise refusal("certificate-not-bound", "no certificate in KeyInfo has the digest that the signer signed")
    others = dict.fromkeys(der for der in parts.certificates if der != matching[0])
    return read_certificate(matching[0]), [read_certificate(der) for der in others]


def _check_digest(covered: bytes, reference: Reference) -> None:
    if not hmac.compare_digest(DIGESTS[reference.digest_name](covered).digest(), reference.digest):
        raise refusal("digest-mismatch", "what is signed has changed since")


def _cut_content(covered: bytes, coverage: Coverage) -> bytes:
    """The canonical bytes of Content, out of the bytes that were signed and nothing else."""
    if coverage is Coverage.CONTENT:
        return covered
    return canonical(read_document(covered).content)
