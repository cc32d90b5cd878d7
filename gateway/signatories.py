"""Whether the people who signed are the people whom the form and the law want to sign (GEN-19), and who may hand it in.

The signatory must *be* the person the form names. That is shown by the certificate's own identity (`SCHEMES` says
where it states which number), or by the register: the certificate, or the person it names, belongs to a party that
carries the form's identifier and the role. No certificate states the number of a profession, so a physician is always
proven by the register.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from lxml import etree

from gateway.forms.findings import Finding, MessageCatalogue, Phase
from gateway.forms.kinds import FormKind, SignatoryRule
from gateway.identifiers import SCHEMES, Holder, identifiers_in_certificate
from gateway.model import Party, PartyId
from gateway.ports import Register
from gateway.pseudonyms import IdentifierKeys
from signing import SubjectIdentity, VerificationFailed, VerifiedSignature, fingerprint


@dataclass(frozen=True, kw_only=True)
class Standing:
    """principals: parties of the register that signed, as far as registered. findings: what stands in the way."""

    principals: tuple[PartyId, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, kw_only=True)
class SignatoryCheck:
    """Matches verified signatures with the signatories that the form kind demands."""

    keys: IdentifierKeys
    messages: MessageCatalogue

    def check(
        self, kind: FormKind, content: etree._Element, signatures: Sequence[VerifiedSignature], register: Register
    ) -> Standing:
        """Every demanded signatory signed, and nobody else did."""
        findings: list[Finding] = []
        principals: list[PartyId] = []
        unmatched = list(signatures)
        rules = [rule for rule in kind.signatories if rule.applies(content)]
        for rule in rules:
            match = next((s for s in unmatched if self._is_signatory(rule, content, s, register)), None)
            if match is None:
                findings.append(self._finding(kind, rule))
                continue
            unmatched.remove(match)
            principals += self._holders(rule, content, register)
        if unmatched and not findings:
            findings.append(self._finding(kind, rules[0]))
        return Standing(principals=tuple(dict.fromkeys(principals)), findings=tuple(findings))

    def _is_signatory(
        self, rule: SignatoryRule, content: etree._Element, signature: VerifiedSignature, register: Register
    ) -> bool:
        scheme, value = rule.scheme, rule.identifier(content)
        if value is None:
            return False
        named = identifiers_of(signature.subject)
        mark = fingerprint(signature.certificate)
        registered = register.party_by_certificate(mark)
        # A seal that is registered speaks for its party alone: an internal service shares its employer's number.
        of_organisation = SCHEMES[scheme].holder is Holder.ORGANISATION
        if named.get(scheme) == value and (registered is None or not of_organisation):
            return True
        key = self.keys.key(scheme, value)
        if registered is not None and registered.signs_with(mark) and _has(registered, rule.role, scheme, key):
            return True
        # A seal's enterprise number does not make it one of the enterprise's physicians.
        persons = (each for each in named if SCHEMES[each].holder is Holder.PERSON)
        return any(
            _has(party, rule.role, scheme, key)
            for person in persons
            for party in register.parties_by_identifier(person, self.keys.key(person, named[person]))
        )

    def _holders(self, rule: SignatoryRule, content: etree._Element, register: Register) -> list[PartyId]:
        value = rule.identifier(content)
        if value is None:
            return []
        holders = register.parties_by_identifier(rule.scheme, self.keys.key(rule.scheme, value))
        return [party.id for party in holders if rule.role in party.roles]

    def _finding(self, kind: FormKind, rule: SignatoryRule) -> Finding:
        found = self.messages.finding(
            "SIG-SIGNATORY", Phase.SIGNATURE, path=kind.place(rule.at), params=(("role", rule.role),)
        )
        return replace(found, rule="GEN-19", legal=kind.legal(rule.article))


SIGNATURE_CODES: Mapping[str, str] = {
    "no-signature": "SIG-MISSING",
    "digest-mismatch": "SIG-DIGEST",
    "signature-invalid": "SIG-INVALID",
    "unreadable": "SIG-UNREADABLE",
    "limit-exceeded": "SIG-UNREADABLE",
    "comment-not-allowed": "SIG-UNREADABLE",
    "unsigned-content": "SIG-PLACE",
    "misplaced-signature": "SIG-PLACE",
    "signature-malformed": "SIG-UNREADABLE",
    "signed-properties-misplaced": "SIG-PROPERTIES",
    "repeated-id": "SIG-REPEATED-ID",
    "reference-not-allowed": "SIG-REFERENCE",
    "transform-not-allowed": "SIG-TRANSFORM",
    "unsigned-property-not-allowed": "SIG-PROPERTIES",
    "policy-not-supported": "SIG-PROPERTIES",
    "algorithm-not-allowed": "SIG-ALGORITHM",
    "certificate-unreadable": "SIG-CERTIFICATE",
    "certificate-not-bound": "SIG-CERTIFICATE",
    "certificate-not-for-signing": "SIG-CERTIFICATE",
    "certificate-untrusted": "SIG-UNTRUSTED",
    "certificate-expired": "SIG-EXPIRED",
    "certificate-revoked": "SIG-REVOKED",
    "issuer-revoked": "SIG-REVOKED",
    "revocation-unknown": "SIG-REVOCATION-MISSING",
    "revocation-expired": "SIG-REVOCATION-MISSING",
    "timestamp-unreadable": "SIG-TIMESTAMP",
    "timestamp-of-something-else": "SIG-TIMESTAMP",
    "timestamp-altered": "SIG-TIMESTAMP",
    "timestamp-signature-invalid": "SIG-TIMESTAMP",
    "timestamp-algorithm-not-allowed": "SIG-TIMESTAMP",
    "timestamp-of-another-request": "SIG-TIMESTAMP",
    "timestamp-policy-not-accepted": "SIG-TIMESTAMP",
    "timestamp-out-of-order": "SIG-TIMESTAMP",
    "timestamp-certificate-not-bound": "SIG-TIMESTAMP",
    "timestamp-certificate-not-for-time": "SIG-TIMESTAMP",
    "timestamp-untrusted": "SIG-TIMESTAMP",
    "timestamp-expired": "SIG-TIMESTAMP",
    "timestamp-revoked": "SIG-TIMESTAMP",
}


def signature_finding(kind: FormKind, failure: VerificationFailed) -> Finding:
    """The finding for a signature that failed; GEN-19 asks for a valid one."""
    path = f"/f:{kind.root}/f:Signatures"
    legal = kind.legal(kind.signatories[0].article) if kind.signatories else ()
    found = kind.finding(SIGNATURE_CODES[failure.code], Phase.SIGNATURE, path=path)
    return replace(found, rule="GEN-19", legal=legal)


def acting_for(sender: Party, kind: FormKind, principals: Sequence[PartyId]) -> PartyId | None:
    """The signatory for whom `sender` may hand in a form of `kind`; None when it may not."""
    return next((principal for principal in principals if sender.may_submit_for(principal, kind.id)), None)


def identifiers_of(subject: SubjectIdentity) -> Mapping[str, str]:
    """scheme -> identifier that the certificate's subject states in a form that we know."""
    return identifiers_in_certificate(
        serial_number=subject.serial_number, organization_identifier=subject.organization_identifier
    )


def _has(party: Party, role: str, scheme: str, key: str) -> bool:
    return role in party.roles and party.identifiers.get(scheme) == key
