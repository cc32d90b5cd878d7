"""Every fault of the schema has our code, a place in our words, and says what is expected only from our schemas."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from lxml import etree

from gateway.errors import EngineFault
from gateway.forms.catalogue import Catalogue
from gateway.forms.report import Report
from gateway.forms.schema import SCHEMA_CODES, CompiledSchema, SchemaIndex
from gateway.libxml import OnePerThread
from tests.unit.forms.slips import HEADER, NOTE, PERSON, slip

CONTENT = "/f:Slip/f:Content"

FAULTS = [
    (slip(HEADER + "<Person><c:Ssin>x</c:Ssin></Person>"), "XSD-PATTERN", "/f:Person/c:Ssin", {"pattern": "[0-9]{11}"}),
    (
        slip(HEADER.replace("nl", "xx") + PERSON),
        "XSD-ENUM",
        "/f:Header/c:DocumentLanguage",
        {"count": "2", "expected": "nl, fr"},
    ),
    (slip(HEADER.replace("03-02", "02-30") + PERSON), "XSD-TYPE", "/f:Header/c:IssuedOn", {"type": "DateType"}),
    (slip(HEADER), "XSD-CHILD-MISSING", "", {"expected": "f:Person"}),
    (slip("<Header/>" + PERSON), "XSD-CHILD-MISSING", "/f:Header", {"expected": "c:DocumentId, c:IssuedOn"}),
    (
        slip(HEADER + PERSON + '<x:y xmlns:x="urn:x"/>'),
        "XSD-CHILD-UNEXPECTED",
        "/*[3]",
        {"expected": "f:Nothing, f:Amount, f:Note"},
    ),
    (slip(HEADER + PERSON + NOTE + NOTE), "XSD-CHILD-UNEXPECTED", "/f:Note[2]", {}),
    (
        slip(HEADER + "<Person><c:Ssin>85073003328<a/></c:Ssin></Person>"),
        "XSD-CHILD-UNEXPECTED",
        "/f:Person/c:Ssin/*[1]",
        {},
    ),
    (slip(HEADER + PERSON + "<Nothing><Note/></Nothing>"), "XSD-CHILD-UNEXPECTED", "/f:Nothing/f:Note", {}),
    (slip(HEADER + PERSON + '<Note lang="nl">aa<b/></Note>'), "XSD-CHILD-UNEXPECTED", "/f:Note/*[1]", {}),
    (slip(HEADER + PERSON + "<Nothing>x</Nothing>"), "XSD-TEXT", "/f:Nothing", {}),
    (slip("stray" + HEADER + PERSON), "XSD-TEXT", "", {}),
    (slip(attributes='Id="content" other="1"'), "XSD-ATTR-UNEXPECTED", "/@*", {}),
    (slip(attributes='Id="content" lang="nl"'), "XSD-ATTR-UNEXPECTED", "/@lang", {}),
    (
        slip(HEADER + "<Person><c:Ssin a='1'>85073003328</c:Ssin></Person>"),
        "XSD-ATTR-UNEXPECTED",
        "/f:Person/c:Ssin/@*",
        {},
    ),
    (slip(attributes=""), "XSD-ATTR-MISSING", "/@Id", {}),
    (slip(attributes='Id="other"'), "XSD-ENUM", "/@Id", {"count": "1", "expected": "content"}),
    (
        slip(HEADER + PERSON + '<Note lang="xx">aa</Note>'),
        "XSD-ENUM",
        "/f:Note/@lang",
        {"count": "2", "expected": "nl, fr"},
    ),
    (slip(HEADER + PERSON + '<Note lang="nl">a</Note>'), "XSD-LENGTH", "/f:Note", {"facet": "minLength", "limit": "2"}),
    (
        slip(HEADER + PERSON + f'<Note lang="nl">{"a" * 21}</Note>'),
        "XSD-LENGTH",
        "/f:Note",
        {"facet": "maxLength", "limit": "20"},
    ),
    (
        slip(HEADER + PERSON + "<Amount>501</Amount>"),
        "XSD-RANGE",
        "/f:Amount",
        {"facet": "maxInclusive", "limit": "500"},
    ),
    (
        slip(HEADER + PERSON + "<Amount>1.23</Amount>"),
        "XSD-RANGE",
        "/f:Amount",
        {"facet": "fractionDigits", "limit": "1"},
    ),
    (slip(HEADER + PERSON + PERSON), "XSD-KEY-DUPLICATE", "/f:Person[2]", {}),
]


@pytest.mark.parametrize(("raw", "code", "place", "params"), FAULTS)
def test_a_schema_fault_gets_our_code_place_and_expectation(
    validate: Callable[[bytes], Report], raw: bytes, code: str, place: str, params: dict[str, str]
) -> None:
    report = validate(raw)
    found = [(f.code, f.path, dict(f.params)) for f in report.findings if f.phase == "schema"]
    assert found == [(code, f"{CONTENT}{place}", params)]
    assert {code for code, *_ in found} <= SCHEMA_CODES


def test_faults_below_signatures_and_at_the_root_have_places_too(validate: Callable[[bytes], Report]) -> None:
    report = validate(slip(after="<Signatures><other/></Signatures><more/>"))
    assert [(f.code, f.path, dict(f.params)) for f in report.findings] == [
        ("XSD-CHILD-UNEXPECTED", "/f:Slip/f:Signatures/*[1]", {"expected": "ds:Signature"}),
        ("XSD-CHILD-UNEXPECTED", "/f:Slip/*[3]", {}),
    ]


def test_what_stands_inside_a_signature_is_not_the_schemas_business(validate: Callable[[bytes], Report]) -> None:
    signature = (
        '<Signatures><ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><x/></ds:Signature></Signatures>'
    )
    assert validate(slip(after=signature)).acceptable


def test_all_faults_of_a_document_are_reported_in_the_order_of_its_lines(validate: Callable[[bytes], Report]) -> None:
    raw = slip(HEADER.replace("nl", "xx") + "\n<Person>\n<c:Ssin>x</c:Ssin></Person>\n<Note>a</Note>")
    assert [(f.code, f.line) for f in validate(raw).findings] == [
        ("XSD-ENUM", 3),
        ("XSD-PATTERN", 5),
        ("XSD-ATTR-MISSING", 6),
        ("XSD-LENGTH", 6),
    ]


@pytest.mark.parametrize(
    "prefixes",
    [
        'xmlns="{f}" xmlns:c="{c}"',
        'xmlns:f="{f}" xmlns:c="{c}"',
        'xmlns:c="{f}" xmlns:f="{c}"',
        'xmlns:a="{f}" xmlns:b="{f}" xmlns="{c}"',
    ],
)
def test_places_are_in_our_prefixes_whatever_the_document_uses(
    validate: Callable[[bytes], Report], prefixes: str
) -> None:
    declared = prefixes.format(f="urn:sealpost:zz:slip:1", c="urn:sealpost:common:1")
    names = {part.partition("=")[2].strip('"'): part.partition("=")[0].partition(":")[2] for part in declared.split()}
    form, common = names["urn:sealpost:zz:slip:1"], names["urn:sealpost:common:1"]

    def element(prefix: str, name: str, content: str, attributes: str = "") -> str:
        tag = f"{prefix}:{name}" if prefix else name
        return f"<{tag} {attributes}>{content}</{tag}>"

    header = element(common, "IssuedOn", "2026-03-02") + element(common, "DocumentLanguage", "nl")
    persons = "".join(element(form, "Person", element(common, "Ssin", ssin)) for ssin in ("85073003328", "x"))
    content = element(form, "Content", element(form, "Header", header) + persons, 'Id="content"')
    raw = element(form, "Slip", content, declared).encode()
    assert [f.path for f in validate(raw).findings] == [f"{CONTENT}/f:Person[2]/c:Ssin"]


def test_prefixes_bound_anew_inside_the_document_do_not_mislead(validate: Callable[[bytes], Report]) -> None:
    persons = PERSON + '<q:Person xmlns:q="urn:sealpost:zz:slip:1"><c:Ssin>x</c:Ssin></q:Person>'
    other = '<c:Person xmlns:c="urn:sealpost:zz:slip:1"><k:Ssin xmlns:k="urn:sealpost:common:1">y</k:Ssin></c:Person>'
    found = validate(slip(HEADER + persons + other)).findings
    assert [f.path for f in found] == [f"{CONTENT}/f:Person[2]/c:Ssin", f"{CONTENT}/f:Person[3]/c:Ssin"]


def test_a_rule_answers_for_its_places_before_the_last_resorts(validate: Callable[[bytes], Report]) -> None:
    report = validate(slip(HEADER + "<Person><c:Ssin>x</c:Ssin></Person><Diagnose/>"))
    assert [(f.code, f.rule, f.article) for f in report.findings] == [
        ("XSD-PATTERN", "SL-04", "Art. 4"),
        ("XSD-CHILD-UNEXPECTED", "SL-05", "Art. 5"),
    ]
    assert [f.rule for f in validate(slip(HEADER + PERSON + "<Remark/>")).findings] == ["GEN-03"]
    assert [f.rule for f in validate(slip(attributes="")).findings] == ["GEN-01"]
    assert [f.rule for f in validate(slip(HEADER + PERSON + "<Header/>")).findings] == ["GEN-01"]


def test_threads_never_see_each_others_faults(catalogue: Catalogue) -> None:
    kind = catalogue.kinds[0]
    documents = {
        "XSD-PATTERN": etree.fromstring(slip(HEADER + "<Person><c:Ssin>x</c:Ssin></Person>")),
        "XSD-ENUM": etree.fromstring(slip(HEADER.replace("nl", "xx") + PERSON)),
        "XSD-ATTR-MISSING": etree.fromstring(slip(attributes="")),
    }
    wrong: list[object] = []

    def run(code: str) -> None:
        root = documents[code]
        for _ in range(300):
            faults = kind.schema.faults(root, limit=10)
            if [fault.code for fault in faults] != [code]:
                wrong.append(faults)

    threads = [threading.Thread(target=run, args=(code,)) for code in documents for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_when_libxml2_gives_up_nothing_is_said_about_the_document() -> None:
    # A pattern on which libxml2's engine runs into its own limits.
    text = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="a"><xs:simpleType>
      <xs:restriction base="xs:string"><xs:pattern value="(.*,){10}P"/></xs:restriction></xs:simpleType>
      </xs:element></xs:schema>"""
    root = etree.fromstring(text)
    engine = OnePerThread(lambda: etree.XMLSchema(etree.fromstring(text)))
    schema = CompiledSchema(engine, SchemaIndex.from_documents([root], {}))
    document = etree.fromstring(f"<a>{'MARKER,' * 400}</a>")
    with pytest.raises(EngineFault) as caught:
        schema.faults(document, limit=10)
    assert caught.value.code == "XSD-900"
    assert caught.value.__context__ is None
    assert "MARKER" not in repr(caught.value)
