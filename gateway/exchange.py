"""The three small signed documents that travel around a form: evidence, consignment, receipt.

All have the shape of a form: a root, one `Content` with Id="content", one `Signatures`. They are read from their
verified bytes only, and those bytes must be valid against schemas/exchange/1/*.xsd. This module lays out and reads
XML; what the documents say is decided in `evidence.py`, `envelope.py` and `receipt.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from lxml import etree

from gateway.errors import Unreadable
from gateway.libxml import OnePerThread
from signing import Field, Identity, TrustPolicy, VerifiedSignature, sign_fields, verify_xml

FOLDER = Path(__file__).parent.parent / "schemas" / "exchange" / "1"


class DocumentFormat:
    """One kind of exchange document."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.namespace = f"urn:sealpost:{root.lower()}:1"
        # With a prefix: a Content without a namespace must not come into this one.
        self._start, self._end = f'<own:{root} xmlns:own="{self.namespace}">'.encode(), f"</own:{root}>".encode()
        self._tools = OnePerThread(self._made)

    @cached_property
    def _source(self) -> bytes:
        return (FOLDER / f"{self.root.lower()}.xsd").read_bytes()

    def _made(self) -> tuple[etree.XMLParser, etree.XMLSchema]:
        """A thread's own parser, for which none waits, and schema: libxml2 mixes up the errors of a shared one."""
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
        return parser, etree.XMLSchema(etree.fromstring(self._source))

    def build(self, fields: Iterable[Field], *, identity: Identity, at: datetime) -> bytes:
        """The document of `fields`, signed by `identity`."""
        return sign_fields(self.root, fields, namespace=self.namespace, identity=identity, at=at)

    def read(self, raw: bytes, *, trust: TrustPolicy, at: datetime) -> tuple[Reader, VerifiedSignature]:
        """The verified content of a document and its one signature.

        Raises signing.VerificationFailed; Unreadable("not-a-<root>") when what was signed is another kind of document.
        """
        verified = verify_xml(raw, trust=trust, at=at)
        parser, schema = self._tools.get()
        root = etree.fromstring(b"".join((self._start, verified.content, self._end)), parser)
        content = root[0]
        if content.tag != f"{{{self.namespace}}}Content" or len(verified.signatures) != 1:
            raise Unreadable(
                f"not-a-{self.root.lower()}", f"the signed document is not one {self.root} with one signature"
            )
        if not schema.validate(root):
            raise Unreadable(f"not-a-{self.root.lower()}", f"the signed {self.root} does not follow its schema")
        return Reader(content, self.namespace), verified.signatures[0]


@dataclass(frozen=True)
class Reader:
    """Reads children of a verified Content by local name."""

    content: etree._Element
    namespace: str

    def text(self, name: str) -> str:
        """Text of a child that the schema demands."""
        found = self.optional(name)
        if found is None:
            raise Unreadable("field-missing", f"{name} is missing")
        return found

    def optional(self, name: str) -> str | None:
        """Text of a child as its schema reads it, without white space around it; or None."""
        text = self._texts.get(f"{{{self.namespace}}}{name}")
        return None if text is None else " ".join(text.split())

    @cached_property
    def _texts(self) -> dict[str, str]:
        """Of each child, of several with one name the first. Most of them are asked for, so they are read in one go."""
        return {str(child.tag): child.text or "" for child in reversed(self.content)}

    def instant(self, name: str) -> datetime:
        """Instant in a child that the schema demands. Raises Unreadable for one that only a schema can read (24:00)."""
        try:
            return datetime.fromisoformat(self.text(name))
        except ValueError:
            raise Unreadable("field-unreadable", f"{name} is not an instant") from None


EVIDENCE = DocumentFormat("Evidence")
CONSIGNMENT = DocumentFormat("Consignment")
RECEIPT = DocumentFormat("Receipt")
