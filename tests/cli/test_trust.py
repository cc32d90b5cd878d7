"""`sealpost trust lists`: taking lists in, and looking after them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from signing import issue, issue_authority, sha256, sign_xml
from tests.cli.command import sealpost
from tests.signing import listing
from tests.signing.pki import DOCUMENT

NOW = datetime.now(UTC)
MADE = NOW - timedelta(days=2)


def test_lists_are_taken_in_shown_and_checked(tmp_path: Path) -> None:
    commission, belgium = issue_authority("Commission", at=MADE), issue_authority("Operator", at=MADE)
    citizens = issue_authority("Citizen CA", at=MADE)
    (tmp_path / "trust").mkdir()
    (tmp_path / "trust" / "scheme.pem").write_bytes(commission.certificate.public_bytes(Encoding.PEM))
    service = listing.service(citizens, since=MADE, extensions=listing.purpose("ForeSignatures"))
    raw = {
        "eu.xml": listing.list_of_lists(7, commission, EU=[commission], BE=[belgium], FR=[belgium]),
        "be.xml": listing.national_list("BE", 3, belgium, service),
        "bad.xml": listing.national_list("BE", 4, citizens, service),
    }
    for name, data in raw.items():
        (tmp_path / name).write_bytes(data)
    options = ["--folder", tmp_path / "trust", "--json"]
    added = sealpost(["trust", "lists", "add", tmp_path / "eu.xml", tmp_path / "be.xml", *options])
    assert added.code == 0, added.err + added.text
    assert [(each["territory"], each["digest"]) for each in added.json["items"]] == [
        ("EU", sha256(raw["eu.xml"])),
        ("BE", sha256(raw["be.xml"])),
    ]
    refused = sealpost(["trust", "lists", "add", tmp_path / "bad.xml", *options])
    assert (refused.code, refused.json["code"]) == (1, "list-by-a-stranger")
    again = sealpost(["trust", "lists", "add", tmp_path / "be.xml", *options])
    assert (again.code, again.json["code"]) == (1, "list-older")
    shown = sealpost(["trust", "lists", "show", *options])
    assert [each["sequenceNumber"] for each in shown.json["items"]] == [7, 3]
    checked = sealpost(["trust", "lists", "check", *options])
    # the invented lists were issued in March 2026, for half a year
    assert (checked.code, checked.json["verified"], checked.json["missing"]) == (1, 2, ["FR"])
    assert checked.json["stale"] == ["BE", "EU"]

    form = tmp_path / "form.xml"
    form.write_bytes(sign_xml(DOCUMENT, identity=issue(citizens, "Jan Voorbeeld", at=MADE), at=NOW))
    verified = sealpost(["verify", form, "--trust", tmp_path / "trust", "--json"])
    assert verified.code == 0, verified.text
    assert verified.json["items"][0]["signatures"][0]["qualification"] == "AdES"
    (remark,) = verified.json["remarks"]
    assert (remark["code"], remark["territories"]) == ("trusted-list-stale", ["BE", "EU"])
    said = set()
    for language in ("en", "nl", "fr", "de"):
        told = sealpost(["verify", form, "--trust", tmp_path / "trust", "--lang", language])
        (line,) = (line for line in told.text.splitlines() if "BE, EU" in line)
        said.add(line)
    assert len(said) == 4
    before = ["--at", "2026-05-01T00:00:00"]
    fresh = sealpost(["verify", form, "--trust", tmp_path / "trust", "--json", *before])
    assert fresh.json["remarks"] == []
    (place,) = (tmp_path / "trust" / "lists").glob("BE-*")
    place.write_bytes(place.read_bytes() + b" ")
    assert sealpost(["trust", "lists", "check", *options]).code == 2
