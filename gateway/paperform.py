"""A copy that goes on paper, as a letter: a sheet with the recipient's address in front of the rendition of the form.

For the print station, which opens its copy on its own machine; the gateway itself never has the clear text by then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lxml import etree

from gateway.envelope import Consignment
from gateway.errors import Unreadable
from gateway.forms.catalogue import Catalogue
from gateway.forms.validation import Validator
from gateway.public_check import check_url
from gateway.rendition import Cover, render

_PARTS_OF_A_NAME = ("PersonName", "LegalPerson", "NaturalPerson", "Name")


def paper_letter(
    form: bytes, note: Consignment, *, catalogue: Catalogue, language: str, public_url: str | None = None
) -> bytes:
    """The PDF to print of a form that was opened.

    public_url: of the gateway, for the code that leads to the public check.
    Raises Unreadable("not-this-kind") when the form is not one of the kind that the note names; Rejected.
    """
    identified = Validator(catalogue).identify(form)
    kind = identified.kind
    if kind.id != note.kind:
        raise Unreadable("not-this-kind", "the form is not of the kind that its consignment note names")
    content = kind.content_of(identified.document.root)
    countries = catalogue.template(kind).listed["CountryCodeType"]
    law = catalogue.countries[kind.country]
    cited = [law.counterpart(identified.legal_profile, each) for each in kind.legal(note.article)]
    cover = Cover(
        address=() if content is None else tuple(_address(content, note.role, countries, language)),
        law=catalogue.acts.cite(cited, language),
        copy=f"{note.copy}/{note.of}",
        delivery_id=note.delivery_id,
        accepted_at=note.accepted_at,
    )
    address = None if public_url is None else check_url(public_url, note.submission_id, note.document_digest)
    return render(identified, catalogue=catalogue, language=language, check_url=address, cover=cover)


def _address(
    content: etree._Element, role: str, countries: Mapping[str, Mapping[str, str]], language: str
) -> list[str]:
    """Name and address of the recipient, as the form states them: it stands under an element named like its role."""
    holder = next((node for node in content.iter() if etree.QName(node).localname == role), None)
    if holder is None:
        return []
    address = next((node for node in holder if etree.QName(node).localname == "Address"), None)
    if address is None:
        return []
    names = (node for node in holder if etree.QName(node).localname in _PARTS_OF_A_NAME)
    named = [_texts(node, without="RegisteredOffice") for node in names]
    parts = {etree.QName(node).localname: (node.text or "").strip() for node in address}
    first = ("Street", "HouseNumber", "Box")
    street = " ".join(parts.pop(part) for part in first if part in parts)
    country = parts.pop("Country", "")
    abroad = [countries.get(country, {}).get(language, country)] if country else []
    return [*named, street, " ".join(parts.values()), *abroad]


def _texts(node: etree._Element, *, without: str) -> str:
    inner = [part for part in node.iter() if not any(etree.QName(up).localname == without for up in _up(part, node))]
    return " ".join(text for part in inner if (text := (part.text or "").strip()))


def _up(node: etree._Element, to: etree._Element) -> Iterator[etree._Element]:
    current: etree._Element | None = node
    while current is not None and current is not to:
        yield current
        current = current.getparent()
