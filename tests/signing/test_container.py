"""Containers read back as they were built, and zip tricks are refused."""

import contextlib
import io
import struct
import zipfile
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import ContainerRejected, build_container, read_container
from signing.container import CONTAINER_MEDIA_TYPE, MAX_BYTES
from signing.errors import CONTAINER_CODES

FILES = {"form.xml": b"<form/>" * 20, "consignment.xml": b"<consignment/>", "META-INF/evidence.ers": b"\0\1\2"}
CONTAINER = build_container(FILES)


def refused(raw: bytes, *, max_bytes: int = MAX_BYTES) -> str:
    with pytest.raises(ContainerRejected) as rejected:
        read_container(raw, max_bytes=max_bytes)
    assert rejected.value.code in CONTAINER_CODES
    return rejected.value.code


def zipped(entries: list[tuple[str, bytes]], *, method: int = zipfile.ZIP_STORED, comment: bytes = b"") -> bytes:
    """An archive by Python's own writer, which like most others checks nothing."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.comment = comment
        for name, content in entries:
            archive.writestr(
                zipfile.ZipInfo(name), content, compress_type=zipfile.ZIP_STORED if name == "mimetype" else method
            )
    return buffer.getvalue()


def manifest(*names: str) -> bytes:
    entries = "".join(f'<m:file-entry m:full-path="{name}" m:media-type="text/xml"/>' for name in ("/", *names))
    return f'<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">{entries}</m:manifest>'.encode()


def archive_of(*names: str, method: int = zipfile.ZIP_STORED) -> bytes:
    entries = [("mimetype", CONTAINER_MEDIA_TYPE.encode()), *((name, b"x") for name in names)]
    return zipped([*entries, ("META-INF/manifest.xml", manifest(*names))], method=method)


def test_what_is_built_reads_back() -> None:
    assert read_container(CONTAINER) == FILES


def test_the_same_files_give_the_same_bytes() -> None:
    assert build_container(dict(FILES)) == CONTAINER


def test_the_media_type_comes_first_and_can_be_read_without_unzipping() -> None:
    assert CONTAINER[30:38] == b"mimetype"
    assert CONTAINER[38 : 38 + len(CONTAINER_MEDIA_TYPE)] == CONTAINER_MEDIA_TYPE.encode()


def test_an_ordinary_zip_reader_finds_the_same_files() -> None:
    with zipfile.ZipFile(io.BytesIO(CONTAINER)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["mimetype", *FILES, "META-INF/manifest.xml"]
        assert {name: archive.read(name) for name in FILES} == FILES


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_an_ordinary_zip_writer_is_understood(method: int) -> None:
    assert read_container(archive_of("form.xml", method=method)) == {"form.xml": b"x"}


@pytest.mark.parametrize(
    "name",
    [
        "../form.xml",
        "/form.xml",
        "a/../b",
        "a//b",
        "a/",
        "a\\b",
        ".hidden",
        "a b",
        "é.xml",
        "C:x",
        "a\0b",
        "",
        "x" * 201,
    ],
)
def test_names_that_are_not_plain(name: str) -> None:
    with pytest.raises(ContainerRejected) as rejected:
        build_container({name: b""})
    assert rejected.value.code == "entry-not-allowed"
    if name and "\0" not in name:
        assert refused(archive_of(name)) in ("entry-not-allowed", "manifest-disagrees")


@pytest.mark.parametrize("name", ["FORM.xml", "Mimetype", "meta-inf/MANIFEST.XML"])
def test_names_that_differ_only_in_case(name: str) -> None:
    with pytest.raises(ContainerRejected) as rejected:
        build_container({"form.xml": b"", name: b""})
    assert rejected.value.code == "entry-repeated"


@pytest.mark.parametrize("names", [("a", "a/b.xml"), ("a/b/c.xml", "A"), ("mimetype/x", "form.xml"), ("a/b", "a/b/c")])
def test_a_name_that_is_the_folder_of_another(names: tuple[str, str]) -> None:
    """Who unpacks it has one of the two files, and not the same one with every tool."""
    with pytest.raises(ContainerRejected) as rejected:
        build_container(dict.fromkeys(names, b""))
    assert (rejected.value.code, refused(archive_of(*names))) == ("entry-not-allowed", "entry-not-allowed")


@pytest.mark.parametrize("attributes", [0o120777 << 16, 0o040755 << 16, 0o020644 << 16, 0o010644 << 16, 0x10])
def test_an_entry_that_unpacks_as_something_else_than_a_file(attributes: int) -> None:
    """A link, a folder, a device: unpacked, it would not be the file that was verified."""
    damaged = bytearray(CONTAINER)
    struct.pack_into("<I", damaged, damaged.index(b"PK\x01\x02") + 38, attributes)
    assert refused(bytes(damaged)) == "entry-not-allowed"
    plain = bytearray(CONTAINER)
    struct.pack_into("<I", plain, plain.index(b"PK\x01\x02") + 38, 0o100644 << 16 | 0x20)
    assert read_container(bytes(plain)) == FILES


def test_sizes_that_stand_in_a_zip64_field() -> None:
    """All ones in the plain field send a reader of zip64 elsewhere."""
    line = CONTAINER.index(b"PK\x01\x02")
    for at in (line + 20, line + 24, line + 42):
        damaged = bytearray(CONTAINER)
        damaged[at : at + 4] = b"\xff" * 4
        assert refused(bytes(damaged)) == "headers-disagree"
    count = bytearray(CONTAINER)
    count[-14:-10] = b"\xff" * 4
    assert refused(bytes(count)) == "container-too-large"


def test_entries_that_share_their_bytes() -> None:
    """Two lines of the directory over one local entry, and one that begins inside another."""
    size, offset = struct.unpack_from("<II", CONTAINER, len(CONTAINER) - 10)
    directory = CONTAINER[offset : offset + size]
    second = directory.index(b"PK\x01\x02", 4)
    for begins in (0, 10):
        lines = bytearray(directory)
        struct.pack_into("<I", lines, second + 42, begins)
        assert refused(CONTAINER[:offset] + bytes(lines) + CONTAINER[offset + size :]) == "headers-disagree"


def test_the_same_name_twice() -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        raw = archive_of("form.xml", "form.xml")
    assert refused(raw) == "entry-repeated"


def test_prepended_data() -> None:
    assert refused(b"GIF89a" + CONTAINER) == "hidden-data"


def test_appended_data_and_comment() -> None:
    assert refused(CONTAINER + b"x") == "container-unreadable"
    assert refused(zipped([("mimetype", CONTAINER_MEDIA_TYPE.encode())], comment=b"x")) == "container-unreadable"


def test_an_entry_hidden_from_the_directory() -> None:
    """The local entry is there, the directory does not name it: stream readers see it, others do not."""
    hidden = struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, 0, 0, 0x21, zlib.crc32(b"x"), 1, 1, 1, 0) + b"hx"
    size, offset = struct.unpack_from("<II", CONTAINER, len(CONTAINER) - 10)
    end = CONTAINER[-22:-6] + struct.pack("<IH", offset + len(hidden), 0)
    assert refused(CONTAINER[:offset] + hidden + CONTAINER[offset : offset + size] + end) == "hidden-data"


@pytest.mark.parametrize(
    ("old", "new", "count"),
    [(b"form.xml", b"evil.xml", 1), (b"form.xml", b"Form.xml", 1)],
)
def test_a_local_header_with_another_name(old: bytes, new: bytes, count: int) -> None:
    assert refused(CONTAINER.replace(old, new, count)) == "headers-disagree"


@pytest.mark.parametrize("field", [4, 6, 8, 10, 12, 14, 18, 22, 26, 28])
def test_a_local_header_that_says_something_else(field: int) -> None:
    damaged = bytearray(CONTAINER)
    damaged[field] ^= 0x01
    assert refused(bytes(damaged)) in ("headers-disagree", "container-unreadable")


def test_damaged_content() -> None:
    assert refused(CONTAINER.replace(b"<consignment/>", b"<consignmenT/>", 1)) == "entry-damaged"


def test_encryption_flags_descriptors_and_odd_methods() -> None:
    for offset, value in ((6, 0x01), (6, 0x08), (8, 99)):
        damaged = bytearray(CONTAINER)
        central = damaged.index(b"PK\x01\x02")
        damaged[offset] = damaged[central + offset + 2] = value
        assert refused(bytes(damaged)) == "entry-not-allowed"


def test_a_bomb_is_stopped_before_it_unpacks() -> None:
    raw = zipped(
        [
            ("mimetype", CONTAINER_MEDIA_TYPE.encode()),
            ("form.xml", bytes(4_000_000)),
            ("META-INF/manifest.xml", manifest("form.xml")),
        ],
        method=zipfile.ZIP_DEFLATED,
    )
    assert len(raw) < 10_000
    assert refused(raw, max_bytes=100_000) == "container-too-large"
    assert refused(_with_size(raw, b"form.xml", 50_000), max_bytes=100_000) == "entry-damaged"


def _with_size(raw: bytes, name: bytes, size: int) -> bytes:
    """The archive, in both of whose headers the entry claims another size."""
    damaged = bytearray(raw)
    struct.pack_into("<I", damaged, damaged.index(name) - 30 + 22, size)
    struct.pack_into("<I", damaged, damaged.rindex(name, 0, damaged.rindex(b"META-INF")) - 46 + 24, size)
    return bytes(damaged)


def test_too_large_and_too_many() -> None:
    assert refused(CONTAINER, max_bytes=len(CONTAINER) - 1) == "container-too-large"
    with pytest.raises(ContainerRejected) as rejected:
        build_container({f"f{number}": b"" for number in range(255)})
    assert rejected.value.code == "container-too-large"
    with pytest.raises(ContainerRejected) as rejected:
        build_container({"f": bytes(MAX_BYTES)})
    assert rejected.value.code == "container-too-large"
    assert refused(archive_of(*(f"f{number}" for number in range(255)))) == "container-too-large"


def test_media_type_missing_wrong_or_late() -> None:
    listing = ("META-INF/manifest.xml", manifest())
    kind = ("mimetype", CONTAINER_MEDIA_TYPE.encode())
    assert refused(zipped([listing])) == "mimetype-missing"
    assert refused(zipped([listing, kind])) == "mimetype-missing"
    assert refused(zipped([("mimetype", b"application/zip"), listing])) == "mimetype-missing"
    assert refused(zipped([])) == "mimetype-missing"


@pytest.mark.parametrize(
    "listing",
    [manifest(), manifest("other.xml"), manifest("form.xml", "form.xml"), b"<a/>", b"", b"<!DOCTYPE a><a/>"],
)
def test_manifest_that_names_something_else(listing: bytes) -> None:
    entries = [("mimetype", CONTAINER_MEDIA_TYPE.encode()), ("form.xml", b"x"), ("META-INF/manifest.xml", listing)]
    assert refused(zipped(entries)) == "manifest-disagrees"


@settings(max_examples=400, deadline=None)
@given(
    cuts=st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 8), st.one_of(st.binary(max_size=8), st.just(b"PK\x05\x06"))),
        min_size=1,
        max_size=3,
    )
)
def test_damaged_containers_raise_nothing_else_and_hold_no_other_files(cuts: list[tuple[float, int, bytes]]) -> None:
    raw = CONTAINER
    for place, length, scrap in cuts:
        at = int(place * len(raw))
        raw = raw[:at] + scrap + raw[at + length :]
    with contextlib.suppress(ContainerRejected):
        assert read_container(raw) == FILES
