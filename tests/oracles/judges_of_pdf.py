"""EU DSS judges our PAdES, level by level, and what was altered; veraPDF, whether signed renditions stay archivable."""

from pathlib import Path
from typing import Final

import pytest

from gateway.forms.findings import LANGUAGES
from gateway.rendition import render
from signing import Level, ValidationPolicy, archive_pdf, extend_pdf, issue, sign_pdf, validate_pdf
from signing.issuing import KeyKind
from signing.trust import TrustPolicy
from tests.oracles.asking import ADDRESSES, MINUTE, START, Verdict, World, ask_dss, run_java
from tests.schemas.cases import SAMPLES, catalogue
from tests.signing.pki import SIGNING_KEYS
from tests.signing.renditions import rendition

STANDARDS: Final = ("3a", "ua1")


def levels(world: World, kind: KeyKind, base: bytes) -> dict[str, bytes]:
    """The same document at each level."""
    signer = issue(world.root, "Signer", key=kind, told_at=ADDRESSES, at=START)
    signed = sign_pdf(base, identity=signer, at=START + MINUTE)
    stamped = sign_pdf(
        base, identity=signer, at=START + MINUTE, level=Level.B_T, timestamper=world.clock(START + 2 * MINUTE)
    )
    lasting = extend_pdf(stamped, data=world.data_of(signer))
    archived = archive_pdf(lasting, timestamper=world.clock(world.now), at=world.now)
    again = archive_pdf(archived, timestamper=world.clock(world.now + MINUTE), at=world.now + MINUTE)
    return {"b": signed, "t": stamped, "lt": lasting, "lta": archived, "lta-again": again}


@pytest.fixture(scope="session")
def signed(world: World) -> dict[str, bytes]:
    return {
        f"{kind}-{level}.pdf": raw for kind in SIGNING_KEYS for level, raw in levels(world, kind, rendition()).items()
    }


@pytest.fixture(scope="session")
def verdicts(world: World, signed: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Verdict]:
    """What EU DSS says of each level with each kind of key, as made and altered; asked once for all."""
    files = dict(signed)
    for name, raw in signed.items():
        files[f"altered-{name}"] = raw.replace(b"/Lang (en)", b"/Lang (nl)", 1).replace(b"/Lang(en)", b"/Lang(nl)", 1)
        assert files[f"altered-{name}"] != raw
    found = ask_dss(tmp_path_factory.mktemp("dss"), files, anchors=world.anchors, at=world.now + 2 * MINUTE)
    assert {verdict.file for verdict in found} == set(files)
    return {verdict.file: verdict for verdict in found}


@pytest.mark.parametrize("kind", SIGNING_KEYS)
@pytest.mark.parametrize(
    ("level", "name", "stamps"),
    [
        ("b", "B", ""),
        ("t", "T", "SIGNATURE_TIMESTAMP:INDETERMINATE"),
        ("lt", "LT", "SIGNATURE_TIMESTAMP:PASSED"),
        ("lta", "LTA", "SIGNATURE_TIMESTAMP:PASSED DOCUMENT_TIMESTAMP:PASSED"),
        ("lta-again", "LTA", "SIGNATURE_TIMESTAMP:PASSED DOCUMENT_TIMESTAMP:PASSED DOCUMENT_TIMESTAMP:PASSED"),
    ],
)
def test_every_level_is_what_it_says(
    verdicts: dict[str, Verdict], kind: KeyKind, level: str, name: str, stamps: str
) -> None:
    found = verdicts[f"{kind}-{level}.pdf"]
    assert (found.level, found.stamps, found.is_structure_valid) == (f"PAdES-BASELINE-{name}", stamps, "true")
    if level.startswith("lt"):
        stamped_at = (START + 2 * MINUTE).isoformat().replace("+00:00", "Z")
        assert (found.indication, found.best_signature_time) == ("TOTAL_PASSED", stamped_at), found


def test_what_was_altered_is_refused(verdicts: dict[str, Verdict]) -> None:
    altered = [found for name, found in verdicts.items() if name.startswith("altered-")]
    assert len(altered) == 5 * len(SIGNING_KEYS)
    assert {(found.indication, found.subindication) for found in altered} == {("TOTAL_FAILED", "HASH_FAILURE")}


def test_we_find_the_same(world: World, signed: dict[str, bytes]) -> None:
    policy = ValidationPolicy(signers=TrustPolicy((world.root.certificate,)), timestamps=world.trust)
    for name, raw in signed.items():
        found = validate_pdf(raw, policy=policy, validation_time=world.now + 2 * MINUTE).signature
        expected = {"b": Level.B_B, "t": Level.B_T, "lt": Level.B_LT}
        assert found.level is expected.get(name[5:-4] if name[0] == "p" else name[8:-4], Level.B_LTA), name


def test_signed_renditions_of_every_kind_stay_pdf_a_3a_and_pdf_ua_1(
    world: World, signed: dict[str, bytes], tmp_path: Path
) -> None:
    """Every kind in one language or another, as printed and as signed, and each level of one document."""
    signer = issue(world.root, "Signer", at=START)
    files = {name: raw for name, raw in signed.items() if name.startswith("p256")}
    for place, sample in enumerate(sorted(SAMPLES.glob("*/*/*/valid-full.xml"))):
        language = LANGUAGES[place % len(LANGUAGES)]
        made = render(
            sample.read_bytes(), catalogue=catalogue(), language=language, check_url="https://counter.example/check"
        )
        files[f"{place}-{language}.pdf"] = made
        files[f"{place}-{language}-signed.pdf"] = sign_pdf(made, identity=signer, at=START)
    for name, raw in files.items():
        (tmp_path / name).write_bytes(raw)
    said = run_java("verapdf", "Conform", *(str(tmp_path / name) for name in files))
    assert {(name, standard) for name, standard, *_ in said} == {(name, each) for name in files for each in STANDARDS}
    assert [line for line in said if line[2] != "true" or int(line[3]) < 100] == []


def test_what_is_no_pdf_a_is_found_out(signed: dict[str, bytes], tmp_path: Path) -> None:
    """veraPDF does look: a rendition that says another thing of itself breaks its rules."""
    (tmp_path / "odd.pdf").write_bytes(rendition().replace(b"/Marked true", b"/Marked null"))
    said = run_java("verapdf", "Conform", str(tmp_path / "odd.pdf"))
    assert [line[1] for line in said if line[2] == "false"] == ["3a"]
