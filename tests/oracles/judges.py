"""EU DSS judges what we make, level by level, and what was altered. Run by `make oracles` only: it needs Maven."""

import re
import zipfile
from pathlib import Path
from typing import Final

import pytest
from lxml import etree

from signing import (
    TrustPolicy,
    ValidationPolicy,
    archive_xml,
    assess_xml,
    build_report,
    extend_xml,
    issue,
    sign_xml,
    stamp_xml,
)
from signing.issuing import KeyKind
from tests.oracles.asking import ADDRESSES, HERE, MINUTE, START, Verdict, World, ask_dss, class_path
from tests.signing.pki import DOCUMENT, SIGNING_KEYS

REPORT_SCHEMA: Final = "TS119102-2-v141.xsd"
SCHEMAS: Final = {
    "xmldsig-core-schema.xsd": "xmldsig-core-schema.xsd",
    "XAdES.xsd": "XAdES.xsd",
    "ts_119612v020201_201601xsd.xsd": "ts_119612v020101_xsd.xsd",
    "xml.xsd": "xml.xsd",
}


def levels(world: World, kind: KeyKind) -> dict[str, bytes]:
    """The same document at each level."""
    signer = issue(world.root, "Signer", key=kind, told_at=ADDRESSES, at=START)
    signed = sign_xml(DOCUMENT, identity=signer, at=START + MINUTE)
    stamped = stamp_xml(signed, timestamper=world.clock(START + 2 * MINUTE), at=START + 2 * MINUTE)
    lasting = extend_xml(stamped, data=world.data_of(signer))
    archived = archive_xml(lasting, timestamper=world.clock(world.now), at=world.now)
    again = archive_xml(archived, timestamper=world.clock(world.now + MINUTE), at=world.now + MINUTE)
    return {"b": signed, "t": stamped, "lt": lasting, "lta": archived, "lta-again": again}


@pytest.fixture(scope="session")
def verdicts(world: World, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Verdict]:
    """What EU DSS says of each level with each kind of key, as made and altered; asked once for all."""
    files = {}
    for kind in SIGNING_KEYS:
        for level, raw in levels(world, kind).items():
            files[f"{kind}-{level}"] = raw
            files[f"{kind}-{level}-altered"] = raw.replace(b"85073003328", b"85073003329")
    found = ask_dss(tmp_path_factory.mktemp("dss"), files, anchors=world.anchors, at=world.now + 2 * MINUTE)
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
    class_path("dss")
    for archive in sorted((HERE / "dss" / "target" / "dependency").glob("specs-*.jar")):
        with zipfile.ZipFile(archive) as opened:
            for name in opened.namelist():
                if name.endswith(".xsd") and name.count("/") == 1:
                    text = opened.read(name).decode()
                    for wanted, there in SCHEMAS.items():
                        text = re.sub(rf'schemaLocation="http[^"]*/{wanted}"', f'schemaLocation="{there}"', text)
                    (tmp_path / Path(name).name).write_text(text)
    schema = etree.XMLSchema(etree.parse(tmp_path / REPORT_SCHEMA))
    signers = TrustPolicy((world.root.certificate,))
    documents = [*levels(world, "p256").values(), DOCUMENT, b"?"]
    documents.append(documents[3].replace(b"85073003328", b"85073003329"))
    for raw in documents:
        policy = ValidationPolicy(signers=signers, timestamps=world.trust)
        report = build_report(assess_xml(raw, policy=policy, validation_time=world.now + 2 * MINUTE))
        assert schema.validate(etree.fromstring(report)), schema.error_log
