"""What an audit can find: every code once, what it means, and what an operator does about it.

A flaw carries ids, codes and digests, never a value of a document.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_RESTORE = "Stop the counter, keep the file as it is for inquiry, and restore the newest backup that passes an audit."
_LOST = "Restore what is missing from the newest backup that has it; until then answer questions about it by hand."
_FORGED = "Treat the store as tampered with: keep the file, find out who could write to it, restore a backup."
_BUG = "Keep a copy of the file and report this as a fault of the counter, with the code and the ids."
_REGISTER = "Register the party again (`sealpost parties register`): its queue is then looked at."
_OTHERS = "Look whether it is the file that was meant, and whether [journal] names the key that signed it."

FLAWS: Mapping[str, tuple[str, str]] = {
    # the file
    "store-damaged": ("the engine's own check of the file fails", _RESTORE),
    "store-unreadable": ("the store cannot be read to the end", _RESTORE),
    "row-unreadable": ("a row holds what the counter never writes", _FORGED),
    # rows that hang in the air
    "delivery-without-submission": ("a delivery belongs to no submission", _LOST),
    "envelope-without-delivery": ("a sealed copy belongs to no delivery", _LOST),
    "attempt-without-delivery": ("an attempt belongs to no delivery", _LOST),
    "evidence-without-submission": ("evidence speaks of a submission that is not there", _LOST),
    "evidence-without-delivery": ("evidence speaks of a delivery that is not there", _LOST),
    "receipt-without-delivery": ("a receipt speaks of a delivery that is not there", _LOST),
    "term-without-submission": ("a term belongs to no submission", _LOST),
    "filing-without-entry": ("what is on file of a form is not in the journal", _FORGED),
    "filing-differs": ("a form is on file as one of another kind", _FORGED),
    "filing-out-of-order": ("forms or their copies stand in another order than the one in which they came", _FORGED),
    "entry-without-filing": ("the journal knows of a form that is not on file", _FORGED),
    "filing-without-submission": ("a case holds a form that is not there", _LOST),
    "hosted-key-without-entry": ("the journal does not know the sealing key that is kept for a party", _FORGED),
    "entry-without-hosted-key": ("the journal knows of a sealing key that is not kept any more", _LOST),
    "token-without-entry": (
        "a token opens what is a party's, and the journal does not know that it was given to it",
        "Take its tokens (`sealpost parties revoke`), give it a new one, and find out who could write to the file.",
    ),
    "entry-without-token": (
        "the journal knows of a token that a party was given or that was taken from it, and nothing else does",
        "Give the party a new token if it has none that opens, and find out who could write to the file.",
    ),
    "further-key-without-entry": (
        "a key opens the first answer to a form, and the journal does not know that its sender used it",
        _FORGED,
    ),
    "entry-without-further-key": (
        "the journal knows of a further key under which a form was handed in, and it is not kept any more",
        _LOST,
    ),
    "cases-joined": ("forms that no number connects are in one case, whose parties see them all", _FORGED),
    "viewer-without-form": ("a party sees a case of which it sent and received no form", _FORGED),
    "party-under-our-name": (
        "a party is registered under a name that the counter has, or had",
        "Take its tokens (`sealpost parties revoke`), register it under another id, and find out how it came there.",
    ),
    "print-job-without-delivery": ("a copy for the print station belongs to no delivery", _LOST),
    "turn-differs": ("copies wait in a mailbox in an order that nobody gave them", _BUG),
    "inquiry-lost": (
        "something that was to be asked again of a certificate is damaged, or waits longer than anything does",
        _FORGED,
    ),
    "hosted-key-without-party": ("a sealing key is kept for a party that is not there", _LOST),
    "link-without-case": ("a link or a viewer leads to a case without forms", _LOST),
    "lane-asleep": ("copies are due for a party whose queue nobody will look at", _REGISTER),
    "delivery-waits-for-nothing": ("a copy waits for its turn although nothing older of its case does", _BUG),
    "delivery-out-of-case": ("a copy stands in line in another case than its form", _BUG),
    # evidence and states
    "evidence-invalid": ("the signature of evidence does not hold over its bytes", _FORGED),
    "evidence-by-a-stranger": ("evidence was not signed by this service's seal", _FORGED),
    "evidence-out-of-order": (
        "something is stated of a copy before its consignment, or in another order than the journal has it",
        _FORGED,
    ),
    "evidence-out-of-time": ("evidence was signed by a key of ours at a time at which another was in use", _FORGED),
    "evidence-differs": ("evidence says another thing than the row that holds it", _FORGED),
    "evidence-for-other-bytes": ("evidence binds another digest than the one stored", _FORGED),
    "evidence-without-state": ("evidence tells of a move that the stored state does not show", _BUG),
    "evidence-without-receipt": ("evidence speaks of a receipt that is not kept", _LOST),
    "state-without-evidence": ("no evidence leads to the stored state", _LOST),
    "postmark-without-delivery": ("what the post did belongs to no delivery", _LOST),
    "postmark-differs": ("what is kept of the post's acts is not what evidence says of them", _FORGED),
    "post-out-of-order": (
        "a letter was handed over or brought back before the post had it, by the days of its proofs",
        "Ask the print station for the proofs: the day of one of them was not entered as it states it. Evidence stays.",
    ),
    # submissions
    "submission-without-evidence": ("nothing proves that the submission was accepted or rejected", _LOST),
    "submission-closed-early": ("a submission is closed while a copy of it is open", _BUG),
    "submission-left-open": ("a submission is open while no copy of it is", _BUG),
    "rejected-with-deliveries": ("a rejected form has deliveries", _BUG),
    "answer-missing": ("the first answer to the sender is not kept", _LOST),
    "answer-differs": ("the first answer names other facts than those stored", _FORGED),
    "delivery-missing": ("the sender was told of a delivery that is not there", _LOST),
    "erased-yet-kept": (
        "evidence says that the form was erased, and it can still be read",
        "A backup from before the erasure was put back: erase it again (`sealpost operations erase`).",
    ),
    "gone-without-erasure": ("the key of a form is gone and no evidence says that it was erased", _LOST),
    # copies
    "envelope-missing": ("the sealed copy of a delivery is not there", _LOST),
    "envelope-differs": ("the sealed copy is not the one that its delivery and evidence name", _FORGED),
    "delivery-document-differs": ("a delivery names another document than its submission", _FORGED),
    "delivery-without-time": ("a copy waits to be pushed and has no time at which it will be", _BUG),
    "delivery-unwatched": ("a copy is not ended and the watch will not look at it again", _BUG),
    "settled-but-due": ("a copy that is settled would be pushed or is leased", _BUG),
    # receipts
    "handover-without-receipt": ("a copy counts as settled by a receipt that is not kept", _LOST),
    "receipt-changed": ("a kept receipt has not the digest under which it was kept", _FORGED),
    "receipt-invalid": ("a receipt that moved a delivery proves nothing", _FORGED),
    "receipt-without-evidence": ("a receipt was taken and nothing proves it", _LOST),
    # what was known of signatures
    "proof-missing": ("a proof of the post that evidence rests on is not there or cannot be read any more", _LOST),
    "validation-without-submission": ("what was known of signatures belongs to no submission", _LOST),
    "validation-differs": ("what was known of signatures is not as it was written down", _FORGED),
    "validation-missing": ("revocation data that justified a decision is not there any more", _LOST),
    "validation-changed": ("kept revocation data has not the digest under which it was kept", _FORGED),
    # the journal
    "evidence-without-entry": ("evidence is not in the journal", _FORGED),
    "receipt-without-entry": ("a kept receipt is not in the journal", _FORGED),
    "validation-without-entry": ("what was known of signatures is not in the journal", _FORGED),
    "entry-without-validation": ("the journal knows of a validation that is not kept", _FORGED),
    "entry-missing": ("the journal has a gap", _FORGED),
    "entry-twice": ("the journal has two entries about one thing that is entered once", _FORGED),
    "entry-differs": ("an entry of the journal says another thing than what it is about", _FORGED),
    "entry-without-evidence": ("the journal knows of evidence that is not kept", _FORGED),
    "entry-without-key": ("the journal knows of a published key that is not kept", _FORGED),
    "entry-without-party": ("the journal knows of a party that is not registered", _FORGED),
    "party-without-entry": ("a party is registered of which the journal knows nothing", _FORGED),
    "register-differs": ("a party is found by what its record does not say, or not by what it says", _FORGED),
    "entry-without-receipt": ("the journal knows of a receipt that is not kept", _FORGED),
    "node-differs": ("the stored tree over the journal is not the one that its entries make", _FORGED),
    "checkpoint-invalid": ("a checkpoint of the journal is not signed by the service", _FORGED),
    "checkpoint-differs": ("a checkpoint is not of the tree that the entries make", _FORGED),
    "cosignature-invalid": ("what a witness is said to have signed does not hold", _FORGED),
    "stamp-invalid": ("a time stamp of the journal proves nothing", _FORGED),
    "stamp-differs": ("a time stamp says another thing than the row that holds it", _FORGED),
    "journal-truncated": ("the journal is shorter than a checkpoint says", _FORGED),
    "journal-rewritten": ("the journal is not the one of a checkpoint that was kept elsewhere", _FORGED),
    "known-checkpoint-invalid": ("a checkpoint that was kept elsewhere is not one of this service", _OTHERS),
    # terms and cases
    "terms-differ": ("terms are not as evidence states or starts them", _FORGED),
    "term-not-started": ("the event that starts a term happened and it does not run", _BUG),
    "term-without-evidence": ("a term runs without the event that starts it", _BUG),
    "key-without-entry": ("a key that was made known is not in the journal", _FORGED),
    "submission-without-case": ("an accepted form is in no case", _LOST),
    "case-without-party": ("a sender or recipient does not see the case of its form", _LOST),
}


@dataclass(frozen=True, kw_only=True)
class Flaw:
    """Something that is not as it was promised. place: `submission <id>`, `delivery <id>`, `party <id>`, `store`.

    detail: ids, codes or names of columns; never a value of a document.
    """

    code: str
    place: str
    detail: str = ""

    @property
    def message(self) -> str:
        """What the code means."""
        return FLAWS[self.code][0]

    @property
    def way_out(self) -> str:
        """What an operator does about it."""
        return FLAWS[self.code][1]
