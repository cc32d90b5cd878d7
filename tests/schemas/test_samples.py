"""The samples: valid ones are accepted, an invalid one has exactly the finding in its name."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from gateway.forms.findings import Phase, Severity
from gateway.forms.kinds import FormKind
from tests.schemas.cases import catalogue, named, samples_of, validate


def _samples(pattern: str) -> list[object]:
    return [
        pytest.param(path, id=f"{kind.name}-{path.stem}")
        for kind in catalogue().kinds
        for path in sorted(samples_of(kind).glob(pattern))
    ]


@pytest.mark.parametrize("path", _samples("valid-*.xml"))
def test_valid_samples_are_accepted_without_a_flag(path: Path) -> None:
    report = validate(path.read_bytes())
    assert report.acceptable
    assert named(report) == set()


@pytest.mark.parametrize("path", _samples("invalid-*.xml"))
def test_invalid_samples_have_the_one_finding_in_their_name(path: Path) -> None:
    report = validate(path.read_bytes())
    (finding,) = (finding for finding in report.findings if finding.severity is not Severity.INFO)
    assert finding.severity is Severity.ERROR
    assert path.stem.removeprefix("invalid-") in {finding.code, finding.rule}


@pytest.mark.parametrize("path", _samples("invalid-*.xml") + _samples("valid-full.xml"))
def test_white_space_around_a_value_hides_it_from_no_rule(path: Path) -> None:
    raw = path.read_bytes()
    before = validate(raw)
    if any(finding.phase is Phase.SCHEMA for finding in before.findings):
        return
    root = etree.fromstring(raw)
    for node in root.iter("{*}*"):
        text = node.text or ""
        if len(node) or not text.strip():
            continue
        node.text = f"\n {text} "
        after = validate(etree.tostring(root), received_on=before.received_on)
        refused_by_schema = {finding.phase for finding in after.findings} == {Phase.SCHEMA}
        assert refused_by_schema or named(after) == named(before), node.tag
        node.text = text


@pytest.mark.parametrize("kind", catalogue().kinds, ids=lambda kind: kind.name)
def test_every_form_kind_has_samples(kind: FormKind) -> None:
    names = {path.stem for path in samples_of(kind).glob("*.xml")}
    assert {"valid-minimal", "valid-typical", "valid-full"} <= names
    assert sum(name.startswith("invalid-XSD-") for name in names) >= 1
    assert len(list((samples_of(kind) / "failing").glob("*.xml"))) >= 4
    assert all(name.startswith(("valid-", "invalid-")) for name in names)
