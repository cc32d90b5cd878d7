"""`validate-java`: a form judged by us, and by Java with what we publish for it, per core on the same documents.

Java is Xerces (the JDK's) for the schema and Saxon-HE with the generated Schematron for the rules, as validators of
invoices do it. Both figures are processor time of one thread, Java's after its compiler warmed up, without what it
takes to make schema and Schematron ready; both get the same document again and again, which makes either faster than
in traffic. Results come kind by kind.
"""

from __future__ import annotations

import os
import queue
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from benchmarks.result import Result, compared
from benchmarks.turns import time_of
from benchmarks.validate import DAY, ROOT, typical
from gateway.forms.catalogue import Catalogue
from gateway.forms.kinds import FormKind
from gateway.forms.validation import Validator
from gateway.publish.checks import checks_of
from gateway.publish.site import artefacts, folder_of, library_for

CLASSPATH = "SEALPOST_SAXON"  # where Saxon-HE is; Debian's libsaxonhe-java if not given
DEBIAN = "/usr/share/java/Saxon-HE.jar"
COMPILER = ROOT / "tests/oracles/schxslt/2.0/pipeline-for-svrl.xsl"
SECONDS = 8  # of Java's processor time over each document; its figures fall little after that
PATIENCE_S = 120  # for one kind, however busy the machine is


def run() -> Iterator[Result]:
    """One result for each form kind that has a typical sample, as soon as it is known."""
    validator = Validator(Catalogue.load())
    with TemporaryDirectory() as folder, _Java() as java:
        for kind in validator.catalogue.kinds:
            if typical(kind).is_file():
                yield _compared(validator, kind, java, Path(folder) / "rules-xslt2.sch")


def _compared(validator: Validator, kind: FormKind, java: _Java, rules: Path) -> Result:
    library = library_for(validator.catalogue, kind)
    published = dict(artefacts(validator.catalogue, kind, library, checks_of(kind, library)))
    rules.write_bytes(published[rules.name])
    theirs = java.judge(rules, validator.catalogue.folder / folder_of(kind) / "form.xsd", typical(kind))
    raw = typical(kind).read_bytes()
    ours_s = time_of(lambda: validator.validate(raw, received_on=DAY))
    return compared(
        f"validate-java {kind.id}",
        1 / ours_s,
        "documents/s a core",
        against=f"Xerces ({theirs.schema_s * 1e3:.2f} ms) and Saxon-HE with the generated Schematron "
        f"({theirs.rules_s * 1e3:.2f} ms; {theirs.ready_s:.1f} s to make both ready)",
        floor=1 / (theirs.schema_s + theirs.rules_s),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Took:
    """Seconds of processor time: to make schema and Schematron ready, and a document for each."""

    ready_s: float
    schema_s: float
    rules_s: float


class _Java:
    """One JVM for all kinds, as a server is: a line asks about a kind, a line answers."""

    def __init__(self) -> None:
        classpath = os.environ.get(CLASSPATH, DEBIAN)
        if not all(Path(part).is_file() for part in classpath.split(os.pathsep)):
            raise SystemExit(
                f"validate-java needs Saxon-HE: apt-get install libsaxonhe-java, or {CLASSPATH}=<jar>[:<jar>]"
            )
        program = str(Path(__file__).with_name("ValidateJava.java"))
        command = ["java", "-XX:+UseSerialGC", "-cp", classpath, program]
        self._process = subprocess.Popen(
            [*command, str(COMPILER), DAY.isoformat(), str(SECONDS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._asked: IO[str] = self._process.stdin
        self._answers: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True).start()

    def __enter__(self) -> _Java:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def judge(self, rules: Path, schema: Path, document: Path) -> _Took:
        """What one document of a kind takes. Ends the program if Java fails or takes more than PATIENCE_S."""
        print(rules, schema, document, sep="\t", file=self._asked, flush=True)
        try:
            answer = self._answers.get(timeout=PATIENCE_S)
        except queue.Empty:
            raise SystemExit(f"validate-java: no answer about {schema.parent.parent.name} in {PATIENCE_S} s") from None
        if not answer:
            raise SystemExit(f"validate-java: Java ended with {self._process.wait()}")
        ready, by_schema, by_rules = (int(part) / 1e9 for part in answer.split())
        return _Took(ready_s=ready, schema_s=by_schema, rules_s=by_rules)

    def _read(self, answers: IO[str]) -> None:
        for line in answers:
            self._answers.put(line)
        self._answers.put("")
