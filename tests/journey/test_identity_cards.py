"""Forms signed by identity cards, by the tools that people have, where trust comes from trusted lists."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from gateway.demo.papers import draw_up
from gateway.errors import ConfigError
from gateway.forms.findings import Severity
from gateway.idempotency import Accepted
from gateway.intake import Rejected
from gateway.trustfolder import add_list, load_trusted
from signing import Identity, VerificationFailed, identity_to_pem, issue, issue_authority, sign_xml, subject_of
from tests.cards import APPLETS, card, citizen_authority
from tests.conftest import Counter
from tests.revoking import Issuer, issuer_on_loopback
from tests.signing import forge as f
from tests.signing import listing

Open = Callable[..., Counter]
KIND = "be/appeal"
MADE = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=4)
ROOT, CITIZENS = citizen_authority(MADE)
OJ, BE = issue_authority("Commission", at=MADE), issue_authority("Belgian operator", at=MADE)
EXC = f.transform(f.EXC)
BY_TOOLS = {
    "content": [],
    "enveloped": [f.transform(f.ENVELOPED), EXC],
    "xpath-filter-2": [f.SUBTRACT, EXC],
    "xpath": [f.NOT_INSIDE, EXC],
}


def granted(**options: Any) -> str:
    extensions = listing.purpose("ForeSignatures")
    return listing.service(CITIZENS, extensions=extensions, **{"since": MADE - timedelta(days=9), **options})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A trust folder in which the citizen authority is listed."""
    place = tmp_path / "trust"
    place.mkdir()
    scheme = b"".join(identity_to_pem(OJ).partition(b"-----BEGIN CERTIFICATE-----")[1:])
    (place / "scheme.pem").write_bytes(scheme)
    now = datetime.now(UTC)
    add_list(place, listing.list_of_lists(1, OJ, EU=[OJ], BE=[BE]), at=now)
    add_list(place, listing.national_list("BE", 1, BE, granted()), at=now)
    return place


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuer_on_loopback(CITIZENS) as served:
        yield served


@pytest.fixture
def opened(open_counter: Open, folder: Path) -> Open:
    def open_it(**changes: Any) -> Counter:
        settings = {"revocation_allowed_networks": (ip_network("127.0.0.0/8"),), "trust_folder": folder, **changes}
        return open_counter(**settings)

    return open_it


def own_card(counter: Counter, issuer: Issuer, applet: str = "1.8", **options: Any) -> Identity:
    number = subject_of(counter.identity("worker").certificate).serial_number or ""
    return card(CITIZENS, applet=applet, number=number, responder=f"{issuer.address}/ocsp", at=MADE, **options)


def signed(identity: Identity, tool: str = "content", raw: bytes | None = None) -> bytes:
    """As common tools sign: the card's own algorithm, the chain in KeyInfo, one of the lists of transforms."""

    def place(root: f.Element, signature: f.Element) -> None:
        namespace = etree.QName(root).namespace
        container = root.find(f"{{{namespace}}}Signatures")
        if container is None:
            container = etree.SubElement(root, f"{{{namespace}}}Signatures")
        container.append(signature)

    def edit(signature: f.Element) -> None:
        if BY_TOOLS[tool]:
            f.covering_document(*BY_TOOLS[tool])(signature)
        holder = f.one(signature, ".//ds:X509Data")
        for each in identity.chain:
            holder.append(
                f.fragment(
                    f"<ds:X509Certificate>{listing.base64_of(Identity(identity.key, each))}</ds:X509Certificate>"
                )
            )

    document = raw or draw_up(KIND, now=datetime.now(UTC)).raw
    return f.forge(identity, document=document, place=place, edit=edit)


def accepted(counter: Counter, raw: bytes) -> dict[str, Any]:
    """What was known of the signature of a form that was taken in."""
    told = counter.accept(raw, sender="worker")
    assert isinstance(told, Accepted), told
    kept = counter.gateway.store.read(lambda view: view.validation_of(told.submission_id))
    assert kept is not None
    found: dict[str, Any] = json.loads(kept.raw)["signatures"][0]
    return found


def refused(counter: Counter, raw: bytes) -> set[str]:
    told = counter.accept(raw, sender="worker")
    assert isinstance(told, Rejected), told
    return {finding.code for finding in told.report.findings if finding.severity is Severity.ERROR}


@pytest.mark.parametrize("applet", APPLETS)
def test_a_card_signs_for_the_person_it_names(opened: Open, issuer: Issuer, applet: str) -> None:
    """Nothing of the card is registered: the number in its subject is that of the worker in the form."""
    counter = opened()
    said = accepted(counter, signed(own_card(counter, issuer, applet)))
    assert said["qualification"] == "QESig"
    assert [each["source"] for each in said["statuses"]] == ["ocsp"]
    assert len(said["path"]) == 2, "the listed authority is the anchor, not its root"


@pytest.mark.parametrize("tool", BY_TOOLS)
def test_a_card_signs_with_any_of_the_tools(opened: Open, issuer: Issuer, tool: str) -> None:
    counter = opened()
    assert accepted(counter, signed(own_card(counter, issuer), tool))["qualification"] == "QESig"


def test_the_card_of_somebody_else_and_the_key_that_only_authenticates(opened: Open, issuer: Issuer) -> None:
    counter = opened()
    other = card(CITIZENS, applet="1.8", number="88021520444", responder=f"{issuer.address}/ocsp", at=MADE)
    assert refused(counter, signed(other)) == {"SIG-SIGNATORY"}
    authentication = own_card(counter, issuer, use="digital_signature")
    assert refused(counter, signed(authentication)) == {"SIG-CERTIFICATE"}


def test_a_card_that_was_blocked(opened: Open, issuer: Issuer) -> None:
    counter = opened()
    mine = own_card(counter, issuer)
    issuer.revoke(mine, datetime.now(UTC) - timedelta(hours=1))
    assert refused(counter, signed(mine)) == {"SIG-REVOKED"}


def test_a_card_of_an_authority_that_is_not_listed_any_more(opened: Open, issuer: Issuer, folder: Path) -> None:
    mine = own_card(opened(), issuer)
    history = [("granted", MADE - timedelta(days=9))]
    gone = granted(status="withdrawn", since=datetime.now(UTC) - timedelta(minutes=1), history=history)
    add_list(folder, listing.national_list("BE", 2, BE, gone), at=datetime.now(UTC))
    assert refused(opened(), signed(mine)) == {"SIG-UNTRUSTED"}


def test_a_seal_of_an_organisation_beside_cards(opened: Open, issuer: Issuer, cast: Any) -> None:
    """The anchors of the configuration count beside the lists."""
    counter = opened()
    told = counter.accept(counter.form("be/health-surveillance-request"), sender="employer")
    assert isinstance(told, Accepted)
    stranger = issue(
        issue_authority("Nobody", at=MADE),
        "Seal",
        organization="X",
        organization_identifier="NTRBE-0444444496",
        at=MADE,
    )
    raw = sign_xml(draw_up("be/health-surveillance-request", now=datetime.now(UTC)).raw, identity=stranger, at=MADE)
    refusal = counter.accept(raw, sender="employer")
    assert isinstance(refusal, Rejected)


# the folder


def test_a_list_that_was_changed_in_the_folder_stops_the_start(folder: Path, opened: Open) -> None:
    (place,) = (folder / "lists").glob("BE-*.xml")
    place.write_bytes(place.read_bytes().replace(b"granted", b"grantee"))
    with pytest.raises(ConfigError, match="trust-list"):
        opened()


def test_a_folder_without_lists_trusts_whom_its_anchors_say_and_for_so_long(tmp_path: Path) -> None:
    (tmp_path / "own.pem").write_bytes(b"".join(identity_to_pem(ROOT).partition(b"-----BEGIN CERTIFICATE-----")[1:]))
    (tmp_path / "anchors.toml").write_text(
        '[[anchor]]\nfile = "own.pem"\nfor = ["signatures"]\nuntil = 2031-01-01T00:00:00Z\n'
    )
    trusted = load_trusted(tmp_path)
    (anchor,) = trusted.signers.dated
    assert (anchor.certificate, anchor.since, trusted.timestamps.dated) == (ROOT.certificate, None, ())
    assert anchor.is_in_force(datetime(2030, 12, 31, tzinfo=UTC))
    assert not anchor.is_in_force(datetime(2031, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    "text",
    [
        "[[anchor]]\n",
        '[[anchor]]\nfile = "nothing.pem"\n',
        '[[anchor]]\nfile = "own.pem"\nsince = 2026-01-01\n',
        '[[anchor]]\nfile = "own.pem"\nfor = ["everything"]\n',
        '[[anchor]]\nfile = "own.pem"\ncolour = "red"\n',
        "anchor",
    ],
)
def test_anchors_that_are_not_well_said(tmp_path: Path, text: str) -> None:
    (tmp_path / "own.pem").write_bytes(b"".join(identity_to_pem(ROOT).partition(b"-----BEGIN CERTIFICATE-----")[1:]))
    (tmp_path / "anchors.toml").write_text(text)
    with pytest.raises(ConfigError, match="trust-anchors"):
        load_trusted(tmp_path)


@pytest.mark.parametrize("text", ["{", "[1]", '[{"file": "../x", "digest": "", "addedAt": "2026-01-01T00:00:00Z"}]'])
def test_snapshots_that_are_none(folder: Path, text: str) -> None:
    (folder / "snapshots.json").write_text(text)
    with pytest.raises(ConfigError, match="trust-list"):
        load_trusted(folder)


def test_a_stranger_adds_no_list_and_leaves_the_folder_as_it_is(folder: Path) -> None:
    before = {place: place.read_bytes() for place in folder.rglob("*") if place.is_file()}
    stranger = issue_authority("Belgian operator", at=MADE)
    with pytest.raises(VerificationFailed, match="list-by-a-stranger"):
        add_list(folder, listing.national_list("BE", 2, stranger, granted()), at=datetime.now(UTC))
    assert {place: place.read_bytes() for place in folder.rglob("*") if place.is_file()} == before
