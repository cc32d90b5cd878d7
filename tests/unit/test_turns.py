"""What waits costs nothing, in steps of SQLite's machine; and files of older releases fall in line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from gateway.model import DeliveryId, DeliveryState, PartyId
from gateway.ports import Transaction
from gateway.stores.engine import sqlite
from gateway.stores.lanes import claim_due
from gateway.stores.rows import to_ms
from gateway.stores.schema import migrations
from gateway.stores.sqlite import SqliteStore
from gateway.stores.turns import make_way
from tests.contracts.test_store import SECOND, a_submission
from tests.deliveries import NOW, a_delivery


def steps(connection: sqlite.Connection, work: Callable[[], object]) -> int:
    """How many steps SQLite makes while `work` runs."""
    counted = []
    connection.set_progress_handler(lambda: counted.append(1), 1)
    work()
    connection.set_progress_handler(None, 0)
    return len(counted)


def file_with(path: Path, waiting: int) -> sqlite.Connection:
    """A store in which so many copies wait behind one, opened beside the gateway's own code."""
    store = SqliteStore(path)
    submissions = [a_submission() for _ in range(waiting + 1)]

    def fill(unit: Transaction) -> None:
        for submission in submissions:
            unit.add_submission(submission)
            case_id = unit.file(submission.id, links=["case"], sealed_facts=b"")
            unit.add_delivery(a_delivery(submission=submission.id), b"abc", case_id=case_id)

    store.write(fill)
    store.close()
    return sqlite.connect(str(path), isolation_level=None)


@pytest.mark.parametrize("waiting", [3000])
def test_thousands_that_wait_cost_a_claim_and_a_settlement_nothing(tmp_path: Path, waiting: int) -> None:
    few, many = (costs(file_with(tmp_path / str(number), number)) for number in (3, waiting))
    assert many == few


def costs(connection: sqlite.Connection) -> tuple[int, int]:
    """Steps of a claim of the one copy that is due, and of letting the next one come when it has left."""
    now, until = to_ms(NOW), to_ms(NOW + SECOND)
    with closing(connection):
        claiming = steps(connection, lambda: claim_due(connection, now=now, until=until, holder="w", limit=10))
        (case_id,) = connection.execute(
            "UPDATE delivery SET state = 'handed-over' WHERE holder = 'w' RETURNING case_id"
        ).fetchone()
        settling = steps(connection, lambda: make_way(connection, case_id, "fund", at=now))
        due = connection.execute("SELECT count(*) FROM delivery WHERE due_at IS NOT NULL").fetchone()
        assert due == (2,)  # the one in hand, and the one whose turn came
    return claiming, settling


def test_what_an_older_file_holds_keeps_its_place_and_falls_in_line(tmp_path: Path) -> None:
    path = tmp_path / "store"
    with closing(sqlite.connect(str(path), isolation_level=None)) as connection:
        migrations.apply(Database(connection), stop_before="m005_turns")
        delivered = [
            # (case, party, state, attempts): as of release 1
            ("case", "fund", "handed-over", 1),
            ("case", "fund", "consigned", 3),
            ("case", "fund", "consigned", 0),
            ("case", "fund", "consigned", 1),  # it was sent once: it cannot be unsent
            ("case", "inspectorate", "consigned", 0),
            ("other", "fund", "consigned", 0),
        ]
        for number, (case, party, state, attempts) in enumerate(delivered, start=1):
            old_delivery(connection, number, case, party, state, attempts)
    store = SqliteStore(path)
    assert shown(store, "fund") == ["d2", "d4", "d6"]
    assert shown(store, "fund", after=2) == ["d4", "d6"]  # a cursor of the older release still holds
    assert shown(store, "inspectorate") == ["d5"]
    claimed = store.write(lambda unit: unit.claim_due(now=NOW, holder="w", lease_s=60, limit=10))
    assert {each.id for each in claimed} == {"d2", "d4", "d5", "d6"}

    def hand_over(copy: str) -> bool:
        return store.write(
            lambda unit: unit.move_delivery(
                DeliveryId(copy), expected=DeliveryState.CONSIGNED, to=DeliveryState.HANDED_OVER, at=NOW, problem=None
            )
        )

    assert hand_over("d2")
    assert hand_over("d4")
    assert shown(store, "fund", after=6) == ["d3"]  # it comes behind every cursor that was given out
    store.close()


def shown(store: SqliteStore, party: str, after: int = 0) -> Sequence[str]:
    return [each.id for each in store.read(lambda view: view.mailbox(PartyId(party), after=after, limit=50))]


def old_delivery(connection: sqlite.Connection, number: int, case: str, party: str, state: str, attempts: int) -> None:
    """A copy as the first release kept it."""
    insert = connection.execute
    insert("INSERT INTO filed (case_id, submission_id, facts) VALUES (?, ?, x'')", (case, f"s{number}"))
    due = to_ms(NOW) if state == "consigned" else None
    columns = {
        "id": f"d{number}", "submission_id": f"s{number}", "kind": "be/appeal", "route": "R14", "article": "Art. 65",
        "role": "MedicalInspector", "party": party, "copy": 1, "of": 1, "state": state, "transport": "push",
        "attempts": attempts, "consigned_at": to_ms(NOW), "due_at": due, "envelope_digest": "sha256:00",
        "document_digest": "sha256:11", "size_bytes": 3,
    }  # fmt: skip
    marks = ", ".join("?" * len(columns))
    insert(f"INSERT INTO delivery ({', '.join(columns)}) VALUES ({marks})", tuple(columns.values()))
    insert("INSERT INTO lane VALUES (?, ?, 0, 0) ON CONFLICT DO NOTHING", (party, to_ms(NOW)))
