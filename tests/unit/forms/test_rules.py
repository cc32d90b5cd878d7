"""The rules engine: dispatch, variables, dates, order, and strict reading of rules.yaml."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from lxml import etree

from gateway.errors import CatalogueError, EngineFault
from gateway.forms.catalogue import Catalogue
from gateway.forms.findings import Phase
from gateway.forms.report import Report
from gateway.forms.rulefiles import holds_if_clean
from gateway.forms.rules import Where
from gateway.forms.sources import without_absent
from gateway.forms.validation import Validator
from tests.unit.forms.slips import HEADER, NOTE, PERSON, RECEIVED_ON, RULES, WORDS, slip

BAD_PERSON = "\n<Person><c:Ssin>85073003329</c:Ssin></Person>"
BORN_LATER = "\n<Person><c:Ssin>85473003317</c:Ssin><c:BirthDate>2026-03-02</c:BirthDate></Person>"


def _rule(schemas: Path, text: str) -> Validator:
    (schemas / "zz/slip/1/rules.yaml").write_text(f"ruleset: zz:slip:1.0.0\nrules:\n{text}{WORDS}", encoding="utf-8")
    return Validator(Catalogue.load(schemas))


def _tested(test: str, *, context: str = "f:Content", let: str = "{}") -> str:
    return (
        "- id: SL-01\n  severity: error\n  legal: [{act: a, article: '1'}]\n"
        f'  context: "{context}"\n  let: {let}\n  test: "{test}"\n'
    )


def _elsewhere(where: str) -> str:
    return f"- id: SL-01\n  severity: error\n  legal: [{{act: a, article: '1'}}]\n  checked: {where}\n"


def test_findings_come_in_document_order_with_place_article_and_severity(validate: Callable[[bytes], Report]) -> None:
    report = validate(slip(HEADER + BAD_PERSON + BORN_LATER))
    assert [(f.code, f.rule, str(f.severity), f.article, f.path, f.line) for f in report.findings] == [
        ("SL-03", "SL-03", "info", "Art. 3", "/f:Slip/f:Content", 2),
        ("SL-01", "SL-01", "error", "Art. 1 par. 2; App. I", "/f:Slip/f:Content/f:Person[1]/c:Ssin", 4),
        ("SL-02", "SL-02", "warning", "Art. 2", "/f:Slip/f:Content/f:Person[2]/c:BirthDate", 5),
    ]
    assert report.verdict == "refused"


def test_warnings_and_remarks_do_not_refuse(validate: Callable[[bytes], Report]) -> None:
    report = validate(slip(HEADER + BORN_LATER))
    assert {f.code for f in report.findings} == {"SL-02", "SL-03"}
    assert report.verdict == "acceptable"


@pytest.mark.parametrize(("issued", "expected"), [("2025-12-31", []), ("2026-01-01", ["SL-03"]), ("2026-07-01", [])])
def test_a_rule_holds_for_forms_issued_within_its_dates(
    validate: Callable[[bytes], Report], issued: str, expected: list[str]
) -> None:
    assert [f.code for f in validate(slip(HEADER.replace("2026-03-02", issued) + PERSON)).findings] == expected


def test_rules_over_a_content_cut_out_of_its_document_show_that_documents_places(catalogue: Catalogue) -> None:
    validator = Validator(catalogue)
    identified = validator.identify(slip("\n\n\n" + HEADER + BAD_PERSON + NOTE))
    cut_out = etree.fromstring(etree.tostring(identified.content, method="c14n", exclusive=True))
    whole = validator.rules(identified.kind, identified.content, received_on=RECEIVED_ON)
    parts = validator.rules(identified.kind, cut_out, received_on=RECEIVED_ON, identified=identified)
    assert parts == whole
    assert [(f.path, f.line) for f in parts] == [("/f:Slip/f:Content/f:Person/c:Ssin", 7)]


def test_a_context_of_several_steps_wants_the_parent_too(schemas: Path) -> None:
    validator = _rule(schemas, _tested("false()", context="f:Header/c:Ssin"))
    assert not validator.validate(slip(), received_on=RECEIVED_ON).findings
    validator = _rule(schemas, _tested("false()", context="f:Person/c:Ssin"))
    assert len(validator.validate(slip(), received_on=RECEIVED_ON).findings) == 1


@pytest.mark.parametrize(
    ("test", "let"),
    [
        ("$received-on = '2026-03-10'", "{}"),
        ("$issued-on = '2026-03-02'", "{}"),
        ("$people and count($people) = 1", "{people: 'f:Person'}"),
        ("$b = 2", "{a: 'count(f:Person)', b: '$a + 1'}"),
        ("$lang = 'nl'", "{lang: 'string(f:Note/@lang)'}"),
        ("not($none)", "{none: 'f:Amount'}"),
        ("sp:days-between($issued-on, $received-on) = 8", "{}"),
        ("f:Person/c:Ssin[starts-with(., '85')]", "{}"),
    ],
)
def test_variables_and_lets_are_usable(schemas: Path, test: str, let: str) -> None:
    report = _rule(schemas, _tested(test, let=let)).validate(slip(), received_on=RECEIVED_ON)
    assert not report.findings


@pytest.mark.parametrize(
    ("test", "let", "broken"),
    [("not($small)", "{}", True), ("$small", "{}", False), ("not($tiny)", "{tiny: '$small and true()'}", True)],
)
def test_a_rule_uses_the_expressions_that_its_country_shares(schemas: Path, test: str, let: str, broken: bool) -> None:
    (schemas / "zz/expressions.yaml").write_text("small: count(f:Person) = 1 or f:Amount\n", encoding="utf-8")
    report = _rule(schemas, _tested(test, let=let)).validate(slip(), received_on=RECEIVED_ON)
    assert bool(report.findings) is broken


def test_a_let_named_like_a_shared_expression_is_refused(schemas: Path) -> None:
    (schemas / "zz/expressions.yaml").write_text("small: count(f:Person) = 1\n", encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"SL-01\.let: small"):
        _rule(schemas, _tested("$small", let="{small: 'true()'}"))


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ("not(sp:health-code(string(.)))", True),
        ("not(sp:health-word(., (string(@lang)))) and sp:health-state(string(.), ')', string(@a)) = ''", True),
        ("sp:health-state(string(.), 'nl', substring('ab', 1, 2 * number(boolean(../f:Person[. = '('])))) = ''", True),
        ("true()", True),
        ("sp:health-code(string(.))", False),
        ("sp:health-state(string(.), 'nl') = 'fear'", False),
        ("not(sp:health-code(string(..)))", False),
        ("not(sp:health-code(string(.))) and @lang", False),
        ("not(sp:health-code(string(.))) or $received-on = ''", False),
        ("not(sp:ssin-valid(.))", False),
    ],
)
def test_what_asks_only_what_is_in_a_text_holds_if_nothing_is(expression: str, holds: bool) -> None:
    assert holds_if_clean(expression) is holds


@pytest.mark.parametrize(
    ("expression", "left"),
    [
        ("not((f:A | f:B/c:C | f:No | ../f:B/c:No)[. = 1])", "not((f:A | f:B/c:C)[. = 1])"),
        ("string(../f:A | ../f:No)", "string(../f:A)"),
        ("boolean(f:No | f:None)", "boolean(f:No)"),
        ("(f:A | f:No) or f:No = '(f:A | f:No)'", "(f:A) or f:No = '(f:A | f:No)'"),
        ("(f:A or f:No | f:B)", "(f:A or f:No | f:B)"),
        ("(f:A | f:No[1]) and (f:A | @no) and (f:A | *) and (f:A | self::f:No)",) * 2,
    ],
)
def test_what_no_valid_document_has_is_not_looked_for(expression: str, left: str) -> None:
    assert without_absent(expression, {"f:A", "f:B", "c:C"}) == left


def test_an_expression_is_never_built_from_the_document(schemas: Path) -> None:
    validator = _rule(schemas, _tested("$note = 'never'", let="{note: 'string(f:Note)'}"))
    note = "<Note lang=\"nl\">' or '1'='1</Note>"
    assert len(validator.validate(slip(HEADER + PERSON + note), received_on=RECEIVED_ON).findings) == 1


@pytest.mark.parametrize(
    "test",
    [
        "f:Note[@lang = $lang]",  # a let that selects an attribute cannot be handed on: write string(...)
        "not(f:Note) or sp:in-codelist(string(f:Note), 'red')",
        "not(f:Note) or sp:working-days-verdict($issued-on, f:Note, $issued-on) = 'InTime'",
    ],
)
def test_a_rule_that_breaks_says_nothing_about_the_document(schemas: Path, test: str) -> None:
    validator = _rule(schemas, _tested(test, let="{lang: 'f:Note/@lang'}"))
    with pytest.raises(EngineFault, match="RUL-900: the rule SL-01") as caught:
        validator.validate(slip(HEADER + PERSON + '<Note lang="fr">MARKER</Note>'), received_on=RECEIVED_ON)
    assert caught.value.__context__ is None
    assert "MARKER" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (_tested("f:Note ="), "SL-01.test"),
        (_tested("$nowhere = 1"), "unknown variable"),
        (_tested("sp:nothing(.)"), "unknown function sp:nothing"),
        (_tested("x:Note"), "unknown prefix x:"),
        (_tested("boolean(f:Note, 1)"), "does not run"),
        (_tested("sp:in-codelist('no-such-list', f:Note)"), "does not run"),
        (_tested("current()/f:Note"), "not portable"),
        (_tested("self::*[f:Note]"), "not portable"),
        (_tested("true()", context="f:Note[1]"), "without predicates"),
        (_tested("true()", context="//f:Note"), "without predicates"),
        (_tested("true()", let="{Upper: '1'}"), "lower-case"),
        (_tested("true()", let="{issued-on: '1'}"), "new lower-case name"),
        (_tested("true()").replace("SL-01", "sl-1"), "an id such as"),
        (_tested("true()").replace("error", "fatal"), "severity"),
        (_tested("true()").replace("context", "contekst"), "unknown contekst"),
        (_tested("true()").replace("[{act: a, article: '1'}]", "[]"), "at least one"),
        (_tested("true()").replace("article: '1'", "article: 1"), "a text is expected"),
        (_tested("true()") + "  checked: records\n", "schema, or checked"),
        (_tested("true()") + "  effective: {from: soon}\n", "a date is expected"),
        (_tested("true()") + "  effective: {since: 2026-01-01}\n", "unknown since"),
        (_tested("true()") + "  cases: [{pass: {}}]\n", "missing base"),
        (_tested("true()") + "  cases: [{fail: {base: b}}]\n", "`only` with fail"),
        (_tested("true()") + "  cases: [{pass: {base: b, sett: {}}}]\n", "unknown sett"),
        (_tested("true()") + "  severity: error\n", "is repeated"),
        ("- id: SL-01\n  severity: error\n  legal: [{act: a, article: '1'}]\n  checked: never\n", "signature, records"),
        (_elsewhere("records"), "needs `by`"),
        (_elsewhere("records") + "  by: Its Own Part\n", "a part such as routing"),
        (_elsewhere("organisational") + "  by: people\n", "needs `by`"),
        (_tested("true()") + "  by: rules\n", "needs `by`"),
        (_tested("true()") + "  cases: [{pass: {proof: test_it}}]\n", "a test such as"),
        (_tested("true()") + "  cases: [{pass: {proof: 'tests/a.py::test_a', base: b}}]\n", "unknown base"),
        (_tested("true()") + "  cases: [{fail: {proof: 'tests/a.py::test_a'}, only: [SL-01]}]\n", "needs `only`"),
        (_tested("true()") + "  cases: [{pass: {base: b}, fail: {base: b}}]\n", "one of pass, fail"),
        (_tested("true()") + "  cases: [{pass: {base: b, earlier: [{base: b}]}}]\n", "missing kind"),
        (
            "- id: SL-01\n  severity: error\n  legal: [{act: a, article: '1'}]\n  schema: {codes: [XSD-NOPE]}\n",
            "no such code",
        ),
        (
            "- id: SL-01\n  severity: error\n  legal: [{act: a, article: '1'}]\n  schema: {names: '('}\n",
            "not a pattern",
        ),
        (
            "- id: SL-01\n  severity: error\n  legal: [{act: a, article: '1'}]\n  schema: {within: '/f:A'}\n",
            "element names",
        ),
        ("- id: SL-01\n  severity: info\n  legal: [{act: a, article: '1'}]\n  schema: {}\n", "always an error"),
        (
            _elsewhere("records").replace("SL-01", "GEN-01") + "  by: intake\n",
            "belongs to a rule of zz/slip/rules.yaml",
        ),
        (_tested("true()") + WORDS + _tested("true()"), "there twice"),
    ],
)
def test_a_wrong_rules_file_is_refused_with_file_rule_and_reason(schemas: Path, text: str, said: str) -> None:
    with pytest.raises(CatalogueError) as caught:
        _rule(schemas, text)
    assert said in str(caught.value)
    assert "zz" in str(caught.value)


@pytest.mark.parametrize("key", ["note", "message", "fix"])
@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("", "SL-01: missing KEY"),
        ("  KEY: Only in English.", "SL-01.KEY: needs a text in each of en, nl, fr, de"),
        ("  KEY: {en: a, nl: b, fr: c}", "SL-01.KEY: needs a text in each of en, nl, fr, de"),
        ("  KEY: {en: a, nl: b, fr: c, xx: d}", "SL-01.KEY: needs a text in each of en, nl, fr, de"),
        ("  KEY: {en: a, nl: b, fr: c, de: ' '}", "SL-01.KEY: the text in de is empty"),
        ("  KEY: {en: '{x}', nl: '{x}', fr: '{x}', de: '{x}'}", "SL-01: a rule's words have no placeholders"),
    ],
)
def test_reason_message_and_fix_of_a_rule_are_there_in_every_language_without_placeholders(
    schemas: Path, key: str, written: str, said: str
) -> None:
    right = next(line for line in WORDS.splitlines() if line.startswith(f"  {key}: "))
    (schemas / "zz/slip/1/rules.yaml").write_text(
        RULES.replace(right, written.replace("KEY", key), 1), encoding="utf-8"
    )
    with pytest.raises(CatalogueError) as caught:
        Catalogue.load(schemas)
    assert said.replace("KEY", key) in str(caught.value)


def test_listed_rules_give_their_words_to_whoever_checks_them(catalogue: Catalogue) -> None:
    kind = catalogue.kinds[0]
    assert (kind.rules["GEN-02"].where, kind.rules["GEN-02"].by) == (Where.RECORDS, "intake")
    finding = kind.finding("GEN-02", Phase.RECORDS, path="/f:Slip/f:Content/f:Header/c:DocumentId")
    assert (finding.rule, finding.article, finding.severity) == ("GEN-02", "Art. 9", "error")
    assert kind.finding("SIG-DIGEST", Phase.SIGNATURE).rule is None


def test_a_verdict_can_be_repeated_years_later(catalogue: Catalogue) -> None:
    raw = slip(HEADER + BAD_PERSON)
    first, second = (Validator(catalogue).validate(raw, received_on=date(2026, 3, day)) for day in (10, 10))
    assert first == second


def test_a_code_list_that_exists_is_found(schemas: Path) -> None:
    validator = _rule(schemas, _tested("sp:in-codelist('colours', 'blue', sp:edition-on('colours', $issued-on))"))
    assert validator.validate(slip(), received_on=RECEIVED_ON).acceptable


def test_threads_share_a_validator_without_mixing_their_findings(catalogue: Catalogue) -> None:
    validator = Validator(catalogue)
    documents = {
        ("SL-01", "SL-03"): slip(HEADER + BAD_PERSON),
        ("SL-02", "SL-03"): slip(HEADER + BORN_LATER),
        (): slip(),
        ("XSD-CHILD-MISSING",): slip(HEADER),
    }
    wrong: list[object] = []

    def run(expected: tuple[str, ...]) -> None:
        for _ in range(200):
            report = validator.validate(documents[expected], received_on=RECEIVED_ON)
            found = tuple(sorted(finding.code for finding in report.findings))
            if found != expected:
                wrong.append((expected, found))

    threads = [threading.Thread(target=run, args=(expected,)) for expected in documents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_country_has_rules_of_no_form(schemas: Path) -> None:
    country = schemas / "zz/rules.yaml"
    proof = "  cases: [{pass: {proof: 'tests/a.py::test_a'}}]\n"
    country.write_text(
        "ruleset: zz:act\nrules:\n"
        f"{_elsewhere('organisational').replace('SL-01', 'SL-100')}{WORDS[1:]}"
        f"{_elsewhere('records').replace('SL-01', 'SL-99')}  by: routing\n  kinds: [zz/slip]\n{proof}{WORDS[1:]}",
        encoding="utf-8",
    )
    catalogue = Catalogue.load(schemas)
    listed = {item.rule.id: (item.rule.where, item.rule.by, item.kinds) for item in catalogue.rules()}
    assert list(listed)[-2:] == ["SL-99", "SL-100"]
    assert listed["SL-99"] == (Where.RECORDS, "routing", ("zz/slip",))
    assert listed["SL-100"] == (Where.ORGANISATIONAL, None, ("zz/slip",))
    assert listed["SL-01"] == (Where.DOCUMENT, "rules", ("zz/slip",))
    found = catalogue.rule("SL-99")
    assert found is not None
    assert found.rule.words.message["de"]
    assert catalogue.rule("SL-98") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (_tested("true()").replace("SL-01", "SL-99"), "stands with its form"),
        (_elsewhere("records") + "  by: routing", "belongs to a rule of zz/slip/rules.yaml"),
        (_elsewhere("records").replace("SL-01", "SL-99") + "  by: routing\n  kinds: [zz/slop]", "no form kind zz/slop"),
    ],
)
def test_a_wrong_rule_of_a_country_is_refused(schemas: Path, text: str, said: str) -> None:
    (schemas / "zz/rules.yaml").write_text(f"ruleset: zz:act\nrules:\n{text}{WORDS}", encoding="utf-8")
    with pytest.raises(CatalogueError) as caught:
        Catalogue.load(schemas)
    assert said in str(caught.value)
    assert "zz/rules.yaml" in str(caught.value)


def test_rules_asked_together_or_one_by_one_say_the_same(schemas: Path) -> None:
    """Rules about one element are first asked together; dates, ancestors and lets must not get lost on that way."""
    rules = [
        ("SL-01", "f:Note", "", "$long or $short", "let: {long: 'string-length(.) > 3', short: \". = '$long'\"}"),
        ("SL-02", "f:Content/f:Note", "", "contains(., 'a')", ""),
        ("SL-03", "f:Header/f:Note", "", "false()", ""),
        ("SL-04", "f:Note", "effective: {from: 2030-01-01}", "false()", ""),
        ("SL-05", "f:Note", "effective: {until: 2030-01-01}", "contains(., 'b')", ""),
        ("SL-06", "f:Note", "", "not(../f:Person[c:Ssin != $own][$own = 'bear'])", "let: {own: 'string(.)'}"),
    ]
    text = "ruleset: zz:slip:1.0.0\nrules:\n" + "".join(
        f"- id: {name}\n  severity: warning\n  legal: [{{act: a, article: '1'}}]\n  context: {context}\n"
        + "".join(f"  {line}\n" for line in (dated, let) if line)
        + f'  test: "{test}"\n{WORDS}'
        for name, context, dated, test, let in rules
    )
    (schemas / "zz/slip/1/rules.yaml").write_text(text, encoding="utf-8")
    validator = Validator(Catalogue.load(schemas))
    expected = {
        "abcd": [],
        "ab": ["SL-01"],
        "aa": ["SL-01", "SL-05"],
        "$long": ["SL-02", "SL-05"],
        "bear": ["SL-06"],
    }
    for note, broken in expected.items():
        report = validator.validate(slip(HEADER + PERSON + f'<Note lang="nl">{note}</Note>'), received_on=RECEIVED_ON)
        assert [finding.code for finding in report.findings] == broken, note
