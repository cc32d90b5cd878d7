"""The story: four forms of the Royal Decree on their way to everybody the law names, and three forms that are stopped.

Every chapter says what the law wants, does it, and checks it; `StoryFailed` says what was not so. What is shown
was read back through the API, and every proof was downloaded and verified.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from lxml import etree
from rich.table import Table

from gateway.client import ClientError
from gateway.demo.cast import CAST, DOCTOR, DOSSIER, EMPLOYER, FUND, INSPECTORATE, SERVICE, WORKER
from gateway.demo.narration import Narrator
from gateway.demo.papers import HERE, Paper, draw_up
from gateway.demo.processes import LOOPBACK
from gateway.demo.stage import Stage
from gateway.forms.parsing import parse_untrusted
from gateway.receipt import ReceiptOutcome, read_receipt
from gateway.views import DeliveryView, EvidenceView, IssueView, SubmissionView, TermView
from signing import fingerprint, load_identity, verify_xml

REQUEST = "be/health-surveillance-request"
ASSESSMENT = "be/health-assessment"
APPEAL = "be/appeal"
NOTICE = "be/appeal-notice"
REPORT = "be/occupational-disease-report"

# Who must get a copy of what by the decree, written down here apart from the gateway's own routing table.
LAW: Mapping[str, frozenset[str]] = {
    REQUEST: frozenset({WORKER.id, SERVICE.id}),  # R01
    ASSESSMENT: frozenset({EMPLOYER.id, WORKER.id, DOSSIER.id}),  # R04, R05, R06
    APPEAL: frozenset({INSPECTORATE.id}),  # R14
    REPORT: frozenset({INSPECTORATE.id, FUND.id, DOSSIER.id}),  # R19, R20, R21
}
NAMES: Mapping[str, str] = {
    REQUEST: "1 request",
    ASSESSMENT: "2 assessment",
    APPEAL: "3 appeal",
    REPORT: "4 report",
}
KEPT_FROM_EMPLOYER = frozenset({APPEAL, REPORT})
READINGS = ("working days Monday to Saturday", "Monday to Friday")


@dataclass(frozen=True, kw_only=True)
class Handed:
    """A form that was handed in, and by whom."""

    kind: str
    sender: str
    raw: bytes
    view: SubmissionView

    @property
    def id(self) -> str:
        return self.view["submissionId"]


@dataclass(kw_only=True)
class Story:
    """Tells everything, once. handed: forms accepted so far, by kind."""

    stage: Stage
    narrator: Narrator
    handed: dict[str, Handed] = field(default_factory=dict)

    def tell(self) -> None:
        """The whole story. Raises StoryFailed."""
        self.curtain()
        self.request()
        assessment = self.assessment()
        self.appeal(assessment)
        self.disease_report()
        self.refusals(assessment)
        self.closed_doors()
        self.ledger()

    def curtain(self) -> None:
        tell, stage = self.narrator.tell, self.stage
        self.narrator.chapter("The stage")
        tell(f"keys made for the gateway and {len(CAST)} parties, in {stage.folder.root}")
        stage.start()
        tell(
            f"{len(stage.processes.running)} processes run: the gateway at {stage.url}, its worker, and the servers of"
        )
        for party_id, port in stage.ports.items():
            self.narrator.detail(
                f"{party_id:12} http://{LOOPBACK}:{port}, process {stage.receivers[party_id].handle.pid}"
            )
        stage.register_parties()
        tell("parties registered through the administrator's API:")
        for member in CAST:
            receives = "its server" if member.id in stage.ports else "its mailbox"
            self.narrator.detail(f"{member.id:12} {'/'.join(member.roles)}, receives by {receives}")

    def request(self) -> None:
        self.narrator.chapter("Form 1: the employer asks for health surveillance (Art. 11, App. I)")
        handed = self.hand_in(draw_up(REQUEST, now=self.now()), signer=EMPLOYER.id, sender=EMPLOYER.id)
        self.collect(handed, SERVICE.id)
        self.collect(handed, WORKER.id)

    def assessment(self) -> Paper:
        self.narrator.chapter("Form 2: the doctor's assessment, in triplicate (Art. 48)")
        paper = draw_up(ASSESSMENT, now=self.now())
        handed = self.hand_in(paper, signer=DOCTOR.id, sender=SERVICE.id)
        self.await_push(handed, EMPLOYER.id)
        self.collect(handed, WORKER.id)
        self.collect(handed, DOSSIER.id)
        self.term(handed, "T5", "the worker may appeal")
        return paper

    def appeal(self, assessment: Paper) -> None:
        self.narrator.chapter("Form 3: the worker appeals to the inspector (Art. 64, 65)")
        issued_on = assessment.texts("f:Header/c:IssuedOn")[0]
        paper = draw_up(
            APPEAL,
            now=self.now(),
            fill={
                "f:ContestedForm/f:DocumentId": assessment.document_id,
                "f:ContestedForm/f:FormDate": issued_on,
                "f:ContestedForm/f:ExaminationDate": assessment.texts("f:ExaminationDate")[0],
                "f:FormCommunicatedOn": issued_on,
            },
        )
        handed = self.hand_in(paper, signer=WORKER.id, sender=WORKER.id)
        verdict = self.term(handed, "T5", "the appeal itself").get("verdict")
        self.narrator.expect(verdict == "InTime", f"an appeal sent on the day of the form is in time, not {verdict}")
        self.await_push(handed, INSPECTORATE.id)
        self.term(handed, "T6", "the inspector must deal with it")

    def disease_report(self) -> None:
        tell, stage = self.narrator.tell, self.stage
        self.narrator.chapter("Form 4: a disease report, while the Fund's server is down (Art. 94, 95)")
        stage.stop_receiver(FUND.id)
        tell("the Fund's server goes down", mark="!", style="yellow")
        handed = self.hand_in(draw_up(REPORT, now=self.now()), signer=DOCTOR.id, sender=SERVICE.id)
        self.await_push(handed, INSPECTORATE.id)
        self.collect(handed, DOSSIER.id)
        waiting = stage.wait_for(SERVICE.id, handed.id, FUND.id, attempts=2)
        self.narrator.expect(waiting["state"] == "consigned", "the Fund's copy waits while its server is down")
        self.narrator.expect(waiting["attempts"] >= 2, "the gateway tries the Fund's server more than once")
        tell(
            f"the Fund's copy waits after {waiting['attempts']} tries: {waiting.get('lastProblem')}",
            mark="!",
            style="yellow",
        )
        stage.start_receiver(FUND.id)
        tell("the Fund's server is back")
        self.await_push(handed, FUND.id)
        kept = len(stage.received(FUND.id))
        self.narrator.expect(kept == 1, f"the Fund keeps the report once, not {kept} times")

    def refusals(self, assessment: Paper) -> None:
        self.narrator.chapter("What is refused")
        faulty = draw_up(ASSESSMENT, now=self.now(), leave_out=["f:Recommendations"])
        self.refuse(
            "an assessment that limits the work and recommends no measure",
            self.stage.sign(faulty.raw, by=DOCTOR.id),
            rule="HA-07",
        )
        signed = self.stage.sign(draw_up(ASSESSMENT, now=self.now()).raw, by=DOCTOR.id)
        self.refuse(
            "an assessment that was changed after the doctor signed it",
            _tampered(signed, assessment.texts("f:Worker/c:BirthDate")[0]),
            rule="GEN-19",
        )
        self.refuse(
            "an assessment signed by the worker instead of the doctor",
            self.stage.sign(draw_up(ASSESSMENT, now=self.now()).raw, by=WORKER.id),
            rule="GEN-19",
        )

    def closed_doors(self) -> None:
        tell, expect = self.narrator.tell, self.narrator.expect
        self.narrator.chapter("Who gets nothing")
        employer = self.stage.clients[EMPLOYER.id]
        for kind in sorted(KEPT_FROM_EMPLOYER):
            handed = self.handed[kind]
            recipients = {delivery["party"] for delivery in self.deliveries(handed)}
            expect(EMPLOYER.id not in recipients, f"no copy of {kind} goes to the employer")
            expect(not _seen(employer.submission, handed.id), f"the employer sees nothing of {kind}")
        waiting = [item["kind"] for item in employer.mailbox()]
        expect(not KEPT_FROM_EMPLOYER & set(waiting), "nothing of forms 3 and 4 lies in the employer's mailbox")
        kept = [_kind_of(place / "form.xml") for place in self.stage.received(EMPLOYER.id)]
        expect(kept.count(ASSESSMENT) == 1, f"the employer's server keeps the assessment once, not {kept}")
        expect(set(kept) <= {ASSESSMENT, NOTICE}, f"it keeps nothing else than the notice of an appeal, not {kept}")
        tell("the employer got nothing of forms 3 and 4 but the notice that an appeal is pending (Art. 70 par. 2)")
        tell("asking for those forms gives the employer 404")
        first = self.handed[ASSESSMENT]
        again = self.stage.clients[first.sender].submit(first.raw)
        expect(again.is_repeat and again.view == first.view, "the same form again gives the first answer again")
        tell("the assessment handed in once more: the first answer again, nothing is sent twice")

    def ledger(self) -> None:
        """The closing table, from the API alone."""
        receivers = {delivery["party"] for handed in self.handed.values() for delivery in self.deliveries(handed)}
        parties = [member.id for member in CAST if member.id in receivers]
        table = Table("recipient", *(NAMES[kind] for kind in self.handed), show_lines=True)
        cells = {(party, kind): "–" for party in parties for kind in self.handed}
        for kind, handed in self.handed.items():
            for delivery in self.deliveries(handed):
                state = delivery["state"]
                self.narrator.expect(state == "handed-over", f"{kind} is handed over to {delivery['party']}")
                cells[delivery["party"], kind] = f"{state}\n{delivery['copy']}/{delivery['of']} {delivery['transport']}"
        for party in parties:
            table.add_row(party, *(cells[party, kind] for kind in self.handed))
        states = {
            kind: self.stage.clients[handed.sender].submission(handed.id)["state"]
            for kind, handed in self.handed.items()
        }
        self.narrator.expect(set(states.values()) == {"closed"}, "every submission is closed")
        table.add_row("all of it", *(states[kind] for kind in self.handed))
        self.narrator.show(table)
        addressed = {(party, kind) for (party, kind), cell in cells.items() if cell != "–"}
        wanted = {(party, kind) for kind, parties_of_law in LAW.items() for party in parties_of_law}
        self.narrator.expect(addressed == wanted, "every recipient of the law and nobody else has a copy")

    def hand_in(self, paper: Paper, *, signer: str, sender: str) -> Handed:
        """Sign, submit, and check that exactly the recipients of the law are addressed."""
        raw = self.stage.sign(paper.raw, by=signer)
        by = "" if sender == signer else f", handed in by the {sender}"
        self.narrator.tell(f"signed by the {signer}{by} (XAdES B-B, {len(raw)} bytes)")
        submitted = self.stage.clients[sender].submit(raw)
        handed = Handed(kind=paper.kind, sender=sender, raw=raw, view=submitted.view)
        self.handed[paper.kind] = handed
        self.narrator.expect(not submitted.is_repeat, "a fresh form is new to the gateway")
        self.narrator.expect(submitted.view["documentId"] == paper.document_id, "the answer names the document")
        recipients = frozenset(delivery["party"] for delivery in submitted.view["deliveries"])
        wanted = LAW[paper.kind]
        self.narrator.expect(
            recipients == wanted, f"{paper.kind} goes to {sorted(wanted)}, not to {sorted(recipients)}"
        )
        self.verify_seal(handed.sender, submitted.view["acceptance"]["evidenceId"])
        self.narrator.tell(
            f"accepted {handed.id}, sealed for {', '.join(sorted(recipients))}; signed evidence verified"
        )
        return handed

    def await_push(self, handed: Handed, party_id: str) -> None:
        self.stage.wait_for(handed.sender, handed.id, party_id, state="handed-over")
        delivery = self.prove(handed, party_id, transport="push")
        self.narrator.tell(
            f"{party_id}: pushed, opened, signed receipt verified ({delivery['article']}, {delivery['route']})"
        )

    def collect(self, handed: Handed, party_id: str) -> None:
        opened = self.stage.collect(party_id, handed.view)
        self.narrator.expect(opened.form == handed.raw, f"{party_id} gets the form byte for byte as it was signed")
        delivery = self.prove(handed, party_id, transport="mailbox")
        why = f"({delivery['article']}, {delivery['route']})"
        self.narrator.tell(f"{party_id}: collected from its mailbox, opened, signed receipt verified {why}")

    def prove(self, handed: Handed, party_id: str, *, transport: str) -> DeliveryView:
        """Download the evidence of a hand-over and the receipt it stands on, and verify both."""
        delivery = next(each for each in self.deliveries(handed) if each["party"] == party_id)
        self.narrator.expect(delivery["state"] == "handed-over", f"{handed.kind} is handed over to {party_id}")
        self.narrator.expect(delivery["transport"] == transport, f"{party_id} receives by {transport}")
        proof = self.handover_of(handed, delivery)
        self.verify_seal(handed.sender, proof["evidenceId"])
        raw = self.stage.clients[handed.sender].receipt(proof["evidenceId"])
        receipt = read_receipt(raw, trust=self.stage.trust, at=datetime.now(UTC))
        own = self.stage.signing_identity(party_id).fingerprint
        self.narrator.expect(receipt.signer == own, f"the receipt is signed by {party_id}")
        self.narrator.expect(receipt.outcome is ReceiptOutcome.ACCEPTED, f"{party_id} accepts its copy")
        self.narrator.expect(receipt.delivery_id == delivery["deliveryId"], "the receipt names the delivery")
        self.narrator.expect(receipt.envelope_digest == delivery["envelopeDigest"], "the receipt covers this envelope")
        self.narrator.expect(receipt.document_digest == handed.view["documentDigest"], "the receipt covers this form")
        return delivery

    def handover_of(self, handed: Handed, delivery: DeliveryView) -> EvidenceView:
        found = [
            item
            for item in self.stage.clients[handed.sender].evidence_of(handed.id)
            if item["event"].endswith("ContentHandover") and item.get("deliveryId") == delivery["deliveryId"]
        ]
        self.narrator.expect(len(found) == 1, f"there is one ContentHandover for {delivery['party']}, not {len(found)}")
        return found[0]

    def verify_seal(self, party_id: str, evidence_id: str) -> None:
        """Evidence must carry the signature of the gateway's own seal."""
        raw = self.stage.clients[party_id].evidence(evidence_id)
        verified = verify_xml(raw, trust=self.stage.trust, at=datetime.now(UTC))
        seals = {fingerprint(signature.certificate) for signature in verified.signatures}
        own = load_identity(self.stage.folder.service).fingerprint
        self.narrator.expect(seals == {own}, "evidence is signed by the gateway's seal")

    def term(self, handed: Handed, term_id: str, what: str) -> TermView:
        """Show a running term with its last day in both readings of "working day"."""
        view = self.stage.clients[handed.sender].submission(handed.id)
        term = next((each for each in view["terms"] if each["id"] == term_id), None)
        if term is None:
            raise LookupError(term_id)
        first, second = term.get("lastDay"), term.get("lastDayOtherReading")
        self.narrator.expect(
            first is not None and second is not None, f"term {term_id} has a last day in both readings"
        )
        today = self.now().date().isoformat()
        self.narrator.expect(
            today < str(first) <= str(second), f"the last day of {term_id} lies ahead, the later reading last"
        )
        days = f"last day {first} ({READINGS[0]}), {second} ({READINGS[1]})"
        verdict = f": {term['verdict']}" if "verdict" in term else ""
        self.narrator.tell(f"term {term_id} ({term['article']}), {what}: {days}{verdict}", mark="→", style="cyan")
        return term

    def refuse(self, what: str, raw: bytes, *, rule: str) -> None:
        """Hand in what must be refused, show why it was, and check that nothing of it is left."""
        service = self.stage.clients[SERVICE.id]
        try:
            service.submit(raw)
        except ClientError as exc:
            refusal = exc
        else:
            self.narrator.expect(False, f"{what} is refused")
            return
        self.narrator.expect(refusal.status == 422, f"{what} gives 422, not {refusal.status}")
        issues = refusal.problem.get("issues", [])
        errors = [issue for issue in issues if issue["severity"] == "error"]
        self.narrator.expect(
            {issue.get("rule") for issue in errors} == {rule}, f"{what} breaks {rule} and nothing else"
        )
        self.narrator.refused(f"{what}: {refusal.problem['title']} ({refusal.status} {refusal.code})")
        for issue in errors:
            self.show_issue(issue)
        left = service.submission(refusal.problem["submissionId"])
        self.narrator.expect(left["state"] == "rejected" and not left["deliveries"], f"nobody gets {what}")
        self.verify_seal(SERVICE.id, refusal.problem["rejection"]["evidenceId"])
        self.narrator.detail("nobody got anything; the signed evidence of the refusal was verified")

    def show_issue(self, issue: IssueView) -> None:
        line = f"line {issue['line']}" if issue.get("line") else None
        named = dict.fromkeys(filter(None, (issue.get("rule"), issue["code"], issue.get("article"))))
        what = " ".join(filter(None, (issue["message"], issue.get("detail"))))
        for label, words in (
            ("rule", ", ".join(named)),
            ("place", ", ".join(filter(None, (issue.get("path"), line)))),
            ("what", what),
            ("way out", issue.get("fix")),
        ):
            self.narrator.detail(f"{label:8} {words}")

    def fresh_assessment(self) -> Path:
        """A signed assessment that was not handed in yet, in a file, for whoever wants to try."""
        file = self.stage.folder.root / "fresh-assessment.xml"
        file.write_bytes(self.stage.sign(draw_up(ASSESSMENT, now=self.now()).raw, by=DOCTOR.id))
        return file

    @property
    def appeal_href(self) -> str:
        return self.handed[APPEAL].view["href"]

    def deliveries(self, handed: Handed) -> list[DeliveryView]:
        return self.stage.clients[handed.sender].deliveries(handed.id)

    def now(self) -> datetime:
        return datetime.now(HERE)


def _tampered(signed: bytes, birth_date: str) -> bytes:
    """The signed form with another date of birth: still a valid form, but not what was signed."""
    other = f"{int(birth_date[:4]) - 1}{birth_date[4:]}"
    return signed.replace(birth_date.encode(), other.encode(), 1)


def _kind_of(form: Path) -> str:
    """The kind of a form by the namespace of its root, `urn:sealpost:be:appeal:1`."""
    return "/".join((etree.QName(parse_untrusted(form.read_bytes()).root).namespace or "").split(":")[2:4])


def _seen(look: Callable[[str], object], submission_id: str) -> bool:
    """Whether the gateway shows the submission. "Not yours" and "not there" are the same answer: 404."""
    try:
        look(submission_id)
    except ClientError as exc:
        if exc.status != 404:
            raise
        return False
    return True
