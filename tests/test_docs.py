"""What the documentation says can be typed, works: the tutorial of the README is run as it stands there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from gateway.config import _KEYS as KNOWN_KEYS
from gateway.config import load_config as load_gateway_config
from gateway.demo.pki import DemoFolder
from gateway.demo.processes import free_ports
from receiver.config import load_config
from tests.cli.command import sealpost

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
OPERATING = (ROOT / "gateway" / "OPERATING.md").read_text(encoding="utf-8")
RECEIVER_README = (ROOT / "receiver" / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(?P<kind>[^\n]*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
DOCUMENTS = ["README.md", *sorted(str(file.relative_to(ROOT)) for file in ROOT.glob("[a-z]*/**/*.md"))]
TUTORIAL_S = 300


def _blocks(text: str, kind: str) -> list[str]:
    return [match["text"] for match in BLOCK.finditer(text) if match["kind"] == kind]


def test_the_tutorial_runs_as_it_stands(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    (program,) = _blocks(README, "python")
    blocks = _blocks(README, "sh")
    stop = next(place for place, block in enumerate(blocks) if block.startswith("kill"))
    blocks.insert(stop, f"python3 - <<'END'\n{program}END\n")
    script = "\n".join(["set -euo pipefail", *blocks])
    assert script.count("8800") == 3, "the tutorial names its port twice, the program once"
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
        " again",
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


def test_the_example_configuration_is_taken(tmp_path: Path) -> None:
    example = _blocks(OPERATING, "toml")[0]
    file = tmp_path / "gateway.toml"
    file.write_text(example)
    config = load_gateway_config(file)
    assert (config.name, config.store_path) == ("counter.example", tmp_path / "store.sqlite3")
    assert config.timestamp_authorities == ("https://tsa.example/tsr",)


def test_every_key_of_the_configuration_has_its_row() -> None:
    rows = {
        key for row in re.findall(r"^\| (`.*?`) \|", OPERATING, re.MULTILINE) for key in re.findall(r"`(.*?)`", row)
    }
    known = {f"{section}.{key}" for section, keys in KNOWN_KEYS.items() for key in keys}
    assert known <= rows
    assert {row for row in rows if "." in row} <= known


def test_every_folder_in_the_map_is_there_and_the_other_way_round() -> None:
    mapped = set(re.findall(r"^\| `(\w+)/`", README, re.MULTILINE)) | set(re.findall(r"`(\w+)/`(?=,| \|)", README))
    present = {
        path.parent.name
        for path in ROOT.glob("*/*")
        if path.suffix in (".py", ".md") or path.is_dir()
        if not path.parent.name.startswith((".", "_")) and path.parent.name != "dist"
    }
    assert mapped & present == mapped - {"api", "cli", "client", "demo"}
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


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_module_that_a_document_names_is_there(name: str) -> None:
    there = {path.as_posix() for path in ROOT.glob("[a-z]*/**/*.py")}
    named = set(re.findall(r"`([\w./]+\.py)`", (ROOT / name).read_text(encoding="utf-8")))
    assert {each for each in named if not any(f"/{path}".endswith(f"/{each}") for path in there)} == set()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere(name: str) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", (ROOT / name).read_text(encoding="utf-8")):
        file, _, heading = target.partition("#")
        path = (ROOT / name).parent / file if file else ROOT / name
        assert path.exists()
        anchors = {
            re.sub(r"[^a-z0-9 -]", "", line.lower()).replace(" ", "-")
            for line in re.findall(
                r"^#+ (.*)$", path.read_text(encoding="utf-8") if path.is_file() else "", re.MULTILINE
            )
        }
        assert not heading or heading in anchors
