"""The second country, over HTTP: the institute asks, the expertise centre answers; no employer is ever near it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.deadlines import Reading
from gateway.errors import RegistrationRefused
from gateway.forms.catalogue import load_countries
from gateway.model import PartyId
from gateway.registration import PartyDraft
from signing import SealingFailed, sha256
from signing.issuing import issue, issue_authority
from tests.conftest import SIGNERS, Counter
from tests.journey.test_mailboxes import collected, delivery_to, lease, opened, receipt_of, send_receipt
from tests.patience import http_client

Http = Callable[[str | None], httpx2.Client]
XML = {"Content-Type": "application/xml"}
REQUEST, ADVICE = "nl/expertise-advice-request", "nl/expertise-advice"
RELATED = "f:Header/c:RelatedDocument"
NETHERLANDS = load_countries()["nl"].calendar
PIET, EMPLOYER_OF_PIET = "999990019", "90000041"


def hand_in(http: Http, counter: Counter, kind: str, *, expect: int = 201, **changes: Any) -> tuple[bytes, Any]:
    form = counter.form(kind, **changes)
    answer = http(SIGNERS[kind][1]).post("/v1/submissions", content=form, headers=XML)
    assert answer.status_code == expect, answer.text
    return form, answer.json()


def sign_for(http: Http, counter: Counter, view: Mapping[str, Any], party: str) -> bytes:
    """The recipient opens its copy, signs for it, and has the form."""
    delivery = delivery_to(dict(view), party)
    envelope = opened(counter, party, lease(http, party, delivery).content)
    taken = send_receipt(http, party, delivery, receipt_of(counter, party, envelope))
    assert taken.json()["outcome"] == "handed-over"
    return envelope.form


def recipients(view: Mapping[str, Any]) -> set[tuple[str, str, str]]:
    return {(each["route"], each["role"], each["party"]) for each in view["deliveries"]}


def terms(http: Http, view: Mapping[str, Any]) -> dict[str, Any]:
    return {term["id"]: term for term in http("institute").get(view["href"]).json()["terms"]}


def an_employer(counter: Counter, *roles: str) -> str:
    """Register the undertaking that the sample names as employer, in these roles; gives its token."""
    now = datetime.now(UTC)
    seal = issue(issue_authority("Proef CA", at=now), "Steenhouwerij Denkbeeld BV", use="seal", at=now)
    counter.gateway.registration.put(
        PartyDraft(
            id="stonemasonry",
            name="Steenhouwerij Denkbeeld BV",
            roles=frozenset(roles),
            identifiers={"kvk": EMPLOYER_OF_PIET},
            sealing_certificate=seal.certificate.public_bytes(Encoding.PEM).decode(),
        )
    )
    return counter.gateway.registration.new_token(PartyId("stonemasonry"))


def mail_of(http: Http, counter: Counter, party: str) -> list[str]:
    return [kind for kind, _ in collected(http, counter, party)]


def test_a_request_goes_to_centre_and_panel_and_the_advice_comes_back(http: Http, counter: Counter) -> None:
    form, asked = hand_in(http, counter, REQUEST)
    assert recipients(asked) == {
        ("NR01", "ExpertiseCentre", "expertise-centre"),
        ("NR02", "ExpertPanel", "expert-panel"),
    }
    assert sign_for(http, counter, asked, "expertise-centre") == form
    answers = {f"{RELATED}/c:DocumentId": asked["documentId"], f"{RELATED}/c:Digest": sha256(form)}
    _, advised = hand_in(http, counter, ADVICE, fill=answers)
    assert advised.get("warnings", []) == []
    assert recipients(advised) == {("NR03", "Institute", "institute"), ("NR04", "DecisionBody", "decision-body")}
    assert b"Likely" in sign_for(http, counter, advised, "institute")
    assert mail_of(http, counter, "decision-body") == [ADVICE]


def test_an_advice_on_a_request_that_the_counter_does_not_know_is_refused(http: Http, counter: Counter) -> None:
    form, asked = hand_in(http, counter, REQUEST)
    other = {f"{RELATED}/c:DocumentId": asked["documentId"], f"{RELATED}/c:Digest": sha256(form + b" ")}
    _, refused = hand_in(http, counter, ADVICE, expect=422, fill=other)
    assert [issue["rule"] for issue in refused["issues"]] == ["GEN-21"]


def test_dutch_terms_run_on_dutch_days(http: Http, counter: Counter) -> None:
    _, asked = hand_in(http, counter, REQUEST)
    before = terms(http, asked)
    assert (before["N1"]["legal"][0]["article"], before["N1"].get("lastDay")) == ("Awb Art. 3:6", None)
    sign_for(http, counter, asked, "expertise-centre")
    advice, award = (terms(http, asked)[name] for name in ("N1", "N2"))
    for term, weeks in ((advice, 6), (award, 8)):
        last = NETHERLANDS.next_working_day(date.fromisoformat(term["dayZero"]) + timedelta(weeks=weeks), Reading.L)
        assert term["lastDay"] == last.isoformat()
        assert term["lastDayOtherReading"] == term["lastDay"]


def test_only_the_institute_may_ask(http: Http, counter: Counter) -> None:
    form = counter.form(REQUEST, signer="expertise-centre")
    answer = http("expertise-centre").post("/v1/submissions", content=form, headers=XML)
    assert answer.status_code in (403, 422)
    assert {issue.get("rule") for issue in answer.json().get("issues", [])} <= {"GEN-19"}
    assert mail_of(http, counter, "expert-panel") == []


def test_a_citizen_service_number_is_nowhere_in_the_store(http: Http, counter: Counter) -> None:
    hand_in(http, counter, REQUEST)
    path = counter.gateway.config.store_path
    kept = b"".join(each.read_bytes() for each in path.parent.glob(f"{path.name}*"))
    assert b"nl/expertise-advice-request" in kept
    assert PIET.encode() not in kept


def test_ea_04_passes_nobody_but_centre_and_panel_gets_the_request(http: Http, counter: Counter) -> None:
    _, asked = hand_in(http, counter, REQUEST)
    sealed = lease(http, "expert-panel", delivery_to(asked, "expert-panel")).content
    assert opened(counter, "expert-panel", sealed).consignment.route == "NR02"
    receivers = {"expertise-centre", "expert-panel"}
    for party in counter.tokens.keys() - receivers:
        assert mail_of(http, counter, party) == []
        with pytest.raises(SealingFailed):
            opened(counter, party, sealed)
    for kind in (counter.gateway.catalogue.by_name(name) for name in (REQUEST, ADVICE)):
        assert kind is not None
        assert "Employer" in kind.never


def mailbox_of(url: str, token: str) -> list[dict[str, Any]]:
    with http_client(url, {"Authorization": f"Bearer {token}"}) as client:
        found: list[dict[str, Any]] = client.get("/v1/mailbox").json()["items"]
        return found


def test_ea_04_fails_an_employer_that_is_named_as_the_centre_gets_nothing(
    http: Http, counter: Counter, url: str
) -> None:
    token = an_employer(counter, "Employer")
    _, refused = hand_in(http, counter, REQUEST, expect=422, fill={"f:AddressedTo/f:KvkNumber": EMPLOYER_OF_PIET})
    assert [issue["code"] for issue in refused["issues"]] == ["GW-RECIPIENT-UNKNOWN"]
    assert mailbox_of(url, token) == []
    with pytest.raises(RegistrationRefused) as both:
        an_employer(counter, "Employer", "ExpertiseCentre")
    assert both.value.code == "roles-clash"


def test_ea_04_is_silent_on_an_employer_in_the_work_history(http: Http, counter: Counter, url: str) -> None:
    token = an_employer(counter, "Employer")
    form, asked = hand_in(http, counter, REQUEST)
    assert EMPLOYER_OF_PIET.encode() in form
    assert {party for _, _, party in recipients(asked)} == {"expertise-centre", "expert-panel"}
    assert mailbox_of(url, token) == []
