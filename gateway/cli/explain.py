"""`explain`: what a rule or a code means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from gateway.cli.options import AsJson, Lang, Language
from gateway.cli.output import answering, out, print_json, usage_error

if TYPE_CHECKING:
    from gateway.forms.citing import Acts
    from gateway.forms.explain import Explanation, Shown


def explain(
    name: Annotated[str, typer.Argument(metavar="RULE|CODE", help="A rule (HA-07) or a code (XSD-ENUM).")],
    kind: Annotated[str | None, typer.Option("--kind", help="Show examples of this form kind.")] = None,
    lang: Lang = Language.EN,
    as_json: AsJson = False,
) -> None:
    """Say what a rule or a code means.

    Where it is checked, the article, the reason, an example right and wrong, and what to do.
    """
    from gateway.errors import NotFound
    from gateway.forms.catalogue import Catalogue
    from gateway.forms.explain import explain as explanation_of

    with answering(as_json=as_json):
        catalogue = Catalogue.open()
        if kind is not None and catalogue.by_name(kind) is None:
            raise usage_error(f"no such form kind; known are {', '.join(each.id for each in catalogue.kinds)}")
        try:
            explanation = explanation_of(catalogue, name, language=lang.value, kind=kind)
        except NotFound as exc:
            raise usage_error(exc.detail) from exc
        if as_json:
            print_json(_facts(explanation, catalogue.acts, lang))
        else:
            _show(explanation, catalogue.acts, lang)


def _facts(explanation: Explanation, acts: Acts, lang: Language) -> dict[str, object]:
    words = explanation.words
    facts: dict[str, object] = {
        "id": explanation.id,
        "severity": words.severity.value,
        "where": explanation.where,
        "by": explanation.by,
        "kinds": list(explanation.kinds),
        **({} if not words.legal else acts.shown(words.legal, lang)),
        "law": [
            {"act": article.act, "article": article.number, "paragraphs": list(article.paragraphs)}
            for article in explanation.law
        ],
        "message": words.message[lang],
        "fix": words.fix[lang],
        "reason": explanation.note,
        "right": _example(explanation.right),
        "wrong": _example(explanation.wrong),
        "proof": explanation.proof,
    }
    return {name: fact for name, fact in facts.items() if fact not in (None, [])}


def _example(shown: Shown | None) -> dict[str, object] | None:
    if shown is None:
        return None
    return {
        "kind": shown.kind,
        "sample": shown.sample,
        "lines": list(shown.lines),
        **({"receivedOn": shown.received_on.isoformat()} if shown.received_on else {}),
        **({} if shown.earlier is None else {"earlier": list(shown.earlier)}),
    }


def _show(explanation: Explanation, acts: Acts, lang: Language) -> None:
    from gateway.forms.citing import Legal
    from gateway.forms.reports.words import words_in

    said, words, console = words_in(lang), explanation.words, out()
    by = f" ({explanation.by})" if explanation.by else ""
    console.print(Text.assemble((explanation.id, "bold"), f"  {said[words.severity.value]}  {words.message[lang]}"))
    for label, text in (
        (said["fix"], words.fix[lang]),
        (said["law"], acts.cite(words.legal, lang)),
        (said["reason"], explanation.note),
        (said["checked"], f"{said[f'where-{explanation.where}']}{by}"),
        (said["kinds"], ", ".join(explanation.kinds)),
        (said["proof"], explanation.proof),
    ):
        if text:
            console.print(Text.assemble((f"{label}: ", "bold"), text))
    for article in explanation.law:
        cited = acts.cite([Legal(act=article.act, article=article.number)], lang)
        console.print(Text(f"\n{said['law-text']} ({cited}):", style="bold"))
        for paragraph in article.paragraphs:
            console.print(Text(f"  {paragraph}"))
    for label, shown in ((said["wrong"], explanation.wrong), (said["right"], explanation.right)):
        if shown is not None:
            console.print(Text(f"\n{label} ({shown.kind}, {shown.sample}):", style="bold"))
            for document in () if shown.earlier is None else shown.earlier or (said["nothing"],):
                console.print(Text(f"  {said['earlier']}: {document}"))
            if shown.received_on:
                console.print(Text(f"  {said['received']}: {shown.received_on.isoformat()}"))
            for line in shown.lines:
                console.print(Text(line, style={"+": "green", "-": "red"}.get(line[0], "")))
