"""Each function of rules gives the same in Python and, from its one XSLT implementation, in every engine."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from lxml import etree
from lxml.builder import ElementMaker

from gateway.forms.functions import functions
from gateway.forms.sources import compile_xpath, xpath_namespaces
from gateway.publish.checks import Separation
from gateway.publish.functions import XSL, Library
from gateway.publish.site import FUNCTIONS
from gateway.publish.xpath import Expression, Node
from tests.publish.engines import Libxslt, Saxon, run_jdk
from tests.schemas.cases import SCHEMAS, catalogue
from tests.unit.forms.screening_texts import CODES, DIAGNOSES, EVERYDAY, FALSE_ALARMS, HARMLESS, OTHER_LANGUAGE, STATES
from tests.unit.forms.test_functions import BELGIUM, DOCUMENT
from tests.unit.forms.test_functions import REFERENCE as SMALL

VALUES: Final = yaml.safe_load((Path(__file__).parent / "values.yaml").read_text(encoding="utf-8"))
CALLS: Final[tuple[str, ...]] = tuple(value["call"] for value in VALUES)
EXPONENT: Final = re.compile(r"-?[0-9.]+E[0-9]+")
NAMESPACES: Final = xpath_namespaces("urn:x")
REFERENCE: Final = replace(SMALL, screening=catalogue().reference.screening)
LIBRARY: Final = Library(etree.parse(SCHEMAS / FUNCTIONS).getroot(), REFERENCE, BELGIUM)
xsl: Final = ElementMaker(namespace=XSL, nsmap={"xsl": XSL, **NAMESPACES})


def in_words(value: object) -> str:
    """A result as XPath writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return "NaN" if value != value else str(int(value))  # whole numbers are all that functions give
    return str(value)


@cache
def compiled_here(call: str) -> etree.XPath:
    return compile_xpath(call, where="test", namespaces=NAMESPACES, extensions=functions(REFERENCE, BELGIUM))


def in_python(call: str, node: etree._Element) -> str:
    return in_words(compiled_here(call)(node))


def with_templates(expressions: Mapping[str, tuple[str, ...]]) -> etree._Element:
    """A stylesheet that gives the values of the expressions at each element that matches, without any function."""
    sheet = xsl.stylesheet(version="1.0")
    calls: list[Node] = []
    for match, texts in expressions.items():
        template = xsl.template(match=match)
        for number, text in enumerate(texts):
            separation = Separation(f"V-{number}", LIBRARY, {})
            simple = separation.simplified(Expression.parse(text))
            for step in separation.steps:
                arguments = (xsl("with-param", name=name, select=value) for name, value in step.call)
                called = [xsl("call-template", *arguments, name=step.value)] if step.call else []
                template.append(xsl.variable(*called, name=step.name, **({} if called else {"select": step.value})))
            template.append(etree.Element("value"))
            template[-1].append(xsl("value-of", select=simple))
            calls += Expression.parse(text).calls
        sheet.append(template)
    sheet.extend(LIBRARY.templates(calls, REFERENCE.code_lists))
    return _over_all(sheet)


def with_functions(expressions: Mapping[str, tuple[str, ...]], *, version: str) -> etree._Element:
    """The same with functions: EXSLT's in 1.0, XSLT's own in 2.0."""
    calls = [call for texts in expressions.values() for text in texts for call in Expression.parse(text).calls]
    if version == "1.0":
        sheet = LIBRARY.exslt(calls, REFERENCE.code_lists)
    else:
        sheet = xsl.stylesheet(*LIBRARY.xslt2(calls, REFERENCE.code_lists), version=version)
    for match, texts in expressions.items():
        template = xsl.template(match=match)
        for text in texts:
            template.append(etree.Element("value"))
            template[-1].append(xsl("value-of", select=text))
        sheet.append(template)
    return _over_all(sheet)


def _over_all(sheet: etree._Element) -> etree._Element:
    found = etree.Element("values")
    found.append(xsl("apply-templates", select="*"))
    sheet.append(xsl.template(found, match="/"))
    return sheet


def written(sheet: etree._Element, path: Path) -> Path:
    path.write_bytes(etree.tostring(sheet))
    return path


def values_in(report: etree._Element) -> list[str]:
    texts = (value.text or "" for value in report.iter("value"))
    # XPath 2.0 writes numbers from a million on with an exponent.
    return [in_words(float(text)) if EXPONENT.fullmatch(text) else text for text in texts]


def test_every_function_has_a_template_and_a_value_for_each_of_its_results() -> None:
    ours = {f"sp:{name}" for _, name in functions(REFERENCE, BELGIUM)}
    assert set(LIBRARY.callable) == ours
    tried = {name: {value["gives"] for value in VALUES if value["call"].startswith(f"{name}(")} for name in ours}
    assert all(len(results) > 1 for results in tried.values()), tried


@pytest.mark.parametrize("value", VALUES, ids=CALLS)
def test_a_function_gives_in_python(value: dict[str, Any]) -> None:
    assert in_python(value["call"], DOCUMENT) == in_words(value["gives"])


def test_the_functions_give_the_same_in_every_engine(tmp_path: Path) -> None:
    expected = [in_words(value["gives"]) for value in VALUES]
    raw = etree.tostring(DOCUMENT)
    plain = written(with_templates({"/a": CALLS}), tmp_path / "plain.xsl")
    assert values_in(Libxslt(plain).report(raw)) == expected
    exslt = written(with_functions({"/a": CALLS}, version="1.0"), tmp_path / "exslt.xsl")
    assert values_in(Libxslt(exslt).report(raw)) == expected
    saxon = Saxon()
    xslt2 = written(with_functions({"/a": CALLS}, version="2.0"), tmp_path / "xslt2.xsl")
    assert values_in(saxon.report(saxon.compile_stylesheet(xslt2), raw)) == expected
    (tmp_path / "document.xml").write_bytes(raw)
    (report,) = run_jdk([(plain, tmp_path / "document.xml", {})], tmp_path)
    assert values_in(report) == expected


def _checked(digits: str, modulus: int = 97) -> str:
    return f"{digits}{modulus - int(digits) % modulus:02}"


DIGITS = st.text("0123456789", max_size=12)
SCRAPS = st.text("0123456789-PYMWDTZ:. x", max_size=14)
DAYS = st.dates(date(2000, 1, 1), date(2100, 11, 30))
NEAR_DAYS = DAYS.flatmap(lambda day: st.integers(-400, 400).map(lambda more: (day, day + timedelta(days=more % 40))))
STEMS = st.from_regex("[0-9]{2}[0-6][0-9][0-3][0-9][0-9]{3}", fullmatch=True)
NUMBERS = st.one_of(
    DIGITS,
    STEMS.map(_checked),
    STEMS.map(lambda stem: f"{stem}{97 - (2_000_000_000 + int(stem)) % 97:02}"),
    st.from_regex("[0-9]{8}", fullmatch=True).map(_checked),
    st.tuples(st.from_regex("1[0-9]{5}", fullmatch=True), st.sampled_from((97, 89, 83, 79))).map(
        lambda pair: _checked(*pair) + "000"
    ),
    st.from_regex("[0-9]{1,8}-[0-9]{2}-[0-9]", fullmatch=True),
    st.from_regex("[0-9]{3}-[0-9]{3}-[0-9]", fullmatch=True),
)
ISO_DAYS = st.one_of(
    DAYS.map(date.isoformat),
    st.from_regex("[0-9]{4}-[01][0-9]-[0-3][0-9]", fullmatch=True),
    DAYS.map(lambda day: f" {day}T10:00:00+01:00"),
    SCRAPS,
)
PERIODS = st.one_of(st.from_regex(r"P([0-9]{1,4}Y)?([0-9]{1,5}M)?([0-9]{1,5}W)?([0-9]{1,6}D)?", fullmatch=True), SCRAPS)
PAIRS = st.one_of(
    st.tuples(NUMBERS, ISO_DAYS),
    st.tuples(ISO_DAYS, ISO_DAYS),
    st.tuples(ISO_DAYS, PERIODS),
    NEAR_DAYS.map(lambda days: (days[0].isoformat(), days[1].isoformat())),
    st.tuples(NUMBERS, st.sampled_from(("red", "blue", "green", "1", "2", ""))),
)
EXPRESSIONS = (
    "sp:ssin-valid(@a)",
    "sp:ssin-birthdate-agrees(@a, @b)",
    "sp:enterprise-number-valid(@a)",
    "sp:establishment-number-valid(@a)",
    "sp:nihdi-modulus(@a)",
    "sp:cas-valid(@a)",
    "sp:ec-valid(@a)",
    "sp:days-between(@a, @b)",
    "sp:add-period(@a, @b)",
    "sp:working-days-verdict(@a, 7, @b)",
    "sp:working-days-verdict(@a, 21, @b)",
    "sp:in-codelist('colours', @b)",
    "sp:edition-on('colours', @a)",
)


@pytest.fixture(scope="module")
def implementations(tmp_path_factory: pytest.TempPathFactory) -> list[Callable[[bytes], etree._Element]]:
    folder = tmp_path_factory.mktemp("functions")
    found = {"pair": EXPRESSIONS}
    saxon = Saxon()
    compiled = saxon.compile_stylesheet(written(with_functions(found, version="2.0"), folder / "xslt2.xsl"))
    return [
        Libxslt(written(with_templates(found), folder / "plain.xsl")).report,
        Libxslt(written(with_functions(found, version="1.0"), folder / "exslt.xsl")).report,
        lambda raw: saxon.report(compiled, raw),
    ]


TEXTS = [
    *(
        (text, language)
        for texts in (HARMLESS, DIAGNOSES, FALSE_ALARMS, EVERYDAY)
        for language in texts
        for text in texts[language]
    ),
    *((text, language) for language, states in STATES.items() for texts in states.values() for text in texts),
    *((text, language) for language, texts in OTHER_LANGUAGE.items() for text in texts),
    *((text, "nl") for text in CODES),
    # Verhoeff's check digit right and wrong, a place before and after, stops, characters outside every table.
    *(
        (text, "fr")
        for text in (
            "22298006",
            "22298007",
            "code 73211009.",
            "rek 73211009",
            "..M54.5..",
            "M 51.2",
            "4 m 51.2",
            "rek M 51.2",
            "x 3 M - 51.2",
            "M 51.2 G 40.1",
            "K21.漢字",
            "🙂 C50 🙂",
        )
    ),
]
# Signs at the edges of words, words at those of texts, words shorter than a key: every engine gets all of them.
AT_THE_EDGES = [
    ("(burn-out)", "nl"),
    ("burn\u00adout", "nl"),
    ("burn\nout", "fr"),
    ("l\u2019e\u0301pilepsie", "fr"),
    ("E\u0301PI\u0301LEPSIE.", "fr"),
    ("EP\u0130LEPSIE", "nl"),
    ("Fu\u00df epilep\u017fie", "de"),
    ("is", "en"),
    ("itis", "nl"),
    ("x", "nl"),
    ("a \u00e0 bout", "fr"),
    ("a \u00e0 bout de souffle", "fr"),
    ("stress", "en"),
    ("Apr\u00e8s une op\u00e9ration de maintenance", "fr"),
    ("op\u00e9ration de maintenance, puis apr\u00e8s une op\u00e9ration", "fr"),
    ("kans op letsel", "nl"),
    ("kans op letsel aan de rug; letsel aan de rug", "nl"),
    ("omgaan met stress (stress in het team), stress", "nl"),
    ("_ stress #diagnosis| |epilep-|", "en"),
    ("hiv/aids", "nl"),
    ("epilepsie", "it"),
    ("\u00ad", "de"),
]
LOOKS = ("sp:health-code(@a)", "sp:health-word(@a, @b)")
STATE_LOOKS = (
    "sp:health-state(@a, @b)",
    "sp:health-state(@a, @b, 'mental-state')",
    "sp:health-state(@a, @b, 'pregnancy')",
)
# Engines take their time over each look at a text: those of the lists take turns at looking for states.
SCREENINGS = {"edge": LOOKS + STATE_LOOKS} | {f"turn-{n}": (*LOOKS, look) for n, look in enumerate(STATE_LOOKS)}


def test_texts_are_screened_alike_in_every_engine(tmp_path: Path) -> None:
    plain = written(with_templates(SCREENINGS), tmp_path / "plain.xsl")
    # Every text is screened here in other tests; engines, which are slow, get some of each list.
    document, expected = screened_here(TEXTS[::6])
    assert len(set(expected)) > 5
    assert values_in(Libxslt(plain).report(document)) == expected
    document, expected = screened_here(TEXTS[::24])
    saxon = Saxon()
    xslt2 = written(with_functions(SCREENINGS, version="2.0"), tmp_path / "xslt2.xsl")
    assert values_in(saxon.report(saxon.compile_stylesheet(xslt2), document)) == expected
    (tmp_path / "document.xml").write_bytes(document)
    (report,) = run_jdk([(plain, tmp_path / "document.xml", {})], tmp_path)
    assert values_in(report) == expected


def screened_here(texts: Sequence[tuple[str, str]]) -> tuple[bytes, list[str]]:
    """A document of texts and of those at the edges, and what our functions say of each."""
    document = etree.Element("pairs")
    for number, (a, b) in enumerate(texts):
        etree.SubElement(document, f"turn-{number % len(STATE_LOOKS)}", a=a, b=b)
    for a, b in AT_THE_EDGES:
        etree.SubElement(document, "edge", a=a, b=b)
    return etree.tostring(document), [in_python(call, pair) for pair in document for call in SCREENINGS[str(pair.tag)]]


@given(pairs=st.lists(PAIRS, min_size=60, max_size=60))
@settings(max_examples=10, deadline=None, phases=[Phase.explicit, Phase.generate])
def test_the_functions_agree_on_any_numbers_and_dates(
    implementations: list[Callable[[bytes], etree._Element]], pairs: list[tuple[str, str]]
) -> None:
    document = etree.Element("pairs")
    for a, b in pairs:
        etree.SubElement(document, "pair", a=a, b=b)
    asked = [(call, pair) for pair in document for call in EXPRESSIONS]
    for report in implementations:
        given_back = values_in(report(etree.tostring(document)))
        for (call, pair), value in zip(asked, given_back, strict=True):
            assert value == in_python(call, pair), (call, dict(pair.attrib))
