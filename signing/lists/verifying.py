"""The signature of a trusted list: enveloped XAdES over the whole list, by a certificate that is known beforehand.

Only the canonical bytes that were signed are read afterwards. Whose certificate may sign is not asked of a path: the
list of lists names each operator's certificates, the Official Journal those of the list of lists.
Source: ETSI TS 119 612, 5.7.1 and annex B.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from cryptography.x509 import Certificate

from signing.algorithms import ALGORITHMS, AlgorithmPolicy
from signing.errors import refusal
from signing.formats.xades.document import SignedDocument, check_identifiers
from signing.formats.xades.profile import DS, Coverage
from signing.formats.xades.structure import read_elements
from signing.formats.xades.verifier import verify_value
from signing.model import fingerprint
from signing.parsing import NotXml, parse

MAX_LIST_BYTES: Final = 32 * 1024 * 1024

_SIGNATURE: Final = f"{{{DS}}}Signature"


def verify_list(
    raw: bytes, *, signers: Sequence[Certificate], at: datetime, algorithms: AlgorithmPolicy = ALGORITHMS
) -> tuple[bytes, Certificate]:
    """The canonical bytes of a list without its signature, and who signed it.

    signers: whose signature counts. at: when the list came; it is judged as of then.
    Raises VerificationFailed: list-unreadable, list-by-a-stranger, and the codes of signatures.
    """
    try:
        root = parse(raw, max_bytes=MAX_LIST_BYTES)
    except NotXml as exc:
        raise refusal("list-unreadable", exc.detail) from None
    check_identifiers(raw, root)
    found = list(root.iter(_SIGNATURE))
    if len(found) != 1 or found[0].getparent() is not root:
        raise refusal("list-unreadable", "not exactly one signature, as a child of the list")
    (element,) = found
    parts = read_elements(element)
    if parts.coverage is not Coverage.DOCUMENT_WITHOUT_THIS_SIGNATURE:
        raise refusal("list-unreadable", "the signature does not cover the whole list")
    document = SignedDocument(raw=raw, root=root, content=root, container=None, signatures=(element,))
    covered, signer, _ = verify_value(document, element, parts, algorithms, at=at)
    if fingerprint(signer.certificate) not in set(map(fingerprint, signers)):
        raise refusal("list-by-a-stranger", "the list is not signed by a certificate that may sign it")
    if not signer.valid_from <= at <= signer.valid_until:
        raise refusal("certificate-expired", "the certificate of the operator was not valid when the list came")
    return covered, signer.certificate
