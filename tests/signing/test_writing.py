"""What is written as canonical text is what lxml's C14N makes of it: nothing signed unparsed can be misread."""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from signing import Field, Marked, NotSignable, sign_fields, verify_xml
from signing.formats.xades.builder import MAX_CONTENT
from signing.writing import canonical_fields
from tests.signing import forge as f
from tests.signing.pki import AT, People

SPACE = "urn:example:written:1"
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,8}", fullmatch=True)
ATTRIBUTES = NAMES.filter(lambda name: name.lower() not in ("id", "xmlns"))
TEXTS = st.one_of(
    st.sampled_from(["", "&<>\"'", "\r\n\t", "]]>", "<!-- -->", "&amp;", "\x7f\x85\u2028", "é\U0001f600"]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufffe\uffff"), max_size=8).filter(
        lambda text: not any(character < " " and character not in "\t\n\r" for character in text)
    ),
)
VALUES = st.none() | TEXTS | st.builds(Marked, TEXTS, st.dictionaries(ATTRIBUTES, TEXTS, max_size=3))
FIELDS: st.SearchStrategy[list[Field]] = st.recursive(
    st.lists(st.tuples(NAMES, VALUES), max_size=3),
    lambda inner: st.lists(st.tuples(NAMES, VALUES | inner.map(tuple)), max_size=3),
    max_leaves=8,
)


def as_tree(parent: etree._Element, fields: Iterable[Field]) -> None:
    """The same fields as lxml would build them."""
    for name, value in fields:
        match value:
            case None | ():
                continue
            case Marked(text=text, attributes=attributes):
                etree.SubElement(parent, f"{{{SPACE}}}{name}", dict(attributes)).text = text
            case str():
                etree.SubElement(parent, f"{{{SPACE}}}{name}").text = value
            case _:
                as_tree(etree.SubElement(parent, f"{{{SPACE}}}{name}"), value)


@settings(max_examples=300, deadline=None)
@given(fields=FIELDS)
def test_written_fields_are_their_own_canonical_form(fields: list[Field]) -> None:
    parent = etree.Element(f"{{{SPACE}}}Parent", nsmap={None: SPACE})
    as_tree(parent, fields)
    expected = f.canonical(parent)
    assert f'<Parent xmlns="{SPACE}">{canonical_fields(fields)}</Parent>'.encode() == expected
    assert f.canonical(etree.fromstring(expected)) == expected


@given(text=TEXTS, mark=TEXTS)
def test_documents_of_one_kind_are_each_escaped_as_their_own_texts_need(text: str, mark: str) -> None:
    fields: list[Field] = [("A", text), ("B", Marked(mark, {"c": text, "b": mark})), ("D", (("E", text),))]
    parent = etree.Element(f"{{{SPACE}}}Parent", nsmap={None: SPACE})
    as_tree(parent, fields)
    assert f'<Parent xmlns="{SPACE}">{canonical_fields(fields)}</Parent>'.encode() == f.canonical(parent)


@settings(max_examples=60, deadline=None)
@given(fields=FIELDS)
def test_a_written_document_verifies_and_gives_the_fields(people: People, fields: list[Field]) -> None:
    raw = sign_fields("Note", fields, namespace=SPACE, identity=people.doctor, at=AT)
    content = etree.Element(f"{{{SPACE}}}Content", nsmap={None: SPACE}, Id="content")
    as_tree(content, fields)
    assert verify_xml(raw, trust=people.trust, at=AT).content == f.canonical(content)


@pytest.mark.parametrize("signer", ["p256", "p384", "rsa3072"])
def test_signed_info_and_signed_properties_are_written_in_canonical_form(people: People, signer: Any) -> None:
    raw = sign_fields("Note", [("A", "b")], namespace=SPACE, identity=people.signers[signer], at=AT)
    signature = etree.fromstring(raw)[1][0]
    for element in (signature[0], signature[3][0][0]):
        assert f.canonical(element) in raw


@pytest.mark.parametrize("text", ["\0", "\x0b", "\x1f", "\ufffe", "\uffff", "\ud800"])
def test_a_character_that_xml_does_not_have(people: People, text: str) -> None:
    for field in (("A", text), ("A", Marked("", {"b": text}))):
        with pytest.raises(ValueError):
            sign_fields("Note", [field], namespace=SPACE, identity=people.doctor, at=AT)


@pytest.mark.parametrize("name", ["", "a b", "a:b", "1", "a>", "é", "a\n"])
def test_a_name_that_is_not_plain(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        canonical_fields([(name, "")])
    with pytest.raises(ValueError, match="name"):
        canonical_fields([("A", Marked("", {name: ""}))])


@pytest.mark.parametrize("name", ["Id", "ID", "id", "xmlns"])
def test_the_content_has_the_only_identifier_and_namespace(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        canonical_fields([("A", Marked("", {name: "content"}))])


def test_what_would_be_too_large_to_read_is_not_signed(people: People) -> None:
    largest = MAX_CONTENT - len(f'<Content xmlns="{SPACE}" Id="content"><A></A></Content>')
    raw = sign_fields("Note", [("A", "x" * largest)], namespace=SPACE, identity=people.doctor, at=AT)
    assert verify_xml(raw, trust=people.trust, at=AT).signatures
    with pytest.raises(NotSignable) as refused:
        sign_fields("Note", [("A", "x" * (largest + 1))], namespace=SPACE, identity=people.doctor, at=AT)
    assert refused.value.code == "limit-exceeded"
