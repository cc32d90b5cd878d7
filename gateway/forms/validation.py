"""Validation of a form: parse, identify, schema, rules; the first step that fails ends it.

The signature is judged elsewhere, between schema and rules: intake runs the steps one by one, with the rules over the
Content that a signature was proven to cover. `validate` runs them all over a document as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from lxml import etree

from gateway.forms.catalogue import Catalogue
from gateway.forms.findings import Finding, JsonRejected, NotViewable, Phase, Rejected, Severity, XmlRejected
from gateway.forms.jsonview import NO_VIEW, looks_like_json, pointer_of, read_json, to_json, to_xml
from gateway.forms.kinds import FormKind
from gateway.forms.parsing import FORM_LIMITS, Limits, ParsedDocument, digest_of, parse_untrusted
from gateway.forms.report import MAX_FINDINGS, Document, Outcome, Report, as_reported
from gateway.forms.schema import SchemaFault
from gateway.forms.sources import COMMON_NAMESPACE

# Thousands of faults say no more than the first hundreds, and each costs a search in the tree.
MAX_FAULTS = 4 * MAX_FINDINGS
_DOCUMENT_ID = f"{{{COMMON_NAMESPACE}}}DocumentId"
_LEGAL_PROFILE = f"{{{COMMON_NAMESPACE}}}LegalProfile"
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, kw_only=True)
class Identified:
    """A well-formed document whose root element is that of a form kind, and what its schema says about it.

    With no findings it is valid against the schema.
    """

    document: ParsedDocument
    kind: FormKind
    findings: tuple[Finding, ...]
    truncated: bool = False

    @property
    def content(self) -> etree._Element:
        """The Content element as it came in, not proven to be signed; only for a document without findings."""
        content = self.kind.content_of(self.document.root)
        if content is None:
            raise ValueError("a document that is not valid has no Content to read")
        return content

    @property
    def legal_profile(self) -> str:
        """The legal text that the document says it follows, as it came in; nothing if it says none."""
        node = next(self.document.root.iter(_LEGAL_PROFILE), None)
        return "" if node is None else (node.text or "").strip()

    @property
    def document_id(self) -> str | None:
        """The DocumentId, if it reads as one."""
        node = next(self.document.root.iter(_DOCUMENT_ID), None)
        found = "" if node is None else (node.text or "").strip()
        return found if _UUID.fullmatch(found) else None


class Validator:
    """Judges documents by the form kinds of a catalogue. Safe to share between threads."""

    def __init__(self, catalogue: Catalogue, *, limits: Limits = FORM_LIMITS) -> None:
        self.catalogue = catalogue
        self.limits = limits

    def parse(self, raw: bytes) -> ParsedDocument:
        """Parse a form whose signature will be judged too. Raises XmlRejected (XML-...)."""
        return parse_untrusted(raw, limits=self.limits, with_blanks=True)

    def identify(self, raw: bytes | ParsedDocument) -> Identified:
        """Parse, if that is not done yet; find the form kind, run its schema.

        Raises XmlRejected (XML-...) for bytes that are not a form of a known kind, EngineFault if libxml2 gives up.
        """
        document = raw if isinstance(raw, ParsedDocument) else parse_untrusted(raw, limits=self.limits)
        kind = self.catalogue.by_root(str(document.root.tag))
        if kind is None:
            raise XmlRejected(
                Finding(code="XML-008", severity=Severity.ERROR, phase=Phase.PARSE, line=document.root.sourceline)
            )
        faults = kind.schema.faults(document.root, limit=MAX_FAULTS)
        if not faults:
            return Identified(document=document, kind=kind, findings=())
        findings = tuple(dict.fromkeys(_finding(kind, fault) for fault in faults))
        return Identified(
            document=document,
            kind=kind,
            findings=findings[:MAX_FINDINGS],
            truncated=len(faults) == MAX_FAULTS or len(findings) > MAX_FINDINGS,
        )

    def rules(
        self,
        kind: FormKind,
        content: etree._Element,
        *,
        received_on: date,
        identified: Identified | None = None,
    ) -> tuple[Finding, ...]:
        """The findings of the rules over a Content element.

        content: within its document, or cut out of it as the canonical bytes that a signature covers.
        identified: the document as it came in, to give its line numbers when `content` was cut out.
        Raises EngineFault if a rule cannot be evaluated.
        """
        cut_out = content.getparent() is None
        return tuple(
            kind.rules.run(
                content,
                received_on=received_on,
                above=f"/f:{kind.root}" if cut_out else "",
                shown_in=identified.content if cut_out and identified is not None else None,
            )
        )

    def validate(self, raw: bytes, *, received_on: date) -> Report:
        """All steps over a document, signed or not, in XML or as JSON view. Raises EngineFault when an engine broke.

        received_on: a date, or an aware instant, which is taken as its date in the country of the form.
        """
        if looks_like_json(raw):
            return self._validate_view(raw, received_on=received_on)
        try:
            identified = self.identify(raw)
        except XmlRejected as exc:
            return self.rejected(raw, exc, received_on=received_on)
        if isinstance(received_on, datetime):
            received_on = identified.kind.calendar.date_of(received_on)
        if identified.findings:
            return self.report(identified, identified.findings, failed=Phase.SCHEMA, received_on=received_on)
        found = self.rules(identified.kind, identified.content, received_on=received_on)
        return self.report(identified, found, failed=None, received_on=received_on)

    def xml_of(self, raw: bytes) -> tuple[FormKind, bytes]:
        """The draft in XML of a JSON view, and its kind; whether it is valid is not looked at.

        Raises JsonRejected with all that has no place in XML.
        """
        draft = read_json(raw, limits=self.limits)
        kind = self.catalogue.by_name(draft.form)
        if kind is None or draft.version.partition(".")[0] != kind.version.partition(".")[0]:
            raise JsonRejected(NO_VIEW, [self.catalogue.messages.finding("JSON-008", Phase.PARSE)])
        return kind, to_xml(kind, self.catalogue.shapes(kind), draft)

    def json_of(self, raw: bytes) -> tuple[FormKind, dict[str, Any]]:
        """The JSON view of a form in XML, without its signatures.

        Raises XmlRejected for bytes that are no form, NotViewable for a form that its schema refuses.
        """
        identified = self.identify(raw)
        if identified.findings:
            raise NotViewable("its schema refuses the document", identified.findings, identified.kind.messages)
        kind = identified.kind
        return kind, to_json(kind, self.catalogue.shapes(kind), identified.document.root)

    def _validate_view(self, raw: bytes, *, received_on: date) -> Report:
        """The report about a JSON view: that of its XML, with pointers into the JSON instead of lines."""
        try:
            kind, document = self.xml_of(raw)
        except JsonRejected as exc:
            return self.rejected(raw, exc, received_on=received_on)
        shapes = self.catalogue.shapes(kind)
        report = self.validate(document, received_on=received_on)
        return replace(
            report,
            document=replace(report.document, size_bytes=len(raw), sha256=digest_of(raw)),
            findings=tuple(
                replace(finding, line=None, pointer=pointer_of(shapes, finding.path)) for finding in report.findings
            ),
        )

    def rejected(self, raw: bytes, rejection: Rejected, *, received_on: date) -> Report:
        """The report about bytes that could not be read as a form. They are of no country: an instant is taken as its
        date in UTC."""
        if isinstance(received_on, datetime):
            received_on = received_on.astimezone(UTC).date()
        return Report(
            document=Document(size_bytes=len(raw), sha256=digest_of(raw)),
            received_on=received_on,
            phases={Phase.PARSE: Outcome.FAILED, Phase.SCHEMA: Outcome.SKIPPED, Phase.RULES: Outcome.SKIPPED},
            findings=rejection.findings,
            messages=rejection.messages or self.catalogue.messages,
        )

    def report(
        self,
        identified: Identified,
        findings: tuple[Finding, ...],
        *,
        failed: Phase | None,
        received_on: date,
    ) -> Report:
        """A report about an identified document.

        failed: the phase that ended the way; None if the rules were run (and passed, unless there are errors).
        Each finding cites the legal text that the form follows, where our data know its article.
        """
        kind = identified.kind
        if any(each.term for finding in findings for each in finding.legal):
            findings = tuple(self._cited(identified, findings))
        phases = {Phase.PARSE: Outcome.PASSED, Phase.SCHEMA: Outcome.PASSED}
        if failed is None:
            refused = any(finding.severity is Severity.ERROR for finding in findings)
            phases[Phase.RULES] = Outcome.FAILED if refused else Outcome.PASSED
        else:
            phases[failed] = Outcome.FAILED
            phases[Phase.RULES] = Outcome.SKIPPED
        return Report(
            document=Document(
                size_bytes=len(identified.document.raw),
                sha256=identified.document.sha256,
                kind=kind.id,
                form=kind.root,
                version=kind.version,
                document_id=identified.document_id,
            ),
            received_on=received_on,
            phases=phases,
            findings=as_reported(findings),
            truncated=identified.truncated or len(findings) > MAX_FINDINGS,
            form=kind,
            messages=kind.messages,
        )

    def _cited(self, identified: Identified, findings: Iterable[Finding]) -> Iterator[Finding]:
        country, profile = self.catalogue.countries[identified.kind.country], identified.legal_profile
        for finding in findings:
            legal = country.cited_under(profile, finding.legal)
            yield finding if legal is finding.legal else replace(finding, legal=legal)


def _finding(kind: FormKind, fault: SchemaFault) -> Finding:
    """A fault of the schema as a finding, under the rule that answers for it."""
    answer = kind.rules.answers_for(fault)
    return Finding(
        code=fault.code,
        severity=Severity.ERROR,
        phase=Phase.SCHEMA,
        path=fault.path,
        line=fault.line,
        rule=answer.id if answer else None,
        legal=answer.legal if answer else (),
        params=fault.params,
    )
