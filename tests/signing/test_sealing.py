"""Envelopes open for their recipients, byte for byte, and for nobody else; no byte of them can be changed."""

from contextlib import suppress
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import Identity, SealingFailed, issue, open_sealed, seal
from signing.errors import SEALING_CODES
from signing.issuing import KeyKind
from tests.mutations import RANDOMS, mutate_der
from tests.signing.pki import AT, SEALING_KEYS, People, make_people

PAYLOAD = b"what only the recipient may read" * 8
PEOPLE = make_people()


def refused(sealed: bytes, identity: Identity) -> str:
    with pytest.raises(SealingFailed) as failed:
        open_sealed(sealed, identity=identity)
    assert failed.value.code in SEALING_CODES
    return failed.value.code


@pytest.mark.parametrize("kind", SEALING_KEYS)
@pytest.mark.parametrize("payload", [b"", b"x", PAYLOAD, bytes(70_000)], ids=len)
def test_what_is_sealed_opens(people: People, kind: KeyKind, payload: bytes) -> None:
    desk = people.desks[kind]
    sealed = seal(payload, recipients=[desk.certificate])
    assert open_sealed(sealed, identity=desk) == payload
    assert len(payload) < 8 or payload not in sealed


def test_each_of_several_recipients_opens(people: People) -> None:
    desks = list(people.desks.values())
    sealed = seal(PAYLOAD, recipients=[desk.certificate for desk in desks])
    assert [open_sealed(sealed, identity=desk) for desk in desks] == [PAYLOAD] * len(desks)


def test_sealing_twice_gives_other_bytes(people: People) -> None:
    recipients = [people.desks["p256"].certificate]
    assert seal(PAYLOAD, recipients=recipients) != seal(PAYLOAD, recipients=recipients)


def test_somebody_else_does_not_open(people: People) -> None:
    sealed = seal(PAYLOAD, recipients=[people.desks["p256"].certificate])
    assert refused(sealed, people.desks["p384"]) == "not-a-recipient"


@pytest.mark.parametrize("kind", SEALING_KEYS)
def test_the_certificate_without_its_key_does_not_open(people: People, kind: KeyKind) -> None:
    sealed = seal(PAYLOAD, recipients=[people.desks[kind].certificate])
    for other in SEALING_KEYS:
        stranger = issue(people.authority, "Other", use="seal", key="p256", at=AT).key
        keys = [people.desks[other].key, stranger] if other != kind else [stranger]
        for key in keys:
            assert refused(sealed, Identity(key, people.desks[kind].certificate)) == "cannot-open"


def test_a_recipient_named_twice_is_refused(people: People) -> None:
    desk = people.desks["p256"]
    assert refused(seal(PAYLOAD, recipients=[desk.certificate] * 2), desk) == "not-a-recipient"


@pytest.mark.parametrize("kind", SEALING_KEYS)
def test_tampering_at_any_byte_is_refused(people: People, kind: KeyKind) -> None:
    desk = people.desks[kind]
    sealed = seal(b"short", recipients=[desk.certificate])
    for place in range(len(sealed)):
        # RSA opens slowly: one bit of each byte must do there.
        bits = (0x01, 0x80) if kind in ("p256", "p384") else (0x01,)
        for bit in bits:
            damaged = bytearray(sealed)
            damaged[place] ^= bit
            refused(bytes(damaged), desk)


@pytest.mark.parametrize("kind", ["p256", "rsa2048"])
def test_a_truncated_or_longer_envelope_is_refused(people: People, kind: KeyKind) -> None:
    desk = people.desks[kind]
    sealed = seal(PAYLOAD, recipients=[desk.certificate])
    for length in range(0, len(sealed), 7):
        assert refused(sealed[:length], desk) == "envelope-unreadable"
    assert refused(sealed + b"\0", desk) == "envelope-unreadable"


def test_a_tag_of_another_envelope_is_refused(people: People) -> None:
    desk = people.desks["p256"]
    one, other = (seal(PAYLOAD, recipients=[desk.certificate]) for _ in range(2))
    assert refused(one[:-16] + other[-16:], desk) == "cannot-open"


def test_nobody_is_no_recipient() -> None:
    with pytest.raises(SealingFailed) as failed:
        seal(PAYLOAD, recipients=[])
    assert failed.value.code == "recipient-missing"


def test_certificates_for_another_use_do_not_receive(people: People) -> None:
    for identity in (people.doctor, people.signers["rsa3072"]):
        with pytest.raises(SealingFailed) as failed:
            seal(PAYLOAD, recipients=[identity.certificate])
        assert failed.value.code == "recipient-not-allowed"


def test_too_many_recipients(people: People) -> None:
    with pytest.raises(SealingFailed) as failed:
        seal(PAYLOAD, recipients=[people.desks["p256"].certificate] * 65)
    assert failed.value.code == "recipient-not-allowed"


@settings(max_examples=300, deadline=None)
@given(
    kind=st.sampled_from(["p256", "rsa2048"]),
    cuts=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 6), st.binary(max_size=6)), min_size=1, max_size=3),
)
def test_damaged_envelopes_raise_nothing_else(kind: KeyKind, cuts: list[tuple[float, int, bytes]]) -> None:
    desk = PEOPLE.desks[kind]
    sealed = seal(PAYLOAD, recipients=[desk.certificate])
    raw = sealed
    for place, length, scrap in cuts:
        at = int(place * len(raw))
        raw = raw[:at] + scrap + raw[at + length :]
    if raw != sealed:
        refused(raw, desk)


OF_SOMEBODY_ELSE = b"of somebody else"
SEALED = {
    kind: [seal(each, recipients=[PEOPLE.desks[kind].certificate]) for each in (PAYLOAD, OF_SOMEBODY_ELSE)]
    for kind in SEALING_KEYS
}


@settings(max_examples=400, deadline=None)
@given(kind=st.sampled_from(SEALING_KEYS), random=RANDOMS)
def test_envelopes_of_another_structure_open_with_what_was_sealed_or_not_at_all(kind: KeyKind, random: Random) -> None:
    """Who is named as a recipient is not authenticated; what is inside is."""
    sealed, other = SEALED[kind]
    with suppress(SealingFailed):
        opened = open_sealed(mutate_der(sealed, random, [other]), identity=PEOPLE.desks[kind])
        assert opened in (PAYLOAD, OF_SOMEBODY_ELSE)


@settings(max_examples=100, deadline=None)
@given(raw=st.binary())
def test_any_bytes_are_refused(raw: bytes) -> None:
    assert refused(raw, PEOPLE.desks["p256"]) == "envelope-unreadable"
