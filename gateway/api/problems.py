"""The one place where errors become RFC 9457 problems.

No value of a document or of a request is ever echoed: FastAPI's own bodies would, so they are replaced too.
"""

from __future__ import annotations

import itertools
import logging
import traceback
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from gateway.api.negotiation import language_of
from gateway.api.problem_words import in_language
from gateway.api.wire import READ_NAMES
from gateway.errors import (
    Conflict,
    EngineFault,
    GatewayError,
    NotAcceptable,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    RegistrationRefused,
    SourceUnavailable,
    StoreUnavailable,
    TooLarge,
    TooMuch,
    Unreadable,
    UnsupportedMedia,
)
from gateway.intake import Rejected
from gateway.resources import evidence_href, submission_href, without_nulls
from signing import KeyUnavailable, TimestampUnavailable

log = logging.getLogger("sealpost.api")

MEDIA_TYPE = "application/problem+json"
STATUSES: Mapping[type[GatewayError], tuple[int, str]] = {
    NotAuthenticated: (401, "Who are you?"),
    NotPermitted: (403, "Not permitted"),
    NotFound: (404, "Not found"),
    NotAcceptable: (406, "Not made here"),
    Conflict: (409, "In conflict with what is already here"),
    TooLarge: (413, "Too large"),
    TooMuch: (429, "Too much of yours"),
    RegistrationRefused: (422, "The party cannot be registered like this"),
    StoreUnavailable: (503, "Try again later"),
    SourceUnavailable: (503, "Try again later"),
    EngineFault: (503, "Try again later"),
    UnsupportedMedia: (415, "Not readable here"),
    Unreadable: (400, "Unreadable"),
}
_IN_WORDS = ("title", "detail")
HTTP_CODES = {404: "no-such-resource", 405: "method-not-allowed", 408: "body-too-slow", 413: "body-too-large"}
REFUSAL_STATUSES = {
    "XML-001": 413,
    "XML-002": 415,
    "XML-003": 415,
    "XML-004": 415,
    "GW-SENDER-NOT-PERMITTED": 403,
    "GEN-02": 409,
}


class Problem(JSONResponse):
    """A problem whose words leave in the language that the request asks for, wherever it was made."""

    media_type = MEDIA_TYPE

    def __init__(self, content: Mapping[str, Any], *, status_code: int, headers: Mapping[str, str]) -> None:
        self._content, self._own_headers = content, headers
        super().__init__(content, status_code=status_code, headers=headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer. The language is that of the scope's Accept-Language."""
        language = language_of(Headers(scope=scope).getlist("Accept-Language"))
        content = {**self._content, **{name: in_language(self._content[name], language) for name in _IN_WORDS}}
        if "issues" in content:
            content["issues"] = [_issue(each, language) for each in content["issues"]]
        answer = JSONResponse(content, self.status_code, self._own_headers, MEDIA_TYPE)
        await answer(scope, receive, send)


def _issue(issue: Mapping[str, Any], language: str) -> Mapping[str, Any]:
    """An issue; findings of a report (which name the step that found them) have their words already."""
    return issue if "phase" in issue else {**issue, "message": in_language(issue["message"], language)}


def problem(
    status: int,
    code: str,
    title: str,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    issues: Sequence[Mapping[str, Any]] = (),
    **members: Any,
) -> JSONResponse:
    """A problem document. title, detail: English; see problem_words. members: further facts that are safe to show."""
    body = without_nulls(
        {
            "type": f"urn:problem-type:sealpost:{code}",
            "title": title,
            "status": status,
            "detail": detail,
            "instance": f"urn:uuid:{uuid.uuid4()}",
            "code": code,
            "issues": list(issues) or None,
            **members,
        }
    )
    return Problem(body, status_code=status, headers=dict(headers or {}))


def refusal(rejected: Rejected, language: str) -> JSONResponse:
    """The answer to a form that was refused: every finding with place, rule, article and way out."""
    report = rejected.report.to_json(language)
    errors = [issue for issue in report["findings"] if issue["severity"] == "error"]
    status = next((REFUSAL_STATUSES[issue["code"]] for issue in errors if issue["code"] in REFUSAL_STATUSES), 422)
    parse = any(issue["phase"] == "parse" for issue in errors)
    code = "xml-rejected" if parse else "form-refused"
    return problem(
        400 if parse and status == 422 else status,
        code,
        "The document cannot be read" if parse else "The form is refused",
        "Nothing was sent to anybody. Correct what the issues name and hand it in again.",
        issues=errors,
        report=report,
        submissionId=rejected.submission_id,
        href=submission_href(rejected.submission_id),
        rejection={"evidenceId": rejected.evidence_id, "href": evidence_href(rejected.evidence_id)},
    )


def install(app: FastAPI) -> None:
    """Let every error of `app` that is expected leave as a problem; for the others there is `unknown`."""
    for kind in EXPECTED:
        app.add_exception_handler(kind, _answer)


async def _answer(_: Request, error: Exception) -> JSONResponse:
    return answer_to(error)


def answer_to(error: Exception) -> JSONResponse:
    """The answer to an error that is expected."""
    return next(answer(error) for kind, answer in _ANSWERS.items() if isinstance(error, kind))


def _gateway_error(error: GatewayError) -> JSONResponse:
    status, title = next((STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES), (500, "Internal error"))
    headers: dict[str, str] = {}
    members: dict[str, Any] = {}
    if isinstance(error, StoreUnavailable | SourceUnavailable | TooMuch):
        headers["Retry-After"] = str(error.retry_after_s)
    if isinstance(error, EngineFault):
        headers["Retry-After"] = "30"
    if isinstance(error, NotAuthenticated):
        headers["WWW-Authenticate"] = 'Bearer realm="sealpost"'
    if isinstance(error, Conflict):
        members = dict(error.members)
    if isinstance(error, RegistrationRefused):
        members["issues"] = [{"code": error.code, "severity": "error", "path": error.place, "message": error.detail}]
    return problem(status, error.code, title, error.detail, headers=headers, **members)


def _no_key(error: KeyUnavailable) -> JSONResponse:
    """Without its key the gateway neither accepts nor refuses. What is wrong with it is the operator's to know."""
    log.error("key: %s: %s", error.code, error.detail)
    return _gateway_error(EngineFault("key-unavailable", "the counter cannot use its key at this moment"))


def _no_time_stamp(error: TimestampUnavailable) -> JSONResponse:
    headers = {"Retry-After": str(error.retry_after_s)}
    return problem(503, error.code, "Try again later", error.detail, headers=headers)


def _invalid_request(error: RequestValidationError) -> JSONResponse:
    return _not_understood((fault["loc"], fault["type"]) for fault in error.errors())


def repeated(query: bytes) -> JSONResponse | None:
    """The answer to a query that gives a parameter more than once, so that nobody can tell what is meant; None to any
    other."""
    if not query:
        return None
    given = Counter(name for name, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True))
    faults = [(("query", name), "repeated") for name, times in given.items() if times > 1]
    return _not_understood(faults) if faults else None


def _not_understood(faults: Iterable[tuple[Sequence[str | int], str]]) -> JSONResponse:
    """faults: where in the request, and what is wrong there as pydantic calls it."""
    issues = [
        {
            "code": "unknownInput" if what == "extra_forbidden" else "invalidInput",
            "severity": "error",
            "path": place,
            "message": f"refused: {what.replace('_', ' ')}",
        }
        for place, what in dict.fromkeys((_place(where), what) for where, what in faults)
    ]
    return problem(400, "request-invalid", "The request is not understood", "See the issues.", issues=issues)


def _place(steps: Sequence[str | int]) -> str:
    """Where in the request, as far as the names are ours: a key that the caller made up may be a value."""
    where, *inner = steps
    shown = itertools.takewhile(lambda step: isinstance(step, int) or step in READ_NAMES, inner)
    return "/".join(map(str, (where, *shown)))


def _http_exception(error: HTTPException) -> JSONResponse:
    code = HTTP_CODES.get(error.status_code, f"http-{error.status_code}")
    return problem(error.status_code, code, "Not possible here", code.replace("-", " "), headers=error.headers)


_ANSWERS: Mapping[type[Exception], Callable[[Any], JSONResponse]] = {
    GatewayError: _gateway_error,
    KeyUnavailable: _no_key,
    TimestampUnavailable: _no_time_stamp,
    RequestValidationError: _invalid_request,
    HTTPException: _http_exception,
}
EXPECTED = tuple(_ANSWERS)


def full() -> JSONResponse:
    """The answer when the process has as many requests as it may have."""
    return _gateway_error(StoreUnavailable("counter-full", "too much is asked at this moment"))


def closing() -> JSONResponse:
    """The answer to what is cut off because the process stops; another one tells what came of it."""
    return _gateway_error(StoreUnavailable("counter-closes", "the counter was stopped; ask again, as before"))


def unknown(error: Exception) -> JSONResponse:
    """Tell the caller a reference and nothing else; log where it happened without the message, which may hold
    values."""
    reference = str(uuid.uuid4())
    log.error("%s: %s\n%s", reference, type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
    return problem(
        500, "internal-error", "Internal error", "The operator finds this under the reference.", reference=reference
    )
