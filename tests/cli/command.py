"""The command line as processes of their own."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import Any

from tests.cli.forking import ROOT, run_forked

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
    with TemporaryFile() as given, TemporaryFile() as out, TemporaryFile() as err:
        given.write(stdin)
        given.seek(0)
        code = run_forked(
            [str(each) for each in arguments],
            environment={**clean, "COLUMNS": "200", **(environment or {})},
            files=[given.fileno(), out.fileno(), err.fileno()],
        )
        out.seek(0)
        err.seek(0)
        return Ran(code=code, out=out.read(), err=err.read().decode())
