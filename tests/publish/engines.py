"""Engines that nobody here wrote, as a third party would run our artefacts with them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from lxml import etree, isoschematron
from saxonche import PySaxonProcessor

TESTS: Final = Path(__file__).resolve().parents[1]
SCHXSLT: Final = TESTS / "oracles/schxslt/2.0/pipeline-for-svrl.xsl"
PROGRAM: Final = TESTS / "publish/Transform.java"


class Skeleton:
    """The reference implementation of ISO Schematron that lxml carries, on libxslt."""

    def __init__(self, schema: Path) -> None:
        whole = isoschematron.iso_abstract_expand(isoschematron.iso_dsdl_include(etree.parse(schema)))
        compiled = isoschematron.iso_svrl_for_xslt1(whole, profile_run=False, **{"allow-foreign": "'true'"})
        # Beside the schema, so that what it includes is found.
        stylesheet = schema.with_suffix(".compiled.xsl")
        stylesheet.write_bytes(etree.tostring(compiled))
        self._run = etree.XSLT(etree.parse(stylesheet))

    def report(self, raw: bytes, **given: str) -> etree._Element:
        return _run_libxslt(self._run, raw, given)


class Libxslt:
    """libxslt on a plain stylesheet."""

    def __init__(self, stylesheet: Path) -> None:
        self._run = etree.XSLT(etree.parse(stylesheet))

    def report(self, raw: bytes, **given: str) -> etree._Element:
        return _run_libxslt(self._run, raw, given)


class Saxon:
    """Saxon-HE on XSLT 2.0; on Schematron after SchXslt made XSLT of it."""

    def __init__(self) -> None:
        self._processor: Any = PySaxonProcessor(license=False)
        self._schxslt: Any = self._processor.new_xslt30_processor().compile_stylesheet(stylesheet_file=str(SCHXSLT))

    def compile_schematron(self, schema: Path) -> Any:
        text = self._schxslt.transform_to_string(source_file=str(schema))
        return self._processor.new_xslt30_processor().compile_stylesheet(stylesheet_text=text)

    def compile_stylesheet(self, stylesheet: Path) -> Any:
        return self._processor.new_xslt30_processor().compile_stylesheet(stylesheet_file=str(stylesheet))

    def report(self, compiled: Any, raw: bytes, **given: str) -> etree._Element:
        for name, value in given.items():
            compiled.set_parameter(name, self._processor.make_string_value(value))
        document = self._processor.parse_xml(xml_text=raw.decode())
        return etree.fromstring(compiled.transform_to_string(xdm_node=document).encode())


def run_jdk(jobs: Iterable[tuple[Path, Path, Mapping[str, str]]], folder: Path) -> list[etree._Element]:
    """The results of the JDK's XSLT 1.0 under secure processing: stylesheet, document and parameters a job."""
    lines = ("\t".join([str(sheet), str(file), *(f"{k}={v}" for k, v in given.items())]) for sheet, file, given in jobs)
    (folder / "jobs").write_text("\n".join(lines), encoding="utf-8")
    command = [
        "java",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        str(PROGRAM),
        str(folder / "jobs"),
        str(folder / "results"),
    ]
    done = subprocess.run(command, capture_output=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr.decode()
    return list(etree.parse(folder / "results", etree.XMLParser(huge_tree=True)).getroot())


def _run_libxslt(run: etree.XSLT, raw: bytes, given: Mapping[str, str]) -> etree._Element:
    parameters = {name: etree.XSLT.strparam(value) for name, value in given.items()}
    return run(etree.fromstring(raw), profile_run=False, **parameters).getroot()
