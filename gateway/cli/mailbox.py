"""`mailbox list | fetch | open | acknowledge`: a recipient without a server collects its copies and signs for them.

`fetch` writes one folder per copy: form.xml, consignment.xml, and copy.json with what `acknowledge` needs, so that the
key that opens and the key that signs need never meet.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from gateway.cli.options import AsJson, KeyFile, PasswordFile, Token, TokenFile, Url, client, load_key, load_trust
from gateway.cli.output import ExitCode, answering, err, out, print_json, print_table, usage_error
from gateway.client import LEASED, Client, ClientError
from gateway.envelope import Consignment, OpenedEnvelope, open_envelope, read_copy
from gateway.errors import Unreadable
from gateway.model import instant_text
from gateway.receipt import ReceiptOutcome, build_receipt
from signing import Identity, TrustPolicy, sha256

app = typer.Typer(help="Collect copies from your mailbox and sign for them.", no_args_is_help=True)

Wait = Annotated[
    int,
    typer.Option("--wait", metavar="SECONDS", min=0, max=30, help="Wait so long for a copy to come, if none is there."),
]
LEASE_S = 15  # long enough to open a copy, short enough to wait for after a slip; a receipt needs no lease
FORM, CONSIGNMENT, COPY = "form.xml", "consignment.xml", "copy.json"


@app.command("list")
def list_copies(
    url: Url, wait: Wait = 0, token: Token = None, token_file: TokenFile = None, as_json: AsJson = False
) -> None:
    """List the copies that lie ready."""
    with answering(as_json=as_json), client(url, token, token_file) as gateway:
        items = gateway.await_mail(seconds=wait, unleased=False) if wait else list(gateway.mailbox())
        if as_json:
            print_json({"items": items})
            return
        print_table(
            ("delivery", "kind", "as", "since", "bytes", "leased until"),
            [
                (
                    item["deliveryId"],
                    item["kind"],
                    item["role"],
                    item["consignedAt"],
                    str(item["sizeBytes"]),
                    item.get("leasedUntil") or "",
                )
                for item in items
            ],
        )


@app.command()
def fetch(
    url: Url,
    key: KeyFile,
    trust: Annotated[
        Path,
        typer.Option(
            "--trust", help="Certificate of the gateway's seal, or its authority's, PEM.", exists=True, dir_okay=False
        ),
    ],
    delivery_ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Copies; all when none.")] = None,
    to: Annotated[Path, typer.Option("--to", help="Folder to write to.", file_okay=False)] = Path("mailbox"),
    wait: Wait = 0,
    token: Token = None,
    token_file: TokenFile = None,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> None:
    """Take copies out, open them, check the gateway's seal, and write them down."""
    fetched: list[dict[str, str]] = []
    postponed = False
    with answering(as_json=as_json), client(url, token, token_file) as gateway:
        identity = load_key(key, password_file)
        policy = load_trust(trust)
        for delivery_id in delivery_ids or _lying_ready(gateway, wait):
            try:
                fetched.append(_fetch(gateway, delivery_id, identity=identity, trust=policy, to=to))
            except ClientError as exc:
                if exc.code != LEASED:
                    raise
                postponed = True
                later = f"in {exc.retry_after_s} s" if exc.retry_after_s else "later"
                err().print(Text(f"{delivery_id} is in the hands of another client; try again {later}"))
        if as_json:
            print_json({"items": fetched})
        else:
            for copy in fetched:
                out().print(Text(f"{copy['deliveryId']}  {copy['kind']}  {copy['folder']}"))
    if postponed:
        raise typer.Exit(ExitCode.LATER)


@app.command("open")
def open_hosted(
    url: Url,
    trust: Annotated[
        Path,
        typer.Option(
            "--trust", help="Certificate of the gateway's seal, or its authority's, PEM.", exists=True, dir_okay=False
        ),
    ],
    delivery_ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Copies; all when none.")] = None,
    to: Annotated[Path, typer.Option("--to", help="Folder to write to.", file_okay=False)] = Path("mailbox"),
    token: Token = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Have copies opened by the gateway that keeps your key, check its seal, and write them down.

    The gateway keeps evidence of every opening, which you see among the evidence of the submission.
    """
    items: list[dict[str, str]] = []
    with answering(as_json=as_json), client(url, token, token_file) as gateway:
        policy = load_trust(trust)
        for delivery_id in delivery_ids or _lying_ready(gateway, 0):
            copy = gateway.open_hosted(delivery_id)
            opened = read_copy(copy.container, envelope_digest=copy.envelope_digest, trust=policy, at=datetime.now(UTC))
            if opened.consignment.delivery_id != delivery_id:
                raise Unreadable("another-copy", "the container holds another copy than the one asked for")
            items.append({**_written(opened, to), "evidenceId": copy.evidence_id})
        if as_json:
            print_json({"items": items})
            return
        for item in items:
            out().print(Text(f"{item['deliveryId']}  {item['kind']}  {item['folder']}  evidence {item['evidenceId']}"))


@app.command()
def acknowledge(
    url: Url,
    signing_key: Annotated[
        str,
        typer.Option(
            "--signing-key", metavar="KEY", help="Key that signs receipts: a PEM or PKCS#12 file, or a pkcs11: address."
        ),
    ],
    delivery_ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", help="Fetched copies; all in the folder when none.")
    ] = None,
    to: Annotated[Path, typer.Option("--in", help="Folder that fetch wrote to.", file_okay=False)] = Path("mailbox"),
    refuse: Annotated[str | None, typer.Option("--refuse", help="Refuse, with this kebab-case reason.")] = None,
    processed: Annotated[
        bool, typer.Option("--processed", help="Sign that copies signed for before were dealt with.")
    ] = False,
    token: Token = None,
    token_file: TokenFile = None,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> None:
    """Sign for fetched copies and send the receipts."""
    if processed and refuse is not None:
        raise usage_error("a copy is refused or it was processed: give --refuse or --processed, not both")
    outcome = ReceiptOutcome.PROCESSED if processed else ReceiptOutcome.ACCEPTED
    if refuse is not None:
        outcome = ReceiptOutcome.REFUSED
    answers: list[dict[str, str]] = []
    with answering(as_json=as_json), client(url, token, token_file) as gateway:
        identity = load_key(signing_key, password_file)
        for delivery_id in delivery_ids or _fetched(to):
            receipt = _receipt(_folder(to, delivery_id), identity=identity, outcome=outcome, reason=refuse)
            answer = gateway.acknowledge(delivery_id, receipt)
            answers.append(
                {"deliveryId": delivery_id, "outcome": answer["outcome"], "evidenceId": answer["evidenceId"]}
            )
        if as_json:
            print_json({"items": answers})
            return
        for item in answers:
            out().print(Text(f"{item['deliveryId']}  {item['outcome']}  evidence {item['evidenceId']}"))


def _lying_ready(gateway: Client, wait: int) -> list[str]:
    return [item["deliveryId"] for item in (gateway.await_mail(seconds=wait) if wait else gateway.mailbox())]


def _fetch(gateway: Client, delivery_id: str, *, identity: Identity, trust: TrustPolicy, to: Path) -> dict[str, str]:
    leased = gateway.lease(delivery_id, seconds=LEASE_S)
    opened = open_envelope(leased.raw_envelope, identity=identity, trust=trust, at=datetime.now(UTC))
    if opened.consignment.delivery_id != delivery_id:
        raise Unreadable("another-copy", "the envelope holds another copy than the one asked for")
    return _written(opened, to)


def _written(opened: OpenedEnvelope, to: Path) -> dict[str, str]:
    folder = _folder(to, opened.consignment.delivery_id)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    facts = asdict(opened.consignment) | {
        "accepted_at": instant_text(opened.consignment.accepted_at),
        "envelope_digest": opened.envelope_digest,
    }
    (folder / FORM).write_bytes(opened.form)
    (folder / CONSIGNMENT).write_bytes(opened.raw_consignment)
    (folder / COPY).write_text(json.dumps(facts, indent=2), encoding="utf-8")
    return {"deliveryId": opened.consignment.delivery_id, "kind": opened.consignment.kind, "folder": str(folder)}


def _folder(to: Path, delivery_id: str) -> Path:
    try:
        return to / str(uuid.UUID(delivery_id))  # never a path of somebody's choosing
    except ValueError as exc:
        raise usage_error("that is not a delivery id") from exc


def _fetched(to: Path) -> list[str]:
    """The delivery ids of all copies in the folder."""
    if not to.is_dir():
        raise usage_error(f"{to} is not a folder that fetch wrote to; give it with --in")
    found = sorted(place.parent.name for place in to.glob(f"*/{COPY}"))
    if not found:
        err().print(Text(f"{to} holds no fetched copy; nothing was signed"))
    return found


def _receipt(folder: Path, *, identity: Identity, outcome: ReceiptOutcome, reason: str | None) -> bytes:
    """The receipt over the copy in `folder`, kept beside it: a repeat sends the same bytes.

    Kept per key, so that a receipt signed with the wrong one is not sent again when the right one is given.
    """
    kept = folder / f"receipt-{outcome}-{identity.fingerprint.removeprefix('sha256:')[:16]}.xml"
    if kept.exists():
        return kept.read_bytes()
    try:
        facts = json.loads((folder / COPY).read_text(encoding="utf-8"))
        form = (folder / FORM).read_bytes()
    except OSError as exc:
        raise usage_error(f"{folder} does not hold a fetched copy") from exc
    envelope_digest = facts.pop("envelope_digest")
    consignment = Consignment(**facts | {"accepted_at": datetime.fromisoformat(facts["accepted_at"])})
    if sha256(form) != consignment.document_digest:
        raise usage_error(f"{folder / FORM} is no longer what was fetched")
    receipt = build_receipt(
        consignment,
        envelope_digest=envelope_digest,
        outcome=outcome,
        reason=reason,
        identity=identity,
        at=datetime.now(UTC),
    )
    kept.write_bytes(receipt)
    return receipt
