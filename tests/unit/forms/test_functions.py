"""The functions that rules call, through XPath as rules call them."""

from __future__ import annotations

import math
from datetime import date

import pytest
from lxml import etree

from gateway.forms.catalogue import load_countries
from gateway.forms.codelists import CodeList, read_code_list
from gateway.forms.functions import Excerpt, ReferenceData, functions
from gateway.forms.sources import compile_xpath, xpath_namespaces

BELGIUM = load_countries()["be"].calendar
EXCERPT = Excerpt(
    act="no-act",
    profile="BE-RD2003",
    language="nl",
    start=date(2003, 6, 26),
    end=date(2026, 6, 30),
    articles=(("64", ("Een lid.",)), ("65", ("Eerste lid.", "Tweede lid."))),
)
REFERENCE = ReferenceData(
    code_lists={
        "colours": CodeList(
            name="colours",
            codes={"red": frozenset({"1"}), "blue": frozenset({"1", "2"})},
            editions={"1": (date(2020, 1, 1), date(2025, 12, 31)), "2": (date(2026, 1, 1), None)},
        ),
        "shapes": CodeList(name="shapes", codes={"round": frozenset()}),
        "places": read_code_list(
            {
                "list": "places",
                "ranges": True,
                "values": {"languages": {}},
                "codes": [
                    {"code": "1000-1999", "languages": "nl"},
                    {"code": "1050", "languages": ["nl", "fr"]},
                ],
            },
            source="places.yaml",
        ),
    },
    excerpts=(EXCERPT,),
)
DOCUMENT = etree.fromstring(
    """<a xmlns:c="urn:sealpost:common:1"><n> 85073003328 </n><n>other</n><d>2026-03-03</d><e/><k>red</k>
    <i><c:Language>nl</c:Language><c:Article number="64"><c:Paragraph>Een
      lid.</c:Paragraph></c:Article><c:Article number="65"><c:Paragraph>Eerste lid.</c:Paragraph>
      <c:Paragraph>Tweede lid.</c:Paragraph></c:Article><c:Digest>DIGEST</c:Digest></i></a>""".replace(
        "DIGEST", EXCERPT.digest
    )
)


def _value(expression: str) -> object:
    namespaces = xpath_namespaces("urn:x")
    return compile_xpath(expression, where="test", namespaces=namespaces, extensions=functions(REFERENCE, BELGIUM))(
        DOCUMENT
    )


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("sp:ssin-valid(n)", True),
        ("sp:ssin-valid(n[2])", False),
        ("sp:ssin-valid(missing)", False),
        ("sp:ssin-birthdate-agrees(n, '1985-07-30')", True),
        ("sp:ssin-birthdate-agrees(n, d)", False),
        ("sp:ssin-birthdate-agrees(n, missing)", True),
        ("sp:enterprise-number-valid('0123456749')", True),
        ("sp:establishment-number-valid('2123456791')", True),
        ("sp:nihdi-valid('12345625000')", True),
        ("sp:nihdi-modulus('12345648000')", 83.0),
        ("sp:nihdi-modulus('x')", 0.0),
        ("sp:cas-valid('71-43-2')", True),
        ("sp:ec-valid('200-753-7')", True),
        ("sp:days-between('2026-02-27', d)", 4.0),
        ("sp:days-between(d, '2026-02-27')", -4.0),
        ("sp:days-between('2026-03-01T10:00:00+01:00', d)", 2.0),
        ("sp:add-period(d, 'P6M')", "2026-09-03"),
        ("sp:add-period(d, 'nonsense')", ""),
        ("sp:add-period('9999-12-31', 'P1M')", ""),
        ("sp:add-period(e, 'P1M')", ""),
        ("sp:working-days-verdict(d, 7, '2026-03-11')", "InTime"),
        ("sp:working-days-verdict(d, 7, '2026-03-12')", "InTimeOnReadingC"),
        ("sp:working-days-verdict(d, '7', '2026-03-13')", "Late"),
        ("sp:working-days-verdict(e, 7, d)", ""),
        ("sp:in-codelist('colours', k)", True),
        ("sp:in-codelist('colours', k, '2')", False),
        ("sp:in-codelist('colours', 'blue', '2')", True),
        ("sp:in-codelist('colours', 'blue', '3')", False),
        ("sp:in-codelist('shapes', 'round')", True),
        ("sp:in-codelist('shapes', 'red')", False),
        ("sp:codelist-value('places', '1050', 'languages')", "nl fr"),
        ("sp:codelist-value('places', 1060, 'languages')", "nl"),
        ("sp:codelist-value('places', k, 'languages')", ""),
        ("sp:edition-on('colours', d)", "2"),
        ("sp:edition-on('colours', '2025-12-31')", "1"),
        ("sp:edition-on('colours', '1999-01-01')", ""),
        ("sp:edition-on('colours', e)", ""),
        ("sp:excerpt-valid(i, 'BE-RD2003', 'nl', d)", True),
        ("sp:excerpt-valid(i, 'BE-RD2003', 'fr', d)", False),
        ("sp:excerpt-valid(i, 'BE-CODE-I4', 'nl', d)", False),
        ("sp:excerpt-valid(i, 'BE-RD2003', 'nl', '2026-07-01')", False),
        ("sp:excerpt-valid(i, 'BE-RD2003', 'nl', e)", False),
        ("sp:excerpt-valid(missing, 'BE-RD2003', 'nl', d)", False),
        ("sp:excerpt-valid(e, 'BE-RD2003', 'nl', d)", False),
    ],
)
def test_a_function_gives(expression: str, expected: object) -> None:
    assert _value(expression) == expected


@pytest.mark.parametrize("other", ["''", "'2026-02-30'", "'2026-W10-2'", "'x'", "missing"])
def test_days_to_what_is_no_date_are_not_a_number(other: str) -> None:
    value = _value(f"sp:days-between(d, {other})")
    assert isinstance(value, float)
    assert math.isnan(value)


def test_every_change_of_a_fixed_text_is_noticed() -> None:
    for old, new in (
        ("Een\n", "Het\n"),
        ('number="64"', 'number="66"'),
        ("<c:Paragraph>Tweede lid.</c:Paragraph>", ""),
        ("Eerste lid.", "Tweede lid."),
        ("Eerste lid.", "Eerste</c:Paragraph><c:Paragraph>lid."),
        ('</c:Article><c:Article number="65">', ""),
        (
            '</c:Article><c:Article number="65"><c:Paragraph>Eerste lid.</c:Paragraph>',
            '<c:Paragraph>Eerste lid.</c:Paragraph></c:Article><c:Article number="65">',
        ),
    ):
        written = etree.tostring(DOCUMENT, encoding="unicode")
        assert old in written
        changed = etree.fromstring(written.replace(old, new))
        valid = compile_xpath(
            "sp:excerpt-valid(i, 'BE-RD2003', 'nl', d)",
            where="test",
            namespaces=xpath_namespaces("urn:x"),
            extensions=functions(REFERENCE, BELGIUM),
        )
        assert valid(DOCUMENT) is True
        assert valid(changed) is False


def test_a_nonbreaking_space_is_not_white_space_of_xml() -> None:
    changed = etree.fromstring(etree.tostring(DOCUMENT, encoding="unicode").replace("Eerste lid", "Eerste\u00a0lid"))
    valid = compile_xpath(
        "sp:excerpt-valid(i, 'BE-RD2003', 'nl', d)",
        where="test",
        namespaces=xpath_namespaces("urn:x"),
        extensions=functions(REFERENCE, BELGIUM),
    )
    assert valid(changed) is False


def test_functions_exist_only_where_an_expression_was_given_them() -> None:
    with pytest.raises(etree.XPathEvalError):
        DOCUMENT.xpath("sp:ssin-valid(n)", namespaces=xpath_namespaces("urn:x"))
