"""The transforms of the profile: recognised to the last parameter, and done by fixed code.

No XPath, XSLT or filter of a document is ever run; an expression only has to be the one that is expected.
"""

import copy
import re
from collections.abc import Sequence
from typing import Final, assert_never

from lxml import etree

from signing.errors import refusal
from signing.formats.xades.document import SignedDocument, canonical
from signing.formats.xades.profile import (
    DS,
    ENVELOPED,
    EXCLUSIVE_C14N,
    FILTER2,
    XPATH,
    XPATH_FILTER2,
    Coverage,
    Transform,
)

_SUBTRACT: Final = re.compile(r"/descendant::([A-Za-z_][\w.-]*):Signature", re.ASCII)
_NOT_INSIDE: Final = re.compile(r"not\(\s*ancestor-or-self::([A-Za-z_][\w.-]*):Signature\s*\)", re.ASCII)
_FILTER: Final = f"{{{FILTER2}}}XPath"
_XPATH: Final = f"{{{DS}}}XPath"


def read_transform(step: etree._Element) -> Transform:
    """The transform that this element is, to the last parameter.

    Raises VerificationFailed (transform-not-allowed).
    """
    uri, parameters = step.get("Algorithm"), list(step)
    if not parameters:
        if uri == EXCLUSIVE_C14N:
            return Transform.EXCLUSIVE_C14N
        if uri == ENVELOPED:
            return Transform.ENVELOPED
    elif len(parameters) == 1:
        (parameter,) = parameters
        if uri == XPATH_FILTER2 and parameter.tag == _FILTER and parameter.get("Filter") == "subtract":
            if _names_signature(_SUBTRACT, parameter):
                return Transform.WITHOUT_SIGNATURES
        elif uri == XPATH and parameter.tag == _XPATH and _names_signature(_NOT_INSIDE, parameter):
            return Transform.NOT_IN_SIGNATURE
    raise refusal("transform-not-allowed", "a transform, or parameters of one, that is not in the profile")


def _names_signature(expression: re.Pattern[str], parameter: etree._Element) -> bool:
    found = expression.fullmatch((parameter.text or "").strip(" \t\r\n"))
    return found is not None and len(parameter) == 0 and parameter.nsmap.get(found[1]) == DS


def covered_bytes(document: SignedDocument, signature: etree._Element, coverage: Coverage) -> bytes:
    """The canonical bytes that the data reference of `signature` names, after its transforms."""
    match coverage:
        case Coverage.CONTENT:
            return canonical(document.content)
        case Coverage.DOCUMENT_WITHOUT_THIS_SIGNATURE:
            return canonical(_without(document, [signature]))
        case Coverage.DOCUMENT_WITHOUT_SIGNATURES:
            return canonical(_without(document, document.signatures))
        case _:
            assert_never(coverage)


def _without(document: SignedDocument, signatures: Sequence[etree._Element]) -> etree._Element:
    """A copy of the root without these signatures; the text around them stays."""
    places = [document.signatures.index(signature) for signature in signatures]
    root = copy.deepcopy(document.root)
    copies = list(root.iter(f"{{{DS}}}Signature"))
    for place in places:
        signature = copies[place]
        parent, previous = signature.getparent(), signature.getprevious()
        if parent is None:
            continue
        if previous is not None:
            previous.tail = (previous.tail or "") + (signature.tail or "")
        else:
            parent.text = (parent.text or "") + (signature.tail or "")
        parent.remove(signature)
    return root
