"""Certificates about which nobody answered are asked about again; so are signers of receipts and the service's seal."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.assembly import auditing
from gateway.batches import Rhythm
from gateway.demo.papers import draw_up
from gateway.envelope import open_envelope
from gateway.erasure import ErasureReason
from gateway.errors import NotFound
from gateway.examination import Grounds, LinkKind, Standing, Verdict, examine
from gateway.idempotency import Accepted
from gateway.inquiries import REVOKED, UNANSWERED
from gateway.model import DeliveryId, RevocationPolicy, SubmissionId
from gateway.oversight import ActCode, ReasonCode
from gateway.receipt import build_receipt
from gateway.receipts import Disregarded, HandedOver, Taken
from signing import Identity, Indication, identity_to_pem, key_place, load_identity, sign_xml, subject_of
from tests.conftest import Counter
from tests.revoking import Issuer, issuer_on_loopback

LOOPBACK = (ip_network("127.0.0.0/8"),)
HOUR = timedelta(hours=1)
SILENT = {"/ocsp", "/list"}


class Now:
    """A clock that is ahead of the real one by as much as it is told."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def clock() -> Now:
    return Now()


@pytest.fixture
def issuer(cast: Any) -> Iterator[Issuer]:
    with issuer_on_loopback(load_identity(cast.authority)) as served:
        yield served


@pytest.fixture
def opened(open_counter: Callable[..., Counter], clock: Now) -> Callable[..., Counter]:
    def open_it(**changes: Any) -> Counter:
        settings: dict[str, Any] = {"revocation_allowed_networks": LOOPBACK, "revocation_timeout_s": 30.0}
        settings |= {"revocation_pause_s": 0.001, "revocation_kept_for_s": 0.001}
        return open_counter(clock=clock, **{**settings, **changes})

    return open_it


def card(counter: Counter, issuer: Issuer, **options: Any) -> Identity:
    """A new card of the worker, registered for signing."""
    number = subject_of(counter.identity("worker").certificate).serial_number
    made = issuer.issue("Jan Voorbeeld", serial_number=number, **options)
    worker = counter.party("worker")
    certificates = (*worker.signing_certificates, made.certificate)
    counter.gateway.store.write(
        lambda unit: unit.put_party(replace(worker, signing_certificates=certificates), at=counter.gateway.clock.now())
    )
    return made


def appeal(counter: Counter, signer: Identity) -> SubmissionId:
    """An appeal of the worker, taken in."""
    raw = sign_xml(draw_up("be/appeal", now=datetime.now(UTC)).raw, identity=signer, at=datetime.now(UTC))
    told = counter.accept(raw, sender="worker")
    assert isinstance(told, Accepted), told
    return told.submission_id


def assessment(counter: Counter) -> tuple[SubmissionId, DeliveryId]:
    """An assessment, and the worker's copy of it."""
    answer = json.loads(counter.accept(counter.form("be/health-assessment"), sender="service").answer)
    (mine,) = (each["deliveryId"] for each in answer["deliveries"] if each["party"] == "worker")
    return SubmissionId(answer["submissionId"]), DeliveryId(mine)


def acknowledge(counter: Counter, delivery_id: DeliveryId, signer: Identity) -> Taken:
    raw = receipt(counter, delivery_id, signer)
    return counter.gateway.receipts.take(raw, delivery_id=delivery_id, party=counter.party("worker"))


def receipt(counter: Counter, delivery_id: DeliveryId, signer: Identity) -> bytes:
    sealed = counter.gateway.store.read(lambda view: view.envelope(delivery_id))
    at = datetime.now(UTC)
    opened = open_envelope(sealed, identity=counter.identity("worker", "sealing"), trust=counter.trust, at=at)
    return build_receipt(opened.consignment, envelope_digest=opened.envelope_digest, identity=signer, at=at)


def checks(counter: Counter, submission_id: SubmissionId, sender: str) -> list[tuple[str, str]]:
    """What the sender is told of certificates that were asked about later."""
    told = counter.gateway.status.submission(counter.party(sender), submission_id, language="en")
    return [(each["about"].partition(" ")[0], each["outcome"]) for each in told.get("certificateChecks", [])]


def alerts(counter: Counter) -> set[tuple[str, str]]:
    items, _ = counter.gateway.oversight.alerts(open_only=True, after=0, limit=100)
    return {(each["kind"], each["subject"]) for each in items}


def package(counter: Counter, submission_id: SubmissionId, party: str, *, closed: bool = True) -> bytes:
    if closed:
        batches = replace(counter.gateway.journal.batches, rhythm=Rhythm(close_after_s=0))
        assert (batches.close_due(), batches.stamp_due()) == (1, 1)
    return counter.gateway.packages.package_of(counter.party(party), submission_id)


def judged(counter: Counter, raw: bytes, clock: Now) -> Verdict:
    return examine(raw, grounds=Grounds(trust=counter.trust, at=clock.now()))


def audited(counter: Counter) -> set[str]:
    return {flaw.code for flaw in auditing(counter.gateway).run()}


def of(verdict: Verdict, name: str) -> tuple[Standing, str]:
    (link,) = (each for each in verdict.links if each.kind is LinkKind.REVOCATION and name in str(each.who))
    return link.standing, link.params["source"]


# forms


def test_what_nobody_told_is_asked_again_until_somebody_does(
    opened: Callable[..., Counter], issuer: Issuer, clock: Now
) -> None:
    counter = opened(revocation_late_after_s=3600.0)
    issuer.down |= SILENT
    submission_id = appeal(counter, card(counter, issuer))
    inquiries = counter.gateway.inquiries
    waiting, since = inquiries.backlog()
    assert waiting == 1
    assert since is not None
    assert (inquiries.ask_due(), inquiries.ask_due(), checks(counter, submission_id, "worker")) == (0, 0, [])
    asked = len(issuer.asked)
    assert (inquiries.ask_due(), len(issuer.asked)) == (0, asked), "it has its time"
    clock.ahead = 2 * HOUR
    assert (inquiries.ask_due(), alerts(counter)) == (0, {(UNANSWERED, "revocation")})
    issuer.down.clear()
    clock.ahead = 3 * HOUR
    assert (inquiries.ask_due(), inquiries.backlog(), alerts(counter)) == (1, (0, None), set())
    assert checks(counter, submission_id, "worker") == [("form", "passed")]
    assert audited(counter) == set()
    raw = package(counter, submission_id, "worker")
    verdict = judged(counter, raw, clock)
    assert verdict.indication is Indication.TOTAL_PASSED
    assert any(each.about.startswith("validation/") and each.kind is LinkKind.TIME for each in verdict.links)


def test_an_audit_whose_clock_is_a_little_behind_finds_no_inquiry_lost(
    opened: Callable[..., Counter], issuer: Issuer, clock: Now
) -> None:
    counter = opened()
    issuer.down |= SILENT
    appeal(counter, card(counter, issuer))
    for tries in range(6):
        clock.ahead = 13 * tries * HOUR
        assert counter.gateway.inquiries.ask_due() == 0
    clock.ahead -= timedelta(seconds=10)
    assert audited(counter) == set()


def test_that_a_certificate_had_been_revoked_is_learnt_later_and_told(
    opened: Callable[..., Counter], issuer: Issuer, clock: Now
) -> None:
    counter = opened()
    issuer.down |= SILENT
    mine = card(counter, issuer)
    issuer.revoke(mine, datetime.now(UTC) - HOUR)
    submission_id = appeal(counter, mine)
    issuer.down.clear()
    assert counter.gateway.inquiries.ask_due() == 1
    assert checks(counter, submission_id, "worker") == [("form", "certificate-revoked")]
    assert alerts(counter) == {(REVOKED, submission_id)}
    assert audited(counter) == set()
    verdict = judged(counter, package(counter, submission_id, "worker"), clock)
    assert verdict.indication is Indication.INDETERMINATE
    (link,) = (each for each in verdict.links if each.needed and each.standing is not Standing.HOLDS)
    assert (link.kind, link.code) == (LinkKind.REVOCATION, "found-revoked")


def test_one_revoked_after_it_was_used_does_no_harm(opened: Callable[..., Counter], issuer: Issuer, clock: Now) -> None:
    counter = opened()
    issuer.down |= SILENT
    mine = card(counter, issuer)
    submission_id = appeal(counter, mine)
    issuer.revoke(mine, datetime.now(UTC) + timedelta(seconds=1))
    issuer.down.clear()
    clock.ahead = timedelta(seconds=2)
    assert counter.gateway.inquiries.ask_due() == 1
    assert checks(counter, submission_id, "worker") == [("form", "passed")]


def test_asking_ends_with_the_certificate_and_that_is_kept(
    opened: Callable[..., Counter], issuer: Issuer, clock: Now
) -> None:
    counter = opened()
    issuer.down |= SILENT
    submission_id = appeal(counter, card(counter, issuer, days=1))
    clock.ahead = timedelta(days=2)
    assert counter.gateway.inquiries.ask_due() == 1
    assert checks(counter, submission_id, "worker") == [("form", "revocation-unknown")]
    assert counter.gateway.inquiries.backlog() == (0, None)


def test_the_certificate_that_waits_is_gone_with_the_form(
    opened: Callable[..., Counter], issuer: Issuer, clock: Now
) -> None:
    counter = opened()
    issuer.down |= SILENT
    mine = card(counter, issuer)
    submission_id = appeal(counter, mine)
    path = counter.gateway.config.store_path
    in_clear = base64.b64encode(mine.certificate.public_bytes(Encoding.DER))[:200]
    assert in_clear not in b"".join(each.read_bytes() for each in path.parent.glob(f"{path.name}*"))
    for delivery in counter.gateway.store.read(lambda view: view.deliveries_of(submission_id)):
        act, reason = ActCode.CLOSE, ReasonCode.SENT_ANOTHER_WAY
        counter.gateway.oversight.act(delivery.id, act, reason=reason, by="desk", language="en")
    counter.gateway.erasure.erase(submission_id, reason=ErasureReason.DATA_SUBJECT_ASKED, by="desk")
    assert counter.gateway.inquiries.backlog() == (0, None)
    assert audited(counter) == set()


def test_the_alert_about_answers_ends_when_none_is_waited_for_any_more(
    opened: Callable[..., Counter], issuer: Issuer, clock: Now
) -> None:
    counter = opened()
    issuer.down |= SILENT
    submission_id = appeal(counter, card(counter, issuer))
    clock.ahead = 25 * HOUR
    counter.gateway.inquiries.ask_due()
    assert alerts(counter) == {(UNANSWERED, "revocation")}
    for delivery in counter.gateway.store.read(lambda view: view.deliveries_of(submission_id)):
        counter.gateway.oversight.act(
            delivery.id, ActCode.CLOSE, reason=ReasonCode.SENT_ANOTHER_WAY, by="desk", language="en"
        )
    counter.gateway.erasure.erase(submission_id, reason=ErasureReason.DATA_SUBJECT_ASKED, by="desk")
    counter.gateway.inquiries.ask_due()
    assert alerts(counter) == set()


def test_a_receipt_for_an_erased_form_keeps_no_certificate_of_who_signed_it(
    opened: Callable[..., Counter], issuer: Issuer
) -> None:
    counter = opened()
    submission_id, mine = assessment(counter)
    sealed = counter.gateway.store.read(lambda view: view.envelope(mine))
    for delivery in counter.gateway.store.read(lambda view: view.deliveries_of(submission_id)):
        counter.gateway.oversight.act(
            delivery.id, ActCode.CLOSE, reason=ReasonCode.SENT_ANOTHER_WAY, by="desk", language="en"
        )
    counter.gateway.erasure.erase(submission_id, reason=ErasureReason.DATA_SUBJECT_ASKED, by="desk")
    issuer.down |= SILENT
    at, signer = datetime.now(UTC), card(counter, issuer)
    opened_copy = open_envelope(sealed, identity=counter.identity("worker", "sealing"), trust=counter.trust, at=at)
    raw = build_receipt(opened_copy.consignment, envelope_digest=opened_copy.envelope_digest, identity=signer, at=at)
    taken = counter.gateway.receipts.take(raw, delivery_id=mine, party=counter.party("worker"))
    assert isinstance(taken, HandedOver)
    assert counter.gateway.inquiries.backlog() == (0, None)
    assert not counter.gateway.store.read(lambda view: view.is_kept(submission_id))
    assert audited(counter) == set()


@pytest.mark.parametrize("policy", [RevocationPolicy.OFF, RevocationPolicy.PREFER])
def test_nothing_is_asked_again_that_was_refused_or_that_nobody_wants_to_know(
    opened: Callable[..., Counter], issuer: Issuer, policy: RevocationPolicy
) -> None:
    counter = opened(revocation_policy=policy)
    issuer.down |= SILENT
    if policy is RevocationPolicy.OFF:
        appeal(counter, card(counter, issuer))
    else:
        raw = sign_xml(
            draw_up("be/appeal", now=datetime.now(UTC)).raw, identity=card(counter, issuer), at=datetime.now(UTC)
        )
        counter.accept(raw, sender="service")  # who may not hand it in
    assert counter.gateway.inquiries.backlog() == (0, None)


def test_while_nobody_is_to_be_asked_what_waits_rests_and_is_asked_about_when_it_is_wanted_again(
    opened: Callable[..., Counter], issuer: Issuer, clock: Now
) -> None:
    late = {"revocation_late_after_s": 3600.0}
    counter = opened(**late)
    issuer.down |= SILENT
    submission_id = appeal(counter, card(counter, issuer))
    clock.ahead = 2 * HOUR
    counter.gateway.inquiries.ask_due()
    assert (counter.gateway.inquiries.backlog()[0], alerts(counter)) == (1, {(UNANSWERED, "revocation")})
    asked, off = len(issuer.asked), opened(revocation_policy=RevocationPolicy.OFF, **late)
    issuer.down.clear()
    clock.ahead = 3 * HOUR
    for _ in range(2):
        assert (off.gateway.inquiries.ask_due(), off.gateway.inquiries.backlog()[0], alerts(off)) == (0, 1, set())
    assert (len(issuer.asked), audited(off)) == (asked, set())
    issuer.down |= SILENT
    on = opened(**late)
    assert (on.gateway.inquiries.ask_due(), alerts(on)) == (0, {(UNANSWERED, "revocation")}), "late as ever"
    issuer.down.clear()
    clock.ahead = 6 * HOUR
    assert (on.gateway.inquiries.ask_due(), on.gateway.inquiries.backlog(), alerts(on)) == (1, (0, None), set())
    assert checks(on, submission_id, "worker") == [("form", "passed")]
    assert audited(on) == set()


def test_what_rests_goes_with_its_form(opened: Callable[..., Counter], issuer: Issuer) -> None:
    counter = opened()
    issuer.down |= SILENT
    submission_id = appeal(counter, card(counter, issuer))
    off = opened(revocation_policy=RevocationPolicy.OFF)
    off.gateway.inquiries.ask_due()
    off.gateway.store.write(lambda unit: unit.erase(submission_id))
    assert off.gateway.inquiries.backlog() == (0, None)


# receipts


def test_the_signer_of_a_receipt_is_asked_after_when_it_comes(
    opened: Callable[..., Counter], issuer: Issuer, clock: Now
) -> None:
    counter = opened()
    submission_id, delivery_id = assessment(counter)
    assert isinstance(acknowledge(counter, delivery_id, card(counter, issuer)), HandedOver)
    assert issuer.asked == ["/ocsp"]
    assert checks(counter, submission_id, "service") == [("receipt", "passed")]
    assert audited(counter) == set()
    for party, closed in (("service", True), ("worker", False)):
        verdict = judged(counter, package(counter, submission_id, party, closed=closed), clock)
        assert verdict.indication is Indication.TOTAL_PASSED
        assert of(verdict, "Jan Voorbeeld") == (Standing.HOLDS, "ocsp")


def test_a_receipt_whose_signer_was_revoked_moves_nothing(opened: Callable[..., Counter], issuer: Issuer) -> None:
    counter = opened()
    submission_id, delivery_id = assessment(counter)
    mine = card(counter, issuer)
    issuer.revoke(mine, datetime.now(UTC) - HOUR)
    assert acknowledge(counter, delivery_id, mine) == Disregarded(code="receipt-signature-certificate-revoked")
    assert counter.state(delivery_id) == "consigned"
    assert checks(counter, submission_id, "service") == [("receipt", "certificate-revoked")]
    assert isinstance(acknowledge(counter, delivery_id, card(counter, issuer)), HandedOver)
    assert audited(counter) == set()


def test_what_was_said_of_a_signer_is_kept_whoever_handed_in_its_receipt_before(
    opened: Callable[..., Counter], issuer: Issuer
) -> None:
    counter = opened()
    submission_id, delivery_id = assessment(counter)
    mine = card(counter, issuer)
    issuer.revoke(mine, datetime.now(UTC) - HOUR)
    raw, receipts = receipt(counter, delivery_id, mine), counter.gateway.receipts
    with pytest.raises(NotFound):
        receipts.take(raw, delivery_id=delivery_id, party=counter.party("employer"))
    for _ in range(2):
        assert isinstance(receipts.take(raw, delivery_id=delivery_id, party=counter.party("worker")), Disregarded)
        assert checks(counter, submission_id, "service") == [("receipt", "certificate-revoked")]
    assert audited(counter) == set()


def test_a_receipt_waits_for_no_answer_and_is_asked_about_again(
    opened: Callable[..., Counter], issuer: Issuer, clock: Now
) -> None:
    counter = opened(revocation_policy=RevocationPolicy.REQUIRE)
    submission_id, delivery_id = assessment(counter)
    issuer.down |= SILENT
    mine = card(counter, issuer)
    assert isinstance(acknowledge(counter, delivery_id, mine), HandedOver)
    assert checks(counter, submission_id, "service") == [("receipt", "revocation-unknown")]
    assert counter.gateway.inquiries.backlog()[0] == 1
    issuer.down.clear()
    issuer.revoke(mine, datetime.now(UTC) - HOUR)
    assert counter.gateway.inquiries.ask_due() == 1
    assert alerts(counter) == {(REVOKED, submission_id)}
    assert audited(counter) == set()
    verdict = judged(counter, package(counter, submission_id, "service"), clock)
    assert verdict.indication is Indication.INDETERMINATE
    assert [each.code for each in verdict.links if each.kind is LinkKind.RECEIPT] == ["certificate-revoked"]


# our own seal


@pytest.fixture
def sealing(opened: Callable[..., Counter], issuer: Issuer, tmp_path: Path) -> tuple[Counter, Identity]:
    """A counter whose seal can be revoked."""
    seal = issuer.issue(
        "Sealpost Demo Gateway", organization="Sealpost Demo", organization_identifier="NTRBE-0444444496"
    )
    (tmp_path / "seal.p").write_bytes(identity_to_pem(seal))
    return opened(identity=key_place(str(tmp_path / "seal.p"))), seal


def test_our_own_seal_is_asked_after_now_and_then_and_packages_show_it(
    sealing: tuple[Counter, Identity], issuer: Issuer, clock: Now
) -> None:
    counter, seal = sealing
    assert (counter.gateway.inquiries.ask_due(), counter.gateway.inquiries.ask_due()) == (1, 0)
    clock.ahead = 13 * HOUR
    assert counter.gateway.inquiries.ask_due() == 1
    clock.ahead = timedelta(0)
    submission_id = appeal(counter, counter.identity("worker"))
    verdict = judged(counter, package(counter, submission_id, "worker"), clock)
    assert verdict.indication is Indication.TOTAL_PASSED
    assert of(verdict, "Sealpost Demo Gateway") == (Standing.HOLDS, "ocsp")
    assert audited(counter) == set()
    issuer.revoke(seal, datetime.now(UTC))
    clock.ahead = 26 * HOUR
    counter.gateway.inquiries.ask_due()
    assert alerts(counter) == {(REVOKED, seal.fingerprint)}
    verdict = judged(counter, package(counter, submission_id, "worker"), clock)
    assert [each.code for each in verdict.links if each.kind is LinkKind.SEAL] == ["certificate-revoked"]


def test_one_process_asks_after_our_seal_and_ever_less_often_while_nobody_answers(
    sealing: tuple[Counter, Identity], issuer: Issuer, clock: Now
) -> None:
    counter, _ = sealing
    inquiries, other = counter.gateway.inquiries, replace(counter.gateway.inquiries, holder="another", _put_off={})
    issuer.down |= SILENT
    asked = []
    for minute in range(0, 8 * 60, 5):
        clock.ahead = timedelta(minutes=minute)
        before = len(issuer.asked)
        assert (inquiries.ask_due(), other.ask_due()) == (0, 0)
        if len(issuer.asked) > before:
            asked.append(minute)
    assert asked == [0, 5, 20, 80, 260]
    issuer.down.clear()
    clock.ahead = timedelta(minutes=979)
    assert (inquiries.ask_due(), len(issuer.asked)) == (0, before)
    clock.ahead = timedelta(minutes=981)
    assert (inquiries.ask_due(), inquiries.ask_due()) == (1, 0)


# time authorities


@pytest.fixture
def stamping(
    opened: Callable[..., Counter], issuer: Issuer, cast: Any, tmp_path: Path
) -> tuple[Counter, Identity, SubmissionId]:
    """A counter whose time authority can be revoked, with a form below a time stamp."""
    unit = issuer.issue("Example Time Unit", use="stamp", days=30)
    path = tmp_path / "unit.pem"
    path.write_bytes(identity_to_pem(unit))
    counter = opened(timestamp_demonstration=path)
    submission_id = appeal(counter, counter.identity("worker"))
    package(counter, submission_id, "worker")
    return counter, unit, submission_id


def test_time_authorities_are_asked_after_now_and_then_and_packages_show_it(
    stamping: tuple[Counter, Identity, SubmissionId], clock: Now
) -> None:
    counter, _, submission_id = stamping
    assert (counter.gateway.inquiries.ask_due(), counter.gateway.inquiries.ask_due()) == (1, 0)
    clock.ahead = 13 * HOUR
    assert counter.gateway.inquiries.ask_due() == 1
    verdict = judged(counter, package(counter, submission_id, "worker"), clock)
    assert verdict.indication is Indication.TOTAL_PASSED
    assert of(verdict, "Example Time Unit") == (Standing.HOLDS, "ocsp")
    assert audited(counter) == set()


def test_what_is_said_of_a_time_authority_goes_into_a_package_at_once(
    stamping: tuple[Counter, Identity, SubmissionId], clock: Now, issuer: Issuer
) -> None:
    counter, _, submission_id = stamping
    verdict = judged(counter, package(counter, submission_id, "worker", closed=False), clock)
    assert of(verdict, "Example Time Unit") == (Standing.HOLDS, "ocsp")
    issuer.down |= SILENT
    verdict = judged(counter, package(counter, submission_id, "worker", closed=False), clock)
    assert (verdict.indication, of(verdict, "Example Time Unit")) == (Indication.TOTAL_PASSED, (Standing.OPEN, ""))


def test_a_time_authority_whose_key_leaked_is_told_everywhere(
    stamping: tuple[Counter, Identity, SubmissionId], clock: Now, issuer: Issuer
) -> None:
    counter, unit, submission_id = stamping
    issuer.revoke(unit, datetime.now(UTC))
    assert counter.gateway.inquiries.ask_due() == 1
    assert alerts(counter) == {(REVOKED, unit.fingerprint)}
    assert audited(counter) == {"stamp-invalid"}
    verdict = judged(counter, package(counter, submission_id, "worker", closed=False), clock)
    assert verdict.indication is Indication.INDETERMINATE
    assert "timestamp-revoked" in {each.code for each in verdict.links if each.kind is LinkKind.TIME}
    assert {each.standing for each in verdict.links if each.kind is LinkKind.TIME} <= {Standing.OPEN, Standing.MISSING}
