"""What an operator does about each alert; the words in other languages stand in labels.yaml."""

from __future__ import annotations

from collections.abc import Mapping

ADVICE: Mapping[str, str] = {
    "endpoint-down": (
        "The endpoint is left alone for a while and tried again by itself; if it lasts, call who runs it."
    ),
    "paper-due": "It is time to send this copy on paper: `operations act ID paper`, or choose otherwise.",
    "receipt-odd": "Look at what came as a receipt: `operations receipts`; it moved nothing.",
    "post-silent": (
        "Ask the post about the letter, then state what it says: `paper delivered`, `paper returned`, or "
        "`operations act ID paper-failed`."
    ),
    "print-station-missing": (
        "Register the party named in [paper], with a sealing certificate; until then nothing can go on paper."
    ),
    "country-gone": (
        "Put the country's folder back into the schemas and start the counter again: its copies go on, but their "
        "receipts are not taken and their recipients not told."
    ),
    "sender-warned": "Nobody signed for this copy yet and its sender was told: see `operations show ID`.",
    "deadline-missed": (
        "The last lawful moment is over; that is stated. Choose what still helps: `operations show ID`."
    ),
    "delivery-suspended": (
        "The endpoint refused for good: mend the cause with its operator, then `operations act ID retry`."
    ),
    "delivery-expired": (
        "The time for trying is over: reach the recipient, then `operations act ID retry`, `mailbox`, `paper` or "
        "`close`."
    ),
    "delivery-escalated": "Waits for the print station: `operations act ID paper`, or choose otherwise.",
    "delivery-paper-queued": "The print station has it to print: `paper list`, `paper print`.",
    "delivery-paper-returned": (
        "The letter came back: find the right address and print it again, or `operations act ID close`."
    ),
    "certificates-unanswered": (
        "See that the addresses in the certificates can be reached ([revocation] allowed_networks, proxy): "
        "`operations certificates`."
    ),
    "certificate-revoked": (
        "A certificate had been revoked when it was used: a person decides about the form; let another key follow "
        "our own seal at once (`keys rotate`)."
    ),
    "clock-set-back": "Set the machine's clock right, stop all processes of the store, start them again.",
    "clock-set-ahead": "Set the machine's clock right, stop all processes of the store, start them again.",
    "clock-behind": (
        "The store holds evidence that is dated later than now. If the machine's clock is wrong, set it right, stop "
        "all processes of the store, start them again; if it was wrong when that was made, nothing is left to do."
    ),
    "store-disk-low": "Make room on the disk of the store; when it is full nothing is accepted.",
    "store-log-grown": (
        "Something reads the store for long: end it (a backup, an audit); the log is emptied then by itself."
    ),
    "store-slow": "See what else keeps the disk of the store busy.",
    "store-fails": "Nothing can be stored: look at the disk and at the log of the counter at once.",
    "trusted-list-stale": "Take in the newer list (`trust lists check` says which), then start the counter again.",
    "journal-not-stamped": (
        "See that a time authority of [timestamps] can be reached; entries wait and are stamped then."
    ),
    "journal-not-cosigned": "See that the witness can be reached, and ask who runs it; nothing is lost meanwhile.",
    "journal-contradicted": (
        "The witness knows a longer or another journal: stop the counter, keep the store as it is, find out "
        "whether an old backup was put back."
    ),
}
