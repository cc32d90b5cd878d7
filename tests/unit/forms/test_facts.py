"""What a form kind says of the facts to keep and of the notices to make, and how both are read."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from gateway.cases import facts_of
from gateway.errors import CatalogueError, EngineFault
from gateway.forms.catalogue import Catalogue
from gateway.forms.kinds import FactRule, FormKind
from gateway.pseudonyms import RecordKeys
from tests.unit.forms.slips import HEADER, PERSON, slip

KEYS = RecordKeys(bytes(32))
FACTS = """
[[fact]]
name = "worker"
keep = "keyed"
at = "f:Person/c:Ssin"

[[fact]]
name = "issued-on"
keep = "date"
at = "f:Header/c:IssuedOn"

[[fact]]
name = "large"
keep = "flag"
at = "f:Amount > 50"
place = "f:Amount"
"""
STYLESHEET = (
    '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:param name="{param}"/>'
    '<xsl:template match="/"><said><xsl:value-of select="${param}"/>{more}</said></xsl:template></xsl:stylesheet>'
)
NOTICE = '[[notice]]\nkind = "zz/slip"\nstylesheet = "notice.xsl"\n'


def loaded(schemas: Path, toml: str, stylesheet: str | None = None) -> FormKind:
    home = schemas / "zz/slip/1"
    with (home / "form.toml").open("a", encoding="utf-8") as file:
        file.write("\n" + toml)
    if stylesheet is not None:
        (home / "notice.xsl").write_text(stylesheet, encoding="utf-8")
    return Catalogue.load(schemas).kinds[0]


def content(kind: FormKind, more: str = "") -> etree._Element:
    found = kind.content_of(etree.fromstring(slip(HEADER + PERSON + more)))
    assert found is not None
    return found


def test_facts_are_codes_dates_and_flags_and_identifiers_only_keyed(schemas: Path) -> None:
    kind = loaded(schemas, FACTS)
    facts = facts_of(kind, content(kind, "<Amount>90</Amount>"), KEYS)
    assert facts.values == {
        "worker": (KEYS.keyed("worker", "85073003328"),),
        "issued-on": ("2026-03-02",),
        "large": ("true",),
    }
    assert facts.holds("large")
    assert not facts_of(kind, content(kind), KEYS).holds("large")
    assert (kind.fact_place("worker"), kind.fact_place("large"), kind.fact_place("other")) == (
        "/f:Slip/f:Content/f:Person/c:Ssin",
        "/f:Slip/f:Content/f:Amount",
        None,
    )


@pytest.mark.parametrize("keep", ["code", "date", "flag", "reference", "digest", "place", "keyed"])
def test_free_text_is_never_kept_as_a_fact(schemas: Path, keep: str) -> None:
    kind = loaded(schemas, f'[[fact]]\nname = "words"\nkeep = "{keep}"\nat = "f:Note"\n')
    (fact,) = kind.facts
    assert isinstance(fact, FactRule)
    with pytest.raises(EngineFault) as caught:
        fact.values(etree.fromstring('<Content xmlns="urn:sealpost:zz:slip:1"><Note>pain in the back</Note></Content>'))
    assert "pain" not in str(caught.value)


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ('[[fact]]\nname = "x y"\nkeep = "code"\nat = "f:Note"\n', "name"),
        ('[[fact]]\nname = "x"\nkeep = "text"\nat = "f:Note"\n', "one of keyed"),
        ('[[fact]]\nname = "x"\nkeep = "code"\nat = "f:Note["\n', "fact 1.at"),
        ('[[fact]]\nname = "x"\nkeep = "code"\nat = "f:Note"\nplace = "//f:Note"\n', "place"),
        (FACTS + FACTS, "fact 4.name"),
        ('[[notice]]\nkind = "zz/slip"\nstylesheet = "../notice.xsl"\n', "stylesheet"),
        ('[[notice]]\nkind = "zz/slip"\nstylesheet = "missing.xsl"\n', "missing.xsl"),
        (FACTS + NOTICE + 'about = "worker"\n', "kept as a reference"),
        (NOTICE.replace("zz/slip", "zz/slop"), "no such kind: zz/slop"),
    ],
)
def test_a_wrong_fact_or_notice_is_refused_with_file_and_key(schemas: Path, toml: str, said: str) -> None:
    with pytest.raises(CatalogueError) as caught:
        loaded(schemas, toml, STYLESHEET.format(param="issued-on", more=""))
    assert said in str(caught.value)


def test_a_stylesheet_is_given_its_parameters_as_text_and_reads_no_file(schemas: Path) -> None:
    kind = loaded(schemas, NOTICE, STYLESHEET.format(param="issued-on", more=""))
    (notice,) = kind.notices
    made = notice.transform(content(kind), **{"issued-on": "'] | //x", "other": "not asked for"})
    assert etree.fromstring(made).text == "'] | //x"
    other = STYLESHEET.format(param="issued-on", more="<xsl:copy-of select=\"document('form.toml')\"/>")
    (schemas / "zz/slip/1/notice.xsl").write_text(other, encoding="utf-8")
    (reading,) = Catalogue.load(schemas).kinds[0].notices
    with pytest.raises(EngineFault):
        reading.transform(content(kind), **{"issued-on": "x"})


def test_a_stylesheet_that_is_none_is_refused_at_the_start(schemas: Path) -> None:
    with pytest.raises(CatalogueError) as caught:
        loaded(schemas, NOTICE, "<not-a-stylesheet/>")
    assert "notice.xsl" in str(caught.value)


def test_an_expression_that_a_country_shares_stands_for_its_text_in_facts(schemas: Path) -> None:
    (schemas / "zz/expressions.yaml").write_text('large: "f:Amount > 50"\n', encoding="utf-8")
    kind = loaded(schemas, '[[fact]]\nname = "small"\nkeep = "flag"\nat = "not($large)"\n')
    assert facts_of(kind, content(kind, "<Amount>90</Amount>"), KEYS).values == {"small": ("false",)}


@pytest.mark.parametrize(
    ("shared", "at", "code"),
    [
        ("large: f:Amount > 50\n", "$larger", "catalogue-xpath"),  # no such expression
        ("large: f:Amount >\n", "$large", "catalogue-xpath"),
        ("Large: f:Amount > 50\n", "$Large", "catalogue-value"),
        ("large: [f:Amount]\n", "$large", "catalogue-value"),
        ("- large\n", "$large", "catalogue-shape"),
    ],
)
def test_a_shared_expression_is_read_strictly(schemas: Path, shared: str, at: str, code: str) -> None:
    (schemas / "zz/expressions.yaml").write_text(shared, encoding="utf-8")
    with pytest.raises(CatalogueError) as caught:
        loaded(schemas, f'[[fact]]\nname = "small"\nkeep = "flag"\nat = "boolean({at})"\n')
    assert caught.value.code == code
