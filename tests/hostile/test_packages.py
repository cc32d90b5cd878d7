"""Damaged packages: the examiner raises nothing, and nothing that was changed passes."""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import Unreadable
from gateway.evidence import POLICY
from gateway.examination import examine
from gateway.exchange import EVIDENCE
from gateway.model import Event, new_id
from gateway.package import DESCRIPTION, FORM, VALIDATION, read_description, write_description
from signing import (
    ContainerRejected,
    Field,
    Indication,
    Marked,
    add_files,
    build_container,
    build_package,
    read_container,
    read_package,
)
from tests.mutations import RANDOMS, mutate_der, mutate_xml
from tests.packages import EXPORTED, make_parts, make_world

WORLD = make_world()
PARTS = make_parts(WORLD)
RAW = PARTS.pack()
ENTRIES = read_container(RAW)
FILES = read_package(RAW).files
GROUNDS = WORLD.grounds()
SCRAPS = st.one_of(
    st.binary(max_size=6),
    st.sampled_from([b"<x/>", b"</Content>", b"0", b"\n", b'"', b"2027", b"sha256:", b"{}", b"[", b"null", b"1e9"]),
)
CUTS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 6), SCRAPS), min_size=1, max_size=3)
Cuts = list[tuple[float, int, bytes]]


def damaged(raw: bytes, cuts: Cuts) -> bytes:
    for place, length, scrap in cuts:
        at = int(place * len(raw))
        raw = raw[:at] + scrap + raw[at + length :]
    return raw


@settings(max_examples=80, deadline=None)
@given(cuts=CUTS)
def test_damage_anywhere_in_the_file(cuts: Cuts) -> None:
    verdict = examine(damaged(RAW, cuts), grounds=GROUNDS)
    assert verdict.indication is not Indication.TOTAL_PASSED or damaged(RAW, cuts) == RAW


@settings(max_examples=120, deadline=None)
@given(victim=st.sampled_from(sorted(ENTRIES)), cuts=CUTS)
def test_damage_in_one_file_of_a_package_that_is_packed_again(victim: str, cuts: Cuts) -> None:
    raw = build_container({**ENTRIES, victim: damaged(ENTRIES[victim], cuts)})
    verdict = examine(raw, grounds=GROUNDS)
    if verdict.indication is Indication.TOTAL_PASSED:
        assert read_package(raw).files == FILES


WITH_STRUCTURE = sorted(ENTRIES.keys() - {"mimetype", VALIDATION})
OF_ANOTHER = read_container(make_parts(WORLD).pack())


@pytest.mark.filterwarnings("ignore::UserWarning")  # cryptography warns of odd names and numbers
@settings(max_examples=200, deadline=None)
@given(
    victims=st.lists(st.sampled_from(WITH_STRUCTURE), min_size=1, max_size=2, unique=True),
    random=RANDOMS,
)
def test_files_of_another_structure_in_a_package_that_is_packed_again(victims: list[str], random: Random) -> None:
    """Statements, receipts, manifests, seals and records, also with parts of another package of the same service."""
    entries = dict(ENTRIES)
    for victim in victims:
        content = entries[victim]
        if victim.endswith(".xml"):
            donors = [each for name, each in OF_ANOTHER.items() if name.endswith(".xml")]
            entries[victim] = mutate_xml(content, random, donors)
        elif content.startswith(b"\x30"):
            entries[victim] = mutate_der(content, random, [e for e in OF_ANOTHER.values() if e.startswith(b"\x30")])
        else:  # text, of which one figure is changed
            at = random.choice([place for place, octet in enumerate(content) if chr(octet).isdigit()])
            entries[victim] = content[:at] + random.choice([b"0", b"7"]) + content[at + 1 :]
    raw = build_container(entries)
    if examine(raw, grounds=GROUNDS).indication is Indication.TOTAL_PASSED:
        assert read_package(raw).files == FILES


@settings(max_examples=120, deadline=None)
@given(
    victim=st.sampled_from(sorted(ENTRIES)),
    other=st.sampled_from(sorted(ENTRIES)),
    random=RANDOMS,
)
def test_files_that_are_exchanged_renamed_left_out_or_in_another_order(victim: str, other: str, random: Random) -> None:
    entries = dict(ENTRIES)
    match random.choice(["exchange", "rename", "leave out", "of another"]):
        case "exchange":
            entries[victim], entries[other] = entries[other], entries[victim]
        case "rename":
            entries[f"{victim}.xml"] = entries.pop(victim)
        case "leave out":
            del entries[victim]
        case "of another":
            entries[victim] = random.choice(list(OF_ANOTHER.values()))
    names = list(entries)
    random.shuffle(names)
    raw = build_container({name: entries[name] for name in names})
    if examine(raw, grounds=GROUNDS).indication is Indication.TOTAL_PASSED:
        assert read_package(raw).files in (FILES, {name: each for name, each in FILES.items() if name != FORM})


@settings(max_examples=120, deadline=None)
@given(victim=st.sampled_from(sorted(PARTS.files)), cuts=CUTS)
def test_damage_by_the_service_itself_which_seals_again(victim: str, cuts: Cuts) -> None:
    """Who holds the key of the seal may describe the package otherwise; it cannot touch what was journaled."""
    files = {**PARTS.files, victim: damaged(PARTS.files[victim], cuts)}
    raw = build_package(files, records=PARTS.records, identity=WORLD.service, at=EXPORTED)
    verdict = examine(add_files(raw, {FORM: PARTS.form}), grounds=GROUNDS)
    if verdict.indication is Indication.TOTAL_PASSED:
        changed = {name for name in FILES if read_package(raw).files.get(name) not in (None, FILES[name])}
        assert changed <= {DESCRIPTION, *(name for name in FILES if name.endswith((".proof", ".checkpoint")))}


@settings(max_examples=120, deadline=None)
@given(cuts=CUTS)
def test_a_description_is_what_we_write_or_nothing(cuts: Cuts) -> None:
    raw = damaged(PARTS.files[DESCRIPTION], cuts)
    with suppress(Unreadable):
        assert write_description(read_description(raw)) == raw


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"issuer": "counter",', b'"issuer": "counter", "issuer": "counter",'),
        (b'"issuer": "counter"', b'"issuer": NaN'),
        (b'"issuer": "counter"', b'"issuer": ["counter"]'),
        (b'"issuer": "counter"', b'"issuer": "coun\\u001bter"'),
        (b'"whole": true', b'"whole": 1'),
        (b'"copy": 1', b'"copy": true'),
        (b'"copy": 1', b'"copy": ' + b"9" * 10_000),
        (b"urn:sealpost:package:1", b"urn:sealpost:package:2"),
        (b'"deliveries": [', b'"deliveries": ' + b"[" * 100_000),
        (b"{", b'{"more": 1,'),
        (b"\n", b"\r\n"),
    ],
)
def test_descriptions_that_are_refused(old: bytes, new: bytes) -> None:
    raw = PARTS.files[DESCRIPTION]
    assert old in raw
    with pytest.raises(Unreadable):
        read_description(raw.replace(old, new, 1))


def test_a_bomb_is_refused_before_it_unpacks() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("mimetype"), "application/vnd.etsi.asic-e+zip")
        archive.writestr("evidence/a.xml", bytes(100 * 1024 * 1024))
    assert len(buffer.getvalue()) < 200_000
    with pytest.raises(ContainerRejected, match="container-too-large"):
        read_package(buffer.getvalue())


@pytest.mark.parametrize(
    "odd",
    [
        ("Post", (("On", " 2026-03-05\n"),)),
        ("DocumentDigest", Marked(f"sha256:{'0' * 64}", {"salt": " AAAAAAAAAAAAAAAAAAAAAA== "})),
        ("Recipient", (("Party", " fund "), ("Role", "Employer"))),
        ("DeliveryId", "0198c0de-0000-7000-8000-000000000000"),
        ("EventTime", "2026-03-05T24:00:00Z"),
    ],
)
def test_statements_that_are_signed_and_odd(odd: Field) -> None:
    """Whoever holds a trusted key may sign anything that the schema lets through, white space included."""
    evidence_id, name = new_id(), odd[0]
    fields: dict[str, Field] = {
        "EvidenceId": ("EvidenceId", evidence_id),
        "Event": ("Event", Event.RELAY_TO_NON_ERDS.uri),
        "EventTime": ("EventTime", "2026-03-05T09:00:00Z"),
        "Issuer": ("Issuer", "counter"),
        "SubmissionId": ("SubmissionId", PARTS.description.submission_id),
        "Policy": ("Policy", POLICY),
        "SoftwareVersion": ("SoftwareVersion", "0"),
        name: odd,
    }
    order = (*list(fields)[:5], "DeliveryId", "Recipient", "DocumentDigest", "Post", "Policy", "SoftwareVersion")
    written = [fields[name] for name in order if name in fields]
    raw = EVIDENCE.build(written, identity=WORLD.service, at=EXPORTED)
    name = f"evidence/{evidence_id}.xml"
    packed = build_package({**PARTS.files, name: raw}, records=PARTS.records, identity=WORLD.service, at=EXPORTED)
    verdict = examine(packed, grounds=GROUNDS)
    assert verdict.indication is not Indication.TOTAL_PASSED
    assert any(link.about == name for link in verdict.links)
