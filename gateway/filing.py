"""What is filed of a form beside its evidence, as one text that the journal binds.

Evidence states what happened; what the gateway acts by stands in rows beside it: the first answer to the sender, the
links that lead to the case of a form, its sealed facts, what the law says of its terms, by when each copy must be
there. None of that changes, so that its digest is entered when the form is taken in, and an audit finds whatever was
changed since. Facts are bound as they are sealed: the text can be made again when the key to them is destroyed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.model import Delivery, SubmissionId, Term, instant_text
from signing import sha256

_LAW = json.JSONEncoder(sort_keys=True)
TITLE = "sealpost-filing-1"


@dataclass(frozen=True, kw_only=True)
class OnFile:
    """What is on file of a form. links: keyed digests. facts: `sha256:<hex>` of its facts as they are sealed; empty for
    a form that was erased before the journal knew of filings."""

    submission_id: SubmissionId
    answer: bytes
    links: Sequence[str]
    facts: str
    terms: Sequence[Term]
    deliveries: Sequence[Delivery]

    @property
    def raw(self) -> bytes:
        """Its canonical bytes. Of terms the days are left out: these follow from evidence, and come later."""
        lines = [
            TITLE,
            f"submission {self.submission_id}",
            f"answer {sha256(self.answer)}",
            f"facts {self.facts}",
            *(f"link {link}" for link in sorted(self.links)),
            *sorted(f"term {_law(term)}" for term in self.terms),
            *sorted(f"copy {_moments(delivery)}" for delivery in self.deliveries),
        ]
        return "".join(f"{line}\n" for line in lines).encode()


def _law(term: Term) -> str:
    told = {
        "id": term.id,
        "article": term.article,
        "law": term.law,
        "act": dict(term.act),
        "length": term.length,
        "unit": term.unit,
        "startsOn": term.starts_on,
        "verdict": term.verdict,
        "bound": term.bound,
        "binds": term.binds,
        "doneBy": list(term.done_by),
        "reason": dict(term.reason),
    }
    return _LAW.encode(told)


def _moments(delivery: Delivery) -> str:
    return f"{delivery.id} {delivery.size_bytes} {_shown(delivery.lawful_until)} {_shown(delivery.paper_by)}"


def _shown(at: datetime | None) -> str:
    return "-" if at is None else instant_text(at)
