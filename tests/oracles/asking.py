"""Asks the programs of this folder; and the people and authorities of this day, whose documents they judge."""

import shutil
import subprocess
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate

from signing import (
    ALGORITHMS,
    Identity,
    RevocationAddresses,
    RevocationAuthority,
    TimestampAuthority,
    Timestamper,
    TimestampSource,
    TimestampTrust,
    TrustPolicy,
    ValidationData,
    collect_revocation,
    issue,
    issue_authority,
)

HERE: Final = Path(__file__).parent
ADDRESSES: Final = RevocationAddresses(responder="http://ca.example/ocsp", list="http://ca.example/list.crl")
TIME_ADDRESSES: Final = RevocationAddresses(responder="http://time.example/ocsp", list="http://time.example/list.crl")
MINUTE: Final = timedelta(minutes=1)
# OCSP answers bear the time of the machine that made them, so all of this happens in the last hours.
START: Final = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)


class Verdict(NamedTuple):
    """What EU DSS says of one signature or evidence record."""

    file: str
    level: str
    indication: str
    subindication: str
    is_structure_valid: str
    best_signature_time: str
    stamps: str
    errors: str


@cache
def class_path(project: str) -> str:
    """A program of this folder, built; without the network when everything is there already."""
    maven, folder = shutil.which("mvn"), HERE / project
    assert maven, "Maven is missing"
    for offline in (["-o"], []):
        command = [maven, *offline, "-q", "-B", "package"]
        built = subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=900)
        if built.returncode == 0:
            return f"{folder}/target/classes:{folder}/target/dependency/*"
    pytest.fail(built.stdout.decode())


def run_java(project: str, *arguments: str) -> list[list[str]]:
    """What the program says, line by line, taken apart at its bars."""
    command = ["java", "-cp", class_path(project), *arguments]
    done = subprocess.run(command, capture_output=True, check=False, timeout=900)
    assert done.returncode == 0, done.stderr.decode()
    return [line.split("|") for line in done.stdout.decode().splitlines() if "|" in line]


def ask_dss(
    folder: Path,
    files: Mapping[str, bytes],
    *,
    anchors: Iterable[Certificate],
    at: datetime,
    over: Mapping[str, bytes] = {},
) -> list[Verdict]:
    """What EU DSS says of each signature in each file, as of a moment.

    over: for those files that are evidence records: what they are about.
    """
    trusted = []
    for number, anchor in enumerate(anchors):
        (folder / f"{number}.crt").write_bytes(anchor.public_bytes(Encoding.PEM))
        trusted.append(str(folder / f"{number}.crt"))
    asked = []
    for name, content in files.items():
        (folder / name).write_bytes(content)
        asked.append(str(folder / name))
        if name in over:
            (folder / f"{name}.data").write_bytes(over[name])
            asked[-1] += f"={folder / name}.data"
    moment = at.isoformat().replace("+00:00", "Z")
    return [Verdict(*line) for line in run_java("dss", "Validate", ",".join(trusted), moment, *asked)]


class World:
    """One authority for people and one for time, both of this day."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC).replace(microsecond=0) + MINUTE
        self.root = issue_authority("Root", at=START)
        self.time_root = issue_authority("Time Authority", at=START)
        self.responder = issue(self.root, "Responder", use="answer", at=START)
        self.unit = issue(self.time_root, "Unit", use="stamp", told_at=TIME_ADDRESSES, at=START)
        self.trust = TimestampTrust(anchors=TrustPolicy((self.time_root.certificate,)))
        self.anchors = (self.root.certificate, self.time_root.certificate)

    def clock(self, at: datetime) -> Timestamper:
        def fetch(url: str, *, body: bytes | None = None, content_type: object = None, max_bytes: int) -> bytes:
            return TimestampAuthority(identity=self.unit).answer(body or b"", at=at)

        return Timestamper(sources=(TimestampSource(url=""),), trust=self.trust, fetch=fetch)

    def told(self, url: str, *, body: bytes | None = None, content_type: object = None, max_bytes: int) -> bytes:
        moment = datetime.now(UTC).replace(microsecond=0)
        if url == TIME_ADDRESSES.responder:
            return RevocationAuthority(identity=self.time_root).answer(body or b"", at=moment)
        return RevocationAuthority(identity=self.root, responder=self.responder).answer(body or b"", at=moment)

    def data_of(self, signer: Identity) -> ValidationData:
        """Certificates and revocation data of a signer below the root, and of the unit that stamps."""
        found = []
        for path in ((signer, self.root), (self.unit, self.time_root)):
            certificates = [each.certificate.public_bytes(Encoding.DER) for each in path]
            found.append(collect_revocation(certificates, fetch=self.told, at=self.now, algorithms=ALGORITHMS))
        return ValidationData(
            certificates=tuple(der for each in found for der in each.certificates),
            ocsps=tuple(der for each in found for der in each.ocsps),
            crls=tuple(der for each in found for der in each.crls),
        )
