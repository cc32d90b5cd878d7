"""Which parties get a copy, by the law's routing table (data of the form kind) and the register.

A role that may never receive a kind (`never` in form.toml) does not receive it whatever the register says: a party
with such a role is refused as recipient also when it holds a rightful role besides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lxml import etree

from gateway.errors import EngineFault
from gateway.forms.findings import Finding, MessageCatalogue, Phase
from gateway.forms.kinds import BY_ROLE, FormKind, RouteRule
from gateway.model import Party
from gateway.ports import Register
from gateway.pseudonyms import IdentifierKeys


@dataclass(frozen=True, kw_only=True)
class Addressee:
    """A recipient and the row of the routing table that names it."""

    route: RouteRule
    party: Party


@dataclass(frozen=True, kw_only=True)
class Routing:
    """The addressees found, and what stands in the way of the others. A form is sent to all of them or to nobody."""

    addressees: tuple[Addressee, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, kw_only=True)
class Router:
    """Applies the routing table to a verified Content."""

    keys: IdentifierKeys
    messages: MessageCatalogue

    def route(self, kind: FormKind, content: etree._Element, register: Register) -> Routing:
        """Who gets a copy of this form. Raises EngineFault when the data of the kind names nobody."""
        addressees: list[Addressee] = []
        findings: list[Finding] = []
        for route in kind.routes:
            if not route.applies(content):
                continue
            candidates = self._candidates(route, content, register)
            if len(candidates) != 1:
                findings.append(
                    self._finding("GW-RECIPIENT-AMBIGUOUS" if candidates else "GW-RECIPIENT-UNKNOWN", kind, route)
                )
            elif candidates[0].roles & kind.never:
                findings.append(self._finding("GW-RECIPIENT-FORBIDDEN", kind, route))
            elif candidates[0].sealing_certificate is None:
                findings.append(self._finding("GW-RECIPIENT-UNREACHABLE", kind, route))
            else:
                addressees.append(Addressee(route=route, party=candidates[0]))
        if not addressees and not findings:
            raise EngineFault("no-route", "no row of the routing table applies to this form")
        return Routing(addressees=tuple(addressees), findings=tuple(findings))

    def _candidates(self, route: RouteRule, content: etree._Element, register: Register) -> Sequence[Party]:
        if route.scheme == BY_ROLE:
            return _competent(register.parties_by_role(route.role), route.postal_code(content))
        value = route.identifier(content)
        if value is None:
            return ()
        holders = register.parties_by_identifier(route.scheme, self.keys.key(route.scheme, value))
        return [party for party in holders if route.role in party.roles]

    def _finding(self, code: str, kind: FormKind, route: RouteRule) -> Finding:
        found = self.messages.finding(
            code,
            Phase.RECORDS,
            path=None if route.at is None else kind.place(route.at),
            params=(("route", route.id), ("role", route.role)),
        )
        return replace(found, legal=kind.legal(route.article))


def _competent(offices: Sequence[Party], postal: str | None) -> Sequence[Party]:
    """The offices competent for a postal code; those without a range serve where no office has a range that fits."""
    local = [office for office in offices if postal is not None and any(_within(postal, r) for r in office.postal)]
    return local or [office for office in offices if not office.postal]


def _within(postal: str, postal_range: str) -> bool:
    first, _, last = postal_range.partition("-")
    return first <= postal <= (last or first)
