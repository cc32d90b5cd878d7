"""Configuration: every mistake is found at the start and names its key."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from gateway.assembly import build
from gateway.config import Config, load_config
from gateway.errors import ConfigError
from signing import identity_to_pem, new_note_key, note_signer_from_pem
from signing.issuing import issue, issue_authority
from tests.schemas.cases import catalogue

WHOLE = """
[gateway]
name = "counter"
[store]
path = "store.sqlite3"
[service]
identity = "service.pem"
[trust]
anchors = "anchors.pem"
[secrets]
identifier_key = "identifier.key"
admin_token = "admin.token"
"""


def _written(folder: Path, text: str) -> Path:
    file = folder / "gateway.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_paths_are_relative_to_the_file_and_the_rest_has_defaults(tmp_path: Path) -> None:
    config = load_config(_written(tmp_path, WHOLE))
    assert config.store_path == tmp_path / "store.sqlite3"
    assert (config.host, config.port, config.store_engine) == ("127.0.0.1", 8080, "sqlite")


@pytest.mark.parametrize(
    ("added", "code", "named"),
    [
        ("colour = 'red'", "config-key", "secrets.colour"),
        ("[colours]\nred = 1", "config-key", "colours"),
        ("[server]\nport = '8080'", "config-value", "server.port"),
        ("[server]\nport = true", "config-value", "server.port"),
        ("[server]\nport = -1", "config-value", "server.port"),
        ("[server]\nport = 65536", "config-value", "server.port"),
        ("[server]\nprocesses = 0", "config-value", "server.processes"),
        ("[server]\nkept_per_day = 0", "config-value", "server.kept_per_day"),
        ("[server]\nrequest_timeout_s = 0", "config-value", "server.request_timeout_s"),
        ("[journal]\nclose_at = 10001", "config-value", "journal.close_at"),
        ("[journal]\nclose_after_s = 0", "config-value", "journal.close_after_s"),
        ("[journal]\nwitnesses = []", "config-value", "journal.witnesses"),
        ("[timestamps]\nauthorities = 'https://time.example'", "config-value", "timestamps.authorities"),
        ("[timestamps]\nlate_after_s = -1", "config-value", "timestamps.late_after_s"),
        ("[dispatch]\nworkers = 0", "config-value", "dispatch.workers"),
        ("[dispatch]\npushers = 0", "config-value", "dispatch.pushers"),
        ("[dispatch]\nlease_s = -1", "config-value", "dispatch.lease_s"),
        ("[dispatch]\npoll_s = nan", "config-value", "dispatch.poll_s"),
        ("[dispatch]\nretry_schedule_s = []", "config-value", "dispatch.retry_schedule_s"),
        ("[dispatch]\nretry_schedule_s = ['soon']", "config-value", "dispatch.retry_schedule_s"),
        ("[push]\nallowed_networks = '127.0.0.0/8'", "config-value", "push.allowed_networks"),
        ("[push]\nallowed_networks = ['127.0.0.1']", "config-value", "push.allowed_networks"),
        ("[push]\nallowed_networks = ['127.0.0.1/8']", "config-value", "push.allowed_networks"),
        ("[push]\nallowed_networks = [1]", "config-value", "push.allowed_networks"),
        ("[push]\ncertificate = 1", "config-value", "push.certificate"),
        ("[push]\nidentity = 1", "config-value", "push.identity"),
        ("[push]\nidentity = 'pkcs11:token=t'", "config-value", "push.identity"),
        ("[[service]]\nidentity = 'a'", "config-not-toml", "gateway.toml"),
        ("[[push.next]]\nidentity = 'a'\nfrom = 2027-01-01T00:00:00Z", "config-missing", "push.identity"),
        ("[mailbox]\nidentity = 'a'\nnext = []", "config-value", "mailbox.next"),
        ("[mailbox]\nidentity = 'a'\nnext = [{identity = 'b'}]", "config-value", "mailbox.next"),
        ("[mailbox]\nidentity = 'a'\nnext = [{identity = 'b', from = 2027-01-01}]", "config-value", "mailbox.next"),
        (
            "[mailbox]\nidentity = 'a'\nnext = [{identity = 1, from = 2027-01-01T00:00:00Z}]",
            "config-value",
            "mailbox.next.identity",
        ),
        ("= 1", "config-not-toml", "gateway.toml"),
    ],
)
def test_a_wrong_entry_is_refused_and_named(tmp_path: Path, added: str, code: str, named: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_config(_written(tmp_path, f"{WHOLE}{added}\n"))
    assert refused.value.code == code
    assert named in refused.value.detail


@pytest.mark.parametrize(
    ("there", "instead", "code", "named"),
    [
        ('name = "counter"', "", "config-missing", "gateway.name"),
        ('anchors = "anchors.pem"', "", "config-missing", "trust.anchors"),
        ('name = "counter"', 'name = "a name"', "config-value", "gateway.name"),
        ('path = "store.sqlite3"', "path = 1", "config-value", "store.path"),
    ],
)
def test_what_must_be_given_must_be_right(tmp_path: Path, there: str, instead: str, code: str, named: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_config(_written(tmp_path, WHOLE.replace(there, instead)))
    assert refused.value.code == code
    assert named in refused.value.detail


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        load_config(tmp_path / "none.toml")
    assert refused.value.code == "config-unreadable"
    assert "none.toml" in refused.value.detail


@pytest.mark.parametrize(
    ("key", "content", "code", "named"),
    [
        ("anchors", None, "secret-unreadable", "trust.anchors"),
        ("anchors", b"nothing", "trust-anchors", "trust.anchors"),
        ("identity", None, "service-identity", "service.identity"),
        ("identity", b"nothing", "service-identity", "service.identity"),
        ("identifier_key", b"short", "identifier-key-too-short", "identifier_key"),
        ("admin_token", b"short", "admin-token-too-short", "secrets.admin_token"),
    ],
)
def test_a_gateway_is_not_built_on_a_wrong_file(
    config: Config, tmp_path: Path, key: str, content: bytes | None, code: str, named: str
) -> None:
    file = tmp_path / "wrong"
    if content is not None:
        file.write_bytes(content)
    wrong: dict[str, Any] = {key: file}
    with pytest.raises(ConfigError) as refused:
        build(replace(config, **wrong), catalogue=catalogue())
    assert refused.value.code == code
    assert named in refused.value.detail


@pytest.mark.parametrize(
    ("key", "content", "code", "named"),
    [
        ("push_identity", None, "push-identity", "push.identity"),
        ("push_identity", b"nothing", "push-identity", "push.identity"),
        ("push_certificate", None, "push-certificate", "push.certificate"),
        ("push_certificate", b"nothing", "push-certificate", "push.certificate"),
        ("push_key", b"nothing", "push-certificate", "push.key"),
    ],
)
def test_a_gateway_that_could_not_push_as_told_is_not_built(
    config: Config, tmp_path: Path, key: str, content: bytes | None, code: str, named: str
) -> None:
    test_a_gateway_is_not_built_on_a_wrong_file(config, tmp_path, key, content, code, named)


NAMED = "witness.example/w1"


@pytest.mark.parametrize(
    ("changes", "code", "named"),
    [
        ({"journal_origin": "two words"}, "config-value", "journal.origin"),
        ({"journal_retired": ("nothing",)}, "journal-key", "journal.retired"),
        ({"witnesses": ("nothing https://witness.example",)}, "journal-key", "journal.witnesses"),
        ({"witnesses": (str(note_signer_from_pem(new_note_key(), name=NAMED).verifier),)}, "journal-key", NAMED),
        ({"timestamp_authorities": ("https://time.example",)}, "config-value", "not both"),
    ],
)
def test_a_gateway_that_could_not_keep_its_journal_as_told_is_not_built(
    config: Config, changes: dict[str, Any], code: str, named: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        build(replace(config, **changes), catalogue=catalogue())
    assert refused.value.code == code
    assert named in refused.value.detail


@pytest.mark.parametrize(
    ("key", "content", "code", "named"),
    [
        ("journal_key", None, "secret-unreadable", "journal.key"),
        ("journal_key", b"nothing", "journal-key", "journal.key"),
        ("timestamp_demonstration", b"nothing", "timestamp-authority", "timestamps.demonstration"),
    ],
)
def test_keys_of_the_journal_must_be_right(
    config: Config, tmp_path: Path, key: str, content: bytes | None, code: str, named: str
) -> None:
    test_a_gateway_is_not_built_on_a_wrong_file(config, tmp_path, key, content, code, named)


def test_pushes_are_signed_with_a_key_of_their_own_where_one_is_given(config: Config, tmp_path: Path) -> None:
    at = datetime.now(UTC)
    authority = issue_authority("An Authority", at=at)
    own, large = issue(authority, "Pushes", at=at), issue(authority, "Service", key="p384", at=at)
    (tmp_path / "own.pem").write_bytes(identity_to_pem(own))
    (tmp_path / "large.pem").write_bytes(identity_to_pem(large))
    config = replace(config, identity=tmp_path / "large.pem")
    with pytest.raises(ConfigError) as refused:
        build(config, catalogue=catalogue())
    assert refused.value.code == "push-identity"
    gateway = build(replace(config, push_identity=tmp_path / "own.pem"), catalogue=catalogue())
    gateway.store.close()
    assert gateway.push.signer.keys.keys[0].identity.fingerprint == own.fingerprint
    assert gateway.witness.keys.keys[0].identity.fingerprint == large.fingerprint


def test_a_key_with_a_password_is_opened_with_it_and_never_asks_for_one(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = datetime.now(UTC)
    shown = issue(issue_authority("An Authority", at=at), "The Gateway", at=at)
    locked = shown.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    (tmp_path / "certificate.pem").write_bytes(shown.certificate.public_bytes(Encoding.PEM))
    (tmp_path / "key.pem").write_bytes(locked)
    config = replace(config, push_certificate=tmp_path / "certificate.pem", push_key=tmp_path / "key.pem")
    with pytest.raises(ConfigError, match="push-certificate"):
        build(config, catalogue=catalogue())
    monkeypatch.setenv("SEALPOST_PUSH_PASSWORD", "secret")
    told = load_config(_written(tmp_path, WHOLE)).push_password
    gateway = build(replace(config, push_password=told), catalogue=catalogue())
    gateway.store.close()
    assert gateway.push.certificate is not None


def test_an_unknown_store_engine_is_named(config: Config) -> None:
    with pytest.raises(ConfigError) as refused:
        build(replace(config, store_engine="stone-tablets"), catalogue=catalogue())
    assert (refused.value.code, "sqlite" in refused.value.detail) == ("store-engine", True)
