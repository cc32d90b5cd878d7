"""Which key is used at which moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.keyring import DatedKey, Keyring, Purpose, published
from signing import Identity, KeyUnavailable, issue, issue_authority

AT = datetime(2026, 3, 5, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
AUTHORITY = issue_authority("An Authority", at=AT)
SEALS = [issue(AUTHORITY, f"Seal {number}", at=AT, days=100) for number in range(3)]


def ring(*days: int) -> Keyring:
    return Keyring([DatedKey(identity=seal, since=AT + day * DAY) for seal, day in zip(SEALS, days, strict=False)])


def identity_at(keys: Keyring, day: float) -> Identity:
    return keys.at(AT + day * DAY)


def test_a_key_takes_over_at_its_moment_and_not_before() -> None:
    keys = ring(0, 10, 20)
    assert identity_at(keys, 9.9999) is SEALS[0]
    assert keys.at(AT + 10 * DAY) is SEALS[1]
    assert identity_at(keys, 19.9999) is SEALS[1]
    assert identity_at(keys, 20) is SEALS[2]


def test_before_the_first_has_begun_it_is_the_first() -> None:
    assert identity_at(ring(5, 10), 1) is SEALS[0]


def test_a_key_whose_certificate_has_ended_signs_nothing() -> None:
    with pytest.raises(KeyUnavailable) as refused:
        identity_at(ring(0, 10), 101)
    assert refused.value.code == "key-not-allowed"


def test_keys_must_follow_each_other_while_their_certificates_are_in_force() -> None:
    for days in ((), (10, 10), (10, 5), (0, 200), (-1,)):
        with pytest.raises(ValueError):
            ring(*days)
    with pytest.raises(ValueError):
        Keyring([DatedKey(identity=SEALS[0], since=AT + timedelta(milliseconds=1))])


@given(
    starts=st.lists(st.integers(0, 99), min_size=1, max_size=3, unique=True).map(sorted),
    moments=st.lists(st.floats(-10, 100), min_size=2, max_size=20).map(sorted),
)
def test_as_time_goes_on_no_earlier_key_comes_back(starts: list[int], moments: list[float]) -> None:
    keys = ring(*starts)
    used = [SEALS.index(identity_at(keys, moment)) for moment in moments]
    assert used == sorted(used)


def test_what_is_made_known_is_bound_to_the_last_character() -> None:
    key = published(Purpose.SERVICE, ring(0).keys[0], at=AT)
    other = published(Purpose.PUSH, ring(0).keys[0], at=AT)
    later = published(Purpose.SERVICE, ring(1).keys[0], at=AT)
    assert len({key.raw, other.raw, later.raw, published(Purpose.SERVICE, ring(0).keys[0], at=AT + DAY).raw}) == 4
    assert key.id == f"service:{SEALS[0].fingerprint.removeprefix('sha256:')}:{int(AT.timestamp())}"
    assert key.raw.startswith(b"sealpost-key-1\npurpose service\nfingerprint sha256:")
