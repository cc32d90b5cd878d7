"""`sealpost keys`: a key is made in a token, certified, looked at and used, and never leaves it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import typer
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_csr
from typer.models import OptionInfo

from gateway.cli import COMMANDS
from gateway.config import load_config
from gateway.demo.pki import DemoFolder
from gateway.model import instant_text
from signing import issue, load_identity, read_package, validate_pdf
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


def _options(found: Any, name: str) -> Iterator[tuple[str, Any, Any]]:
    """Every option of a command, or of those of a group: the command, the type of its value, its description."""
    if isinstance(found, typer.Typer):
        for each in found.registered_commands:
            assert each.callback is not None
            yield from _options(each.callback, f"{name} {each.name or each.callback.__name__}")
        return
    for hint in get_type_hints(found, include_extras=True).values():
        if get_origin(hint) is Annotated:
            kind, info = get_args(hint)[:2]
            if isinstance(info, OptionInfo):
                yield name, kind, info


def test_whatever_takes_a_key_takes_one_in_a_token() -> None:
    """An option that takes a path would refuse an address before anything reads it."""
    keys = {"--key", "--signing-key", "--sealing-key"}
    found = {}
    for name, listed in COMMANDS.items():
        command = getattr(import_module(f"gateway.cli.{listed.module}"), listed.name)
        for place, kind, info in _options(command, name):
            for option in keys.intersection((info.default, *info.param_decls)):  # typer takes the first name for one
                found[f"{place} {option}"] = kind, info.metavar
    assert found.keys() >= {
        "sign --key",
        "render --key",
        "evidence export --key",
        "evidence export --sealing-key",
        "mailbox fetch --key",
        "mailbox acknowledge --signing-key",
        "paper print --key",
        "keys rotate --key",
    }
    for option, (kind, metavar) in found.items():
        assert (kind in (str, str | None), metavar) == (True, "KEY"), option


def test_a_recipient_and_a_sender_work_with_keys_in_a_token(
    hsm: Hsm, counter: Counter, url: str, tmp_path: Path
) -> None:
    authority = load_identity(counter.folder.authority)
    opens, signs = (hsm.make(use, common_name="Inspectorate", authority=authority) for use in ("seal", "sign"))
    desk = replace(
        counter.party("inspectorate"),
        sealing_certificate=load_identity(opens).certificate,
        signing_certificates=(load_identity(signs).certificate,),
    )
    counter.gateway.store.write(lambda unit: unit.put_party(desk, at=counter.gateway.clock.now()))
    form, package, mail = tmp_path / "form.xml", tmp_path / "package.asice", tmp_path / "mail"
    form.write_bytes(counter.form("be/appeal"))
    accepted = counter.accept(form.read_bytes(), sender="worker")

    def run(party: str, *arguments: object) -> Any:
        environment = {"SEALPOST_URL": url, "SEALPOST_TOKEN": counter.tokens[party]}
        ran = sealpost([*arguments, "--json"], environment=environment)
        assert ran.code == 0, ran.err
        return ran.json

    trust = ("--trust", counter.folder.gateway_certificate)
    run("inspectorate", "mailbox", "fetch", "--key", opens, *trust, "--to", mail)
    (told,) = run("inspectorate", "mailbox", "acknowledge", "--signing-key", signs, "--in", mail)["items"]
    assert told["outcome"] == "handed-over"
    export = ("evidence", "export", accepted.submission_id, "--out", package, "--form", form)
    run("worker", *export, "--rendition", "nl", "--key", signs, "--sealing-key", opens)
    pdf = read_package(package.read_bytes()).files["rendition-nl.pdf"]
    shown = validate_pdf(pdf, policy=counter.gateway.vouching.policy, validation_time=datetime.now(UTC))
    assert shown.signature.signature.certificate == load_identity(signs).certificate


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
