"""The files of a `schemas` folder, each read and parsed once for one loading; nothing here knows what they mean.

With `codelists` of an installation the only place where the core reads the disk.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Iterator
from copy import deepcopy
from os.path import relpath
from pathlib import Path
from typing import Any

from lxml import etree

from gateway.errors import CatalogueError
from gateway.forms.sources import parse_yaml

_XS = "{http://www.w3.org/2001/XMLSchema}"
SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"  # those of the program


class SchemaFolder:
    """A folder with form kinds. What it gives is shared by all who ask for the same file: read it, never change it.

    Files are named relative to the folder. Every method raises CatalogueError naming the file that is missing or wrong.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._yaml: dict[Path, Any] = {}
        self._xml: dict[Path, etree._Element] = {}

    def find(self, pattern: str) -> list[Path]:
        """The files that fit a glob pattern, in the order of their names."""
        return sorted(file.relative_to(self.path) for file in self.path.glob(pattern))

    def yaml(self, file: Path) -> Any:
        """The data of a YAML file."""
        if file not in self._yaml:
            self._yaml[file] = parse_yaml(read_text(self.path / file, name=str(file)), source=str(file), aliases=True)
        return self._yaml[file]

    def toml(self, file: Path) -> dict[str, Any]:
        """The data of a TOML file."""
        try:
            return tomllib.loads(read_text(self.path / file, name=str(file)))
        except tomllib.TOMLDecodeError as exc:
            raise CatalogueError("catalogue-syntax", f"{file}: {exc}") from exc

    def digest(self, files: Iterable[Path]) -> str:
        """`sha256:<hex>` over these files with their names, in the order of their names."""
        found = hashlib.sha256()
        for file in sorted(set(files)):
            raw = read_text(self.path / file, name=str(file)).encode()
            found.update(f"{file.as_posix()} {len(raw)}\n".encode() + raw)
        return f"sha256:{found.hexdigest()}"

    def schema_documents(self, file: Path) -> Iterator[etree._Element]:
        """A schema document and those it imports or includes, each once; included ones in the first one's namespace."""
        waiting, seen, namespace = [(self.path / file).resolve()], set[Path](), ""
        while waiting:
            current = waiting.pop(0)
            if current in seen:
                continue
            seen.add(current)
            root = self._schema_document(current)
            namespace = namespace or root.get("targetNamespace", "")
            yield root if "targetNamespace" in root.attrib else _adopted(root, namespace)
            waiting += [
                (current.parent / node.get("schemaLocation", "")).resolve()
                for node in root.iterchildren(f"{_XS}import", f"{_XS}include")
                if node.get("schemaLocation")
            ]

    def compiled_schema(self, *files: Path) -> etree.XMLSchema:
        """One schema for libxml2 that holds those of these files, compiled anew; what they share is compiled once."""
        schema = etree.Element(f"{_XS}schema", nsmap={"xs": _XS[1:-1]})
        for file in files:
            path = (self.path / file).resolve()
            namespace = self._schema_document(path).get("targetNamespace", "")
            etree.SubElement(schema, f"{_XS}import", namespace=namespace, schemaLocation=path.as_uri())
        try:
            return etree.XMLSchema(schema)
        except etree.XMLSchemaParseError as exc:
            home = f"{self.path.resolve().as_uri()}/"
            at_fault = next((fault.filename.removeprefix(home) for fault in exc.error_log), "all together")
            raise CatalogueError("catalogue-schema", f"{at_fault}: {exc}") from exc

    def stylesheet(self, file: Path) -> etree.XSLT:
        """A compiled stylesheet, which reads and writes nothing beside the document it is given."""
        try:
            document = etree.parse(self.path / file, _own_parser())
            return etree.XSLT(document, access_control=etree.XSLTAccessControl.DENY_ALL)
        except (OSError, etree.XMLSyntaxError, etree.XSLTParseError) as exc:
            raise CatalogueError("catalogue-stylesheet", f"{file}: {exc}") from exc

    def _schema_document(self, path: Path) -> etree._Element:
        if path not in self._xml:
            try:
                self._xml[path] = etree.parse(path, _own_parser()).getroot()
            except (OSError, etree.XMLSyntaxError) as exc:
                named = relpath(path, self.path.resolve())
                raise CatalogueError("catalogue-schema", f"{named}: {exc}") from exc
        return self._xml[path]


def read_text(path: Path, *, name: str) -> str:
    """The text of a file in UTF-8. Raises CatalogueError."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise CatalogueError("catalogue-file", f"{name}: cannot be read ({type(exc).__name__})") from exc


def _adopted(root: etree._Element, namespace: str) -> etree._Element:
    """A schema document without a namespace as the one that includes it sees it (XML Schema part 1, 4.2.1)."""
    adopted = etree.Element(root.tag, dict(root.attrib), nsmap={**root.nsmap, None: namespace})
    adopted.set("targetNamespace", namespace)
    adopted.extend(list(deepcopy(root)))
    return adopted


def _own_parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
