"""A package reads back as it was built; what is covered cannot be changed, hidden or exchanged."""

import io
import re
import subprocess
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import (
    ContainerRejected,
    VerificationFailed,
    add_files,
    build_batch,
    build_container,
    build_package,
    build_record,
    check_covered,
    read_container,
    read_package,
    verify_record,
    verify_seal,
)
from signing.asic import MAX_ENTRIES
from signing.container import MAX_BYTES
from tests.signing.pki import AT, People, make_people
from tests.signing.stamping import TIME_TRUST, stamper

PEOPLE = make_people()
FILES = {"package.json": b"{}\n", "evidence/a.xml": b"<a/>", "journal/1.entry": b"one\n", "journal/2.entry": b"two\n"}
LATER = AT + timedelta(hours=1)
BATCH = build_batch([sha256(content).digest() for content in (b"other", b"one\n", b"two\n", b"three")])
TOKEN = stamper(LATER).stamp_digest(BATCH.root, digest_name="sha256", at=LATER).token
RECORDS = {f"journal/{number}.entry": build_record(BATCH.path(number), TOKEN) for number in (1, 2)}
RAW = build_package(FILES, records=RECORDS, identity=PEOPLE.doctor, at=AT)
SEAL, SIGNATURE = "META-INF/ASiCManifest001.xml", "META-INF/signature001.p7s"
RECORD = "META-INF/ASiCEvidenceRecordManifest001.xml"
Entries = dict[str, bytes]


def changed(edit: Callable[[Entries], object]) -> bytes:
    """The package, unpacked, edited and packed again by a tool that looks at nothing."""
    entries = read_container(RAW)
    edit(entries)
    return build_container(entries)


def refused(raw: bytes) -> str:
    with pytest.raises(ContainerRejected) as rejected:
        read_package(raw)
    return rejected.value.code


def not_sealed(raw: bytes, people: People = PEOPLE) -> str:
    package = read_package(raw)
    (seal,) = package.seals
    try:
        verify_seal(seal, trust=people.trust, at=AT)
        check_covered(package, seal)
    except VerificationFailed as failed:
        return failed.code
    raise AssertionError("the seal holds")


def test_what_is_built_reads_back() -> None:
    package = read_package(RAW)
    assert package.files == FILES
    assert package.uncovered == ()
    (seal,) = package.seals
    signature = verify_seal(seal, trust=PEOPLE.trust, at=AT)
    assert (signature.certificate, signature.signing_time) == (PEOPLE.doctor.certificate, AT)
    assert {name: covering.proof for covering in package.records for name in covering.digests} == RECORDS
    for covering in package.records:
        check_covered(package, covering)


def test_a_record_names_every_file_of_the_package_that_it_proves() -> None:
    """Neighbours in a hash tree stand in each other's record: other readers look for them among the files."""
    files = {**FILES, "journal/3.entry": b"three"}
    records = {**RECORDS, "journal/3.entry": build_record(BATCH.path(3), TOKEN)}
    package = read_package(build_package(files, records=records, identity=PEOPLE.doctor, at=AT))
    named = [set(covering.digests) for covering in package.records]
    assert named == [
        {"journal/1.entry"},
        {"journal/2.entry", "journal/3.entry"},
        {"journal/2.entry", "journal/3.entry"},
    ]
    for covering in package.records:
        for name in covering.digests:
            verify_record(covering.proof, files[name], trust=TIME_TRUST, at=LATER)


def test_openssl_finds_the_seal_good_and_any_zip_reader_the_files(tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(RAW)) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path)
    (tmp_path / "anchor.pem").write_bytes(PEOPLE.authority.certificate.public_bytes(Encoding.PEM))
    command: list[str | Path] = ["openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER"]
    command += ["-in", tmp_path / SIGNATURE]
    command += ["-content", tmp_path / SEAL, "-CAfile", tmp_path / "anchor.pem", "-purpose", "any"]
    command += ["-attime", str(int(AT.timestamp())), "-out", tmp_path / "out"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (tmp_path / SEAL).write_bytes((tmp_path / SEAL).read_bytes() + b"\n")
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0


def test_files_can_be_added_and_stand_there_uncovered() -> None:
    package = read_package(add_files(RAW, {"form.xml": b"<form/>"}))
    assert package.uncovered == ("form.xml",)
    verify_seal(package.seals[0], trust=PEOPLE.trust, at=AT)
    with pytest.raises(ContainerRejected, match="entry-repeated"):
        add_files(RAW, {"package.json": b""})
    with pytest.raises(ContainerRejected, match="entry-not-allowed"):
        add_files(RAW, {"META-INF/signature002.p7s": b""})


def test_a_covered_file_that_was_changed_or_taken_out() -> None:
    assert not_sealed(changed(lambda e: e.update({"evidence/a.xml": b"<b/>"}))) == "digest-mismatch"
    assert not_sealed(changed(lambda e: e.pop("evidence/a.xml"))) == "covered-file-missing"
    package = read_package(changed(lambda e: e.update({"journal/1.entry": b"two\n"})))
    with pytest.raises(VerificationFailed, match="digest-mismatch"):
        check_covered(package, package.records[0])


def test_a_manifest_that_was_made_to_fit() -> None:
    def edit(entries: Entries) -> None:
        other = build_package({**FILES, "evidence/a.xml": b"<b/>"}, records={}, identity=PEOPLE.stranger, at=AT)
        entries["evidence/a.xml"] = b"<b/>"
        entries[SEAL] = read_container(other)[SEAL]

    assert not_sealed(changed(edit)) == "digest-mismatch"


def test_a_package_sealed_by_a_stranger() -> None:
    assert not_sealed(build_package(FILES, records={}, identity=PEOPLE.stranger, at=AT)) == "certificate-untrusted"


def test_a_file_in_meta_inf_that_nothing_names_counts_for_nothing_and_is_told() -> None:
    whole = read_package(RAW)
    for name in ("META-INF/readme.txt", "META-INF/signatures.xml", "meta-inf/x"):
        package = read_package(changed(lambda e, name=name: e.update({name: b""})))  # type: ignore[misc]
        assert package == replace(whole, strays=(name,))
    package = read_package(changed(lambda e: e.update({"META-INF/signature002.p7s": b""})))
    assert package == replace(whole, missing=("META-INF/ASiCManifest002.xml",))


@pytest.mark.parametrize("name", sorted(read_container(RAW)))
@pytest.mark.parametrize("is_renamed", [False, True])
def test_whatever_is_taken_out_is_named_whether_or_not_the_manifest_was_made_to_fit(
    name: str, is_renamed: bool
) -> None:
    entries = read_container(RAW)
    content = entries.pop(name)
    there = {} if not is_renamed else {f"{name}x": content}
    fitting = read_package(build_container({**entries, **there}))
    assert fitting.missing == (name,)
    is_meta = name.startswith("META-INF/")
    assert fitting.strays == (tuple(there) if is_meta else ())
    assert fitting.files == {**{each: raw for each, raw in FILES.items() if each != name}, **({} if is_meta else there)}
    as_it_was = read_package(zipped_anew(RAW, lambda e: (e.pop(name), e.update(there))))
    assert (as_it_was.missing, as_it_was.strays) == ((name,), tuple(there))
    assert as_it_was.files == {each: raw for each, raw in FILES.items() if each != name}


@pytest.mark.parametrize("name", ["mimetype", "META-INF/manifest.xml"])
def test_what_every_container_has_is_named_when_it_is_gone(name: str) -> None:
    raw = zipped_anew(RAW, lambda e: e.pop(name))
    assert read_package(raw) == replace(read_package(RAW), missing=(name,))
    with pytest.raises(ContainerRejected):
        read_container(raw)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'full-path="/"', b'full-path="package.json"'),
        (b'full-path="/"', b'full-path="."'),
        (b"evidence/a.xml", b"../a.xml"),
        (b"evidence/a.xml", b"a&#10;TOTAL-PASSED"),
        (b"evidence/a.xml", b"META-INF/signature001.p7s"),
    ],
)
def test_a_list_of_files_that_no_package_of_ours_has(old: bytes, new: bytes) -> None:
    name = "META-INF/manifest.xml"
    assert refused(zipped_anew(RAW, lambda e: e.update({name: e[name].replace(old, new, 1)}))) == "manifest-disagrees"


def zipped_anew(raw: bytes, edit: Callable[[Entries], object]) -> bytes:
    """The package as an ordinary zip tool packs it, which leaves the list of files as it is."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        entries = {each: archive.read(each) for each in archive.namelist()}
    edit(entries)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for each, content in entries.items():
            archive.writestr(zipfile.ZipInfo(each), content)
    return out.getvalue()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"signature001", b"signature002"),
        (b"META-INF/signature001.p7s", b"../signature001.p7s"),
        (b"evidence/a.xml", b"package.json"),
        (b"evidence/a.xml", b"a&#10;TOTAL-PASSED"),
        (b"evidence/a.xml", b"META-INF/evidencerecord001.ers"),
        (b'URI="evidence/a.xml"', b'Uri="evidence/a.xml"'),
        (b"xmlenc#sha256", b"xmldsig#sha1"),
        (b"<ds:DigestValue>", b"<ds:DigestValue>AA=="),
        (b"<ds:DigestValue>", b"<ds:DigestValue>!"),
        (b"<ds:DigestValue>", "<ds:DigestValue>é".encode()),
        (b"<ds:DigestValue>", b"<ds:DigestValue><!---->"),
        (b"</asic:ASiCManifest>", b"<asic:ASiCManifestExtensions/></asic:ASiCManifest>"),
        (b"</asic:ASiCManifest>", b""),
        (b"<asic:SigReference", b"<asic:SigRef"),
        (b"<asic:ASiCManifest ", b'<asic:ASiCManifest Id="x" '),
        (b"02918/v1.2.1#", b"02918/v1.1.1#"),
        (b"<?xml", b"<!DOCTYPE a><?xml"),
    ],
)
def test_manifests_that_are_not_of_the_shape(old: bytes, new: bytes) -> None:
    assert refused(changed(lambda e: e.update({SEAL: e[SEAL].replace(old, new)}))) == "manifest-disagrees"


def test_a_manifest_without_files_or_without_signature() -> None:
    empty = re.sub(
        rb"<asic:DataObjectReference.*</asic:DataObjectReference>", b"", read_container(RAW)[SEAL], flags=re.S
    )
    assert refused(changed(lambda e: e.update({SEAL: empty}))) == "manifest-disagrees"
    none = re.sub(rb"<asic:SigReference[^>]*>", b"", read_container(RAW)[SEAL])
    assert refused(changed(lambda e: e.update({SEAL: none}))) == "manifest-disagrees"
    nothing = re.sub(rb">.*</asic:ASiCManifest>", b"/>", read_container(RAW)[SEAL], flags=re.S)
    assert refused(changed(lambda e: e.update({SEAL: nothing}))) == "manifest-disagrees"


def test_a_record_that_is_exchanged_for_a_signature() -> None:
    def edit(entries: Entries) -> None:
        entries[RECORD] = entries[SEAL]

    assert refused(changed(edit)) == "manifest-disagrees"


def test_packages_may_be_larger_than_envelopes_but_not_without_end() -> None:
    many = {f"f{number}": b"" for number in range(300)}
    assert read_package(build_package(many, records={}, identity=PEOPLE.doctor, at=AT)).files == many
    large = {"f": bytes(MAX_BYTES + 1)}
    assert len(read_package(build_package(large, records={}, identity=PEOPLE.doctor, at=AT)).files["f"]) > MAX_BYTES
    with pytest.raises(ContainerRejected, match="container-too-large"):
        build_package({f"f{n}": b"" for n in range(MAX_ENTRIES)}, records={}, identity=PEOPLE.doctor, at=AT)


@settings(max_examples=300, deadline=None)
@given(
    victim=st.sampled_from(sorted(read_container(RAW))),
    cuts=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 8), st.binary(max_size=8)), min_size=1, max_size=3),
)
def test_nothing_but_our_refusals_and_no_changed_file_under_a_good_seal(
    victim: str, cuts: list[tuple[float, int, bytes]]
) -> None:
    """Each entry is damaged and packed again, so that no checksum gives the damage away."""
    entries = read_container(RAW)
    content = entries[victim]
    for place, length, scrap in cuts:
        at = int(place * len(content))
        content = content[:at] + scrap + content[at + length :]
    entries[victim] = content
    with suppress(ContainerRejected, VerificationFailed):
        package = read_package(build_container(entries))
        for seal in package.seals:
            verify_seal(seal, trust=PEOPLE.trust, at=AT)
            check_covered(package, seal)
            assert {name: package.files[name] for name in seal.digests} == FILES
