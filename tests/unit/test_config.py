"""Configuration: every mistake is found at the start and names its key."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.assembly import build
from gateway.config import Config, load_config
from gateway.errors import ConfigError

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
        ("[dispatch]\npushers = 0", "config-value", "dispatch.pushers"),
        ("[dispatch]\nlease_s = -1", "config-value", "dispatch.lease_s"),
        ("[dispatch]\npoll_s = nan", "config-value", "dispatch.poll_s"),
        ("[dispatch]\nretry_schedule_s = []", "config-value", "dispatch.retry_schedule_s"),
        ("[dispatch]\nretry_schedule_s = ['soon']", "config-value", "dispatch.retry_schedule_s"),
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
    with pytest.raises(ConfigError) as refused:
        build(replace(config, **{key: file}))
    assert refused.value.code == code
    assert named in refused.value.detail


def test_an_unknown_store_engine_is_named(config: Config) -> None:
    with pytest.raises(ConfigError) as refused:
        build(replace(config, store_engine="stone-tablets"))
    assert (refused.value.code, "sqlite" in refused.value.detail) == ("store-engine", True)
