"""`sign --level`, `render --level` and `verify`: signatures that last, made and judged on the command line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from signing import Identity, identity_to_pem, issue, issue_authority
from tests.cli.command import SAMPLES, Ran, sealpost
from tests.revoking import Issuer, issuer_on_loopback

FORM = SAMPLES / "be/appeal/1/valid-typical.xml"
LEVELS = ("B-B", "B-T", "B-LT", "B-LTA")
MADE = datetime.now(UTC) - timedelta(hours=5)


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    authority = issue_authority("Example Authority", at=MADE)
    with issuer_on_loopback(authority) as served:
        served.unit = issue(authority, "Time-stamping unit", use="stamp", at=MADE)
        yield served


@pytest.fixture(scope="module")
def place(issuer: Issuer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the signer's key and the anchor."""
    folder = tmp_path_factory.mktemp("levels")
    (folder / "key.pem").write_bytes(identity_to_pem(issuer.issue("Jan Voorbeeld", serial_number="85073003328")))
    (folder / "anchors.pem").write_bytes(issuer.authority.certificate.public_bytes(Encoding.PEM))
    return folder


def sign(place: Path, issuer: Issuer, level: str, to: Path, *, form: Path = FORM, command: str = "sign") -> Ran:
    network = ["--trust", place / "anchors.pem", "--timestamp", f"{issuer.address}/stamp"]
    options = ["--key", place / "key.pem", "--level", level, "--out", to, "--allow-network", "127.0.0.0/8"]
    return sealpost([command, form, *options, *network])


@pytest.mark.parametrize("level", LEVELS)
def test_a_signature_of_each_level_is_made_and_judged(place: Path, issuer: Issuer, level: str) -> None:
    signed, report = place / f"{level}.xml", place / f"{level}-report.xml"
    ran = sign(place, issuer, level, signed)
    assert ran.code == 0, ran.err
    options = ["--trust", place / "anchors.pem", "--json", "--report", report]
    ran = sealpost(["verify", signed, *options])
    assert ran.code == 0, ran.text
    (found,) = ran.json["items"][0]["signatures"]
    assert found["level"] == level
    assert [each["archive"] for each in found["timeStamps"]] == [False, True][: ("T" in level) + level.count("LTA")]
    assert found["revocation"][0]["source"] == ("ocsp" if "LT" in level else None)
    assert found["serialNumber"] == "*********28"
    said = etree.parse(report).findtext(".//{http://uri.etsi.org/19102/v1.4.1#}MainIndication") or ""
    assert said.endswith(":total-passed")
    strict = sealpost(["verify", signed, *options[:2], "--require-revocation"])
    assert strict.code == (0 if "LT" in level else 1), strict.text
    words = sealpost(["verify", signed, *options[:2]]).text
    assert "Jan Voorbeeld" in words
    assert "85073003328" not in words
    assert ("stamped at" in words) is (level != "B-B")


@pytest.mark.parametrize("level", LEVELS)
def test_a_print_is_signed_at_each_level(place: Path, issuer: Issuer, level: str) -> None:
    page, signed = place / "form.pdf", place / f"{level}.pdf"
    if not page.exists():
        assert sealpost(["render", FORM, "--lang", "nl", "--out", page]).code == 0
    ran = sign(place, issuer, level, signed, form=page)
    assert ran.code == 0, ran.err
    ran = sealpost(["verify", signed, "--trust", place / "anchors.pem", "--json"])
    assert ran.code == 0, ran.text
    (found,) = ran.json["items"][0]["signatures"]
    assert found["level"] == level


@pytest.mark.parametrize("level", ["B-T", "B-LTA"])
def test_a_form_is_printed_and_signed_at_once(place: Path, issuer: Issuer, level: str, tmp_path: Path) -> None:
    ran = sign(place, issuer, level, tmp_path / "form.pdf", command="render")
    assert ran.code == 0, ran.err
    ran = sealpost(["verify", tmp_path / "form.pdf", "--trust", place / "anchors.pem", "--json"])
    assert ran.code == 0, ran.text
    assert ran.json["items"][0]["signatures"][0]["level"] == level


def test_who_is_revoked_gets_no_signature_that_lasts(place: Path, issuer: Issuer, tmp_path: Path) -> None:
    blocked: Identity = issuer.issue("Jan Voorbeeld")
    issuer.revoke(blocked, MADE + timedelta(hours=4))
    (tmp_path / "key.pem").write_bytes(identity_to_pem(blocked))
    (tmp_path / "anchors.pem").write_bytes((place / "anchors.pem").read_bytes())
    ran = sign(tmp_path, issuer, "B-LT", tmp_path / "form.xml")
    assert (ran.code, "certificate-revoked" in ran.err) == (1, True)
    assert not (tmp_path / "form.xml").exists()


def test_a_level_needs_to_know_whom_to_ask_and_whom_to_trust(place: Path) -> None:
    ran = sealpost(["sign", FORM, "--key", place / "key.pem", "--level", "B-T"])
    assert (ran.code, ran.out) == (2, b"")
    asked = ["--level", "B-T", "--trust", place / "anchors.pem", "--timestamp", "http://time.example"]
    for command in (["render", FORM, "--key", place / "key.pem", *asked[:4]], ["render", FORM, *asked]):
        ran = sealpost(command)
        assert (ran.code, ran.out) == (2, b"")
    export = ["evidence", "export", "x", "--url", "http://127.0.0.1:9", "--token", "x", "--out", place / "none.asice"]
    for more in (asked, ["--form", FORM, "--rendition", "nl", *asked]):
        assert sealpost([*export, *more]).code == 2
    assert not (place / "none.asice").exists()


def test_addresses_inside_are_not_asked_unless_allowed(place: Path, issuer: Issuer, tmp_path: Path) -> None:
    before = len(issuer.asked)
    network = ["--trust", place / "anchors.pem", "--timestamp", f"{issuer.address}/stamp"]
    ran = sealpost(["sign", FORM, "--key", place / "key.pem", "--level", "B-T", "--out", tmp_path / "x.xml", *network])
    assert (ran.code, len(issuer.asked)) == (3, before), ran.err


def test_a_report_of_what_failed(place: Path, issuer: Issuer, tmp_path: Path) -> None:
    assert sign(place, issuer, "B-T", tmp_path / "good.xml").code == 0
    bad = tmp_path / "bad.xml"
    bad.write_bytes((tmp_path / "good.xml").read_bytes().replace(b"Proefstraat", b"Schijnstraat"))
    ran = sealpost(["verify", bad, "--trust", place / "anchors.pem", "--report", tmp_path / "report.xml", "--json"])
    assert (ran.code, ran.json["items"][0]["code"]) == (1, "digest-mismatch")
    assert b"total-failed" in (tmp_path / "report.xml").read_bytes()
    assert sealpost(["verify", bad, bad, "--trust", place / "anchors.pem", "--report", tmp_path / "r.xml"]).code == 2
