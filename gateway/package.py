"""What an evidence package holds, and under which names: the one place that lays it out.

    package.json                 what it is about, for people and programs (`Description`)
    evidence/<id>.xml            each signed statement of the service
    receipts/<id>.xml            each receipt of a recipient that a statement rests on, as it came
    journal/<position>.entry     the canonical bytes of the journal's entry for a statement or receipt
    journal/<position>.proof     that the journal holds it: C2SP tlog-proof, signed checkpoint and cosignatures included
    journal/<size>.checkpoint    each of these checkpoints as the service signed it
    journal/<size>-<size>.consistency      that the journal only grew from one of these checkpoints to the next
    validation.json              what was known of the certificates behind the form when it was handed in
    validation/<id>.json         what was known later, of the signers of receipts, and of the seals of the service
    certificates/<digest>.cer    those of their issuers, DER
    revocation/<digest>.ocsp     what these issuers answered, DER; .crl for their lists
    post/<id>.<ending>.p7m       the proof of the post that a statement rests on, sealed for sender and print station
    form.xml, rendition-<language>.pdf, post/<id>.<ending>     added by who exports, if it has or can open them: the
                                 service does not; a proof of the post shows a name and an address

META-INF holds the service's seal over all that it put in, and an RFC 4998 evidence record for each entry and checkpoint
(`signing/asic.py`). No value of the form stands in what the service puts in.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gateway.errors import Unreadable
from gateway.model import Delivery, Submission, SubmissionState, instant_text
from gateway.version import VERSION
from signing import read_hash

FORMAT = "urn:sealpost:package:1"
DESCRIPTION = "package.json"
FORM = "form.xml"
VALIDATION = "validation.json"
MAX_DESCRIPTION = 1024 * 1024
MAX_STEPS = 126  # of a consistency proof: twice the height of the largest tree

RENDITION = re.compile(r"rendition-(nl|fr|de|en)\.pdf", re.ASCII)
EVIDENCE = re.compile(r"evidence/([0-9a-f-]{36})\.xml", re.ASCII)
RECEIPT = re.compile(r"receipts/([0-9a-f-]{36})\.xml", re.ASCII)
ENTRY = re.compile(r"journal/([0-9]{1,19})\.entry", re.ASCII)
PROOF = re.compile(r"journal/([0-9]{1,19})\.proof", re.ASCII)
CHECKPOINT = re.compile(r"journal/([0-9]{1,19})\.checkpoint", re.ASCII)
CONSISTENCY = re.compile(r"journal/([0-9]{1,19})-([0-9]{1,19})\.consistency", re.ASCII)
CERTIFICATE = re.compile(r"certificates/([0-9a-f]{64})\.cer", re.ASCII)
REVOCATION = re.compile(r"revocation/([0-9a-f]{64})\.(ocsp|crl)", re.ASCII)
LATER = re.compile(r"validation/([0-9a-f-]{36})\.json", re.ASCII)
POST_ENDINGS: Mapping[str, str] = {
    "application/pdf": "pdf",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/tiff": "tif",
    "application/xml": "xml",
}
SEALED_POST = re.compile(rf"(post/[0-9a-f-]{{36}}\.(?:{'|'.join(POST_ENDINGS.values())}))\.p7m", re.ASCII)
POST = re.compile(rf"post/([0-9a-f-]{{36}})\.(?:{'|'.join(POST_ENDINGS.values())})", re.ASCII)
NAMES = (
    RENDITION,
    EVIDENCE,
    RECEIPT,
    ENTRY,
    PROOF,
    CHECKPOINT,
    CONSISTENCY,
    CERTIFICATE,
    REVOCATION,
    LATER,
    SEALED_POST,
    POST,
)
BY_EXPORTER = (re.compile(FORM), RENDITION, POST, CONSISTENCY)
"""What nobody seals: it proves itself."""


def is_known(name: str) -> bool:
    """Whether a file of this name has a place in a package."""
    return name in (DESCRIPTION, FORM, VALIDATION) or any(pattern.fullmatch(name) for pattern in NAMES)


@dataclass(frozen=True, kw_only=True)
class DescribedCopy:
    """A recipient's copy, and its state when the package was made."""

    delivery_id: str
    party: str
    role: str
    article: str
    copy: int
    of: int
    state: str


@dataclass(frozen=True, kw_only=True)
class Description:
    """What a package is about, as the service describes it. Proven is what the evidence in it says.

    whole: everything of the submission is in it, but for when copies were opened in hosted mailboxes, which concerns
        their owners alone; else only what concerns the party that it was made for.
    versions: what -> version or digest, of what judges such forms where the package was made.
    journal_keys, witness_keys: by which its proofs are checked, as `vkey` of C2SP signed-note; the journal's newest
        first.
    """

    issuer: str
    made_at: datetime
    made_for: str
    whole: bool
    submission_id: str
    sender: str
    state: str
    decided_at: datetime
    kind: str | None = None
    document_id: str | None = None
    copies: tuple[DescribedCopy, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    journal_keys: tuple[str, ...] = ()
    witness_keys: tuple[str, ...] = ()


def describe(
    submission: Submission,
    deliveries: tuple[Delivery, ...],
    *,
    issuer: str,
    made_at: datetime,
    made_for: str,
    versions: Mapping[str, str],
    journal_keys: tuple[str, ...],
    witness_keys: tuple[str, ...],
) -> Description:
    """The description of a package with these deliveries. To a recipient it says of the submission only that it was
    accepted: how it ended tells what became of the copies of others."""
    whole = submission.sender == made_for
    return Description(
        issuer=issuer,
        made_at=made_at,
        made_for=made_for,
        whole=whole,
        submission_id=submission.id,
        sender=submission.sender,
        state=submission.state if whole else SubmissionState.ACCEPTED,
        decided_at=submission.accepted_at,
        kind=submission.kind or None,
        document_id=submission.document_id or None,
        copies=tuple(
            DescribedCopy(
                delivery_id=each.id,
                party=each.party,
                role=each.role,
                article=each.article,
                copy=each.copy,
                of=each.of,
                state=each.state,
            )
            for each in deliveries
        ),
        versions={"software": VERSION, **versions},
        journal_keys=journal_keys,
        witness_keys=witness_keys,
    )


def write_description(description: Description) -> bytes:
    """package.json: UTF-8, indented, keys in a fixed order."""
    written = {
        "format": FORMAT,
        "issuer": description.issuer,
        "madeAt": instant_text(description.made_at),
        "madeFor": description.made_for,
        "whole": description.whole,
        "submission": {
            "submissionId": description.submission_id,
            "sender": description.sender,
            "state": description.state,
            "decidedAt": instant_text(description.decided_at),
            **({} if description.kind is None else {"kind": description.kind}),
            **({} if description.document_id is None else {"documentId": description.document_id}),
        },
        "deliveries": [
            {
                "deliveryId": each.delivery_id,
                "party": each.party,
                "role": each.role,
                "article": each.article,
                "copy": each.copy,
                "of": each.of,
                "state": each.state,
            }
            for each in description.copies
        ],
        "versions": dict(description.versions),
        "journal": {"keys": list(description.journal_keys), "witnesses": list(description.witness_keys)},
    }
    return (json.dumps(written, indent=2, ensure_ascii=False) + "\n").encode()


def read_description(raw: bytes) -> Description:
    """The description in `raw`. Raises Unreadable("not-a-description")."""
    if len(raw) > MAX_DESCRIPTION:
        raise _unreadable()
    try:
        whole = json.loads(raw.decode("utf-8"), object_pairs_hook=_without_doubles, parse_constant=_no_constant)
        description = _description(_Part(whole))
    except (ValueError, RecursionError):
        raise _unreadable() from None
    # What was left out, added or written in another way shows here.
    if write_description(description) != raw:
        raise _unreadable()
    return description


def _description(part: _Part) -> Description:
    if part.text("format") != FORMAT:
        raise ValueError("another format")
    submission = part.part("submission")
    journal = part.part("journal")
    if part.flag("whole") != (submission.text("sender") == part.text("madeFor")):
        raise ValueError("whole for whom it is not, or a part for the sender")
    return Description(
        issuer=part.text("issuer"),
        made_at=part.instant("madeAt"),
        made_for=part.text("madeFor"),
        whole=part.flag("whole"),
        submission_id=submission.text("submissionId"),
        sender=submission.text("sender"),
        state=submission.text("state"),
        decided_at=submission.instant("decidedAt"),
        kind=submission.text("kind") if submission.has("kind") else None,
        document_id=submission.text("documentId") if submission.has("documentId") else None,
        copies=tuple(
            DescribedCopy(
                delivery_id=copy.text("deliveryId"),
                party=copy.text("party"),
                role=copy.text("role"),
                article=copy.text("article"),
                copy=copy.number("copy"),
                of=copy.number("of"),
                state=copy.text("state"),
            )
            for copy in part.parts("deliveries")
        ),
        versions=part.part("versions").texts(),
        journal_keys=journal.words("keys"),
        witness_keys=journal.words("witnesses"),
    )


def write_consistency(steps: Sequence[bytes]) -> bytes:
    """A consistency proof of the journal: its hashes in base64, one a line."""
    return b"".join(base64.b64encode(step) + b"\n" for step in steps)


def read_consistency(raw: bytes) -> list[bytes]:
    """The hashes of a consistency proof. Raises Unreadable("proof-unreadable")."""
    *lines, rest = raw.split(b"\n", MAX_STEPS)
    try:
        steps = [read_hash(line.decode("ascii")) for line in lines]
    except ValueError:
        steps, rest = [], b"?"
    if rest:
        raise Unreadable("proof-unreadable", "a consistency proof that cannot be read")
    return steps


class _Part:
    """An object of the JSON text; every method raises ValueError for what is not of the kind that is asked for."""

    def __init__(self, value: Any) -> None:
        if not isinstance(value, dict):
            raise ValueError("not an object")  # noqa: TRY004 -- one error for all that is wrong with the text
        self._value: dict[str, Any] = value

    def has(self, name: str) -> bool:
        return name in self._value

    def text(self, name: str) -> str:
        return _text(self._value.get(name))

    def instant(self, name: str) -> datetime:
        at = datetime.fromisoformat(self.text(name))
        if at.tzinfo is None:
            raise ValueError("an instant without offset")
        return at

    def flag(self, name: str) -> bool:
        value = self._value.get(name)
        if not isinstance(value, bool):
            raise ValueError("not a flag")  # noqa: TRY004 -- as above
        return value

    def number(self, name: str) -> int:
        value = self._value.get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError("not a number")  # noqa: TRY004 -- as above
        return value

    def part(self, name: str) -> _Part:
        return _Part(self._value.get(name))

    def parts(self, name: str) -> list[_Part]:
        return [_Part(each) for each in self._list(name)]

    def words(self, name: str) -> tuple[str, ...]:
        return tuple(_text(each) for each in self._list(name))

    def texts(self) -> dict[str, str]:
        return {name: _text(value) for name, value in self._value.items()}

    def _list(self, name: str) -> list[Any]:
        value = self._value.get(name)
        if not isinstance(value, list):
            raise ValueError("not a list")  # noqa: TRY004 -- as above
        return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value or len(value) > 1000 or not value.isprintable():
        raise ValueError("not a text")
    return value


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name that stands twice")
    return found


def _no_constant(_: str) -> None:
    raise ValueError("not a number of JSON")


def _unreadable() -> Unreadable:
    return Unreadable("not-a-description", f"{DESCRIPTION} is not the description of a package")
