"""`parties list | register | token | revoke`: what the administrator tells the gateway about senders and recipients."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, cast

import typer
from rich.text import Text

from gateway.cli.options import AsJson, Token, TokenFile, Url, client
from gateway.cli.output import answering, headings, out, print_json, print_table, said, usage_error
from gateway.demo.pki import write_secret
from gateway.views import PartyRecord

app = typer.Typer(help="Register parties (administrator).", no_args_is_help=True)


@app.command("list")
def list_parties(url: Url, token: Token = None, token_file: TokenFile = None, as_json: AsJson = False) -> None:
    """List the registered parties."""
    with answering(as_json=as_json), client(url, token, token_file) as gateway:
        records = gateway.parties()
        if as_json:
            print_json({"items": records})
            return
        print_table(
            headings("party", "roles", "receives by", "name"),
            [
                (record["id"], " ".join(record["roles"]), record["endpoint"]["kind"], record["name"])
                for record in records
            ],
        )


@app.command()
def register(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Records, JSON.", exists=True, dir_okay=False)],
    url: Url,
    token: Token = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Register parties, or replace what is known of them. Each is told as it is done; the first refusal ends it."""
    with answering(as_json=as_json), client(url, token, token_file) as gateway:
        records = [_record(file) for file in files]  # all of them before the first is sent
        stored = []
        for record in records:
            stored.append(gateway.put_party(record))
            if not as_json:
                out().print(Text(f"{record['id']}  {record['name']}"))
        if as_json:
            print_json({"items": stored})


@app.command("token")
def issue_token(
    party_id: Annotated[str, typer.Argument(metavar="PARTY", help="Whose token.")],
    url: Url,
    to: Annotated[Path, typer.Option("--out", help="New file for the token.", dir_okay=False)],
    token: Token = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Issue a token; it goes to a new file that only you may read."""
    if to.exists():
        raise usage_error(f"{to} exists; nothing was changed")
    with answering(as_json=as_json), client(url, token, token_file) as gateway:
        write_secret(to, gateway.issue_token(party_id).encode() + b"\n")
        if as_json:
            print_json({"party": party_id, "file": str(to)})
        else:
            out().print(Text(str(to)))


@app.command("revoke")
def revoke_tokens(
    party_id: Annotated[str, typer.Argument(metavar="PARTY", help="Whose tokens.")],
    url: Url,
    token: Token = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Revoke every token of a party, for example when one was lost."""
    with answering(as_json=as_json), client(url, token, token_file) as gateway:
        gateway.revoke_tokens(party_id)
        if as_json:
            print_json({"party": party_id, "revoked": True})
        else:
            out().print(Text(said("{party} has no token any more", party=party_id)))


def _record(file: Path) -> PartyRecord:
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as exc:
        raise usage_error(f"{file} is not JSON") from exc
    if not isinstance(record, dict) or not isinstance(record.get("id"), str):
        raise usage_error(f"{file} is not a party record: an object with an id")
    return cast(PartyRecord, record)
