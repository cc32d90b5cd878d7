"""ISO Schematron of a form kind, with the query bindings `xslt` (XPath 1.0) and `xslt2` (XPath 2.0).

One pattern with one rule for each element: engines walk the tree once for each pattern, so merged rules are ten times
as fast as one pattern each. The days of receipt and of issue are parameters; a form judged without them is judged by
the day that it says it was issued.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from lxml import etree
from lxml.builder import ElementMaker

from gateway.forms.findings import LANGUAGES, Severity
from gateway.forms.kinds import FormKind
from gateway.forms.rules import Rule
from gateway.forms.sources import COMMON_NAMESPACE, FUNCTIONS_NAMESPACE
from gateway.publish.checks import ISSUED, Check
from gateway.publish.functions import XSL, Library
from gateway.publish.xpath import Expression, Node

SCHEMATRON = "http://purl.oclc.org/dsdl/schematron"
SVRL = "http://purl.oclc.org/dsdl/svrl"
FUNCTIONS_FILE = "functions.xsl"  # beside the schema with the xslt binding, which includes it
Binding = Literal["xslt", "xslt2"]

# As validators of invoices use them: what stops a document, what does not.
FLAGS = {Severity.ERROR: "fatal", Severity.WARNING: "warning", Severity.INFO: "information"}
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_sch = ElementMaker(namespace=SCHEMATRON, nsmap={"sch": SCHEMATRON})


def build_schematron(
    kind: FormKind, checks: Mapping[str, list[Check]], library: Library, binding: Binding
) -> etree._Element:
    """The schema of all tested rules of a kind.

    Raises CatalogueError for a rule that cannot be carried over.
    """
    schema = etree.Element(
        f"{{{SCHEMATRON}}}schema",
        {"queryBinding": binding, "schemaVersion": kind.rules.name, _LANG: "en"},
        nsmap={"sch": SCHEMATRON, "xsl": XSL, "f": kind.namespace, "c": COMMON_NAMESPACE, "sp": FUNCTIONS_NAMESPACE},
    )
    schema.append(_sch.title(f"{kind.title['en']} ({kind.id} {kind.version})"))
    for prefix, uri in (("f", kind.namespace), ("c", COMMON_NAMESPACE), ("sp", FUNCTIONS_NAMESPACE)):
        schema.append(_sch.ns(prefix=prefix, uri=uri))
    schema.append(_sch.p("Validate against form.xsd first. received-on: the day of receipt, YYYY-MM-DD."))
    if binding == "xslt":
        schema.append(etree.Element(f"{{{XSL}}}include", {"href": FUNCTIONS_FILE}))
    else:
        schema.extend(library.xslt2(calls_in(checks), literals_in(checks)))
    schema.extend(_sch.let(name=name, value=value) for name, value in given_values(kind))
    schema.append(_sch.pattern(*(_rule(context, found, binding) for context, found in checks.items()), id="rules"))
    schema.append(_sch.diagnostics(*(_diagnostic(rule, lang) for rule in rules_in(checks) for lang in LANGUAGES)))
    return schema


def given_values(kind: FormKind) -> Iterator[tuple[str, str]]:
    """The parameters of every artefact, with what they are if not given."""
    yield "issued-on", f"normalize-space((/f:{kind.root}/f:Content//c:IssuedOn)[1])"
    yield "received-on", "$issued-on"
    yield ISSUED, "number(translate($issued-on, '-', ''))"


def calls_in(checks: Mapping[str, list[Check]]) -> list[Node]:
    """Every call of one of our functions."""
    return [call for expression in _expressions(checks) for call in expression.calls]


def literals_in(checks: Mapping[str, list[Check]]) -> set[str]:
    """Every text that stands in a call of one of our functions, such as the name of a code list."""
    return {
        part.name[1:-1]
        for expression in _expressions(checks)
        for call in expression.calls
        for part in call.walk()
        if part.kind == "literal"
    }


def rules_in(checks: Mapping[str, list[Check]]) -> list[Rule]:
    """The rules, in the order of their elements."""
    return [check.rule for found in checks.values() for check in found]


def words_of(rule: Rule, lang: str) -> str:
    """Message and way out in one language."""
    return f"[{rule.id}] {rule.words.message[lang]} {rule.words.fix[lang]}"


def _expressions(checks: Mapping[str, list[Check]]) -> Iterator[Expression]:
    return (item for found in checks.values() for check in found for item in check.expressions)


def _rule(context: str, checks: list[Check], binding: Binding) -> etree._Element:
    node = _sch.rule(context=context)
    for check in checks:
        variables, test = check.for_functions() if binding == "xslt" else check.for_xpath2()
        node.extend(_sch.let(name=name, value=value) for name, value in variables)
        rule = check.rule
        node.append(
            _sch(
                "assert",
                f"[{rule.id}] {rule.words.message['en']}",
                {
                    "id": rule.id,
                    "test": test,
                    "role": rule.severity,
                    "flag": FLAGS[rule.severity],
                    "see": rule.article,
                    "diagnostics": " ".join(f"{rule.id}-{lang}" for lang in LANGUAGES),
                },
            )
        )
    # Variables first, as the grammar of Schematron has it.
    node[:] = sorted(node, key=lambda item: item.tag != f"{{{SCHEMATRON}}}let")
    return node


def _diagnostic(rule: Rule, lang: str) -> etree._Element:
    return _sch.diagnostic(words_of(rule, lang), {"id": f"{rule.id}-{lang}", _LANG: lang})
