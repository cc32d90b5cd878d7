"""What the documentation says can be typed, works: the tutorial of the README is run as it stands there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from gateway.demo.pki import DemoFolder
from gateway.demo.processes import free_ports
from receiver.config import load_config
from tests.cli.command import sealpost

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
OPERATING = (ROOT / "gateway" / "OPERATING.md").read_text(encoding="utf-8")
RECEIVER_README = (ROOT / "receiver" / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(?P<kind>[^\n]*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
TUTORIAL_S = 300


def _blocks(text: str, kind: str) -> list[str]:
    return [match["text"] for match in BLOCK.finditer(text) if match["kind"] == kind]


def test_the_tutorial_runs_as_it_stands(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    script = "\n".join(["set -euo pipefail", *_blocks(README, "sh")])
    assert script.count("8800") == 2, "the tutorial names its port twice"
    for name in (".venv", "samples"):
        (tmp_path / name).symlink_to(ROOT / name)
    clean = {name: word for name, word in os.environ.items() if not name.startswith("SEALPOST_")}
    done = subprocess.run(
        ["bash", "-c", script.replace("8800", str(port))],
        cwd=tmp_path,
        env=clean,
        capture_output=True,
        text=True,
        timeout=TUTORIAL_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    for shown in (
        "ACCEPTABLE",
        "TOTAL-PASSED",
        "HealthDossier",
        "Monday-Saturday",
        "handed-over",
        "ContentHandover",
        "Wat er gebeurde",
    ):
        assert shown in done.stdout


def test_the_receivers_example_settings_are_taken(cast: DemoFolder, tmp_path: Path) -> None:
    (settings,) = _blocks(RECEIVER_README, "toml")
    for name in ("signing.pem", "sealing.pem"):
        shutil.copy(cast.party("fund") / name, tmp_path / name)
    for source in (cast.anchors, cast.gateway_certificate):
        shutil.copy(source, tmp_path / source.name)
    file = tmp_path / "receiver.toml"
    file.write_text(settings)
    config = load_config(file)
    assert (config.party, config.store) == ("fund", tmp_path / "received")
    uncommented = re.sub(r"^# (?=\w+ =)", "", settings, flags=re.MULTILINE)
    file.write_text(uncommented)
    assert load_config(file).tls == (tmp_path / "tls.pem", tmp_path / "tls.key")
    assert set(tomllib.loads(uncommented)) == {"receiver", "keys", "trust", "server", "gateway", "limits"}


def test_every_folder_in_the_map_is_there_and_the_other_way_round() -> None:
    mapped = set(re.findall(r"^\| `(\w+)/`", README, re.MULTILINE)) | set(re.findall(r"`(\w+)/`(?=,| \|)", README))
    present = {
        path.parent.name
        for path in ROOT.glob("*/*")
        if path.suffix in (".py", ".md") or path.is_dir()
        if not path.parent.name.startswith((".", "_")) and path.parent.name != "dist"
    }
    assert mapped & present == mapped - {"api", "cli", "demo"}
    assert present <= mapped


@pytest.mark.parametrize(
    "command",
    sorted(
        set(re.findall(r"sealpost ((?:mailbox |keys |parties |trust |evidence )?[a-z]+)", README + OPERATING))
        | {"demo", "work"}
    ),
)
def test_every_command_that_the_documents_name_exists_and_explains_itself(command: str) -> None:
    ran = sealpost([*command.split(), "--help"])
    assert ran.code == 0
    assert "Usage: sealpost" in ran.text


@pytest.mark.parametrize("text", [README, RECEIVER_README], ids=["README.md", "receiver/README.md"])
def test_links_lead_somewhere(text: str) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", text):
        assert (ROOT / target).exists()
