"""Makes XAdES baseline B-B signatures over the `Content` of a document.

SignedInfo and SignedProperties are written as text that is its own canonical form, so that only the content has to be
canonicalised; a document that is written here (`sign_fields`) is canonical from the start and is never parsed at all.
The signature is put into the serialised document as text: moving it there as a tree would let lxml rename prefixes that
are already signed.
"""

import binascii
import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final
from weakref import WeakKeyDictionary

from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from signing.algorithms import SignatureAlgorithm, algorithm_for, sign_bytes
from signing.errors import NotSignable, VerificationFailed
from signing.formats.xades.document import DECLARATION, SignedDocument, canonical, read_document, written_with
from signing.formats.xades.profile import CONTENT, CONTENT_ID, MAX_CERTIFICATES, MAX_SIGNATURES, SIGNATURES
from signing.formats.xades.templates import CERTIFICATE, SIGNATURE, SIGNED_INFO, SIGNED_PROPERTIES
from signing.model import Identity
from signing.parsing import MAX_BYTES, without_declaration
from signing.writing import Field, canonical_fields

_CONTENT_END: Final = f"</{CONTENT}>".encode()
MAX_CONTENT: Final = MAX_BYTES - 64 * 1024  # what is signed here must stay readable with its signature


def sign_xml(raw: bytes, *, identity: Identity, at: datetime) -> bytes:
    """Sign the `Content` of a document with XAdES baseline B-B and append the signature to `Signatures`.

    raw: a document of the shape that document.py draws, signed already or not; `Signatures` is added when it is absent.
    at: claimed signing time, not proof of time; aware, written in whole seconds.
    Returns the document in UTF-8, without comments around it; the content has the same canonical form as in `raw`.
    Raises NotSignable; KeyUnavailable if the algorithm policy does not let the key sign.
    Source: ETSI EN 319 132-1, 6.3 (level B-B).
    """
    document = _read(raw)
    return _insert(raw, document, _signature(canonical(document.content), identity, at))


def sign_fields(root: str, fields: Iterable[Field], *, namespace: str, identity: Identity, at: datetime) -> bytes:
    """A new document `root` whose `Content` holds `fields`, signed as `sign_xml` signs.

    root, namespace: constants of the caller's.
    Raises ValueError for what XML does not have; NotSignable (limit-exceeded); KeyUnavailable.
    """
    shell = _shell(root, namespace)
    inner = canonical_fields(fields).encode()
    content = b"".join((shell.content_tag, inner, _CONTENT_END))
    if len(content) > MAX_CONTENT:
        raise NotSignable("limit-exceeded", f"more than {MAX_CONTENT} bytes of content")
    return b"".join((shell.head, inner, shell.signatures, _signature(content, identity, at), shell.end))


@dataclass(frozen=True, kw_only=True)
class _Shell:
    """What stands around the fields and the signature of a document. content_tag: the start tag of Content as exclusive
    C14N writes it."""

    head: bytes
    content_tag: bytes
    signatures: bytes
    end: bytes


@lru_cache(maxsize=64)
def _shell(root: str, namespace: str) -> _Shell:
    empty = f'<{root} xmlns="{namespace}"><{CONTENT} Id="{CONTENT_ID}"></{CONTENT}></{root}>'.encode()
    return _Shell(
        head=DECLARATION + empty.partition(_CONTENT_END)[0],
        content_tag=canonical(_read(empty).content).partition(_CONTENT_END)[0],
        signatures=_CONTENT_END + f"<{SIGNATURES}>".encode(),
        end=f"</{SIGNATURES}></{root}>".encode(),
    )


def _read(raw: bytes) -> SignedDocument:
    try:
        document = read_document(raw, comments_around=True)
    except VerificationFailed as exc:
        raise NotSignable(exc.code, exc.detail) from exc
    if document.content.get("Id") != CONTENT_ID:
        raise NotSignable("reference-not-allowed", f'the content has no Id="{CONTENT_ID}"')
    if len(document.signatures) == MAX_SIGNATURES:
        raise NotSignable("limit-exceeded", f"more than {MAX_SIGNATURES} signatures")
    return document


@dataclass(frozen=True, kw_only=True)
class _Signer:
    """What is the same in every signature of one identity: its algorithm, and the templates with its gaps filled, in
    pieces between the gaps that are left."""

    algorithm: SignatureAlgorithm
    signed_properties: tuple[bytes, ...]
    signed_info: tuple[bytes, ...]
    signature: tuple[bytes, ...]


_signers: Final[WeakKeyDictionary[Identity, _Signer]] = WeakKeyDictionary()


def _signer(identity: Identity) -> _Signer:
    found = _signers.get(identity)
    if found is None:
        if len(identity.chain) >= MAX_CERTIFICATES:
            raise NotSignable("limit-exceeded", f"more than {MAX_CERTIFICATES} certificates in the chain")
        certificates = [each.public_bytes(Encoding.DER) for each in (identity.certificate, *identity.chain)]
        algorithm = algorithm_for(identity.key)
        encoded = b"".join(CERTIFICATE % _base64(der) for der in certificates)
        found = _signers[identity] = _Signer(
            algorithm=algorithm,
            signed_properties=_pieces(SIGNED_PROPERTIES.replace(b"%(certificate)s", _digest(certificates[0]))),
            signed_info=_pieces(SIGNED_INFO.replace(b"%(algorithm)s", algorithm.uri.encode("ascii"))),
            signature=_pieces(SIGNATURE.replace(b"%(certificates)s", encoded)),
        )
    return found


def _signature(content: bytes, identity: Identity, at: datetime) -> bytes:
    """The ds:Signature over the canonical bytes of the content."""
    if at.tzinfo is None:
        raise ValueError("`at` must be aware")
    signer = _signer(identity)
    mark = secrets.token_hex(8).encode("ascii")
    start, to_time, to_mark, end = signer.signed_properties
    properties = b"".join((start, mark, to_time, _text_in_utc(at.astimezone(UTC)), to_mark, mark, end))
    start, to_content, to_mark, to_properties, end = signer.signed_info
    signed_info = b"".join(
        (start, mark, to_content, _digest(content), to_mark, mark, to_properties, _digest(properties), end)
    )
    value = _base64(sign_bytes(signed_info, key=identity.key, algorithm=signer.algorithm))
    start, to_info, to_value, to_mark, to_properties, end = signer.signature
    return b"".join((start, mark, to_info, signed_info, to_value, value, to_mark, mark, to_properties, properties, end))


def _pieces(template: bytes) -> tuple[bytes, ...]:
    """A template cut at its gaps. Joining pieces is cheaper than finding the gaps again for each signature."""
    return tuple(re.split(rb"%\(\w+\)s", template))


@lru_cache(maxsize=64)
def _text_in_utc(at: datetime) -> bytes:
    """What is stated of one event is signed at one time."""
    return at.isoformat(timespec="seconds").replace("+00:00", "Z").encode("ascii")


def _insert(raw: bytes, document: SignedDocument, signature: bytes) -> bytes:
    """The document with the signature as last child of `Signatures`."""
    root, container = document.root, document.container
    if b"!" not in raw or b"<!" not in raw:
        # Without comments and CDATA the last end tag is that of the root, so the text can stay as it is.
        head, mark, end = without_declaration(raw).rpartition(b"</")
        if container is None:
            prefix = f"{root.prefix}:".encode() if root.prefix else b""
            added = b"<%sSignatures>%s</%sSignatures>" % (prefix, signature, prefix)
            return b"".join((DECLARATION, head, added, mark, end.rstrip()))
        if len(container) and root[-1] is container:  # then the end tag before that is its own
            head, inner_mark, inner_end = head.rpartition(b"</")
            return b"".join((DECLARATION, head, signature, inner_mark, inner_end, mark, end.rstrip()))
    if container is None:
        container = etree.SubElement(root, etree.QName(etree.QName(root).namespace, SIGNATURES))
    return written_with(root, [(container, signature)])


def _digest(data: bytes) -> bytes:
    return _base64(hashlib.sha256(data).digest())


def _base64(data: bytes) -> bytes:
    return binascii.b2a_base64(data, newline=False)
