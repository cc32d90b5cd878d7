"""`validate-...`: what judging a form costs a core, against libxml2 alone over the same documents in the same run.

Figures are processor time of one thread; ours and the floor take turns over all valid samples of a kind, one document
at a time, as traffic comes, so that a busy machine burdens both.
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
from benchmarks.turns import ROUNDS, in_traffic, once, time_of
from gateway.forms.catalogue import Catalogue
from gateway.forms.kinds import CONTENT, FormKind
from gateway.forms.shapes import Member
from gateway.forms.validation import Validator
from tests.hostile.files import READ, REFUSED, floods

ROOT = Path(__file__).resolve().parents[1]
DAY = date(2026, 6, 1)
SIZES_KIB = (5, 10, 25, 50, 100, 200)
INSIDE = 7  # of what may be repeated inside a repeated element, so that 200 of them come to 200 KiB
_KIB = 1024


def xsd() -> list[Result]:
    """Parse contract and schema, all kinds, against raw parse and schema of bare libxml2."""
    validator = Validator(Catalogue.load())
    return [_xsd(validator, kind) for kind in validator.catalogue.kinds if typical(kind).is_file()]


def _xsd(validator: Validator, kind: FormKind) -> Result:
    ours, floor = in_traffic(validator.identify, _bare(kind), _valid(kind))
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

    def judge(raw: bytes) -> None:
        validator.validate(raw, received_on=DAY)

    results = []
    for kind in validator.catalogue.kinds:
        if not typical(kind).is_file():
            continue
        ours, floor = in_traffic(judge, _bare(kind), _valid(kind))
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
    """Cost for a KiB as a valid document grows by repeated elements: the same throughout if the cost is linear.

    All documents are of one kind, the one whose schema lets an element be repeated most: an employer's notice about up
    to 200 workers, with several exposures each. Rules speak about every worker and every exposure, so they grow along.
    """
    validator = Validator(Catalogue.load())
    documents = [_grown(validator, kib * _KIB) for kib in SIZES_KIB]
    for raw in documents:
        assert not validator.identify(raw).findings
    costs = [
        statistics.median(turn)
        for turn in zip(
            *(
                [time_of(lambda raw=raw: validator.validate(raw, received_on=DAY), rounds=1) for raw in documents]  # type: ignore[misc]
                for _ in range(ROUNDS)
            ),
            strict=True,
        )
    ]
    by_kib = [cost / (len(raw) / _KIB) * 1e6 for cost, raw in zip(costs, documents, strict=True)]
    return [
        compared(
            f"validate-size {len(raw) / _KIB:.0f} KiB",
            cost,
            "µs a KiB",
            against="the smallest document",
            floor=by_kib[0],
        )
        for cost, raw in zip(by_kib, documents, strict=True)
    ]


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


def _valid(kind: FormKind) -> list[bytes]:
    """All valid samples of a kind."""
    return [path.read_bytes() for path in sorted(typical(kind).parent.glob("valid-*.xml"))]


def _bare(kind: FormKind) -> Callable[[bytes], object]:
    """What libxml2 must do at least: read the bytes and run the schema."""
    schema = etree.XMLSchema(etree.parse(ROOT / "schemas" / kind.id / kind.version.partition(".")[0] / "form.xsd"))
    parser = etree.XMLParser()
    return lambda raw: schema.validate(etree.fromstring(raw, parser))


def _grown(validator: Validator, size_bytes: int) -> bytes:
    """A valid document of that size: of the kind with the element that may be repeated most, which is repeated in it,
    each time with the same few of what may be repeated inside."""
    _, kind, member = max(
        ((member.most, kind, member) for kind in validator.catalogue.kinds for member in _repeated(validator, kind)),
        key=lambda found: found[0],
    )
    root = etree.fromstring(typical(kind).read_bytes(), etree.XMLParser(remove_comments=True))
    node = next(root.iter(member.qname))
    inside = validator.catalogue.shapes(kind).record(member.type)
    for child in list(node):
        if inside.members[etree.QName(child).localname].repeated:
            for _ in range(INSIDE - 1):
                child.addnext(deepcopy(child))
    size = len(etree.tostring(root))
    node.addnext(deepcopy(node))
    one = len(etree.tostring(root)) - size
    for _ in range(min(-((size - size_bytes) // one), member.most - 1) - 1):
        node.addnext(deepcopy(node))
    return etree.tostring(root)


def _repeated(validator: Validator, kind: FormKind) -> list[Member]:
    """What may be repeated in the Content of a kind and stands in its typical sample."""
    shapes = validator.catalogue.shapes(kind)
    members = shapes.record(shapes.record(shapes.root.type).members[CONTENT].type).members.values()
    there = {node.tag for node in etree.parse(typical(kind)).iter()} if typical(kind).is_file() else set()
    return [member for member in members if member.repeated and member.qname in there]


def _process(code: str) -> float:
    """Seconds of processor time of a fresh Python that runs `code`, from bytecode as an installed program does."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    begun = resource.getrusage(resource.RUSAGE_CHILDREN)
    command: Sequence[str] = (sys.executable, "-c", code)
    subprocess.run(command, check=True, cwd=ROOT, env=environment)
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime - begun.ru_utime - begun.ru_stime
