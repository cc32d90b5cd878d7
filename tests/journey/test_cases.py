"""What the counter makes of a form because of the forms that came before it, over HTTP with a real store."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.model import HOSTED
from gateway.registration import PartyDraft
from signing import issuing, load_identity, sha256
from tests.conftest import SIGNERS, Counter

Http = Callable[[str | None], httpx2.Client]
XML = {"Content-Type": "application/xml"}
REQUEST = "be/health-surveillance-request"
REPORT = "be/occupational-disease-report"
OTHER_SSIN = "85473003317"
RELATED = "f:Header/c:RelatedDocument"


@pytest.fixture
def other_worker(counter: Counter) -> str:
    """Somebody else, registered as a worker."""
    authority = load_identity(counter.folder.authority)
    at = datetime.now(UTC) - timedelta(minutes=1)
    keys = [
        issuing.issue(authority, "Els Anders", use=use, serial_number=OTHER_SSIN, at=at) for use in ("sign", "seal")
    ]
    signing, sealing = (key.certificate.public_bytes(Encoding.PEM).decode() for key in keys)
    counter.gateway.registration.put(
        PartyDraft(
            id="other-worker",
            name="Els Anders",
            roles=frozenset({"Worker"}),
            identifiers={"insz": OTHER_SSIN},
            signing_certificates=[signing],
            sealing_certificate=sealing,
            endpoint=HOSTED,
            mandates=[],
            postal=[],
        )
    )
    return "other-worker"


def hand_in(http: Http, counter: Counter, kind: str, **changes: Any) -> tuple[bytes, httpx2.Response]:
    form = counter.form(kind, **changes)
    return form, http(SIGNERS[kind][1]).post("/v1/submissions", content=form, headers=XML)


def accepted(http: Http, counter: Counter, kind: str, **changes: Any) -> tuple[bytes, dict[str, Any]]:
    form, answer = hand_in(http, counter, kind, **changes)
    assert answer.status_code == 201, answer.json()
    return form, answer.json()


def found(answer: httpx2.Response) -> list[tuple[str, str | None]]:
    """Rule and place of what a refusal says."""
    assert answer.status_code == 422, answer.json()
    return [(issue.get("rule") or issue["code"], issue.get("path")) for issue in answer.json()["issues"]]


def about(document_id: str, digest: str) -> Mapping[str, str]:
    return {f"{RELATED}/c:DocumentId": document_id, f"{RELATED}/c:Digest": digest}


def test_a_form_may_refer_to_one_of_the_same_worker(counter: Counter, http: Http) -> None:
    form, view = accepted(http, counter, REQUEST)
    accepted(http, counter, REPORT, sample="valid-full", fill=about(view["documentId"], sha256(form)))


def test_an_unknown_document_another_digest_and_one_of_somebody_else_get_one_answer(
    counter: Counter, http: Http, other_worker: str
) -> None:
    form, mine = accepted(http, counter, REQUEST)
    other_form, theirs = accepted(http, counter, REQUEST, fill={"f:Worker/c:Ssin": OTHER_SSIN})
    wrong = {
        "unknown": about("018f0000-0015-7000-8000-00000000dead", sha256(form)),
        "digest": about(mine["documentId"], sha256(b"other bytes")),
        "other": about(theirs["documentId"], sha256(other_form)),
    }
    answers = {why: hand_in(http, counter, REPORT, sample="valid-full", fill=fill)[1] for why, fill in wrong.items()}
    for answer in answers.values():
        assert found(answer) == [("GEN-21", f"/f:OccupationalDiseaseReport/f:Content/{RELATED}")]
    bodies = [answer.json() for answer in answers.values()]
    for body in bodies:
        (issue,) = body["issues"]
        assert issue == bodies[0]["issues"][0]
        assert set(body) == set(bodies[0])


def test_what_is_kept_of_a_form_is_unreadable_without_the_key(counter: Counter, http: Http) -> None:
    form, view = accepted(http, counter, "be/health-assessment")
    with closing(sqlite3.connect(counter.gateway.config.store_path)) as store:
        (facts,) = store.execute("SELECT facts FROM filed").fetchone()
        links = [row[0] for row in store.execute("SELECT link FROM case_link")]
    kept = bytes(facts)
    assert b"C3" in form
    assert not any(word in kept for word in (b"85073003328", b"worker", b"C3", b"permanent"))
    assert len(links) == 2  # its own number and its case reference
    assert not any(view["documentId"] in link or "FBV" in link for link in links)


def test_a_form_that_refers_to_nothing_needs_no_earlier_one(counter: Counter, http: Http) -> None:
    _, view = accepted(http, counter, REPORT)
    assert "warnings" not in view
