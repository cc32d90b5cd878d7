"""The form kinds of this project, read by the engine: what their data files say must fit their schemas."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from gateway.forms.findings import LANGUAGES, Phase
from gateway.forms.kinds import FormKind
from gateway.forms.rules import Where
from gateway.forms.sources import COMMON_NAMESPACE, parse_yaml
from gateway.forms.validation import Validator
from tests.schemas.cases import catalogue

ROOT = Path(__file__).resolve().parents[3]
CATALOGUE = catalogue()
KINDS = {kind.id: kind for kind in CATALOGUE.kinds}
NAME = re.compile(r"\b([fc]):([A-Za-z][\w.-]*)")
LITERAL = re.compile(r"'[^']*'")


def _expressions(rule: dict[str, Any]) -> str:
    selectors = rule.get("schema", [])
    within = [item.get("within", "") for item in (selectors if isinstance(selectors, list) else [selectors])]
    texts = [rule.get("context", ""), rule.get("test", ""), *rule.get("let", {}).values(), *within]
    return " ".join(LITERAL.sub("''", text) for text in texts)


def _names(file: str) -> set[tuple[str, str]]:
    rules = parse_yaml((ROOT / "schemas" / file).read_text(encoding="utf-8"), source=file, aliases=True)["rules"]
    return {(prefix, name) for rule in rules for prefix, name in NAME.findall(_expressions(rule))}


def _known(kind: FormKind) -> set[tuple[str, str]]:
    prefixes = {f"{{{kind.namespace}}}": "f", f"{{{COMMON_NAMESPACE}}}": "c"}
    parts = (element.rpartition("}") for element in kind.schema.index.places.elements)
    return {(prefixes[namespace + "}"], name) for namespace, _, name in parts if namespace + "}" in prefixes}


@pytest.mark.parametrize("name", KINDS)
def test_every_element_that_a_rule_names_is_in_the_schema(name: str) -> None:
    kind = KINDS[name]
    assert _names(f"{name}/{kind.version.partition('.')[0]}/rules.yaml") <= _known(kind)


def test_every_element_that_a_common_rule_names_is_in_some_schema() -> None:
    known = set().union(*(_known(kind) for kind in KINDS.values()))
    assert _names("common/1/rules.yaml") <= known


def test_every_element_that_a_shared_expression_names_is_in_some_schema() -> None:
    known = set().union(*(_known(kind) for kind in KINDS.values()))
    files = sorted((ROOT / "schemas").glob("*/expressions.yaml"))
    assert files
    for file in files:
        expressions = parse_yaml(file.read_text(encoding="utf-8"), source=file.name)
        assert set(NAME.findall(LITERAL.sub("''", " ".join(expressions.values())))) <= known


@pytest.mark.parametrize("name", KINDS)
def test_what_judges_a_kind_is_told_by_digests(name: str) -> None:
    told = CATALOGUE.editions(KINDS[name])
    digests = {what: found for what, found in told.items() if what != "form"}
    assert digests.keys() == {"schema", "rules", "calendar", "terms"}
    assert all(re.fullmatch("sha256:[0-9a-f]{64}", digest) for digest in digests.values())


@pytest.mark.parametrize("name", KINDS)
def test_every_path_of_form_toml_finds_something_in_the_fullest_samples(name: str) -> None:
    """A path with a typing error finds nothing, and nothing would say so."""
    kind, validator = KINDS[name], Validator(CATALOGUE)
    folder = ROOT / "samples" / name / kind.version.partition(".")[0]
    contents = [validator.identify(path.read_bytes()).content for path in sorted(folder.glob("valid-*.xml"))]
    for signatory in kind.signatories:
        assert any(signatory.identifier(content) for content in contents), signatory.role
    for route in kind.routes:
        there = [content for content in contents if route.applies(content)]
        assert there, f"{route.id}: no sample goes there"
        assert route.at is None or all(route.identifier(content) for content in there), route.id
        assert route.postal is None or all(route.postal_code(content) for content in there), route.id
    for term in kind.terms:
        there = [content for content in contents if term.applies(content)]
        assert there, f"{term.id}: no sample starts it"
        assert term.field is None or all(term.day_zero(content) for content in there), term.id


@pytest.mark.parametrize("name", KINDS)
def test_the_field_tree_documents_every_element(name: str) -> None:
    fields = [field for _, field in CATALOGUE.fields(KINDS[name]).walk()]
    assert len(fields) > 30
    assert not [field.name for field in fields if set(field.documentation) != set(LANGUAGES)]
    assert not [field.name for field in fields if field.provenance is None]


@pytest.mark.parametrize("name", KINDS)
def test_every_schema_fault_has_a_rule_to_answer_for_it(name: str) -> None:
    kind = KINDS[name]
    sample = next((ROOT / "samples" / name).glob("*/valid-minimal.xml")).read_bytes()
    broken = sample.replace(b'Id="content"', b'Id="other" more="1"').replace(b"</f:Content>", b"<more/></f:Content>")
    findings = Validator(CATALOGUE).identify(broken).findings
    assert {finding.code for finding in findings} == {"XSD-ENUM", "XSD-ATTR-UNEXPECTED", "XSD-CHILD-UNEXPECTED"}
    assert all(finding.rule and finding.rule in kind.rules and finding.article for finding in findings)


def test_rules_that_others_check_are_listed_for_every_kind() -> None:
    for kind in KINDS.values():
        where = {rule.id: (rule.where, rule.by) for rule in kind.rules.rules}
        assert (
            where.items()
            >= {
                "GEN-02": (Where.RECORDS, "intake"),
                "GEN-19": (Where.SIGNATURE, "signatories"),
                "GEN-18": (Where.DOCUMENT, "rules"),
                "GEN-01": (Where.DOCUMENT, "schema"),
            }.items()
        )


@pytest.mark.parametrize("name", KINDS)
def test_a_form_cites_the_law_of_its_own_country(name: str) -> None:
    kind = KINDS[name]
    for rule in kind.rules.rules:
        assert {legal.country for legal in rule.legal} <= {kind.country, "eu"}, rule.id


def test_a_shared_rule_is_listed_with_every_law_and_found_under_one() -> None:
    listed = CATALOGUE.rule("GEN-18")
    assert listed is not None
    assert {legal.country for legal in listed.rule.legal} == {"be", "nl"}
    dutch = KINDS["nl/expertise-advice"].finding("GEN-18", Phase.RULES)
    assert dutch.article == "TSB"
    assert KINDS["be/appeal"].finding("GEN-18", Phase.RULES).article == "App. I, II and IV"
