"""What crosses HTTP as JSON, strictly: unknown keys are refused, names are camelCase. Used nowhere deeper."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from gateway.erasure import ErasureReason
from gateway.model import Endpoint, EndpointKind, Mandate, Party, PartyId
from gateway.oversight import NO_MOMENT, ActCode, ReasonCode
from gateway.registration import PartyDraft
from signing import fingerprint


class Strict(BaseModel):
    """Base of all: camelCase, nothing unknown."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=False, frozen=True)


class Page(Strict):
    """Query of a collection: an opaque cursor and a size."""

    after: Annotated[str, Field(pattern=r"^[0-9]{1,18}$")] = "0"
    limit: Annotated[int, Field(ge=1, le=200)] = 50

    def of(self, items: Sequence[Any], cursor: int | None, path: str) -> dict[str, Any]:
        """The answer of a collection at `path`: this page, and where the next one is if there may be one."""
        following = {} if cursor is None else {"next": f"{path}?after={cursor}&limit={self.limit}"}
        return {"items": items, **following}


KEY_SIGN, MOST_KEY_SIGNS = "[!-~]", 200  # of an idempotency key


class SubmissionsPage(Page):
    """Query of a sender's submissions: all, or what was handed in under one key."""

    idempotency_key: Annotated[str, Field(min_length=1, max_length=MOST_KEY_SIGNS, pattern=f"^{KEY_SIGN}+$")] | None = (
        None
    )


class MailboxPage(Page):
    """Query of a mailbox. waitS: how long to hold back an empty page. leased: `false` for what nobody holds."""

    wait_s: Annotated[int, Field(ge=0, le=30)] = 0
    leased: Literal["false"] | None = None


class NoQuery(Strict):
    """Query of a resource that takes none."""


class ReceiptQuery(Strict):
    """Query of the public check: the number of a record and a digest as somebody typed them, or neither; a language."""

    record: Annotated[str, Field(max_length=100)] = ""
    digest: Annotated[str, Field(max_length=200)] = ""
    lang: Literal["en", "nl", "fr", "de"] | None = None


class LeaseRequest(Strict):
    """How long a client wants to hold a copy."""

    seconds: Annotated[int, Field(ge=1, le=3600)] = 300


class OpeningRequest(Strict):
    """By which lease the caller has the copy in hand that is to be opened, if it has."""

    lease: Annotated[str, Field(max_length=64)] | None = None


class EndpointRecord(Strict):
    """Where a party receives. url: of a server that is pushed to; of a mailbox, where its owner is told that something
    waits."""

    kind: EndpointKind
    url: Annotated[str, Field(max_length=500)] | None = None
    ca_certificate: Annotated[str, Field(max_length=20_000)] | None = None


class FurtherNoticeRecord(Strict):
    """A second address at which a party is told that something waits for it."""

    url: Annotated[str, Field(max_length=500)]
    ca_certificate: Annotated[str, Field(max_length=20_000)] | None = None


class MandateRecord(Strict):
    """For whom a party may hand in which kinds."""

    principal: Annotated[str, Field(alias="for", max_length=64)]
    kinds: Annotated[list[str], Field(min_length=1, max_length=50)]


class PartyRecord(Strict):
    """A party, as the administrator writes it."""

    id: Annotated[str, Field(max_length=64)]
    name: Annotated[str, Field(min_length=1, max_length=200)]
    roles: Annotated[list[str], Field(min_length=1, max_length=20)]
    identifiers: Annotated[dict[str, str], Field(max_length=10)] = {}
    signing_certificates: Annotated[list[str], Field(max_length=20)] = []
    sealing_certificate: Annotated[str, Field(max_length=20_000)] | None = None
    hosted_key: bool = False
    endpoint: EndpointRecord = EndpointRecord(kind=EndpointKind.MAILBOX)
    further_notice: FurtherNoticeRecord | None = None
    mandates: Annotated[list[MandateRecord], Field(max_length=1000)] = []
    postal: Annotated[list[str], Field(max_length=100)] = []

    def draft(self) -> PartyDraft:
        """The record in the words of the core."""
        further = self.further_notice
        return PartyDraft(
            id=self.id,
            name=self.name,
            roles=frozenset(self.roles),
            identifiers=self.identifiers,
            signing_certificates=self.signing_certificates,
            sealing_certificate=self.sealing_certificate,
            hosted_key=self.hosted_key,
            endpoint=Endpoint(
                kind=self.endpoint.kind, url=self.endpoint.url, ca_certificate=self.endpoint.ca_certificate
            ),
            further_notice=None
            if further is None
            else Endpoint(kind=EndpointKind.MAILBOX, url=further.url, ca_certificate=further.ca_certificate),
            mandates=[Mandate(principal=PartyId(m.principal), kinds=tuple(m.kinds)) for m in self.mandates],
            postal=self.postal,
        )


class WaitingPage(Strict):
    """Query of what waits for people, ordered by lawful moment: an opaque cursor and a size."""

    after: Annotated[str, Field(pattern=r"^[0-9]{1,19}-[0-9]{1,18}$")] = "0-0"
    limit: Annotated[int, Field(ge=1, le=200)] = 50

    @property
    def cursor(self) -> tuple[int, int]:
        """(lawful moment, position) of the last one seen."""
        moment, _, position = self.after.partition("-")
        return min(int(moment), NO_MOMENT), int(position)


class Queue(WaitingPage):
    """Query of the operator's queue: a state, or all that are in people's hands."""

    state: Literal["suspended", "expired", "escalated", "paper-queued", "paper-deposited", "paper-returned"] | None = (
        None
    )


ProofType = Literal["application/pdf", "image/jpeg", "image/png", "image/tiff", "application/xml"]
Proof = Annotated[Base64Bytes, Field(min_length=1, max_length=1_500_000)]


LetterNumber = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{3,39}$")]


class DepositRequest(Strict):
    """What the post gave for a letter. proof: the bytes of its proof, in base64."""

    number: LetterNumber
    on: date
    proof: Proof
    proof_type: ProofType


class Slip(Strict):
    """What came back from the post. number: of the letter; the last one of this copy when not given."""

    outcome: Literal["delivered", "returned"]
    number: LetterNumber | None = None
    on: date
    proof: Proof
    proof_type: ProofType


class PaperFailure(Strict):
    """Why a letter could not be made or posted, or did not arrive."""

    reason: Literal["not-printable", "no-address", "address-abroad", "refused-by-post", "letter-lost", "other"]


class Alerts(Page):
    """Query of the alerts: those that are open, or all."""

    all: bool = False


class Consistency(Strict):
    """Query of a proof between two checkpoints, by their numbers of entries."""

    old: Annotated[int, Field(ge=0, le=2**62)]
    size: Annotated[int, Field(ge=0, le=2**62)]


class RehashingRequest(Strict):
    """By which digest everything in the journal with a weaker one is covered anew."""

    digest: Literal["sha384", "sha512"]


class RenewalRequest(Strict):
    """Which time stamps of the journal are renewed: those that end before that day begins (UTC)."""

    before: date


Label = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")]
"""Under which an operator works; no name of a person is wanted."""


class ActRequest(Strict):
    """What an operator does with a delivery. by: the operator's label."""

    act: ActCode
    reason: ReasonCode
    by: Label


class Erasable(Page):
    """Query of the forms that can be erased: those accepted before that day begins (UTC)."""

    before: date


class ErasureRequest(Strict):
    """Why a form is erased. by: the operator's label."""

    reason: ErasureReason
    by: Label


def _models(of: type[Strict]) -> Iterator[type[Strict]]:
    for model in of.__subclasses__():
        yield model
        yield from _models(model)


READ_NAMES = frozenset(str(field.alias) for model in _models(Strict) for field in model.model_fields.values()) | {
    "idempotency-key"
}
"""Every name that is read from a request: these alone are named in an answer."""


def party_view(party: Party) -> dict[str, Any]:
    """A party as it is shown: national numbers masked, certificates as fingerprints."""
    endpoint: dict[str, Any] = {"kind": party.endpoint.kind}
    if party.endpoint.url is not None:
        endpoint["url"] = party.endpoint.url
    view: dict[str, Any] = {
        "id": party.id,
        "href": f"/v1/parties/{party.id}",
        "name": party.name,
        "roles": sorted(party.roles),
        "identifiers": dict(party.masked),
        "signingCertificates": [fingerprint(certificate) for certificate in party.signing_certificates],
        "endpoint": endpoint,
        "mandates": [{"for": m.principal, "kinds": list(m.kinds)} for m in party.mandates],
        "postal": list(party.postal),
    }
    if party.further_notice is not None:
        view["furtherNotice"] = {"url": party.further_notice.url}
    if party.sealing_certificate is not None:
        view["sealingCertificate"] = fingerprint(party.sealing_certificate)
    return view
