"""Evidence records: what they prove through renewals, and every attack with its own refusal."""

import hashlib
from contextlib import suppress
from datetime import datetime, timedelta
from random import Random

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import (
    Identity,
    KnownData,
    RevocationAddresses,
    RevocationAuthority,
    RevocationRule,
    ValidationData,
    VerificationFailed,
    VerifiedRecord,
    build_batch,
    build_record,
    chain_leaf,
    der,
    issue,
    read_record,
    rehash,
    renew,
    stamp_leaf,
    verify_record,
)
from signing.errors import VERIFICATION_CODES
from signing.records.hashtree import HashLists
from signing.records.record import ArchiveTimeStamp, EvidenceRecord
from tests.mutations import RANDOMS, mutate_der
from tests.signing.pki import AT
from tests.signing.stamping import STRANGE_UNIT, TIME_ROOT, TIME_TRUST, UNIT, stamper
from tests.signing.tokens import forge_token

YEAR = timedelta(days=365)
LATER_UNIT = issue(TIME_ROOT, "Later unit", use="stamp", at=AT + 8 * YEAR, days=3650)
DATA = [f"entry number {number}".encode() for number in range(9)]


def digests(name: str = "sha256") -> list[bytes]:
    return [hashlib.new(name, each).digest() for each in DATA]


def token_over(root: bytes, *, at: datetime = AT, digest_name: str = "sha256", unit: Identity = UNIT) -> bytes:
    return stamper(at, unit=unit).stamp_digest(root, digest_name=digest_name, at=at).token


BATCH = build_batch(digests())
TOKEN = token_over(BATCH.root)
RECORDS = [build_record(BATCH.path(number), TOKEN) for number in range(9)]


def verified(record: bytes, data: bytes, *, at: datetime = AT + YEAR) -> VerifiedRecord:
    return verify_record(record, data, trust=TIME_TRUST, at=at)


def refused(record: bytes, data: bytes, *, at: datetime = AT + YEAR) -> str:
    with pytest.raises(VerificationFailed) as failed:
        verified(record, data, at=at)
    assert (failed.value.indication, failed.value.subindication) == VERIFICATION_CODES[failed.value.code]
    return failed.value.code


def renewed(record: bytes, *, at: datetime, unit: Identity = UNIT) -> bytes:
    """With a stamp over its last one, together with that of another batch."""
    last = read_record(record).chains[-1][-1]
    name = last.digest_name
    batch = build_batch(
        [stamp_leaf(b"of another batch", digest_name=name), stamp_leaf(last.token, digest_name=name)], digest_name=name
    )
    return renew(record, batch.path(1), token_over(batch.root, at=at, digest_name=name, unit=unit))


def rehashed(record: bytes, data: bytes, *, at: datetime, unit: Identity = UNIT) -> bytes:
    leaf = chain_leaf(read_record(record), data, digest_name="sha512")
    batch = build_batch([leaf, hashlib.sha512(b"other").digest()], digest_name="sha512")
    return rehash(
        record, batch.path(0), token_over(batch.root, at=at, digest_name="sha512", unit=unit), digest_name="sha512"
    )


# What is proven


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 8, 9])
def test_every_member_of_a_batch_has_its_record(size: int) -> None:
    batch = build_batch(digests()[:size])
    token = token_over(batch.root)
    for number in range(size):
        record = build_record(batch.path(number), token)
        found = verified(record, DATA[number])
        assert (found.proven_at, len(found.stamps)) == (AT, 1)
        assert found.until == found.stamps[0].path.until
        code = "record-of-something-else" if size > 1 else "timestamp-of-something-else"
        assert refused(record, DATA[number - 2]) == code  # its neighbour stands in the same list, and is proven too


def naive_root(values: list[bytes]) -> bytes:
    """Pairs by pairs, the smaller first; a last one without a sibling moves up."""
    while len(values) > 1:
        pairs = [sorted(values[at : at + 2]) for at in range(0, len(values), 2)]
        values = [hashlib.sha256(b"".join(pair)).digest() if len(pair) == 2 else pair[0] for pair in pairs]
    return values[0]


@settings(max_examples=100)
@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=40), st.data())
def test_every_path_leads_to_the_root(leaves: list[bytes], data: st.DataObject) -> None:
    batch = build_batch(leaves)
    assert batch.root == naive_root(leaves)
    index = data.draw(st.integers(0, len(leaves) - 1))
    path = batch.path(index)
    found = leaves[index]
    for number, hashes in enumerate(path):
        assert list(hashes) == sorted(hashes)
        together = sorted(hashes if number == 0 else (*hashes, found))
        assert number or found in hashes
        found = hashlib.sha256(b"".join(together)).digest()
    assert found == batch.root


def test_a_batch_is_of_digests() -> None:
    for wrong in ([], [b"short"], [bytes(32), bytes(64)]):
        with pytest.raises(ValueError):
            build_batch(wrong)
    for index in (-1, 9):
        with pytest.raises(IndexError):
            BATCH.path(index)


# Through the years


def test_a_record_ends_with_the_certificate_of_its_authority() -> None:
    assert verified(RECORDS[4], DATA[4], at=AT + 9 * YEAR).proven_at == AT
    assert refused(RECORDS[4], DATA[4], at=AT + 15 * YEAR) == "timestamp-expired"


def test_a_renewed_record_outlives_its_first_time_stamp() -> None:
    at = AT + 9 * YEAR
    record = renewed(RECORDS[4], at=at, unit=LATER_UNIT)
    found = verified(record, DATA[4], at=AT + 15 * YEAR)
    assert [stamp.stamped_at for stamp in found.stamps] == [AT, at]
    assert found.proven_at == AT
    assert refused(record, DATA[3], at=AT + 15 * YEAR) == "record-of-something-else"


def test_a_record_with_a_new_hash_tree() -> None:
    first = renewed(RECORDS[4], at=AT + YEAR)
    second = rehashed(first, DATA[4], at=AT + 9 * YEAR, unit=LATER_UNIT)
    third = renewed(second, at=AT + 10 * YEAR, unit=LATER_UNIT)
    found = verified(third, DATA[4], at=AT + 15 * YEAR)
    assert [stamp.stamped_at for stamp in found.stamps] == [AT, AT + YEAR, AT + 9 * YEAR, AT + 10 * YEAR]
    assert [len(chain) for chain in read_record(third).chains] == [2, 2]
    # the newer chain is what fails first: it covers the data itself with the stronger digest
    assert refused(third, DATA[3], at=AT + 15 * YEAR) == "record-chain-broken"


def test_a_renewal_that_came_too_late_proves_nothing() -> None:
    record = renewed(RECORDS[4], at=AT + 12 * YEAR, unit=LATER_UNIT)
    assert refused(record, DATA[4], at=AT + 15 * YEAR) == "timestamp-expired"


def test_time_runs_forward_in_a_record() -> None:
    record = renewed(renewed(RECORDS[4], at=AT + 2 * YEAR), at=AT + YEAR)
    assert refused(record, DATA[4], at=AT + 3 * YEAR) == "timestamp-out-of-order"
    assert refused(RECORDS[4], DATA[4], at=AT - YEAR) == "timestamp-out-of-order"


# Attacks


def test_a_token_over_another_batch() -> None:
    other = token_over(build_batch(digests()[:5]).root)
    assert refused(build_record(BATCH.path(4), other), DATA[4]) == "timestamp-of-something-else"


def test_a_token_by_a_stranger() -> None:
    token = forge_token(STRANGE_UNIT, b"", imprint=("sha256", BATCH.root))
    assert refused(build_record(BATCH.path(4), token), DATA[4]) == "timestamp-untrusted"
    own = forge_token(UNIT, b"", imprint=("sha256", BATCH.root))
    assert verified(build_record(BATCH.path(4), own), DATA[4])


def test_the_imprint_must_be_by_the_algorithm_of_the_tree() -> None:
    token = forge_token(UNIT, b"", imprint=("sha384", hashlib.sha384(BATCH.root).digest()))
    assert refused(build_record(BATCH.path(4), token), DATA[4]) == "timestamp-of-something-else"


def test_a_node_cannot_pose_as_data() -> None:
    """RFC 4998 does not tell nodes from leaves: what became a node, handed in as data, has a path too."""
    pair = sorted(digests()[:2])
    node = b"".join(pair)
    path: HashLists = (tuple(sorted((hashlib.sha256(node).digest(), *BATCH.path(0)[1]))), *BATCH.path(0)[2:])
    assert refused(build_record(path, TOKEN), node) == "record-of-a-node"
    assert refused(build_record((), token_over(hashlib.sha256(node).digest())), node) == "record-of-a-node"


def test_a_longer_node_is_none_of_ours() -> None:
    """Lists of more than two are read, since other tools write them, and prove their members alone."""
    three = tuple(sorted(digests()[:3]))
    token = token_over(hashlib.sha256(b"".join(three)).digest())
    assert verified(build_record((three,), token), DATA[2]).proven_at == AT
    assert refused(build_record((three,), token), DATA[3]) == "record-of-something-else"


def test_paths_of_others_in_the_batch() -> None:
    assert refused(build_record(BATCH.path(3), TOKEN), DATA[4]) == "record-of-something-else"
    assert refused(build_record(BATCH.path(4)[:-1], TOKEN), DATA[4]) == "timestamp-of-something-else"
    assert refused(build_record((), TOKEN), DATA[4]) == "timestamp-of-something-else"
    moved = (BATCH.path(4)[0], *reversed(BATCH.path(4)[1:]))
    assert refused(build_record(moved, TOKEN), DATA[4]) == "timestamp-of-something-else"
    hidden = ((BATCH.path(3)[0][0],), digests()[4:5], *BATCH.path(4)[1:])
    assert refused(build_record(hidden, TOKEN), DATA[4]) == "record-of-something-else"  # type: ignore[arg-type]


def edited(record: bytes, edit: str) -> bytes:
    """The record with its chains cut and mixed."""
    chains = read_record(record).chains
    (first, second), (third, fourth) = chains
    changed = {
        "renewal-cut": ((first,), (third, fourth)),
        "first-cut": ((second,), (third, fourth)),
        "chain-cut": ((third, fourth),),
        "chains-swapped": ((third, fourth), (first, second)),
        "stamps-swapped": ((second, first), (third, fourth)),
        "one-chain": ((first, second, third, fourth),),
        "last-of-first-moved": ((first,), (second, third, fourth)),
        "doubled": ((first, first, second), (third, fourth)),
    }[edit]
    return EvidenceRecord(chains=changed).encode()


@pytest.fixture(scope="module")
def long_record() -> bytes:
    second = rehashed(renewed(RECORDS[4], at=AT + YEAR), DATA[4], at=AT + 2 * YEAR)
    return renewed(second, at=AT + 3 * YEAR)


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        ("renewal-cut", "record-chain-broken"),
        ("first-cut", "record-chain-broken"),
        ("chain-cut", "record-of-something-else"),
        ("chains-swapped", "record-chain-broken"),
        ("stamps-swapped", "record-chain-broken"),
        ("one-chain", "record-algorithms-mixed"),
        ("last-of-first-moved", "record-algorithms-mixed"),
        ("doubled", "record-chain-broken"),
    ],
)
def test_chains_that_were_cut_or_mixed(long_record: bytes, edit: str, code: str) -> None:
    assert verified(long_record, DATA[4], at=AT + 4 * YEAR).proven_at == AT
    assert refused(edited(long_record, edit), DATA[4], at=AT + 4 * YEAR) == code


def test_without_its_last_renewal_a_record_is_what_it_was(long_record: bytes) -> None:
    chains = read_record(long_record).chains
    shorter = EvidenceRecord(chains=(chains[0], chains[1][:1])).encode()
    assert len(verified(shorter, DATA[4], at=AT + 4 * YEAR).stamps) == 3
    assert len(verified(EvidenceRecord(chains=chains[:1]).encode(), DATA[4], at=AT + 4 * YEAR).stamps) == 2


def test_chains_of_the_record_of_another(long_record: bytes) -> None:
    mine = read_record(long_record)
    others = read_record(renewed(RECORDS[5], at=AT + YEAR))
    mixed = EvidenceRecord(chains=(others.chains[0], mine.chains[1])).encode()
    assert refused(mixed, DATA[4], at=AT + 4 * YEAR) == "record-chain-broken"


# Its bytes


def stamp_with(**parts: bytes) -> ArchiveTimeStamp:
    """An archive time stamp written by hand; each part in DER."""
    algorithm = parts.get("algorithm", bytes.fromhex("a00b0609608648016503040201"))
    tree = parts.get("tree", der.encode(der.context(2), der.encode(der.SEQUENCE, der.encode(4, digests()[0]))))
    encoded = der.encode(der.SEQUENCE, algorithm, parts.get("attributes", b""), tree, parts.get("token", TOKEN))
    return ArchiveTimeStamp(digest_name="sha256", path=(), token=TOKEN, encoded=encoded)


def tree_of(*lists: list[bytes]) -> bytes:
    return der.encode(
        der.context(2), *(der.encode(der.SEQUENCE, *(der.encode(4, each) for each in hashes)) for hashes in lists)
    )


@pytest.mark.parametrize(
    "parts",
    [
        {"attributes": bytes.fromhex("a1023000")},
        {"tree": tree_of()},
        {"tree": tree_of([])},
        {"tree": tree_of([bytes(31)])},
        {"tree": tree_of([b"\x01" * 32, b"\x00" * 32])},
        {"tree": tree_of([bytes(32)] * 1025)},
        {"tree": tree_of(*[[bytes(32)]] * 65)},
        {"token": b""},
        {"token": TOKEN + b"\x05\x00"},
        {"algorithm": bytes.fromhex("a10b0609608648016503040201")},
        {"algorithm": bytes.fromhex("a00e0609608648016503040201050000")},
    ],
)
def test_what_is_no_archive_time_stamp(parts: dict[str, bytes]) -> None:
    assert refused(EvidenceRecord(chains=((stamp_with(**parts),),)).encode(), DATA[0]) == "record-unreadable"


def test_what_is_no_record() -> None:
    for raw in (
        b"",
        b"\x30\x00",
        RECORDS[4] + b"\x00",
        RECORDS[4][:-1],
        EvidenceRecord(chains=()).encode(),
        EvidenceRecord(chains=((),)).encode(),
        EvidenceRecord(chains=(read_record(RECORDS[4]).chains[0] * 257,)).encode(),
        RECORDS[4].replace(bytes.fromhex("300b0609608648016503040201"), bytes.fromhex("300b0609608648016503040203"), 1),
        bytes(5 * 1024 * 1024),
    ):
        assert refused(raw, DATA[4]) == "record-unreadable"


def test_an_algorithm_that_does_not_count() -> None:
    sha1 = bytes.fromhex("300706052b0e03021a")
    short = RECORDS[4][4:].replace(bytes.fromhex("300d300b0609608648016503040201"), der.encode(0x30, sha1), 1)
    assert refused(der.encode(der.SEQUENCE, short), DATA[4]) == "algorithm-not-allowed"
    assert (
        refused(EvidenceRecord(chains=((stamp_with(algorithm=bytes.fromhex("a007") + sha1[2:]),),)).encode(), DATA[0])
        == "algorithm-not-allowed"
    )


def test_the_time_stamp_may_say_the_algorithm() -> None:
    record = EvidenceRecord(chains=((stamp_with(algorithm=b"", tree=tree_of(*map(list, BATCH.path(0)))),),)).encode()
    assert verified(record, DATA[0]).proven_at == AT
    broken = EvidenceRecord(chains=((stamp_with(algorithm=b"", token=b"\x30\x00"),),)).encode()
    assert refused(broken, DATA[0]) == "timestamp-unreadable"


@settings(max_examples=400)
@given(st.integers(0, len(RECORDS[4]) - 1), st.integers(1, 255))
def test_no_changed_byte_moves_the_proof(place: int, change: int) -> None:
    """A changed record is refused, or it still proves the same of the same data."""
    raw = RECORDS[4][:place] + bytes((RECORDS[4][place] ^ change,)) + RECORDS[4][place + 1 :]
    with pytest.raises(VerificationFailed):
        verified(raw, DATA[3])
    try:
        found = verified(raw, DATA[4])
    except VerificationFailed:
        return
    assert found.proven_at == AT


@pytest.mark.filterwarnings("ignore::UserWarning")  # cryptography warns of odd names and numbers
@settings(max_examples=400, deadline=None)
@given(random=RANDOMS)
def test_a_record_of_another_structure_moves_no_proof(long_record: bytes, random: Random) -> None:
    """Chains, stamps, lists and hashes exchanged, also for those of a neighbour: the same proof, or none."""
    raw = mutate_der(random.choice([RECORDS[4], long_record]), random, [RECORDS[3], long_record])
    for data, times in ((DATA[4], {AT}), (DATA[0], {AT}), (b"never in a batch", set())):
        with suppress(VerificationFailed):
            assert verified(raw, data, at=AT + 4 * YEAR).proven_at in times


# Whether the authority was revoked

TOLD = RevocationAddresses(responder="http://time.example/ocsp", list="http://time.example/list")
TOLD_UNIT = issue(TIME_ROOT, "Unit that can be revoked", use="stamp", told_at=TOLD, at=AT, days=3650)
STRICT = RevocationRule(required=True)


def said(*, at: datetime, revoked_at: datetime | None = None) -> KnownData:
    """What the issuer of the unit says at a moment, known since then."""
    why = x509.ReasonFlags.key_compromise
    revoked = {} if revoked_at is None else {TOLD_UNIT.certificate.serial_number: (revoked_at, why)}
    crl = RevocationAuthority(identity=TIME_ROOT, revoked=revoked).list_revoked(at=at)
    return KnownData(data=ValidationData(crls=(crl,)), known_at=at)


def judged(record: bytes, *known: KnownData, rule: RevocationRule = STRICT, at: datetime = AT + YEAR) -> str:
    """Why a record does not hold, or what tells of its units, the oldest first."""
    try:
        found = verify_record(record, DATA[0], trust=TIME_TRUST, at=at, known=known, revocation=rule)
    except VerificationFailed as failed:
        return failed.code
    return " ".join(str(status.source) for status in found.statuses)


def test_what_is_known_of_an_authority_is_told() -> None:
    record = build_record(BATCH.path(0), token_over(BATCH.root, unit=TOLD_UNIT))
    assert judged(RECORDS[0]) == "never"
    assert judged(record, rule=RevocationRule()) == "None"
    assert judged(record) == "revocation-unknown"
    assert judged(record, said(at=AT - timedelta(days=3))) == "revocation-unknown"
    assert judged(record, said(at=AT + timedelta(hours=1))) == "crl"


@pytest.mark.parametrize("rule", [STRICT, RevocationRule()])
def test_a_record_by_an_authority_that_was_revoked(rule: RevocationRule) -> None:
    """A leaked key stamps any time: only what was covered by another stamp before the revocation stands."""
    record = build_record(BATCH.path(0), token_over(BATCH.root, unit=TOLD_UNIT))
    revoked_at = AT + timedelta(days=30)
    leaked = said(at=AT + timedelta(days=40), revoked_at=revoked_at)
    assert judged(record, leaked, rule=rule) == "timestamp-revoked"
    assert judged(renewed(record, at=revoked_at + timedelta(days=1)), leaked, rule=rule) == "timestamp-revoked"
    assert judged(renewed(record, at=revoked_at - timedelta(days=1)), leaked, rule=rule) == "crl crl"
    assert judged(renewed(RECORDS[0], at=AT + timedelta(days=1), unit=TOLD_UNIT), leaked) == "timestamp-revoked"


def test_the_clock_of_an_authority_may_be_minutes_ahead() -> None:
    assert verified(RECORDS[0], DATA[0], at=AT - timedelta(minutes=4)).proven_at == AT
    assert refused(RECORDS[0], DATA[0], at=AT - timedelta(minutes=6)) == "timestamp-out-of-order"
