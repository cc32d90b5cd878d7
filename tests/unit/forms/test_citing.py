"""References to the law in four languages: exact words, and none of our data leaves English in another language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

import pytest

from gateway.errors import CatalogueError
from gateway.forms.actfiles import read_acts
from gateway.forms.catalogue import load_acts
from gateway.forms.citing import Legal, articles_in_one_line, as_json
from gateway.forms.findings import LANGUAGES
from gateway.forms.validation import Validator
from tests.schemas.cases import ROOT, catalogue

DECREE, CODE, TSB = "be-rd-2003-05-28", "be-code-2017-04-28", "nl-tsb-2022-11-25"
ACTS = load_acts()
BELGIUM = catalogue().countries["be"]
ALIKE = {"note", "TSB", "Lexces", "service"}  # words that are the same in another language, or names


@pytest.mark.parametrize(
    ("act", "article", "cited"),
    [
        (
            DECREE,
            "60 par. 2",
            (
                "Royal Decree of 28 May 2003, Art. 60 § 2",
                "koninklijk besluit van 28 mei 2003, art. 60, § 2",
                "arrêté royal du 28 mai 2003, art. 60, § 2",
                "Königlicher Erlass vom 28. Mai 2003, Art. 60 § 2",
            ),
        ),
        (  # Art. 48 has no §: it is the fifth paragraph
            DECREE,
            "48 par. 5",
            (
                "Royal Decree of 28 May 2003, Art. 48 par. 5",
                "koninklijk besluit van 28 mei 2003, art. 48, lid 5",
                "arrêté royal du 28 mai 2003, art. 48, al. 5",
                "Königlicher Erlass vom 28. Mai 2003, Art. 48 Abs. 5",
            ),
        ),
        (
            DECREE,
            "60 par. 1, 49 par. 1",
            (
                "Royal Decree of 28 May 2003, Art. 60 § 1, 49 par. 1",
                "koninklijk besluit van 28 mei 2003, art. 60, § 1, 49, lid 1",
                "arrêté royal du 28 mai 2003, art. 60, § 1er, 49, al. 1er",
                "Königlicher Erlass vom 28. Mai 2003, Art. 60 § 1, 49 Abs. 1",
            ),
        ),
        (
            DECREE,
            "82, 1°, 7° and 11°",
            (
                "Royal Decree of 28 May 2003, Art. 82, 1°, 7° and 11°",
                "koninklijk besluit van 28 mei 2003, art. 82, 1°, 7° en 11°",
                "arrêté royal du 28 mai 2003, art. 82, 1°, 7° et 11°",
                "Königlicher Erlass vom 28. Mai 2003, Art. 82 Nr. 1, Nr. 7 und Nr. 11",
            ),
        ),
        (
            DECREE,
            "App. II-1 note (1)",
            (
                "Royal Decree of 28 May 2003, App. II-1 note (1)",
                "koninklijk besluit van 28 mei 2003, bijlage II-1, noot (1)",
                "arrêté royal du 28 mai 2003, annexe II-1, note (1)",
                "Königlicher Erlass vom 28. Mai 2003, Anlage II-1 Anmerkung (1)",
            ),
        ),
        (
            DECREE,
            "Art. 62 par. 2, Art. 48 par. 4, Art. 81",
            (
                "Royal Decree of 28 May 2003, Art. 62 § 2, Art. 48 par. 4, Art. 81",
                "koninklijk besluit van 28 mei 2003, art. 62, § 2, art. 48, lid 4, art. 81",
                "arrêté royal du 28 mai 2003, art. 62, § 2, art. 48, al. 4, art. 81",
                "Königlicher Erlass vom 28. Mai 2003, Art. 62 § 2, Art. 48 Abs. 4, Art. 81",
            ),
        ),
        (
            CODE,
            "Code I.4, deliberation",
            (
                "Code on well-being at work, Title I.4, deliberation",
                "codex over het welzijn op het werk, titel I.4, overleg",
                "code du bien-être au travail, titre I.4, concertation",
                "Kodex über das Wohlbefinden bei der Arbeit, Titel I.4, Konzertierung",
            ),
        ),
        (
            CODE,
            "Art. I.4-63",
            (
                "Code on well-being at work, Art. I.4-63",
                "codex over het welzijn op het werk, art. I.4-63",
                "code du bien-être au travail, art. I.4-63",
                "Kodex über das Wohlbefinden bei der Arbeit, Art. I.4-63",
            ),
        ),
        (
            TSB,
            "TSB, list of diseases",
            (
                "Dutch TSB arrangement of 25 November 2022, list of diseases",
                "Nederlandse TSB-regeling van 25 november 2022, lijst van ziekten",
                "régime TSB néerlandais du 25 novembre 2022, liste des maladies",
                "niederländische TSB-Regelung vom 25. November 2022, Liste der Krankheiten",
            ),
        ),
        (  # of another act than the place around it is about
            TSB,
            "Awb Art. 4:13",
            (
                "Dutch General Administrative Law Act, Art. 4:13",
                "Nederlandse Algemene wet bestuursrecht, art. 4:13",
                "loi générale néerlandaise sur le droit administratif, art. 4:13",
                "niederländisches Allgemeines Verwaltungsgesetz, Art. 4:13",
            ),
        ),
    ],
)
def test_a_reference_is_cited_as_its_reader_writes_it(act: str, article: str, cited: tuple[str, ...]) -> None:
    assert tuple(ACTS.cite([Legal(act=act, article=article)], each) for each in ("en", "nl", "fr", "de")) == cited


def test_an_act_is_named_once_and_not_where_the_place_is_about_it() -> None:
    legal = [Legal(act=DECREE, article="48 par. 6"), Legal(act=DECREE, article="App. I"), Legal(act=TSB, article="TSB")]
    assert ACTS.cite(legal, "nl") == (
        "koninklijk besluit van 28 mei 2003, art. 48, lid 6; bijlage I; Nederlandse TSB-regeling van 25 november 2022"
    )
    assert ACTS.cite(legal[:2], "nl", within=DECREE) == "art. 48, lid 6; bijlage I"
    assert ACTS.cite(legal[2:], "nl", within=TSB) == "Nederlandse TSB-regeling van 25 november 2022"


def test_programs_get_what_the_data_say_in_every_language() -> None:
    legal = (Legal(act=DECREE, article="48 par. 5"),)
    shown = [ACTS.shown(legal, language)["legal"] for language in LANGUAGES]
    assert shown == [[{"act": DECREE, "article": "48 par. 5"}]] * len(LANGUAGES)
    assert articles_in_one_line(legal) == "Art. 48 par. 5"


def test_programs_get_each_provision_by_itself_and_in_one_shape() -> None:
    """Routes name several at once (`Art. 62 par. 2, Art. 48 par. 4`), rules one by one (`62 par. 2`)."""
    several = (Legal(act=DECREE, article="Art. 62 par. 2, Art. 48 par. 4"),)
    one_by_one = tuple(Legal(act=DECREE, article=each) for each in ("62 par. 2", "48 par. 4"))
    assert as_json(several) == as_json(one_by_one)
    assert ACTS.shown(several, "en")["article"] == "Royal Decree of 28 May 2003, Art. 62 § 2, Art. 48 par. 4"
    told = [entry["article"] for entry in as_json(_all_references())]
    assert not [each for each in told if each.startswith("Art. ") or ", Art. " in each or ", App. " in each]


def test_a_reference_kept_without_its_act_is_still_told() -> None:
    shown = ACTS.shown(ACTS.of_form("xx/no-such-kind", "Art. 60 par. 2"), "fr")
    assert shown == {"article": "art. 60, al. 2", "legal": [{"article": "60 par. 2"}]}


def _all_references() -> Iterator[Legal]:
    """Every reference of our data: rules, codes, forms, routes, signatories, terms, fields and code lists."""
    known = catalogue()
    for listed in known.rules():
        yield from listed.rule.legal
    for code in known.messages.codes:
        yield from known.messages[code].legal
    for kind in known.kinds:
        yield from kind.provisions
        for article in [*(rule.article for rule in kind.routes), *(rule.article for rule in kind.signatories)]:
            yield from kind.legal(article)
        for _, field in known.fields(kind).walk():
            yield from field.legal(kind, known.acts)
    for country in known.countries.values():
        yield from (version.legal for term in country.terms.values() for version in term.versions)
    for each in known.reference.code_lists.values():
        yield from each.legal


def test_every_reference_of_our_data_is_of_a_known_act_and_leaves_no_english() -> None:
    references = set(_all_references())
    assert len(references) > 150
    assert {legal.act for legal in references} <= ACTS.names
    for legal in references:
        written = set(re.findall(r"[A-Za-z]{2,}", legal.article)) - ALIKE - {"II", "III", "IV"}
        for language in ("nl", "fr", "de"):
            cited = ACTS.cite([legal], language, within=legal.act)
            left = {word for word in written & set(re.findall(r"\w+", cited)) if (word, language) != ("Art", "de")}
            assert not left, (legal, cited)


@pytest.mark.parametrize(
    "act", [{"en": "a", "nl": "b", "fr": "c"}, {"en": "a", "nl": "b", "fr": "c", "de": "d", "par": 1}, "a"]
)
def test_an_act_that_is_not_whole_is_refused_by_name(act: object) -> None:
    with pytest.raises(CatalogueError, match=r"xx/acts\.yaml: an-act"):
        read_acts({"xx/acts.yaml": {"acts": {"an-act": act}}}, lambda _: None)


def test_the_words_of_citations_must_be_there() -> None:
    with pytest.raises(CatalogueError, match="needs exactly the words"):
        read_acts({}, lambda _: None)


@pytest.mark.parametrize(
    ("article", "cited"),
    [
        ("65", (CODE, "Art. I.4-63")),
        ("Art. 65", (CODE, "Art. I.4-63")),
        ("67", (CODE, "Art. I.4-65")),
        ("60 par. 2", (CODE, "Code I.4, deliberation")),
        ("65 par. 2", (DECREE, "65 par. 2")),
        ("48 par. 5", (DECREE, "48 par. 5")),
    ],
)
def test_a_provision_cited_for_a_term_is_that_of_the_text_that_a_form_follows_where_both_are_known(
    article: str, cited: tuple[str, str]
) -> None:
    asked, beside = Legal(act=DECREE, article=article, term="T5"), Legal(act=DECREE, article=article)
    found, same = BELGIUM.cited_under("BE-CODE-I4", (asked, beside))
    assert (found.act, found.article) == cited
    assert same is beside, "about something else than the term"
    assert BELGIUM.cited_under("BE-CODE-I4", (beside,)) == (beside,)
    for profile in ("BE-RD2003", "NL-TSB", "", None):
        assert BELGIUM.cited_under(profile, (asked,)) == (asked,)


def test_a_rule_cites_for_a_term_the_provision_that_sets_it() -> None:
    cited = {
        (rule.id, each.term, each.article)
        for kind in catalogue().kinds
        for rule in kind.rules.rules
        for each in rule.legal
        if each.term
    }
    assert len(cited) > 10
    for rule, term, article in cited:
        assert BELGIUM.terms[term].version().article.removeprefix("Art. ") == article, rule


def test_findings_about_a_form_under_the_code_cite_the_code_where_its_article_is_known() -> None:
    raw = (ROOT / "samples/be/appeal/1/valid-minimal.xml").read_bytes()
    validator = Validator(catalogue())
    acts = {}
    for profile in (b"BE-RD2003", b"BE-CODE-I4"):
        report = validator.validate(raw.replace(b"BE-RD2003", profile), received_on=date(2026, 12, 1))
        acts[profile] = {finding.code: [each.act for each in finding.legal] for finding in report.findings}
    assert acts[b"BE-RD2003"]["AP-06"] == [DECREE]
    assert acts[b"BE-CODE-I4"]["AP-06"] == [CODE]
    assert acts[b"BE-CODE-I4"]["AP-12"] == [DECREE], "nobody knows which article of the Code it is"


def test_a_finding_that_is_not_about_the_term_of_its_article_keeps_the_decree() -> None:
    raw = (ROOT / "samples/be/health-assessment/1/valid-minimal.xml").read_bytes()
    raw = raw.replace(b"BE-RD2003", b"BE-CODE-I4").replace(b">P1Y<", b">P5Y<")
    report = Validator(catalogue()).validate(raw, received_on=date(2026, 12, 1))
    (found,) = [finding for finding in report.findings if finding.code == "HA-32"]
    assert {each.act for each in found.legal} == {DECREE}
