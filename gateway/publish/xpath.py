"""XPath 1.0 expressions of the rules as trees, so that the published artefacts can rewrite them.

Whole and strict, but for what rules never use: no namespace axis, no processing-instruction tests.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gateway.errors import CatalogueError

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<literal>"[^"]*"|'[^']*')
    | (?P<number>[0-9]+(?:\.[0-9]*)?|\.[0-9]+)
    | (?P<variable>\$[A-Za-z_][\w.-]*)
    | (?P<name>[A-Za-z_][\w.-]*(?::(?!:)(?:[A-Za-z_][\w.-]*|\*))?)
    | (?P<symbol>\.\.|::|//|!=|<=|>=|[()\[\].@,/|+\-=<>*])
    )""",
    re.VERBOSE,
)
# Weakest first; the operators of one line are of one strength.
_BINARY = (("or",), ("and",), ("=", "!="), ("<", "<=", ">", ">="), ("+", "-"), ("*", "div", "mod"))
_NAMED_OPERATORS = frozenset({"or", "and", "div", "mod"})
_NODE_TYPES = frozenset({"text", "node", "comment"})
# After one of these a name is not an operator and a star not a multiplication.
_OPENERS = frozenset({"@", "::", "(", "[", ",", "/", "//", "|", "+", "-", "=", "!=", "<", "<=", ">", ">=", "*"})


@dataclass(frozen=True, slots=True)
class Node:
    """A part of an expression.

    kind: `operator`, `negative`, `call`, `group` (parentheses), `path`, `filter` (a path or predicates on another
    part), `variable`, `literal` or `number`. name: the operator, function or variable. Operands of a chain of one
    operator stand beside each other. predicates: what stands in brackets, where the context is another one.
    """

    kind: str
    start: int
    end: int
    name: str = ""
    children: tuple[Node, ...] = ()
    predicates: tuple[Node, ...] = ()

    def walk(self) -> Iterator[Node]:
        """This part and all below it, those in predicates too."""
        yield self
        for child in (*self.children, *self.predicates):
            yield from child.walk()

    def walk_outside_predicates(self) -> Iterator[Node]:
        """This part and all below it that has the same context node."""
        yield self
        for child in self.children:
            yield from child.walk_outside_predicates()


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression: its text and its tree."""

    text: str
    root: Node

    @classmethod
    def parse(cls, text: str) -> Expression:
        """Raises CatalogueError where `text` is no expression as rules write them."""
        return cls(text, _Parser(text).whole())

    def source(self, node: Node, replaced: Mapping[Node, str] | None = None) -> str:
        """The text of a part, with other texts in place of some parts below it."""
        if replaced and node in replaced:
            return replaced[node]
        written, position = [], node.start
        for part in sorted((*node.children, *node.predicates), key=lambda part: part.start):
            written += [self.text[position : part.start], self.source(part, replaced)]
            position = part.end
        return "".join((*written, self.text[position : node.end]))

    @property
    def calls(self) -> tuple[Node, ...]:
        """The calls of our own functions."""
        return tuple(node for node in self.root.walk() if node.kind == "call" and node.name.startswith("sp:"))


class _Parser:
    """One pass, one method for each level of the grammar."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[tuple[str, str, int, int]] = []
        position, stripped = 0, text.rstrip()
        while position < len(stripped):
            match = _TOKEN.match(text, position)
            if match is None or match.lastgroup is None:
                raise self._wrong(position)
            kind, value = match.lastgroup, match[match.lastgroup]
            before = self._tokens[-1][1] if self._tokens else "("
            after_operand = before not in _OPENERS and before not in _NAMED_OPERATORS
            if kind == "name" and value in _NAMED_OPERATORS and after_operand:
                kind = "symbol"
            elif value == "*" and not after_operand:
                kind = "name"
            self._tokens.append((kind, value, match.start(match.lastgroup), match.end()))
            position = match.end()
        self._next = 0

    def whole(self) -> Node:
        node = self._binary(0)
        if self._next < len(self._tokens):
            raise self._wrong(self._tokens[self._next][2])
        return node

    def _binary(self, level: int) -> Node:
        if level == len(_BINARY):
            return self._unary()
        left = self._binary(level + 1)
        while self._symbol() in _BINARY[level]:
            operator = self._take()[1]
            right = self._binary(level + 1)
            chained = left.kind == "operator" and left.name == operator and operator in ("or", "and")
            operands = (*left.children, right) if chained else (left, right)
            left = Node("operator", left.start, right.end, operator, operands)
        return left

    def _unary(self) -> Node:
        if self._symbol() == "-":
            start = self._take()[2]
            operand = self._unary()
            return Node("negative", start, operand.end, "-", (operand,))
        operands = [self._path()]
        while self._symbol() == "|":
            self._take()
            operands.append(self._path())
        if len(operands) == 1:
            return operands[0]
        return Node("operator", operands[0].start, operands[-1].end, "|", tuple(operands))

    def _path(self) -> Node:
        primary = self._primary()
        if primary is not None:
            predicates = list(self._predicates())
            tail = self._symbol() in ("/", "//")
            if not predicates and not tail:
                return primary
            if tail:
                self._take()
                predicates += self._steps()
            return Node("filter", primary.start, self._end(), "", (primary,), tuple(predicates))
        start = self._peek()[2]
        predicates = []
        if self._symbol() in ("/", "//"):
            bare = self._take()[1] == "/"
            if bare and not self._at_step():
                return Node("path", start, self._end())
        predicates += self._steps()
        return Node("path", start, self._end(), "", (), tuple(predicates))

    def _primary(self) -> Node | None:
        kind, value, start, end = self._peek()
        if kind in ("variable", "literal", "number"):
            self._take()
            return Node(kind, start, end, value.lstrip("$") if kind == "variable" else value)
        if value == "(":
            self._take()
            inner = self._binary(0)
            return Node("group", start, self._expect(")"), "", (inner,))
        following = self._tokens[self._next + 1][1] if self._next + 1 < len(self._tokens) else ""
        if kind == "name" and following == "(" and value not in _NODE_TYPES:
            self._take()
            self._take()
            arguments = []
            while self._symbol() != ")":
                arguments.append(self._binary(0))
                if self._symbol() == ",":
                    self._take()
            return Node("call", start, self._expect(")"), value, tuple(arguments))
        return None

    def _steps(self) -> list[Node]:
        predicates = list(self._step())
        while self._symbol() in ("/", "//"):
            self._take()
            predicates += self._step()
        return predicates

    def _step(self) -> Iterator[Node]:
        if self._symbol() in (".", ".."):
            self._take()
        else:
            if self._symbol() == "@":
                self._take()
            name = self._name()
            if self._symbol() == "::":
                self._take()
                name = self._name()
            if name in _NODE_TYPES and self._symbol() == "(":
                self._take()
                self._expect(")")
        yield from self._predicates()

    def _predicates(self) -> Iterator[Node]:
        while self._symbol() == "[":
            self._take()
            yield self._binary(0)
            self._expect("]")

    def _at_step(self) -> bool:
        kind, value, *_ = self._peek()
        return kind == "name" or value in (".", "..", "@")

    def _name(self) -> str:
        kind, value, start, _ = self._peek()
        if kind != "name":
            raise self._wrong(start)
        self._take()
        return value

    def _symbol(self) -> str:
        kind, value, *_ = self._peek()
        return value if kind == "symbol" else ""

    def _peek(self) -> tuple[str, str, int, int]:
        end = len(self._text)
        return self._tokens[self._next] if self._next < len(self._tokens) else ("end", "", end, end)

    def _take(self) -> tuple[str, str, int, int]:
        token = self._peek()
        if token[0] == "end":
            raise self._wrong(token[2])
        self._next += 1
        return token

    def _expect(self, symbol: str) -> int:
        if self._symbol() != symbol:
            raise self._wrong(self._peek()[2])
        return self._take()[3]

    def _end(self) -> int:
        return self._tokens[self._next - 1][3]

    def _wrong(self, position: int) -> CatalogueError:
        return CatalogueError("catalogue-xpath", f"not an expression that rules may write, at {position}: {self._text}")
