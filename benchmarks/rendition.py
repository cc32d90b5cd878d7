"""Forms as PDF beside bare typst: a table of 28 rows with the same XML attached, to the same two standards.

Each print is of another document, as in traffic, with other people, places and days: the compiler remembers what it has
set before.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from itertools import count

import typst

from benchmarks.machine import asked, speed
from benchmarks.result import Result, compared
from gateway.forms.catalogue import Catalogue
from gateway.forms.folder import SCHEMAS
from gateway.forms.samples import make_sample
from gateway.public_check import check_url
from gateway.rendition import render

SAMPLES = SCHEMAS.parent / "samples"
FORMS = (
    "be/health-surveillance-request",
    "be/health-assessment",
    "be/appeal",
    "be/occupational-disease-report",
    "nl/expertise-advice",
)
ROUNDS = 20
ASKED_PRINTS = 80.0  # a second and core
_BARE = b"""
#let data = json(bytes(sys.inputs.data))
#set document(title: data.title)
#set text(lang: "nl", font: "Libertinus Serif", hyphenate: false)
#set page(numbering: "1 / 1")
#let document = bytes(sys.inputs.document)
#pdf.attach("form.xml", document, relationship: "source", mime-type: "application/xml", description: "form")
= #data.title
#table(columns: 2, table.header[Veld][Waarde], ..data.rows.flatten())
"""


def run() -> list[Result]:
    """Prints a second by one core, of forms with a template of their own and of one without, and of the bare table."""
    catalogue = Catalogue.open()
    bare = _bare()
    results = []
    for kind in FORMS:
        ours, floor = _in_turns(_ours(catalogue, kind), bare)
        name, rate = f"rendition {kind}", 1 / ours
        results.append(compared(name, rate, "prints/s", against="bare typst, 28 rows", floor=1 / floor))
        results.extend(asked(name, rate, "prints/s", figure=ASKED_PRINTS, at=speed()))
    return results


def _ours(catalogue: Catalogue, name: str) -> Callable[[int], object]:
    kind = catalogue.by_name(name)
    assert kind is not None
    forms = [make_sample(catalogue, kind, variant="typical", seed=number + 1).raw for number in range(ROUNDS + 1)]

    def print_one(number: int) -> object:
        address = check_url(
            "https://counter.example", f"018f{number:04x}-0000-7000-8000-000000000000", f"{number:064x}"
        )
        return render(forms[number], catalogue=catalogue, language="nl", check_url=address)

    return print_one


def _bare() -> Callable[[int], object]:
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=True)
    compiler = typst.Compiler(root=str(SCHEMAS / "common/rendition"), font_paths=fonts)
    document = (SAMPLES / FORMS[0] / "1" / "valid-typical.xml").read_text(encoding="utf-8")

    def print_one(number: int) -> object:
        rows = [[f"Naam van veld {row}", f"Waarde {row} van document {number}"] for row in range(28)]
        data = {"title": f"Formulier {number}", "rows": rows}
        return compiler.compile(
            input=_BARE,
            format="pdf",
            sys_inputs={"data": json.dumps(data), "document": f"{document}{' ' * (number % 100)}"},
            pdf_standards=["a-3a", "ua-1"],
            timestamp=0,
        )

    return print_one


def _in_turns(ours: Callable[[int], object], floor: Callable[[int], object]) -> tuple[float, float]:
    """Median seconds of processor time of one print of each."""
    numbers = count()
    pairs = []
    for _ in range(ROUNDS + 1):
        number = next(numbers)
        begun = time.process_time()
        ours(number)
        between = time.process_time()
        floor(number)
        pairs.append((between - begun, time.process_time() - between))
    first, second = zip(*pairs[1:], strict=True)  # the first loads what is loaded once
    return statistics.median(first), statistics.median(second)
