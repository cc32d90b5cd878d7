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


def _declaration(version: bytes, encoding: bytes) -> bytes:
    """The pattern of an XML declaration with these patterns of its values."""
    values = ((b"version", version), (b"encoding", encoding), (b"standalone", b"(?:yes|no)"))
    first, *others = (
        b"[ \t\r\n]+%b[ \t\r\n]*=[ \t\r\n]*(?:\"%b\"|'%b')" % (name, value, value) for name, value in values
    )
    return rb"<\?xml" + first + b"".join(b"(?:%b)?" % other for other in others) + rb"[ \t\r\n]*\?>"


_ANY, _UTF_8 = b"[^\"']*", b"[uU][tT][fF]-?8"
# What stands before the root element of a form: a mark, (a declaration that we read), one comment without `<`.
_HEAD = re.compile(
    rb"(?:%b)?(?P<declaration>(?:%b)?)[ \t\n]*+(?:<!--[^-<]*+(?:-[^-<]++)*+-->)?+"
    % (_BOM, _declaration(rb"1\.0", _UTF_8))
)
_DECLARED = re.compile(rb"<\?xml\s")
_OF_ANY_ENCODING = re.compile(_declaration(_ANY, _ANY))
_OF_ANY_VERSION = re.compile(_declaration(_ANY, _UTF_8))
_DOCTYPE = re.compile(rb"!(?<=<!)[dD][oO][cC][tT][yY][pP][eE]")  # begins with what is rare, and so is found fast
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
    is_whole: whether nothing of the bytes was left out of the tree, no comment and no blank.
    """

    root: etree._Element
    raw: bytes
    is_whole: bool = False

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


def parse_untrusted(raw: bytes, *, limits: Limits = FORM_LIMITS, with_blanks: bool = False) -> ParsedDocument:
    """Parse bytes from outside.

    Comments are dropped, so that text is never cut in two; blanks between elements may be, unless they are wanted. A
    `<!DOCTYPE` or `<?` is refused also inside a comment or CDATA.
    Raises XmlRejected with one of XML-001 to XML-007, XML-009 to XML-011.
    """
    if len(raw) > limits.max_bytes:
        raise _rejected("XML-001", (("limit", str(limits.max_bytes // _KIB)),))
    if b"\0" in raw or not _is_utf8(raw):
        raise _rejected("XML-002")
    start, end, after = _head(raw)
    refused = _refused_declaration(raw, start) if start == end else None
    if refused is not None:
        raise _rejected(refused)
    # Text seldom has either of these, and one byte alone is found many times faster than two together.
    marked = raw.find(b"!", after) >= 0
    if marked and _DOCTYPE.search(raw, end):
        raise _rejected("XML-005")
    if raw.find(b"?", end) >= 0 and raw.find(b"<?", end) >= 0:
        raise _rejected("XML-006")
    # Blanks before a comment, a CDATA section or a carriage return may begin the text of an element, which libxml2
    # does not see. One comment in front of the root element does no harm.
    full = with_blanks or marked or b"\r" in raw
    root, line, column = _parse(raw, _PARSERS.full if full else _PARSERS.lean)
    if root is None:
        raise _rejected("XML-010", (("column", str(column)),) if column else (), line=line)
    if root.getroottree().docinfo.internalDTD is not None:
        raise _rejected("XML-007")
    if raw.count(b"=") > MAX_ATTRIBUTES and _TOO_MANY_ATTRIBUTES(root):
        raise _rejected("XML-011", (("limit", str(MAX_ATTRIBUTES)),))
    named = (b"X" in raw and _XSI_NAMESPACE in raw) or (b"&" in raw and _REFERENCE in raw)
    if named and _XSI_ATTRIBUTE(root):
        raise _rejected("XML-009")
    return ParsedDocument(root=root, raw=raw, is_whole=full and b"!" not in raw)


def _head(raw: bytes) -> tuple[int, int, int]:
    """Where the declaration begins, where it ends (the same if there is none that we read), where the head ends."""
    head = _HEAD.match(raw)
    return (*head.span("declaration"), head.end()) if head is not None else (0, 0, 0)


def _refused_declaration(raw: bytes, start: int) -> str | None:
    """What a document that does not begin with a declaration that we read is refused for.

    start: where the byte order mark ends, if there is one.
    """
    if raw.startswith(_BOM, start):
        return "XML-003"
    if _DECLARED.match(raw, start) is None:
        return None
    foreign = _OF_ANY_ENCODING.match(raw, start) is not None and _OF_ANY_VERSION.match(raw, start) is None
    return "XML-003" if foreign else "XML-004"


def _is_utf8(raw: bytes) -> bool:
    if raw.isascii():
        return True
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _parse(raw: bytes, parser: etree.XMLParser) -> tuple[etree._Element | None, int | None, int]:
    """The root element, or None with line and column of the fault.

    The parser's own error quotes the document, so nothing of it is kept, not even as context of our exception.
    """
    try:
        return etree.fromstring(raw, parser), None, 0
    except etree.XMLSyntaxError as exc:
        return None, exc.lineno or None, exc.offset or 0


def _rejected(code: str, params: tuple[tuple[str, str], ...] = (), *, line: int | None = None) -> XmlRejected:
    return XmlRejected(
        Finding(code=code, severity=Severity.ERROR, phase=Phase.PARSE, line=line, params=params),
    )
