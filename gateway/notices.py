"""Notices that the gateway makes itself because of a form: that an appeal is pending, without a word of the appeal.

What a notice says is data: a stylesheet beside form.toml turns the signed Content into the Content of another kind.
The gateway signs it with its service seal and routes it by that kind's own rows. Nothing about a notice ever stands in
the way of the form: what could not be made or sent is flagged and left to the operator.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from datetime import datetime

from lxml import etree

from gateway.cases import Case, Cases, Filing
from gateway.errors import EngineFault
from gateway.evidence import Witness
from gateway.forms.catalogue import Catalogue
from gateway.forms.findings import Finding, Phase, Severity, XmlRejected
from gateway.forms.kinds import FormKind, NoticeRule
from gateway.forms.validation import Identified, Validator
from gateway.identifiers import SCHEMES, Holder
from gateway.model import PartyId, instant_text, new_id
from gateway.ports import Register
from gateway.routing import Addressee, Router
from gateway.signatories import identifiers_of
from signing import SubjectIdentity, sign_xml, subject_of

log = logging.getLogger("sealpost.notices")


@dataclass(frozen=True, kw_only=True)
class Notice:
    """A notice, signed and ready to go. unreached: what stands in the way of its other recipients."""

    kind: FormKind
    raw: bytes
    content: etree._Element
    filing: Filing
    links: tuple[str, ...]
    addressees: tuple[Addressee, ...]
    unreached: tuple[Finding, ...]


@dataclass(frozen=True, kw_only=True)
class DrawnUp:
    """The notices that a form brings with it, and the flags for those that could not be made or reach nobody."""

    notices: tuple[Notice, ...] = ()
    flags: tuple[Finding, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Notices:
    """Draws up notices in the name of the service."""

    validator: Validator
    witness: Witness
    router: Router
    cases: Cases = field(repr=False)

    @property
    def catalogue(self) -> Catalogue:
        """The form kinds."""
        return self.validator.catalogue

    def draw_up(
        self, filing: Filing, content: etree._Element, case: Case, register: Register, *, at: datetime
    ) -> DrawnUp:
        """The notices because of a verified Content of which nothing stands in the way."""
        notices: list[Notice] = []
        flags: list[Finding] = []
        for rule in filing.kind.notices:
            notice = self._notice(rule, filing, content, case, register, at)
            if notice is None:
                flags.append(self._flag(None))
                continue
            flags += map(self._flag, notice.unreached)
            notices.append(notice)
        return DrawnUp(notices=tuple(notices), flags=tuple(dict.fromkeys(flags)))

    def _notice(
        self, rule: NoticeRule, filing: Filing, content: etree._Element, case: Case, register: Register, at: datetime
    ) -> Notice | None:
        draft = self._draft(rule, filing, content, case, at)
        if draft is None:
            return None
        kind, received_on = draft.kind, draft.kind.calendar.date_of(at)
        raw = sign_xml(draft.document.raw, identity=self.witness.keys.at(at), at=at)
        of_notice = self.cases.filing(kind, draft.content, received_on=received_on)
        if not any(route.applies(draft.content) for route in kind.routes):
            return None
        routing = self.router.route(kind, draft.content, register)
        return Notice(
            kind=kind,
            raw=raw,
            content=draft.content,
            filing=of_notice,
            links=self.cases.links(of_notice, draft.content, sender=PartyId(self.witness.issuer)),
            addressees=routing.addressees,
            unreached=routing.findings,
        )

    def _draft(
        self, rule: NoticeRule, filing: Filing, content: etree._Element, case: Case, at: datetime
    ) -> Identified | None:
        """The unsigned notice, valid by the schema and the rules of its kind; None where none can be made."""
        kind = self.catalogue.by_name(rule.kind)
        if kind is None:
            raise EngineFault("notice-kind", "the kind of a notice is not there")  # the catalogue refuses to load so
        raw = rule.transform(content, **self._given(rule, filing, case, kind, at))
        try:
            draft = self.validator.identify(raw)
        except XmlRejected as rejection:
            log.error("notice %s: %s", rule.kind, rejection.code)  # noqa: TRY400 -- its trace says nothing more
            return None
        wrong = draft.findings or self.validator.rules(kind, draft.content, received_on=kind.calendar.date_of(at))
        errors = [finding for finding in wrong if finding.severity is Severity.ERROR]
        if draft.kind is not kind or errors:
            log.error("notice %s: %s", rule.kind, ", ".join(sorted({each.rule or each.code for each in errors})))
            return None
        return draft

    def _given(self, rule: NoticeRule, filing: Filing, case: Case, kind: FormKind, at: datetime) -> dict[str, str]:
        """What a stylesheet is told; `form-...`: facts of the form itself, `about-...`: of the one it is about."""
        seal = subject_of(self.witness.keys.at(at).certificate)
        about = None if rule.about is None else case.document(filing.facts.one(rule.about))
        facts = {"form": filing.facts.values, "about": {} if about is None else about.facts.values}
        return {
            "document-id": new_id(),
            "issued-on": kind.calendar.date_of(at).isoformat(),
            "created-at": instant_text(at),
            "gateway-name": seal.common_name or self.witness.issuer,
            "gateway-number": _number(seal),
            **{f"{which}-{name}": values[0] for which, known in facts.items() for name, values in known.items()},
        }

    def _flag(self, cause: Finding | None) -> Finding:
        """That a notice does not go where the law wants it to go, for the sender and the operator."""
        found = self.catalogue.messages.finding("GW-NOTICE-NOT-SENT", Phase.RECORDS, params=_role(cause))
        return replace(found, legal=() if cause is None else cause.legal)


def _number(seal: SubjectIdentity) -> str:
    """The number of the organisation that the gateway's seal names, or nothing."""
    named = identifiers_of(seal).items()
    return next((value for scheme, value in named if SCHEMES[scheme].holder is Holder.ORGANISATION), "")


def _role(cause: Finding | None) -> tuple[tuple[str, str], ...]:
    return () if cause is None else tuple(param for param in cause.params if param[0] == "role")
