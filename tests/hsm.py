"""A token for the tests: SoftHSM, with a folder of its own for each test process."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import pkcs11
import pytest

from signing import Identity, issue, issue_authority, key_place, load_identity
from signing.keys.addresses import TokenAddress
from signing.keys.provisioning import Purpose, TokenKeyKind, make_token_key, store_certificates

PIN = "kwartel-1234"
LABEL = "Counter"
TWINS = "Twins"
MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so")


@dataclass(frozen=True, kw_only=True)
class Hsm:
    """A module with a token that has the PIN `PIN`, and two that are called alike. place: where the tokens lie."""

    module: Path
    place: Path
    pin: Path
    authority: Identity

    def uri(self, name: str, *, token: str = LABEL, pin: Path | None = None, **attributes: str) -> str:
        """The address of the private key `name`."""
        query = {"module-path": str(self.module), "pin-source": f"file:{pin or self.pin}", **attributes}
        shown = "&".join(f"{key.replace('_', '-')}={quote(value)}" for key, value in query.items())
        return f"pkcs11:token={quote(token)};object={quote(name)}?{shown}"

    def address(self, name: str, **options: Any) -> TokenAddress:
        found = key_place(self.uri(name, **options))
        assert isinstance(found, TokenAddress)
        return found

    def make(
        self,
        use: Literal["sign", "seal"] = "sign",
        kind: TokenKeyKind = "p256",
        *,
        common_name: str = "In the token",
        authority: Identity | None = None,
        at: datetime | None = None,
        **named: str,
    ) -> str:
        """A new key with its certificate; gives its address."""
        name = f"{use}-{kind}-{secrets.token_hex(4)}"
        purpose: Purpose = "open" if use == "seal" else "sign"
        address = self.address(name)
        key = make_token_key(address, kind=kind, purpose=purpose)
        issuer = authority or self.authority
        at = at or datetime.now(UTC) - timedelta(hours=1)
        made = issue(issuer, common_name, use=use, at=at, holder_key=key, **named)  # type: ignore[arg-type]
        store_certificates(address, [made.certificate, issuer.certificate])
        return self.uri(name)

    def load(self, *args: object, **named: object) -> Identity:
        return load_identity(self.make(*args, **named))  # type: ignore[arg-type]

    def restart(self) -> None:
        """What a token that is pulled out and put in again does to whoever had it open."""
        pkcs11.lib(str(self.module)).reinitialize()

    def without_tokens(self, work: Callable[[], None]) -> None:
        """Do `work` while the token is gone."""
        away = self.place.with_name("away")
        self.place.rename(away)
        self.place.mkdir()
        try:
            self.restart()
            work()
        finally:
            shutil.rmtree(self.place)
            away.rename(self.place)
            self.restart()


def make_hsm(folder: Path) -> Hsm:
    """Once in a process, before the module is loaded: it reads its settings once."""
    tool, module = shutil.which("softhsm2-util"), next((each for each in MODULES if Path(each).exists()), None)
    if tool is None or module is None:
        pytest.fail("SoftHSM is missing (Debian: softhsm2)")
    place, settings = folder / "tokens", folder / "softhsm2.conf"
    place.mkdir()
    settings.write_text(f"directories.tokendir = {place}\nobjectstore.backend = file\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(settings)
    for label in (LABEL, TWINS, TWINS):
        subprocess.run(
            [tool, "--init-token", "--free", "--label", label, "--so-pin", "officer-1", "--pin", PIN],
            check=True,
            capture_output=True,
        )
    pin = folder / "pin"
    pin.write_text(PIN + "\n")
    authority = issue_authority("Token Authority", at=datetime.now(UTC) - timedelta(days=1))
    return Hsm(module=Path(module), place=place, pin=pin, authority=authority)
