"""Strict reading of the data files of a form kind: text in, plain data out, every surprise named with its file.

Nothing here opens a file; `catalogue.py` does.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from datetime import date
from typing import Any

import yaml
from lxml import etree

from gateway.errors import CatalogueError

COMMON_NAMESPACE = "urn:sealpost:common:1"
FUNCTIONS_NAMESPACE = "urn:sealpost:functions:1"
_LITERAL = re.compile(r"\"[^\"]*\"|'[^']*'")
_VARIABLE = re.compile(r"\$([A-Za-z_][\w.-]*)")
_LITERAL_OR_VARIABLE = re.compile(rf"{_LITERAL.pattern}|\$(?P<variable>[A-Za-z_][\w.-]*)")
_PATH = r"\s*(?:[\w./-]|(?<!:):(?!:))+\s*"
_LITERAL_OR_UNION = re.compile(rf"{_LITERAL.pattern}|\((?P<paths>{_PATH}(?:\|{_PATH})+)\)")
_BRACKET_OR_VARIABLE = re.compile(r"[\[\]]|\$(?P<variable>[A-Za-z_][\w.-]*)")
_PREFIX = re.compile(r"(?<![\w.-])([A-Za-z_][\w.-]*):(?=[A-Za-z_*])")
_EXPRESSION = re.compile(r"[a-z][a-z0-9-]*")
_CALL = re.compile(r"(?<![\w.-])sp:([\w-]+)\s*\(")
# Constructs that other XPath and Schematron engines refuse or get wrong: the rules are meant for them too.
_NOT_PORTABLE = (
    (re.compile(r"\bcurrent\s*\("), "current() (use a let variable)"),
    (re.compile(r"self::\*\s*\["), "self::*[...] (use boolean(...))"),
)


_CONSTRUCTOR = yaml.constructor.SafeConstructor()
_TEXT, _MERGE = "tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"


def parse_yaml(text: str, *, source: str, aliases: bool = False) -> Any:
    """The data of a YAML file. Raises CatalogueError with file and line.

    aliases: whether a node may be named and stand in several places, as in our own rules. Ten lines of them can stand
    for more than any memory holds, or for themselves, so no file of anybody else has them.

    Read by PyYAML's parser and put together here: its own way of doing so takes most of a start, and lets the second of
    two equal keys replace the first.
    """
    try:
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
        return None if node is None else _data(node, None if aliases else set())
    except yaml.YAMLError as exc:
        raise CatalogueError("catalogue-syntax", f"{source}: {exc}") from exc
    except RecursionError as exc:
        raise CatalogueError("catalogue-syntax", f"{source}: nested too deep") from exc


def _data(node: yaml.Node, seen: set[int] | None) -> Any:
    """What a node says. seen: the nodes before it, none of which may come again; None where they may."""
    if seen is not None:
        if id(node) in seen:
            raise _not_taken(node, "aliases are not taken")
        seen.add(id(node))
    if isinstance(node, yaml.ScalarNode):
        return node.value if node.tag == _TEXT else _scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return [_data(item, seen) for item in node.value]
    found: dict[Any, Any] = {}
    merged: dict[Any, Any] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise _not_taken(key, "a key is a text or a number")
        if key.tag == _MERGE:
            if not isinstance(value, yaml.MappingNode):
                raise _not_taken(value, "only a mapping can be merged")
            merged |= _data(value, seen)
            continue
        name = _data(key, seen)
        if name in found:
            raise _not_taken(key, f"the key {key.value!r} is repeated")
        found[name] = _data(value, seen)
    return merged | found


def _scalar(node: yaml.ScalarNode) -> Any:
    try:
        return _CONSTRUCTOR.construct_object(node)
    except ValueError as exc:
        raise _not_taken(node, "no such day or number") from exc


def _not_taken(node: yaml.Node, said: str) -> yaml.YAMLError:
    return yaml.constructor.ConstructorError(None, None, said, node.start_mark)


class Entry:
    """One mapping of a data file, read key by key; what is left over, missing or of another type is refused by name."""

    def __init__(self, data: object, *, where: str, required: Sequence[str], optional: Sequence[str] = ()) -> None:
        if not isinstance(data, dict):
            raise CatalogueError("catalogue-shape", f"{where}: a mapping is expected")
        unknown = sorted(str(key) for key in data.keys() - set(required) - set(optional))
        missing = [key for key in required if key not in data]
        if unknown or missing:
            said = [f"unknown {', '.join(unknown)}"] * bool(unknown) + [f"missing {', '.join(missing)}"] * bool(missing)
            raise CatalogueError("catalogue-keys", f"{where}: {'; '.join(said)}")
        self.data: dict[str, Any] = data
        self.where = where

    def text(self, key: str) -> str:
        """A non-empty text."""
        value = self.data[key]
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(key, "a text is expected")
        return value

    def optional_text(self, key: str) -> str | None:
        """A non-empty text, or None if the key is absent."""
        return self.text(key) if key in self.data else None

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; absent means empty."""
        value = self.data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            raise self.wrong(key, "a list of texts is expected")
        return tuple(value)

    def items(self, key: str) -> list[Any]:
        """A list; absent means empty."""
        value = self.data.get(key, [])
        if not isinstance(value, list):
            raise self.wrong(key, "a list is expected")
        return value

    def mapping(self, key: str) -> dict[str, Any]:
        """A mapping with texts as keys; absent means empty."""
        value = self.data.get(key, {})
        if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
            raise self.wrong(key, "a mapping is expected")
        return value

    def number(self, key: str) -> int:
        """A whole number above zero."""
        value = self.data[key]
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise self.wrong(key, "a whole number above zero is expected")
        return value

    def day(self, key: str) -> date | None:
        """A date, or None if the key is absent."""
        value = self.data.get(key)
        if value is not None and (not isinstance(value, date) or hasattr(value, "hour")):
            raise self.wrong(key, "a date is expected")
        return value

    def one_of(self, key: str, allowed: Sequence[str]) -> str:
        """A text out of a closed set."""
        value = self.text(key)
        if value not in allowed:
            raise self.wrong(key, f"one of {', '.join(allowed)} is expected")
        return value

    def wrong(self, key: str, said: str) -> CatalogueError:
        """The error for a key, to raise."""
        return CatalogueError("catalogue-value", f"{self.where}.{key}: {said}")


def xpath_namespaces(namespace: str) -> dict[str, str]:
    """The prefixes of all our expressions: `f` for the form, `c` for the common types, `sp` for our functions."""
    return {"f": namespace, "c": COMMON_NAMESPACE, "sp": FUNCTIONS_NAMESPACE}


def compile_xpath(
    expression: str,
    *,
    where: str,
    namespaces: Mapping[str, str],
    extensions: Mapping[tuple[str, str], Any] | None = None,
    variables: Sequence[str] = (),
) -> etree.XPath:
    """Compile one XPath 1.0 expression of our data files.

    Raises CatalogueError for a syntax fault, an unknown function or prefix, a variable that is not among `variables`,
    and constructs that other engines get wrong.
    """
    bare = _LITERAL.sub("''", expression)
    for construct, name in _NOT_PORTABLE:
        if construct.search(bare):
            raise CatalogueError("catalogue-xpath", f"{where}: not portable: {name}")
    unknown = sorted(set(variables_of(expression)) - set(variables))
    if unknown:
        raise CatalogueError("catalogue-xpath", f"{where}: unknown variable ${unknown[0]}")
    prefixes = set(_PREFIX.findall(bare))
    if prefixes - namespaces.keys():
        raise CatalogueError("catalogue-xpath", f"{where}: unknown prefix {min(prefixes - namespaces.keys())}:")
    called = {(namespaces["sp"], name) for name in _CALL.findall(bare)}
    known = extensions or {}
    if called - known.keys():
        raise CatalogueError("catalogue-xpath", f"{where}: unknown function sp:{min(called - known.keys())[1]}")
    try:
        # lxml registers prefixes and functions anew at each evaluation, so an expression gets only those it uses.
        return etree.XPath(
            expression,
            namespaces={prefix: namespaces[prefix] for prefix in prefixes} or None,
            extensions={name: known[name] for name in called} or None,
            regexp=False,
            smart_strings=False,
        )
    except etree.XPathSyntaxError as exc:
        raise CatalogueError("catalogue-xpath", f"{where}: {exc}") from exc


def variables_of(expression: str) -> tuple[str, ...]:
    """The names of the variables that an expression uses."""
    return tuple(dict.fromkeys(_VARIABLE.findall(_LITERAL.sub("''", expression))))


def inlined(expression: str, lets: Mapping[str, str]) -> str:
    """The expression with every variable of `lets` replaced by what it stands for, in parentheses."""

    def written(match: re.Match[str]) -> str:
        name = match["variable"]
        return f"({lets[name]})" if name in lets else match[0]

    return _LITERAL_OR_VARIABLE.sub(written, expression)


def without_absent(expression: str, names: Container[str]) -> str:
    """The expression without the alternatives that no valid document has: paths over elements not among `names`.

    names: those of a schema, as `f:Worker`. Only unions in parentheses, of paths without predicates, are looked at.
    """

    def present(match: re.Match[str]) -> str:
        if match["paths"] is None:
            return match[0]
        paths = [path.strip() for path in match["paths"].split("|")]
        kept = [path for path in paths if all(step in names for step in path.split("/") if ":" in step)]
        return f"({' | '.join(kept or paths[:1])})"

    return _LITERAL_OR_UNION.sub(present, expression) if "|" in expression else expression


def read_expressions(data: object, *, source: str) -> dict[str, str]:
    """The expressions that the data of several form kinds share, by name. Raises CatalogueError naming file and key."""
    names = list(data) if isinstance(data, dict) else []
    entry = Entry(data, where=source, required=names)
    for name in names:
        if _EXPRESSION.fullmatch(name) is None:
            raise entry.wrong(name, "a lower-case name is expected")
    return {name: entry.text(name) for name in names}


def with_expressions(data: Any, expressions: Mapping[str, str]) -> Any:
    """Plain data with every `$name` of `expressions` in its texts replaced by what it stands for, in parentheses."""
    match data:
        case str():
            return inlined(data, expressions) if "$" in data else data
        case dict():
            return {key: with_expressions(value, expressions) for key, value in data.items()}
        case list():
            return [with_expressions(item, expressions) for item in data]
        case _:
            return data


def in_predicates(expression: str) -> frozenset[str]:
    """The variables that an expression uses inside a predicate, where paths start from another element."""
    depth, found = 0, set()
    for match in _BRACKET_OR_VARIABLE.finditer(_LITERAL.sub("''", expression)):
        depth += {"[": 1, "]": -1}.get(match[0], 0)
        if depth and match["variable"]:
            found.add(match["variable"])
    return frozenset(found)
