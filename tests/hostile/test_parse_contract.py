"""Hostile XML of every known sort: each is refused with its code, fast, and opens nothing."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest
from lxml import etree

from gateway.forms.findings import XmlRejected
from gateway.forms.parsing import ABSOLUTE_LIMITS, FORM_LIMITS, Limits, parse_untrusted
from gateway.forms.validation import Validator
from tests.hostile.files import READ, REFUSED, floods
from tests.patience import PATIENCE_S


@pytest.mark.parametrize("name", REFUSED)
def test_a_hostile_file_is_refused_with_its_code(name: str) -> None:
    raw, code = REFUSED[name]
    with pytest.raises(XmlRejected) as caught:
        parse_untrusted(raw)
    assert caught.value.code == caught.value.findings[0].code == code
    assert caught.value.__context__ is None


@pytest.mark.parametrize("name", READ)
def test_a_harmless_oddity_is_read_as_a_whole(name: str) -> None:
    raw, text = READ[name]
    document = parse_untrusted(raw)
    assert (document.root.text, document.raw) == (text, raw)


@pytest.mark.parametrize("name", READ)
def test_a_tree_is_whole_only_where_every_parser_makes_the_same_of_the_bytes(name: str) -> None:
    raw, _ = READ[name]
    document = parse_untrusted(raw, with_blanks=True)
    plain = etree.fromstring(raw, etree.XMLParser(resolve_entities=False))
    same = [etree.tostring(root.getroottree(), method="c14n") for root in (document.root, plain)]
    assert not document.is_whole or same[0] == same[1]
    assert document.is_whole == (b"!" not in raw)


def test_the_limit_counts_bytes_to_the_last_one() -> None:
    raw = b"<a/>"
    assert parse_untrusted(raw, limits=Limits(max_bytes=4)).root.tag == "a"
    with pytest.raises(XmlRejected):
        parse_untrusted(raw, limits=Limits(max_bytes=3))
    assert parse_untrusted(b"<a>" + b" " * FORM_LIMITS.max_bytes + b"</a>", limits=ABSOLUTE_LIMITS).root.tag == "a"


def test_a_form_that_is_no_form_of_ours_is_refused(validator: Validator) -> None:
    for raw in (b"<HealthAssessmentForm/>", b'<HealthAssessmentForm xmlns="urn:sealpost:be:health-assessment:9"/>'):
        with pytest.raises(XmlRejected, match="XML-008"):
            validator.identify(raw)


def test_a_named_pipe_as_system_identifier_is_never_opened(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    done = threading.Event()

    def parse() -> None:
        for text in (f'<!DOCTYPE a SYSTEM "{pipe}"><a/>', f'<!DOCTYPE a [<!ENTITY x SYSTEM "{pipe}">]><a>&x;</a>'):
            with pytest.raises(XmlRejected):
                parse_untrusted(text.encode())
        done.set()

    threading.Thread(target=parse, daemon=True).start()
    assert done.wait(PATIENCE_S), "something opened the pipe and waits for a writer"


def test_xinclude_is_an_unknown_element_and_includes_nothing(
    validator: Validator, samples: Mapping[str, bytes]
) -> None:
    include = b'<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="/etc/passwd" parse="text"/>'
    for raw in samples.values():
        at = raw.index(b"</f:Content>")
        report = validator.validate(raw[:at] + include + raw[at:], received_on=date(2026, 6, 1))
        assert [finding.code for finding in report.findings] == ["XSD-CHILD-UNEXPECTED"]


@pytest.mark.parametrize("kind", ["be/health-assessment", "be/occupational-disease-report"])
def test_a_flood_below_the_limit_is_answered(validator: Validator, samples: Mapping[str, bytes], kind: str) -> None:
    """How fast is a matter of the benchmark `validate-hostile`."""
    for name, raw in floods(samples[kind]).items():
        assert len(raw) <= FORM_LIMITS.max_bytes
        report = validator.validate(raw, received_on=date(2026, 6, 1))
        assert report.to_json("nl")["findings"] or report.acceptable
        assert report.acceptable is (name in ("white space", "comments", "namespaces")), name


def test_threads_parse_side_by_side(samples: Mapping[str, bytes]) -> None:
    faults: list[object] = []

    def run(raw: bytes, tag: object) -> None:
        for _ in range(200):
            if parse_untrusted(raw).root.tag != tag:
                faults.append(raw)

    pairs = [(raw, parse_untrusted(raw).root.tag) for raw in samples.values()]
    threads = [threading.Thread(target=run, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults


def test_nobody_uses_what_crashes_or_opens_files() -> None:
    """`XMLParser(schema=...)` crashes libxml2 2.14, `collect_ids=False` opens external DTDs, `xinclude()` any file."""
    root = Path(__file__).resolve().parents[2]
    sources = [path for name in ("gateway", "receiver", "signing") for path in (root / name).rglob("*.py")]
    dangerous = re.compile(
        r"XMLParser\([^)]*\bschema\s*=|collect_ids\s*=|\.xinclude\(|huge_tree\s*=\s*True|load_dtd\s*=\s*True"
    )
    assert sources
    assert not [path.name for path in sources if dangerous.search(path.read_text(encoding="utf-8"))]
