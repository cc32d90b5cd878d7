"""The shape of a form kind, read from its schema documents: which element holds what, in which order, how often.

For whatever walks a form by its model instead of by its text: the JSON view, the JSON Schema. The profile of our
schemas (schemas/README.md) keeps the model small: named types, sequences and choices that never repeat, and within one
type a name that always means the same; a schema that breaks this is refused here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from lxml import etree

from gateway.errors import CatalogueError

_XS = "{http://www.w3.org/2001/XMLSchema}"
_BUILT_IN = "http://www.w3.org/2001/XMLSchema"
_TRUTH = ("true", "false")
# Built-in types whose white space is kept as it is written; all others collapse it (XML Schema part 2, 4.3.6).
_KEEPS_SPACE = frozenset({"string"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    """A simple type. collapse: white space around and inside is not part of the value. values: all that are allowed.

    patterns: each in the language of XML Schema; a value fits all of them. shortest, longest: in characters.
    """

    name: str
    collapse: bool
    values: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    shortest: int | None = None
    longest: int | None = None

    @property
    def is_truth(self) -> bool:
        """Whether it is yes or no."""
        return sorted(self.values) == sorted(_TRUTH)


@dataclass(frozen=True, kw_only=True, slots=True)
class Attribute:
    """An attribute of an element; ours have no namespace."""

    name: str
    required: bool
    type: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """An element inside another. qname and type in Clark notation; type is a key of `Shapes.types`."""

    qname: str
    least: int
    most: int
    type: str

    @property
    def name(self) -> str:
        """The local name."""
        return self.qname.rpartition("}")[2]

    @property
    def repeated(self) -> bool:
        """Whether it may stand there more than once."""
        return self.most > 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Elements and groups one after the other, or one of them (`choice`)."""

    choice: bool
    optional: bool
    items: tuple[Member | Group, ...]

    def members(self) -> Iterator[Member]:
        """All elements in it, in the order of the schema."""
        for item in self.items:
            if isinstance(item, Member):
                yield item
            else:
                yield from item.members()


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """A complex type: attributes, and either a text or elements.

    members: by local name, in an order in which a valid element may hold them; one that stands in two branches of a
    choice counts once. open: it holds signatures, which have no shape.
    """

    name: str
    attributes: tuple[Attribute, ...]
    text: str | None
    content: Group
    members: Mapping[str, Member]
    open: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Shapes:
    """All types of one form kind by Clark name, and its root element."""

    root: Member
    types: Mapping[str, Text | Record]

    def record(self, name: str) -> Record:
        """The complex type of that name."""
        found = self.types[name]
        if not isinstance(found, Record):
            raise CatalogueError("catalogue-schema", f"{name} is not a complex type")
        return found

    def text(self, name: str) -> Text:
        """The simple type of that name."""
        found = self.types[name]
        if not isinstance(found, Text):
            raise CatalogueError("catalogue-schema", f"{name} is not a simple type")
        return found


def read_shapes(documents: Iterable[etree._Element], *, root: str) -> Shapes:
    """The shapes of the schema documents of one kind; root: Clark name of the root element.

    Raises CatalogueError for a construct outside the profile.
    """
    documents = list(documents)
    return _Reader(documents).shapes(root)


class _Reader:
    def __init__(self, documents: list[etree._Element]) -> None:
        self._named = {
            f"{{{document.get('targetNamespace', '')}}}{node.get('name')}": node
            for document in documents
            for node in document.iterchildren(f"{_XS}simpleType", f"{_XS}complexType")
        }
        self._roots = {
            f"{{{document.get('targetNamespace', '')}}}{node.get('name')}": node
            for document in documents
            for node in document.iterchildren(f"{_XS}element")
        }

    def shapes(self, root: str) -> Shapes:
        types: dict[str, Text | Record] = {}
        for name, node in self._named.items():
            types[name] = self._text(name) if node.tag == f"{_XS}simpleType" else self._record(name, node)
        top = self._roots[root]
        return Shapes(root=Member(qname=root, least=1, most=1, type=_clark(top, "type")), types=types)

    def _record(self, name: str, node: etree._Element) -> Record:
        extension = node.find(f"{_XS}simpleContent/{_XS}extension")
        sequence = node.find(f"{_XS}sequence")
        choice = node.find(f"{_XS}choice")
        holder = node if extension is None else extension
        group = self._group(name, choice if sequence is None else sequence)
        members: dict[str, Member] = {}
        for member in group.members():
            known = members.setdefault(member.name, member)
            if (known.qname, known.type, known.repeated) != (member.qname, member.type, member.repeated):
                raise CatalogueError("catalogue-schema", f"{name}: two different elements {member.name}")
        return Record(
            name=_local(name),
            attributes=tuple(
                Attribute(
                    name=attribute.get("name", ""),
                    required=attribute.get("use") == "required",
                    type=_clark(attribute, "type"),
                )
                for attribute in holder.iterchildren(f"{_XS}attribute")
            ),
            text=None if extension is None else _clark(extension, "base"),
            content=group,
            members=members,
            open=node.find(f".//{_XS}any") is not None,
        )

    def _group(self, name: str, node: etree._Element | None) -> Group:
        if node is None:
            return Group(choice=False, optional=True, items=())
        if node.get("maxOccurs", "1") != "1":
            raise CatalogueError("catalogue-schema", f"{name}: a group of elements is repeated")
        items: list[Member | Group] = []
        for child in node.iterchildren(f"{_XS}element", f"{_XS}sequence", f"{_XS}choice"):
            if child.tag != f"{_XS}element":
                items.append(self._group(name, child))
                continue
            items.append(
                Member(
                    qname=f"{{{_target(child)}}}{child.get('name')}",
                    least=int(child.get("minOccurs", "1")),
                    most=int(child.get("maxOccurs", "1")),
                    type=_clark(child, "type"),
                )
            )
        return Group(choice=node.tag == f"{_XS}choice", optional=node.get("minOccurs") == "0", items=tuple(items))

    def _text(self, name: str) -> Text:
        """A simple type with all facets of the types that it restricts."""
        node = self._named[name]
        restriction = node.find(f"{_XS}restriction")
        if restriction is None:  # a union: any text that one of its members takes
            return Text(name=_local(name), collapse=False)
        base = _clark(restriction, "base")
        if base.startswith(f"{{{_BUILT_IN}}}"):
            under = Text(name="", collapse=_local(base) not in _KEEPS_SPACE)
        else:
            under = self._text(base)
        own = {
            facet: [child.get("value", "") for child in restriction.iterchildren(_XS + facet)]
            for facet in ("enumeration", "pattern", "length", "minLength", "maxLength")
        }
        pattern = "|".join(own["pattern"])
        return Text(
            name=_local(name),
            collapse=under.collapse,
            values=tuple(own["enumeration"]) or under.values,
            patterns=(*under.patterns, *([pattern] if pattern else [])),
            shortest=_number(own["length"] or own["minLength"], under.shortest),
            longest=_number(own["length"] or own["maxLength"], under.longest),
        )


def _number(written: list[str], otherwise: int | None) -> int | None:
    return int(written[0]) if written else otherwise


def _clark(node: etree._Element, attribute: str) -> str:
    """The name that an attribute refers to."""
    written = node.get(attribute)
    if written is None:
        raise CatalogueError("catalogue-schema", f"line {node.sourceline}: a named type is expected")
    prefix, _, local = written.rpartition(":")
    return f"{{{node.nsmap.get(prefix or None, '')}}}{local}"


def _target(node: etree._Element) -> str:
    return node.getroottree().getroot().get("targetNamespace", "")


def _local(clark: str) -> str:
    return clark.rpartition("}")[2]
