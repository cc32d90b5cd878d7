"""The order in which a submission is proven."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from gateway.deadlines import Calendar
from gateway.dossier import Dossier
from gateway.evidence import Witness
from gateway.flaws import Flaw
from gateway.proving.copies import prove_copy
from gateway.proving.evidence import EvidenceReader, Said
from gateway.proving.post import prove_proof
from gateway.proving.submission import prove_submission
from gateway.proving.terms import prove_terms
from gateway.proving.validations import prove_validations
from signing import TrustPolicy


class Prover:
    """Proves dossiers. trust: of recipients' receipts; evidence must be of the witness's own seal."""

    def __init__(self, *, witness: Witness, trust: TrustPolicy, calendars: Mapping[str, Calendar]) -> None:
        self._evidence = EvidenceReader(keys=witness.keys, trust=trust)
        self._issuer = witness.issuer
        self._trust = trust
        self._calendars = calendars

    def prove(self, dossier: Dossier, *, watched_by: datetime, entered_later: int) -> Iterator[Flaw]:
        """Everything that is wrong with one submission. watched_by: when the watch looks at any copy at the latest.
        entered_later: see `ports.JournalReading`."""
        said: Said = []
        for evidence in dossier.evidence:
            statement, flaw = self._evidence.read(evidence)
            said.append((evidence, statement))
            if flaw is not None:
                yield flaw
        yield from prove_submission(dossier, said, issuer=self._issuer)
        for copy in dossier.copies:
            own = [(each, statement) for each, statement in said if each.delivery_id == copy.delivery.id]
            yield from prove_copy(
                dossier, copy, own, watched_by=watched_by, entered_later=entered_later, trust=self._trust
            )
        for evidence, statement in said:
            if evidence.id in dossier.proofs and statement is not None and not dossier.erased:
                yield from prove_proof(evidence, statement, dossier.proofs[evidence.id])
        yield from prove_terms(dossier, said, calendars=self._calendars)
        yield from prove_validations(dossier)
