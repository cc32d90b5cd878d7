"""What bad input gets: a problem with a stable code, the place, the article and the way out; nothing stored half."""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from lxml import etree

from gateway.api.app import create_app
from gateway.api.submissions import ShortWay
from gateway.demo.papers import COMMON, draw_up
from gateway.model import SubmissionId
from signing import issuing, sign_xml, verify_xml
from tests.conftest import Counter

Http = Callable[[str | None], httpx2.Client]
XML = {"Content-Type": "application/xml"}
EVIDENCE = "{urn:sealpost:evidence:1}"
MARKER = "ZZGEHEIMZZ"


def assert_nothing_went_out(counter: Counter, http: Http) -> None:
    for party in counter.tokens:
        assert http(party).get("/v1/mailbox").json()["items"] == []


def refused(http: Http, sender: str, raw: bytes, **headers: str) -> dict[str, Any]:
    answer = http(sender).post("/v1/submissions", content=raw, headers={**XML, **headers})
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == answer.status_code >= 400
    assert problem["type"] == f"urn:problem-type:sealpost:{problem['code']}"
    assert problem["instance"].startswith("urn:uuid:")
    return problem


def codes(problem: dict[str, Any]) -> set[str]:
    return {issue.get("rule") or issue["code"] for issue in problem["issues"]}


def untrusted(counter: Counter, kind: str) -> bytes:
    at = datetime.now(UTC) - timedelta(minutes=1)
    authority = issuing.issue_authority("Nobody's Authority", at=at)
    stranger = issuing.issue(authority, "Jan Voorbeeld", use="sign", serial_number="85073003328", at=at)
    return sign_xml(without_signature(counter.form(kind)), identity=stranger, at=datetime.now(UTC))


def without_signature(form: bytes) -> bytes:
    root = etree.fromstring(form)
    for signatures in root.findall("{*}Signatures"):
        root.remove(signatures)
    return etree.tostring(root)


def test_a_form_with_an_error_names_place_rule_article_and_way_out(counter: Counter, http: Http) -> None:
    problem = refused(http, "service", counter.form("be/health-assessment", leave_out=["f:Recommendations"]))
    assert (problem["status"], problem["code"]) == (422, "form-refused")
    (issue,) = problem["issues"]
    assert issue["code"] == "HA-07"
    assert "48" in issue["article"]
    assert issue["path"].startswith("/f:HealthAssessmentForm/f:Content")
    assert issue["line"] > 0
    assert issue["message"]
    assert issue["fix"]
    assert_nothing_went_out(counter, http)


@pytest.mark.parametrize(
    ("language", "title", "detail", "stranger"),
    [
        ("nl", "Het formulier wordt geweigerd", "Er is niets naar iemand verstuurd", "niemand heeft dit token"),
        ("fr", "Le formulaire est refusé", "Rien n'a été envoyé", "personne n'a ce jeton"),
        ("de", "Das Formular wird abgelehnt", "Es wurde niemandem etwas gesandt", "niemand hat dieses Token"),
        ("en", "The form is refused", "Nothing was sent to anybody", "nobody has this token"),
        ("tlh", "The form is refused", "Nothing was sent to anybody", "nobody has this token"),
    ],
)
def test_titles_and_details_speak_the_callers_language(
    counter: Counter, http: Http, language: str, title: str, detail: str, stranger: str
) -> None:
    wanted = {"Accept-Language": f"{language}-BE, en;q=0.1"}
    form = counter.form("be/health-assessment", leave_out=["f:Recommendations"])
    problem = refused(http, "service", form, **wanted)
    assert (problem["title"], problem["detail"][: len(detail)]) == (title, detail)
    told = http(None).get("/v1/mailbox", headers={**wanted, "Authorization": "Bearer x"})
    assert (told.status_code, told.json()["detail"]) == (401, stranger)
    assert told.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("language", ["nl", "fr", "de", "en"])
def test_problems_speak_the_callers_language(counter: Counter, http: Http, language: str) -> None:
    form = counter.form("be/health-assessment", leave_out=["f:Recommendations"])
    said = refused(http, "service", form, **{"Accept-Language": f"{language}-BE, en;q=0.1"})["issues"][0]["message"]
    other = refused(http, "service", form, **{"Accept-Language": "nl" if language != "nl" else "fr"})["issues"][0]
    assert said != other["message"]


BAD_SIGNATURES: dict[str, tuple[Callable[[Counter], bytes], set[str]]] = {
    "unsigned": (lambda c: without_signature(c.form("be/appeal")), {"SIG-MISSING"}),
    "tampered": (lambda c: c.form("be/appeal").replace(b">Proefstraat<", b">Schijnstraat<"), {"SIG-DIGEST"}),
    "by the wrong person": (lambda c: c.form("be/appeal", signer="employer"), {"SIG-SIGNATORY"}),
    "by the doctor instead of the worker": (lambda c: c.form("be/appeal", signer="doctor"), {"SIG-SIGNATORY"}),
    "by an untrusted key with the worker's number": (lambda c: untrusted(c, "be/appeal"), {"SIG-UNTRUSTED"}),
    "by two": (lambda c: c.sign(c.form("be/appeal"), "employer"), {"SIG-SIGNATORY"}),
}


@pytest.mark.parametrize("case", BAD_SIGNATURES)
def test_a_form_that_is_not_signed_by_whom_it_must_be_is_refused(counter: Counter, http: Http, case: str) -> None:
    make, expected = BAD_SIGNATURES[case]
    problem = refused(http, "worker", make(counter))
    assert problem["status"] == 422
    assert {issue["code"] for issue in problem["issues"]} == expected
    assert all(issue["rule"] == "GEN-19" and issue["article"] and issue["fix"] for issue in problem["issues"])
    assert_nothing_went_out(counter, http)


def test_a_signature_from_the_future_is_refused_under_gen_18(counter: Counter, http: Http) -> None:
    raw = without_signature(counter.form("be/appeal"))
    later = sign_xml(raw, identity=counter.identity("worker"), at=datetime.now(UTC) + timedelta(days=2))
    assert codes(refused(http, "worker", later)) == {"GEN-18"}


def test_a_doctor_is_the_one_whom_the_form_names(counter: Counter, http: Http) -> None:
    """A registered physician signs, but the form names another RIZIV number."""
    form = counter.form(
        "be/health-assessment", fill={"f:OccupationalPhysician/c:NihdiNumber": "10000205000"}, signer="doctor"
    )
    problem = refused(http, "service", form)
    assert {issue["code"] for issue in problem["issues"]} >= {"SIG-SIGNATORY"}
    assert_nothing_went_out(counter, http)


@pytest.mark.parametrize("sender", ["employer", "worker", "inspectorate", "fund"])
def test_a_sender_without_mandate_is_refused(counter: Counter, http: Http, sender: str) -> None:
    problem = refused(http, sender, counter.form("be/occupational-disease-report"))
    assert problem["status"] == 403
    assert {issue["code"] for issue in problem["issues"]} == {"GW-SENDER-NOT-PERMITTED"}
    assert_nothing_went_out(counter, http)


def test_an_unknown_recipient_stops_the_whole_form(counter: Counter, http: Http) -> None:
    unknown = {"f:Worker/c:Ssin": "90041211882", "f:Worker/c:BirthDate": "1990-04-12"}
    problem = refused(http, "service", counter.form("be/health-assessment", fill=unknown))
    (issue,) = problem["issues"]
    assert issue["code"] == "GW-RECIPIENT-UNKNOWN"
    assert issue["path"].endswith("f:Worker/c:Ssin")
    assert "48" in issue["article"]
    assert issue["fix"]
    assert "90041211882" not in str(problem)
    assert_nothing_went_out(counter, http)


UNREADABLE: dict[str, tuple[bytes, int, str]] = {
    "nothing": (b"", 400, "XML-010"),
    "rubbish": (b"\x89PNG rubbish", 415, "XML-002"),
    "cut off": (b"<HealthAssessmentForm>", 400, "XML-010"),
    "another document": (b"<Invoice xmlns='urn:example'/>", 400, "XML-008"),
    "entity bomb": (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", 400, "XML-005"),
    "external entity": (b"<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", 400, "XML-005"),
    "utf-16": ("<a/>".encode("utf-16"), 415, "XML-002"),
    "latin-1": (b"<?xml version='1.0' encoding='iso-8859-1'?><a/>", 415, "XML-003"),
    "processing instruction": (b"<a><?php x?></a>", 400, "XML-006"),
    "over the limit for forms": (b"<a>" + b"x" * 300_000 + b"</a>", 413, "XML-001"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_cannot_be_read_is_refused_with_its_code(counter: Counter, http: Http, case: str) -> None:
    raw, status, code = UNREADABLE[case]
    problem = refused(http, "worker", raw)
    assert (problem["status"], problem["code"]) == (status, "xml-rejected")
    assert {issue["code"] for issue in problem["issues"]} == {code}
    assert http("worker").get("/health").status_code == 200


@pytest.mark.parametrize(
    ("headers", "raw", "status", "code"),
    [
        ({"Content-Type": "application/json"}, b"{}", 415, "media-type"),
        ({"Content-Type": "application/xml; charset=iso-8859-1"}, b"<a/>", 415, "media-type"),
        ({"Content-Type": "application/xml", "Content-Encoding": "gzip"}, b"\x1f\x8b", 415, "content-encoding"),
        ({"Content-Type": "application/xml"}, b"<a>" + b"x" * 2_000_000, 413, "body-too-large"),
    ],
)
def test_what_is_not_read_at_all(http: Http, headers: dict[str, str], raw: bytes, status: int, code: str) -> None:
    answer = http("worker").post("/v1/submissions", content=raw, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_refusal_is_proven_by_signed_evidence_without_values(counter: Counter, http: Http) -> None:
    form = counter.form("be/health-assessment", leave_out=["f:Recommendations"])
    problem = refused(http, "service", form)
    raw = http("service").get(problem["rejection"]["href"]).content
    content = etree.fromstring(verify_xml(raw, trust=counter.trust, at=datetime.now(UTC)).content)
    assert (content.findtext(f"{EVIDENCE}Event") or "").endswith("/SubmissionRejection")
    assert [reason.findtext(f"{EVIDENCE}Code") for reason in content.findall(f"{EVIDENCE}Reason")] == ["HA-07"]
    assert http("service").get(problem["href"]).json()["state"] == "rejected"
    assert http("worker").get(problem["rejection"]["href"]).status_code == 404


def test_after_a_refusal_the_corrected_form_goes_in_under_the_same_key(counter: Counter, http: Http) -> None:
    key = {"Idempotency-Key": "assessment-17"}
    refused(http, "service", counter.form("be/health-assessment", leave_out=["f:Recommendations"]), **key)
    answer = http("service").post(
        "/v1/submissions", content=counter.form("be/health-assessment"), headers={**XML, **key}
    )
    assert answer.status_code == 201


def test_no_refusal_carries_a_value_of_the_form(counter: Counter, http: Http, caplog: pytest.LogCaptureFixture) -> None:
    """A marker in every text of the form in turn; whatever comes out is searched for it."""
    root = etree.fromstring(without_signature(counter.form("be/occupational-disease-report")))
    leaves = [element for element in root.iter(etree.Element) if len(element) == 0]
    paths = [root.getroottree().getelementpath(leaf) for leaf in leaves]
    service = http("service")
    for path in paths:
        copy = etree.fromstring(etree.tostring(root))
        found = copy.find(path)
        assert found is not None
        found.text = MARKER
        raw = counter.sign(etree.tostring(copy), "doctor")
        answer = service.post("/v1/submissions", content=raw, headers=XML)
        assert MARKER.encode() not in answer.content, path
        if answer.status_code != 201:
            assert MARKER.encode() not in service.get(answer.json()["rejection"]["href"]).content
    assert MARKER not in caplog.text
    assert MARKER.encode() not in on_disk(counter)


def test_clear_text_never_rests(counter: Counter, http: Http) -> None:
    """What the files did not hold before, they do not hold after a form was accepted, save the number of the
    document."""
    form = counter.form("be/occupational-disease-report")
    before = on_disk(counter)
    assert http("service").post("/v1/submissions", content=form, headers=XML).status_code == 201
    after = on_disk(counter)
    assert len(after) > len(before)
    content = etree.fromstring(form).find("{*}Content")
    assert content is not None
    words = {word for text in content.itertext() for word in re.findall(r"\w{6,}", text)}
    assert len(words) > 30
    assert "85073003328" in words
    document_id = content.findtext(".//{urn:sealpost:common:1}DocumentId") or ""
    assert {word for word in words if word.encode() in after and word.encode() not in before} <= {
        *document_id.split("-")
    }


def on_disk(counter: Counter) -> bytes:
    """All bytes of the store's files."""
    database = counter.gateway.config.store_path
    return b"".join(path.read_bytes() for path in sorted(database.parent.glob(database.name + "*")))


def test_an_unknown_query_key_or_property_is_refused_without_echo(counter: Counter, http: Http) -> None:
    answer = http("worker").get("/v1/mailbox", params={"ssin": "85073003328"})
    assert answer.status_code == 400
    assert answer.json()["issues"][0]["code"] == "unknownInput"
    assert "85073003328" not in answer.text
    admin = http("admin").put("/v1/parties/x", json={"id": "x", "name": "X", "roles": ["Worker"], "ssin": MARKER})
    assert admin.status_code == 400
    assert MARKER not in admin.text


def test_a_parameter_that_is_given_twice_is_refused_wherever_it_is_given(counter: Counter, http: Http) -> None:
    app = create_app(counter.gateway)
    answer = http("service").get(f"/v1/submissions?limit=1&after=0&limit=1&{MARKER}=1&{MARKER}=&x=1&x=2")
    assert (answer.status_code, answer.json()["code"]) == (400, "request-invalid")
    assert [issue["path"] for issue in answer.json()["issues"]] == ["query/limit", "query"]
    assert MARKER not in answer.text
    paths = app.openapi()["paths"]
    assert len(paths) > 40
    for path, operations in paths.items():
        for method in operations:
            again = http("admin").request(method, f"{path}?lang=de&lang=de", headers={"Accept-Language": "de"})
            assert (again.status_code, again.json()["code"]) == (400, "request-invalid"), (method, path)
            assert again.json()["issues"][0]["message"] == "abgelehnt: mehr als einmal angegeben"
    assert http("service").get("/v1/submissions?limit=1&after=0").status_code == 200


@pytest.mark.parametrize(
    ("query", "headers", "where"),
    [
        ({"ssin": MARKER}, {}, "query"),
        ({}, {"Idempotency-Key": f"{MARKER} twice"}, "header/idempotency-key"),
        ({}, {"Idempotency-Key": MARKER * 21}, "header/idempotency-key"),
        ({}, {"Idempotency-Key": ""}, "header/idempotency-key"),
    ],
)
def test_what_is_odd_about_handing_in_is_refused_as_everywhere(
    counter: Counter, http: Http, query: dict[str, str], headers: dict[str, str], where: str
) -> None:
    form = counter.form("be/health-assessment")
    answer = http("service").post("/v1/submissions", params=query, content=form, headers={**XML, **headers})
    assert (answer.status_code, answer.json()["code"]) == (400, "request-invalid")
    assert [issue["path"] for issue in answer.json()["issues"]] == [where]
    assert MARKER not in answer.text
    stranger = http(None).post("/v1/submissions", params=query, content=form, headers={**XML, **headers})
    assert (stranger.status_code, stranger.json()["code"]) == (401, "token-missing")
    assert_nothing_went_out(counter, http)


@pytest.mark.parametrize(
    ("odd", "goes_the_short_way"),
    [
        ({}, True),
        ({"headers": [(b"idempotency-key", b'"assessment-17"')]}, True),
        ({"headers": [(b"idempotency-key", b"good"), (b"idempotency-key", b"\xff")]}, False),
        ({"query_string": b"a"}, False),
        ({"method": "PUT"}, False),
        ({"path": "/v1/submissions/"}, False),
    ],
)
def test_a_form_goes_the_short_way_unless_something_is_odd(odd: dict[str, Any], goes_the_short_way: bool) -> None:
    scope = {"type": "http", "method": "POST", "path": "/v1/submissions", "query_string": b"", "headers": [], **odd}
    assert ShortWay.takes(scope) is goes_the_short_way


def test_an_error_is_told_however_many_warnings_come_before_it(counter: Counter, http: Http) -> None:
    """Else it would be refused without a reason, or what refuses it would not be seen."""

    def notice(workers: int) -> bytes:
        root = etree.fromstring(draw_up("be/continued-surveillance-notice", now=datetime.now(UTC)).raw)
        form = etree.QName(root).namespace
        worker, left = (next(root.iter(f"{{{form}}}{name}")) for name in ("EntitledWorker", "LeftOn"))
        number = next(root.iter(f"{{{COMMON}}}DocumentId"))
        worker.remove(left)  # SP-28 warns of each
        number.text = "0d6b1c6e-7c1c-4b7e-9d56-3f1f1d0d6a01"
        for _ in range(workers - 1):
            worker.addnext(deepcopy(worker))
        return counter.sign(etree.tostring(root), "employer")

    first = http("employer").post("/v1/submissions", content=notice(150), headers=XML)
    assert first.status_code == 201
    told = refused(http, "employer", notice(149))
    assert (told["status"], codes(told)) == (409, {"GEN-02"})
    summary = told["report"]["summary"]
    assert (told["report"]["verdict"], summary["errors"], summary["truncated"]) == ("refused", 1, True)
    assert len(told["report"]["findings"]) == 100


def test_every_answer_is_traceable_and_cached_nowhere(http: Http) -> None:
    answers = [http(None).get("/health"), http(None).get("/nowhere"), http("worker").delete("/v1/mailbox")]
    assert [answer.status_code for answer in answers] == [200, 404, 405]
    for answer in answers:
        assert answer.headers["Cache-Control"] == "no-store"
        assert len(answer.headers["BelGov-Trace-Id"]) == 36
    assert all(answer.headers["Content-Type"] == "application/problem+json" for answer in answers[1:])


def test_a_rejected_submission_is_kept_whole_or_not_at_all(counter: Counter, http: Http) -> None:
    problem = refused(http, "worker", b"<a/>")
    submission_id = SubmissionId(problem["submissionId"])
    kept, evidence = counter.gateway.store.read(
        lambda view: (view.submission(submission_id), view.evidence_of(submission_id))
    )
    assert kept is not None
    assert kept.answer == b""
    assert [each.event for each in evidence] == ["SubmissionRejection"]
