"""EU DSS judges what we make, level by level, and what was altered. Run by `make oracles` only: it needs Maven."""

import re
import shutil
import subprocess
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from signing import (
    ALGORITHMS,
    RevocationAddresses,
    RevocationAuthority,
    TimestampAuthority,
    Timestamper,
    TimestampSource,
    TimestampTrust,
    TrustPolicy,
    ValidationPolicy,
    archive_xml,
    assess_xml,
    build_report,
    collect_revocation,
    extend_xml,
    issue,
    issue_authority,
    sign_xml,
    stamp_xml,
)
from signing.issuing import KeyKind
from tests.signing.pki import DOCUMENT, SIGNING_KEYS

PROJECT: Final = Path(__file__).parent / "dss"
ADDRESSES: Final = RevocationAddresses(responder="http://ca.example/ocsp", list="http://ca.example/list.crl")
TIME_ADDRESSES: Final = RevocationAddresses(responder="http://time.example/ocsp", list="http://time.example/list.crl")
MINUTE: Final = timedelta(minutes=1)
REPORT_SCHEMA: Final = "TS119102-2-v141.xsd"
SCHEMAS: Final = {
    "xmldsig-core-schema.xsd": "xmldsig-core-schema.xsd",
    "XAdES.xsd": "XAdES.xsd",
    "ts_119612v020201_201601xsd.xsd": "ts_119612v020101_xsd.xsd",
    "xml.xsd": "xml.xsd",
}
# OCSP answers bear the time of the machine that made them, so all of this happens in the last hours.
START: Final = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)


class Verdict(NamedTuple):
    file: str
    level: str
    indication: str
    subindication: str
    is_structure_valid: str
    best_signature_time: str
    stamps: str
    errors: str


def class_path() -> str:
    """The program that asks EU DSS, built; without the network when everything is there already."""
    maven = shutil.which("mvn")
    assert maven, "Maven is missing"
    for offline in (["-o"], []):
        command = [maven, *offline, "-q", "-B", "package"]
        built = subprocess.run(command, cwd=PROJECT, capture_output=True, check=False, timeout=900)
        if built.returncode == 0:
            return f"{PROJECT}/target/classes:{PROJECT}/target/dependency/*"
    pytest.fail(built.stdout.decode())


class World:
    """One authority for people and one for time, both of this day."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC).replace(microsecond=0) + MINUTE
        self.root = issue_authority("Root", at=START)
        self.time_root = issue_authority("Time Authority", at=START)
        self.responder = issue(self.root, "Responder", use="answer", at=START)
        self.unit = issue(self.time_root, "Unit", use="stamp", told_at=TIME_ADDRESSES, at=START)
        self.trust = TimestampTrust(anchors=TrustPolicy((self.time_root.certificate,)))

    def clock(self, at: datetime) -> Timestamper:
        def fetch(url: str, *, body: bytes | None = None, content_type: object = None, max_bytes: int) -> bytes:
            return TimestampAuthority(identity=self.unit).answer(body or b"", at=at)

        return Timestamper(sources=(TimestampSource(url=""),), trust=self.trust, fetch=fetch)

    def told(self, url: str, *, body: bytes | None = None, content_type: object = None, max_bytes: int) -> bytes:
        moment = datetime.now(UTC).replace(microsecond=0)
        if url == TIME_ADDRESSES.responder:
            return RevocationAuthority(identity=self.time_root).answer(body or b"", at=moment)
        return RevocationAuthority(identity=self.root, responder=self.responder).answer(body or b"", at=moment)

    def levels(self, kind: KeyKind) -> dict[str, bytes]:
        """The same document at each level."""
        signer = issue(self.root, "Signer", key=kind, told_at=ADDRESSES, at=START)
        signed = sign_xml(DOCUMENT, identity=signer, at=START + MINUTE)
        stamped = stamp_xml(signed, timestamper=self.clock(START + 2 * MINUTE), at=START + 2 * MINUTE)
        lasting = stamped
        for path in ((signer, self.root), (self.unit, self.time_root)):
            certificates = [each.certificate.public_bytes(Encoding.DER) for each in path]
            data = collect_revocation(certificates, fetch=self.told, at=self.now, algorithms=ALGORITHMS)
            lasting = extend_xml(lasting, data=data)
        archived = archive_xml(lasting, timestamper=self.clock(self.now), at=self.now)
        again = archive_xml(archived, timestamper=self.clock(self.now + MINUTE), at=self.now + MINUTE)
        return {"b": signed, "t": stamped, "lt": lasting, "lta": archived, "lta-again": again}


@pytest.fixture(scope="session")
def world() -> World:
    return World()


@pytest.fixture(scope="session")
def verdicts(world: World, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Verdict]:
    """What EU DSS says of each level with each kind of key, as made and altered; asked once for all."""
    folder = tmp_path_factory.mktemp("dss")
    anchors = []
    for name, identity in (("root.crt", world.root), ("time.crt", world.time_root)):
        (folder / name).write_bytes(identity.certificate.public_bytes(Encoding.PEM))
        anchors.append(str(folder / name))
    files = []
    for kind in SIGNING_KEYS:
        for level, raw in world.levels(kind).items():
            altered = raw.replace(b"85073003328", b"85073003329")
            for name, content in ((f"{kind}-{level}", raw), (f"{kind}-{level}-altered", altered)):
                (folder / name).write_bytes(content)
                files.append(str(folder / name))
    moment = (world.now + 2 * MINUTE).isoformat().replace("+00:00", "Z")
    command = ["java", "-cp", class_path(), "Validate", ",".join(anchors), moment, *files]
    done = subprocess.run(command, capture_output=True, check=False, timeout=900)
    assert done.returncode == 0, done.stderr.decode()
    found = [Verdict(*line.split("|")) for line in done.stdout.decode().splitlines() if line.count("|") == 7]
    assert len(found) == len(files)
    return {verdict.file: verdict for verdict in found}


@pytest.mark.parametrize("kind", SIGNING_KEYS)
@pytest.mark.parametrize(
    ("level", "name", "stamps"),
    [
        ("b", "B", ""),
        ("t", "T", "SIGNATURE_TIMESTAMP:INDETERMINATE"),
        ("lt", "LT", "SIGNATURE_TIMESTAMP:PASSED"),
        ("lta", "LTA", "SIGNATURE_TIMESTAMP:PASSED ARCHIVE_TIMESTAMP:PASSED"),
        ("lta-again", "LTA", "SIGNATURE_TIMESTAMP:PASSED ARCHIVE_TIMESTAMP:PASSED ARCHIVE_TIMESTAMP:PASSED"),
    ],
)
def test_every_level_is_what_it_says(
    world: World, verdicts: dict[str, Verdict], kind: KeyKind, level: str, name: str, stamps: str
) -> None:
    """Below LT DSS has no revocation data, and says so; from LT on it knows everything offline."""
    found = verdicts[f"{kind}-{level}"]
    assert (found.level, found.stamps, found.is_structure_valid) == (f"XAdES-BASELINE-{name}", stamps, "true")
    if level.startswith("lt"):
        stamped_at = (START + 2 * MINUTE).isoformat().replace("+00:00", "Z")
        assert (found.indication, found.best_signature_time) == ("TOTAL_PASSED", stamped_at), found


def test_what_was_altered_is_refused(verdicts: dict[str, Verdict]) -> None:
    altered = [found for name, found in verdicts.items() if name.endswith("-altered")]
    assert {(found.indication, found.subindication) for found in altered} == {("TOTAL_FAILED", "HASH_FAILURE")}
    assert verdicts["p256-lta-altered"].stamps == "SIGNATURE_TIMESTAMP:PASSED ARCHIVE_TIMESTAMP:ALTERED"


def test_reports_are_valid_by_the_schema_of_etsi(world: World, tmp_path: Path) -> None:
    """The schemas stand in the archives of EU DSS; they name each other by addresses that are not asked here."""
    class_path()
    for archive in sorted((PROJECT / "target" / "dependency").glob("specs-*.jar")):
        with zipfile.ZipFile(archive) as opened:
            for name in opened.namelist():
                if name.endswith(".xsd") and name.count("/") == 1:
                    text = opened.read(name).decode()
                    for wanted, there in SCHEMAS.items():
                        text = re.sub(rf'schemaLocation="http[^"]*/{wanted}"', f'schemaLocation="{there}"', text)
                    (tmp_path / Path(name).name).write_text(text)
    schema = etree.XMLSchema(etree.parse(tmp_path / REPORT_SCHEMA))
    signers = TrustPolicy((world.root.certificate,))
    documents = [*world.levels("p256").values(), DOCUMENT, b"?"]
    documents.append(documents[3].replace(b"85073003328", b"85073003329"))
    for raw in documents:
        policy = ValidationPolicy(signers=signers, timestamps=world.trust)
        report = build_report(assess_xml(raw, policy=policy, validation_time=world.now + 2 * MINUTE))
        assert schema.validate(etree.fromstring(report)), schema.error_log
