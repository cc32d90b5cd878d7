"""Witnesses: others who remember how long our journal was, and sign only what extends it.

The newest checkpoint goes to each of them with the proof that it extends the last one they signed; what they sign is
kept beside the checkpoint. One that remembers a longer journal than ours, or another one, says that ours was cut off or
written anew, which nobody here could notice alone.
Source: C2SP tlog-witness (add-checkpoint); C2SP tlog-cosignature.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

from gateway.batches import is_late, on_duty
from gateway.journal import Batch, Cosignature
from gateway.model import Alert
from gateway.ports import Ask, Clock, Store, Transaction
from gateway.proofs import StoredNodes, recorded_at
from gateway.steps import begin_alert, tell
from signing import (
    CLOCK_TOLERANCE,
    NoteKey,
    NotFetched,
    Tree,
    VerificationFailed,
    add_cosignatures,
    read_checkpoint,
)

MAX_ANSWER_BYTES = 16 * 1024
NOT_COSIGNED, CONTRADICTED = "journal-not-cosigned", "journal-contradicted"


class WitnessUnavailable(Exception):
    """A witness gave no cosignature that counts. code: why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class _Knows(Exception):
    """The witness signed another size last."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size


@dataclass(frozen=True, kw_only=True)
class WitnessAddress:
    """A witness. key: by which its cosignatures are verified; its name is the witness's. url: the prefix where it is
    asked."""

    key: NoteKey
    url: str


@dataclass(frozen=True, kw_only=True)
class Witnessing:
    """Asks the witnesses. log: the key by which our checkpoints are verified."""

    store: Store
    log: NoteKey
    known: tuple[WitnessAddress, ...]
    ask: Ask
    clock: Clock
    holder: str
    late_after_s: float

    def cosign_due(self) -> bool:
        """Have the newest checkpoint signed by every witness that has not; whether all have. Raises StoreUnavailable.

        The fault of one keeps no other from being asked; an alert tells of it when it has lasted.
        """
        newest = self.store.read(lambda view: view.newest_batch())
        if newest is None:
            return True
        done = True
        for witness in self.known:
            size = self.store.read(lambda view, name=witness.key.name: view.cosigned_size(name))  # type: ignore[misc]
            if size >= newest.size:
                continue
            if not self.store.write(self._on_duty):
                return done
            try:
                self._cosign(witness, newest, since=size)
            except WitnessUnavailable as error:
                done = False
                self._tell(witness, error.code, uncosigned_from=size)
        return done

    def _cosign(self, witness: WitnessAddress, batch: Batch, *, since: int) -> None:
        try:
            line = self._asked(witness, batch, since)
        except _Knows as told:  # it was asked before, and its answer did not reach us or was lost
            if told.size > batch.size:
                raise WitnessUnavailable(CONTRADICTED) from None
            try:
                line = self._asked(witness, batch, told.size)
            except _Knows:
                raise WitnessUnavailable("witness-changes-its-mind") from None
        kept = Cosignature(size=batch.size, witness=witness.key.name, line=line)

        def keep(unit: Transaction) -> tuple[Alert, ...]:
            unit.add_cosignature(kept)
            return tuple(unit.close_alerts(witness.key.name, at=self.clock.now()))

        tell((), self.store.write(keep))

    def _asked(self, witness: WitnessAddress, batch: Batch, since: int) -> str:
        """The line by which the witness cosigned. Raises WitnessUnavailable, _Knows."""
        body = self.store.read(lambda view: _request(Tree(StoredNodes(view), batch.size), batch, since))
        try:
            status, answer = self.ask(f"{witness.url}/add-checkpoint", body, max_bytes=MAX_ANSWER_BYTES)
        except NotFetched as fault:
            raise WitnessUnavailable(f"witness-{fault.code}") from fault
        if status == 409:
            size = answer.decode("ascii", "replace").removesuffix("\n")
            if not (size.isascii() and size.isdecimal() and len(size) < 19):
                raise WitnessUnavailable("witness-answer-refused")
            raise WitnessUnavailable(CONTRADICTED) if int(size) == since else _Knows(int(size))
        if status == 422:
            raise WitnessUnavailable(CONTRADICTED)
        if status != 200:
            raise WitnessUnavailable(f"witness-status-{status}")
        for line in answer.splitlines(keepends=True):
            if self._counts(witness, batch, line):
                return line.decode()
        raise WitnessUnavailable("witness-answer-refused")

    def _counts(self, witness: WitnessAddress, batch: Batch, line: bytes) -> bool:
        """Whether a line is the witness's signature of this checkpoint; it may send others beside it. One of a time at
        which the checkpoint was not there yet, or that has not come, would stand in every proof."""
        try:
            note = add_cosignatures(batch.checkpoint, line)
            signed = read_checkpoint(note, log=self.log, witnesses=[witness.key], quorum=1)
        except VerificationFailed:
            return False
        made = self.store.read(lambda view: recorded_at(view, batch.size - 1))
        now = self.clock.now()
        return (made or now) - CLOCK_TOLERANCE <= signed.cosigned[witness.key.name] <= now + CLOCK_TOLERANCE

    def _tell(self, witness: WitnessAddress, code: str, *, uncosigned_from: int) -> None:
        """Begin an alert: at once where a witness contradicts us, else when it has been silent for long."""
        now = self.clock.now()
        contradicted = code == CONTRADICTED
        since = self.store.read(lambda view: recorded_at(view, uncosigned_from))
        if not contradicted and not is_late(since, now=now, after_s=self.late_after_s):
            return
        begin_alert(self.store, CONTRADICTED if contradicted else NOT_COSIGNED, witness.key.name, at=now)

    def _on_duty(self, unit: Transaction) -> bool:
        return on_duty(unit, holder=self.holder, now=self.clock.now())


def _request(tree: Tree, batch: Batch, since: int) -> bytes:
    proof = (base64.b64encode(each).decode("ascii") for each in tree.consistency_proof(since))
    return "\n".join((f"old {since}", *proof, "", "")).encode("ascii") + batch.checkpoint
