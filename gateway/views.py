"""The JSON that the API answers with and takes, as typed dictionaries for its callers.

Types alone: what the server makes of it stands in `gateway/resources.py` and `gateway/api/wire.py`.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, NotRequired, TypedDict


class LegalView(TypedDict):
    """A place in the law for programs; `article` beside it is the same for the reader. act: as our data call it."""

    article: str
    act: NotRequired[str]


class IssueView(TypedDict):
    code: str
    severity: str
    message: str
    detail: NotRequired[str]
    fix: NotRequired[str]
    rule: NotRequired[str]
    article: NotRequired[str]
    legal: NotRequired[list[LegalView]]
    path: NotRequired[str]
    place: NotRequired[str]
    line: NotRequired[int]


class ReportView(TypedDict):
    """A validation report; further keys as in `gateway.forms.validation.Report.to_json`."""

    verdict: Literal["acceptable", "refused"]
    findings: list[IssueView]
    kind: NotRequired[str | None]


class EvidenceLink(TypedDict):
    evidenceId: str
    href: str


class ProblemView(TypedDict):
    type: str
    title: str
    status: int
    detail: NotRequired[str]
    instance: NotRequired[str]
    code: NotRequired[str]
    fix: NotRequired[str]
    issues: NotRequired[list[IssueView]]
    report: NotRequired[ReportView]
    submissionId: NotRequired[str]
    rejection: NotRequired[EvidenceLink]


class CheckView(TypedDict):
    confirmed: bool
    what: NotRequired[Literal["document", "evidence"]]


class EvidenceView(EvidenceLink):
    event: str
    at: str
    deliveryId: NotRequired[str]
    receiptHref: NotRequired[str]
    proofHref: NotRequired[str]


class PostmarkView(TypedDict):
    """What the post did with a copy on paper. fact: deposited, delivered, returned. on: the day that its proof states.
    number: of the letter."""

    fact: str
    on: str
    number: str
    href: str


class DeliveryView(TypedDict):
    deliveryId: str
    submissionId: str
    route: str
    article: str
    legal: list[LegalView]
    role: str
    party: str
    copy: int
    of: int
    state: str
    transport: str
    attempts: int
    consignedAt: str
    envelopeDigest: str
    sizeBytes: int
    handedOverAt: NotRequired[str]
    lastProblem: NotRequired[str]
    post: NotRequired[list[PostmarkView]]


class OperationView(DeliveryView):
    """A delivery as the operator sees it. lawfulUntil: the end of the last day on which the recipient can still act.
    tries: how each push of it ended."""

    kind: str
    sender: str
    documentId: str
    acts: list[str]
    lawfulUntil: NotRequired[str]
    paperBy: NotRequired[str]
    dueAt: NotRequired[str]
    nextLookAt: NotRequired[str]
    evidence: NotRequired[list[EvidenceView]]
    receipts: NotRequired[list[KeptReceiptView]]
    tries: NotRequired[list[TryView]]


class TryView(TypedDict):
    at: str
    code: str


class KeptReceiptView(TypedDict):
    """What came as a receipt. outcome: the state to which it led, or the code of what is wrong with it. sentBy: the
    party that handed it in, where that is known."""

    receiptId: str
    href: str
    sentBy: NotRequired[str]
    receivedAt: str
    outcome: str
    digest: str
    evidenceId: NotRequired[str]


class OddReceiptView(KeptReceiptView):
    """What came as a receipt and moved nothing."""

    deliveryId: str


class ErasableView(TypedDict):
    """A form that is kept and of which nothing is under way."""

    submissionId: str
    kind: str
    state: str
    acceptedAt: str


class PrintJobView(TypedDict):
    """A copy that goes on paper, as the print station sees it. role: of its recipient."""

    deliveryId: str
    submissionId: str
    kind: str
    role: str
    route: str
    article: str
    legal: list[LegalView]
    state: str
    consignedAt: str
    lawfulUntil: NotRequired[str]
    takenAt: NotRequired[str]


class TakenPrint(NamedTuple):
    """A copy that is sealed for the print station. repeated: it was taken before, and may be printed already."""

    envelope: bytes
    repeated: bool


class AlertView(TypedDict):
    """subject: the id of a party or a delivery."""

    kind: str
    subject: str
    openedAt: str
    closedAt: NotRequired[str]


class TermView(TypedDict):
    """lastDay: what a party is told. Nothing is held against it before lastDayOtherReading."""

    id: str
    article: str
    legal: list[LegalView]
    act: str
    length: int
    unit: str
    startsOn: NotRequired[str]
    dayZero: NotRequired[str]
    lastDay: NotRequired[str]
    lastDayOtherReading: NotRequired[str]
    verdict: NotRequired[str]


class SubmissionSummary(TypedDict):
    """acceptedAt or rejectedAt: when it was decided, as its state says."""

    submissionId: str
    href: str
    state: str
    documentDigest: str
    acceptedAt: NotRequired[str]
    rejectedAt: NotRequired[str]
    kind: NotRequired[str]
    warned: NotRequired[bool]


class CertificateCheckView(TypedDict):
    """What was learnt of certificates after the form was handed in. about: `form`, or `receipt` and its digest.
    outcome: `passed`, `revocation-unknown`, or why the signature does not count."""

    about: str
    at: str
    outcome: str


class SubmissionView(SubmissionSummary):
    """acceptance or rejection: the evidence of what became of it."""

    sender: str
    deliveries: list[DeliveryView]
    terms: list[TermView]
    documentId: NotRequired[str]
    actingFor: NotRequired[str]
    acceptance: NotRequired[EvidenceLink]
    rejection: NotRequired[EvidenceLink]
    warnings: NotRequired[list[IssueView]]
    certificateChecks: NotRequired[list[CertificateCheckView]]


class CaseSummary(TypedDict):
    """A case in which the caller sent or received a form. formCount: those that the caller may see."""

    caseId: str
    href: str
    openedAt: str
    lastAt: str
    formCount: int


class CaseForm(TypedDict):
    """A form of a case. notDefinitive: what it decides can still be contested, or is contested and not decided."""

    submissionId: str
    kind: str
    documentId: str
    sent: bool
    copies: list[dict[str, str]]
    acceptedAt: str
    href: NotRequired[str]
    notDefinitive: NotRequired[bool]


class CaseTerm(TermView):
    """A term of a form of the case, and where it stands today.

    state: waiting | running | due | passed | overdue | fulfilled. dayZeroIs: what day zero is by the law. startedBy:
    the event and its evidence. fulfilledBy: the form that was the act, as far as the caller knows of it.
    """

    submissionId: str
    kind: str
    boundIs: str
    state: str
    dayZeroIs: NotRequired[str]
    startedBy: NotRequired[dict[str, str]]
    fulfilledBy: NotRequired[dict[str, str]]


class CaseView(CaseSummary):
    """flags: duties that are open although no form shows it."""

    forms: list[CaseForm]
    terms: list[CaseTerm]
    flags: list[dict[str, str]]


class MailboxItem(TypedDict):
    deliveryId: str
    submissionId: str
    kind: str
    role: str
    route: str
    consignedAt: str
    envelopeDigest: str
    sizeBytes: int
    cursor: str
    leasedUntil: NotRequired[str]


class ReceiptView(TypedDict):
    outcome: str
    evidenceId: str


MandateRecord = TypedDict("MandateRecord", {"for": str, "kinds": list[str]})


class EndpointRecord(TypedDict):
    kind: Literal["mailbox", "push"]
    url: NotRequired[str]
    caCertificate: NotRequired[str | None]


class FurtherNoticeRecord(TypedDict):
    url: str
    caCertificate: NotRequired[str | None]


KeyView = TypedDict(
    "KeyView",
    {
        "purpose": str,
        "state": Literal["announced", "in-use", "former"],
        "fingerprint": str,
        "from": str,
        "until": NotRequired[str],
        "publishedAt": str,
        "material": str,
    },
)


class PartyRecord(TypedDict):
    id: str
    name: str
    roles: list[str]
    identifiers: dict[str, str]
    signingCertificates: list[str]
    sealingCertificate: NotRequired[str | None]
    hostedKey: NotRequired[bool]
    endpoint: EndpointRecord
    furtherNotice: NotRequired[FurtherNoticeRecord | None]
    mandates: NotRequired[list[MandateRecord]]
    postal: NotRequired[list[str] | None]


class FormView(TypedDict):
    kind: str
    title: str
    version: str
    namespace: str
    root: str


class JournalProofView(TypedDict):
    """What the journal proves of one thing, as far as it is there. Evidence records in base64."""

    entry: str
    position: int
    logProof: NotRequired[str]
    signedCheckpoint: NotRequired[str]
    evidenceRecord: NotRequired[str]
    checkpointEvidenceRecord: NotRequired[str]
    missing: list[Literal["checkpoint", "cosignature", "time-stamp"]]


class WitnessView(TypedDict):
    witness: str
    cosigned: int


class InquiriesView(TypedDict):
    """How many certificates an answer is waited for about, and since when the oldest is. resting: nobody is asked."""

    waiting: int
    resting: bool
    waitingSince: NotRequired[str]


class JournalBacklogView(TypedDict):
    """How far the journal has come, in entries."""

    entries: int
    open: int
    unstamped: int
    openSince: NotRequired[str]
    unstampedSince: NotRequired[str]
    stampsEndAt: NotRequired[str]
    witnesses: list[WitnessView]


class JournalView(TypedDict):
    """Which log the journal is, and the keys by which its checkpoints are verified (name+id+key)."""

    origin: str
    key: str
    retiredKeys: list[str]
    witnesses: list[str]
    checkpoint: str
