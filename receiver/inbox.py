"""What a receiver must get right: open, check, keep, and only then answer with a signed receipt.

No HTTP here. One folder per delivery, named by the delivery id:

    <store>/<delivery id>/form.xml          the form as its signatory signed it (absent when we refused it)
    <store>/<delivery id>/consignment.xml   the gateway's signed statement of what it sent to whom
    <store>/<delivery id>/envelope.digest   the digest of the sealed envelope
    <store>/<delivery id>/receipt.xml       our signed answer, the same bytes on every repetition
    <store>/<delivery id>/receipt.taken     empty: the gateway has the receipt (only where it is posted afterwards)

The gateway sends again until it has a receipt, so the same delivery may come several times, also at once: it is kept
once, and every time answered with the first receipt.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gateway.envelope import OpenedEnvelope, open_envelope
from gateway.errors import GatewayError
from gateway.receipt import build_receipt
from receiver.config import ReceiverConfig
from signing import SigningError, VerificationFailed, sha256, verify_xml


@dataclass(frozen=True, kw_only=True)
class Answered:
    """Kept, durably: `receipt` may leave the house. is_repeat: these bytes were sent before."""

    delivery_id: str
    receipt: bytes
    outcome: str
    is_repeat: bool


@dataclass(frozen=True, kw_only=True)
class NotAnEnvelope:
    """Bytes for which nobody gets a receipt: not sealed for us, not from the gateway, or changed."""

    code: str
    detail: str


@dataclass(frozen=True, kw_only=True)
class Inbox:
    """The receiving desk. clock: tells the present instant, aware."""

    config: ReceiverConfig
    clock: Callable[[], datetime]

    def take(self, raw_envelope: bytes, *, announced: str | None = None) -> Answered | NotAnEnvelope:
        """Take one pushed envelope. Returns only after everything is on disk.

        announced: the delivery id that the signed header of the push gave, where one was asked for.
        """
        at = self.clock()
        # 1. Open it with our key; the consignment inside must carry the gateway's signature and our form's digest.
        try:
            opened = open_envelope(raw_envelope, identity=self.config.sealing, trust=self.config.gateway, at=at)
            delivery_id = str(uuid.UUID(opened.consignment.delivery_id))  # it becomes the name of a folder
        except (SigningError, GatewayError) as exc:
            return NotAnEnvelope(code=exc.code, detail="the envelope cannot be opened or is not the gateway's")
        except ValueError:
            return NotAnEnvelope(code="delivery-id-unreadable", detail="the delivery id is not a UUID")
        if announced not in (None, opened.consignment.delivery_id):
            return NotAnEnvelope(code="delivery-id-differs", detail="the header announced another delivery")
        # 2. Seen before: the first receipt again, or a complaint when the bytes are others.
        if (place := self.config.store / delivery_id).exists():
            return self._again(place, delivery_id, sha256(raw_envelope))
        # 3. Decide, and sign the answer.
        reason = self._reason_to_refuse(opened, at)
        outcome = "accepted" if reason is None else "refused"
        receipt = build_receipt(
            opened.consignment,
            envelope_digest=opened.envelope_digest,
            outcome=outcome,
            reason=reason,
            identity=self.config.signing,
            at=at,
        )
        # 4. Keep it all under its final name in one step; whoever came second answers what the first one kept.
        files = {
            "consignment.xml": opened.raw_consignment,
            "envelope.digest": sha256(raw_envelope).encode("ascii"),
            "receipt.xml": receipt,
        }
        if reason is None:
            files["form.xml"] = opened.form
        if not _keep(files, place):
            return self._again(place, delivery_id, sha256(raw_envelope))
        return Answered(delivery_id=delivery_id, receipt=receipt, outcome=outcome, is_repeat=False)

    def _reason_to_refuse(self, opened: OpenedEnvelope, at: datetime) -> str | None:
        consignment = opened.consignment
        if consignment.party != self.config.party:
            return "addressed-to-another-party"
        if self.config.accepts and consignment.kind not in self.config.accepts:
            return "form-kind-not-taken"
        try:
            verify_xml(opened.form, trust=self.config.signatories, at=at)
        except VerificationFailed as exc:
            return f"signature-{exc.code}"
        return None

    def _again(self, place: Path, delivery_id: str, envelope_digest: str) -> Answered | NotAnEnvelope:
        if (place / "envelope.digest").read_text(encoding="ascii") != envelope_digest:
            return NotAnEnvelope(code="delivery-id-reused", detail="another envelope came under this delivery id")
        outcome = "accepted" if (place / "form.xml").exists() else "refused"
        receipt = (place / "receipt.xml").read_bytes()
        return Answered(delivery_id=delivery_id, receipt=receipt, outcome=outcome, is_repeat=True)


def _keep(files: dict[str, bytes], place: Path) -> bool:
    """Write all files durably, then name their folder; False when the name was taken meanwhile."""
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix=".making-", dir=place.parent))  # only its owner may look inside
    try:
        for name, content in files.items():
            with (making / name).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        _sync_folder(making)
        try:
            making.rename(place)
        except OSError:
            if not place.exists():
                raise
            return False
        _sync_folder(place.parent)
        return True
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
