"""`validate-...`: what judging a form costs a core, against libxml2 alone over the same documents in the same run.

Figures are processor time of one thread; ours and the floor take turns, so that a busy machine burdens both.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from copy import deepcopy
from datetime import date
from pathlib import Path

from lxml import etree

from benchmarks.result import Result, compared
from benchmarks.turns import once, side_by_side, time_of
from gateway.forms.catalogue import Catalogue
from gateway.forms.kinds import CONTENT, FormKind
from gateway.forms.validation import Validator
from tests.hostile.files import READ, REFUSED, floods

ROOT = Path(__file__).resolve().parents[1]
DAY = date(2026, 6, 1)
SIZES_KIB = (5, 10, 25, 50, 100, 200)


def xsd() -> list[Result]:
    """Parse contract and schema, all kinds, against raw parse and schema of bare libxml2."""
    validator = Validator(Catalogue.load())
    return [_xsd(validator, kind) for kind in validator.catalogue.kinds if typical(kind).is_file()]


def _xsd(validator: Validator, kind: FormKind) -> Result:
    raw = typical(kind).read_bytes()
    ours, floor = side_by_side(lambda: validator.identify(raw), _bare(kind, raw))
    return compared(
        f"validate-xsd {kind.id}",
        1 / ours,
        "documents/s a core",
        against="bare libxml2: parse and schema",
        floor=1 / floor,
    )


def rules() -> list[Result]:
    """Everything that `validate` does, with all rules of the kind, against the same floor."""
    validator = Validator(Catalogue.load())
    results = []
    for kind in validator.catalogue.kinds:
        if not typical(kind).is_file():
            continue
        raw = typical(kind).read_bytes()

        def judge(raw: bytes = raw) -> None:
            validator.validate(raw, received_on=DAY)

        ours, floor = side_by_side(judge, _bare(kind, raw))
        number = sum(rule.test is not None for rule in kind.rules.rules)
        results.append(
            compared(
                f"validate-rules {kind.id} ({number} rules)",
                1 / ours,
                "documents/s a core",
                against="bare libxml2: parse and schema",
                floor=1 / floor,
            )
        )
    return results


def size() -> list[Result]:
    """Cost for a KiB as a valid document grows by repeated elements: the same throughout if the cost is linear."""
    validator = Validator(Catalogue.load())
    results: list[Result] = []
    documents = [raw for kib in SIZES_KIB if (raw := _grown(validator, kib * 1024)) is not None]
    for raw in documents:
        assert not validator.identify(raw).findings
        cost = time_of(lambda raw=raw: validator.validate(raw, received_on=DAY)) / (len(raw) / 1024) * 1e6  # type: ignore[misc]
        first = results[0].value if results else cost
        name = f"validate-size {len(raw) / 1024:.0f} KiB"
        results.append(compared(name, cost, "µs a KiB", against="the smallest document", floor=first))
    return results


def start() -> list[Result]:
    """A fresh process that compiles every schema and every rule, against one that compiles the bare schemas.

    The holidays are not in it: a library computes them, which the gateway asks at its start, on its own.
    """
    ours = "from gateway.forms.catalogue import Catalogue; Catalogue.load()"
    bare = (
        "import glob; from lxml import etree\n"
        "for path in glob.glob('schemas/*/*/*/form.xsd'): etree.XMLSchema(etree.parse(path))"
    )
    took = {code: statistics.median(_process(code) for _ in range(5)) for code in (ours, bare)}
    return [
        compared(
            "validate-start", took[ours], "s", against="Python with lxml compiling the bare schemas", floor=took[bare]
        )
    ]


def hostile() -> list[Result]:
    """The slowest answer to any hostile or odd file, with its report in words, against parsing it with bare libxml2."""
    validator = Validator(Catalogue.load())
    files = {name: raw for name, (raw, _) in {**REFUSED, **READ}.items()}
    for kind in validator.catalogue.kinds:
        if typical(kind).is_file():
            files |= {f"{name} in {kind.id}": raw for name, raw in floods(typical(kind).read_bytes()).items()}

    def answer(raw: bytes) -> None:
        validator.validate(raw, received_on=DAY).to_json("nl")

    took = {name: min(once(lambda raw=raw: answer(raw)) for _ in range(3)) for name, raw in files.items()}  # type: ignore[misc]
    worst = max(took, key=lambda name: took[name])
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True)
    floor = min(once(lambda: etree.fromstring(files[worst], parser)) for _ in range(3))
    against = "bare libxml2 reading the same file"
    name = f"validate-hostile, worst of {len(files)}: {worst}"
    return [compared(name, took[worst] * 1e3, "ms", against=against, floor=floor * 1e3)]


def typical(kind: FormKind) -> Path:
    return ROOT / "samples" / kind.id / kind.version.partition(".")[0] / "valid-typical.xml"


def _bare(kind: FormKind, raw: bytes) -> Callable[[], object]:
    """What libxml2 must do at least: read the bytes and run the schema."""
    schema = etree.XMLSchema(etree.parse(ROOT / "schemas" / kind.id / kind.version.partition(".")[0] / "form.xsd"))
    parser = etree.XMLParser()
    return lambda: schema.validate(etree.fromstring(raw, parser))


def _grown(validator: Validator, size_bytes: int) -> bytes | None:
    """A valid document of that size: one that may repeat an element often enough, which is repeated in it."""
    for kind in validator.catalogue.kinds:
        shapes = validator.catalogue.shapes(kind)
        raw = typical(kind).read_bytes()
        root = etree.fromstring(raw)
        record = shapes.record(shapes.record(shapes.root.type).members[CONTENT].type)
        content = kind.content_of(root)
        for node in content if content is not None else ():
            member = record.members[etree.QName(node).localname]
            one = len(etree.tostring(node, with_tail=False))
            times = (size_bytes - len(raw)) // one
            if member.repeated and 0 <= times < member.most:
                for _ in range(times):
                    node.addnext(deepcopy(node))
                return etree.tostring(root)
    return None


def _process(code: str) -> float:
    """Seconds of processor time of a fresh Python that runs `code`, from bytecode as an installed program does."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    begun = resource.getrusage(resource.RUSAGE_CHILDREN)
    command: Sequence[str] = (sys.executable, "-c", code)
    subprocess.run(command, check=True, cwd=ROOT, env=environment)
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime - begun.ru_utime - begun.ru_stime
