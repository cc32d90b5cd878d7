"""Revocation on arrival: asked, kept, refused; and signatures that bring time stamps and validation data along."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

import signing
from gateway.api.app import create_app
from gateway.assembly import auditing
from gateway.demo.papers import draw_up
from gateway.errors import SourceUnavailable
from gateway.forms.findings import Severity
from gateway.idempotency import Accepted
from gateway.intake import Rejected
from gateway.model import RevocationPolicy, SubmissionId, ValidationRecord
from gateway.signatories import SIGNATURE_CODES
from signing import (
    Identity,
    ValidationData,
    archive_xml,
    extend_xml,
    issue,
    issue_authority,
    load_identity,
    sha256,
    sign_xml,
    stamp_xml,
    subject_of,
)
from signing.errors import VERIFICATION_CODES
from tests.conftest import Counter, served
from tests.patience import http_client, wait_until
from tests.revoking import Issuer, issuer_on_loopback
from tests.signing.stamping import stamper

KIND = "be/appeal"  # signed by a worker, whom the certificate itself names, as that of an identity card does
LOOPBACK = (ip_network("127.0.0.0/8"),)
HOUR = timedelta(hours=1)
Open = Callable[..., Counter]


@pytest.fixture
def issuer(cast: Any) -> Iterator[Issuer]:
    with issuer_on_loopback(load_identity(cast.authority)) as served:
        yield served


@pytest.fixture
def opened(open_counter: Open) -> Open:
    def open_it(**changes: Any) -> Counter:
        settings = {"revocation_allowed_networks": LOOPBACK, "revocation_timeout_s": 30.0, **changes}
        return open_counter(**settings)

    return open_it


def card(counter: Counter, issuer: Issuer, **options: Any) -> Identity:
    """A new card of the worker."""
    number = subject_of(counter.identity("worker").certificate).serial_number
    return issuer.issue("Jan Voorbeeld", serial_number=number, **options)


def unsigned() -> bytes:
    return draw_up(KIND, now=datetime.now(UTC)).raw


def signed(identity: Identity, at: datetime | None = None) -> bytes:
    return sign_xml(unsigned(), identity=identity, at=at or datetime.now(UTC))


def hand_in(counter: Counter, raw: bytes) -> tuple[dict[str, Any], ValidationRecord]:
    """What the sender is told of a form that is taken in, and what was kept."""
    told = counter.accept(raw, sender="worker")
    assert isinstance(told, Accepted), told
    return json.loads(told.answer), kept_of(counter, told.submission_id)


def refused(counter: Counter, raw: bytes) -> tuple[set[str], ValidationRecord]:
    told = counter.accept(raw, sender="worker")
    assert isinstance(told, Rejected), told
    errors = [finding.code for finding in told.report.findings if finding.severity is Severity.ERROR]
    return set(errors), kept_of(counter, told.submission_id)


def kept_of(counter: Counter, submission_id: SubmissionId) -> ValidationRecord:
    kept = counter.gateway.store.read(lambda view: view.validation_of(submission_id))
    assert kept is not None
    assert {sha256(item.raw) for item in kept.items} == set(json.loads(kept.raw)["kept"])
    return kept


def kinds(kept: ValidationRecord) -> list[str]:
    return sorted(item.kind for item in kept.items)


def sources(kept: ValidationRecord) -> list[str | None]:
    return [status["source"] for each in json.loads(kept.raw)["signatures"] for status in each["statuses"]]


def warnings(answer: dict[str, Any]) -> set[str]:
    return {code for warning in answer["warnings"] if (code := warning["code"]).startswith("SIG-")}


def audited(counter: Counter) -> set[str]:
    return {flaw.code for flaw in auditing(counter.gateway).run()}


# asked and kept


def test_the_issuer_is_asked_once_and_what_it_says_is_kept_once(opened: Open, issuer: Issuer) -> None:
    counter = opened()
    mine = card(counter, issuer)
    answer, kept = hand_in(counter, signed(mine))
    assert (warnings(answer), sources(kept), kinds(kept)) == (set(), ["ocsp"], ["certificate", "ocsp"])
    _, again = hand_in(counter, signed(mine))
    assert issuer.asked == ["/ocsp"]
    assert again.items == kept.items
    assert audited(counter) == set()


def test_no_name_and_no_number_is_kept_in_clear(opened: Open, issuer: Issuer) -> None:
    """The certificate of a card names a person: only its digest is kept."""
    counter = opened()
    mine = card(counter, issuer)
    _, kept = hand_in(counter, signed(mine))
    number = subject_of(mine.certificate).serial_number or ""
    everything = kept.raw + b"".join(item.raw for item in kept.items)
    assert b"Voorbeeld" not in everything
    assert number.removeprefix("INSBE-").encode() not in everything
    assert mine.certificate.public_bytes(Encoding.DER) not in {item.raw for item in kept.items}
    assert json.loads(kept.raw)["signatures"][0]["path"][0] == mine.fingerprint


def test_the_list_is_fetched_when_nobody_answers(opened: Open, issuer: Issuer) -> None:
    counter = opened()
    issuer.down.add("/ocsp")
    _, kept = hand_in(counter, signed(card(counter, issuer)))
    assert (sources(kept), kinds(kept)) == (["crl"], ["certificate", "crl"])
    _, other = hand_in(counter, signed(card(counter, issuer)))
    assert issuer.asked.count("/list") == 1, "a list speaks of everybody"
    assert sources(other) == ["crl"]


def test_who_is_revoked_is_refused_and_the_proof_is_kept(opened: Open, issuer: Issuer) -> None:
    counter = opened()
    mine = card(counter, issuer)
    issuer.revoke(mine, datetime.now(UTC) - HOUR)
    codes, kept = refused(counter, signed(mine))
    assert codes == {"SIG-REVOKED"}
    assert kept.outcome == "certificate-revoked"
    assert kinds(kept) == ["certificate", "ocsp"]
    assert audited(counter) == set()
    assert hand_in(counter, signed(card(counter, issuer)))


def test_certificates_that_are_never_revoked_are_not_asked_about(opened: Open, issuer: Issuer) -> None:
    counter = opened(revocation_policy=RevocationPolicy.REQUIRE)
    _, kept = hand_in(counter, counter.form(KIND))
    assert (issuer.asked, sources(kept), kinds(kept)) == ([], ["never"], ["certificate"])


# nobody answers


def test_unless_an_answer_is_required_silence_is_said_and_passes(opened: Open, issuer: Issuer) -> None:
    counter = opened()
    issuer.down |= {"/ocsp", "/list"}
    answer, kept = hand_in(counter, signed(card(counter, issuer)))
    assert warnings(answer) == {"SIG-REVOCATION-UNKNOWN"}
    assert (sources(kept), kinds(kept)) == ([None], ["certificate"])
    assert audited(counter) == set()


def test_where_an_answer_is_required_the_form_waits_and_nothing_is_kept(opened: Open, issuer: Issuer) -> None:
    counter = opened(revocation_policy=RevocationPolicy.REQUIRE, revocation_pause_s=0.01)
    issuer.down |= {"/ocsp", "/list"}
    raw = signed(card(counter, issuer))
    with pytest.raises(SourceUnavailable) as failed:
        counter.accept(raw, sender="worker")
    assert failed.value.retry_after_s > 0
    assert counter.gateway.store.read(lambda view: view.submission_ids(after=0, limit=1)) == []
    issuer.down.clear()
    time.sleep(0.05)  # the pause
    _, kept = hand_in(counter, raw)
    assert sources(kept) == ["ocsp"]


def test_a_required_answer_that_nobody_could_give(opened: Open, issuer: Issuer, cast: Any) -> None:
    """The certificate names no address, and does not say that it is never revoked either."""
    counter = opened(revocation_policy=RevocationPolicy.REQUIRE)
    issuer.address = "ldap:"
    codes, _ = refused(counter, signed(silent_card(counter, issuer)))
    assert codes == {"SIG-REVOCATION-MISSING"}


def silent_card(counter: Counter, issuer: Issuer) -> Identity:
    with_addresses = card(counter, issuer)
    old = with_addresses.certificate
    builder = x509.CertificateBuilder(
        old.issuer, old.subject, old.public_key(), 77, old.not_valid_before_utc, old.not_valid_after_utc
    )
    for extension in old.extensions:
        if not isinstance(extension.value, x509.AuthorityInformationAccess | x509.CRLDistributionPoints):
            builder = builder.add_extension(extension.value, extension.critical)
    return Identity(with_addresses.key, builder.sign(issuer.authority.key, hashes.SHA256()))


def test_an_issuer_that_hangs_is_waited_for_once(opened: Open, issuer: Issuer) -> None:
    counter = opened(revocation_timeout_s=0.2)
    issuer.hangs_s = 2
    forms = [signed(card(counter, issuer)) for _ in range(5)]
    for raw in forms:
        answer, _ = hand_in(counter, raw)
        assert warnings(answer) == {"SIG-REVOCATION-UNKNOWN"}
    wait_until(lambda: issuer.asked)
    assert len(issuer.asked) == 1


def test_many_at_once_ask_once(opened: Open, issuer: Issuer) -> None:
    counter = opened()
    mine = card(counter, issuer)
    issuer.hangs_s = 0.3
    forms = [signed(mine) for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        kept = [kept for _, kept in threads.map(lambda raw: hand_in(counter, raw), forms)]
    assert issuer.asked == ["/ocsp"]
    assert {tuple(sources(each)) for each in kept} == {("ocsp",)}


def test_who_waits_for_an_issuer_holds_up_nobody(opened: Open, issuer: Issuer) -> None:
    counter = opened()
    cards = [signed(card(counter, issuer)) for _ in range(6)]
    token = {"Authorization": f"Bearer {counter.tokens['worker']}", "Content-Type": "application/xml"}
    issuer.speaks.clear()
    with (
        served(create_app(counter.gateway)) as address,
        http_client(address, token) as worker,
        ThreadPoolExecutor(len(cards)) as threads,
    ):
        waiting = [threads.submit(worker.post, "/v1/submissions", content=raw) for raw in cards]
        wait_until(lambda: len(issuer.asked) == len(cards))
        other = worker.post("/v1/submissions", content=counter.form(KIND))
        issuer.speaks.set()
        assert {answer.result().status_code for answer in waiting} == {201}
    assert other.status_code == 201
    assert len(issuer.asked) == len(cards)


def test_a_form_whose_issuer_is_asked_is_told_as_being_judged(opened: Open, issuer: Issuer) -> None:
    counter = opened()
    token = {"Authorization": f"Bearer {counter.tokens['worker']}", "Content-Type": "application/xml"}
    issuer.speaks.clear()
    with (
        served(create_app(counter.gateway)) as address,
        http_client(address, token) as worker,
        ThreadPoolExecutor(1) as thread,
    ):
        key, own = {"Idempotency-Key": "key"}, signed(card(counter, issuer))
        waiting = thread.submit(worker.post, "/v1/submissions", content=own, headers=key)
        wait_until(lambda: issuer.asked)
        assert worker.get("/v1/submissions", params={"idempotencyKey": "key"}).json()["running"]
        assert worker.post("/v1/submissions", content=own, headers=key).status_code == 202
        other = worker.post("/v1/submissions", content=counter.form(KIND), headers=key)
        assert (other.status_code, other.json()["code"]) == (409, "idempotency-key-running")
        issuer.speaks.set()
        assert waiting.result().status_code == 201
        assert not worker.get("/v1/submissions", params={"idempotencyKey": "key"}).json()["running"]
    assert len(issuer.asked) == 1


def test_who_was_asked_for_a_form_is_not_asked_again_where_it_is_judged(opened: Open, issuer: Issuer) -> None:
    counter = opened(revocation_pause_s=1e-9)  # what was said is forgotten before the form is judged
    issuer.down |= {"/ocsp", "/list"}
    token = {"Authorization": f"Bearer {counter.tokens['worker']}", "Content-Type": "application/xml"}
    with served(create_app(counter.gateway)) as address, http_client(address, token) as worker:
        answer = worker.post("/v1/submissions", content=signed(card(counter, issuer)))
    assert answer.status_code == 201
    assert warnings(answer.json()) == {"SIG-REVOCATION-UNKNOWN"}
    assert sorted(issuer.asked) == ["/list", "/ocsp"]


def test_nobody_is_asked_where_that_is_switched_off(opened: Open, issuer: Issuer) -> None:
    counter = opened(revocation_policy=RevocationPolicy.OFF)
    answer, kept = hand_in(counter, signed(card(counter, issuer)))
    assert (issuer.asked, warnings(answer), sources(kept)) == ([], set(), [None])


# where it may go


def test_the_certificate_of_a_stranger_makes_nobody_knock_anywhere(opened: Open, issuer: Issuer) -> None:
    counter = opened()
    issuer.authority = issue_authority("Nobody's Authority", at=datetime.now(UTC) - HOUR * 3)
    codes, _ = refused(counter, signed(card(counter, issuer)))
    assert (codes, issuer.asked) == ({"SIG-UNTRUSTED"}, [])


def test_addresses_inside_are_not_asked_unless_allowed(opened: Open, issuer: Issuer) -> None:
    counter = opened(revocation_allowed_networks=())
    answer, _ = hand_in(counter, signed(card(counter, issuer)))
    assert (warnings(answer), issuer.asked) == ({"SIG-REVOCATION-UNKNOWN"}, [])


@pytest.mark.parametrize("address", ["file:///etc/hostname?", "ldap://127.0.0.1/", "http://[", "http://a b/", "x"])
def test_addresses_that_are_none(opened: Open, issuer: Issuer, address: str) -> None:
    counter = opened()
    issuer.address = address
    answer, _ = hand_in(counter, signed(card(counter, issuer)))
    assert warnings(answer) == {"SIG-REVOCATION-UNKNOWN"}


# time stamps and validation data in the signature


@pytest.fixture
def unit(issuer: Issuer) -> Identity:
    return issue(issuer.authority, "Time-stamping unit", use="stamp", at=datetime.now(UTC) - HOUR * 24)


def test_every_level_is_taken_in(opened: Open, issuer: Issuer, unit: Identity) -> None:
    counter = opened()
    mine = card(counter, issuer)
    now = datetime.now(UTC)
    clock = stamper(now, unit=unit, trust=counter.gateway.vouching.policy.timestamps)

    def level(raw: bytes) -> str:
        _, kept = hand_in(counter, raw)
        return str(json.loads(kept.raw)["signatures"][0]["level"])

    assert level(signed(mine)) == "B-B"
    assert level(stamp_xml(signed(mine), timestamper=clock, at=now)) == "B-LT", "asked on arrival"
    lasting = extend_xml(stamp_xml(signed(mine), timestamper=clock, at=now), data=said_now(issuer, mine))
    assert level(lasting) == "B-LT"
    lasting = extend_xml(stamp_xml(signed(mine), timestamper=clock, at=now), data=said_now(issuer, mine))
    assert level(archive_xml(lasting, timestamper=clock, at=now)) == "B-LTA"


def said_now(issuer: Issuer, identity: Identity, at: datetime | None = None) -> ValidationData:
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509 import ocsp

    builder = ocsp.OCSPRequestBuilder().add_certificate(
        identity.certificate, issuer.authority.certificate, hashes.SHA1()
    )
    request = builder.build().public_bytes(Encoding.DER)
    return ValidationData(ocsps=(issuer.books.answer(request, at=at or datetime.now(UTC)),))


def test_a_card_that_expired_since_it_was_stamped(opened: Open, issuer: Issuer, unit: Identity) -> None:
    """What was signed in time counts after the card ran out, if it was stamped and brings its validation data."""
    counter = opened(revocation_policy=RevocationPolicy.REQUIRE)
    now = datetime.now(UTC)
    mine = card(counter, issuer, at=now - timedelta(hours=24, minutes=1), days=1)
    before = now - HOUR * 2
    bare = signed(mine, before)
    assert refused(counter, bare)[0] == {"SIG-EXPIRED"}
    clock = stamper(before, unit=unit, trust=counter.gateway.vouching.policy.timestamps)
    lasting = extend_xml(stamp_xml(bare, timestamper=clock, at=before), data=said_now(issuer, mine, before))
    _, kept = hand_in(counter, lasting)
    assert json.loads(kept.raw)["signatures"][0]["bestSignatureTime"][:19] == before.isoformat()[:19]


def test_a_card_that_was_revoked_after_it_was_stamped(opened: Open, issuer: Issuer, unit: Identity) -> None:
    counter = opened()
    now = datetime.now(UTC)
    mine = card(counter, issuer)
    issuer.revoke(mine, now - HOUR / 2)
    clock = stamper(now - HOUR, unit=unit, trust=counter.gateway.vouching.policy.timestamps)
    raw = signed(mine, now - HOUR)
    assert refused(counter, raw)[0] == {"SIG-REVOKED"}
    _, kept = hand_in(counter, stamp_xml(raw, timestamper=clock, at=now - HOUR))
    assert json.loads(kept.raw)["signatures"][0]["statuses"][0]["reason"] == "keyCompromise"


def test_a_stamp_that_does_not_hold_is_refused(opened: Open, issuer: Issuer, unit: Identity) -> None:
    counter = opened()
    mine, now = card(counter, issuer), datetime.now(UTC)
    trust = counter.gateway.vouching.policy.timestamps
    raw = stamp_xml(signed(mine), timestamper=stamper(now, unit=unit, trust=trust), at=now)
    other = stamp_xml(signed(mine), timestamper=stamper(now, unit=unit, trust=trust), at=now)
    moved = with_stamp_of(raw, other)
    assert refused(counter, moved)[0] == {"SIG-TIMESTAMP"}
    stranger = stamp_xml(signed(mine), timestamper=stamper(now), at=now)  # of an authority of these tests only
    assert refused(counter, stranger)[0] == {"SIG-TIMESTAMP"}


def with_stamp_of(raw: bytes, other: bytes) -> bytes:
    def token(document: bytes) -> bytes:
        return document.split(b"EncapsulatedTimeStamp", 2)[1]

    assert token(raw) != token(other)
    return raw.replace(token(raw), token(other))


def test_an_anchor_of_time_stamps_of_its_own(opened: Open, issuer: Issuer, unit: Identity, tmp_path: Any) -> None:
    from tests.signing.stamping import TIME_ROOT

    anchors = tmp_path / "time.pem"
    anchors.write_bytes(TIME_ROOT.certificate.public_bytes(Encoding.PEM))
    counter = opened(timestamp_anchors=anchors)
    mine, now = card(counter, issuer), datetime.now(UTC)
    assert hand_in(counter, stamp_xml(signed(mine), timestamper=stamper(now), at=now))
    strange = stamper(now, unit=unit, trust=opened().gateway.vouching.policy.timestamps)
    assert refused(counter, stamp_xml(signed(mine), timestamper=strange, at=now))[0] == {"SIG-TIMESTAMP"}


def test_every_reason_of_a_signature_has_a_finding() -> None:
    """Whatever the code that validates a form can refuse, the sender is told in a finding of its own."""
    home = Path(signing.__file__).parent
    files = [
        home / f"{name}.py"
        for name in ("algorithms", "certificates", "formats/validation", "parsing", "paths", "trust")
    ]
    files += [each for name in ("formats/xades", "revocation", "timestamps") for each in (home / name).glob("*.py")]
    said = "".join(file.read_text() for file in files)
    assert set(SIGNATURE_CODES) == {code for code in VERIFICATION_CODES if f'"{code}"' in said}
