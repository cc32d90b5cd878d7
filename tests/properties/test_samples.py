"""Samples by seed: valid whatever the seed, the same again for it, agreeing with themselves, seen to be invented."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway import identifiers
from gateway.errors import NotFound
from gateway.forms.cases import sample_file
from gateway.forms.findings import Severity
from gateway.forms.kinds import FormKind
from gateway.forms.samples import make_sample, variants_of
from tests.schemas.cases import COMMON, catalogue, named, validate

KINDS = catalogue().kinds
VARIANTS = [(kind, variant) for kind in KINDS for variant in variants_of(kind)]
EVERYWHERE = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@EVERYWHERE
@given(st.sampled_from(VARIANTS), st.integers(1, 10**6))
def test_a_valid_sample_is_valid_whatever_the_seed(which: tuple[FormKind, str], seed: int) -> None:
    kind, variant = which
    made = make_sample(catalogue(), kind, variant=variant, seed=seed)
    report = validate(made.raw, received_on=made.received_on)
    assert report.acceptable
    assert named(report) == set()
    assert make_sample(catalogue(), kind, variant=variant, seed=seed) == made


@EVERYWHERE
@given(st.sampled_from(VARIANTS), st.integers(1, 10**6))
def test_a_sample_agrees_with_itself(which: tuple[FormKind, str], seed: int) -> None:
    kind, variant = which
    before = etree.parse(sample_file(kind, f"valid-{variant}")).getroot()
    after = etree.fromstring(make_sample(catalogue(), kind, variant=variant, seed=seed).raw)
    assert [node.tag for node in before.iter("*")] == [node.tag for node in after.iter("*")]
    became: dict[tuple[object, str], str] = {}
    for old, new in zip(before.iter("*"), after.iter("*"), strict=True):
        if not len(old) and not _in_a_text_of_law(old):
            assert became.setdefault((old.tag, old.text or ""), new.text or "") == (new.text or ""), old.tag
    for old, new in zip(before.iter(f"{{{COMMON}}}Ssin"), after.iter(f"{{{COMMON}}}Ssin"), strict=True):
        number = new.text or ""
        assert identifiers.ssin_is_valid(number)
        assert int(number[6:9]) >= 990, "a number that a living person may have"
        assert int(number[6:9]) % 2 == int((old.text or "")[6:9]) % 2, "another sex"
        birth = new.getparent().findtext(f"{{{COMMON}}}BirthDate")  # type: ignore[union-attr]
        assert birth is None or identifiers.ssin_agrees_with_birth_date(number, birth)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_seeds_give_other_documents_and_none_gives_the_hand_written_one(kind: FormKind) -> None:
    for variant in ("minimal", "typical", "full"):
        made = {make_sample(catalogue(), kind, variant=variant, seed=seed).raw for seed in range(4)}
        assert len(made) == 4
        assert sample_file(kind, f"valid-{variant}").read_bytes() in made


TOGETHER = {
    *(("be/health-assessment", f"HA-{number}") for number in (13, 14, 15, 17)),
    *(("be/appeal-decision", f"HA-{number}") for number in (13, 14, 15, 17)),
    ("be/appeal-decision", "AD-07"),
    ("be/appeal", "AP-11"),
    ("be/health-surveillance-request", "RQ-06"),
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_an_invalid_sample_breaks_the_one_rule_or_says_which_go_together(kind: FormKind) -> None:
    made = 0
    for rule in kind.rules.rules:
        for seed in (0, 3):
            try:
                sample = make_sample(catalogue(), kind, variant=f"invalid:{rule.id}", seed=seed)
            except NotFound:
                continue
            made += 1
            report = validate(sample.raw, received_on=sample.received_on)
            assert rule.id in sample.breaks & {finding.rule for finding in report.findings}
            assert named(report) == sample.breaks - ({rule.id} if rule.severity is Severity.INFO else set())
            assert sample.breaks == {rule.id} or (kind.id, rule.id) in TOGETHER
            assert all(each.encode() in sample.raw[:400] for each in sample.breaks)
    assert made >= 6


def test_what_is_not_there_is_said_with_what_is() -> None:
    kind = KINDS[0]
    with pytest.raises(NotFound, match="minimal"):
        make_sample(catalogue(), kind, variant="maximal", seed=1)
    with pytest.raises(NotFound, match="ZZ-99"):
        make_sample(catalogue(), kind, variant="invalid:ZZ-99", seed=1)


def _in_a_text_of_law(node: etree._Element) -> bool:
    return any(etree.QName(above).localname == "AppealInformation" for above in node.iterancestors())
