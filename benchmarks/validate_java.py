"""`validate-java`: a form judged by us, and by Java with what we publish for it, per core on the same documents.

Java is Xerces (the JDK's) for the schema and Saxon-HE with the generated Schematron for the rules, as validators of
invoices do it. Both figures are processor time of one thread, Java's after its compiler warmed up.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.result import Result, compared
from benchmarks.turns import time_of
from benchmarks.validate import DAY, ROOT, typical
from gateway.forms.catalogue import Catalogue
from gateway.forms.validation import Validator
from gateway.publish.checks import checks_of
from gateway.publish.site import artefacts, folder_of, library_for

CLASSPATH = "SEALPOST_SAXON"  # where Saxon-HE is; Debian's libsaxonhe-java if not given
DEBIAN = "/usr/share/java/Saxon-HE.jar"
COMPILER = ROOT / "tests/oracles/schxslt/2.0/pipeline-for-svrl.xsl"
SECONDS = 16


def run() -> list[Result]:
    """One result for each form kind that has a typical sample."""
    return list(_results())


def _results() -> Iterator[Result]:
    validator = Validator(Catalogue.load())
    for kind in validator.catalogue.kinds:
        if not typical(kind).is_file():
            continue
        raw = typical(kind).read_bytes()

        def judge(raw: bytes = raw) -> None:
            validator.validate(raw, received_on=DAY)

        with TemporaryDirectory() as folder:
            library = library_for(validator.catalogue, kind)
            for name, content in artefacts(validator.catalogue, kind, library, checks_of(kind, library)):
                (Path(folder) / name).write_bytes(content)
            java = _java(
                Path(folder) / "rules-xslt2.sch",
                validator.catalogue.folder / folder_of(kind) / "form.xsd",
                typical(kind),
            )
        yield compared(
            f"validate-java {kind.id}",
            1 / time_of(judge),
            "documents/s a core",
            against="Xerces and Saxon-HE with the generated Schematron",
            floor=1 / java,
        )


def _java(rules: Path, schema: Path, document: Path) -> float:
    """Seconds a document."""
    classpath = os.environ.get(CLASSPATH, DEBIAN)
    if not all(Path(part).is_file() for part in classpath.split(os.pathsep)):
        raise SystemExit(f"validate-java needs Saxon-HE: apt-get install libsaxonhe-java, or {CLASSPATH}=<jar>[:<jar>]")
    program = str(Path(__file__).with_name("ValidateJava.java"))
    files = (str(COMPILER), str(rules), str(schema), str(document))
    command = ["java", "-XX:+UseSerialGC", "-cp", classpath, program, *files, DAY.isoformat(), str(SECONDS)]
    done = subprocess.run(command, capture_output=True, check=True, text=True, timeout=300)
    return int(done.stdout) / 1e9
