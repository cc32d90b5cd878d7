"""`mailbox list | fetch | open | acknowledge`: a recipient without a server collects its copies and signs for them.

`fetch` writes one folder per copy: form.xml, consignment.xml, copy.json with what `acknowledge` needs, so that the key
that opens and the key that signs need never meet, and lease.json, by which other clients are kept from the copy until
it is signed for.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from gateway.cli.options import AsJson, KeyFile, PasswordFile, Token, TokenFile, Url, client, load_key, load_trust
from gateway.cli.output import (
    ExitCode,
    answering,
    err,
    headings,
    in_words,
    out,
    print_json,
    print_table,
    role_shown,
    said,
    usage_error,
)
from gateway.client import LEASED, Client, ClientError, LeasedEnvelope
from gateway.envelope import Consignment, OpenedEnvelope, open_envelope, read_copy
from gateway.errors import GatewayError, Unreadable
from gateway.model import instant_text
from gateway.receipt import ReceiptOutcome, build_receipt
from signing import Identity, SealingFailed, VerificationFailed, sha256

app = typer.Typer(help="Collect copies from your mailbox and sign for them.", no_args_is_help=True)

Wait = Annotated[
    int,
    typer.Option("--wait", metavar="SECONDS", min=0, max=30, help="Wait so long for a copy to come, if none is there."),
]
Hold = Annotated[
    int,
    typer.Option(
        "--hold",
        metavar="SECONDS",
        min=1,
        max=3600,
        help="Keep other clients from the copies for so long: sign by then.",
    ),
]
SealTrust = Annotated[
    Path,
    typer.Option(
        "--trust", help="Certificate of the gateway's seal, or its authority's, PEM.", exists=True, dir_okay=False
    ),
]
Copies = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Copies; all when none.")]
Folder = Annotated[Path, typer.Option("--to", help="Folder to write to.", file_okay=False)]
HOLD_S = 600
FOLDER = Path("mailbox")
NOT_FOUND = 404
FORM, CONSIGNMENT, COPY, LEASE = "form.xml", "consignment.xml", "copy.json", "lease.json"


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
            headings("delivery", "kind", "role", "since", "bytes", "leased until"),
            [
                (
                    item["deliveryId"],
                    item["kind"],
                    role_shown(item["role"]),
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
    trust: SealTrust,
    delivery_ids: Copies = None,
    to: Folder = FOLDER,
    wait: Wait = 0,
    hold: Hold = HOLD_S,
    token: Token = None,
    token_file: TokenFile = None,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> None:
    """Take copies out, open them, check the gateway's seal, and write them down."""
    with answering(as_json=as_json), client(url, token, token_file) as gateway:
        identity = load_key(key, password_file)
        policy = load_trust(trust)

        def fetch_one(delivery_id: str) -> dict[str, str]:
            with _in_hand(gateway, delivery_id, seconds=hold, folder=_folder(to, delivery_id)) as leased:
                opened = open_envelope(leased.raw_envelope, identity=identity, trust=policy, at=datetime.now(UTC))
                return _written(opened, leased, to)

        done = _one_by_one(delivery_ids or _lying_ready(gateway, wait), fetch_one)
        done.show(as_json=as_json, tell=_taken_out)


@app.command("open")
def open_hosted(
    url: Url,
    trust: SealTrust,
    delivery_ids: Copies = None,
    to: Folder = FOLDER,
    hold: Hold = HOLD_S,
    token: Token = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Have copies opened by the gateway that keeps your key, check its seal, and write them down.

    The gateway keeps evidence of every opening, which you see among the evidence of the submission.
    """
    with answering(as_json=as_json), client(url, token, token_file) as gateway:
        policy = load_trust(trust)

        def open_one(delivery_id: str) -> dict[str, str]:
            now = datetime.now(UTC)
            with _in_hand(gateway, delivery_id, seconds=hold, folder=_folder(to, delivery_id)) as leased:
                copy = gateway.open_hosted(delivery_id, lease_id=leased.lease_id)
                opened = read_copy(copy.container, envelope_digest=copy.envelope_digest, trust=policy, at=now)
                return {**_written(opened, leased, to), "evidenceId": copy.evidence_id}

        done = _one_by_one(delivery_ids or _lying_ready(gateway, 0), open_one)
        done.show(as_json=as_json, tell=lambda item: f"{_taken_out(item)}  {_proven(item)}")


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
    to: Annotated[Path, typer.Option("--in", help="Folder that fetch wrote to.", file_okay=False)] = FOLDER,
    refuse: Annotated[str | None, typer.Option("--refuse", help="Refuse, with this kebab-case reason.")] = None,
    processed: Annotated[
        bool, typer.Option("--processed", help="Sign that copies signed for before were dealt with.")
    ] = False,
    token: Token = None,
    token_file: TokenFile = None,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> None:
    """Sign for fetched copies and send the receipts.

    What another client has in hand by now, since yours ran out, is not signed for.
    """
    if processed and refuse is not None:
        raise usage_error("a copy is refused or it was processed: give --refuse or --processed, not both")
    outcome = ReceiptOutcome.PROCESSED if processed else ReceiptOutcome.ACCEPTED
    if refuse is not None:
        outcome = ReceiptOutcome.REFUSED
    with answering(as_json=as_json), client(url, token, token_file) as gateway:
        identity = load_key(signing_key, password_file)

        def sign_one(delivery_id: str) -> dict[str, str]:
            folder = _folder(to, delivery_id)
            kept = _kept_receipt(folder, identity, outcome)
            if not kept.exists() and outcome is not ReceiptOutcome.PROCESSED:
                _keep_in_hand(gateway, delivery_id, folder)
            receipt = _receipt(folder, kept, identity=identity, outcome=outcome, reason=refuse)
            answer = gateway.acknowledge(delivery_id, receipt)
            return {"deliveryId": delivery_id, "outcome": answer["outcome"], "evidenceId": answer["evidenceId"]}

        done = _one_by_one(delivery_ids or _fetched(to), sign_one)
        done.show(as_json=as_json, tell=lambda item: f"{item['deliveryId']}  {item['outcome']}  {_proven(item)}")


@dataclass(frozen=True, kw_only=True)
class _Done:
    """What became of several copies. problems: of those with which something was wrong. is_postponed: others have some
    of them in hand."""

    items: list[dict[str, str]]
    problems: list[dict[str, str]]
    is_postponed: bool

    def show(self, *, as_json: bool, tell: Callable[[dict[str, str]], str]) -> None:
        """Tell it. tell: how an item is shown to people. Raises typer.Exit unless all went well."""
        if as_json:
            print_json({"items": self.items, **({"problems": self.problems} if self.problems else {})})
        else:
            for item in self.items:
                out().print(Text(tell(item)))
            for problem in self.problems:
                err().print(Text("{deliveryId}: {detail} ({code})".format(**problem)))
        if self.problems:
            raise typer.Exit(ExitCode.NO)
        if self.is_postponed:
            raise typer.Exit(ExitCode.LATER)


def _taken_out(item: dict[str, str]) -> str:
    return f"{item['deliveryId']}  {item['kind']}  {item['folder']}"


def _proven(item: dict[str, str]) -> str:
    return said("evidence {id}", id=item["evidenceId"])


def _one_by_one(delivery_ids: Sequence[str], work: Callable[[str], dict[str, str]]) -> _Done:
    """Do `work` with every copy: what is wrong with one holds up no other. Of a single copy it is raised."""
    items: list[dict[str, str]] = []
    problems: list[dict[str, str]] = []
    is_postponed = False
    for delivery_id in delivery_ids:
        try:
            items.append(work(delivery_id))
        except (ClientError, Unreadable, SealingFailed, VerificationFailed) as exc:
            if isinstance(exc, ClientError) and exc.code == LEASED:
                is_postponed = True
                leased, seconds = said("is in the hands of another client"), exc.retry_after_s
                later = said("try again in {number} s", number=seconds) if seconds else said("try again later")
                err().print(Text(f"{delivery_id} {leased}; {later}"))
            elif len(delivery_ids) == 1 or (isinstance(exc, ClientError) and exc.status not in _ABOUT_A_COPY):
                raise
            else:
                problems.append({"deliveryId": delivery_id, "code": exc.code, "detail": in_words(exc.detail)})
    return _Done(items=items, problems=problems, is_postponed=is_postponed)


_ABOUT_A_COPY = frozenset({404, 409, 422})


def _lying_ready(gateway: Client, wait: int) -> list[str]:
    return [item["deliveryId"] for item in (gateway.await_mail(seconds=wait) if wait else gateway.mailbox())]


@contextmanager
def _in_hand(gateway: Client, delivery_id: str, *, seconds: int, folder: Path) -> Iterator[LeasedEnvelope]:
    """Take a copy in hand, in place of the lease that `folder` may have of it; give it back if it cannot be read."""
    lease = folder / LEASE
    if lease.exists():
        try:
            gateway.release(delivery_id, json.loads(lease.read_text(encoding="utf-8"))["id"])
        except ClientError as exc:
            if exc.status != NOT_FOUND:  # it ended by itself
                raise
        lease.unlink()
    leased = gateway.lease(delivery_id, seconds=seconds)
    try:
        yield leased
    except (GatewayError, SealingFailed, VerificationFailed):
        gateway.release(delivery_id, leased.lease_id)
        raise


def _keep_in_hand(gateway: Client, delivery_id: str, folder: Path) -> None:
    """Take a copy in hand again if its lease has ended, or not if another client has it, or has signed for it."""
    lease = folder / LEASE
    if lease.exists():
        until = json.loads(lease.read_text(encoding="utf-8"))["until"]
        if datetime.now(UTC) < datetime.fromisoformat(until):
            return
    _note(gateway.lease(delivery_id), folder)


def _note(leased: LeasedEnvelope, folder: Path) -> None:
    """Remember in `folder` by which lease we have its copy."""
    facts = {"id": leased.lease_id, "until": leased.leased_until}
    (folder / LEASE).write_text(json.dumps(facts), encoding="utf-8")


def _written(opened: OpenedEnvelope, leased: LeasedEnvelope, to: Path) -> dict[str, str]:
    if opened.consignment.delivery_id != leased.delivery_id:
        raise Unreadable("another-copy", "what came holds another copy than the one asked for")
    folder = _folder(to, leased.delivery_id)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    facts = asdict(opened.consignment) | {
        "accepted_at": instant_text(opened.consignment.accepted_at),
        "envelope_digest": opened.envelope_digest,
    }
    (folder / FORM).write_bytes(opened.form)
    (folder / CONSIGNMENT).write_bytes(opened.raw_consignment)
    (folder / COPY).write_text(json.dumps(facts, indent=2), encoding="utf-8")
    _note(leased, folder)
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
        err().print(Text(said("{folder} holds no fetched copy; nothing was signed", folder=to)))
    return found


def _kept_receipt(folder: Path, identity: Identity, outcome: ReceiptOutcome) -> Path:
    """Where a receipt is kept: per key, so that one by the wrong key is not sent again when the right one is given."""
    return folder / f"receipt-{outcome}-{identity.fingerprint.removeprefix('sha256:')[:16]}.xml"


def _receipt(folder: Path, kept: Path, *, identity: Identity, outcome: ReceiptOutcome, reason: str | None) -> bytes:
    """The receipt over the copy in `folder`, kept beside it: a repeat sends the same bytes."""
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
