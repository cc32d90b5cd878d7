"""The profile of our schemas, held over the common types and every form found: a small, closed part of XSD 1.0.

Why: a form has no place for a diagnosis (no wildcard but the one for signatures), every value has a bounded form of its
own, any validator reads the schemas alike, and whoever reads them finds article and provenance of each part beside it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from lxml import etree

from gateway.forms.kinds import FormKind
from tests.schemas.cases import SCHEMAS, catalogue

XS = "{http://www.w3.org/2001/XMLSchema}"
SOURCE = "{urn:sealpost:annotation:1}source"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
LANGUAGES = ("en", "nl", "fr", "de")
DSIG = "http://www.w3.org/2000/09/xmldsig#"
COMMON = SCHEMAS / "common/1/types.xsd"
FORMS = sorted(SCHEMAS.glob("*/*/*/form.xsd"))
PARTS = sorted(set(SCHEMAS.glob("*/*/*/*.xsd")) - set(FORMS))  # types without a namespace, which forms include
ALL = [COMMON, *FORMS, *PARTS]

STRUCTURE = {
    "schema",
    "import",
    "include",
    "element",
    "attribute",
    "complexType",
    "simpleType",
    "sequence",
    "choice",
    "any",
}
DERIVATION = {"restriction", "extension", "simpleContent", "union"}
FACETS = {
    "enumeration",
    "pattern",
    "length",
    "minLength",
    "maxLength",
    "minInclusive",
    "maxInclusive",
    "totalDigits",
    "fractionDigits",
}
WORDS = {"annotation", "documentation", "appinfo"}
FORBIDDEN_ATTRIBUTES = {
    "default",
    "fixed",
    "nillable",
    "abstract",
    "substitutionGroup",
    "mixed",
    "ref",
    "block",
    "final",
    "form",
}
BUILT_INS = {
    "string",
    "token",
    "date",
    "dateTime",
    "gYear",
    "gYearMonth",
    "boolean",
    "base64Binary",
    "integer",
    "decimal",
}
BOUNDED_BUILT_INS = {
    "date",
    "dateTime",
    "gYear",
    "gYearMonth",
    "boolean",
    "integer",
}  # with the pattern or range that is asked of all
DOCUMENTED = {"element", "attribute", "complexType", "simpleType", "enumeration", "any"}
PROVENANCE = {"seed", "found", "reconstructed", "known"}
MOST = 200
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


def lint(root: etree._Element) -> list[str]:
    """What is against the profile in one schema document, one line each."""
    return [f"line {node.sourceline}: {said}" for check in CHECKS for node, said in check(root)]


Fault = tuple[etree._Element, str]


def _vocabulary(root: etree._Element) -> Iterator[Fault]:
    for node in root.iter(f"{XS}*"):
        name = _name(node)
        if name not in STRUCTURE | DERIVATION | FACETS | WORDS:
            yield node, f"xs:{name} is not in the profile"
        for attribute in FORBIDDEN_ATTRIBUTES & set(node.attrib):
            yield node, f"the attribute {attribute} is not in the profile"


def _head(root: etree._Element) -> Iterator[Fault]:
    wanted = {"elementFormDefault": "qualified", "attributeFormDefault": "unqualified"}
    if any(root.get(name) != value for name, value in wanted.items()):
        yield root, "elements are qualified, attributes are not"
    if re.fullmatch(r"[1-9][0-9]*\.[0-9]+\.[0-9]+", root.get("version", "")) is None:
        yield root, "the version has three numbers"
    namespace = root.get("targetNamespace")
    if namespace is not None and re.fullmatch(r"urn:sealpost:[a-z:-]+:[1-9][0-9]*", namespace) is None:
        yield root, "the namespace is urn:sealpost:...:<major>"
    if namespace is not None and namespace.rpartition(":")[2] != root.get("version", "").partition(".")[0]:
        yield root, "namespace and version have the same major number"
    if len(root.findall(f"{XS}element")) > (namespace is not None):
        yield root, "one global element at most, and none in what is included"
    for node in root.iter(f"{XS}import", f"{XS}include"):
        if "://" in node.get("schemaLocation", "://"):
            yield node, "an import or include names a file of ours"


def _names(root: etree._Element) -> Iterator[Fault]:
    for node in root.iter(f"{XS}complexType", f"{XS}simpleType"):
        if node.getparent() is not root:
            yield node, "a type has a name and stands at the top"
        elif re.fullmatch(r"[A-Z][A-Za-z0-9]*Type", node.get("name", "")) is None:
            yield node, "a type is in PascalCase and ends in Type"
    for node in root.iter(f"{XS}element"):
        if re.fullmatch(r"[A-Z][A-Za-z0-9]*", node.get("name", "")) is None:
            yield node, "an element is in PascalCase"
    for node in root.iter(f"{XS}attribute"):
        if re.fullmatch(r"[a-z][A-Za-z0-9]*|Id", node.get("name", "")) is None:
            yield node, "an attribute is in camelCase (Id is for the signature)"


def _types(root: etree._Element) -> Iterator[Fault]:
    for node in root.iter(f"{XS}element", f"{XS}attribute", f"{XS}extension"):
        used = node.get("type") or node.get("base") or ""
        of_the_same_part = used and ":" not in used and root.get("targetNamespace") is None
        if not of_the_same_part and _namespace(node, used) in (None, XS[1:-1]):
            yield node, "uses a type of ours, not a built-in one"
    for node in root.iter(f"{XS}simpleType"):
        restriction = node.find(f"{XS}restriction")
        base = "" if restriction is None else restriction.get("base", "")
        if restriction is None or _namespace(restriction, base) != XS[1:-1]:
            continue
        facets = {_name(child) for child in restriction if child.tag != f"{XS}annotation"}
        local = base.rpartition(":")[2]
        if local not in BUILT_INS:
            yield node, f"{base} is not a built-in type of the profile"
        elif local == "token" and facets & {"enumeration", "pattern"} and node.get("name") != "TextType":
            yield node, "a code is a string: white space around a token would hide it from the rules that compare it"
        elif not facets:
            yield node, "a type of ours narrows the built-in one"
        elif local not in BOUNDED_BUILT_INS and not _is_bounded(restriction):
            yield node, "a value has a longest length"


def _counts(root: etree._Element) -> Iterator[Fault]:
    for node in root.iter(f"{XS}element", f"{XS}any", f"{XS}sequence", f"{XS}choice"):
        most = node.get("maxOccurs", "1")
        if not most.isdigit() or int(most) > MOST:
            yield node, f"maxOccurs is a number up to {MOST}"


def _patterns(root: etree._Element) -> Iterator[Fault]:
    for node in root.iter(f"{XS}pattern"):
        pattern = node.get("value", "")
        if re.search(r"\\[dwDWicIC]", pattern):
            yield node, "a class of characters is written out ([0-9], not \\d)"
        if re.search(r"\)([*+]|\{[0-9]+,\})", pattern):
            yield node, "a group is not repeated without limit"


def _wildcards(root: etree._Element) -> Iterator[Fault]:
    for node in root.iter(f"{XS}any"):
        owner = next(node.iterancestors(f"{XS}complexType"), None)
        expected = (DSIG, "skip", "SignaturesType", "urn:sealpost:common:1")
        if (
            node.get("namespace"),
            node.get("processContents"),
            "" if owner is None else owner.get("name"),
            root.get("targetNamespace"),
        ) != expected:
            yield node, "the only wildcard is that for signatures"


def _documentation(root: etree._Element) -> Iterator[Fault]:
    for node in [root, *root.iter(*(XS + name for name in DOCUMENTED))]:
        texts = _documents(node)
        if not texts.get("en"):
            yield node, "documented in English"
        if _name(node) in ("element", "enumeration") and not all(texts.get(language) for language in LANGUAGES):
            yield node, "named in nl, fr and de too"
        sources = node.findall(f"{XS}annotation/{XS}appinfo/{SOURCE}")
        if not sources:
            yield node, "says where it comes from (a:source)"
        for source in sources:
            article, note = source.get("article", ""), source.get("note", "")
            if source.get("provenance") not in PROVENANCE or set(source.attrib) - {"provenance", "article", "note"}:
                yield source, "provenance is seed, found, reconstructed or known; with article and note"
            if source.get("provenance") == "seed" and not article:
                yield source, "what the decree says names the article"
            if source.get("provenance") != "seed" and not note and not article:
                yield source, "what the decree does not say names the reason"
            if re.search(r"\bX[0-9]{1,2}\b", article + note):
                yield source, "a source is named in words, not by a key"


CHECKS: tuple[Callable[[etree._Element], Iterator[Fault]], ...] = (
    _vocabulary,
    _head,
    _names,
    _types,
    _counts,
    _patterns,
    _wildcards,
    _documentation,
)


def _name(node: etree._Element) -> str:
    return etree.QName(node).localname


def _namespace(node: etree._Element, qname: str) -> str | None:
    prefix, colon, _ = qname.rpartition(":")
    return node.nsmap.get(prefix if colon else None)


def _is_bounded(restriction: etree._Element) -> bool:
    facets = {_name(child) for child in restriction}
    patterns = [child.get("value", "") for child in restriction.iterchildren(f"{XS}pattern")]
    return bool(facets & {"enumeration", "length", "maxLength", "totalDigits"}) or (
        bool(patterns) and not any(re.search(r"[*+]|,\}", re.sub(r"\[[^]]*\]", "", pattern)) for pattern in patterns)
    )


def _documents(node: etree._Element) -> dict[str, str]:
    found = node.findall(f"{XS}annotation/{XS}documentation")
    return {text.get(LANG, ""): " ".join("".join(text.itertext()).split()) for text in found}


def _root(path: Path) -> etree._Element:
    return etree.parse(path).getroot()


def _with_parts(path: Path) -> Iterator[etree._Element]:
    """A schema and what it includes."""
    root = _root(path)
    yield root
    for node in root.iterchildren(f"{XS}include"):
        yield _root(path.parent / node.get("schemaLocation", ""))


@pytest.mark.parametrize("path", ALL, ids=lambda path: str(path.relative_to(SCHEMAS)))
def test_a_schema_follows_the_profile(path: Path) -> None:
    assert lint(_root(path)) == []
    assert UNSEEN.search(path.read_text(encoding="utf-8")) is None, (
        "characters that nobody sees are written as references"
    )


@pytest.mark.parametrize("kind", catalogue().kinds, ids=lambda kind: kind.name)
def test_a_form_is_content_with_a_header_and_optional_signatures(kind: FormKind) -> None:
    root = catalogue().fields(kind)
    content, signatures = root.children
    assert (root.name, content.name, signatures.name) == (kind.root, "Content", "Signatures")
    assert ((content.least, content.most), (signatures.least, signatures.most)) == ((1, 1), (0, 1))
    assert (content.attributes, signatures.type) == (("Id",), "SignaturesType")
    assert (content.children[0].name, content.children[0].type) == ("Header", "HeaderType")


def test_every_part_is_included_by_some_form() -> None:
    places = {
        (path.parent / node.get("schemaLocation", "")).resolve()
        for path in FORMS
        for node in _root(path).iter(f"{XS}include")
    }
    assert places == set(PARTS)


def test_every_schema_is_that_of_a_form_kind() -> None:
    homes = {
        SCHEMAS / kind.country / kind.name / kind.version.partition(".")[0] / "form.xsd" for kind in catalogue().kinds
    }
    assert homes == set(FORMS)


@pytest.mark.parametrize("path", [COMMON, *FORMS], ids=lambda path: str(path.relative_to(SCHEMAS)))
def test_labels_are_there_for_every_element_and_say_what_the_schema_says(path: Path) -> None:
    labels = yaml.safe_load((path.parent / "labels.yaml").read_text(encoding="utf-8"))
    used = set()
    for node in (node for root in _with_parts(path) for node in root.iter(f"{XS}element")):
        owner = next(node.iterancestors(f"{XS}complexType"), None)
        special = "" if owner is None else f"{owner.get('name')}/{node.get('name')}"
        key = special if special in labels else node.get("name")
        assert key in labels
        used.add(key)
        texts = _documents(node)
        assert {language: labels[key][language] for language in LANGUAGES[1:]} == {
            language: texts[language] for language in LANGUAGES[1:]
        }, key
        assert labels[key]["en"]
    assert set(labels) == used


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        ('<xs:any namespace="##other"/>', "the only wildcard"),
        ('<xs:any namespace="##any" processContents="lax"/>', "the only wildcard"),
        ("<xs:all/>", "xs:all is not in the profile"),
        ('<xs:element name="Extra" type="xs:string"/>', "not a built-in"),
        ('<xs:element name="Extra"/>', "not a built-in"),
        ('<xs:element name="Extra" type="c:TextType" maxOccurs="unbounded"/>', "maxOccurs"),
        ('<xs:element name="Extra" type="c:TextType" maxOccurs="201"/>', "maxOccurs"),
        ('<xs:element name="Extra" type="c:TextType" nillable="true"/>', "nillable"),
        ('<xs:element name="Extra" type="c:TextType" default="x"/>', "default"),
        ('<xs:element name="extra" type="c:TextType"/>', "PascalCase"),
        ('<xs:element name="Extra" type="c:TextType"/>', "documented in English"),
        ('<xs:element name="Extra" type="c:TextType"/>', "where it comes from"),
        ('<xs:element name="Extra"><xs:complexType/></xs:element>', "stands at the top"),
    ],
)
def test_the_lint_finds(inside: str, said: str) -> None:
    root = _root(COMMON)
    sequence = next(root.iter(f"{XS}sequence"))
    sequence.append(_fragment(inside, root))
    assert any(said in fault for fault in lint(root))


@pytest.mark.parametrize(
    ("facet", "said"),
    [
        ("", "narrows"),
        ('<xs:pattern value="[a-z]+"/>', "longest length"),
        ('<xs:pattern value="([a-z]+)*x"/>', "without limit"),
        ('<xs:pattern value="\\d{4}"/>', "written out"),
    ],
)
def test_the_lint_finds_in_a_type(facet: str, said: str) -> None:
    root = _root(COMMON)
    kind = f'<xs:simpleType name="ExtraType"><xs:restriction base="xs:string">{facet}</xs:restriction></xs:simpleType>'
    root.append(_fragment(kind, root))
    assert any(said in fault for fault in lint(root))


def _fragment(text: str, root: etree._Element) -> etree._Element:
    declared = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in root.nsmap.items() if prefix)
    return etree.fromstring(f"<wrapped {declared}>{text}</wrapped>")[0]
