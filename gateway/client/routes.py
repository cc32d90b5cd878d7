"""The routes of the API, one typed method for each."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, cast
from urllib.parse import quote, urlencode

import httpx2

from gateway.client.calls import PAGE_SIZE, Calls, ClientError, made_up, parse_json, retry_after, unexpected
from gateway.views import (
    AlertView,
    CaseSummary,
    CaseView,
    CheckView,
    DeliveryView,
    ErasableView,
    EvidenceView,
    FormView,
    InquiriesView,
    JournalBacklogView,
    JournalProofView,
    JournalView,
    KeyView,
    MailboxItem,
    OddReceiptView,
    OperationView,
    PartyRecord,
    PrintJobView,
    ReceiptView,
    ReportView,
    SubmissionSummary,
    SubmissionView,
    TakenPrint,
)

XML = "application/xml"


@dataclass(frozen=True, kw_only=True)
class Submitted:
    """The gateway has the form. is_repeat: it had it already, and this is its first answer again."""

    view: SubmissionView
    is_repeat: bool


@dataclass(frozen=True, kw_only=True)
class LeasedEnvelope:
    """A sealed copy, ours to handle until `leased_until`."""

    delivery_id: str
    lease_id: str
    leased_until: str
    envelope_digest: str
    raw_envelope: bytes


@dataclass(frozen=True, kw_only=True)
class OpenedCopy:
    """A copy that the gateway opened for us. container: ASiC-E with the form and its consignment note."""

    delivery_id: str
    envelope_digest: str
    evidence_id: str
    container: bytes


class Client:
    """One connection pool to one gateway, as one party (or as the administrator)."""

    def __init__(self, url: str, *, token: str | None = None, language: str = "en", timeout_s: float = 30.0) -> None:
        self._calls = Calls(url, token=token, language=language, timeout_s=timeout_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._calls.close()

    def health(self) -> dict[str, str]:
        return cast(dict[str, str], self._calls.json("GET", "/health"))

    def keys(self) -> list[KeyView]:
        """The gateway's keys, those that are announced and those that were used once among them."""
        return cast(list[KeyView], self._calls.json("GET", "/v1/keys")["items"])

    def forms(self) -> list[FormView]:
        return cast(list[FormView], self._calls.json("GET", "/v1/forms")["items"])

    def form(self, kind: str) -> FormView:
        """One form kind (`be/appeal`): further keys say who signs it, its routes and its terms."""
        country, _, name = kind.partition("/")
        return cast(FormView, self._calls.json("GET", f"/v1/forms/{_segment(country)}/{_segment(name)}"))

    def validate(self, raw_form: bytes) -> ReportView:
        """The gateway's report on a form, which it neither keeps nor routes."""
        answer = self._calls.json("POST", "/v1/validations", content=raw_form, headers={"Content-Type": XML})
        return cast(ReportView, answer)

    def as_json(self, raw_form: bytes) -> dict[str, Any]:
        """The JSON view of a form in XML, without its signatures."""
        return self._calls.json("POST", "/v1/conversions", content=raw_form, headers={"Content-Type": XML})

    def as_xml(self, view: Mapping[str, Any]) -> bytes:
        """The XML draft of a JSON view, to be signed."""
        return self._calls.call("POST", "/v1/conversions", json_body=view).content

    def submit(self, raw_form: bytes, *, idempotency_key: str | None = None) -> Submitted:
        """Hand in a signed form. Without an idempotency key, its DocumentId tells a repeat from a new form."""
        headers = {"Content-Type": XML}
        if idempotency_key is not None:
            headers["Idempotency-Key"] = idempotency_key
        answer = self._calls.call("POST", "/v1/submissions", content=raw_form, headers=headers)
        if answer.status_code == httpx2.codes.ACCEPTED:
            running = made_up("still-running", "The same form is being judged at this moment", "ask again in a moment")
            raise ClientError(running, status=answer.status_code, retry_after_s=retry_after(answer))
        view = cast(SubmissionView, parse_json(answer))
        return Submitted(view=view, is_repeat=answer.status_code == httpx2.codes.OK)

    def submission(self, submission_id: str) -> SubmissionView:
        return cast(SubmissionView, self._calls.json("GET", f"/v1/submissions/{_segment(submission_id)}"))

    def submissions(self) -> Iterator[SubmissionSummary]:
        """All submissions of this party, page after page."""
        return cast(Iterator[SubmissionSummary], self._calls.pages("/v1/submissions"))

    def deliveries(self, submission_id: str) -> list[DeliveryView]:
        answer = self._calls.json("GET", f"/v1/submissions/{_segment(submission_id)}/deliveries")
        return cast(list[DeliveryView], answer["items"])

    def evidence_of(self, submission_id: str) -> list[EvidenceView]:
        answer = self._calls.json("GET", f"/v1/submissions/{_segment(submission_id)}/evidence")
        return cast(list[EvidenceView], answer["items"])

    def evidence(self, evidence_id: str) -> bytes:
        """The signed XML of one piece of evidence."""
        return self._calls.call("GET", f"/v1/evidence/{_segment(evidence_id)}").content

    def receipt(self, evidence_id: str) -> bytes:
        """The recipient's signed receipt on which a ContentHandover stands, byte for byte."""
        return self._calls.call("GET", f"/v1/evidence/{_segment(evidence_id)}/receipt").content

    def evidence_package(self, submission_id: str) -> bytes:
        """All that proves the course of a submission, in one file; without the form."""
        return self._calls.call("GET", f"/v1/submissions/{_segment(submission_id)}/evidence-package").content

    def case(self, case_id: str) -> CaseView:
        """A case as this party may see it today."""
        return cast(CaseView, self._calls.json("GET", f"/v1/cases/{_segment(case_id)}"))

    def cases(self) -> Iterator[CaseSummary]:
        """All cases in which this party sent or received a form, page after page."""
        return cast(Iterator[CaseSummary], self._calls.pages("/v1/cases"))

    def mailbox(self) -> Iterator[MailboxItem]:
        """What lies ready for this party, page after page."""
        return cast(Iterator[MailboxItem], self._calls.pages("/v1/mailbox"))

    def await_mail(self, *, after: str = "0", seconds: int = 20, unleased: bool = True) -> list[MailboxItem]:
        """One page of what lies ready, as soon as there is something; an empty one when nothing comes in time.

        after: the cursor of an item that was seen. seconds: at most 30. unleased: only what no other client holds.
        """
        path = f"/v1/mailbox?after={_segment(after)}&limit={PAGE_SIZE}&waitS={seconds}{'&leased=false' * unleased}"
        return cast(list[MailboxItem], self._calls.json("GET", path, wait_s=seconds)["items"])

    def lease(self, delivery_id: str, *, seconds: int | None = None) -> LeasedEnvelope:
        """Take a copy out of the mailbox for a while. A lease of somebody else gives a temporary ClientError."""
        body = {} if seconds is None else {"seconds": seconds}
        answer = self._calls.call("POST", f"/v1/mailbox/{_segment(delivery_id)}/leases", json_body=body)
        try:
            return LeasedEnvelope(
                delivery_id=answer.headers["Sealpost-Delivery-Id"],
                lease_id=answer.headers["Sealpost-Lease-Id"],
                leased_until=answer.headers["Sealpost-Lease-Until"],
                envelope_digest=answer.headers["Sealpost-Envelope-Digest"],
                raw_envelope=answer.content,
            )
        except KeyError as exc:
            raise unexpected(answer) from exc

    def open_hosted(self, delivery_id: str, *, lease_id: str | None = None) -> OpenedCopy:
        """Open a copy whose key the gateway keeps for this party; evidence of it is stored before.

        lease_id: of our lease, without which one that is leased is not opened.
        """
        body = {} if lease_id is None else {"lease": lease_id}
        answer = self._calls.call("POST", f"/v1/mailbox/{_segment(delivery_id)}/openings", json_body=body)
        try:
            return OpenedCopy(
                delivery_id=answer.headers["Sealpost-Delivery-Id"],
                envelope_digest=answer.headers["Sealpost-Envelope-Digest"],
                evidence_id=answer.headers["Sealpost-Evidence-Id"],
                container=answer.content,
            )
        except KeyError as exc:
            raise unexpected(answer) from exc

    def openings(self, delivery_id: str) -> list[EvidenceView]:
        """When a copy was opened at the gateway for this party."""
        return cast(
            list[EvidenceView], self._calls.json("GET", f"/v1/mailbox/{_segment(delivery_id)}/openings")["items"]
        )

    def release(self, delivery_id: str, lease_id: str) -> None:
        """Give a copy back before its lease ends, for another client to take."""
        self._calls.call("DELETE", f"/v1/mailbox/{_segment(delivery_id)}/leases/{_segment(lease_id)}")

    def acknowledge(self, delivery_id: str, receipt: bytes) -> ReceiptView:
        """Send the signed receipt of a copy (from a mailbox, or of a push that was answered 202)."""
        path = f"/v1/mailbox/{_segment(delivery_id)}/receipts"
        return cast(ReceiptView, self._calls.json("POST", path, content=receipt, headers={"Content-Type": XML}))

    def parties(self) -> list[PartyRecord]:
        return cast(list[PartyRecord], self._calls.json("GET", "/v1/parties")["items"])

    def party(self, party_id: str) -> PartyRecord:
        return cast(PartyRecord, self._calls.json("GET", f"/v1/parties/{_segment(party_id)}"))

    def put_party(self, record: PartyRecord) -> PartyRecord:
        """Register a party, or replace what is known of it (administrator only)."""
        return cast(PartyRecord, self._calls.json("PUT", f"/v1/parties/{_segment(record['id'])}", json_body=record))

    def issue_token(self, party_id: str) -> str:
        """A new token of a party, shown this once (administrator only)."""
        return str(self._calls.json("POST", f"/v1/parties/{_segment(party_id)}/tokens", json_body={})["token"])

    def revoke_tokens(self, party_id: str) -> None:
        """Take every token of a party out of force (administrator only)."""
        self._calls.call("DELETE", f"/v1/parties/{_segment(party_id)}/tokens")

    def operations(self, state: str | None = None) -> Iterator[OperationView]:
        """Deliveries that need a person, the next lawful moment first (administrator only)."""
        only = {} if state is None else {"state": state}
        return cast(Iterator[OperationView], self._calls.pages("/v1/operations/deliveries", **only))

    def operation(self, delivery_id: str) -> OperationView:
        """One delivery with its evidence and the acts that are possible (administrator only)."""
        return cast(OperationView, self._calls.json("GET", f"/v1/operations/deliveries/{_segment(delivery_id)}"))

    def act(self, delivery_id: str, act: str, *, reason: str, by: str) -> OperationView:
        """Have a delivery retried, left in the mailbox, sent on paper or closed (administrator only)."""
        path = f"/v1/operations/deliveries/{_segment(delivery_id)}/acts"
        return cast(OperationView, self._calls.json("POST", path, json_body={"act": act, "reason": reason, "by": by}))

    def operation_evidence(self, evidence_id: str) -> bytes:
        """The signed XML of one piece of evidence, whoever it concerns (administrator only)."""
        return self._calls.call("GET", f"/v1/operations/evidence/{_segment(evidence_id)}").content

    def odd_receipts(self) -> Iterator[OddReceiptView]:
        """What came as a receipt and moved nothing, of all deliveries, oldest first (administrator only)."""
        return cast(Iterator[OddReceiptView], self._calls.pages("/v1/operations/receipts"))

    def operation_receipt(self, receipt_id: str) -> bytes:
        """What came as a receipt, byte for byte; it may be anything (administrator only)."""
        return self._calls.call("GET", f"/v1/operations/receipts/{_segment(receipt_id)}").content

    def erasable(self, *, before: str) -> Iterator[ErasableView]:
        """Forms accepted before that day which can be erased, oldest first (administrator only)."""
        return cast(Iterator[ErasableView], self._calls.pages("/v1/operations/submissions", before=before))

    def erase(self, submission_id: str, *, reason: str, by: str) -> EvidenceView:
        """Destroy what makes a form readable; the evidence of it (administrator only)."""
        path = f"/v1/operations/submissions/{_segment(submission_id)}/erasures"
        return cast(EvidenceView, self._calls.json("POST", path, json_body={"reason": reason, "by": by}))

    def alerts(self, *, closed_too: bool = False) -> Iterator[AlertView]:
        """What is wrong, oldest first (administrator only)."""
        return cast(Iterator[AlertView], self._calls.pages("/v1/operations/alerts", all=str(closed_too).lower()))

    def journal_backlog(self) -> JournalBacklogView:
        """How far the journal has come (administrator only)."""
        return cast(JournalBacklogView, self._calls.json("GET", "/v1/operations/journal"))

    def inquiries(self) -> InquiriesView:
        """How many certificates an answer is waited for about (administrator only)."""
        return cast(InquiriesView, self._calls.json("GET", "/v1/operations/inquiries"))

    def renew_stamps(self, *, before: str) -> int:
        """Have the journal's time stamps that end before a day renewed; how many were (administrator only)."""
        return int(self._calls.json("POST", "/v1/operations/journal/renewals", json_body={"before": before})["renewed"])

    def rehash_stamps(self, *, digest: str) -> int:
        """Have what the journal's time stamps cover by a weaker digest covered anew; how many stamps were taken up
        (administrator only)."""
        return int(
            self._calls.json("POST", "/v1/operations/journal/rehashings", json_body={"digest": digest})["rehashed"]
        )

    def journal(self) -> JournalView:
        """Which log the journal is, and its keys."""
        return cast(JournalView, self._calls.json("GET", "/v1/journal"))

    def checkpoint(self, size: int | None = None) -> bytes:
        """The newest checkpoint of the journal with its cosignatures, or the one of a batch."""
        return self._calls.call(
            "GET", "/v1/journal/checkpoint" if size is None else f"/v1/journal/checkpoints/{size}"
        ).content

    def consistency(self, old: int, size: int) -> list[bytes]:
        """The proof that one checkpoint of the journal extends another."""
        answer = self._calls.json("GET", f"/v1/journal/consistency?old={old}&size={size}")
        return [base64.b64decode(each) for each in answer["proof"]]

    def journal_proof(self, evidence_id: str, *, of_receipt: bool = False) -> JournalProofView:
        """What the journal proves of a piece of evidence, or of the receipt on which it stands."""
        path = f"/v1/evidence/{_segment(evidence_id)}{'/receipt' if of_receipt else ''}/journal-proof"
        return cast(JournalProofView, self._calls.json("GET", path))

    def print_jobs(self) -> Iterator[PrintJobView]:
        """What is to be printed or is with the post (print station only)."""
        return cast(Iterator[PrintJobView], self._calls.pages("/v1/paper"))

    def take_print_job(self, delivery_id: str) -> TakenPrint:
        """The copy that is sealed for the print station; the same again until it is with the post."""
        answer = self._calls.call("POST", f"/v1/paper/{_segment(delivery_id)}/prints")
        return TakenPrint(envelope=answer.content, repeated=answer.status_code == httpx2.codes.OK)

    def render(self, form: bytes) -> bytes:
        """A form, signed or a draft, as PDF in the client's language."""
        return self._calls.call("POST", "/v1/renditions", content=form, headers={"Content-Type": XML}).content

    def check_receipt(self, record: str, digest: str) -> CheckView:
        """Whether the gateway stands behind a document or evidence, by number and digest. Anybody may ask."""
        query = urlencode({"record": record, "digest": digest})
        return cast(CheckView, self._calls.json("GET", f"/receipts?{query}", headers={"Accept": "application/json"}))

    def deposit(self, delivery_id: str, *, number: str, on: str, proof: bytes, proof_type: str) -> PrintJobView:
        """Say that the post took the letter on that day, with its proof."""
        body = {"number": number, **_proof(on, proof, proof_type)}
        return cast(
            PrintJobView, self._calls.json("POST", f"/v1/paper/{_segment(delivery_id)}/deposits", json_body=body)
        )

    def paper_failed(self, delivery_id: str, *, reason: str) -> PrintJobView:
        """Say that the copy could not be printed or posted, or that the post lost it."""
        path = f"/v1/paper/{_segment(delivery_id)}/failures"
        return cast(PrintJobView, self._calls.json("POST", path, json_body={"reason": reason}))

    def slip(
        self, delivery_id: str, *, outcome: str, on: str, proof: bytes, proof_type: str, number: str | None = None
    ) -> PrintJobView:
        """Say what the slip of the post says: delivered or returned, on that day. number: of the letter, where there
        was more than one."""
        body = {"outcome": outcome, **({} if number is None else {"number": number}), **_proof(on, proof, proof_type)}
        return cast(PrintJobView, self._calls.json("POST", f"/v1/paper/{_segment(delivery_id)}/slips", json_body=body))

    def post_proof(self, evidence_id: str) -> bytes:
        """The proof of the post on which evidence stands, sealed for the sender of the form."""
        return self._calls.call("GET", f"/v1/evidence/{_segment(evidence_id)}/proof").content


def _proof(on: str, proof: bytes, proof_type: str) -> dict[str, str]:
    return {"on": on, "proof": base64.b64encode(proof).decode(), "proofType": proof_type}


def _segment(identifier: str) -> str:
    return quote(identifier, safe="")
