"""Invented documents on demand: a hand-written sample varied by a seed, or made wrong by a rule's case: in that rule
alone, unless what breaks it breaks others too.

What is made is judged before it is given: a sample that is not what was asked for is never given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from random import Random
from typing import Any

from lxml import etree

from gateway.errors import EngineFault, NotFound
from gateway.forms.cases import SAMPLES, NotApplicable, as_file, cases_of, example, issued_on, sample_file, samples_of
from gateway.forms.catalogue import Catalogue
from gateway.forms.findings import Severity
from gateway.forms.kinds import FormKind
from gateway.forms.report import Report
from gateway.forms.rules import Where
from gateway.forms.sources import parse_yaml
from gateway.forms.validation import Validator
from gateway.forms.variation import Values, read_values, vary

_TRIES = 12  # variations that are tried: days may fall on a holiday, a place on a wrong office
_INVALID = "invalid:"
_NOTHING = frozenset[str]()


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """A document, the day of receipt by which it is what it should be, and the rules and codes that it breaks.

    breaks: errors and warnings; a remark only where that is what was asked for.
    """

    raw: bytes
    received_on: date
    breaks: frozenset[str] = frozenset()


def variants_of(kind: FormKind) -> list[str]:
    """The names of the valid samples of a form kind: `minimal`, `typical`, `full` and its own."""
    return sorted(path.stem.removeprefix("valid-") for path in samples_of(kind).glob("valid-*.xml"))


def make_sample(catalogue: Catalogue, kind: FormKind, *, variant: str, seed: int) -> Sample:
    """A sample of that variant (`minimal`, `invalid:HA-07`); seed 0 is the hand-written one.

    Raises NotFound for a variant that the kind does not have, EngineFault when no variation is what it should be.
    """
    maker = _Maker(catalogue, kind, seed)
    if variant.startswith(_INVALID):
        return maker.invalid(variant.removeprefix(_INVALID))
    if variant not in variants_of(kind):
        known = ", ".join([*variants_of(kind), f"{_INVALID}RULE"])
        raise NotFound("no-such-sample", f"{kind.id} has no variant {variant}; known are {known}")
    return maker.judged(f"valid-{variant}", _as_it_is, _NOTHING)


class _Maker:
    """Tries variations of a sample until one is what it should be."""

    def __init__(self, catalogue: Catalogue, kind: FormKind, seed: int) -> None:
        self._catalogue = catalogue
        self._validator = Validator(catalogue)
        self._kind = kind
        self._seed = seed

    def invalid(self, name: str) -> Sample:
        """A document that breaks that rule, or has that code, and as little else as can be."""
        listed = self._catalogue.rule(name)
        cases = cases_of(listed.rule) if listed is not None and listed.rule.where is Where.DOCUMENT else ()
        failing = (case for case in cases if case.outcome == "fail" and case.proof is None)
        for case in sorted(failing, key=lambda case: len({*case.only} - {name})):
            try:
                example(self._kind, case.change)
            except NotApplicable:
                continue
            finish = partial(self._changed, case.change)
            return self.judged(case.change["base"], finish, frozenset(case.only), named=frozenset({name}))
        base = None if listed is None else next(self._remarked(name), None)
        if base is not None:
            return self.judged(base, _as_it_is, _NOTHING, named=frozenset({name}))
        file = sample_file(self._kind, f"invalid-{name}")
        if not file.is_file():
            raise NotFound("no-such-sample", f"no document of {self._kind.id} shows {name}")
        raw = file.read_bytes()
        breaks = _broken(self._validator.validate(raw, received_on=issued_on(raw)))
        return self.judged(file.stem, _as_it_is, breaks)

    def _remarked(self, name: str) -> Iterator[str]:
        """The valid samples of which that rule remarks something."""
        for variant in variants_of(self._kind):
            base = f"valid-{variant}"
            made, received_on = _as_it_is(sample_file(self._kind, base).read_bytes())
            if name in {finding.rule for finding in self._validator.validate(made, received_on=received_on).findings}:
                yield base

    def judged(
        self,
        base: str,
        finish: Callable[[bytes], tuple[bytes, date]],
        breaks: frozenset[str],
        *,
        named: frozenset[str] = _NOTHING,
    ) -> Sample:
        """The first variation of the sample `base` that breaks exactly `breaks` once it is finished.

        named: rules that must be found too, if only as remarks.
        """
        wanted = breaks | named
        for raw in self._variations(sample_file(self._kind, base).read_bytes(), exact=bool(wanted)):
            made, received_on = finish(raw)
            report = self._validator.validate(made, received_on=received_on)
            if _broken(report) == breaks and named <= {finding.rule for finding in report.findings}:
                return Sample(raw=self._noted(made, wanted), received_on=received_on, breaks=wanted)
        what = f"{self._kind.id} {base} with seed {self._seed}"
        raise EngineFault("sample-not-made", f"no variation of {what} is judged as it should be")

    def _noted(self, raw: bytes, breaks: frozenset[str]) -> bytes:
        """The document with a line that says what it is; a hand-written sample says so itself."""
        if not (self._seed or breaks):
            return raw
        what = [self._kind.id, *(f"breaks {name}" for name in sorted(breaks)), f"seed {self._seed}"]
        note = f"Made by sealpost sample: {', '.join(what)}. Everybody and everything in it is invented."
        return as_file(etree.fromstring(raw), note)

    def _changed(self, change: Mapping[str, Any], raw: bytes) -> tuple[bytes, date]:
        made = example(self._kind, change, raw=raw)
        return made.raw, made.received_on

    def _variations(self, raw: bytes, *, exact: bool) -> Iterator[bytes]:
        """Variations, the most different first. exact: a case may name values of the sample, so itself comes last."""
        for attempt in range(_TRIES if self._seed else 0):
            root = etree.fromstring(raw)
            vary(
                root,
                self._catalogue.shapes(self._kind),
                _values(),
                country=self._kind.country,
                zone=self._catalogue.countries[self._kind.country].calendar.zone,
                random=Random(f"{self._seed}:{attempt}"),  # noqa: S311 - invented people, not secrets
                days=attempt < _TRIES - 4,
                numbers=attempt < _TRIES - 2,
            )
            yield as_file(root)
        if exact or not self._seed:
            yield raw


def _as_it_is(raw: bytes) -> tuple[bytes, date]:
    return raw, issued_on(raw)


@cache
def _values() -> Values:
    file = SAMPLES / "values.yaml"
    return read_values(parse_yaml(file.read_text(encoding="utf-8"), source=file.name), source=file.name)


def _broken(report: Report) -> frozenset[str]:
    """The rules, or codes where no rule answers, of the errors and warnings."""
    return frozenset(
        finding.rule or finding.code for finding in report.findings if finding.severity is not Severity.INFO
    )
