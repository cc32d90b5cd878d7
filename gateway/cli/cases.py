"""`case`: which forms belong together, and which terms run."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from gateway.cli.options import AsJson, Lang, Language, Token, TokenFile, Url, client
from gateway.cli.output import answering, headings, out, print_json, print_table, role_shown, said
from gateway.cli.termwords import verdict_shown
from gateway.views import CaseForm, CaseTerm, CaseView

STATES = {"due": "ending"}  # where the label is another word


def case(
    url: Url,
    case_id: Annotated[str | None, typer.Argument(metavar="ID", help="Id of the case; without one, all.")] = None,
    token: Token = None,
    token_file: TokenFile = None,
    lang: Lang = Language.EN,
    as_json: AsJson = False,
) -> None:
    """Show a case, or list your cases.

    Its forms, and for each term its last days, why it runs, and where it stands.
    """
    with answering(as_json=as_json), client(url, token, token_file, language=lang) as gateway:
        if case_id is None:
            found = list(gateway.cases())
            if as_json:
                print_json({"items": found})
                return
            print_table(
                headings("case", "forms", "opened", "last form"),
                [(item["caseId"], str(item["formCount"]), item["openedAt"], item["lastAt"]) for item in found],
            )
            return
        view = gateway.case(case_id)
        if as_json:
            print_json(view)
            return
        _print_case(view)


def _print_case(view: CaseView) -> None:
    console = out()
    console.print(Text.assemble((view["caseId"], "bold"), f"  {view['openedAt']}"))
    print_table(
        headings("form", "accepted", "you", "definitive", "submission"),
        [
            (
                form["kind"],
                form["acceptedAt"],
                said("sent") if form["sent"] else said("received"),
                _mark(form),
                form["submissionId"],
            )
            for form in view["forms"]
        ],
    )
    for term in view["terms"]:
        for line in _term_lines(term):
            console.print(Text(line))
    for flag in view["flags"]:
        console.print(Text(f"{flag['rule']} ({flag.get('article', '')}): {flag.get('message', '')}", style="yellow"))


def _mark(form: CaseForm) -> str:
    definitive = form.get("notDefinitive")
    return "" if definitive is None else said("not yet") if definitive else said("yes")


def _term_lines(term: CaseTerm) -> list[str]:
    """A term: what must be done by when, and below it why."""
    last, other = term.get("lastDay"), term.get("lastDayOtherReading")
    days = said("has not begun") if last is None else f"{said('last day')} {last}"
    if other not in (None, last):
        days += f" ({said('on the other reading')} {other})"
    lines = [
        f"{term['id']} {said(STATES.get(term['state'], term['state']))}: {term['act']} ({term['article']}), {days}"
    ]
    started = term.get("startedBy", {})
    role = role_shown(started["role"]) if "role" in started else ""
    because = " ".join(part for part in (started.get("event"), role, started.get("evidenceId")) if part)
    zero = f"  {said('day zero')} {term.get('dayZero', '-')}: {term.get('dayZeroIs', '')}"
    lines.append(f"{zero} [{because}]" if because else zero)
    done = term.get("fulfilledBy")
    if done is not None:
        told = f"  {said('done on {day} by {what}', day=done['on'], what=done['kind'])}"
        lines.append(f"{told}: {verdict_shown(done['verdict'])}" if "verdict" in done else told)
    return lines
