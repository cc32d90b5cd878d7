"""Schemas are compiled one at a time, whoever compiles them: libxml2 breaks for good otherwise."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from lxml import etree

from gateway.errors import Unreadable
from gateway.exchange import DocumentFormat
from gateway.libxml import OnePerThread
from signing import TrustPolicy, issuing, sign_xml

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SCHEMA = etree.fromstring(
    """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="a"/></xs:schema>"""
)


def read_a_receipt() -> Callable[[], object]:
    authority = issuing.issue_authority("An Authority", at=NOW)
    identity = issuing.issue(authority, "Somebody", use="sign", serial_number="85073003328", at=NOW)
    raw = sign_xml(
        b'<Receipt xmlns="urn:sealpost:receipt:1"><Content Id="content"/></Receipt>', identity=identity, at=NOW
    )
    trust = TrustPolicy((authority.certificate,))

    def read() -> None:
        with pytest.raises(Unreadable, match="not-a-receipt"):
            DocumentFormat("Receipt").read(raw, trust=trust, at=NOW)

    return read


@pytest.mark.parametrize(
    "what", [lambda: OnePerThread(lambda: etree.XMLSchema(SCHEMA)).get, read_a_receipt], ids=["any", "receipts"]
)
def test_whoever_compiles_a_schema_waits_for_who_compiles_another(what: Callable[[], Callable[[], object]]) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> etree.XMLSchema:
        begun.set()
        assert go_on.wait(60)
        return etree.XMLSchema(SCHEMA)

    first = threading.Thread(target=OnePerThread(slow).get)
    second = threading.Thread(target=what())
    first.start()
    assert begun.wait(60)
    second.start()
    second.join(0.3)
    waited = second.is_alive()
    go_on.set()
    for thread in (first, second):
        thread.join(60)
        assert not thread.is_alive()
    assert waited


def test_each_thread_has_its_own_and_makes_it_once() -> None:
    made: list[etree.XMLSchema] = []

    def make() -> etree.XMLSchema:
        made.append(etree.XMLSchema(SCHEMA))
        return made[-1]

    engine = OnePerThread(make)
    for _ in range(2):
        assert engine.get() is made[0]
    other = threading.Thread(target=engine.get)
    other.start()
    other.join(60)
    assert len(made) == 2
