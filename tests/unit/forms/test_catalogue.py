"""Loading form kinds: what a kind knows, and that a wrong file is refused by name."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from lxml import etree

from gateway.deadlines import Unit
from gateway.errors import CatalogueError
from gateway.forms.cases import samples_of
from gateway.forms.catalogue import Catalogue, load_countries
from gateway.forms.countries import check_holidays
from gateway.forms.validation import Validator
from tests.unit.forms.slips import HEADER, NAMESPACE, PERSON, RECEIVED_ON, slip


def _content(catalogue: Catalogue, raw: bytes) -> etree._Element:
    return Validator(catalogue).identify(raw).content


def test_a_kind_is_found_by_root_and_by_name(catalogue: Catalogue) -> None:
    kind = catalogue.by_root(f"{{{NAMESPACE}}}Slip")
    assert kind is not None
    assert kind is catalogue.by_name("zz/slip")
    assert (kind.id, kind.form_type, kind.title["nl"], set(kind.never)) == ("zz/slip", "SLP", "Strook", {"Gossip"})
    assert kind.rules.name == "zz:slip:1.0.0 + common:1.0.0"
    assert catalogue.by_root("Slip") is None
    assert catalogue.by_name("zz/other") is None


def _second_version(schemas: Path) -> Path:
    """The small kind once more, as its second version."""
    home = schemas / "zz/slip/2"
    home.mkdir()
    for name in ("form.toml", "form.xsd", "rules.yaml", "labels.yaml"):
        text = (schemas / "zz/slip/1" / name).read_text(encoding="utf-8")
        text = text.replace("slip:1", "slip:2").replace('version = "1.0"', 'version = "2.1"')
        (home / name).write_text(text.replace("slip/1/", "slip/2/"), encoding="utf-8")
    return home


def test_the_newest_version_answers_to_the_name(schemas: Path) -> None:
    _second_version(schemas)
    catalogue = Catalogue.load(schemas)
    newest = catalogue.by_name("zz/slip")
    assert newest is not None
    assert newest.version == "2.1"
    assert len(catalogue.kinds) == 2


def test_a_catalogue_that_is_only_opened_compiles_what_it_is_asked_for(schemas: Path) -> None:
    """So the command about one document neither waits for the other kinds nor fails over them."""
    rules = _second_version(schemas) / "rules.yaml"
    rules.write_text(rules.read_text(encoding="utf-8").replace("severity:", "severe:", 1), encoding="utf-8")
    catalogue = Catalogue.open(schemas)
    first = catalogue.by_root(f"{{{NAMESPACE}}}Slip")
    assert first is not None
    assert first.version == "1.0"
    assert catalogue.by_root(f"{{{NAMESPACE}}}Slip") is first
    assert catalogue.by_root(f"{{{NAMESPACE}}}Slap") is None
    assert catalogue.by_root("{urn:sealpost:zz:slip:3}Slip") is None
    for whatever_needs_the_other in (lambda: catalogue.kinds, lambda: catalogue.by_name("zz/slip"), catalogue.rules):
        with pytest.raises(CatalogueError, match=r"slip/2/rules\.yaml"):
            whatever_needs_the_other()
    with pytest.raises(CatalogueError, match=r"slip/2/rules\.yaml"):
        Catalogue.load(schemas)


def test_form_kinds_compiled_one_by_one_or_all_at_once_judge_alike() -> None:
    one_by_one, at_once = Catalogue.open(), Catalogue.load()
    for kind in at_once.kinds:
        alone = one_by_one.by_root(kind.qname)
        assert alone is not None
        assert [rule.id for rule in alone.rules.rules] == [rule.id for rule in kind.rules.rules]
        for file in sorted(samples_of(kind).glob("*.xml")):
            one, other = (
                Validator(each).validate(file.read_bytes(), received_on=RECEIVED_ON) for each in (one_by_one, at_once)
            )
            assert one.findings == other.findings, file


def test_a_kind_may_take_some_of_the_rules_of_another_file(schemas: Path) -> None:
    path = schemas / "zz/slip/1/form.toml"
    text = path.read_text(encoding="utf-8")
    all_of_it = [rule.id for rule in Catalogue.load(schemas).kinds[0].rules.rules]
    wanted = all_of_it[1]
    path.write_text(
        text.replace('"zz/slip/1/rules.yaml"', f'{{ file = "zz/slip/1/rules.yaml", only = ["{wanted}"] }}'),
        encoding="utf-8",
    )
    common = [rule_id for rule_id in all_of_it if rule_id.startswith("GEN-")]
    assert [rule.id for rule in Catalogue.load(schemas).kinds[0].rules.rules] == [wanted, *common]


def test_a_schema_may_include_types_without_a_namespace(schemas: Path) -> None:
    """They become types of the form that includes them, also where faults are named."""
    home = schemas / "zz/slip/1"
    (home / "part.xsd").write_text(
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" elementFormDefault="qualified">'
        '<xs:complexType name="StampType"><xs:sequence><xs:element name="Ink" type="InkType"/></xs:sequence>'
        '</xs:complexType><xs:simpleType name="InkType"><xs:restriction base="xs:string">'
        '<xs:enumeration value="red"/></xs:restriction></xs:simpleType></xs:schema>',
        encoding="utf-8",
    )
    text = (home / "form.xsd").read_text(encoding="utf-8")
    note = '<xs:element name="Note"'
    assert text.count(note) == 1
    text = text.replace(note, f'<xs:element name="Stamp" type="f:StampType" minOccurs="0"/>{note}')
    text = text.replace("  <xs:import", '  <xs:include schemaLocation="part.xsd"/>\n  <xs:import', 1)
    (home / "form.xsd").write_text(text, encoding="utf-8")
    catalogue = Catalogue.load(schemas)
    stamped = "<Stamp><Ink>{}</Ink></Stamp>"
    good, bad = (slip(HEADER + PERSON + stamped.format(ink)) for ink in ("red", "blue"))
    assert Validator(catalogue).validate(good, received_on=RECEIVED_ON).acceptable
    (fault,) = Validator(catalogue).validate(bad, received_on=RECEIVED_ON).findings
    assert (fault.code, fault.path) == ("XSD-ENUM", "/f:Slip/f:Content/f:Stamp/f:Ink")
    assert "Ink" in [field.name for _, field in catalogue.fields(catalogue.kinds[0]).walk()]


def test_signatory_routes_and_terms_read_the_form(catalogue: Catalogue) -> None:
    kind = catalogue.kinds[0]
    second = "<Person><c:Ssin> 85473003317 </c:Ssin></Person>"
    one, two = (_content(catalogue, slip(HEADER + PERSON + more)) for more in ("", second + "<Amount>90</Amount>"))
    (signatory,) = kind.signatories
    assert (signatory.role, signatory.scheme, signatory.identifier(one)) == ("Person", "insz", "85073003328")
    keeper, office = kind.routes
    assert (keeper.applies(one), keeper.applies(two)) == (False, True)
    assert (keeper.identifier(one), keeper.identifier(two)) == (None, "85473003317")
    assert (office.scheme, office.identifier(two), office.postal_code(two)) == ("role", None, "90")
    assert office.postal_code(one) is None
    own, answer = kind.terms
    assert (own.id, own.starts_on, own.day_zero(one), own.binds) == ("T90", None, date(2026, 3, 2), "this-form")
    law = own.version(one, date(2026, 3, 2))
    assert (law.article, law.span.length, law.span.unit) == ("Art. 1", 7, Unit.WORKING_DAYS)
    assert (answer.starts_on, answer.done_by) == ("ContentHandover:Keeper", ("zz/slip",))
    assert (answer.event, answer.role, answer.day_zero(two)) == ("ContentHandover", "Keeper", None)
    assert (answer.applies(one), answer.applies(two)) == (False, True)


def test_code_lists_know_editions_and_leave_headings_out(catalogue: Catalogue) -> None:
    colours = catalogue.reference.code_lists["colours"]
    assert colours.holds("red")
    assert not colours.holds("red", "2")
    assert colours.holds("blue", "2")
    assert not colours.holds("all")


def test_the_field_tree_has_names_numbers_types_and_values(catalogue: Catalogue) -> None:
    tree = catalogue.fields(catalogue.kinds[0])
    rows = [(depth, field.name, field.least, field.most, field.type) for depth, field in tree.walk()]
    assert rows[:4] == [
        (0, "Slip", 1, 1, None),
        (1, "Content", 1, 1, "ContentType"),
        (2, "Header", 1, 1, "HeaderType"),
        (3, "DocumentId", 0, 1, "TextType"),
    ]
    by_name = {field.name: field for _, field in tree.walk()}
    assert by_name["DocumentLanguage"].values == ("nl", "fr")
    assert (by_name["Amount"].one_of, by_name["Note"].one_of) == (True, False)
    assert (by_name["Person"].most, by_name["Note"].attributes) == (3, ("lang",))


TOML_FAULTS = [
    ('country = "zz"', 'country = "ZZ"', "country"),
    ('name = "slip"', 'name = "slop"', "namespace"),
    ('version = "1.0"', 'version = "2.0"', "namespace"),
    ('form_type = "SLP"', "", "missing form_type"),
    ('form_type = "SLP"', 'form_type = "SLP"\nnew = 1', "unknown new"),
    ('never = ["Gossip"]', 'never = ["Keeper"]', "a role that is in never"),
    ('scheme = "insz", at = "f:Person[2]', 'scheme = "phone", at = "f:Person[2]', "one of insz"),
    ('{ scheme = "role", postal', '{ scheme = "kbo", postal', "needs `at`"),
    ("copy = 2", "copy = 3", "copy"),
    ('id = "T91"', 'id = "T92"', "no such term in zz/terms.yaml"),
    ("{ noted =", "{ other =", "unknown other"),
    ('event = "ContentHandover"', 'event = "Handover"', "event"),
    ('{ field = "f:Header/c:IssuedOn" }', '{ event = "ContentHandover" }', "can bind the form itself"),
    ('when = "boolean(f:Amount)"', 'when = "boolean("', "term 2"),
    ('when = "boolean(f:Amount)"', 'when = "$x"', "unknown variable"),
    ('de = "Zettel"', "", "title"),
    ("[title]", "[title", "form.toml"),
    ('"zz/slip/1/rules.yaml", ', '"zz/slip/1/missing.yaml", ', "missing.yaml"),
    ('"zz/slip/1/rules.yaml", ', '{ file = "zz/slip/1/rules.yaml", only = ["ZZ-99"] }, ', "has no rule ZZ-99"),
    ('"zz/slip/1/rules.yaml", ', '{ file = "zz/slip/1/rules.yaml" }, ', "missing only"),
]


@pytest.mark.parametrize(("old", "new", "said"), TOML_FAULTS)
def test_a_wrong_form_toml_is_refused_with_file_and_key(schemas: Path, old: str, new: str, said: str) -> None:
    path = schemas / "zz/slip/1/form.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(CatalogueError) as caught:
        Catalogue.load(schemas)
    assert said in str(caught.value)
    assert "zz/slip/1/" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        (
            "zz/slip/1/form.xsd",
            'targetNamespace="urn:sealpost:zz:slip:1"',
            'targetNamespace="urn:x"',
            "target namespace",
        ),
        ("zz/slip/1/form.xsd", "xs:sequence>", "xs:sequense>", "form.xsd"),
        ("zz/slip/1/form.xsd", "../../../common/1/types.xsd", "../../../common/1/nothing.xsd", "nothing.xsd"),
        ("common/codelists/colours.yaml", "list: colours", "list: colors", "named like the file"),
        ("common/codelists/colours.yaml", "code: blue", "code: red", "red: is there twice"),
        ("common/codelists/colours.yaml", 'editions: ["1"]', 'editions: ["9"]', "unknown edition"),
        ("common/1/messages.yaml", "XML-001:", "XML-002:", "is repeated"),
        ("common/1/messages.yaml", "XML-001:", "  XML-001:", "messages.yaml"),
        ("zz/slip/1/form.xsd", 'type="c:AmountType"', 'type="c:NoType"', "zz/slip/1/form.xsd"),
    ],
)
def test_any_other_wrong_file_is_refused_by_name(schemas: Path, name: str, old: str, new: str, said: str) -> None:
    path = schemas / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CatalogueError) as caught:
        Catalogue.load(schemas)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{country: BE,", "{country: ZZ,", r"zz/calendar\.yaml\.holidays\.country: the holidays library"),
        ("[public]", "[festive]", r"zz/calendar\.yaml\.holidays\.categories: the holidays library"),
    ],
)
def test_holidays_that_the_library_does_not_know_are_refused_by_name(
    schemas: Path, old: str, new: str, said: str
) -> None:
    path = schemas / "zz/calendar.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CatalogueError, match=said):
        load_countries(schemas)
    with pytest.raises(CatalogueError, match=said):
        check_holidays(Catalogue.load(schemas).countries.values())


EXCERPT = """\
act: be-rd-2003-05-28
profile: BE-RD2003
language: nl
from: 2003-06-26
until: null
digest: sha256:0
articles:
- number: "64"
  paragraphs: ["Een  lid."]
"""


def test_a_fixed_text_carries_its_own_digest(schemas: Path) -> None:
    path = schemas / "common/texts/act/text/nl.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(EXCERPT, encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"nl\.yaml: the digest of this text is sha256:[0-9a-f]{64}") as caught:
        Catalogue.load(schemas)
    right = str(caught.value).rpartition(" ")[2]
    path.write_text(EXCERPT.replace("sha256:0", right), encoding="utf-8")
    (excerpt,) = Catalogue.load(schemas).reference.excerpts
    assert excerpt.articles == (("64", ("Een lid.",)),)


def test_a_folder_without_kinds_is_refused(schemas: Path) -> None:
    (schemas / "zz/slip/1/form.toml").unlink()
    with pytest.raises(CatalogueError, match="no form kind"):
        Catalogue.load(schemas)


def test_our_own_schemas_load() -> None:
    catalogue = Catalogue.load()
    assert {kind.id for kind in catalogue.kinds} >= {"be/health-assessment", "be/appeal"}
