"""The one parser of untrusted XML in this package. What it lets through is read alike by every XML tool.

Refused before or while parsing: too many bytes, anything but UTF-8, DTDs (and so entities and default attributes),
processing instructions, floods of attributes or namespaces. Nothing is fetched.
"""

import re
import threading
from typing import Final

from lxml import etree

MAX_BYTES: Final = 1024 * 1024
MAX_ATTRIBUTES: Final = 256  # of one element: C14N sorts them in quadratic time (20 000 took 0.26 s)
MAX_NAMESPACES: Final = 4096  # declarations in the whole document

_BOM: Final = b"\xef\xbb\xbf"
_DECLARATION: Final = re.compile(
    rb"""<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(?:"1\.0"|'1\.0')"""
    rb"""(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*(?:"[Uu][Tt][Ff]-8"|'[Uu][Tt][Ff]-8'))?"""
    rb"""(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*(?:"(?:yes|no)"|'(?:yes|no)'))?[ \t\r\n]*\?>"""
)
# Also where they would mean nothing, in a comment or in CDATA: no need to parse to be sure.
_FORBIDDEN: Final = re.compile(rb"<(?:\?|!DOCTYPE)")
_FORBIDDEN_DETAILS: Final = {
    b"<!DOCTYPE": "a document type declaration is not allowed",
    b"<?": "a processing instruction, or an XML declaration other than version 1.0 in UTF-8",
}
_too_many_attributes: Final = etree.XPath(f"boolean(//*[@*[{MAX_ATTRIBUTES + 1}]])")
_parsers: Final = threading.local()  # libxml2's parser keeps state: one for each thread


class NotXml(Exception):
    """The bytes are refused; `code` is unreadable or limit-exceeded. Translated by whoever asked for the parse."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def parse(raw: bytes, *, max_bytes: int = MAX_BYTES, root: etree._Element | None = None) -> etree._Element:
    """The root element of an untrusted document. Comments are still there.

    root: what a parser with the settings of this one has made of `raw` already, leaving nothing out; it must be well
    formed UTF-8 then, and everything else is looked at as ever.
    Raises NotXml.
    """
    if len(raw) > max_bytes:
        raise NotXml("limit-exceeded", f"more than {max_bytes} bytes")
    body = raw.removeprefix(_BOM)
    declaration = _DECLARATION.match(body)
    start = declaration.end() if declaration else 0
    # Looking for one byte is a tenth of the search, and most documents have neither.
    if (body.find(b"!", start) >= 0 or body.find(b"?", start) >= 0) and (found := _FORBIDDEN.search(body, start)):
        raise NotXml("unreadable", _FORBIDDEN_DETAILS[found[0]])
    # Each attribute and each declaration of a namespace has its equals sign.
    equals = body.count(b"=")
    if equals > MAX_NAMESPACES and body.count(b"xmlns") > MAX_NAMESPACES:
        raise NotXml("limit-exceeded", f"more than {MAX_NAMESPACES} namespace declarations")
    if root is None:
        root = _parsed(body)
    if equals > MAX_ATTRIBUTES and _too_many_attributes(root):
        raise NotXml("limit-exceeded", f"more than {MAX_ATTRIBUTES} attributes on one element")
    return root


def _parsed(body: bytes) -> etree._Element:
    try:
        body.decode("utf-8", errors="strict")
        return etree.fromstring(body, _parser())
    except UnicodeDecodeError:
        raise NotXml("unreadable", "not UTF-8") from None
    except (etree.LxmlError, ValueError):
        # The message of libxml2 may repeat names or values of the document.
        raise NotXml("unreadable", "not well-formed XML") from None


def without_declaration(raw: bytes) -> bytes:
    """The document from its first element on, or from what stands before it; `raw` was parsed."""
    body = raw.removeprefix(_BOM)
    declaration = _DECLARATION.match(body)
    return (body[declaration.end() :] if declaration else body).lstrip()


def _parser() -> etree.XMLParser:
    parser: etree.XMLParser | None = getattr(_parsers, "parser", None)
    if parser is None:
        parser = _parsers.parser = etree.XMLParser(
            encoding="utf-8",
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            dtd_validation=False,
            attribute_defaults=False,
            huge_tree=False,
            recover=False,
        )
    return parser
