"""One folder with all that third parties run and read: `sealpost publish DIR`.

The same data give the same bytes. The folder is laid out like `schemas/`, so that the schemas find each other.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from lxml import etree

from gateway.errors import CatalogueError, Conflict
from gateway.forms.catalogue import Catalogue
from gateway.forms.jsonschema import json_schema
from gateway.forms.kinds import FormKind
from gateway.publish.checks import Check, checks_of
from gateway.publish.functions import Library
from gateway.publish.pages import Pages
from gateway.publish.schematron import FUNCTIONS_FILE, build_schematron, calls_in, literals_in
from gateway.publish.stylesheet import build_stylesheet
from gateway.version import VERSION

MANIFEST = "manifest.json"
FUNCTIONS = "common/functions.xsl"  # under the schemas folder
_COPIED = ("**/*.xsd", "common/codelists/*.yaml", "common/texts/**/*.yaml")


def publish(catalogue: Catalogue, folder: Path) -> tuple[str, ...]:
    """Write everything into `folder` and return the names of the files, the manifest last.

    What an earlier publication left there is replaced. Raises Conflict if the folder holds anything else,
    CatalogueError for a rule that other engines would not run alike.
    """
    _make_room(folder)
    written = {}
    for name, content in sorted(_files(catalogue)):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        written[name] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    manifest = {
        "publisher": f"sealpost {VERSION}",
        "forms": [_summary(kind) for kind in catalogue.kinds],
        "files": written,
    }
    (folder / MANIFEST).write_bytes(_as_json(manifest))
    return (*written, MANIFEST)


def folder_of(kind: FormKind) -> str:
    """Where a kind's files are within the publication."""
    return f"{kind.id}/{kind.version.partition('.')[0]}"


def library_for(catalogue: Catalogue, kind: FormKind) -> Library:
    """The functions of rules, with the data that hold for a kind."""
    path = catalogue.folder / FUNCTIONS
    try:
        source = etree.parse(path, etree.XMLParser(remove_comments=True, resolve_entities=False)).getroot()
    except (OSError, etree.XMLSyntaxError) as exc:
        raise CatalogueError("catalogue-file", f"{FUNCTIONS}: {exc}") from exc
    return Library(source, catalogue.reference, kind.calendar)


def artefacts(
    catalogue: Catalogue, kind: FormKind, library: Library, checks: Mapping[str, list[Check]]
) -> Iterator[tuple[str, bytes]]:
    """What engines run for one kind: file names and contents."""
    yield "rules.sch", _as_xml(build_schematron(kind, checks, library, "xslt"))
    yield FUNCTIONS_FILE, _as_xml(library.exslt(calls_in(checks), literals_in(checks)))
    yield "rules-xslt2.sch", _as_xml(build_schematron(kind, checks, library, "xslt2"))
    yield "rules.xsl", _as_xml(build_stylesheet(kind, checks, library))
    yield "form.schema.json", _as_json(json_schema(kind, catalogue.shapes(kind)))


def _files(catalogue: Catalogue) -> Iterator[tuple[str, bytes]]:
    for pattern in _COPIED:
        for path in catalogue.folder.glob(pattern):
            yield path.relative_to(catalogue.folder).as_posix(), path.read_bytes()
    pages = Pages(catalogue)
    for kind in catalogue.kinds:
        library = library_for(catalogue, kind)
        checks = checks_of(kind, library)
        for name, content in (*artefacts(catalogue, kind, library, checks), *pages.of_kind(kind, checks)):
            yield f"{folder_of(kind)}/{name}", content
    yield from pages.of_all({kind.id: folder_of(kind) for kind in catalogue.kinds})


def _make_room(folder: Path) -> None:
    if not folder.exists() or not any(folder.iterdir()):
        return
    try:
        earlier = json.loads((folder / MANIFEST).read_bytes())["files"]
    except (OSError, ValueError, KeyError) as exc:
        raise Conflict("folder-not-empty", f"{folder} holds other things than an earlier publication") from exc
    for name in earlier:
        if ".." not in PurePosixPath(name).parts and not PurePosixPath(name).is_absolute():
            (folder / name).unlink(missing_ok=True)


def _summary(kind: FormKind) -> Mapping[str, object]:
    return {
        "id": kind.id,
        "version": kind.version,
        "namespace": kind.namespace,
        "rules": kind.rules.name,
        "folder": folder_of(kind),
    }


def _as_xml(root: etree._Element) -> bytes:
    etree.cleanup_namespaces(root, keep_ns_prefixes=["f", "c", "sp", "xsl", "svrl"])
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)


def _as_json(data: object) -> bytes:
    return (json.dumps(data, indent=2, ensure_ascii=False) + "\n").encode()
