"""A file from before there was a journal: what it held was entered by its times, and clocks were set back."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

from gateway.assembly import auditing
from gateway.stores.engine import sqlite
from tests.conftest import Counter
from tests.journey.test_every_column import ASSESSMENT, Life, journal_anew
from tests.journey.test_operations import Hands

HOUR = timedelta(hours=1)
UNBOUND = {"validation-without-entry"}  # which nobody entered here


def test_a_clock_that_was_set_back_before_there_was_a_journal_is_no_flaw(open_counter: Callable[..., Counter]) -> None:
    clock = Hands()
    counter = open_counter(clock=clock)
    life = Life(counter=counter, clock=clock)
    answer = json.loads(counter.accept(counter.form(ASSESSMENT), sender="service").answer)
    clock.turn(-HOUR)
    life.take("employer", answer)
    assert found(counter) == set(), "the journal has them in the order in which they came"
    assert found(counter, "UPDATE evidence SET seq = -1 WHERE event = 'ContentHandover'") == {"evidence-out-of-order"}
    path = counter.gateway.config.store_path
    counter.gateway.store.close()
    with closing(sqlite.connect(str(path), isolation_level=None)) as connection:
        connection.execute("UPDATE evidence SET seq = (SELECT max(seq) + 1 FROM evidence) WHERE seq = -1")
        journal_anew(connection)
    older = open_counter(clock=clock, store_path=path)
    assert found(older) == UNBOUND
    clock.turn(2 * HOUR)
    younger = replace(older, tokens=counter.tokens)
    Life(counter=younger, clock=clock).take("dossier", answer)
    assert found(older) == UNBOUND
    of_dossier = "(SELECT id FROM delivery WHERE party = 'dossier')"
    moved = f"UPDATE evidence SET seq = -1 WHERE event = 'ContentHandover' AND delivery_id = {of_dossier}"
    assert found(older, moved) == {*UNBOUND, "evidence-out-of-order"}, "what came to the journal itself has its place"


def found(counter: Counter, sql: str | None = None) -> set[str]:
    """What the audit finds, once somebody changed the file by hand."""
    if sql is not None:
        with closing(sqlite.connect(str(counter.gateway.config.store_path), isolation_level=None)) as connection:
            assert connection.execute(sql).rowcount == 1
    return {flaw.code for flaw in auditing(counter.gateway).run()}
