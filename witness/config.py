"""The witness's settings, read once at start from a TOML file; unknown keys are refused. And a folder to start with."""

from __future__ import annotations

import json
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path

from signing import KeyUnavailable, NoteKey, NoteSigner, new_note_key, note_signer_from_pem, parse_note_key

_KEYS = {"name": str, "key": str, "memory": str, "logs": list, "host": str, "port": int}
_NEW = """\
name = {name}
key = "witness.key"            # signs; nobody else may have it
memory = "memory"              # what was signed last; never restore it from a backup
logs = []                      # keys of the journals that may ask, each "name+id+key": GET <gateway>/v1/journal
host = "127.0.0.1"
port = 8910
"""


class WitnessConfigError(Exception):
    """The settings cannot be used; the message names the key, never a secret."""


@dataclass(frozen=True, kw_only=True)
class WitnessConfig:
    """Everything the witness knows of its surroundings."""

    signer: NoteSigner
    memory: Path
    logs: dict[str, NoteKey]
    host: str
    port: int


def load_config(file: Path) -> WitnessConfig:
    """Read the settings. Raises WitnessConfigError."""
    try:
        settings = tomllib.loads(file.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WitnessConfigError(f"{file}: cannot be read as TOML") from error
    for key, kind in _KEYS.items():
        if not isinstance(settings.get(key), kind) or isinstance(settings.get(key), bool):
            raise WitnessConfigError(f"{key} must be given, as {kind.__name__}")
    if unknown := sorted(settings.keys() - _KEYS.keys()):
        raise WitnessConfigError(f"{', '.join(unknown)}: not a key; known are {', '.join(_KEYS)}")
    try:
        signer = note_signer_from_pem((file.parent / settings["key"]).read_bytes(), name=settings["name"])
        _ = signer.cosigner
    except OSError as error:
        raise WitnessConfigError(f"key: {settings['key']}: {error.strerror}") from error
    except (KeyUnavailable, ValueError) as error:
        raise WitnessConfigError(f"key, name: {error}") from error
    try:
        logs = [parse_note_key(str(each)) for each in settings["logs"]]
    except KeyUnavailable as error:
        raise WitnessConfigError(f"logs: {error.detail}") from error
    return WitnessConfig(
        signer=signer,
        memory=file.parent / settings["memory"],
        logs={log.name: log for log in logs},
        host=settings["host"],
        port=settings["port"],
    )


def create_folder(folder: Path, *, name: str) -> NoteKey:
    """A new witness: key, empty memory, settings. Gives the key by which its cosignatures are verified.

    Raises FileExistsError rather than overwrite.
    """
    raw = new_note_key()
    cosigner = note_signer_from_pem(raw, name=name).cosigner
    folder.mkdir(mode=0o700)
    with open(os.open(folder / "witness.key", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(raw)
    (folder / "memory").mkdir(mode=0o700)
    (folder / "witness.toml").write_text(_NEW.format(name=json.dumps(name)), encoding="utf-8")
    return cosigner
