"""A form as text for paper, in the language of its reader: where it goes, what it is, and every field with its name.

For the print station, which opens its copy on its own machine; the gateway itself never has the clear text by then.
What is printed is what was signed, without its signatures; the digest says of which document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from textwrap import wrap

from lxml import etree

from gateway.envelope import Consignment
from gateway.errors import Unreadable
from gateway.forms.fields import Field
from gateway.forms.kinds import CONTENT, FormKind
from gateway.forms.parsing import parse_untrusted

WIDTH = 88
_INDENT = "  "
_PARTS_OF_A_NAME = ("PersonName", "LegalPerson", "NaturalPerson", "Name")
_WORDS: Mapping[str, Mapping[str, str]] = {
    "to": {"en": "To", "nl": "Aan", "fr": "À", "de": "An"},
    "by": {
        "en": "By registered letter",
        "nl": "Aangetekend",
        "fr": "Par lettre recommandée",
        "de": "Per Einschreiben",
    },
    "law": {"en": "Legal basis", "nl": "Wettelijke grond", "fr": "Base légale", "de": "Rechtsgrundlage"},
    "copy": {"en": "Copy", "nl": "Kopie", "fr": "Copie", "de": "Kopie"},
    "document": {"en": "Document", "nl": "Document", "fr": "Document", "de": "Dokument"},
    "delivery": {"en": "Delivery", "nl": "Bezorging", "fr": "Livraison", "de": "Zustellung"},
    "accepted": {
        "en": "Accepted by the counter",
        "nl": "Aanvaard door het loket",
        "fr": "Accepté par le guichet",
        "de": "Vom Schalter angenommen",
    },
    "why": {
        "en": "You receive this form on paper because its electronic copy did not reach you. That copy stays ready for "
        "you. The document was signed electronically; this print carries its number and its digest.",
        "nl": "U ontvangt dit formulier op papier omdat de elektronische kopie u niet heeft bereikt. Die kopie blijft "
        "voor u klaarliggen. Het document werd elektronisch ondertekend; deze afdruk draagt het nummer en het "
        "controlegetal ervan.",
        "fr": "Vous recevez ce formulaire sur papier parce que sa copie électronique ne vous est pas parvenue. Cette "
        "copie reste à votre disposition. Le document a été signé électroniquement ; cette impression en porte le "
        "numéro et l'empreinte.",
        "de": "Sie erhalten dieses Formular auf Papier, weil seine elektronische Kopie Sie nicht erreicht hat. Diese "
        "Kopie bleibt für Sie bereit. Das Dokument wurde elektronisch unterschrieben; dieser Ausdruck trägt seine "
        "Nummer und seine Prüfsumme.",
    },
    "no-address": {
        "en": "(the form names no address of the recipient)",
        "nl": "(het formulier noemt geen adres van de bestemmeling)",
        "fr": "(le formulaire ne donne pas d'adresse du destinataire)",
        "de": "(das Formular nennt keine Anschrift des Empfängers)",
    },
}


def paper_text(form: bytes, note: Consignment, *, kind: FormKind, fields: Field, language: str) -> str:
    """The text to print of a form that was opened.

    fields: the tree of the kind's fields, with names and meanings in four languages.
    Raises Unreadable("not-this-kind") when the form is not one of `kind`; XmlRejected.
    """
    root = parse_untrusted(form).root
    content = next((child for child in root if etree.QName(child).localname == CONTENT), None)
    below = next((field for field in fields.children if field.name == CONTENT), None)
    if root.tag != kind.qname or content is None or below is None:
        raise Unreadable("not-this-kind", "the form is not of the kind that its consignment note names")
    said = {name: words[language] for name, words in _WORDS.items()}
    lines = [
        said["by"],
        "",
        f"{said['to']}:",
        *(f"{_INDENT * 2}{line}" for line in _address(content, note.role) or [said["no-address"]]),
        "",
        kind.title[language].upper(),
        f"{said['law']}: {note.article}",
        f"{said['copy']}: {note.copy}/{note.of}",
        f"{said['document']}: {note.document_id}",
        f"{_INDENT}{note.document_digest}",
        f"{said['delivery']}: {note.delivery_id}",
        f"{said['accepted']}: {note.accepted_at.isoformat(timespec='seconds')}",
        "",
        *wrap(said["why"], WIDTH),
        "",
        *_fields(content, below, language, 0),
    ]
    return "\n".join(lines) + "\n"


def _fields(node: etree._Element, field: Field, language: str, depth: int) -> Iterator[str]:
    """The children of a node, each with its name; of coded values their meaning beside the code."""
    known = {f"{{{child.namespace}}}{child.name}": child for child in field.children}
    for child in node:
        about = known.get(str(child.tag))
        if about is None:
            continue
        name = _name(about, language)
        if len(child):
            yield f"{_INDENT * depth}{name}"
            yield from _fields(child, about, language, depth + 1)
        else:
            yield from _leaf(name, (child.text or "").strip(), about, language, depth)


def _leaf(name: str, text: str, about: Field, language: str, depth: int) -> Iterator[str]:
    meaning = about.meanings.get(text, {}).get(language)
    said = f"{name}: {text} ({meaning})" if meaning else f"{name}: {text}"
    yield from wrap(
        said,
        WIDTH,
        initial_indent=_INDENT * depth,
        subsequent_indent=_INDENT * (depth + 2),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _name(field: Field, language: str) -> str:
    """What a field is called; the English documentation explains, so English takes the element's own name apart."""
    if language != "en" and language in field.documentation:
        return field.documentation[language]
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", field.name).capitalize()


def _address(content: etree._Element, role: str) -> list[str]:
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
    return [*named, street, " ".join(parts.values())]


def _texts(node: etree._Element, *, without: str) -> str:
    inner = [part for part in node.iter() if not any(etree.QName(up).localname == without for up in _up(part, node))]
    return " ".join(text for part in inner if (text := (part.text or "").strip()))


def _up(node: etree._Element, to: etree._Element) -> Iterator[etree._Element]:
    current: etree._Element | None = node
    while current is not None and current is not to:
        yield current
        current = current.getparent()
