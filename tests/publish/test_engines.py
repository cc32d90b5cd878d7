"""Engines that are not ours find the same with the published artefacts as we do: same rules at the same places."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lxml import etree

from gateway.forms.kinds import FormKind
from gateway.publish.checks import checks_of
from gateway.publish.site import artefacts, folder_of, library_for
from tests.publish.documents import Document, Findings, documents, every_kind
from tests.publish.engines import Libxslt, Saxon, Skeleton, run_jdk
from tests.schemas.cases import catalogue

SVRL = "{http://purl.oclc.org/dsdl/svrl}"
QUALIFIED = re.compile(r"Q\{([^}]*)\}([\w.-]+)")
KINDS = [pytest.param(kind, id=kind.id) for kind in every_kind()]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published")
    for kind in every_kind():
        library = library_for(catalogue(), kind)
        (folder / folder_of(kind)).mkdir(parents=True)
        for name, content in artefacts(catalogue(), kind, library, checks_of(kind, library)):
            (folder / folder_of(kind) / name).write_bytes(content)
    return folder


@pytest.fixture(scope="module")
def saxon() -> Saxon:
    return Saxon()


def found(kind: FormKind, document: Document, report: etree._Element) -> Findings:
    """The findings of an SVRL report: rule, and place as we write it."""
    root = etree.fromstring(document.raw)
    places = kind.schema.index.places
    findings = []
    for assertion in report.iter(f"{SVRL}failed-assert"):
        location = QUALIFIED.sub(r"*[namespace-uri()='\1' and local-name()='\2']", assertion.get("location", ""))
        (node,) = root.xpath(location)
        findings.append((assertion.get("id", ""), places.path(node)))
    return sorted(findings)


def test_there_is_a_document_that_breaks_every_tested_rule() -> None:
    tested = {rule.id for kind in every_kind() for rule in kind.rules.rules if rule.test is not None}
    broken = {rule for kind in every_kind() for document in documents(kind) for rule, _ in document.expected}
    assert tested <= broken


@pytest.mark.parametrize("kind", KINDS)
def test_lxml_isoschematron_finds_the_same(kind: FormKind, published: Path) -> None:
    engine = Skeleton(published / folder_of(kind) / "rules.sch")
    for document in documents(kind):
        assert found(kind, document, engine.report(document.raw, **document.given)) == document.expected, document.name


@pytest.mark.parametrize("kind", KINDS)
def test_libxslt_finds_the_same_with_the_stylesheet(kind: FormKind, published: Path) -> None:
    engine = Libxslt(published / folder_of(kind) / "rules.xsl")
    for document in documents(kind):
        assert found(kind, document, engine.report(document.raw, **document.given)) == document.expected, document.name


@pytest.mark.parametrize("kind", KINDS)
def test_saxon_with_schxslt_finds_the_same(kind: FormKind, published: Path, saxon: Saxon) -> None:
    compiled = saxon.compile_schematron(published / folder_of(kind) / "rules-xslt2.sch")
    for document in documents(kind):
        report = saxon.report(compiled, document.raw, **document.given)
        assert found(kind, document, report) == document.expected, document.name


def test_the_jdk_finds_the_same_under_secure_processing(published: Path, tmp_path: Path) -> None:
    jobs, expected = [], []
    for kind in every_kind():
        for number, document in enumerate(documents(kind)):
            file = tmp_path / f"{kind.country}-{kind.name}-{number}.xml"
            file.write_bytes(document.raw)
            jobs.append((published / folder_of(kind) / "rules.xsl", file, document.given))
            expected.append((kind, document))
    for (kind, document), report in zip(expected, run_jdk(jobs, tmp_path), strict=True):
        assert found(kind, document, report) == document.expected, f"{kind.id}: {document.name}"
