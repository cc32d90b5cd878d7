"""`forms`: the form kinds this gateway knows, and the fields of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from gateway.cli.options import AsJson, Lang, Language
from gateway.cli.output import answering, headings, out, print_json, print_table, role_shown, said, usage_error

if TYPE_CHECKING:
    from gateway.forms.catalogue import Catalogue
    from gateway.forms.citing import Acts
    from gateway.forms.fields import Field
    from gateway.forms.kinds import FormKind


def show_forms(
    kind: Annotated[str | None, typer.Argument(metavar="[KIND]", help="A kind, such as be/health-assessment.")] = None,
    lang: Lang = Language.EN,
    as_json: AsJson = False,
) -> None:
    """List the form kinds, or the fields of one.

    With a kind: each field, how often it stands there, its type, article and meaning.
    """
    from gateway.forms.catalogue import Catalogue

    with answering(as_json=as_json):
        catalogue = Catalogue.open()
        if kind is None:
            _list(catalogue, lang, as_json=as_json)
            return
        form_kind = catalogue.by_name(kind)
        if form_kind is None:
            known = ", ".join(each.id for each in catalogue.kinds)
            raise usage_error(f"no such form kind; known are {known}")
        root = catalogue.fields(form_kind)
        if as_json:
            print_json(
                {**_facts(form_kind, catalogue.acts, lang), "fields": _field(root, form_kind, catalogue.acts, lang)}
            )
            return
        out().print(Text(f"{form_kind.title[lang]}  {form_kind.id} {form_kind.version}  {form_kind.namespace}"))
        print_table(
            headings("field", "times", "type", "article", "meaning"),
            [
                (
                    "  " * depth + field.name,
                    _times(field),
                    field.type or "",
                    catalogue.acts.cite(field.legal(form_kind, catalogue.acts), lang, within=form_kind.act),
                    _meaning(field, lang),
                )
                for depth, field in root.walk()
            ],
        )


def _list(catalogue: Catalogue, lang: Language, *, as_json: bool) -> None:
    if as_json:
        print_json({"items": [_facts(kind, catalogue.acts, lang) for kind in catalogue.kinds]})
        return
    print_table(
        headings("kind", "version", "form", "signed by", "sent to"),
        [
            (
                kind.id,
                kind.version,
                kind.title[lang],
                f" {said('or')} ".join(dict.fromkeys(role_shown(rule.role) for rule in kind.signatories)),
                ", ".join(dict.fromkeys(role_shown(route.role) for route in kind.routes)),
            )
            for kind in catalogue.kinds
        ],
    )


def _facts(kind: FormKind, acts: Acts, lang: Language) -> dict[str, object]:
    return {
        "kind": kind.id,
        "title": kind.title[lang],
        "version": kind.version,
        "namespace": kind.namespace,
        "root": kind.root,
        "signatories": [{"role": rule.role, **acts.shown(kind.legal(rule.article), lang)} for rule in kind.signatories],
        "routes": [
            {
                "route": route.id,
                "role": route.role,
                **acts.shown(kind.legal(route.article), lang),
                "copy": route.copy,
                "of": route.of,
            }
            for route in kind.routes
        ],
        "terms": [
            {"id": rule.id, **acts.shown([law.legal], lang), "length": law.span.length, "unit": law.span.unit}
            for rule, law in ((rule, rule.term.version()) for rule in kind.terms)
        ],
    }


def _field(field: Field, kind: FormKind, acts: Acts, lang: Language) -> dict[str, object]:
    facts: dict[str, object] = {
        "name": field.name,
        "least": field.least,
        "most": field.most,
        "oneOf": field.one_of or None,
        "type": field.type,
        "documentation": field.documentation,
        **({} if field.article is None else acts.shown(field.legal(kind, acts), lang)),
        "provenance": field.provenance,
        "values": list(field.values),
        "attributes": list(field.attributes),
        "children": [_field(child, kind, acts, lang) for child in field.children],
    }
    return {name: fact for name, fact in facts.items() if fact not in (None, [], {})}


def _times(field: Field) -> str:
    most = "n" if field.most is None else str(field.most)
    times = str(field.least) if str(field.least) == most else f"{field.least}..{most}"
    return f"{times}, {said('one of several')}" if field.one_of else times


def _meaning(field: Field, lang: Language) -> str:
    text = field.documentation.get(lang.value) or field.documentation.get("en", "")
    return " ".join(text.split())
