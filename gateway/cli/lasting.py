"""How long a signature is to last: the options of every command that makes one, and what is done for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import signing  # each name when it is used: who signs XML waits for nothing that reads a PDF or judges anybody
from gateway.cli.options import is_pdf, load_trusted
from gateway.cli.output import usage_error
from signing import Level

if TYPE_CHECKING:
    from signing import Identity

AtLevel = Annotated[
    Level, typer.Option("--level", help="T: stamped; LT: with what judges it offline; LTA: stamped again.")
]
Authorities = Annotated[
    list[str] | None, typer.Option("--timestamp", metavar="URL", help="Time authority (RFC 3161); more are spares.")
]
Trusting = Annotated[
    Path | None, typer.Option("--trust", help="For B-T and above: whom to trust, PEM or a trust folder.", exists=True)
]
Networks = Annotated[
    list[str] | None, typer.Option("--allow-network", help="Network that is not public and may be asked in.")
]


@dataclass(frozen=True)
class Lasting:
    """A level, the addresses of time authorities, whom to trust, and the networks that may be asked in besides."""

    level: Level
    timestamp: Sequence[str] | None
    trust: Path | None
    allow_network: Sequence[str] | None

    def check(self) -> None:
        """Raises a usage error where something is lacking."""
        if self.level is not Level.B_B and (self.trust is None or not self.timestamp):
            raise usage_error(f"--level {self.level.value} needs --timestamp and --trust")

    def sign(self, raw: bytes, identity: Identity) -> bytes:
        """A form or a PDF, signed and brought to the level. Raises NotSignable, and what `raising.raised` raises."""
        signed = (signing.sign_pdf if is_pdf(raw) else signing.sign_xml)(raw, identity=identity, at=datetime.now(UTC))
        if self.trust is None or not self.timestamp:
            return signed
        from gateway.cli.raising import raised  # here: only who asks somebody needs a network

        trusted, networks = load_trusted(self.trust), self.allow_network or []
        return raised(signed, self.level, trusted, urls=self.timestamp, networks=networks)
