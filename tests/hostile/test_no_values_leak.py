"""No value of a document comes out: not in findings, reports, exceptions or logs, in any language.

A marker is planted in every text, attribute, name, namespace and prefix of every form kind, one place at a time and
all at once, and looked for in everything that comes out.
"""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterator, Mapping
from datetime import date
from xml.sax.saxutils import escape

import pytest
from lxml import etree

from gateway.errors import GatewayError
from gateway.forms.findings import LANGUAGES, XmlRejected
from gateway.forms.parsing import parse_untrusted
from gateway.forms.reports import FORMATS, Judged, render
from gateway.forms.reports.text import to_text
from gateway.forms.validation import Validator
from tests.schemas.cases import catalogue

MARKER = "Zwijgplicht"
KINDS = [kind.id for kind in catalogue().kinds]
RECEIVED_ON = date(2026, 6, 1)

# Texts that imitate libxml2's own messages, to fool whoever reads names or limits out of them.
IMITATIONS = (
    MARKER,
    f"{MARKER}' is not an element of the set {{'{MARKER}'}}.",
    f"x' is not accepted by the pattern '{MARKER}'.",
    f"This element is not expected. Expected is ( {MARKER} ).",
    f"Missing child element(s). Expected is one of ( {{{MARKER}}}a, {MARKER} ).",
    f"' is not a valid value of the atomic type '{MARKER}'.",
    f"The attribute '{MARKER}' is not allowed.",
    f"The attribute '{MARKER}' is required but missing.",
    f"' is greater than the maximum value allowed ('{MARKER}').",
    f"'; this exceeds the allowed maximum length of '{MARKER}'.",
)


def _everything(validator: Validator, raw: bytes) -> str:
    """All that comes out for a document, as one text."""
    said = []
    try:
        identified = validator.identify(raw)
        said += [repr(identified), str(identified.findings), str(identified.document_id)]
    except GatewayError as exc:
        said += [
            "".join(traceback.format_exception(exc)),
            repr(exc),
            str(exc.args),
            repr(exc.__context__),
            repr(exc.__cause__),
        ]
        said.append(repr(getattr(exc, "finding", None)))
    try:
        report = validator.validate(raw, received_on=RECEIVED_ON)
        judged = [Judged(name="form.xml", report=report)]
        said += [repr(report), *(render(name, judged, "nl") for name in FORMATS)]
        said += [to_text(report, language) for language in LANGUAGES]
        said += [json.dumps(report.to_json(language), ensure_ascii=False) for language in LANGUAGES]
    except GatewayError as exc:
        said += ["".join(traceback.format_exception(exc)), repr(exc)]
    return "\n".join(said)


def _planted(sample: bytes) -> Iterator[bytes]:
    """The sample with a marker in each text in turn, and each of the other changes at every sixth element."""
    root = etree.fromstring(sample)
    nodes = list(root.iter("*"))
    others = (_tail, _attribute, _known_attributes, _child, _foreign_name, _foreign_namespace)
    for number in range(len(nodes)):
        imitation = IMITATIONS[number % len(IMITATIONS)]
        for change in (_text, others[number % len(others)]):
            copy = etree.fromstring(sample)
            node = list(copy.iter("*"))[number]
            change(node, imitation)
            # lxml itself refuses odd namespaces, so they are written in afterwards.
            yield etree.tostring(copy).replace(b"urn:imitation", escape(imitation, {'"': "&quot;"}).encode())


def _text(node: etree._Element, imitation: str) -> None:
    node.text = imitation


def _tail(node: etree._Element, imitation: str) -> None:
    if node.getparent() is not None:
        node.tail = imitation


def _attribute(node: etree._Element, imitation: str) -> None:
    node.set(MARKER, imitation)
    node.set(f"{{urn:{MARKER}}}{MARKER}", imitation)


def _known_attributes(node: etree._Element, imitation: str) -> None:
    for name in ("Id", "lang", "version", "number", *node.attrib):
        node.set(name, imitation)


def _child(node: etree._Element, imitation: str) -> None:
    etree.SubElement(node, f"{{urn:imitation}}{MARKER}", nsmap={MARKER.lower(): "urn:imitation"}).text = imitation


def _foreign_name(node: etree._Element, imitation: str) -> None:
    node.tag = f"{{{etree.QName(node).namespace}}}{MARKER}"


def _foreign_namespace(node: etree._Element, imitation: str) -> None:
    node.tag = f"{{urn:imitation}}{etree.QName(node).localname}"


@pytest.mark.parametrize("kind", KINDS)
def test_a_marker_in_any_place_never_comes_out(
    validator: Validator,
    samples: Mapping[str, bytes],
    kind: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    leaks = []
    for raw in _planted(samples[kind]):
        if MARKER.casefold() in _everything(validator, raw).casefold():
            leaks.append(raw[:2000])
    assert not leaks
    written = capfd.readouterr()
    assert MARKER.casefold() not in (caplog.text + written.out + written.err).casefold()


@pytest.mark.parametrize("kind", KINDS)
def test_a_form_full_of_markers_says_where_and_never_what(
    validator: Validator, samples: Mapping[str, bytes], kind: str
) -> None:
    root = etree.fromstring(samples[kind])
    for node in root.iter("*"):
        if len(node) == 0:
            node.text = f"{MARKER} 85073003328"
        for name in node.attrib:
            node.set(name, MARKER)
    raw = etree.tostring(root)
    report = validator.validate(raw, received_on=RECEIVED_ON)
    assert len(report.findings) > 10
    said = _everything(validator, raw)
    assert MARKER not in said
    assert "85073003328" not in said
    assert all(finding.path and finding.line for finding in report.findings)


@pytest.mark.parametrize(
    "raw",
    [
        f"<{MARKER}",
        f"<a>&{MARKER};</a>",
        f"<a></{MARKER}>",
        f"<{MARKER}:a/>",
        f'<a {MARKER}="1" {MARKER}="2"/>',
        f'<?xml version="{MARKER}"?><a/>',
        f'<?xml version="1.0" encoding="{MARKER}"?><a/>',
        f"<!DOCTYPE {MARKER}><a/>",
        f"<?{MARKER} {MARKER}?><a/>",
        f"<{MARKER}/>",
        f'<{MARKER} xmlns="urn:{MARKER}"/>',
        f'<a xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:type="{MARKER}"/>',
        f"<a>{MARKER}\x00</a>",
        f"<a>{MARKER}\x01</a>",
        f"{MARKER}",
    ],
)
def test_bytes_that_are_refused_are_not_quoted(validator: Validator, raw: str) -> None:
    assert MARKER not in _everything(validator, raw.encode())


def test_a_refusal_has_no_history_that_quotes_the_document() -> None:
    with pytest.raises(XmlRejected) as caught:
        parse_untrusted(f"<a><{MARKER}></a>".encode())
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_a_parsed_document_does_not_show_itself(samples: Mapping[str, bytes]) -> None:
    document = parse_untrusted(next(iter(samples.values())))
    assert "Voorbeeld" not in repr(document)


def test_a_document_id_that_is_none_is_not_shown(validator: Validator, samples: Mapping[str, bytes]) -> None:
    root = etree.fromstring(samples["be/appeal"])
    document_id = next(root.iter("{urn:sealpost:common:1}DocumentId"))
    shown = validator.validate(etree.tostring(root), received_on=RECEIVED_ON).to_json()["document"]["documentId"]
    assert shown == document_id.text
    document_id.text = MARKER
    assert validator.validate(etree.tostring(root), received_on=RECEIVED_ON).to_json()["document"]["documentId"] is None
