"""Bouncy Castle verifies our evidence records, through renewals, and we verify its own; OpenSSL judges the tokens."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12

from signing import VerificationFailed, build_record, read_record, verify_record
from tests.signing.pki import AT
from tests.signing.stamping import TIME_ROOT, TIME_TRUST, UNIT
from tests.signing.test_interop import run
from tests.signing.test_records import BATCH, DATA, RECORDS, TOKEN, YEAR, rehashed, renewed, token_over

JAVA_PROGRAM: Final = Path(__file__).parent / "interop" / "EvidenceRecords.java"
BOUNCY_CASTLE: Final = ":".join(f"/usr/share/java/{name}.jar" for name in ("bcprov", "bcutil", "bcpkix"))
LATER: Final = AT + 5 * YEAR


def millis(moment: datetime) -> str:
    return str(int(moment.timestamp() * 1000))


def our_cases() -> list[tuple[bytes, bytes, bool]]:
    """Record, data, whether the one is of the other."""
    once = renewed(RECORDS[4], at=AT + YEAR)
    cases = [(record, DATA[number], True) for number, record in enumerate(RECORDS)]
    cases += [(build_record((), token_over(BATCH.levels[0][3])), DATA[3], True), (once, DATA[4], True)]
    cases += [(RECORDS[4], DATA[3], False), (once, DATA[3], False)]
    for number in range(4):  # several: whether the two digests in a chain's leaf are in order is chance
        again = rehashed(once, DATA[4], at=AT + 2 * YEAR + timedelta(seconds=number))
        cases += [(again, DATA[4], True), (again, DATA[3], False)]
    return [*cases, (renewed(again, at=AT + 3 * YEAR), DATA[4], True)]


@pytest.fixture(scope="module")
def bouncy_castle(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[bool, bool]]]:
    """The folder with its records, and of ours what we and what it say."""
    folder = tmp_path_factory.mktemp("records")
    secret = BestAvailableEncryption(b"secret")
    store = pkcs12.serialize_key_and_certificates(b"unit", UNIT.key, UNIT.certificate, None, secret)
    (folder / "unit.p12").write_bytes(store)
    for number, data in enumerate(DATA):
        (folder / f"{number}.data").write_bytes(data)
    cases = our_cases()
    for number, (record, data, _) in enumerate(cases):
        (folder / f"ours-{number}.der").write_bytes(record)
        (folder / f"ours-{number}.data").write_bytes(data)
    arguments = (str(folder / "unit.p12"), "secret", millis(AT), millis(LATER), str(folder))
    done = run("java", "-cp", BOUNCY_CASTLE, str(JAVA_PROGRAM), *arguments)
    verdicts = [word == "true" for word in done.stdout.decode().split()]
    return folder, [(expected, verdict) for (_, _, expected), verdict in zip(cases, verdicts, strict=True)]


def test_bouncy_castle_verifies_our_records(bouncy_castle: tuple[Path, list[tuple[bool, bool]]]) -> None:
    verdicts = bouncy_castle[1]
    assert {ours for ours, _ in verdicts} == {True, False}
    assert [ours for ours, _ in verdicts] == [theirs for _, theirs in verdicts]


def test_we_verify_the_records_of_bouncy_castle(bouncy_castle: tuple[Path, list[tuple[bool, bool]]]) -> None:
    folder = bouncy_castle[0]
    for number, data in enumerate(DATA):
        record = (folder / f"{number}.der").read_bytes()
        assert verify_record(record, data, trust=TIME_TRUST, at=LATER).proven_at == AT
        with pytest.raises(VerificationFailed):
            verify_record(record, data + b"!", trust=TIME_TRUST, at=LATER)
    for name, stamps in (("renewed", 2), ("rehashed", 3)):
        record = (folder / f"{name}.der").read_bytes()
        found = verify_record(record, DATA[0], trust=TIME_TRUST, at=LATER)
        assert (found.proven_at, len(found.stamps)) == (AT, stamps)


def test_openssl_verifies_the_stamp_over_a_root(tmp_path: Path) -> None:
    token, anchor = tmp_path / "token.der", tmp_path / "anchor.pem"
    token.write_bytes(read_record(RECORDS[4]).chains[0][0].token)
    anchor.write_bytes(TIME_ROOT.certificate.public_bytes(Encoding.PEM))
    options = ("-in", str(token), "-token_in", "-CAfile", str(anchor), "-attime", str(int(AT.timestamp()) + 60))
    run("openssl", "ts", "-verify", "-digest", BATCH.root.hex(), *options)
    run("openssl", "ts", "-verify", "-digest", bytes(32).hex(), *options, expect=False)
    assert token.read_bytes() == TOKEN
