"""The table of commands: what help says of them, and that none waits for what it does not need."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer

from gateway.cli import COMMANDS, app
from gateway.demo.pki import DemoFolder
from signing import load_identity, sign_xml
from tests.cli.command import sealpost
from tests.cli.forking import ROOT

FORM = "samples/be/health-assessment/1/valid-typical.xml"
PROGRAM = """
import json, sys
from gateway.cli import app
try:
    app(sys.argv[1:])
finally:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""

NETWORK = {"httpx2", "http.client", "gateway.client", "gateway.transports", "aiohttp"}
SERVER = {"fastapi", "starlette", "uvicorn", "pysqlite3", "sqlite_utils", "gateway.assembly"}
PDF = {"pyhanko", "signing.formats.pades"}
TRUST = {"pyhanko_certvalidator", "asn1crypto", "signing.paths", "signing.lists.reading"}
TOKENS = {"pkcs11", "signing.keys.tokens"}
PROOF = {"signing.records", "signing.transparency", "gateway.examination"}
PRINTS = {"typst", "zxingcpp", "gateway.rendition"}
FORMS = {"yaml", "holidays", "stdnum", "jinja2", "gateway.forms"}
SIGNING = {"signing.model", "cryptography"} | PDF | TRUST | TOKENS | PROOF


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_says_of_a_command_what_it_says_of_itself(name: str) -> None:
    group = typer.main.get_group(app)
    command = group.get_command(typer.Context(group), name)
    assert command is not None
    assert command.name == name
    assert COMMANDS[name].help in (None, (command.help or "").partition("\n\n")[0])


def test_help_lists_all_commands() -> None:
    shown = sealpost(["--help"]).text
    assert [name for name in COMMANDS if f"\n  {name} " not in shown] == []


@pytest.mark.parametrize(
    ("arguments", "unneeded"),
    [
        ("--help", {"lxml", "rich", "pydantic"} | SIGNING | NETWORK | SERVER | FORMS | PRINTS),
        (f"validate {FORM}", {"signing", "holidays", "jinja2", "stdnum"} | NETWORK | SERVER | PRINTS),
        ("explain HA-07", {"signing", "jinja2"} | NETWORK | SERVER | PRINTS),
        ("term appeal --from 2026-03-03", {"signing", "jinja2", "stdnum"} | NETWORK | SERVER | PRINTS),
        (f"sign {FORM} --key KEY --out OUT", NETWORK | SERVER | FORMS | PRINTS | PDF | TRUST | TOKENS | PROOF),
        ("verify SIGNED --trust ANCHORS", NETWORK | SERVER | FORMS | PRINTS | PDF | TOKENS | PROOF),
        ("submit SIGNED --url NOBODY --token x", {"lxml"} | SIGNING | SERVER | FORMS | PRINTS),
        ("status x --url NOBODY --token x", {"lxml"} | SIGNING | SERVER | FORMS | PRINTS),
        ("mailbox list --url NOBODY --token x", {"gateway.examination"} | SERVER | FORMS | PRINTS | PDF | TRUST),
        (
            "evidence export x --url NOBODY --token x --out OUT",
            {"gateway.examination"} | SERVER | FORMS | PRINTS | PDF | TRUST,
        ),
    ],
)
def test_a_command_loads_only_what_it_needs(
    folder: DemoFolder, tmp_path: Path, arguments: str, unneeded: set[str]
) -> None:
    signed = tmp_path / "signed.xml"
    signed.write_bytes(
        sign_xml((ROOT / FORM).read_bytes(), identity=load_identity(folder.signing("doctor")), at=datetime.now(UTC))
    )
    names = {
        "KEY": folder.signing("doctor"),
        "ANCHORS": folder.anchors,
        "SIGNED": signed,
        "OUT": tmp_path / "out.xml",
        "NOBODY": "http://127.0.0.1:9",
    }
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, *(str(names.get(each, each)) for each in arguments.split())],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
        timeout=60,
    )
    loaded = set(json.loads(ran.stderr.splitlines()[-1]))
    assert "typer" in loaded
    assert {name for name in loaded if any(name == each or name.startswith(f"{each}.") for each in unneeded)} == set()
