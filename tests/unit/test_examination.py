"""The examination of a package: what holds, what fails with which code, what is missing by name; also years later."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha512
from itertools import pairwise
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.envelope import Consignment
from gateway.evidence import Witness
from gateway.examination import Link, LinkKind, Standing, TimeKind, Verdict, examine
from gateway.examination.telling import say
from gateway.exchange import EVIDENCE
from gateway.journal import EntryKind, read_entry
from gateway.keyring import Keyring
from gateway.model import (
    Delivery,
    DeliveryId,
    Event,
    Evidence,
    PartyId,
    SubmissionId,
    ValidationItem,
    instant_text,
    new_id,
)
from gateway.package import DESCRIPTION, FORM, VALIDATION, write_consistency
from gateway.receipt import ReceiptOutcome, build_receipt
from gateway.statement import read_statement
from signing import (
    ALGORITHMS,
    Checkpoint,
    Field,
    Identity,
    Indication,
    MemoryNodes,
    NoteSigner,
    RevocationAddresses,
    RevocationAuthority,
    RevocationRule,
    TimestampTrust,
    Tree,
    TrustPolicy,
    add_files,
    build_batch,
    build_container,
    build_log_proof,
    build_package,
    chain_leaf,
    collect_revocation,
    issue,
    issue_authority,
    leaf_hash,
    new_note_key,
    note_signer_from_pem,
    read_container,
    read_record,
    rehash,
    renew,
    sha256,
    sign_checkpoint,
    sign_pdf,
    sign_xml,
    stamp_leaf,
)
from tests.deliveries import a_delivery
from tests.packages import BEFORE, EXPORTED, HANDED_IN, STAMPED, Journal, Parts, World, make_parts, make_world
from tests.signing.pki import DOCUMENT
from tests.signing.renditions import rendition
from tests.signing.test_asic import zipped_anew

LATER = EXPORTED.replace(year=2033)  # the service's certificate has ended, that of the time authority has not
MUCH_LATER = EXPORTED.replace(year=2041)
TOLD = RevocationAddresses(responder="http://ca.example/ocsp", list="http://ca.example/list.crl")
MISSING, FAILS, OPEN, HOLDS = Standing.MISSING, Standing.FAILS, Standing.OPEN, Standing.HOLDS


@pytest.fixture(scope="module")
def world() -> World:
    return make_world()


@pytest.fixture
def parts(world: World) -> Parts:
    return make_parts(world)


def verdict_on(parts: Parts, at: datetime = EXPORTED, *, with_form: bool = True) -> Verdict:
    return examine(parts.pack(with_form=with_form), grounds=parts.world.grounds(at))


def not_holding(verdict: Verdict) -> set[tuple[LinkKind, Standing, str | None]]:
    return {(link.kind, link.standing, link.code) for link in verdict.links if link.standing is not HOLDS}


def only(verdict: Verdict, kind: LinkKind) -> Link:
    (link,) = (link for link in verdict.links if link.kind is kind)
    return link


def test_a_whole_package_says_who_what_and_when(parts: Parts) -> None:
    verdict = verdict_on(parts)
    assert (verdict.indication, not_holding(verdict)) == (Indication.TOTAL_PASSED, set())
    absent = {LinkKind.FILE, LinkKind.RENDITION, LinkKind.POST, LinkKind.GROWTH}
    assert {link.kind for link in verdict.links} == set(LinkKind) - absent
    seal, receipt, binding, form = (
        only(verdict, kind) for kind in (LinkKind.SEAL, LinkKind.RECEIPT, LinkKind.BINDING, LinkKind.FORM)
    )
    assert str(seal.who) == "Example Counter (NTRBE-0444444496)"
    assert (seal.at, seal.time) == (EXPORTED, TimeKind.CLAIMED)
    assert seal.covers == {name: sha256(content) for name, content in parts.files.items()}
    assert str(receipt.who) == "Example Fund (NTRBE-0206731645)"
    assert receipt.covers["document"] == binding.covers[FORM] == sha256(parts.form)
    assert str(form.who) == "Dr. An Toonbeeld (*********44)"
    proven = [link for link in verdict.links if link.kind is LinkKind.TIME]
    assert {(str(link.who), link.at, link.time) for link in proven} == {("Example Time Unit", STAMPED, TimeKind.PROVEN)}
    told = [(each.event, each.party, each.proven_at) for each in verdict.story]
    assert told == [
        (Event.SUBMISSION_ACCEPTANCE, None, STAMPED),
        (Event.CONTENT_CONSIGNMENT, "fund", STAMPED),
        (Event.CONTENT_HANDOVER, "fund", STAMPED),
    ]


def test_it_stands_when_the_certificates_of_the_people_have_ended(parts: Parts) -> None:
    verdict = verdict_on(parts, LATER)
    assert verdict.indication is Indication.TOTAL_PASSED
    assert not_holding(verdict) == {(LinkKind.SEAL, OPEN, "seal-outlived")}
    without_stamps = make_parts(parts.world)
    without_stamps.records.clear()
    verdict = verdict_on(without_stamps, LATER)
    assert verdict.indication is Indication.INDETERMINATE
    assert (LinkKind.STATEMENT, OPEN, "certificate-expired") in not_holding(verdict)
    assert (LinkKind.TIME, MISSING, "not-stamped") in not_holding(verdict)


def test_a_seal_counts_as_outlived_only_if_it_held_when_it_was_made(world: World, parts: Parts) -> None:
    """Whoever made a certificate that has ended could else seal what was left of a package."""
    _leave_out_handover(parts)
    ended = issue_authority("Example Authority", at=BEFORE, years=1)
    parts.identity = issue(ended, "Example Counter", organization_identifier="NTRBE-0444444496", at=BEFORE, days=1)
    verdict = verdict_on(parts)
    assert verdict.indication is not Indication.TOTAL_PASSED
    assert (LinkKind.SEAL, OPEN, "certificate-expired") in not_holding(verdict)
    parts.describe(made_at=BEFORE)
    assert (LinkKind.SEAL, OPEN, "certificate-untrusted") in not_holding(verdict_on(parts))


def _leave_out_handover(parts: Parts) -> None:
    """As if nobody had ever signed for the copy."""
    _leave_out(parts, parts.name(Event.CONTENT_HANDOVER))
    _leave_out(parts, f"receipts/{parts.receipt.id}.xml")
    parts.describe(copies=tuple(replace(each, state="consigned") for each in parts.description.copies))


def _leave_out(parts: Parts, name: str) -> None:
    """A file, and what the journal says of it."""
    entry = _entry_of(parts, name)
    del parts.files[name], parts.files[entry], parts.records[entry], parts.files[entry.replace(".entry", ".proof")]


def test_an_outlived_seal_still_says_which_files_there_were(parts: Parts) -> None:
    sealed = read_container(parts.pack(), max_entries=4096)
    other = {**sealed, DESCRIPTION: sealed[DESCRIPTION].replace(b"be/appeal", b"be/request")}
    verdict = examine(build_container(other, max_entries=4096), grounds=parts.world.grounds(LATER))
    assert verdict.indication is Indication.TOTAL_FAILED
    assert (LinkKind.SEAL, FAILS, "digest-mismatch") in not_holding(verdict)


def test_it_stands_after_fifteen_years_if_the_time_stamps_were_renewed(world: World, parts: Parts) -> None:
    verdict = verdict_on(parts, MUCH_LATER)
    assert verdict.indication is Indication.INDETERMINATE
    assert (LinkKind.TIME, OPEN, "timestamp-expired") in not_holding(verdict)
    assert (LinkKind.COURSE, MISSING, "statement-of-consignment") in not_holding(verdict)
    assert "not-in-package" not in {link.code for link in verdict.links}, "everything is there and ended"
    for name, record in parts.records.items():
        parts.records[name] = _renewed(world, record)
    assert verdict_on(parts, MUCH_LATER).indication is Indication.TOTAL_PASSED


def _renewed(world: World, record: bytes) -> bytes:
    """The record with one more time stamp, of 2034, by a unit whose certificate ends in 2044."""
    at = EXPORTED.replace(year=2034)
    later = replace(world, unit=_later_unit(world, at))
    tree = build_batch([stamp_leaf(read_record(record).chains[-1][-1].token)])
    return renew(record, tree.path(0), later.stamper(at).stamp_digest(tree.root, digest_name="sha256", at=at).token)


def test_it_stands_after_fifteen_years_if_the_hash_trees_were_renewed(world: World, parts: Parts) -> None:
    at = EXPORTED.replace(year=2034)
    stamper = replace(world, unit=_later_unit(world, at)).stamper(at)
    for name, record in parts.records.items():
        tree = build_batch(
            [chain_leaf(read_record(record), parts.files[name], digest_name="sha512")], digest_name="sha512"
        )
        token = stamper.stamp_digest(tree.root, digest_name="sha512", at=at).token
        parts.records[name] = rehash(record, tree.path(0), token, digest_name="sha512")
    verdict = verdict_on(parts, MUCH_LATER)
    assert verdict.indication is Indication.TOTAL_PASSED
    assert {link.params["renewals"] for link in verdict.links if link.kind is LinkKind.TIME} == {"1"}


def _later_unit(world: World, at: datetime) -> Identity:
    return issue(world.time_authority, "Later Unit", use="stamp", at=at, days=3650)


def test_what_was_left_out_is_named(parts: Parts) -> None:
    verdict = verdict_on(parts, with_form=False)
    assert verdict.indication is Indication.TOTAL_PASSED  # it proves the course of things, not the content
    assert [(link.kind, link.code) for link in verdict.missing] == [(LinkKind.FORM, "form-not-in-package")]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (Event.SUBMISSION_ACCEPTANCE, (LinkKind.STATEMENT, MISSING, "statement-of-decision")),
        (Event.CONTENT_CONSIGNMENT, (LinkKind.COURSE, MISSING, "statement-of-consignment")),
        (Event.CONTENT_HANDOVER, (LinkKind.COURSE, OPEN, "state-not-shown")),
    ],
)
def test_a_statement_that_the_service_itself_left_out(
    parts: Parts, event: Event, expected: tuple[LinkKind, Standing, str]
) -> None:
    entry = parts.entry(event)
    for name in (parts.name(event), f"{entry}.entry", f"{entry}.proof"):
        del parts.files[name]
    del parts.records[f"{entry}.entry"]
    verdict = verdict_on(parts)
    assert verdict.indication is not Indication.TOTAL_PASSED
    assert expected in not_holding(verdict)


def test_a_file_that_was_taken_out_of_a_sealed_package_is_named(parts: Parts) -> None:
    entries = read_container(parts.pack())
    name = parts.name(Event.CONTENT_HANDOVER)
    del entries[name]
    verdict = examine(build_container(entries), grounds=parts.world.grounds())
    assert verdict.indication is Indication.INDETERMINATE
    assert (LinkKind.SEAL, OPEN, "covered-file-missing") in not_holding(verdict)
    assert [link.about for link in verdict.missing if link.kind is LinkKind.FILE] == [name]
    assert [link.params["name"] for link in verdict.missing if link.kind is LinkKind.JOURNAL] == [name]


@pytest.mark.parametrize("tool", ["careful", "ordinary"])
def test_whichever_file_is_taken_out_is_named_and_all_others_are_examined(parts: Parts, tool: str) -> None:
    """A careful tool makes the list of files fit, an ordinary one leaves it as it is."""
    whole, grounds = parts.pack(), parts.world.grounds()
    entries = read_container(whole)
    described = {link.about for link in examine(whole, grounds=grounds).links}
    for name in entries.keys() - {FORM}:
        left = {each: raw for each, raw in entries.items() if each != name}
        raw = build_container(left) if tool == "careful" else zipped_anew(whole, lambda e, name=name: e.pop(name))  # type: ignore[misc]
        verdict = examine(raw, grounds=grounds)
        assert verdict.indication is Indication.INDETERMINATE, name
        assert name in {link.about for link in verdict.missing if link.kind is LinkKind.FILE}, name
        if name != DESCRIPTION:
            gone = {name, "META-INF/ASiCManifest001.xml"} if name.endswith(("p7s", "Manifest001.xml")) else {name}
            gone |= {about for about in described if about.startswith("sha256:")}  # certificates of what is gone
            assert described - gone <= {link.about for link in verdict.links}, name


@pytest.mark.parametrize(
    ("ending", "expected"),
    [
        (".entry", (LinkKind.JOURNAL, MISSING, "not-in-journal")),
        (".proof", (LinkKind.JOURNAL, MISSING, "not-in-package")),
        ("record", (LinkKind.TIME, MISSING, "not-stamped")),
    ],
)
def test_what_the_journal_did_not_give_is_named(
    parts: Parts, ending: str, expected: tuple[LinkKind, Standing, str]
) -> None:
    entry = parts.entry(Event.CONTENT_HANDOVER)
    if ending == ".entry":
        del parts.records[f"{entry}.entry"]
    if ending == "record":  # the record of its neighbour in the hash tree would prove it too
        parts.records.clear()
    else:
        del parts.files[entry + ending]
    if ending == ".entry":
        del parts.files[f"{entry}.proof"]
    verdict = verdict_on(parts)
    assert (verdict.indication, expected in not_holding(verdict)) == (Indication.INDETERMINATE, True)
    assert parts.name(Event.CONTENT_HANDOVER) in {link.about for link in verdict.missing}


def test_a_receipt_that_is_not_there_is_named_by_its_digest(parts: Parts) -> None:
    name = f"receipts/{parts.receipt.id}.xml"
    del parts.files[name]
    link = only(verdict_on(parts), LinkKind.RECEIPT)
    assert (link.standing, link.code, link.params["name"]) == (MISSING, "not-in-package", parts.receipt.digest)


# attacks


def _without_the_second_copy(parts: Parts) -> str:
    """As if the service had never made it: no description, no statement, no entry of the journal. Gives its id."""
    first, second = parts.description.copies
    (consigned,) = (each for each in parts.evidence if each.delivery_id == second.delivery_id)
    _leave_out(parts, f"evidence/{consigned.id}.xml")
    parts.describe(copies=(first,))
    return second.delivery_id


def test_a_copy_that_the_service_left_out_everywhere_is_named(world: World) -> None:
    parts = make_parts(world, also_for=["employer"])
    assert not_holding(verdict_on(parts)) == set()
    left_out = _without_the_second_copy(parts)
    verdict = verdict_on(parts)
    assert verdict.indication is Indication.INDETERMINATE
    (link,) = verdict.missing
    assert (link.kind, link.code, link.about) == (LinkKind.COURSE, "copy-left-out", left_out)
    assert link.params == {"name": "employer", "which": "2/2 (MedicalInspector)"}


def test_leaving_a_copy_out_of_the_acceptance_too_takes_a_statement_that_the_journal_does_not_hold(
    world: World,
) -> None:
    parts = make_parts(world, also_for=["employer"])
    _without_the_second_copy(parts)
    _state_acceptance_anew(parts, consigned=[_copy_of(parts)])
    verdict = verdict_on(parts)
    assert verdict.indication is Indication.INDETERMINATE
    assert not_holding(verdict) == {(LinkKind.JOURNAL, MISSING, "not-in-journal")}


def test_an_acceptance_that_names_no_copies_leaves_open_whether_all_are_there(parts: Parts) -> None:
    """As those of older versions do; nobody may pass by calling itself old."""
    _state_acceptance_anew(parts, consigned=[])
    verdict = verdict_on(parts)
    assert (LinkKind.COURSE, OPEN, "copies-not-stated") in not_holding(verdict)
    assert verdict.indication is Indication.INDETERMINATE


@pytest.mark.parametrize("changes", [{"copy": 2, "of": 2}, {"role": "Employer"}, {"id": DeliveryId(new_id())}])
def test_an_acceptance_of_other_copies_than_those_in_the_package(parts: Parts, changes: dict[str, Any]) -> None:
    _state_acceptance_anew(parts, consigned=[replace(_copy_of(parts), **changes)])
    assert (LinkKind.COURSE, FAILS, "about-something-else") in not_holding(verdict_on(parts))


def test_a_copy_under_another_number_than_its_statements_give_it(parts: Parts) -> None:
    (copy,) = parts.description.copies
    parts.describe(copies=(replace(copy, of=3),))
    assert (LinkKind.COURSE, FAILS, "about-something-else") in not_holding(verdict_on(parts))


def test_nobody_makes_a_part_of_a_package_for_the_sender_or_a_whole_one_for_another(parts: Parts) -> None:
    for changes in ({"whole": False}, {"made_for": "fund"}):
        parts.describe(**changes)
        assert not_holding(verdict_on(parts)) == {(LinkKind.PACKAGE, FAILS, "not-a-description")}


@pytest.mark.parametrize("changes", [{"issuer": "service"}, {"sender": "somebody", "made_for": "somebody"}])
def test_a_package_described_as_of_another_issuer_or_sender(parts: Parts, changes: dict[str, str]) -> None:
    """A notice of the counter itself needs no acceptance: no form of another passes for one."""
    parts.describe(**changes)
    assert (LinkKind.STATEMENT, FAILS, "about-something-else") in not_holding(verdict_on(parts))


def test_a_service_that_has_another_name_since_is_still_the_one_that_its_certificate_names(parts: Parts) -> None:
    parts.describe(issuer="counter-of-today")
    assert not_holding(verdict_on(parts)) == set()


def test_a_notice_of_a_service_that_has_another_name_since_was_handed_in_by_nobody(parts: Parts) -> None:
    """It was its own under the name that it had when it laid the copies ready, and no other form passes for one."""
    _leave_out(parts, parts.name(Event.SUBMISSION_ACCEPTANCE))
    missing = (LinkKind.STATEMENT, MISSING, "statement-of-decision")
    parts.describe(issuer="counter-of-today", sender="counter", made_for="counter")
    assert missing not in not_holding(verdict_on(parts))
    parts.describe(sender="service", made_for="service")
    assert missing in not_holding(verdict_on(parts))


def test_a_service_that_has_its_former_name_again_still_stands_by_what_it_stated_meanwhile(parts: Parts) -> None:
    _leave_out(parts, parts.name(Event.SUBMISSION_ACCEPTANCE))
    meanwhile = Witness(keys=Keyring.single(parts.world.service), issuer="counter-for-a-while").state(
        Event.ERASURE, at=HANDED_IN, submission_id=SubmissionId(parts.description.submission_id)
    )
    name = f"evidence/{meanwhile.id}.xml"
    parts.files[name] = meanwhile.raw
    parts.describe(issuer="counter", sender="counter", made_for="counter")
    stated = [link for link in verdict_on(parts).links if (link.kind, link.about) == (LinkKind.STATEMENT, name)]
    assert [link.standing for link in stated] == [HOLDS]


def test_evidence_of_before_copies_were_numbered_can_be_read(world: World) -> None:
    names = ("EvidenceId", "Event", "EventTime", "Issuer", "DeliveryId", "Policy", "SoftwareVersion")
    said = (new_id(), Event.CONTENT_CONSIGNMENT.uri, "2026-01-01T00:00:00Z", "counter", new_id(), "urn:x", "sealpost 0")
    fields: list[Field] = list(zip(names, said, strict=True))
    fields.insert(4, ("SubmissionId", new_id()))
    raw = EVIDENCE.build(fields, identity=world.service, at=HANDED_IN)
    statement = read_statement(raw, trust=world.trust, at=HANDED_IN)
    assert (statement.copy, statement.of, statement.consigned) == (None, None, ())


def _copy_of(parts: Parts) -> Delivery:
    copy = parts.description.copies[0]
    return a_delivery(copy.party, id=copy.delivery_id, role=copy.role, copy=copy.copy, of=copy.of)


def _state_acceptance_anew(parts: Parts, *, consigned: Sequence[Delivery]) -> None:
    """Put another acceptance in place of the one that was made; the journal knows nothing of it."""
    _leave_out(parts, parts.name(Event.SUBMISSION_ACCEPTANCE))
    stated = Witness(keys=Keyring.single(parts.world.service), issuer="counter").state(
        Event.SUBMISSION_ACCEPTANCE,
        at=HANDED_IN,
        submission_id=SubmissionId(parts.description.submission_id),
        sender=PartyId(parts.description.sender),
        document_digest=sha256(parts.form),
        consigned=consigned,
    )
    parts.files[f"evidence/{stated.id}.xml"] = stated.raw


def _flip(raw: bytes) -> bytes:
    return raw.replace(b"2026-03-05T09:1", b"2026-03-04T09:1", 1)


def test_a_statement_that_was_changed_by_who_seals(parts: Parts) -> None:
    name = parts.name(Event.CONTENT_HANDOVER)
    parts.files[name] = _flip(parts.files[name])
    found = not_holding(verdict_on(parts))
    assert (LinkKind.STATEMENT, FAILS, "digest-mismatch") in found
    assert (LinkKind.JOURNAL, FAILS, "about-other-bytes") in found


def test_a_statement_that_the_service_signed_anew_is_not_in_the_journal(world: World, parts: Parts) -> None:
    """The service rewrites history: another event time, well signed. Neither journal nor time stamp knows it."""
    old = parts.name(Event.SUBMISSION_ACCEPTANCE)
    witness = Witness(keys=Keyring.single(world.service), issuer="counter")
    forged = witness.state(
        Event.SUBMISSION_ACCEPTANCE,
        at=HANDED_IN - timedelta(days=30),
        submission_id=SubmissionId(parts.description.submission_id),
        document_digest=sha256(parts.form),
    )
    del parts.files[old]
    parts.files[f"evidence/{forged.id}.xml"] = forged.raw
    verdict = verdict_on(parts)
    assert verdict.indication is Indication.TOTAL_FAILED
    found = not_holding(verdict)
    assert (LinkKind.JOURNAL, FAILS, "about-other-bytes") in found
    assert (LinkKind.JOURNAL, MISSING, "not-in-journal") in found


def test_a_statement_by_somebody_else(world: World, parts: Parts) -> None:
    """Whom the same authority certified, so that the path is good; but not the one who sealed."""
    witness = Witness(keys=Keyring.single(world.recipient), issuer="counter")
    forged = witness.state(
        Event.SENDER_WARNED, at=HANDED_IN, submission_id=SubmissionId(parts.description.submission_id)
    )
    parts.files[f"evidence/{forged.id}.xml"] = forged.raw
    assert (LinkKind.STATEMENT, FAILS, "by-another-issuer") in not_holding(verdict_on(parts))


def test_a_statement_of_another_submission_or_under_another_name(world: World, parts: Parts) -> None:
    other = make_parts(world)
    parts.files |= {name: raw for name, raw in other.files.items() if name.startswith("evidence/")}
    verdict = verdict_on(parts)
    assert (LinkKind.STATEMENT, FAILS, "about-something-else") in not_holding(verdict)
    renamed = make_parts(world)
    renamed.files[f"evidence/{new_id()}.xml"] = renamed.files.pop(renamed.name(Event.CONTENT_HANDOVER))
    assert (LinkKind.STATEMENT, FAILS, "about-something-else") in not_holding(verdict_on(renamed))


def test_a_statement_of_a_time_after_its_own_time_stamp(world: World) -> None:
    parts = make_parts(world, stamped_at=HANDED_IN + timedelta(minutes=1))
    assert (LinkKind.STATEMENT, FAILS, "times-contradict") in not_holding(verdict_on(parts))


def test_a_package_that_a_stranger_made_of_the_same_names(world: World) -> None:
    """Certificates say what whoever issues them wants: only the path tells."""
    parts = make_parts(replace(world, service=world.stranger))
    verdict = examine(parts.pack(), grounds=world.grounds())
    assert verdict.indication is Indication.INDETERMINATE
    assert {(LinkKind.SEAL, OPEN, "certificate-untrusted"), (LinkKind.STATEMENT, OPEN, "certificate-untrusted")} <= (
        not_holding(verdict)
    )
    assert not verdict.story


def test_whoever_knows_the_service_is_shown_no_package_of_another(world: World) -> None:
    """One whom the same authority certified writes a whole package of its own, with a journal of its own."""
    forger = issue(world.authority, "Example Firm", organization_identifier="NTRBE-0403019261", at=BEFORE)
    forged = make_parts(replace(world, service=forger, log=_another_log(world))).pack()
    verdict = examine(forged, grounds=world.grounds())
    seal = only(verdict, LinkKind.SEAL)
    assert (verdict.indication, str(seal.who)) == (Indication.TOTAL_PASSED, "Example Firm (NTRBE-0403019261)")
    own = make_parts(world).pack()
    for known in ("NTRBE-0444444496", world.service.fingerprint):
        grounds = replace(world.grounds(), service=known)
        assert not_holding(examine(forged, grounds=grounds)) == {(LinkKind.SEAL, FAILS, "by-another-issuer")}
        assert examine(own, grounds=grounds).indication is Indication.TOTAL_PASSED


def test_a_package_in_which_nothing_is_stated_proves_nothing(parts: Parts) -> None:
    parts.files.clear()
    parts.records.clear()
    parts.describe(whole=False, made_for="fund", copies=())
    verdict = verdict_on(parts, with_form=False)
    assert (LinkKind.STATEMENT, MISSING, "nothing-stated") in not_holding(verdict)
    assert verdict.indication is Indication.INDETERMINATE


def test_a_hand_over_that_rests_on_no_receipt(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the recipient can say that it has the copy; a service that says so alone proves nothing."""
    state = Witness.state

    def without_receipt(self: Witness, event: Event, **facts: Any) -> Evidence:
        return state(self, event, **{**facts, "receipt_digest": None})

    monkeypatch.setattr(Witness, "state", without_receipt)
    parts = make_parts(world)
    _leave_out(parts, f"receipts/{parts.receipt.id}.xml")
    verdict = verdict_on(parts)
    assert not_holding(verdict) == {(LinkKind.RECEIPT, MISSING, "without-receipt")}
    assert verdict.indication is Indication.INDETERMINATE


@pytest.mark.parametrize(
    "own",
    [
        lambda world: world.service,
        lambda world: issue(
            world.authority, "Example Counter", organization_identifier="NTRBE-0444444496", at=BEFORE, key="p384"
        ),
        lambda world: issue(world.authority, "Counter, renamed", organization_identifier="NTRBE-0444444496", at=BEFORE),
    ],
)
def test_a_receipt_that_the_service_signed_itself(world: World, own: Callable[[World], Identity]) -> None:
    """With the key of its statements, or any other certificate in its name: each rotation makes one."""
    verdict = verdict_on(make_parts(replace(world, recipient=own(world))))
    assert not_holding(verdict) == {(LinkKind.RECEIPT, OPEN, "signed-by-the-service")}
    assert verdict.indication is Indication.INDETERMINATE


@pytest.mark.parametrize("outcome", [ReceiptOutcome.REFUSED, ReceiptOutcome.PROCESSED])
def test_a_hand_over_that_rests_on_another_answer(
    world: World, monkeypatch: pytest.MonkeyPatch, outcome: ReceiptOutcome
) -> None:
    """The recipient refused the copy, and the service says that it took it."""
    monkeypatch.setattr("tests.packages.build_receipt", partial(build_receipt, outcome=outcome))
    verdict = verdict_on(make_parts(world))
    assert not_holding(verdict) == {(LinkKind.RECEIPT, FAILS, "says-otherwise")}


def _receipt_of(parts: Parts, **changes: object) -> bytes:
    copy, world = parts.description.copies[0], parts.world
    note = Consignment(
        delivery_id=DeliveryId(copy.delivery_id),
        submission_id=SubmissionId(parts.description.submission_id),
        kind="be/appeal",
        route="R14",
        article="Art. 65",
        role=copy.role,
        party=PartyId(copy.party),
        copy=1,
        of=1,
        document_id=new_id(),
        document_digest=sha256(parts.form),
        sender=PartyId("service"),
        accepted_at=HANDED_IN,
    )
    envelope = str(changes.pop("envelope", sha256(b"sealed")))
    return build_receipt(
        replace(note, **changes),  # type: ignore[arg-type]
        envelope_digest=envelope,
        identity=world.recipient,
        at=HANDED_IN,
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"document_digest": sha256(b"another form")}, "about-other-bytes"),
        ({"envelope": sha256(b"another envelope")}, "about-other-bytes"),
        ({"party": PartyId("another")}, "about-something-else"),
        ({"delivery_id": DeliveryId(new_id())}, "about-something-else"),
    ],
)
def test_a_receipt_over_something_else_though_a_statement_names_it(
    world: World, parts: Parts, changes: dict[str, object], code: str
) -> None:
    raw = _receipt_of(parts, **changes)
    name, submission = f"receipts/{parts.receipt.id}.xml", SubmissionId(parts.description.submission_id)
    parts.files[name] = raw
    old = parts.name(Event.CONTENT_HANDOVER)
    forged = _handover(world, parts, receipt_digest=sha256(raw), submission=submission)
    del parts.files[old]
    parts.files[f"evidence/{forged.id}.xml"] = forged.raw
    assert (LinkKind.RECEIPT, FAILS, code) in not_holding(verdict_on(parts))


def _handover(world: World, parts: Parts, *, receipt_digest: str, submission: SubmissionId) -> Evidence:
    copy = parts.description.copies[0]
    delivery = replace(
        a_delivery(copy.party, submission=submission),
        id=DeliveryId(copy.delivery_id),
        envelope_digest=sha256(b"sealed"),
        document_digest=sha256(parts.form),
    )
    return Witness(keys=Keyring.single(world.service), issuer="counter").state(
        Event.CONTENT_HANDOVER,
        at=HANDED_IN,
        submission_id=submission,
        delivery=delivery,
        receipt_digest=receipt_digest,
        receipt_id=new_id(),
    )


def test_a_receipt_that_no_statement_names(parts: Parts) -> None:
    parts.files[f"receipts/{new_id()}.xml"] = _receipt_of(parts, party=PartyId("another"))
    assert (LinkKind.RECEIPT, FAILS, "nothing-names-it") in not_holding(verdict_on(parts))


def test_another_form_of_the_same_doctor(world: World, parts: Parts) -> None:
    parts.form = sign_xml(DOCUMENT.replace(b"fit", b"unfit"), identity=world.doctor, at=HANDED_IN)
    verdict = verdict_on(parts)
    assert not_holding(verdict) == {(LinkKind.BINDING, FAILS, "about-other-bytes")}


def test_a_form_that_was_changed(parts: Parts) -> None:
    parts.form = parts.form.replace(b"fit", b"unfit", 1)  # the signature may hold these letters too
    assert {(LinkKind.BINDING, FAILS, "about-other-bytes"), (LinkKind.FORM, FAILS, "digest-mismatch")} == not_holding(
        verdict_on(parts)
    )


def test_the_same_form_under_a_statement_that_does_not_follow(world: World, parts: Parts) -> None:
    extra = _handover(
        world, parts, receipt_digest=parts.receipt.digest, submission=SubmissionId(parts.description.submission_id)
    )
    parts.files[f"evidence/{extra.id}.xml"] = extra.raw
    assert (LinkKind.COURSE, FAILS, "does-not-follow") in not_holding(verdict_on(parts))


def test_files_that_have_no_place_and_files_that_nobody_sealed(parts: Parts) -> None:
    raw = add_files(parts.pack(), {"read-me.txt": b"trust me", f"receipts/{new_id()}.xml": b"<x/>"})
    found = not_holding(examine(raw, grounds=parts.world.grounds()))
    assert (LinkKind.FILE, OPEN, "file-has-no-place") in found
    assert (LinkKind.FILE, OPEN, "file-not-sealed") in found


def test_a_package_without_seal(parts: Parts) -> None:
    entries = read_container(parts.pack())
    del entries["META-INF/ASiCManifest001.xml"], entries["META-INF/signature001.p7s"]
    verdict = examine(build_container(entries), grounds=parts.world.grounds())
    assert (verdict.indication, not_holding(verdict)) == (
        Indication.INDETERMINATE,
        {(LinkKind.SEAL, MISSING, "not-sealed")},
    )


def test_the_service_vouches_for_pages_by_its_seal_and_nobody_else_does(world: World, parts: Parts) -> None:
    pages = rendition(parts.form)
    parts.files["rendition-nl.pdf"] = pages
    assert only(verdict_on(parts), LinkKind.RENDITION).params == {"proof": "sealed"}
    del parts.files["rendition-nl.pdf"]
    for pdf in (pages, sign_pdf(pages, identity=world.recipient, at=EXPORTED)):
        raw = add_files(parts.pack(), {"rendition-nl.pdf": pdf})
        link = only(examine(raw, grounds=world.grounds()), LinkKind.RENDITION)
        assert (link.standing, link.code) == (OPEN, "pages-not-proven")


# the journal


def _another_log(world: World) -> NoteSigner:
    return note_signer_from_pem(new_note_key(), name=world.log.name)


def test_a_proof_of_another_journal(world: World) -> None:
    """Two journals under one name: the key tells."""
    parts = make_parts(replace(world, log=_another_log(world)))
    grounds = replace(world.grounds(), journal_keys=(str(world.log.verifier),))
    verdict = examine(parts.pack(), grounds=grounds)
    assert verdict.indication is not Indication.TOTAL_PASSED
    assert {code for kind, _, code in not_holding(verdict) if kind is LinkKind.JOURNAL} == {"checkpoint-unsigned"}


def test_a_journal_that_has_another_key_by_now(world: World, parts: Parts) -> None:
    keys = (str(_another_log(world).verifier), str(world.log.verifier))
    parts.describe(journal_keys=keys)
    assert verdict_on(parts).indication is Indication.TOTAL_PASSED


def test_two_states_of_a_journal_that_cannot_both_be_true(world: World, parts: Parts) -> None:
    """The log shows each reader another tree of one size: the checkpoint in the proofs is not the one laid beside."""
    (name,) = (name for name in parts.files if name.endswith(".checkpoint"))
    other = make_parts(world)
    parts.files[name] = other.files[name]
    del parts.records[name]
    assert (LinkKind.JOURNAL, FAILS, "two-journals") in not_holding(verdict_on(parts))


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (Event.SUBMISSION_ACCEPTANCE, {"kind": EntryKind.KEY}),
        (Event.SUBMISSION_ACCEPTANCE, {"kind": EntryKind.FILING}),
        (Event.CONTENT_HANDOVER, {"kind": EntryKind.VALIDATION}),
        (Event.CONTENT_HANDOVER, {"of": "01a20229-8d48-7195-bc5e-9a94f0c34765"}),
    ],
)
def test_an_entry_that_binds_a_statement_and_says_it_is_something_else(
    world: World, parts: Parts, event: Event, said: dict[str, Any]
) -> None:
    """The service entered it so itself: its own audit would not look there for the statement."""
    places = sorted(int(found[1]) for name in parts.files if (found := re.fullmatch(r"journal/(\d+)\.entry", name)))
    entries = {at: read_entry(parts.files[f"journal/{at}.entry"]) for at in places}
    odd = int(parts.entry(event).removeprefix("journal/"))
    entries[odd] = replace(entries[odd], **said)
    of_others = replace(entries[odd], id="another", of="another", digest=bytes(64))
    files, records = Journal(world=world, entries=[of_others, *entries.values(), of_others]).close()
    assert [f"journal/{at}.entry" in files for at in places] == [True] * len(places)
    parts.files |= files
    parts.records |= records
    assert {(LinkKind.JOURNAL, FAILS, "about-something-else"), (LinkKind.JOURNAL, MISSING, "not-in-journal")} <= set(
        not_holding(verdict_on(parts))
    )


def _exchange(first: str, second: str) -> Callable[[Parts], None]:
    def edit(parts: Parts) -> None:
        one, two = (parts.entry(event) for event in (Event.SUBMISSION_ACCEPTANCE, Event.CONTENT_HANDOVER))
        parts.files[one + first], parts.files[two + second] = parts.files[two + second], parts.files[one + first]

    return edit


def _exchange_records(parts: Parts) -> None:
    one, two = (f"{parts.entry(event)}.entry" for event in (Event.SUBMISSION_ACCEPTANCE, Event.CONTENT_HANDOVER))
    parts.records[one], parts.records[two] = parts.records[two], parts.records[one]


def _change_entry(parts: Parts) -> None:
    name = f"{parts.entry(Event.SUBMISSION_ACCEPTANCE)}.entry"
    raw = parts.files[name]
    parts.files[name] = raw.replace(instant_text(HANDED_IN).encode(), instant_text(EXPORTED).encode())


def _unknown_key(parts: Parts) -> None:
    parts.describe(journal_keys=("journal.example/1+00000000+AAAA",))


def _no_key(parts: Parts) -> None:
    parts.describe(journal_keys=(), witness_keys=())


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (_exchange(".proof", ".proof"), (LinkKind.JOURNAL, FAILS, "inclusion-unproven")),
        (_exchange(".entry", ".entry"), (LinkKind.JOURNAL, FAILS, "inclusion-unproven")),
        (_exchange_records, (LinkKind.TIME, FAILS, "record-of-something-else")),
        (_change_entry, (LinkKind.JOURNAL, FAILS, "inclusion-unproven")),
        (_change_entry, (LinkKind.TIME, FAILS, "record-of-something-else")),
        (_unknown_key, (LinkKind.JOURNAL, FAILS, "journal-key-unknown")),
        (_no_key, (LinkKind.JOURNAL, OPEN, "journal-key-unknown")),
    ],
)
def test_proofs_that_were_exchanged_or_changed(
    parts: Parts, edit: Callable[[Parts], None], expected: tuple[LinkKind, Standing, str]
) -> None:
    edit(parts)
    verdict = verdict_on(parts)
    assert verdict.indication is not Indication.TOTAL_PASSED
    assert expected in not_holding(verdict)


def _split_journal(parts: Parts, *, is_one: bool) -> list[Tree]:
    """Each entry under a checkpoint of its own: of one journal that grows, or each of a journal that holds only it and
    entries that nobody sees. The trees, from the smallest."""
    log, names = parts.world.log, [name for name in parts.files if name.endswith(".entry")]
    entries = {name: parts.files.pop(name) for name in names}
    for name in [name for name in parts.files if name.endswith((".proof", ".checkpoint"))]:
        del parts.files[name]
    parts.records.clear()
    grown, trees = Tree(MemoryNodes()), []
    for number, raw in enumerate(entries.values()):
        tree = grown if is_one else Tree(MemoryNodes())
        if not is_one:
            tree.append([leaf_hash(b"filler %d" % each) for each in range(2 * number)])
        position = tree.size
        size = tree.append([leaf_hash(raw), leaf_hash(b"filler")])
        note = sign_checkpoint(Checkpoint(origin=log.name, size=size, root=tree.root()), signer=log)
        parts.files[f"journal/{position}.entry"] = raw
        parts.files[f"journal/{position}.proof"] = build_log_proof(position, tree.inclusion_proof(position), note)
        parts.files[f"journal/{size}.checkpoint"] = note
        trees.append(tree)
    return trees


def _growth(verdict: Verdict) -> tuple[Standing, str | None]:
    link = only(verdict, LinkKind.GROWTH)
    return link.standing, link.code


def test_a_journal_for_each_entry_is_no_journal(parts: Parts) -> None:
    """Each entry is in a journal that the service signed; nothing connects them."""
    trees = _split_journal(parts, is_one=False)
    verdict = verdict_on(parts)
    assert {link.standing for link in verdict.links if link.kind is LinkKind.JOURNAL} == {HOLDS}
    assert _growth(verdict) == (OPEN, "states-not-connected")
    assert verdict.indication is not Indication.TOTAL_PASSED
    sizes = [tree.size for tree in trees]
    for old, new in pairwise(sizes):  # the best that the service can do
        proof = trees[-1].consistency_proof(old, new)
        parts.files[f"journal/{old}-{new}.consistency"] = write_consistency(proof)
    found = not_holding(verdict_on(parts))
    assert {(LinkKind.GROWTH, FAILS, "consistency-unproven"), (LinkKind.GROWTH, OPEN, "states-not-connected")} <= found


def test_states_of_one_journal_are_connected_by_proofs(parts: Parts) -> None:
    (*_, tree) = _split_journal(parts, is_one=True)
    sizes = sorted(int(name[8:-11]) for name in parts.files if name.endswith(".checkpoint"))
    assert _growth(verdict_on(parts)) == (OPEN, "states-not-connected")
    for old, new in pairwise(sizes):
        parts.files[f"journal/{old}-{new}.consistency"] = write_consistency(tree.consistency_proof(old, new))
    link = only(verdict_on(parts), LinkKind.GROWTH)
    assert (link.standing, link.params["sizes"]) == (HOLDS, ", ".join(map(str, sizes)))
    name = f"journal/{sizes[0]}-{sizes[1]}.consistency"
    for damaged in (b"", b"?\n", parts.files[name] + b"x", parts.files[name] * 200, parts.files[name][1:]):
        assert (
            examine(
                build_package({**parts.files, name: damaged}, records={}, identity=parts.world.service, at=EXPORTED),
                grounds=parts.world.grounds(),
            ).indication
            is Indication.TOTAL_FAILED
        )


def test_a_checkpoint_that_the_examiner_kept(world: World, parts: Parts) -> None:
    """Of the same size, of a later state with and without proof, of another journal, by another key."""
    (name,) = (name for name in parts.files if name.endswith(".checkpoint"))
    size = int(name[8:-11])

    def judged(note: bytes, **added: bytes) -> set[tuple[LinkKind, Standing, str | None]]:
        raw = add_files(parts.pack(), {f"journal/{key[1:]}.consistency": value for key, value in added.items()})
        return not_holding(examine(raw, grounds=replace(world.grounds(), checkpoints=(note,))))

    assert judged(parts.files[name]) == set()
    tree = Tree(MemoryNodes())
    other = _note(world.log, tree, [b"other"] * size)
    assert judged(other) == {(LinkKind.GROWTH, FAILS, "two-journals")}
    assert judged(_note(world.log, tree, [b"more"])) == {(LinkKind.GROWTH, OPEN, "states-not-connected")}
    wrong = write_consistency(tree.consistency_proof(size))
    assert (LinkKind.GROWTH, FAILS, "consistency-unproven") in judged(
        _note(world.log, tree, []), **{f"_{size}-{size + 1}": wrong}
    )
    assert judged(_note(_another_log(world), tree, [])) == {(LinkKind.GROWTH, OPEN, "checkpoint-unsigned")}
    assert (LinkKind.GROWTH, FAILS, "checkpoint-unreadable") in judged(b"no note")


def _note(log: NoteSigner, tree: Tree, entries: list[bytes]) -> bytes:
    size = tree.append([leaf_hash(each) for each in entries]) if entries else tree.size
    return sign_checkpoint(Checkpoint(origin=log.name, size=size, root=tree.root()), signer=log)


def _record_names(entries: dict[str, bytes]) -> list[str]:
    return [name for name in entries if name.endswith(".ers")]


@pytest.mark.parametrize("damage", [lambda raw, _: b"", lambda raw, _: raw[: len(raw) // 2], lambda _, other: other])
def test_every_evidence_record_is_looked_at_and_a_bad_one_named(
    world: World, parts: Parts, damage: Callable[[bytes, bytes], bytes]
) -> None:
    """Emptied, cut in half, of another package; also those whose files another record proves."""
    grounds, entries = world.grounds(), read_container(parts.pack())
    others = read_container(make_parts(world).pack())
    for name in _record_names(entries):
        raw = build_container({**entries, name: damage(entries[name], others[name])})
        verdict = examine(raw, grounds=grounds)
        assert verdict.indication is not Indication.TOTAL_PASSED, name
        (link,) = (link for link in verdict.links if link.kind is LinkKind.TIME and link.standing is not HOLDS)
        manifest = name.replace("evidencerecord", "ASiCEvidenceRecordManifest").replace(".ers", ".xml")
        assert (link.standing, link.about in (manifest, *parts.files)) == (FAILS, True)


def test_a_bad_record_hides_no_good_one_of_the_same_file(world: World, parts: Parts) -> None:
    entries = read_container(parts.pack())
    whole = examine(build_container(entries), grounds=world.grounds())
    *_, last = _record_names(entries)
    manifest = last.replace("evidencerecord", "ASiCEvidenceRecordManifest").replace(".ers", ".xml")
    more = {
        last.replace(".ers", "").replace("evidencerecord0", "evidencerecord9") + ".ers": b"",
        manifest.replace("Manifest0", "Manifest9"): entries[manifest].replace(b"evidencerecord0", b"evidencerecord9"),
    }
    verdict = examine(build_container({**entries, **more}), grounds=world.grounds())
    assert [link for link in verdict.links if link.kind is LinkKind.TIME and link.standing is HOLDS] == [
        link for link in whole.links if link.kind is LinkKind.TIME
    ]
    (bad,) = (link for link in verdict.links if link.standing is not HOLDS)
    assert (bad.kind, bad.standing, bad.about) == (LinkKind.TIME, FAILS, manifest.replace("Manifest0", "Manifest9"))


def test_a_witness_counts_only_if_the_examiner_knows_it(world: World, parts: Parts) -> None:
    assert str(only(verdict_on(parts), LinkKind.WITNESS).who) == "witness.example"
    verdict = examine(parts.pack(), grounds=world.grounds(knows_witness=False))
    assert verdict.indication is Indication.TOTAL_PASSED
    assert not_holding(verdict) == {(LinkKind.WITNESS, OPEN, "not-witnessed")}


# what is no package


@pytest.mark.parametrize(
    "raw",
    [b"", b"PK\x03\x04", build_container({DESCRIPTION: b"{}"})],
)
def test_what_is_no_package_is_told_so(world: World, raw: bytes) -> None:
    verdict = examine(raw, grounds=world.grounds())
    (link,) = verdict.links
    assert (verdict.indication, link.kind, link.standing) == (Indication.TOTAL_FAILED, LinkKind.PACKAGE, FAILS)


@pytest.mark.parametrize("raw", [build_container({}), build_container({FORM: b"<a/>"})])
def test_what_does_not_describe_itself_lacks_the_description(world: World, raw: bytes) -> None:
    verdict = examine(raw, grounds=world.grounds())
    (link,) = verdict.missing
    assert (verdict.indication, verdict.links, link.about) == (Indication.INDETERMINATE, (link,), DESCRIPTION)


def test_without_its_description_a_package_still_tells_what_else_is_missing(world: World) -> None:
    """What the service signed of its decision says which copies there were, and what proves each."""
    parts = make_parts(world, also_for=["employer"])
    receipt = next(name for name in parts.files if name.startswith("receipts/"))
    second = parts.description.copies[1].delivery_id
    (consigned,) = (each for each in parts.evidence if each.delivery_id == second)
    taken = {DESCRIPTION, receipt, f"evidence/{consigned.id}.xml"}
    raw = build_container({name: raw for name, raw in read_container(parts.pack()).items() if name not in taken})
    verdict = examine(raw, grounds=world.grounds())
    assert verdict.indication is Indication.INDETERMINATE
    assert taken <= {link.about for link in verdict.missing}
    assert (LinkKind.COURSE, MISSING, "statement-of-consignment") in not_holding(verdict)
    assert verdict.description is None
    whole = build_container({name: raw for name, raw in read_container(parts.pack()).items() if name != DESCRIPTION})
    assert {link.about for link in examine(whole, grounds=world.grounds()).missing} == {DESCRIPTION}


@pytest.mark.parametrize("of", ["a stranger", "two decisions"])
def test_no_description_is_made_of_what_the_service_did_not_sign_or_contradicts_itself(
    world: World, parts: Parts, of: str
) -> None:
    identity = world.recipient if of == "two decisions" else issue_authority("Nobody", at=HANDED_IN)
    forged = Witness(keys=Keyring.single(identity), issuer="counter").state(
        Event.SUBMISSION_ACCEPTANCE,
        at=HANDED_IN,
        submission_id=SubmissionId(new_id()),
        sender=PartyId("somebody"),
        document_digest=sha256(parts.form),
    )
    name = f"evidence/{forged.id}.xml"
    files = {name: forged.raw} if of == "a stranger" else {**parts.files, name: forged.raw}
    raw = build_container({each: raw for each, raw in files.items() if each != DESCRIPTION})
    verdict = examine(raw, grounds=world.grounds())
    assert DESCRIPTION in {link.about for link in verdict.missing}
    assert not [link for link in verdict.links if link.kind in (LinkKind.STATEMENT, LinkKind.COURSE)]


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("META-INF/ASiCManifest001.xml", b"signature001", b"signature002", "names another signature or record"),
        ("META-INF/ASiCManifest001.xml", b"<asic:ASiC", b"<asic:", "cannot be read"),
        ("META-INF/ASiCEvidenceRecordManifest001.xml", b'URI="journal', b'URI="META-INF', "names a file twice, or one"),
        ("META-INF/manifest.xml", b"package.json", b"form.xml", "names a file twice, or one"),
    ],
)
def test_a_list_of_files_that_is_damaged_is_named_and_what_is_wrong_with_it(
    world: World, parts: Parts, name: str, old: bytes, new: bytes, told: str
) -> None:
    raw = zipped_anew(parts.pack(), lambda entries: entries.update({name: entries[name].replace(old, new)}))
    (link,) = examine(raw, grounds=world.grounds()).links
    assert (link.standing, link.code, link.about) == (FAILS, "manifest-disagrees", name)
    assert f"{name} {told}" in say(link, "en")
    assert len({say(link, language) for language in ("en", "nl", "fr", "de")}) == 4


def test_nobody_has_seen_a_checkpoint_at_a_time_that_has_not_come(world: World, parts: Parts) -> None:
    """A witness may lie about the time; that breaks no proof, and is told."""
    early = replace(world.grounds(), at=STAMPED - timedelta(minutes=10))
    assert (LinkKind.WITNESS, OPEN, "times-contradict") in not_holding(examine(parts.pack(), grounds=early))
    assert LinkKind.WITNESS not in {kind for kind, _, _ in not_holding(verdict_on(parts))}


def test_who_may_stamp_and_what_must_be_known_is_the_examiners_to_say(world: World, parts: Parts) -> None:
    nobody = replace(world.grounds(), timestamps=TimestampTrust(anchors=TrustPolicy((world.authority.certificate,))))
    found = not_holding(examine(parts.pack(), grounds=nobody))
    assert (LinkKind.TIME, OPEN, "timestamp-untrusted") in found
    unknown = _with_answers(world)
    unknown.files = {name: raw for name, raw in unknown.files.items() if not name.startswith("revocation/")}
    strict = replace(world.grounds(), revocation=RevocationRule(required=True))
    assert (LinkKind.FORM, OPEN, "revocation-unknown") in not_holding(examine(unknown.pack(), grounds=strict))


def test_without_anchors_nothing_is_believed(parts: Parts) -> None:
    grounds = replace(parts.world.grounds(), trust=TrustPolicy(()))
    verdict = examine(parts.pack(), grounds=grounds)
    assert verdict.indication is Indication.INDETERMINATE
    assert not verdict.story


# certificates


def _with_answers(world: World, *, revoked_at: datetime | None = None) -> Parts:
    """A doctor whose certificate can be revoked, and what its issuer said of it when the form came."""
    doctor = issue(world.authority, "Dr. An Toonbeeld", serial_number="88021520444", told_at=TOLD, at=BEFORE)
    answer = _answer(world.authority, doctor, at=STAMPED, revoked_at=revoked_at)
    item = ValidationItem(kind="ocsp", digest=sha256(answer), raw=answer)
    return make_parts(replace(world, doctor=doctor), items=[item])


def _answer(
    authority: Identity,
    about: Identity,
    *,
    at: datetime,
    revoked_at: datetime | None,
    why: x509.ReasonFlags = x509.ReasonFlags.key_compromise,
) -> bytes:
    """What the authority says at a moment of a certificate."""
    revoked = {} if revoked_at is None else {about.certificate.serial_number: (revoked_at, why)}
    issuer = RevocationAuthority(identity=authority, revoked=revoked)

    def ask(url: str, *, body: bytes | None = None, content_type: object = None, max_bytes: int) -> bytes:
        return issuer.answer(body or b"", at=at)

    path = [each.certificate.public_bytes(Encoding.DER) for each in (about, authority)]
    (answer,) = collect_revocation(path, fetch=ask, at=at, algorithms=ALGORITHMS).ocsps
    return answer


def _of_the_doctor(verdict: Verdict) -> Link:
    return next(link for link in verdict.links if link.kind is LinkKind.REVOCATION and "Toonbeeld" in str(link.who))


def test_what_the_issuer_said_of_a_certificate_counts_also_after_it_ended(world: World) -> None:
    parts = _with_answers(world)
    for at in (EXPORTED, LATER):
        verdict = verdict_on(parts, at)
        link = _of_the_doctor(verdict)
        assert verdict.indication is Indication.TOTAL_PASSED
        assert (link.standing, link.params["source"], link.at) == (HOLDS, "ocsp", STAMPED)
    parts.files = {name: raw for name, raw in parts.files.items() if not name.startswith("revocation/")}
    link = _of_the_doctor(verdict_on(parts))
    assert (link.standing, link.code, link.needed) == (OPEN, "revocation-not-known", False)


def test_revocation_data_that_nothing_dates_says_nothing_of_a_past_time(world: World) -> None:
    """Who has the key of a responder that ended long ago could make an answer of any date."""
    ended = make_world(years=3)
    known = _with_answers(ended)
    assert _of_the_doctor(verdict_on(known, LATER)).standing is HOLDS
    forged = _with_answers(ended)
    forged.files["validation.json"] = known.files["validation.json"]
    link = _of_the_doctor(verdict_on(forged, LATER))
    assert (link.standing, link.code) == (OPEN, "revocation-not-known")


def test_revocation_data_that_was_recorded_years_later_was_not_known_at_arrival(world: World) -> None:
    """The responder has ended, and its key is anybody's; the record of what was known is made and stamped only now."""
    ended = make_world(years=3)
    parts = _with_answers(ended)
    entry = _entry_of(parts, VALIDATION)
    record = replace(read_entry(parts.files[entry]), at=LATER)
    del parts.files[entry], parts.records[entry], parts.files[entry.replace(".entry", ".proof")]
    other = replace(record, id=new_id())
    files, records = Journal(world=ended, entries=[*[other] * 9, record, other]).close(stamped_at=LATER)
    new = ("journal/9.entry", "journal/9.proof", "journal/11.checkpoint")
    parts.files |= {name: files[name] for name in new}
    parts.records |= {name: records[name] for name in new if name in records}
    verdict = verdict_on(parts, LATER + timedelta(days=1))
    (stamped,) = (link for link in verdict.links if (link.kind, link.about) == (LinkKind.TIME, VALIDATION))
    assert (stamped.standing, stamped.at) == (HOLDS, LATER)
    link = _of_the_doctor(verdict)
    assert (link.standing, link.code) == (OPEN, "revocation-not-known")


def _entry_of(parts: Parts, name: str) -> str:
    """The entry of the journal that binds a file."""
    digest = sha512(parts.files[name]).hexdigest().encode()
    return next(each for each, raw in parts.files.items() if each.endswith(".entry") and digest in raw)


def _with_answer_about_the_seal(world: World, *, revoked_at: datetime | None = None) -> Parts:
    """A service whose certificate can be revoked; what its issuer said of it stands in the package that it sealed."""
    seal = issue(
        world.authority, "Example Counter", organization_identifier="NTRBE-0444444496", told_at=TOLD, at=BEFORE
    )
    answer = _answer(world.authority, seal, at=EXPORTED, revoked_at=revoked_at)
    parts = make_parts(replace(world, service=seal))
    parts.files[f"revocation/{sha256(answer).removeprefix('sha256:')}.ocsp"] = answer
    return parts


def test_the_certificate_that_seals_a_package_is_asked_after(world: World) -> None:
    verdict = verdict_on(_with_answer_about_the_seal(world))
    assert (verdict.indication, not_holding(verdict)) == (Indication.TOTAL_PASSED, set())
    (link,) = (each for each in verdict.links if each.kind is LinkKind.REVOCATION and "Counter" in str(each.who))
    assert link.params["source"] == "ocsp"


def test_a_package_sealed_after_its_seal_was_revoked(world: World) -> None:
    """What it stated before the revocation stands: time stamps show that it is older."""
    verdict = verdict_on(_with_answer_about_the_seal(world, revoked_at=STAMPED + timedelta(hours=1)))
    assert (verdict.indication, not_holding(verdict)) == (
        Indication.INDETERMINATE,
        {(LinkKind.SEAL, OPEN, "certificate-revoked")},
    )
    verdict = verdict_on(_with_answer_about_the_seal(world, revoked_at=HANDED_IN - timedelta(hours=1)))
    assert (LinkKind.STATEMENT, OPEN, "certificate-revoked") in not_holding(verdict)
    assert not verdict.story


def _with_answer_about_the_unit(world: World, *, at: datetime = EXPORTED, **said: Any) -> Parts:
    """A time authority whose certificate can be revoked, and what its issuer says of it when the package is made."""
    unit = issue(world.time_authority, "Example Time Unit", use="stamp", told_at=TOLD, at=BEFORE, days=3650)
    parts = make_parts(replace(world, unit=unit))
    if said:
        answer = _answer(world.time_authority, unit, at=at, **said)
        parts.files[f"revocation/{sha256(answer).removeprefix('sha256:')}.ocsp"] = answer
    return parts


STRICT = RevocationRule(required=True)


def test_the_time_authority_is_asked_after(world: World) -> None:
    parts = _with_answer_about_the_unit(world, revoked_at=None)
    verdict = examine(parts.pack(), grounds=replace(world.grounds(), revocation=STRICT))
    assert (verdict.indication, not_holding(verdict)) == (Indication.TOTAL_PASSED, set())
    (link,) = (each for each in verdict.links if each.kind is LinkKind.REVOCATION and "Time Unit" in str(each.who))
    assert (link.standing, link.params["source"], link.at) == (HOLDS, "ocsp", EXPORTED)


def test_a_time_authority_of_which_nothing_is_known(world: World) -> None:
    raw = _with_answer_about_the_unit(world).pack()
    verdict = examine(raw, grounds=world.grounds())
    assert verdict.indication is Indication.TOTAL_PASSED
    assert not_holding(verdict) == {(LinkKind.REVOCATION, OPEN, "revocation-not-known")}
    verdict = examine(raw, grounds=replace(world.grounds(), revocation=STRICT))
    assert verdict.indication is Indication.INDETERMINATE
    assert (LinkKind.TIME, OPEN, "revocation-unknown") in not_holding(verdict)


@pytest.mark.parametrize("revoked_at", [BEFORE + timedelta(hours=1), STAMPED + timedelta(hours=1)])
@pytest.mark.parametrize("rule", [RevocationRule(), STRICT])
def test_a_time_authority_whose_key_leaked_proves_no_time(
    world: World, revoked_at: datetime, rule: RevocationRule
) -> None:
    """Also when it leaked after the stamped time: who has the key stamps any time."""
    parts = _with_answer_about_the_unit(world, revoked_at=revoked_at)
    verdict = examine(parts.pack(), grounds=replace(world.grounds(), revocation=rule))
    assert verdict.indication is Indication.INDETERMINATE
    times = {(link.standing, link.code) for link in verdict.links if link.kind is LinkKind.TIME}
    assert times == {(OPEN, "timestamp-revoked")}
    assert all(link.time is not TimeKind.PROVEN for link in verdict.links)


def test_a_time_authority_that_ceased_stamped_rightly_before(world: World) -> None:
    why = x509.ReasonFlags.cessation_of_operation
    ceased = _with_answer_about_the_unit(world, revoked_at=STAMPED + timedelta(hours=1), why=why)
    assert verdict_on(ceased).indication is Indication.TOTAL_PASSED
    before = _with_answer_about_the_unit(world, revoked_at=STAMPED - timedelta(hours=1), why=why)
    assert (LinkKind.TIME, OPEN, "timestamp-revoked") in not_holding(verdict_on(before))


def test_the_clock_of_a_time_authority_may_be_minutes_ahead(parts: Parts) -> None:
    raw = parts.pack()
    grounds = parts.world.grounds(STAMPED - timedelta(minutes=4))
    assert examine(raw, grounds=grounds).indication is Indication.TOTAL_PASSED
    found = not_holding(examine(raw, grounds=replace(grounds, at=STAMPED - timedelta(minutes=6))))
    assert (LinkKind.TIME, OPEN, "timestamp-out-of-order") in found


def test_what_a_stranger_adds_to_judge_certificates_by_is_not_used(world: World) -> None:
    """Each signature would have to try it: a small package would hold its examiner for hours."""
    parts = _with_answers(world)
    added = {name: parts.files.pop(name) for name in list(parts.files) if name.startswith("revocation/")}
    verdict = examine(add_files(parts.pack(), added), grounds=world.grounds())
    assert not_holding(verdict) == {
        (LinkKind.REVOCATION, OPEN, "revocation-not-known"),
        (LinkKind.FILE, OPEN, "file-not-sealed"),
    }


def test_more_to_judge_certificates_by_than_can_be_tried_is_not_used(world: World) -> None:
    parts = _with_answers(world)
    parts.files |= {f"certificates/{number:064}.cer": b"" for number in range(256)}
    found = not_holding(verdict_on(parts))
    assert (LinkKind.FILE, OPEN, "brings-too-much") in found
    assert (LinkKind.REVOCATION, OPEN, "revocation-not-known") in found


def test_a_signatory_whose_certificate_was_revoked_before(world: World) -> None:
    verdict = verdict_on(_with_answers(world, revoked_at=HANDED_IN - timedelta(hours=2)))
    assert verdict.indication is Indication.INDETERMINATE
    assert (LinkKind.FORM, OPEN, "certificate-revoked") in not_holding(verdict)
