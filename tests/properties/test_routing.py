"""No register ever routes form 4, the grounds of an appeal or a document of a deliberation to an employer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from itertools import chain
from pathlib import Path

from cryptography.x509 import Certificate
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.errors import Conflict, RegistrationRefused
from gateway.forms.kinds import FormKind
from gateway.forms.validation import Validator
from gateway.model import Party, PartyId
from gateway.pseudonyms import IdentifierKeys
from gateway.registration import check_certificates, check_roles
from gateway.routing import Router
from signing import fingerprint, issuing
from tests.registers import MemoryRegister, certificates_of
from tests.schemas.cases import catalogue

SAMPLES = Path(__file__).parents[2] / "samples"
FORBIDDEN = frozenset({"Employer", "EmployerDelegate"})
SECRET_KINDS = (
    "be/appeal",
    "be/occupational-disease-report",
    "be/health-assessment-supplement",
    "be/deliberation-notice",
    "be/deliberation-reply",
    "be/deliberation-decision",
    "be/deliberation-outcome",
    "be/appeal-convocation",
    "be/appeal-decision-annex",
)
KEYS = IdentifierKeys(b"k" * 32)
KBOS = ("0123456749", "0200000043", "0333333372")


@cache
def router() -> Router:
    return Router(keys=KEYS, messages=catalogue().messages)


@cache
def roles() -> tuple[str, ...]:
    named = {route.role for kind in catalogue().kinds for route in kind.routes}
    return tuple(sorted(named | FORBIDDEN | {"TreatingPhysician", "SocialInspector"}))


@cache
def certificates() -> tuple[Certificate, ...]:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    authority = issuing.issue_authority("Test Authority", at=at)
    return tuple(issuing.issue(authority, f"Holder {n}", use="seal", at=at).certificate for n in range(4))


@cache
def forms(kind_id: str) -> tuple[tuple[FormKind, etree._Element], ...]:
    validator = Validator(catalogue())
    folder = SAMPLES / kind_id / "1"
    found = [validator.identify(path.read_bytes()) for path in sorted(folder.glob("valid-*.xml"))]
    assert found
    return tuple((each.kind, each.content) for each in found)


def secret_forms() -> Iterator[tuple[FormKind, etree._Element]]:
    return chain.from_iterable(forms(kind_id) for kind_id in SECRET_KINDS)


@cache
def routed_kinds() -> tuple[FormKind, ...]:
    return tuple(kind for kind in catalogue().kinds if kind.routes)


@st.composite
def parties(draw: st.DrawFn) -> tuple[Party, ...]:
    """Any parties at all: wrong, double and mischievous registrations included."""
    count = draw(st.integers(1, 6))
    found = []
    for number in range(count):
        identifiers = draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "kbo": st.sampled_from(KBOS),
                    "insz": st.sampled_from([KEYS.key("insz", "85073003328"), KEYS.key("insz", "88021520444")]),
                    "nihdi": st.sampled_from(["12345625000", "10000106000"]),
                    "directorate": st.sampled_from(["BE-DEMO-OVL", "BE-DEMO"]),
                },
            )
        )
        found.append(
            Party(
                id=PartyId(f"party-{number}"),
                name="Anybody",
                roles=draw(st.frozensets(st.sampled_from(roles()), min_size=1)),
                identifiers=identifiers,
                sealing_certificate=draw(st.none() | st.sampled_from(certificates())),
                postal=tuple(draw(st.lists(st.sampled_from(["9000-9999", "1000-1999", "9000"]), max_size=2))),
            )
        )
    return tuple(found)


@given(everybody=parties())
@settings(max_examples=200, deadline=None)
def test_no_register_routes_a_secret_form_to_an_employer(everybody: tuple[Party, ...]) -> None:
    register = MemoryRegister(everybody)
    for kind, content in secret_forms():
        for addressee in router().route(kind, content, register).addressees:
            assert not addressee.party.roles & FORBIDDEN, kind.id


@given(everybody=parties())
@settings(max_examples=200, deadline=None)
def test_no_employer_holds_a_key_that_opens_a_secret_form(everybody: tuple[Party, ...]) -> None:
    """Through the administrator's desk, which takes them one by one: no employer shares a key with a recipient."""
    taken: list[Party] = []
    for party in everybody:
        try:
            check_roles(party, routed_kinds())
            check_certificates(party, MemoryRegister(tuple(taken)))
        except (RegistrationRefused, Conflict):
            continue
        taken.append(party)
    register = MemoryRegister(tuple(taken))
    held = {key for party in taken if party.roles & FORBIDDEN for key in certificates_of(party)}
    for kind, content in secret_forms():
        for addressee in router().route(kind, content, register).addressees:
            seal = addressee.party.sealing_certificate
            assert seal is not None
            assert fingerprint(seal) not in held, kind.id


@given(everybody=parties())
@settings(max_examples=80, deadline=None)
def test_a_form_goes_to_everybody_the_law_names_or_findings_say_why_not(everybody: tuple[Party, ...]) -> None:
    for kind in catalogue().kinds:
        for found, content in forms(kind.id):
            routing = router().route(found, content, MemoryRegister(everybody))
            due = [route for route in found.routes if route.applies(content)]
            assert len(routing.addressees) + len(routing.findings) == len(due)
            for addressee in routing.addressees:
                assert addressee.route.role in addressee.party.roles
                assert addressee.party.sealing_certificate is not None


def test_the_rows_of_the_routing_table_are_there() -> None:
    rows = {(route.id, route.role) for kind in catalogue().kinds for route in kind.routes}
    assert rows >= {
        ("R01", "Worker"),
        ("R01", "OccupationalPhysician"),
        ("R02", "Worker"),
        ("R02", "OccupationalPhysician"),
        ("R04", "Employer"),
        ("R05", "Worker"),
        ("R06", "HealthDossier"),
        ("R07", "Employer"),
        ("R07", "Worker"),
        ("R07", "HealthDossier"),
        ("R08", "Employer"),
        ("R08", "Worker"),
        ("R08", "HealthDossier"),
        ("R10", "Worker"),
        ("R11", "OccupationalPhysician"),
        ("R12", "TreatingPhysician"),
        ("R13", "HealthDossier"),
        ("R14", "MedicalInspector"),
        ("R19", "MedicalInspector"),
        ("R20", "FundMedicalAdviser"),
        ("R21", "HealthDossier"),
    }


def test_every_secret_kind_bars_the_employer_in_its_data() -> None:
    for kind_id in SECRET_KINDS:
        kind = catalogue().by_name(kind_id)
        assert kind is not None
        assert kind.never >= FORBIDDEN
        assert not any(route.role in FORBIDDEN for route in kind.routes)
