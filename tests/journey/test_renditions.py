"""A form that was taken in is printed with a code; whoever holds the print asks the counter whether it is so."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import anyio
import httpx2
import pytest

from gateway.api.load import JUDGES, VISITORS, WORKERS, Desk
from gateway.config import load_config
from gateway.errors import ConfigError, TooMuch
from gateway.lockstep import Stages
from gateway.ports import Pending
from signing import TimestampTrust, ValidationPolicy, VerificationFailed, validate_pdf
from tests.conftest import Counter

Http = Callable[[str | None], httpx2.Client]
XML = {"Content-Type": "application/xml"}
AS_JSON = {"Accept": "application/json"}
PUBLIC = "https://counter.example"
NOT_CONFIRMED = {"confirmed": False}


def digest_of(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def text_of(pdf: bytes) -> str:
    done = subprocess.run(["pdftotext", "-raw", "-", "-"], input=pdf, capture_output=True, check=True, timeout=30)
    return re.sub(r"\s", "", done.stdout.decode())


def ask(client: httpx2.Client, record: str, digest: str) -> Any:
    answer = client.get("/receipts", params={"record": record, "digest": digest}, headers=AS_JSON)
    assert answer.status_code == 200
    return answer.json()


@pytest.fixture
def counter(open_counter: Callable[..., Counter]) -> Counter:
    """A counter that says where it is found."""
    return open_counter(public_url=PUBLIC)


def test_a_print_leads_to_the_check_which_confirms_it(counter: Counter, http: Http) -> None:
    form = counter.form("be/health-assessment")
    policy = ValidationPolicy(signers=counter.trust, timestamps=TimestampTrust(anchors=counter.trust))
    before = http("service").post("/v1/renditions", content=form, headers=XML)
    assert before.status_code == 200
    assert before.content.startswith(b"%PDF")
    assert PUBLIC not in text_of(before.content)
    accepted = http("service").post("/v1/submissions", content=form, headers=XML).json()
    for party in ("service", "worker"):
        printed = http(party).post("/v1/renditions", content=form, headers={**XML, "Accept-Language": "fr"})
        assert printed.headers["Content-Language"] == "fr"
        shown, digest = f"{PUBLIC}/receipts?record={accepted['submissionId']}", digest_of(form)
        address = f"{shown}&digest={digest}"
        text = text_of(printed.content)
        assert shown in text
        assert digest.removeprefix("sha256:") in text
        validated = validate_pdf(printed.content, policy=policy, validation_time=datetime.now(UTC))
        assert validated.source == form
        assert (
            validated.signature.signature.certificate == counter.gateway.witness.keys.at(datetime.now(UTC)).certificate
        )
    # Another party may print what it has, and learns nothing about whether it was taken in.
    strange = http("fund").post("/v1/renditions", content=form, headers=XML).content
    assert PUBLIC not in text_of(strange)
    for unsealed in (before.content, strange):
        with pytest.raises(VerificationFailed):
            validate_pdf(unsealed, policy=policy, validation_time=datetime.now(UTC))
    anybody = http(None)
    path = address.removeprefix(PUBLIC)
    assert anybody.get(path, headers=AS_JSON).json() == {"confirmed": True, "what": "document"}
    page = anybody.get(path, headers={"Accept-Language": "de"})
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "Bestätigt" in page.text


def test_evidence_is_confirmed_by_its_own_digest_and_by_that_of_its_document(counter: Counter, http: Http) -> None:
    form = counter.form("be/health-assessment")
    service, anybody = http("service"), http(None)
    accepted = service.post("/v1/submissions", content=form, headers=XML).json()
    evidence_id = accepted["acceptance"]["evidenceId"]
    evidence = service.get(f"/v1/evidence/{evidence_id}").content
    assert ask(anybody, evidence_id, digest_of(evidence)) == {"confirmed": True, "what": "evidence"}
    assert ask(anybody, evidence_id, digest_of(form)) == {"confirmed": True, "what": "document"}
    typed = f" {evidence_id.upper()} ", f"SHA256: {digest_of(form)[:32].upper()}\n{digest_of(form)[32:]}"
    assert ask(anybody, *typed) == {"confirmed": True, "what": "document"}


def test_unknown_and_not_matching_look_alike(counter: Counter, http: Http) -> None:
    form = counter.form("be/health-assessment")
    anybody = http(None)
    accepted = http("service").post("/v1/submissions", content=form, headers=XML).json()
    record, digest = accepted["submissionId"], digest_of(form)
    delivery = accepted["deliveries"][0]["deliveryId"]
    pages = set()
    for number, wanted in (
        (record, digest_of(b"other")),
        (record[:-1] + ("0" if record[-1] != "0" else "1"), digest),
        (delivery, digest),
        ("not-a-number", digest),
        (record, "not-a-digest"),
        (record, digest[:-1]),
        ("' OR 1=1 --", digest),
    ):
        assert ask(anybody, number, wanted) == NOT_CONFIRMED
        answer = anybody.get("/receipts", params={"record": number, "digest": wanted})
        shown = answer.text.replace(quoted(number), "N").replace(quoted(wanted), "D")
        pages.add((answer.status_code, re.sub(r"record=[^\"]*", "", shown)))
    assert len(pages) == 1


def quoted(text: str) -> str:
    return text.replace("'", "&#39;")


def test_a_refusal_does_not_stand_behind_its_document(counter: Counter, http: Http) -> None:
    form = counter.form("be/health-assessment", signer="employer")
    refused = http("service").post("/v1/submissions", content=form, headers=XML)
    assert refused.status_code == 422
    evidence_id = refused.json()["rejection"]["evidenceId"]
    submission_id = refused.json()["submissionId"]
    evidence = http("service").get(f"/v1/evidence/{evidence_id}").content
    anybody = http(None)
    assert ask(anybody, evidence_id, digest_of(form)) == NOT_CONFIRMED
    assert ask(anybody, submission_id, digest_of(form)) == NOT_CONFIRMED
    assert ask(anybody, evidence_id, digest_of(evidence)) == {"confirmed": True, "what": "evidence"}


class Page(HTMLParser):
    """What a browser would load or run."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


@pytest.mark.parametrize("language", ["en", "nl", "fr", "de"])
def test_the_page_stands_alone_and_escapes_what_it_is_given(http: Http, language: str) -> None:
    client = http(None)
    evil = '"><script>alert(1)</script>'
    answer = client.get("/receipts", params={"record": evil, "digest": evil, "lang": language})
    assert answer.status_code == 200
    assert "<script" not in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    page = Page(answer.text)
    assert not [tag for tag, _ in page.tags if tag in {"script", "img", "link", "iframe", "object"}]
    assert not [attrs for _, attrs in page.tags if any(name.startswith("on") or name == "style" for name in attrs)]
    assert dict(page.tags)["html"]["lang"] == language
    labels = {attrs["for"] for tag, attrs in page.tags if tag == "label"}
    assert labels == {attrs["id"] for tag, attrs in page.tags if tag == "input" and attrs.get("type") != "hidden"}
    # Without a number the page asks, and says nothing about an answer.
    empty = client.get("/receipts", params={"lang": language})
    assert 'class="answer' not in empty.text


def test_odd_questions_are_problems_without_values(http: Http) -> None:
    client = http(None)
    assert client.get("/receipts", params={"record": "x" * 101, "digest": "y"}).status_code == 400
    assert client.get("/receipts?who=me").status_code == 400
    assert client.get("/receipts", headers={"Accept": "image/png"}).status_code == 406
    assert client.post("/receipts").status_code == 405


def test_strangers_have_a_limit_of_their_own() -> None:
    desk = Desk()
    visits = [desk.visit() for _ in range(VISITORS)]
    for visit in visits:
        visit.__enter__()
    with pytest.raises(TooMuch), desk.visit():
        pass
    visits[0].__exit__(None, None, None)
    with desk.visit():
        pass


def test_prints_that_wait_hold_up_nobody_who_has_a_form_judged() -> None:
    """As many long ones as the counter has threads for other work."""
    held = threading.Event()

    def judging() -> Stages[Pending[str]]:
        yield
        return Pending.of("judged")

    async def crowd() -> str:
        desk = Desk()
        async with anyio.create_task_group() as group:
            for _ in range(JUDGES + WORKERS):
                group.start_soon(desk.print, held.wait)
            await anyio.wait_all_tasks_blocked()
            try:
                with anyio.fail_after(20):
                    judged = await desk.judge(await desk.work(judging), size_bytes=1)
            finally:
                held.set()
        return judged

    assert anyio.run(crowd) == "judged"


def test_what_cannot_be_printed_is_named(http: Http) -> None:
    client = http("service")
    answer = client.post("/v1/renditions", content=b"<x/>", headers=XML)
    assert (answer.status_code, answer.json()["issues"][0]["code"]) == (422, "XML-008")
    assert client.post("/v1/renditions", content=b"{}", headers={"Content-Type": "application/json"}).status_code == 415
    assert http(None).post("/v1/renditions", content=b"<x/>", headers=XML).status_code == 401


@pytest.mark.parametrize(
    "address", ["counter.example", "https://user:pw@counter.example", "https://x.example/?a=b", "https://" + "x" * 200]
)
def test_a_public_address_that_cannot_be_printed_is_refused(counter: Counter, address: str) -> None:
    text = counter.folder.config.read_text(encoding="utf-8")
    file = counter.folder.config.with_name("public.toml")
    file.write_text(text.replace("[server]", f"[server]\npublic_url = {json.dumps(address)}"))
    with pytest.raises(ConfigError, match="public_url"):
        load_config(file)
