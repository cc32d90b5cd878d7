"""`validate`, `sign`, `verify`, `forms`, `keys`: what the command line does without a gateway."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from gateway.demo.pki import DemoFolder
from signing import load_identity, sha256, trust_from_pem, verify_xml
from tests.cli.command import SAMPLES, sealpost

ASSESSMENT = SAMPLES / "be/health-assessment/1/valid-typical.xml"
KINDS = {
    "be/health-surveillance-request",
    "be/health-assessment",
    "be/appeal",
    "be/occupational-disease-report",
}


@pytest.fixture(scope="module")
def signed(folder: DemoFolder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("signed") / "form.xml"
    ran = sealpost(["sign", ASSESSMENT, "--key", folder.signing("doctor"), "--out", file])
    assert ran.code == 0, ran.err
    return file


def test_a_good_form_is_yes() -> None:
    ran = sealpost(["validate", ASSESSMENT, "--json"])
    assert ran.code == 0, ran.err
    assert [item["verdict"] for item in ran.json["items"]] == ["acceptable"]


def test_a_bad_form_is_no_with_place_rule_article_and_way_out() -> None:
    form = ASSESSMENT.read_text(encoding="utf-8").replace("<c:Ssin>85073003328<", "<c:Ssin>85073003329<")
    ran = sealpost(["validate", "-", "--json"], stdin=form.encode())
    assert ran.code == 1
    (finding,) = (each for each in ran.json["items"][0]["findings"] if each["severity"] == "error")
    assert finding["rule"] == "GEN-06"
    assert finding["path"]
    assert finding["line"]
    assert finding["message"]
    assert finding["fix"]
    assert "85073003329" not in ran.text + ran.err
    ran = sealpost(["validate", "-", "--lang", "nl"], stdin=form.encode())
    assert ran.code == 1
    assert "GEWEIGERD" in ran.text


def test_one_bad_form_among_good_ones_is_no() -> None:
    ran = sealpost(["validate", ASSESSMENT, "-", "--json"], stdin=b"<not-a-form/>")
    assert ran.code == 1
    assert [item["verdict"] for item in ran.json["items"]] == ["acceptable", "refused"]


@pytest.mark.parametrize("form", ["text", "json", "html", "sarif", "junit", "svrl"])
def test_a_report_is_shown_as_wanted(form: str, tmp_path: Path) -> None:
    report = tmp_path / "report"
    bad = SAMPLES / "be/health-assessment/1/invalid-XSD-ENUM.xml"
    ran = sealpost(["validate", bad, "--format", form, "--lang", "nl", "--output", report])
    assert (ran.code, ran.out) == (1, b"")
    shown = report.read_text(encoding="utf-8")
    assert "invalid-XSD-ENUM.xml" in shown
    assert "Kies een van de toegelaten waarden" in shown


def test_a_report_goes_to_stdout_unless_told_otherwise() -> None:
    bad = SAMPLES / "be/health-assessment/1/invalid-XSD-ENUM.xml"
    assert "REFUSED" in sealpost(["validate", bad]).text
    assert sealpost(["validate", ASSESSMENT, bad, "--format", "svrl"]).code == 2


def test_several_files_are_one_run(tmp_path: Path) -> None:
    bad = SAMPLES / "be/health-assessment/1/invalid-XSD-ENUM.xml"
    (run,) = sealpost(["validate", ASSESSMENT, bad, bad, "--format", "sarif"]).json["runs"]
    refusing = [result for result in run["results"] if result["level"] == "error"]
    assert (len(run["artifacts"]), len(refusing)) == (3, 2)
    ran = sealpost(["validate", ASSESSMENT, "--output", tmp_path / "missing" / "report"])
    assert ran.code == 2
    assert "missing" in ran.err


def test_a_form_can_be_judged_by_another_day() -> None:
    ran = sealpost(["validate", ASSESSMENT, "--received-on", "2001-01-01", "--json"])
    assert ran.code == 1
    assert "GEN-18" in {finding["rule"] for finding in ran.json["items"][0]["findings"]}


def test_a_missing_file_is_usage(tmp_path: Path) -> None:
    assert sealpost(["validate", tmp_path / "missing.xml"]).code == 2
    assert sealpost(["validate"]).code == 2
    assert sealpost(["no-such-command"]).code == 2


def test_what_was_signed_verifies(folder: DemoFolder, signed: Path) -> None:
    ran = sealpost(["verify", signed, "--trust", folder.anchors, "--json"])
    assert ran.code == 0, ran.err
    (item,) = ran.json["items"]
    assert item["indication"] == "TOTAL-PASSED"
    (signature,) = item["signatures"]
    assert signature["commonName"] == "An Toonbeeld"
    assert signature["certificate"] == load_identity(folder.signing("doctor")).fingerprint


def test_a_national_number_is_never_shown_whole(folder: DemoFolder, signed: Path) -> None:
    for arguments in (["--json"], []):
        ran = sealpost(["verify", signed, "--trust", folder.anchors, *arguments])
        assert "88021520444" not in ran.text + ran.err
        assert "*********44" in ran.text


def test_sign_writes_to_stdout_and_reads_stdin(folder: DemoFolder) -> None:
    ran = sealpost(["sign", "-", "--key", folder.signing("doctor")], stdin=ASSESSMENT.read_bytes())
    assert ran.code == 0
    trust = trust_from_pem(folder.anchors.read_bytes())
    assert verify_xml(ran.out, trust=trust, at=datetime.now(UTC)).signatures
    assert sealpost(["sign", "-", "--key", folder.signing("doctor"), "--json"]).code == 2


def test_a_changed_form_is_no_with_its_indication(folder: DemoFolder, signed: Path) -> None:
    changed = signed.read_bytes().replace(b"1985-07-30", b"1984-07-30")
    ran = sealpost(["verify", "-", "--trust", folder.anchors, "--json"], stdin=changed)
    assert ran.code == 1
    (item,) = ran.json["items"]
    assert (item["code"], item["indication"]) == ("digest-mismatch", "TOTAL-FAILED")
    ran = sealpost(["verify", signed, "-", "--trust", folder.anchors], stdin=changed)
    assert ran.code == 1, "one that fails among others is no"
    assert "TOTAL-PASSED" in ran.text
    assert "HASH_FAILURE" in ran.text


def test_a_draft_does_not_verify(folder: DemoFolder) -> None:
    ran = sealpost(["verify", ASSESSMENT, "--trust", folder.anchors, "--json"])
    assert (ran.code, ran.json["items"][0]["code"]) == (1, "no-signature")


def test_a_key_with_a_password_needs_it(folder: DemoFolder, tmp_path: Path) -> None:
    identity = load_identity(folder.signing("doctor"))
    key = tmp_path / "key.p12"
    key.write_bytes(
        pkcs12.serialize_key_and_certificates(
            b"doctor", identity.key, identity.certificate, None, BestAvailableEncryption(b"geheim")
        )
    )
    arguments = ["sign", ASSESSMENT, "--key", key, "--out", tmp_path / "signed.xml"]
    assert sealpost(arguments).code == 2
    assert sealpost(arguments, environment={"SEALPOST_KEY_PASSWORD": "wrong"}).code == 2
    assert sealpost(arguments, environment={"SEALPOST_KEY_PASSWORD": "geheim"}).code == 0
    (tmp_path / "password").write_text("geheim\n")
    assert sealpost([*arguments, "--password-file", tmp_path / "password"]).code == 0


def test_a_place_that_cannot_be_written_is_usage(folder: DemoFolder, tmp_path: Path) -> None:
    missing = tmp_path / "missing" / "form.xml"
    ran = sealpost(["sign", ASSESSMENT, "--key", folder.signing("doctor"), "--out", missing])
    assert ran.code == 2
    assert "Traceback" not in ran.err


def test_a_file_without_a_key_is_usage(folder: DemoFolder) -> None:
    ran = sealpost(["sign", ASSESSMENT, "--key", folder.anchors])
    assert ran.code == 2
    assert "Traceback" not in ran.err


def test_an_error_is_told_in_the_language_of_the_reader(tmp_path: Path) -> None:
    missing = tmp_path / "no-such-key.pem"
    dutch = sealpost(["sign", ASSESSMENT, "--key", missing], environment={"SEALPOST_LANG": "nl"})
    assert f"{missing}: het sleutelbestand kan niet gelezen worden" in dutch.err
    assert "wat te doen: Geef een PEM-bestand" in dutch.err
    nowhere = ["mailbox", "list", "--url", "http://127.0.0.1:1", "--token", "x", "--json"]
    as_json = sealpost(nowhere, environment={"SEALPOST_LANG": "de"}).json
    assert (as_json["title"], as_json["code"]) == ("Der Schalter ist nicht erreichbar", "unreachable")
    unspoken = sealpost(nowhere, environment={"SEALPOST_LANG": "ł"})
    assert (unspoken.json["title"], unspoken.json["code"]) == ("The counter cannot be reached", "unreachable")
    asked = sealpost(["term", "no-such-term", "--lang", "fr"], environment={"SEALPOST_LANG": "nl"})
    assert asked.err.startswith("sealpost: délai inconnu")
    assert "the key file cannot be read" in sealpost(["sign", ASSESSMENT, "--key", missing]).err


def test_forms_lists_all_kinds_and_the_fields_of_one() -> None:
    listed = sealpost(["forms", "--json"])
    assert listed.code == 0, listed.err
    assert {item["kind"] for item in listed.json["items"]} >= KINDS
    shown = sealpost(["forms", "be/appeal", "--json"]).json
    assert {child["name"] for child in shown["fields"]["children"]} == {"Content", "Signatures"}
    in_dutch = sealpost(["forms", "be/appeal", "--lang", "nl"]).text
    assert "art. 65" in in_dutch
    assert "Behandelend arts" in in_dutch
    assert sealpost(["forms", "be/no-such-form"]).code == 2


def test_keys_init_makes_a_folder_once(tmp_path: Path) -> None:
    made = sealpost(["keys", "init", tmp_path / "pki", "--port", "1234", "--json"])
    assert made.code == 0
    assert set(made.json["parties"]) >= {"employer", "worker", "doctor", "service", "dossier", "inspectorate", "fund"}
    assert "port = 1234" in (tmp_path / "pki" / "gateway.toml").read_text()
    assert sealpost(["keys", "init", tmp_path / "pki"]).code == 2


def test_keys_issue_makes_a_key_under_the_demo_authority(folder: DemoFolder, tmp_path: Path) -> None:
    key = tmp_path / "new.pem"
    issued = sealpost(["keys", "issue", folder.root, key, "--common-name", "Somebody Else", "--kind", "p384", "--json"])
    assert issued.code == 0, issued.err
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    shown = sealpost(["keys", "show", key, "--json"]).json
    assert shown["certificate"] == issued.json["certificate"]
    assert shown["subject"] == "CN=Somebody Else"
    form = sealpost(["sign", ASSESSMENT, "--key", key]).out
    assert sealpost(["verify", "-", "--trust", folder.anchors], stdin=form).code == 0
    assert sealpost(["keys", "issue", folder.root, key, "--common-name", "Again"]).code == 2


def test_a_rendition_is_signed_and_verified_with_the_form_in_it(
    folder: DemoFolder, signed: Path, tmp_path: Path
) -> None:
    printed, sealed, report = tmp_path / "form.pdf", tmp_path / "signed.pdf", tmp_path / "report.xml"
    assert sealpost(["render", signed, "--lang", "nl", "--out", printed]).code == 0
    assert sealpost(["sign", printed, "--key", folder.signing("doctor"), "--out", sealed]).code == 0
    assert sealed.read_bytes().startswith(printed.read_bytes())
    ran = sealpost(["verify", sealed, "--trust", folder.anchors, "--report", report, "--json"])
    assert ran.code == 0, ran.err
    (item,) = ran.json["items"]
    assert (item["indication"], item["contentDigest"]) == ("TOTAL-PASSED", sha256(signed.read_bytes()))
    assert item["signatures"][0]["commonName"]
    assert b"total-passed" in report.read_bytes()
    sealed.write_bytes(sealed.read_bytes().replace(b"/Lang (nl)", b"/Lang (fr)"))
    ran = sealpost(["verify", sealed, "--trust", folder.anchors, "--json"])
    assert (ran.code, ran.json["items"][0]["code"]) == (1, "digest-mismatch")
