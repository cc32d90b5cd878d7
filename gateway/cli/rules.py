"""`rules`: every rule, where it is checked and by what, and how many cases show it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.options import AsJson, Lang, Language
from gateway.cli.output import answering, headings, print_json, print_table, usage_error

if TYPE_CHECKING:
    from gateway.forms.citing import Acts
    from gateway.forms.rulelist import ListedRule


class Place(StrEnum):
    """What it takes to check a rule."""

    DOCUMENT = "document"
    SIGNATURE = "signature"
    RECORDS = "records"
    ORGANISATIONAL = "organisational"


def rules(
    kind: Annotated[str | None, typer.Option("--kind", help="Only rules about this form kind.")] = None,
    where: Annotated[Place | None, typer.Option("--where", help="Only rules that are checked there.")] = None,
    lang: Lang = Language.EN,
    as_json: AsJson = False,
) -> None:
    """List every rule.

    Where it is checked (on the document, its signature, the gateway's records, or by people alone), by which part, its
    article, and how many cases pass, fail and are out of its scope.
    """
    from gateway.forms.catalogue import Catalogue

    with answering(as_json=as_json):
        catalogue = Catalogue.load()
        if kind is not None and catalogue.by_name(kind) is None:
            raise usage_error(f"no such form kind; known are {', '.join(each.id for each in catalogue.kinds)}")
        found = [
            listed
            for listed in catalogue.rules()
            if (kind is None or kind in listed.kinds) and (where is None or listed.rule.where == where.value)
        ]
        if as_json:
            print_json({"items": [_facts(listed, catalogue.acts, lang) for listed in found]})
            return
        print_table(
            headings("rule", "severity", "checked", "by", "cases", "article", "what is wrong"),
            [_row(listed, catalogue.acts, lang) for listed in found],
        )


def _facts(listed: ListedRule, acts: Acts, lang: Language) -> dict[str, object]:
    rule = listed.rule
    passing, failing, silent = _cases(listed)
    return {
        "id": rule.id,
        "severity": rule.severity.value,
        **acts.shown(rule.legal, lang),
        "where": rule.where.value,
        "checkedBy": rule.by,
        "kinds": list(listed.kinds),
        "cases": {"pass": passing, "fail": failing, "outOfScope": silent},
        "languages": sorted(rule.words.message),
        "effective": {
            "from": rule.start.isoformat() if rule.start else None,
            "until": rule.end.isoformat() if rule.end else None,
        },
        "message": rule.words.message[lang],
        "fix": rule.words.fix[lang],
        "note": rule.note[lang],
    }


def _row(listed: ListedRule, acts: Acts, lang: Language) -> tuple[str, ...]:
    from gateway.forms.reports.words import words_in

    said, rule = words_in(lang), listed.rule
    cases = "" if rule.by is None else "/".join(map(str, _cases(listed)))
    law, message = acts.cite(rule.legal, lang), rule.words.message[lang]
    severity, where = said[rule.severity.value], said[f"where-{rule.where.value}"]
    return rule.id, severity, where, rule.by or "", cases, law, message


def _cases(listed: ListedRule) -> tuple[int, int, int]:
    """How many cases pass, fail, and are out of the rule's scope."""
    passing, failing, silent = (
        sum(outcome in case for case in listed.rule.cases) for outcome in ("pass", "fail", "silent")
    )
    return passing, failing, silent
