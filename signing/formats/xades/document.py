"""The shape of a signed document: where its content stands, where a signature may stand, and nothing else.

    root
      Content  Id="content"          one, in the namespace of the root
      Signatures                     at most one, in the namespace of the root
        ds:Signature ...             nothing else
      ds:Signature ...               also here, as common tools place it when they sign the whole document

Comments are refused: inside the root because whoever reads with another parser must not see another value, around it
because they would travel with the document and nobody signed them. Signing leaves out those around the root.
"""

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from lxml import etree

from signing.errors import refusal
from signing.formats.xades.profile import CONTENT, DS, MAX_SIGNATURES, SIGNATURES
from signing.parsing import NotXml, parse

DECLARATION: Final = b'<?xml version="1.0" encoding="UTF-8"?>\n'

_SIGNATURE: Final = f"{{{DS}}}Signature"
_comments: Final = etree.XPath("boolean(//comment())")
_comments_inside: Final = etree.XPath("boolean(/*//comment())")
_PERHAPS_IDENTIFIERS: Final = re.compile(rb"""=(?<=[Dd \t\r\n]=)(?:[ \t\r\n]*["']([A-Za-z0-9_.-]+)["'])?""")
_identifiers: Final = etree.XPath(
    "//*/@*[contains('|Id|ID|id|xml:id|', concat('|', name(), '|'))]", smart_strings=False
)


@dataclass(frozen=True, kw_only=True)
class SignedDocument:
    """A document of the signed shape, parsed from `raw`. Nothing is verified yet."""

    raw: bytes
    root: etree._Element
    content: etree._Element
    container: etree._Element | None
    signatures: tuple[etree._Element, ...]


def read_document(raw: bytes, *, comments_around: bool = False, root: etree._Element | None = None) -> SignedDocument:
    """Parse a document and check its shape.

    root: see `parse`, for what is parsed already.
    comments_around: let comments before and after the root pass, for the signer, who leaves them out.
    Raises VerificationFailed: unreadable, limit-exceeded, comment-not-allowed, repeated-id, unsigned-content,
    misplaced-signature.
    """
    try:
        root = parse(raw, root=root)
    except NotXml as exc:
        raise refusal(exc.code, exc.detail) from None
    may_comment = b"!" in raw
    if may_comment and _comments_inside(root):
        raise refusal("comment-not-allowed", "a comment inside the document element")
    check_identifiers(raw, root)
    document = _find_parts(raw, root)
    if may_comment and document.signatures and not comments_around and _comments(root):
        raise refusal("comment-not-allowed", "comments are not signed, so none may travel with the document")
    return document


def canonical(element: etree._Element) -> bytes:
    """The exclusive canonical form of an element, without comments.

    Raises VerificationFailed (unreadable), e.g. for relative namespace names.
    """
    try:
        return etree.tostring(element, method="c14n", exclusive=True, with_comments=False)
    except (etree.LxmlError, ValueError):
        raise refusal("unreadable", "the document has no canonical form") from None


def written_with(root: etree._Element, additions: Iterable[tuple[etree._Element, bytes]]) -> bytes:
    """The document as UTF-8 text, with each text as last child of its element.

    Text, not a tree: moving a signed tree would let lxml rename prefixes. It comes to stand where a comment is that
    occurs nowhere else; those comments stay in the tree.
    """
    texts: dict[bytes, bytes] = {}
    for parent, text in additions:
        mark = secrets.token_hex(16)
        parent.append(etree.Comment(mark))
        texts[f"<!--{mark}-->".encode("ascii")] = text
    serialised = etree.tostring(root, encoding="UTF-8", xml_declaration=False, with_tail=False)
    for comment, text in texts.items():
        serialised = serialised.replace(comment, text)
    return DECLARATION + serialised


def check_identifiers(raw: bytes, root: etree._Element) -> None:
    """Refuse a value that occurs twice, over every spelling that some tool takes for an identifier.

    raw: the text of which the parser made `root`.
    """
    # The tree need not be asked where everything that looks like an identifier in the text is plain and stands once:
    # without a DTD each attribute stands in the text by its name.
    perhaps = _PERHAPS_IDENTIFIERS.findall(raw)
    if b"" not in perhaps and len(set(perhaps)) == len(perhaps):
        return
    identifiers = [str(value).strip() for value in _identifiers(root)]
    if len(set(identifiers)) != len(identifiers):
        raise refusal("repeated-id", "the same identifier on two elements")


def _find_parts(raw: bytes, root: etree._Element) -> SignedDocument:
    namespace = str(root.tag).rpartition("}")[0]  # with its opening brace; empty without a namespace
    names = (CONTENT, SIGNATURES) if not namespace else (f"{namespace}}}{CONTENT}", f"{namespace}}}{SIGNATURES}")
    content_name, container_name = names
    contents: list[etree._Element] = []
    containers: list[etree._Element] = []
    signatures: list[etree._Element] = []
    children = list(root)
    for child in children:
        tag = child.tag
        if tag == content_name:
            contents.append(child)
        elif tag == container_name:
            containers.append(child)
            inside = list(child)
            signatures += inside
            _refuse_text(child, inside)
        elif tag == _SIGNATURE:
            signatures.append(child)
        else:
            raise refusal("unsigned-content", "an element beside Content and Signatures")
    _refuse_text(root, children)
    if len(contents) != 1 or len(containers) > 1:
        raise refusal("unsigned-content", "not exactly one Content and at most one Signatures")
    if {_SIGNATURE}.union([element.tag for element in signatures]) != {_SIGNATURE}:
        raise refusal("unsigned-content", "something other than a signature in Signatures")
    if len(signatures) > MAX_SIGNATURES:
        raise refusal("limit-exceeded", f"more than {MAX_SIGNATURES} signatures")
    if len(signatures) != len(list(root.iter(_SIGNATURE))):
        raise refusal("misplaced-signature", "a signature where none may stand")
    container = containers[0] if containers else None
    return SignedDocument(raw=raw, root=root, content=contents[0], container=container, signatures=tuple(signatures))


def _refuse_text(parent: etree._Element, children: Iterable[etree._Element]) -> None:
    if "".join(filter(None, (parent.text, *[child.tail for child in children]))).strip(" \t\r\n"):
        raise refusal("unsigned-content", "text beside the elements that can be signed")
