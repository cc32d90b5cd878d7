"""EU DSS judges our evidence records, as made, renewed and altered, and the packages that hold them."""

import pytest

from signing import build_container, build_package, read_container
from tests.oracles.asking import Verdict, ask_dss
from tests.signing.pki import AT, make_people
from tests.signing.stamping import TIME_ROOT
from tests.signing.test_records import DATA, RECORDS, YEAR, rehashed, renewed

PEOPLE = make_people()
RENEWED = renewed(RECORDS[4], at=AT + YEAR / 5)
MADE = {"made": RECORDS[4], "renewed": RENEWED, "rehashed": rehashed(RENEWED, DATA[4], at=AT + YEAR / 2)}
STAMPS = {"made": 1, "renewed": 2, "rehashed": 3}
FILES = {"package.json": b"{}\n", "evidence/a.xml": b"<a/>", "journal/4.entry": DATA[4], "journal/7.entry": DATA[7]}
PACKAGE = build_package(
    FILES, records={"journal/4.entry": RECORDS[4], "journal/7.entry": RECORDS[7]}, identity=PEOPLE.doctor, at=AT
)
LASTING = build_package(
    FILES, records={"journal/4.entry": MADE["rehashed"], "journal/7.entry": RECORDS[7]}, identity=PEOPLE.doctor, at=AT
)


def changed(name: str, package: bytes = PACKAGE) -> bytes:
    entries = read_container(package)
    return build_container({**entries, name: entries[name] + b"."})


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Verdict]]:
    """What EU DSS says of each file; asked once for all."""
    over = {f"{name}.ers": DATA[4] for name in MADE} | {f"other-{name}.ers": b"another" for name in MADE}
    files = {name: MADE[name.removeprefix("other-").removesuffix(".ers")] for name in over}
    files["package.asice"] = PACKAGE
    files["rehashed.asice"] = LASTING
    files["altered-rehashed.asice"] = changed("journal/4.entry", LASTING)
    files["altered-evidence.asice"] = changed("evidence/a.xml")
    files["altered-entry.asice"] = changed("journal/4.entry")
    said: dict[str, list[Verdict]] = {name: [] for name in files}
    anchors = (PEOPLE.authority.certificate, TIME_ROOT.certificate)
    folder = tmp_path_factory.mktemp("dss")
    for verdict in ask_dss(folder, files, anchors=anchors, at=AT + YEAR, over=over):
        said[verdict.file].append(verdict)
    return said


@pytest.mark.parametrize("name", MADE)
def test_a_record_covers_its_data_and_nothing_else(verdicts: dict[str, list[Verdict]], name: str) -> None:
    """DSS knows nothing of the revocation of this unit, so it stays short of a verdict on the stamps themselves."""
    (found,) = verdicts[f"{name}.ers"]
    assert found.level == "EvidenceRecord"
    assert found.stamps == " ".join(["EVIDENCE_RECORD_TIMESTAMP:INDETERMINATE"] * STAMPS[name])
    assert (found.indication, found.subindication) == ("INDETERMINATE", "CERTIFICATE_CHAIN_GENERAL_FAILURE"), found
    (other,) = verdicts[f"other-{name}.ers"]
    assert (other.indication, other.subindication) == ("INDETERMINATE", "SIGNED_DATA_NOT_FOUND"), other


def test_the_seal_of_a_package_covers_every_file(verdicts: dict[str, list[Verdict]]) -> None:
    seal, *records = verdicts["package.asice"]
    assert (seal.level, seal.indication) == ("CAdES-BASELINE-B", "TOTAL_PASSED"), seal
    assert [record.subindication for record in records] == ["CERTIFICATE_CHAIN_GENERAL_FAILURE"] * 2, records


def test_a_record_that_covers_anew_holds_in_its_package_too(verdicts: dict[str, list[Verdict]]) -> None:
    """Its new chain is over the file itself and all that was stamped before: a changed file is found by it as well."""
    seal, *records = verdicts["rehashed.asice"]
    assert (seal.level, seal.indication) == ("CAdES-BASELINE-B", "TOTAL_PASSED"), seal
    assert [record.subindication for record in records] == ["CERTIFICATE_CHAIN_GENERAL_FAILURE"] * 2, records
    assert sorted(len(record.stamps.split()) for record in records) == [1, STAMPS["rehashed"]], records
    seal, *records = verdicts["altered-rehashed.asice"]
    assert (seal.indication, seal.subindication) == ("TOTAL_FAILED", "HASH_FAILURE"), seal
    assert {record.indication for record in records} == {"INDETERMINATE", "FAILED"}, records


def test_a_package_with_another_file_is_refused(verdicts: dict[str, list[Verdict]]) -> None:
    for name in ("altered-evidence.asice", "altered-entry.asice"):
        seal, *_ = verdicts[name]
        assert (seal.indication, seal.subindication) == ("TOTAL_FAILED", "HASH_FAILURE"), seal
    records = verdicts["altered-entry.asice"][1:]
    assert {record.indication for record in records} == {"INDETERMINATE", "FAILED"}, records
