"""One call of the API: an answer, or a ClientError with the problem that the gateway gave."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator, Mapping
from typing import Any, cast
from urllib.parse import urlencode, urlsplit

import httpx2

from gateway.errors import GatewayError
from gateway.views import ProblemView

PROBLEM = "application/problem+json"
LEASED = "delivery-leased"  # another client of the same mailbox holds the copy for a while
PAGE_SIZE = 100
_TRY_LATER = frozenset({202, 408, 425, 429, 500, 502, 503, 504})


class ClientError(GatewayError):
    """The gateway said no, or could not be reached.

    status: the HTTP status, None when there was no answer. problem: as the gateway gave it (RFC 9457), or made up here
    in the same shape. retry_after_s: when the gateway asks to come back, if it said so.
    """

    def __init__(self, problem: ProblemView, *, status: int | None, retry_after_s: int | None = None) -> None:
        super().__init__(problem.get("code", "unexpected-answer"), problem.get("detail", problem["title"]))
        self.problem = problem
        self.status = status
        self.retry_after_s = retry_after_s

    @property
    def is_temporary(self) -> bool:
        """The same call may succeed later, unchanged."""
        return self.status is None or self.status in _TRY_LATER or self.code == LEASED


class Calls:
    """One connection pool to one gateway, as one party or the administrator. What is no positive answer is raised."""

    def __init__(self, url: str, *, token: str | None, language: str, timeout_s: float) -> None:
        headers = {"Accept-Language": language}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        self._timeout_s = timeout_s
        # trust_env: a proxy of the environment is never asked for this machine itself.
        self._http = httpx2.Client(
            base_url=url,
            headers=headers,
            timeout=timeout_s,
            trust_env=not _is_this_machine(url),
            follow_redirects=False,
        )

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def pages(self, path: str, **query: str) -> Iterator[Any]:
        """The items of a list, page after page."""
        following: str | None = f"{path}?{urlencode({**query, 'limit': PAGE_SIZE})}"
        while following is not None:
            page = self.json("GET", following)
            yield from page["items"]
            following = page.get("next")
            if following is not None and not following.startswith(f"{path}?"):
                raise ClientError(made_up("unexpected-answer", "The next page is somewhere else", path), status=200)

    def json(self, method: str, path: str, **parts: Any) -> dict[str, Any]:
        """The JSON object of a positive answer."""
        return parse_json(self.call(method, path, **parts))

    def call(
        self,
        method: str,
        path: str,
        *,
        content: bytes | None = None,
        json_body: object | None = None,
        headers: Mapping[str, str] | None = None,
        wait_s: float = 0,
    ) -> httpx2.Response:
        """A positive answer. wait_s: how much longer than otherwise it may take. Raises ClientError."""
        try:
            answer = self._http.request(
                method,
                path,
                content=content,
                json=json_body,
                headers=dict(headers or {}),
                timeout=self._timeout_s + wait_s,
            )
        except httpx2.HTTPError as exc:
            raise ClientError(
                made_up("unreachable", "The counter cannot be reached", f"{self._place()}: {exc}"), status=None
            ) from exc
        if answer.is_success:
            return answer
        raise _error_of(answer)

    def _place(self) -> str:
        url = self._http.base_url
        return f"{url.scheme}://{url.netloc.decode('ascii')}"  # without a user name or password


def _error_of(answer: httpx2.Response) -> ClientError:
    if not answer.headers.get("content-type", "").startswith(PROBLEM):
        return unexpected(answer)
    problem = cast(ProblemView, parse_json(answer))
    return ClientError(problem, status=answer.status_code, retry_after_s=retry_after(answer))


def retry_after(answer: httpx2.Response) -> int | None:
    """When the gateway asks to come back, in seconds."""
    seconds = answer.headers.get("retry-after", "")
    return int(seconds) if seconds.isdigit() else None


def parse_json(answer: httpx2.Response) -> dict[str, Any]:
    """The JSON object of an answer. Raises ClientError when there is none."""
    try:
        parsed = answer.json()
    except (json.JSONDecodeError, UnicodeDecodeError) as exc:
        raise unexpected(answer) from exc
    if not isinstance(parsed, dict):
        raise unexpected(answer)
    return parsed


def unexpected(answer: httpx2.Response) -> ClientError:
    """What to raise for an answer that the gateway would not give."""
    title = "This is not an answer of the counter"
    return ClientError(
        made_up("unexpected-answer", title, f"HTTP status {answer.status_code}"), status=answer.status_code
    )


def made_up(code: str, title: str, detail: str) -> ProblemView:
    """A problem in the shape of the gateway's, of what it did not say itself."""
    return {"type": f"urn:problem-type:sealpost:{code}", "title": title, "status": 0, "detail": detail, "code": code}


def _is_this_machine(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
