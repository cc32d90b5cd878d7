"""What a rule or a code means: why, where the law says so, an example right and wrong, the way out.

The examples are the rule's own cases, cut down to the lines around what they change; a code has one where a sample
shows it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from lxml import etree

from gateway.errors import NotFound
from gateway.forms.cases import Case, NotApplicable, cases_of, example, issued_on, samples_of
from gateway.forms.catalogue import Catalogue
from gateway.forms.findings import Message, Phase
from gateway.forms.kinds import FormKind
from gateway.forms.rules import Rule, Where
from gateway.forms.sources import COMMON_NAMESPACE
from gateway.forms.validation import Validator

_AROUND = 2  # lines shown before and after
_LONGEST = 110  # characters of a line
_MOST_LINES = 24
_SIGNS = {"remove": "-", "replace": "±", "add": "+", "after": "+"}  # before what is changed in an earlier document
_ARTICLE = re.compile(r"[0-9]+[a-z]*")
_PHASES = {"XML": Phase.PARSE, "XSD": Phase.SCHEMA, "RUL": Phase.RULES, "SIG": Phase.SIGNATURE, "GW": Phase.RECORDS}


@dataclass(frozen=True, kw_only=True, slots=True)
class Article:
    """The text of an article."""

    act: str
    number: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """An example: lines of a sample, `+` and `-` before what was changed in it, a space before the others.

    lines: none where all that matters is outside the document, or was shown before. received_on: the day of receipt,
    where it matters. earlier: the documents that came before, each `kind sample, day, changes`; None where none matter.
    """

    kind: str
    sample: str
    lines: tuple[str, ...]
    received_on: date | None = None
    earlier: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """All that is known about a rule or a code, `words` in four languages.

    where: document, signature, records or organisational for a rule; the step that finds it for a code. proof: the test
    that shows a rule which no document shows.
    """

    id: str
    words: Message
    where: str
    by: str | None = None
    kinds: tuple[str, ...] = ()
    note: str | None = None
    law: tuple[Article, ...] = ()
    right: Shown | None = None
    wrong: Shown | None = None
    proof: str | None = None


def explain(catalogue: Catalogue, name: str, *, language: str, kind: str | None = None) -> Explanation:
    """Explain the rule or code of that name; the text of the law in `language`, examples of `kind` if one is named.

    Raises NotFound with the nearest names, and for a rule that is none of `kind`.
    """
    listed = catalogue.rule(name)
    if listed is not None:
        if kind is not None and kind not in listed.kinds:
            about = ", ".join(listed.kinds) or "no form"
            raise NotFound("no-rule-of-kind", f"{name} is no rule of {kind}; it is about {about}")
        kinds = [each for each in map(catalogue.by_name, listed.kinds) if each is not None and kind in (None, each.id)]
        return _of_rule(catalogue, listed.rule, kinds, listed.kinds, language)
    if name in catalogue.messages.codes:
        shown = [each for each in catalogue.kinds if kind in (None, each.id)]
        return Explanation(
            id=name,
            words=catalogue.messages[name],
            where=_PHASES.get(name.partition("-")[0], Phase.RULES).value,
            wrong=next(_of_sample(catalogue, name, shown), None),
        )
    names = [*(each.rule.id for each in catalogue.rules()), *sorted(catalogue.messages.codes)]
    near = difflib.get_close_matches(name.upper(), names, n=5)
    raise NotFound("no-such-rule", f"there is no rule or code {name}" + (f"; near: {', '.join(near)}" if near else ""))


def _of_rule(
    catalogue: Catalogue, rule: Rule, kinds: Sequence[FormKind], about: tuple[str, ...], language: str
) -> Explanation:
    cases = cases_of(rule)
    wrong_case, wrong = next(_examples(catalogue, kinds, cases, "fail", _places(rule, None, kinds)), (None, None))
    passing = [_unchanged(wrong_case, case) for case in cases if case.outcome == "pass"]
    places = _places(rule, wrong_case, kinds)
    right_case, right = next(_examples(catalogue, kinds, passing, "pass", places), (None, None))
    chosen = [case.change for case in (wrong_case, right_case) if case is not None]
    dated, after_others = (any(key in change for change in chosen) for key in ("received_on", "earlier"))
    wrong, right = (shown and _told(shown, dated=dated, after_others=after_others) for shown in (wrong, right))
    if wrong is not None and right is not None and right.lines == wrong.lines:
        right = replace(right, lines=())
    return Explanation(
        id=rule.id,
        words=rule.words,
        where=rule.where.value,
        by=rule.by,
        kinds=about,
        note=rule.note[language],
        law=tuple(_law(catalogue, rule, language)),
        right=right,
        wrong=wrong,
        proof=None if wrong else next((case.proof for case in cases if case.proof), None),
    )


def _law(catalogue: Catalogue, rule: Rule, language: str) -> Iterator[Article]:
    """The articles that the rule names, as far as we hold their text; of several versions the newest."""
    for legal in rule.legal:
        number = _ARTICLE.match(legal.article)
        held = [
            Article(act=legal.act, number=number[0], paragraphs=paragraphs)
            for excerpt in catalogue.reference.excerpts
            if (excerpt.act, excerpt.language) == (legal.act, language)
            for held_number, paragraphs in excerpt.articles
            if number is not None and held_number == number[0]
        ]
        yield from held[-1:]


def _examples(
    catalogue: Catalogue, kinds: Sequence[FormKind], cases: Sequence[Case], outcome: str, places: Sequence[str]
) -> Iterator[tuple[Case, Shown]]:
    """The cases of that outcome that a form shows, each over the first form kind that it applies to.

    places: what to show of a case that changes nothing.
    """
    for case in cases:
        for kind in kinds if case.outcome == outcome else ():
            try:
                made = example(kind, case.change)
            except NotApplicable:
                continue
            before = _lines(example(kind, {"base": case.change["base"]}).root)
            lines = _difference(before, _lines(made.root)) or _around(before, kind, places)
            yield (
                case,
                Shown(
                    kind=kind.id,
                    sample=case.change["base"],
                    lines=lines,
                    received_on=made.received_on,
                    earlier=tuple(_earlier(catalogue, case)),
                ),
            )


def _told(shown: Shown, *, dated: bool, after_others: bool) -> Shown:
    """The example with the day of receipt and the earlier documents only where they play a part."""
    return replace(
        shown,
        received_on=shown.received_on if dated else None,
        earlier=shown.earlier if after_others else None,
    )


def _unchanged(wrong: Case | None, right: Case) -> Case:
    """A passing case that is a sample as it stands is best shown by the sample that the failing case changes."""
    if wrong is None or set(right.change) != {"base"} or not set(wrong.change) > {"base"}:
        return right
    return replace(right, change={"base": wrong.change["base"]})


def _earlier(catalogue: Catalogue, case: Case) -> Iterator[str]:
    """Each earlier document: its kind and sample, the day on which it was accepted, what is changed in it."""
    for document in case.change.get("earlier", ()):
        at, kind = document.get("at"), catalogue.by_name(document["kind"])
        day = at if at or kind is None else example(kind, document).received_on
        changes = [f"{xpath} = {text}" for xpath, text in document.get("set", {}).items()]
        changes += [f"{sign} {xpath}" for key, sign in _SIGNS.items() for xpath in document.get(key, ())]
        yield ", ".join([f"{document['kind']} {document['base']}", *([f"{day:%Y-%m-%d}"] if day else []), *changes])


def _of_sample(catalogue: Catalogue, code: str, kinds: Sequence[FormKind]) -> Iterator[Shown]:
    """The samples that are made for a code, around the line at fault."""
    validator = Validator(catalogue)
    for kind in kinds:
        for file in sorted(samples_of(kind).glob(f"invalid-{code}.xml")):
            raw = file.read_bytes()
            report = validator.validate(raw, received_on=issued_on(raw))
            line = next((finding.line for finding in report.findings if finding.code == code), None)
            if line is not None:
                text = raw.decode().splitlines()
                yield Shown(kind=kind.id, sample=file.stem, lines=_cut(text, line - 1, line))


def _places(rule: Rule, case: Case | None, kinds: Sequence[FormKind]) -> list[str]:
    """Expressions for where to look in a document that has no change: where a case changes it, where the rule looks.

    None for a rule that looks elsewhere than in the document.
    """
    found: list[str] = []
    for key in ("remove", "set", "replace", "add", "after"):
        found += [xpath.rpartition("/@")[0] or xpath for xpath in (case.change if case else {}).get(key, ())]
    if rule.test is not None:
        found += [f"//{place}" for kind in kinds[:1] for place in rule.test.contexts(kind.schema.index.places)]
    return [*found, "/*/f:Content"] if rule.where is Where.DOCUMENT else found


def _lines(root: etree._Element) -> list[str]:
    """A document in lines, indented anew so that only what was changed differs."""
    copy = etree.fromstring(etree.tostring(root))
    etree.indent(copy)
    return etree.tostring(copy, encoding="unicode").splitlines()


def _difference(before: Sequence[str], after: Sequence[str]) -> tuple[str, ...]:
    compared = difflib.unified_diff(before, after, n=_AROUND, lineterm="")
    shown = [_shortened(line[0] + " " + line[1:]) if line[0] in "+- " else "  …" for line in list(compared)[2:]]
    return _limited(shown[1:] if shown[:1] == ["  …"] else shown)


def _around(lines: Sequence[str], kind: FormKind, places: Sequence[str]) -> tuple[str, ...]:
    """The lines of the first of the places that is there; none if there is none."""
    root = etree.fromstring("\n".join(lines))
    namespaces: dict[str, Any] = {"f": kind.namespace, "c": COMMON_NAMESPACE}
    for xpath in places:
        found = root.xpath(xpath, namespaces=namespaces)
        node = found[0] if isinstance(found, list) and found else None
        if isinstance(node, etree._Element) and node.sourceline is not None:
            height = len(etree.tostring(node, encoding="unicode").strip().splitlines())
            return _cut(lines, node.sourceline - 1, node.sourceline - 1 + height)
    return ()


def _cut(lines: Sequence[str], first: int, end: int) -> tuple[str, ...]:
    return _limited([_shortened(f"  {line}") for line in lines[max(first - _AROUND, 0) : end + _AROUND]])


def _shortened(line: str) -> str:
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def _limited(lines: Sequence[str]) -> tuple[str, ...]:
    return (*lines[:_MOST_LINES], "  …") if len(lines) > _MOST_LINES else tuple(lines)
