"""The command line as a real process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "samples"


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What a command came to."""

    code: int
    out: bytes
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def text(self) -> str:
        return self.out.decode()


def sealpost(arguments: Sequence[object], *, stdin: bytes = b"", environment: Mapping[str, str] | None = None) -> Ran:
    """Run `sealpost arguments` without any of the caller's own settings."""
    clean = {name: word for name, word in os.environ.items() if not name.startswith("SEALPOST_")}
    done = subprocess.run(
        [sys.executable, "-m", "gateway.cli", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        timeout=60,
        check=False,
        cwd=ROOT,
        env={**clean, "COLUMNS": "200", **(environment or {})},
    )
    return Ran(code=done.returncode, out=done.stdout, err=done.stderr.decode())
