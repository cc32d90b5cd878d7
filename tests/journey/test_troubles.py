"""Trouble with the clock and with the store's disk: told once when it begins and once when it ends."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import httpx2
import pytest

from gateway.ports import Room
from gateway.stores.engine import sqlite
from gateway.stores.room import room_of
from gateway.troubles import LOG_BYTES, Troubles
from signing import TrustedLists, issue_authority
from tests.conftest import Counter
from tests.journey.test_mailboxes import hand_in
from tests.journey.test_operations import Hands, nothing_is_wrong, open_alerts
from tests.patience import wait_until
from tests.signing import listing
from tests.signing.pki import AT

Http = Callable[[str | None], httpx2.Client]
MINUTE = timedelta(minutes=1)


@dataclass
class Machine:
    """What clock and disk of a machine show, next to what its gateway goes by."""

    clock: Hands
    ahead: timedelta = timedelta(0)
    free: int = 10**12
    log: int = 0

    def wall(self) -> datetime:
        return self.clock.at + self.ahead

    def room(self) -> Room:
        return Room(free=self.free, log=self.log)


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def machine(clock: Hands) -> Machine:
    return Machine(clock)


@pytest.fixture
def troubles(counter: Counter, machine: Machine) -> Troubles:
    """No commit is called slow, however slow the machine is."""
    return replace(counter.gateway.troubles, wall=machine.wall, room=machine.room, slow_s=3600.0)


def troubled(http: Http) -> set[str]:
    return {kind for kind, subject in open_alerts(http) if subject in ("clock", "store")}


@pytest.mark.parametrize(
    ("wrong", "wavers", "kind"),
    [
        ({"ahead": MINUTE}, {"ahead": MINUTE / 3}, "clock-set-ahead"),
        ({"ahead": -MINUTE}, {"ahead": -MINUTE / 3}, "clock-set-back"),
        ({"free": 2**30 - 1}, {"free": 2**30 + 1}, "store-disk-low"),
        ({"log": LOG_BYTES}, {"log": LOG_BYTES - 1}, "store-log-grown"),
    ],
)
def test_a_trouble_is_told_at_its_beginning_and_its_end_and_not_between(
    http: Http,
    machine: Machine,
    troubles: Troubles,
    caplog: pytest.LogCaptureFixture,
    wrong: dict[str, object],
    wavers: dict[str, object],
    kind: str,
) -> None:
    troubles.look()
    assert troubled(http) == set()
    sound = {name: getattr(machine, name) for name in wrong}
    with caplog.at_level(logging.WARNING, "sealpost.alerts"):
        for changes, told in ((wrong, {kind}), (wavers, {kind}), (wrong, {kind}), (sound, set()), (wavers, set())):
            for name, value in changes.items():
                setattr(machine, name, value)
            troubles.look()
            assert troubled(http) == told
    subject = "clock" if kind.startswith("clock") else "store"
    assert [record.getMessage() for record in caplog.records] == [f"{kind} {subject}", f"{kind} {subject} is over"]


def test_a_start_by_a_clock_that_is_behind_what_was_stored_is_told_until_it_comes_by(
    http: Http, counter: Counter, clock: Hands, troubles: Troubles
) -> None:
    hand_in(http, counter)
    for turned, told in ((-MINUTE, {"clock-behind"}), (MINUTE / 3, {"clock-behind"}), (MINUTE, set())):
        clock.turn(turned)
        troubles.look()
        assert troubled(http) == told


def test_a_commit_that_takes_long_is_told(http: Http, troubles: Troubles) -> None:
    troubles.slow_s = 0.0
    troubles.look()
    assert troubled(http) == {"store-slow"}
    troubles.slow_s = 3600.0
    troubles.look()
    assert troubled(http) == set()


def fails_and_recovers(counter: Counter, troubles: Troubles, caplog: pytest.LogCaptureFixture) -> None:
    """Another process holds the file for a while; what is told of that."""
    holder = sqlite.connect(str(counter.gateway.config.store_path), isolation_level=None)

    def told() -> list[str]:
        troubles.look()
        return [record.getMessage() for record in caplog.records]

    with closing(holder), caplog.at_level(logging.WARNING, "sealpost.alerts"):
        holder.execute("BEGIN IMMEDIATE")
        assert [told() for _ in range(2)][-1] == ["store-fails store"]
        holder.execute("ROLLBACK")
        wait_until(lambda: len(told()) > 1)  # its writer notices
        assert told() == ["store-fails store", "store-fails store is over"]


def test_a_store_that_cannot_commit_is_told_at_once_and_kept_when_it_can(
    http: Http, counter: Counter, troubles: Troubles, caplog: pytest.LogCaptureFixture
) -> None:
    fails_and_recovers(counter, troubles, caplog)
    (kept,) = http("admin").get("/v1/operations/alerts?all=true").json()["items"]
    assert (kept["kind"], "closedAt" in kept) == ("store-fails", True)


def test_a_process_that_does_not_look_tells_the_end_of_what_it_told(
    counter: Counter, troubles: Troubles, caplog: pytest.LogCaptureFixture
) -> None:
    troubles.look()
    fails_and_recovers(counter, replace(troubles, holder="another"), caplog)


def test_one_process_looks_at_a_time(http: Http, machine: Machine, troubles: Troubles) -> None:
    """A process that was started after the clock was set sees nothing wrong, and must not call the trouble over."""
    machine.ahead = MINUTE
    troubles.look()
    replace(troubles, holder="another", wall=lambda: machine.clock.at).look()
    assert troubled(http) == {"clock-set-ahead"}


def test_the_room_of_a_store_is_that_of_its_disk_and_its_log(http: Http, counter: Counter) -> None:
    hand_in(http, counter)
    room = room_of(counter.gateway.config.store_path)
    assert room.free > 0
    assert room.log > 0
    nothing_is_wrong(counter)


def test_a_trusted_list_that_should_have_been_replaced_is_told_until_it_is(
    http: Http, counter: Counter, troubles: Troubles, clock: Hands
) -> None:
    """Whom the list that did not come withdraws counts here still."""
    operator = issue_authority("Commission", at=AT)
    lists = TrustedLists(scheme=(operator.certificate,)).admit(listing.list_of_lists(7, operator), at=AT)
    assert counter.gateway.troubles.lists is counter.gateway.vouching.lists
    told = []
    for at in (AT + timedelta(days=100), AT + timedelta(days=300)):
        clock.at = at
        troubles.lists = lists
        troubles.look()
        told.append(("trusted-list-stale", "trusted-lists") in open_alerts(http))
    troubles.lists = None
    troubles.look()
    told.append(("trusted-list-stale", "trusted-lists") in open_alerts(http))
    assert told == [False, True, False]
