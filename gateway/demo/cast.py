"""Who plays in the demonstration: invented people and organisations, visibly so, one for every role.

Pure data. The same cast stands in `samples/`, so every sample can be signed and routed with the keys of `pki.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

KeyKind = Literal["p256", "p384", "rsa3072"]


@dataclass(frozen=True, kw_only=True)
class CastMember:
    """One party and what its certificates say.

    person: the certificate names a natural person; it carries the national number as serial number.
    Otherwise it is an organisation's, with its number in the trade register as organisation identifier (`NTRBE-…`).
    mandates: whose forms this party may hand in (party id -> form kinds).
    """

    id: str
    name: str
    roles: tuple[str, ...]
    identifiers: Mapping[str, str]
    person: bool = False
    signing_key: KeyKind = "p256"
    sealing_key: KeyKind = "p256"
    mandates: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    postal: tuple[str, ...] = ()


EMPLOYER = CastMember(
    id="employer",
    name="Fictieve Brouwerij Het Voorbeeld NV",
    roles=("Employer",),
    identifiers={"kbo": "0123456749"},
)
WORKER = CastMember(
    id="worker",
    name="Jan Voorbeeld",
    roles=("Worker",),
    identifiers={"insz": "85073003328"},
    person=True,
    signing_key="p384",  # as on Belgian eID cards with applet 1.8
)
DOCTOR = CastMember(
    id="doctor",
    name="An Toonbeeld",
    roles=("OccupationalPhysician",),
    identifiers={"nihdi": "12345625000", "insz": "88021520444"},
    person=True,
    signing_key="p384",
)
SERVICE = CastMember(
    id="service",
    name="Externe Dienst Denkbeeld vzw",
    roles=("OccupationalPhysician",),
    identifiers={"kbo": "0200000043"},
    mandates={"doctor": ("*",)},  # whatever its doctor signs
)
DOSSIER = CastMember(
    id="dossier",
    name="Health dossier of Externe Dienst Denkbeeld",
    roles=("HealthDossier",),
    identifiers={"kbo": "0200000043"},
)
INSPECTORATE = CastMember(
    id="inspectorate",
    name="Medical Labour Inspectorate, directorate BE-DEMO-OVL",
    roles=("MedicalInspector",),
    identifiers={"directorate": "BE-DEMO-OVL"},
    sealing_key="rsa3072",  # one recipient with RSA, so that both ways of sealing are shown
    postal=("9000-9999",),
)
FUND = CastMember(
    id="fund",
    name="Fund for occupational diseases",
    roles=("FundMedicalAdviser",),
    identifiers={"kbo": "0333333372"},
    sealing_key="p384",
)
TREATING_DOCTOR = CastMember(
    id="treating-doctor",
    name="Marc Zinnebeeld",
    roles=("TreatingPhysician",),
    identifiers={"nihdi": "10000106000", "insz": "70050500193"},
    person=True,
    signing_key="p384",
)

# The second country: the parties of a Dutch request for advice.
INSTITUTE = CastMember(
    id="institute",
    name="Instituut Slachtoffers Voorbeeld",
    roles=("Institute",),
    identifiers={"kvk": "90000017"},
)
EXPERTISE_CENTRE = CastMember(
    id="expertise-centre",
    name="Expertisecentrum Proefstof",
    roles=("ExpertiseCentre",),
    identifiers={"kvk": "90000025"},
)
EXPERT_PANEL = CastMember(
    id="expert-panel",
    name="Deskundigenpanel Proefstof",
    roles=("ExpertPanel",),
    identifiers={"kvk": "90000025"},
)
DECISION_BODY = CastMember(
    id="decision-body",
    name="Beslisbureau Luchtkasteel",
    roles=("DecisionBody",),
    identifiers={"kvk": "90000033"},
)

CAST: tuple[CastMember, ...] = (
    EMPLOYER,
    WORKER,
    DOCTOR,
    SERVICE,
    DOSSIER,
    INSPECTORATE,
    FUND,
    TREATING_DOCTOR,
    INSTITUTE,
    EXPERTISE_CENTRE,
    EXPERT_PANEL,
    DECISION_BODY,
)
