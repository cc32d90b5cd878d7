"""Whatever the bytes, the answer is a report, XmlRejected or EngineFault, and it comes soon."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import date

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.errors import EngineFault
from gateway.forms.findings import LANGUAGES, XmlRejected
from gateway.forms.parsing import parse_untrusted
from gateway.forms.reports import FORMATS, Judged, render
from gateway.forms.validation import Validator

RELAXED = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
PIECES = (
    b"<",
    b">",
    b"&",
    b"'",
    b'"',
    b"/",
    b"]]>",
    b"<![CDATA[",
    b"<!--",
    b"-->",
    b"<!DOCTYPE x>",
    b"<?x?>",
    b"&#x0;",
    b"\x00",
    b"\xff",
    b"\xef\xbb\xbf",
    b"xmlns=''",
    b"<x/>",
    b"<x xmlns=''/>",
    b"0" * 5000,
    b"-99999999999-01-01",
    b"9999-12-31",
    "\u00a0".encode(),
    "\U0001f4dc".encode(),
    b" " * 3000,
)
VALUES = st.one_of(
    st.sampled_from(
        ["", " ", "true", "1", "9999-12-31", "2026-02-30", "2024-02-29", "P9999999M", "85073003328", "x" * 5000]
    ),
    st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=40),
)


def _answer(validator: Validator, raw: bytes) -> None:
    begun = time.process_time()
    try:
        report = validator.validate(raw, received_on=date(2026, 6, 1))
    except (XmlRejected, EngineFault):
        return
    for language in LANGUAGES:
        report.to_json(language)
    for name in FORMATS:
        render(name, [Judged(name="form.xml", report=report)], "de")
    assert time.process_time() - begun < 1


@RELAXED
@given(st.binary(max_size=400))
def test_random_bytes(validator: Validator, raw: bytes) -> None:
    _answer(validator, raw)


@RELAXED
@given(data=st.data())
def test_bytes_of_a_form_cut_doubled_and_replaced(
    validator: Validator, samples: Mapping[str, bytes], data: st.DataObject
) -> None:
    raw = samples[data.draw(st.sampled_from(sorted(samples)))]
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(raw)))
        end = min(len(raw), start + data.draw(st.integers(0, 60)))
        raw = raw[:start] + data.draw(st.sampled_from(PIECES)) * data.draw(st.integers(0, 3)) + raw[end:]
    _answer(validator, raw)


@RELAXED
@given(data=st.data())
def test_trees_of_a_form_with_parts_moved_copied_dropped_and_refilled(
    validator: Validator, samples: Mapping[str, bytes], data: st.DataObject
) -> None:
    root = etree.fromstring(samples[data.draw(st.sampled_from(sorted(samples)))])
    for _ in range(data.draw(st.integers(1, 5))):
        nodes = list(root.iter("*"))[1:]
        if not nodes:
            break
        node = data.draw(st.sampled_from(nodes))
        parent = node.getparent()
        assert parent is not None
        match data.draw(st.sampled_from(["drop", "copy", "move", "fill", "attribute", "rename", "repeat"])):
            case "drop":
                parent.remove(node)
            case "copy":
                parent.append(etree.fromstring(etree.tostring(node, with_tail=False)))
            case "move":
                parent.insert(0, node)
            case "fill":
                node.text = data.draw(VALUES)
            case "attribute":
                node.set(data.draw(st.sampled_from(["Id", "lang", "version", "number", "x"])), data.draw(VALUES))
            case "rename":
                node.tag = data.draw(st.sampled_from([str(other.tag) for other in nodes]))
            case "repeat":
                for _ in range(data.draw(st.integers(1, 250))):
                    parent.insert(parent.index(node), etree.fromstring(etree.tostring(node, with_tail=False)))
    _answer(validator, etree.tostring(root))


@RELAXED
@given(data=st.data())
def test_values_of_a_form_replaced_one_by_one_never_break_a_rule(
    validator: Validator, samples: Mapping[str, bytes], data: st.DataObject
) -> None:
    """Rules see only documents that are valid against the schema; no such document may break the engine."""
    root = etree.fromstring(samples[data.draw(st.sampled_from(sorted(samples)))])
    leaves = [node for node in root.iter("*") if len(node) == 0]
    for node in data.draw(st.lists(st.sampled_from(leaves), min_size=1, max_size=6)):
        same = [other.text for other in leaves if other.text]
        node.text = data.draw(st.one_of(st.sampled_from(same), VALUES))
    try:
        validator.validate(etree.tostring(root), received_on=date(2026, 6, 1)).to_json()
    except EngineFault as fault:
        assert fault.code == "XSD-900", fault  # noqa: PT017 - RUL-900 would be a defect of a rule


AROUND_BLANKS = ("<a>", "</a>", "<b/>", " ", "\r\n", "x", "&#32;", "<!---->", "<!-- ! -->", "<![CDATA[ ]]>")


@RELAXED
@given(st.one_of(st.text(max_size=200), st.lists(st.sampled_from(AROUND_BLANKS)).map("".join)), st.booleans())
def test_what_is_read_is_what_another_reader_reads(text: str, announced: bool) -> None:
    """Parsing and writing in canonical form gives the same tree to a plain parser, but for blanks between elements."""
    before = '<?xml version="1.0"?><!-- ! -->' if announced else ""
    raw = f"{before}<a>{text}</a>".encode("utf-8", "surrogatepass")
    try:
        document = parse_untrusted(raw)
    except XmlRejected:
        return
    plain = etree.fromstring(raw, etree.XMLParser(remove_comments=True, resolve_entities=False))
    assert _without_blanks(document.root) == _without_blanks(plain)


def _without_blanks(root: etree._Element) -> bytes:
    """In canonical form, without text of blanks alone beside the children of an element."""
    for node in root.iter():
        if len(node) and not (node.text or "").strip(" \t\r\n"):
            node.text = None
        if not (node.tail or "").strip(" \t\r\n"):
            node.tail = None
    return etree.tostring(root, method="c14n")
