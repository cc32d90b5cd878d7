"""The table of commands: what help says of them, and that none waits for what it does not need."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
import typer

from gateway.cli import COMMANDS, app
from tests.cli.command import ROOT, sealpost

FORM = "samples/be/health-assessment/1/valid-typical.xml"
PROGRAM = """
import json, sys
from gateway.cli import app
try:
    app(sys.argv[1:])
finally:
    print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})), file=sys.stderr)
"""


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_says_of_a_command_what_it_says_of_itself(name: str) -> None:
    group = typer.main.get_group(app)
    command = group.get_command(typer.Context(group), name)
    assert command is not None
    assert command.name == name
    assert COMMANDS[name].help in (None, (command.help or "").partition("\n\n")[0])


def test_help_lists_all_commands_but_the_hidden_ones() -> None:
    shown = sealpost(["--help"]).text
    assert [name for name in COMMANDS if f"\n  {name} " not in shown] == ["intake"]


@pytest.mark.parametrize(
    ("arguments", "unneeded"),
    [
        (["--help"], {"lxml", "yaml", "signing", "httpx2", "holidays", "fastapi"}),
        (["validate", FORM], {"signing", "httpx2", "holidays", "jinja2", "fastapi", "stdnum"}),
        (["explain", "HA-07"], {"signing", "httpx2", "jinja2", "fastapi"}),
        (["term", "appeal", "--from", "2026-03-03"], {"signing", "httpx2", "jinja2", "fastapi", "stdnum"}),
    ],
)
def test_a_command_loads_only_what_it_needs(arguments: list[str], unneeded: set[str]) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        check=True,
        timeout=60,
    )
    loaded = set(json.loads(ran.stderr.splitlines()[-1]))
    assert "typer" in loaded
    assert loaded & unneeded == set()
