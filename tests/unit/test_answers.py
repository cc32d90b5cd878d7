"""Answers of HTTP/1.1 as a recipient may send them, in whatever pieces."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from gateway.transports.answers import MAX_HEAD_BYTES, Answer, AnswerTooLarge, BadAnswer

LIMIT = 64
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-One: a\r\n\r\nhello"


def of_200(status: int, _: Mapping[bytes, str]) -> int:
    return LIMIT if status == 200 else 0


def fed(*pieces: bytes) -> Answer:
    answer = Answer(of_200)
    for piece in pieces:
        assert not answer.is_read
        answer.feed(piece)
    return answer


def test_an_answer_is_the_same_whole_or_byte_by_byte() -> None:
    for answer in (fed(OK), fed(*(bytes([byte]) for byte in OK))):
        assert (answer.status, answer.body, answer.headers[b"x-one"]) == (200, b"hello", "a")
        assert answer.is_read
        assert answer.may_be_followed


def test_interim_answers_are_passed_over() -> None:
    answer = fed(b"HTTP/1.1 100 Continue\r\nX-One: no\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n", OK)
    assert (answer.status, answer.body, answer.headers[b"x-one"]) == (200, b"hello", "a")


def test_a_second_answer_nobody_asked_for_changes_nothing_and_ends_the_connection() -> None:
    answer = fed(OK + b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-One: b\r\n\r\nother")
    assert (answer.status, answer.body, answer.headers[b"x-one"]) == (200, b"hello", "a")
    assert not answer.may_be_followed
    assert not fed(OK + b"rubbish").may_be_followed


def test_a_body_without_a_length_ends_with_the_connection() -> None:
    answer = fed(b"HTTP/1.1 200 OK\r\n\r\nhello", b"")
    assert answer.body == b"hello"
    assert not answer.may_be_followed


def test_a_body_nobody_wants_is_not_waited_for() -> None:
    answer = fed(b"HTTP/1.1 503 Busy\r\nContent-Length: 100\r\n\r\n")
    assert (answer.status, answer.is_read, answer.may_be_followed) == (503, True, False)


def test_another_protocol_is_not_spoken() -> None:
    answer = fed(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\nConnection: Upgrade\r\n\r\nwords")
    assert (answer.status, answer.is_read, answer.may_be_followed) == (101, True, False)


@pytest.mark.parametrize(
    "pieces",
    [
        (b"",),
        (b"HTTP/1.1 200 OK\r\nContent-Le", b""),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", b""),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", b""),
        (b"SSH-2.0-server\r\n",),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nhello",),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * MAX_HEAD_BYTES,),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * (MAX_HEAD_BYTES // 20),),
    ],
)
def test_what_is_no_whole_answer_is_refused(pieces: tuple[bytes, ...]) -> None:
    with pytest.raises(BadAnswer):
        fed(*pieces)


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n41\r\n"]
)
def test_a_body_that_is_longer_than_wanted_is_refused(head: bytes) -> None:
    with pytest.raises(AnswerTooLarge):
        fed(head + b"x" * (LIMIT + 1))
