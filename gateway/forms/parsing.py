"""The one way in which bytes from outside become a tree.

`parse_untrusted` refuses whatever could make two readers see different documents (DOCTYPE, entities, other encodings,
processing instructions, `xsi:*`) or make one reader work too long. The checks on the bytes come before the parser,
because the parser understands more than we want (UTF-7 would hide a DOCTYPE). Whether the root is a form of ours is
judged by the caller.
`collect_ids` stays at its default and no schema is given to the parser: with lxml 6 the first would open external DTDs
and the second crashes the process.
"""

from __future__ import annotations

import codecs
import hashlib
import re
import threading
from dataclasses import dataclass
from functools import cached_property

from lxml import etree

from gateway.forms.findings import Finding, Phase, Severity, XmlRejected

_KIB = 1024
_BOM = codecs.BOM_UTF8
_DECLARATION = re.compile(
    rb"<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(?P<q>[\"'])(?P<version>[^\"']*)(?P=q)"
    rb"(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*(?P<r>[\"'])(?P<encoding>[^\"']*)(?P=r))?"
    rb"(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*(?:\"(?:yes|no)\"|'(?:yes|no)'))?"
    rb"[ \t\r\n]*\?>"
)
_DOCTYPE = re.compile(rb"<![dD][oO][cC][tT][yY][pP][eE]")
# No document has a namespace without its name standing in it, unless parts of the name are character references.
_XSI_NAMESPACE, _REFERENCE = b"XMLSchema-instance", b"&#"
_XSI_ATTRIBUTE = etree.XPath(
    "boolean(/descendant::*/@xsi:*)", namespaces={"xsi": "http://www.w3.org/2001/XMLSchema-instance"}, regexp=False
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """How much is read. Depth (256) and length of one text (10 MB) are limits of libxml2 itself."""

    max_bytes: int


FORM_LIMITS = Limits(max_bytes=256 * _KIB)
ABSOLUTE_LIMITS = Limits(max_bytes=1024 * _KIB)


@dataclass(frozen=True, kw_only=True, repr=False)
class ParsedDocument:
    """A well-formed document: its tree and the bytes it came from.

    Signatures are judged on `raw`, never on a tree written out again. Not shown by repr: it holds what the document
    holds.
    """

    root: etree._Element
    raw: bytes

    @cached_property
    def sha256(self) -> str:
        """The digest of the bytes, `sha256:<hex>`."""
        return digest_of(self.raw)


# Our forms have two at most; for each one too many libxml2 writes a line of its log, however many there are.
MAX_ATTRIBUTES = 100
_TOO_MANY_ATTRIBUTES = etree.XPath(f"boolean(/descendant::*[@*[{MAX_ATTRIBUTES + 1}]])", regexp=False)


def digest_of(raw: bytes) -> str:
    """SHA-256 of bytes as reports name it, `sha256:<hex>`."""
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"


class _Parsers(threading.local):
    """Parsers for each thread: shared ones are safe but make threads wait for each other.

    lean: leaves out blanks between elements, half of the nodes of most documents.
    """

    def __init__(self) -> None:
        self.full, self.lean = _parser(remove_blank_text=False), _parser(remove_blank_text=True)


def _is_plain(raw: bytes) -> bool:
    """Whether blanks between elements can be told from others, if the document is well-formed.

    Blanks before a comment, a CDATA section or a carriage return may begin the text of an element, which libxml2 does
    not see. One comment in front of the root element does no harm.
    """
    if b"\r" in raw:
        return False
    last = raw.rfind(b"!")
    if last < 0:
        return True
    comment = raw.find(b"<!--")
    return (
        raw.find(b"!") == comment + 1
        and last < raw.find(b"-->", comment)
        and raw.count(b"<", 0, comment) == raw.startswith((b"<?", _BOM + b"<?"))
    )


def _parser(*, remove_blank_text: bool) -> etree.XMLParser:
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        recover=False,
        remove_comments=True,
        remove_pis=True,
        remove_blank_text=remove_blank_text,
    )


_PARSERS = _Parsers()


def parse_untrusted(raw: bytes, *, limits: Limits = FORM_LIMITS) -> ParsedDocument:
    """Parse bytes from outside.

    Comments are dropped, so that text is never cut in two; blanks between elements may be. A `<!DOCTYPE` or `<?` is
    refused also inside a comment or CDATA.
    Raises XmlRejected with one of XML-001 to XML-007, XML-009 to XML-011.
    """
    code = _refused_bytes(raw, limits)
    if code is not None:
        raise _rejected(code, (("limit", str(limits.max_bytes // _KIB)),) if code == "XML-001" else ())
    root, line, column = _parse(raw)
    if root is None:
        raise _rejected("XML-010", (("column", str(column)),) if column else (), line=line)
    document = root.getroottree()
    if document.docinfo.internalDTD is not None:
        raise _rejected("XML-007")
    if raw.count(b"=") > MAX_ATTRIBUTES and _TOO_MANY_ATTRIBUTES(document):
        raise _rejected("XML-011", (("limit", str(MAX_ATTRIBUTES)),))
    if (_XSI_NAMESPACE in raw or (b"&" in raw and _REFERENCE in raw)) and _XSI_ATTRIBUTE(document):
        raise _rejected("XML-009")
    return ParsedDocument(root=root, raw=raw)


def _refused_bytes(raw: bytes, limits: Limits) -> str | None:
    """What the bytes alone are refused for, in the order of the parse contract."""
    if len(raw) > limits.max_bytes:
        return "XML-001"
    if b"\0" in raw or not _is_utf8(raw):
        return "XML-002"
    body = raw.removeprefix(_BOM)
    if body.startswith(_BOM):
        return "XML-003"
    declaration = None
    if body.startswith(b"<?xml") and body[5:6].isspace():
        declaration = _DECLARATION.match(body)
        if declaration is None:
            return "XML-004"
        if (declaration["encoding"] or b"utf-8").lower() not in (b"utf-8", b"utf8"):
            return "XML-003"
        if declaration["version"] != b"1.0":
            return "XML-004"
    start = declaration.end() if declaration else 0
    # One byte alone is found fifty times faster than two together, and text seldom has either of these.
    first, last = body.find(b"!", start), body.rfind(b"!")
    if first >= 0 and _DOCTYPE.search(body, first - 1, last + len(b"!DOCTYPE")):
        return "XML-005"
    return "XML-006" if body.find(b"?", start) >= 0 and body.find(b"<?", start) >= 0 else None


def _is_utf8(raw: bytes) -> bool:
    if raw.isascii():
        return True
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _parse(raw: bytes) -> tuple[etree._Element | None, int | None, int]:
    """The root element, or None with line and column of the fault.

    The parser's own error quotes the document, so nothing of it is kept, not even as context of our exception.
    """
    try:
        return etree.fromstring(raw, _PARSERS.lean if _is_plain(raw) else _PARSERS.full), None, 0
    except etree.XMLSyntaxError as exc:
        return None, exc.lineno or None, exc.offset or 0


def _rejected(code: str, params: tuple[tuple[str, str], ...] = (), *, line: int | None = None) -> XmlRejected:
    return XmlRejected(
        Finding(code=code, severity=Severity.ERROR, phase=Phase.PARSE, line=line, params=params),
    )
