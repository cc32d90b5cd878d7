"""Plain XSLT 1.0 of a form kind, without extensions: a form in, an SVRL report out.

One template for each element, so one walk over the form. It keeps to what the JDK's processor takes under secure
processing: no functions of ours but templates, computed before the test that uses them, and no long expressions.
"""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree
from lxml.builder import ElementMaker

from gateway.forms.findings import LANGUAGES
from gateway.forms.kinds import FormKind
from gateway.forms.rules import Rule
from gateway.forms.sources import COMMON_NAMESPACE, FUNCTIONS_NAMESPACE
from gateway.publish.checks import Check, Step
from gateway.publish.functions import XSL, Library
from gateway.publish.schematron import FLAGS, SVRL, calls_in, given_values, literals_in, rules_in, words_of

_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_xsl = ElementMaker(namespace=XSL, nsmap={"xsl": XSL})
_svrl = ElementMaker(namespace=SVRL, nsmap={"svrl": SVRL})
_SAME_NAME = "local-name() = local-name(current()) and namespace-uri() = namespace-uri(current())"
_STEP = (
    'concat("/*[local-name()=\'", local-name(), "\' and namespace-uri()=\'", namespace-uri(), "\'][",'
    f' 1 + count(preceding-sibling::*[{_SAME_NAME}]), "]")'
)


def build_stylesheet(kind: FormKind, checks: Mapping[str, list[Check]], library: Library) -> etree._Element:
    """The stylesheet of all tested rules of a kind.

    Raises CatalogueError for a rule that cannot be carried over.
    """
    sheet = etree.Element(
        f"{{{XSL}}}stylesheet",
        {"version": "1.0", "exclude-result-prefixes": "f c sp"},
        nsmap={
            "xsl": XSL,
            "svrl": SVRL,
            "f": kind.namespace,
            "c": COMMON_NAMESPACE,
            "sp": FUNCTIONS_NAMESPACE,
        },
    )
    sheet.append(_xsl.output(method="xml", encoding="UTF-8"))
    sheet.extend(_xsl.param(name=name, select=value) for name, value in given_values(kind))
    sheet.append(_document(kind))
    sheet.append(_xsl.template(_xsl("apply-templates", select="*"), match="*"))
    sheet.extend(_element(context, found) for context, found in checks.items())
    sheet.extend(_finding(rule) for rule in rules_in(checks))
    place = _xsl("for-each", _xsl("value-of", select=_STEP), select="ancestor-or-self::*")
    sheet.append(_xsl.template(place, name="location"))
    sheet.extend(library.templates(calls_in(checks), literals_in(checks)))
    return sheet


def _document(kind: FormKind) -> etree._Element:
    report = _svrl("schematron-output", title=f"{kind.title['en']} ({kind.id})", schemaVersion=kind.rules.name)
    for prefix, uri in (("f", kind.namespace), ("c", COMMON_NAMESPACE)):
        report.append(_svrl("ns-prefix-in-attribute-values", prefix=prefix, uri=uri))
    report.append(_svrl("active-pattern", id="rules"))
    report.append(_xsl("apply-templates", select=f"/f:{kind.root}/f:Content"))
    return _xsl.template(report, match="/")


def _element(context: str, checks: list[Check]) -> etree._Element:
    template = _xsl.template(_svrl("fired-rule", context=context), match=context)
    made: dict[Step, str] = {}
    for check in checks:
        steps, test = check.for_templates(made)
        template.extend(map(_step, steps))
        guard = f"{check.guard} and " if check.guard else ""
        template.append(_xsl("if", _xsl("call-template", name=f"found-{check.rule.id}"), test=f"{guard}not({test})"))
    template.append(_xsl("apply-templates", select="*"))
    return template


def _step(step: Step) -> etree._Element:
    if not step.call:
        return _xsl.variable(name=step.name, select=step.value)
    arguments = (_xsl("with-param", name=name, select=value) for name, value in step.call)
    return _xsl.variable(_xsl("call-template", *arguments, name=step.value), name=step.name)


def _finding(rule: Rule) -> etree._Element:
    found = _svrl(
        "failed-assert",
        _xsl.attribute(_xsl("call-template", name="location"), name="location"),
        _svrl.text(f"[{rule.id}] {rule.words.message['en']}"),
        *(
            _svrl("diagnostic-reference", words_of(rule, lang), {"diagnostic": f"{rule.id}-{lang}", _LANG: lang})
            for lang in LANGUAGES
        ),
        id=rule.id,
        # The expression would be the rewritten one; the rule book has the rule's own.
        test=rule.id,
        role=rule.severity,
        flag=FLAGS[rule.severity],
        see=rule.article,
    )
    return _xsl.template(found, name=f"found-{rule.id}")
