"""What other engines make of our expressions: types under XPath 1.0 and 2.0, limits, what rules may write.

XPath 2.0 refuses much that XPath 1.0 converts by itself (text and numbers, several nodes where one is meant), and the
JDK's processor takes no expression with many parentheses. Rules keep to what means the same everywhere; what a machine
can rewrite is rewritten here instead of forbidden.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gateway.publish.xpath import Expression, Node

MOST_GROUPS = 10  # parentheses of one expression under the JDK's secure processing, those of calls not counted
MOST_OPERATORS = 90  # its limit is 100; the guards of a rule come on top

_RETURNS = {
    "boolean": ("boolean", "not", "true", "false", "contains", "starts-with", "lang"),
    "number": ("number", "count", "string-length", "sum", "floor", "ceiling", "round", "position", "last"),
    "string": (
        *("string", "concat", "substring", "substring-before", "substring-after", "normalize-space", "translate"),
        *("name", "local-name", "namespace-uri"),
    ),
}
_TYPES = {name: kind for kind, names in _RETURNS.items() for name in names}
# Functions that look at one node; of several, XPath 1.0 takes the first and XPath 2.0 none.
_ON_ONE = frozenset(
    {*_RETURNS["string"], "number", "contains", "starts-with", "string-length", "floor", "ceiling", "round"}
)
_ON_TEXT = frozenset({*_RETURNS["string"], "contains", "starts-with", "string-length"} - {"string", "concat"})
_LOGICAL = ("or", "and", "=", "!=", "<", "<=", ">", ">=")


@dataclass(frozen=True, kw_only=True, slots=True)
class Types:
    """What is known of the types of names: what our functions give, what variables hold."""

    functions: Mapping[str, str]
    variables: Mapping[str, str]

    def of(self, node: Node) -> str:
        """`boolean`, `number`, `string` or `nodes`."""
        match node.kind:
            case "literal":
                return "string"
            case "number" | "negative":
                return "number"
            case "variable":
                return self.variables[node.name]
            case "group":
                return self.of(node.children[0])
            case "call":
                return _TYPES.get(node.name) or self.functions.get(node.name, "nodes")
            case "operator" if node.name != "|":
                return "boolean" if node.name in _LOGICAL else "number"
        return "nodes"


def faults(expression: Expression, types: Types) -> Iterator[str]:
    """What keeps an expression from meaning the same in every engine, in words."""
    for node in expression.root.walk():
        text = expression.source(node)
        kinds = [types.of(child) for child in node.children]
        if node.kind == "path" and text.startswith("/"):
            yield f"{text}: a rule sees no more than the Content, so no path begins at the document"
        if any(
            inner.name.startswith("sp:") for part in node.predicates for inner in part.walk() if inner.kind == "call"
        ):
            yield f"{text}: one of our functions inside a predicate"
        if node.kind == "operator" and node.name in ("+", "-", "*", "div", "mod", "<", "<=", ">", ">="):
            if set(kinds) != {"number"}:
                yield f"{text}: {node.name} between other things than numbers"
        elif node.kind == "operator" and node.name in ("=", "!="):
            if len(set(kinds)) == 2 and set(kinds) != {"nodes", "string"}:
                yield f"{text}: compares {kinds[0]} with {kinds[1]}"
        elif node.kind == "call" and node.name in _ON_TEXT:
            numeric = kinds[1:] if node.name == "substring" else []
            texts = kinds[:1] if node.name == "substring" else kinds
            if not set(texts) <= {"string", "nodes"} or not set(numeric) <= {"number"}:
                yield f"{text}: an argument of the wrong type"
        elif node.kind == "call" and node.name in ("string", "concat") and {"number", "boolean"} & set(kinds):
            yield f"{text}: engines write numbers in different ways"


def one_node_each(expression: Expression, types: Types, node: Node | None = None) -> str:
    """The expression for XPath 2.0: where one node is meant, the first is asked for."""
    node = expression.root if node is None else node
    replaced = {part: one_node_each(expression, types, part) for part in (*node.children, *node.predicates)}
    if node.kind == "call" and node.name in _ON_ONE:
        for part in node.children:
            if types.of(part) == "nodes" and not _is_one(expression, part):
                replaced[part] = f"({replaced[part]})[1]"
    return expression.source(node, replaced)


def _is_one(expression: Expression, node: Node) -> bool:
    return expression.source(node) in (".", "..") or (node.kind == "path" and expression.source(node).startswith("@"))


def is_too_large(expression: Expression) -> bool:
    """Whether the JDK's processor would refuse it."""
    return groups(expression.root) > MOST_GROUPS or _operators(expression.root) > MOST_OPERATORS


def groups(node: Node) -> int:
    """How many pairs of parentheses group something."""
    return sum(part.kind == "group" for part in node.walk())


def _operators(node: Node) -> int:
    return sum(max(1, len(part.children) - 1) for part in node.walk() if part.kind in ("operator", "negative"))


def separable(expression: Expression) -> tuple[Node, ...]:
    """Parts that may be computed before the rest: the outermost parentheses, else the outermost operands."""
    found = tuple(_outermost_groups(expression.root))
    if found:
        return found
    root = expression.root
    while root.kind in ("call", "group") and len(root.children) == 1:
        root = root.children[0]
    return tuple(child for child in root.children if child.kind not in ("variable", "literal", "number"))


def _outermost_groups(node: Node) -> Iterator[Node]:
    for child in node.children:
        if child.kind == "group":
            yield child
        else:
            yield from _outermost_groups(child)
