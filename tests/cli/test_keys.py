"""`sealpost keys`: a key is made in a token, certified, looked at and used, and never leaves it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_csr

from gateway.config import load_config
from gateway.demo.pki import DemoFolder
from gateway.model import instant_text
from signing import issue, load_identity
from tests.cli.command import SAMPLES, sealpost
from tests.conftest import Counter
from tests.hsm import PIN, Hsm

FORM = SAMPLES / "be/health-assessment/1/valid-typical.xml"


def test_a_key_in_a_token_signs_a_form(hsm: Hsm, cast: DemoFolder, tmp_path: Path) -> None:
    uri = hsm.uri("from-the-command-line")
    made = sealpost(["keys", "issue", cast.root, uri, "--common-name", "Dr. Token", "--json"])
    assert made.code == 0, made.err
    signed = sealpost(["sign", FORM, "--key", uri, "--out", tmp_path / "form.xml", "--json"])
    assert signed.code == 0, signed.err
    assert signed.json["certificate"] == made.json["certificate"]
    assert sealpost(["verify", tmp_path / "form.xml", "--trust", cast.anchors]).code == 0
    shown = sealpost(["keys", "show", uri, "--json"])
    assert (shown.code, shown.json["subject"]) == (0, "CN=Dr. Token")
    again = sealpost(["keys", "issue", cast.root, uri, "--common-name", "Dr. Other", "--json"])
    assert (again.code, again.json["code"]) == (2, "key-exists")
    assert PIN.encode() not in made.out + signed.out + shown.out + again.out


def test_an_authority_certifies_a_key_that_it_never_sees(hsm: Hsm, cast: DemoFolder, tmp_path: Path) -> None:
    uri = hsm.uri("asked-for", pin=None)
    asked = sealpost(
        ["keys", "request", uri, "--common-name", "A Seal", "--organization", "Voorbeeld", "--kind", "p384"]
    )
    assert asked.code == 0, asked.err
    request = load_pem_x509_csr(asked.out)
    assert request.is_signature_valid
    holder = type("Asked", (), {"public_key": lambda _: request.public_key()})()
    issued = issue(load_identity(cast.authority), "A Seal", at=datetime.now(UTC), holder_key=holder)
    (tmp_path / "seal.pem").write_bytes(issued.certificate.public_bytes(Encoding.PEM))
    laid = sealpost(["keys", "certify", uri, tmp_path / "seal.pem", "--json"])
    assert laid.code == 0, laid.err
    assert load_identity(uri).fingerprint == laid.json["certificate"]


def test_the_pin_comes_from_a_file_or_the_environment(hsm: Hsm) -> None:
    uri = hsm.make().partition("&pin-source")[0]
    assert sealpost(["keys", "show", uri, "--password-file", hsm.pin]).code == 0
    assert sealpost(["keys", "show", uri], environment={"SEALPOST_KEY_PASSWORD": PIN}).code == 0
    without = sealpost(["keys", "show", uri, "--json"])
    assert (without.code, without.json["code"]) == (2, "pin-missing")
    wrong = sealpost(["keys", "show", uri, "--json"], environment={"SEALPOST_KEY_PASSWORD": "0000"})
    assert (wrong.code, wrong.json["code"]) == (2, "pin-refused")
    assert b"0000" not in wrong.out
    absent = sealpost(
        ["keys", "show", uri.replace("token=Counter", "token=Elsewhere")], environment={"SEALPOST_KEY_PASSWORD": PIN}
    )
    assert absent.code == 3
    odd = sealpost(["keys", "show", uri + "&pin-value=1234", "--json"])
    assert (odd.code, odd.json["code"]) == (2, "token-address")
    assert "pkcs11:token=NAME" in odd.json["fix"]


def test_a_gateway_gets_its_next_key_by_one_command(cast: DemoFolder, tmp_path: Path) -> None:
    config = tmp_path / "gateway.toml"
    config.write_text(
        cast.config.read_text()
        .replace('"gateway/', f'"{cast.root}/gateway/')
        .replace('anchors = "anchors.pem"', f'anchors = "{cast.anchors}"')
        + "# the last line\n"
    )
    seal = ["--organization-identifier", "NTRBE-0444444496", "--common-name", "Sealpost Demo Gateway"]
    assert sealpost(["keys", "issue", cast.root, tmp_path / "next.pem", *seal]).code == 0
    rotate = ["keys", "rotate", "--config", config, "--key", tmp_path / "next.pem"]
    assert sealpost([*rotate, "--from", "2020-01-01"]).code == 2
    odd = sealpost([*rotate, "--from", "2060-01-01", "--json"])
    assert (odd.code, odd.json["code"]) == (2, "service-identity")
    before = config.read_text()
    done = sealpost([*rotate, "--json"])
    assert done.code == 0, done.err
    loaded = load_config(config)
    (successor,) = loaded.service_successors
    assert successor.place == tmp_path / "next.pem"
    assert instant_text(successor.since) == done.json["from"]
    assert config.read_text().startswith(before.rstrip())
    assert 'identity = "next.pem"' in config.read_text()
    again = sealpost([*rotate, "--from", done.json["from"][:19], "--json"])
    assert (again.code, again.json["code"]) == (2, "service-identity")
    assert {file.name for file in tmp_path.iterdir()} == {"gateway.toml", "next.pem"}


def test_the_keys_of_a_gateway_are_listed(counter: Counter, url: str) -> None:
    listed = sealpost(["keys", "list", "--url", url, "--json"])
    assert listed.code == 0, listed.err
    (key,) = listed.json["items"]
    assert (key["purpose"], key["state"]) == ("service", "in-use")
    assert key["fingerprint"] == load_identity(counter.folder.service).fingerprint
    assert key["fingerprint"] in sealpost(["keys", "list", "--url", url]).text
